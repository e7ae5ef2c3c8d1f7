package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"

	"vireo/internal/auth"
	"vireo/internal/fault"
)

// The scopes of tokens (api-v4 1.3).
const (
	apiScope   = "ovirt-app-api"
	scopes     = "ovirt-app-api ovirt-ext=token-info:authz-search ovirt-ext=token-info:public-authz-search ovirt-ext=token-info:validate ovirt-ext=token:password-access"
	validation = "ovirt-ext=token-info:validate"
)

// longestForm bounds what is sent to the services, in bytes.
const longestForm = 64 << 10

// makeServices are the addresses beside the API by which clients of version 4 log in
// and find the CA (api-v4 1.1). They answer in a form of their own.
func (s *Server) makeServices() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"/ovirt-engine/sso/oauth/token":           s.issueToken,
		"/ovirt-engine/sso/oauth/token-http-auth": s.issueToken,
		"/ovirt-engine/sso/oauth/token-info":      s.tokenInfo,
		"/ovirt-engine/sso/oauth/revoke":          s.revokeToken,
		"/ovirt-engine/services/sso-logout":       s.revokeToken,
		"/ovirt-engine/services/pki-resource":     s.pkiResource,
	}
}

// ssoError is a refusal of the token service: a code and a sentence.
type ssoError struct{ code, message string }

func (e *ssoError) Error() string { return e.code + ": " + e.message }

// form reads what was sent, in the body or, as the engine allows, in the query.
func form(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, longestForm)
	if r.Method != http.MethodPost && r.Method != http.MethodGet {
		return &ssoError{"invalid_request", "The method " + shorten(r.Method) + " is not allowed."}
	}
	if err := r.ParseForm(); err != nil {
		return &ssoError{"invalid_request", "The form could not be read."}
	}
	return nil
}

// issueToken logs a user in: a token is a session of its own (api-v4 1.3).
func (s *Server) issueToken(w http.ResponseWriter, r *http.Request) {
	token, err := s.token(w, r)
	if err != nil {
		s.refuseToken(w, r, err)
		return
	}
	answerJSON(w, http.StatusOK, map[string]any{
		"access_token": token, "scope": scopes, "exp": strconv.FormatInt(math.MaxInt64, 10), "token_type": "bearer",
	})
}

func (s *Server) token(w http.ResponseWriter, r *http.Request) (string, error) {
	if err := form(w, r); err != nil {
		return "", err
	}
	if r.Header.Get("Accept") != "application/json" {
		return "", &ssoError{"invalid_request", "The Accept Header must be application/json."}
	}
	user, password, err := credentials(r)
	if err != nil {
		return "", err
	}
	verified, err := s.logins.Authenticate(r.Context(), user, password, r.RemoteAddr)
	if err != nil {
		if fault.Of(denied(err)).Kind == fault.Unauthenticated {
			s.engine.LoginFailed(r.Context(), user, r.RemoteAddr, "")
		}
		return "", err
	}
	token, caller, err := s.sessions.Start(verified, auth.SessionWish{})
	if err != nil {
		return "", err
	}
	s.engine.LoggedIn(r.Context(), caller.User, r.RemoteAddr, "")
	return token, nil
}

// credentials are in the form, or in the header for the grant that says so. Some
// clients send a header too, which then does not count (clients 2.2).
func credentials(r *http.Request) (user, password string, err error) {
	for _, name := range []string{"grant_type", "scope"} {
		if r.Form.Get(name) == "" {
			return "", "", &ssoError{"invalid_request", "Missing parameter: '" + name + "'"}
		}
	}
	switch r.Form.Get("grant_type") {
	case "password":
		for _, name := range []string{"username", "password"} {
			if !r.Form.Has(name) {
				return "", "", &ssoError{"invalid_request", "Missing parameter: '" + name + "'"}
			}
		}
		return r.Form.Get("username"), r.Form.Get("password"), nil
	case "urn:ovirt:params:oauth:grant-type:http":
		user, password, given := r.BasicAuth()
		if !given {
			return "", "", auth.ErrDenied
		}
		return user, password, nil
	}
	return "", "", &ssoError{"unsupported_grant_type", "The grant type " + shorten(r.Form.Get("grant_type")) + " is not supported."}
}

