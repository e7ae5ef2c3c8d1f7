package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Options say where the engine is and who asks.
type Options struct {
	// URL is the root of the API: https://engine.example:8443/ovirt-engine/api.
	URL            string
	User, Password string
	// Authority is the certificate of the CA that the engine's is of, in PEM; empty
	// trusts those of the system.
	Authority []byte
}

// Session is a login. It is safe for concurrent use.
type Session struct {
	options Options
	root    *url.URL
	http    *http.Client

	mu    sync.Mutex
	token string
}

// RefusedError is an answer that is no success.
type RefusedError struct {
	Code   int
	Reason string
}

// Error gives the reason of the engine, and the code where it gave none.
func (e *RefusedError) Error() string {
	if e.Reason == "" {
		return fmt.Sprintf("the engine answers with the code %d", e.Code)
	}
	return e.Reason
}

// longestAnswer bounds what is read of an answer of the API, in bytes.
const longestAnswer = 16 << 20

// answerTimeout is how long the engine may take to begin an answer.
const answerTimeout = 5 * time.Minute

// Open logs in.
func Open(ctx context.Context, options Options) (*Session, error) {
	root, err := url.Parse(strings.TrimRight(options.URL, "/"))
	if err != nil || root.Scheme != "https" && root.Scheme != "http" || root.Host == "" {
		return nil, fmt.Errorf("%q is no address of an API, such as https://engine.example:8443/ovirt-engine/api", options.URL)
	}
	trusted := &tls.Config{MinVersion: tls.VersionTLS12}
	if len(options.Authority) > 0 {
		trusted.RootCAs = x509.NewCertPool()
		if !trusted.RootCAs.AppendCertsFromPEM(options.Authority) {
			return nil, errors.New("the file of the CA holds no certificate in PEM")
		}
	}
	s := &Session{options: options, root: root, http: &http.Client{Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: trusted, MaxIdleConnsPerHost: connections + 1,
		ResponseHeaderTimeout: answerTimeout, TLSHandshakeTimeout: 30 * time.Second,
		// Streams of one connection would wait for one another.
		TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{},
	}}}
	return s, s.login(ctx)
}

// service is an address beside the API.
func (s *Session) service(path string) string {
	return s.root.Scheme + "://" + s.root.Host + "/ovirt-engine/" + path
}

func (s *Session) login(ctx context.Context) error {
	form := url.Values{
		"grant_type": {"password"}, "scope": {"ovirt-app-api"}, "username": {s.options.User}, "password": {s.options.Password},
	}
	var answer struct {
		Token string `json:"access_token"`
		Error string `json:"error"`
	}
	code, err := s.post(ctx, s.service("sso/oauth/token"), form, &answer)
	switch {
	case err != nil:
		return fmt.Errorf("logging in at %s: %w", s.root.Host, err)
	case answer.Token == "":
		return fmt.Errorf("logging in at %s: %w", s.root.Host, &RefusedError{Code: code, Reason: answer.Error})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = answer.Token
	return nil
}

// Close logs out.
func (s *Session) Close(ctx context.Context) error {
	s.mu.Lock()
	form := url.Values{"token": {s.token}, "scope": {"ovirt-app-api"}}
	s.mu.Unlock()
	_, err := s.post(ctx, s.service("services/sso-logout"), form, &struct{}{})
	s.http.CloseIdleConnections()
	return err
}

func (s *Session) post(ctx context.Context, at string, form url.Values, into any) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, at, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "application/json")
	answer, err := s.http.Do(request)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, longestAnswer))
	if err == nil && json.Unmarshal(text, into) != nil {
		err = &RefusedError{Code: answer.StatusCode, Reason: "there is no engine that answers as one does"}
	}
	return answer.StatusCode, err
}

// call makes a request of the API. A token that has expired is renewed once.
func (s *Session) call(ctx context.Context, method, path string, body, into any) error {
	err := s.ask(ctx, method, path, body, into)
	if refused, ok := errors.AsType[*RefusedError](err); ok && refused.Code == http.StatusUnauthorized {
		if err := s.login(ctx); err != nil {
			return err
		}
		return s.ask(ctx, method, path, body, into)
	}
	return err
}

func (s *Session) ask(ctx context.Context, method, path string, body, into any) error {
	var sent io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, s.root.String()+"/"+path, sent)
	if err != nil {
		return err
	}
	s.mu.Lock()
	request.Header.Set("Authorization", "Bearer "+s.token)
	s.mu.Unlock()
	request.Header.Set("Version", "4")
	request.Header.Set("Accept", "application/json")
	request.Header.Set("X-Ovirt-Expect", "201-created")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	answer, err := s.http.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, longestAnswer))
	switch {
	case err != nil:
		return err
	case answer.StatusCode > 299:
		return refusal(answer.StatusCode, text)
	case into == nil || len(text) == 0:
		return nil
	}
	return json.Unmarshal(text, into)
}

// refusal reads the reason out of a fault, or out of the action that holds it.
func refusal(code int, text []byte) error {
	type fault struct {
		Reason string `json:"reason"`
		Detail string `json:"detail"`
	}
	var said struct {
		fault
		Fault fault `json:"fault"`
	}
	_ = json.Unmarshal(text, &said) // it may be a page
	for _, each := range []string{said.Detail, said.Fault.Detail, said.Reason, said.Fault.Reason} {
		if each != "" {
			return &RefusedError{Code: code, Reason: strings.Trim(each, "[]")}
		}
	}
	return &RefusedError{Code: code}
}
