package rest

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"vireo/internal/auth"
	"vireo/internal/fault"
)

// Logins verifies passwords; [*auth.Directory] does.
type Logins interface {
	Authenticate(ctx context.Context, login, password, remote string) (auth.Caller, error)
}

// sessionName is the name of the cookie and of the headers of a session.
const sessionName = "JSESSIONID"

// unauthorized is the body of 401: a page, as the container of the engine wrote
// it (api-v3 1.5).
const unauthorized = `<html><head><title>Error</title></head><body>Unauthorized</body></html>
`

// tokenExpired is the code of the refusal of a token, and expiredSentence what clients
// look for in its page in order to log in anew (api-v4 1.3, 1.6).
const (
	tokenExpired    = "TOKEN_EXPIRED"
	expiredSentence = "invalid_grant: The provided authorization grant for the auth code has expired."
)

// unauthorizedPage is the page of a 401, which says of a token why it is not taken.
func unauthorizedPage(reason error) string {
	if f := fault.Of(reason); f.Code == tokenExpired {
		return strings.Replace(unauthorized, "Unauthorized", expiredSentence, 1)
	}
	return unauthorized
}

// preferences are the words of the header Prefer (api-v3 1.4).
type preferences struct {
	persistent, fresh, protected bool
}

func preferencesIn(header http.Header) preferences {
	var wanted preferences
	for _, line := range header.Values("Prefer") {
		for word := range strings.SplitSeq(line, ",") {
			word, _, _ = strings.Cut(word, ";")
			switch strings.ToLower(strings.TrimSpace(word)) {
			case "persistent-auth":
				wanted.persistent = true
			case "new-auth":
				wanted.fresh = true
			case "csrf-protection":
				wanted.protected = true
			}
		}
	}
	return wanted
}

// login finds out who is asking: by the session of the cookie, else by Basic
// credentials. It opens and ends sessions as the client prefers; after is to be
// called when the request is done, and header gets what tells the client of its
// session.
func (s *Server) login(in *request, header http.Header) (caller *auth.Caller, after func(), err error) {
	r := in.http
	wanted := preferencesIn(r.Header)
	after = func() {}
	token := ""
	if cookie, err := r.Cookie(sessionName); err == nil {
		token = cookie.Value
	}
	if bearer, given := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); given {
		found, err := s.sessions.Resume(strings.TrimSpace(bearer), "")
		if err != nil {
			return nil, after, &fault.Fault{Kind: fault.Unauthenticated, Code: tokenExpired, Messages: []string{expiredSentence}, Cause: err}
		}
		return &found, after, nil
	}
	if token != "" && wanted.fresh {
		s.logout(in, token)
		token = ""
	}
	if token != "" {
		found, err := s.sessions.Resume(token, r.Header.Get(sessionName))
		switch {
		case errors.Is(err, auth.ErrCrossSite):
			return nil, after, &fault.Fault{Kind: fault.Forbidden, Code: "CROSS_SITE", Messages: []string{"The session is protected: the header JSESSIONID has to repeat its id."}}
		case err == nil:
			if wanted.protected && s.options.CSRFProtection() {
				_ = s.sessions.Protect(token) // a session that has just ended needs none
			}
			if !wanted.persistent {
				after = func() { s.logout(in, token) }
			}
			return &found, after, nil
		}
	}
	user, password, given := r.BasicAuth()
	if !given {
		return nil, after, denied(auth.ErrDenied)
	}
	verified, err := s.logins.Authenticate(r.Context(), user, password, r.RemoteAddr)
	if err != nil {
		refusal := denied(err)
		if fault.Of(refusal).Kind == fault.Unauthenticated {
			s.engine.LoginFailed(r.Context(), user, r.RemoteAddr, in.correlation)
		}
		return nil, after, refusal
	}
	if wanted.persistent {
		return s.beginSession(in, header, verified, wanted)
	}
	return &verified, after, nil
}

// logout ends a session as its client wished.
func (s *Server) logout(in *request, token string) {
	if user, ended := s.sessions.End(token); ended {
		s.engine.LoggedOut(in.http.Context(), user, in.http.RemoteAddr, in.correlation)
	}
}

// beginSession opens a session for a verified caller.
func (s *Server) beginSession(in *request, header http.Header, verified auth.Caller, wanted preferences) (*auth.Caller, func(), error) {
	r := in.http
	wish := auth.SessionWish{Protected: wanted.protected && s.options.CSRFProtection()}
	if minutes, err := strconv.Atoi(strings.TrimSpace(r.Header.Get("Session-TTL"))); err == nil && minutes >= 1 {
		wish.Idle = time.Duration(min(minutes, 60*24*365)) * time.Minute
	}
	token, caller, err := s.sessions.Start(verified, wish)
	if err != nil {
		return nil, func() {}, denied(err)
	}
	s.engine.LoggedIn(r.Context(), caller.User, r.RemoteAddr, in.correlation)
	// The attributes are written by hand: some clients take everything up to the
	// first semicolon of the first cookie (clients 1.2).
	header.Add("Set-Cookie", sessionName+"="+token+"; Path="+in.root+"; HttpOnly; Secure; SameSite=Strict")
	header.Set(sessionName, token)
	return &caller, func() {}, nil
}

// denied turns a failed login into a refusal.
func denied(err error) error {
	if errors.Is(err, auth.ErrBusy) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return &fault.Fault{Kind: fault.Unavailable, Code: "BUSY", Messages: []string{"Too many logins at the same time. Please try again in a few seconds."}, Cause: err}
	}
	if errors.Is(err, auth.ErrUnavailable) {
		return &fault.Fault{Kind: fault.Unavailable, Code: fault.DirectorySilent, Messages: []string{"The directory of the user does not answer. Please try again later."}, Cause: err}
	}
	locked, isLocked := errors.AsType[*auth.LockedError](err)
	switch {
	case isLocked:
		return &fault.Fault{Kind: fault.Unauthenticated, Code: "LOCKED", Messages: []string{locked.Error()}, Cause: err}
	case errors.Is(err, auth.ErrNoLogin):
		return &fault.Fault{Kind: fault.Unauthenticated, Code: "NO_LOGIN", Messages: []string{"The user has no role that permits to log in."}, Cause: err}
	case errors.Is(err, auth.ErrDenied), errors.Is(err, auth.ErrDisabled), errors.Is(err, auth.ErrNoSession):
		return &fault.Fault{Kind: fault.Unauthenticated, Code: "UNAUTHENTICATED", Messages: []string{"The user name or password is incorrect."}, Cause: err}
	}
	return fault.Of(err)
}