// refuseToken answers with 400, for wrong credentials too, in one of two forms.
func (s *Server) refuseToken(w http.ResponseWriter, r *http.Request, err error) {
	refused, known := errors.AsType[*ssoError](err)
	code := http.StatusBadRequest
	if !known {
		switch f := fault.Of(denied(err)); f.Kind {
		case fault.Unauthenticated:
			refused = &ssoError{"access_denied", "Cannot authenticate user '" + shorten(r.Form.Get("username")) + "': " + f.Message()}
			if f.Code == "LOCKED" {
				refused.message = "The user account is disabled or locked."
			}
		case fault.Unavailable:
			code, refused = http.StatusServiceUnavailable, &ssoError{"server_error", f.Message()}
		default:
			s.log.ErrorContext(r.Context(), "a token could not be issued", "err", err)
			refused = &ssoError{"server_error", "Internal Engine Error"}
		}
	}
	if strings.Contains(r.Form.Get("scope"), apiScope) {
		answerJSON(w, code, map[string]any{"error_code": refused.code, "error": refused.message})
		return
	}
	answerJSON(w, code, map[string]any{"error": refused.code, "error_description": refused.message})
}

// tokenInfo says whether a token is alive, and no more: who somebody is, is for other
// parts of an engine that registered themselves, of which this one has none.
func (s *Server) tokenInfo(w http.ResponseWriter, r *http.Request) {
	err := form(w, r)
	if err == nil && !strings.Contains(r.Form.Get("scope"), validation) {
		err = &ssoError{"unauthorized_client", "No client is registered."}
	}
	if err == nil {
		if _, gone := s.sessions.Resume(r.Form.Get("token"), ""); gone != nil {
			err = &ssoError{"invalid_grant", "The provided authorization grant for the auth code has expired."}
		}
	}
	if err != nil {
		s.refuseToken(w, r, err)
		return
	}
	answerJSON(w, http.StatusOK, map[string]any{})
}

// revokeToken logs out. That there is no such token is no error: some clients send
// none (api-v4 1.5).
func (s *Server) revokeToken(w http.ResponseWriter, r *http.Request) {
	if err := form(w, r); err != nil {
		s.refuseToken(w, r, err)
		return
	}
	if user, ended := s.sessions.End(r.Form.Get("token")); ended {
		s.engine.LoggedOut(r.Context(), user, r.RemoteAddr, "")
	}
	answerJSON(w, http.StatusOK, map[string]any{})
}

// pkiResource gives the certificate of the engine's CA (api-v4 1.11).
func (s *Server) pkiResource(w http.ResponseWriter, r *http.Request) {
	types := map[string]string{"": "application/x-x509-ca-cert", "X509-PEM-CA": "application/x-x509-ca-cert", "X509-PEM": "application/x-x509-cert"}
	mediaType, known := types[r.URL.Query().Get("format")]
	if r.URL.Query().Get("resource") != "ca-certificate" || !known || s.options.Authority == nil {
		http.Error(w, "There is no such certificate here; there is resource=ca-certificate&format=X509-PEM-CA.", http.StatusBadRequest)
		return
	}
	certificate, err := s.options.Authority()
	if err != nil {
		s.log.ErrorContext(r.Context(), "the certificate of the CA cannot be given", "err", err)
		http.Error(w, "The certificate cannot be read.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", mediaType)
	_, _ = w.Write(certificate)
}

func answerJSON(w http.ResponseWriter, code int, values map[string]any) {
	text, _ := json.Marshal(values) // texts can always be written
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(code)
	_, _ = fmt.Fprintf(w, "%s", text)
}
