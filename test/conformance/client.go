package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// client asks one engine, as an administrator.
type client struct {
	http           *http.Client
	url            string
	user, password string
}

func connect(given options) (*client, error) {
	password := os.Getenv("VIREO_ADMIN_PASSWORD")
	if password == "" {
		text, err := os.ReadFile(filepath.Join(given.dataDir, "admin-password"))
		if err != nil {
			return nil, fmt.Errorf("the password, which may be given as VIREO_ADMIN_PASSWORD: %w", err)
		}
		password = strings.TrimSpace(string(text))
	}
	configuration := &tls.Config{MinVersion: tls.VersionTLS12}
	if authority, err := os.ReadFile(filepath.Join(given.dataDir, "ca.pem")); err == nil {
		configuration.RootCAs = x509.NewCertPool()
		if !configuration.RootCAs.AppendCertsFromPEM(authority) {
			return nil, errors.New("ca.pem in the data directory holds no certificate")
		}
	}
	return &client{
		http: &http.Client{Timeout: time.Minute, Transport: &http.Transport{TLSClientConfig: configuration, ForceAttemptHTTP2: true}},
		url:  strings.TrimSuffix(given.url, "/"), user: given.user, password: password,
	}, nil
}

// ask sends a request without a body, and returns the answer's code, header and
// body.
func (c *client) ask(ctx context.Context, method, path string) (int, http.Header, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.url+path, nil)
	if err != nil {
		return 0, nil, nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	request.SetBasicAuth(c.user, c.password)
	request.Header.Set("Accept", "application/xml")
	request.Header.Set("All-Content", "true")
	answer, err := c.http.Do(request)
	if err != nil {
		return 0, nil, nil, err
	}
	body, err := io.ReadAll(answer.Body)
	return answer.StatusCode, answer.Header, body, errors.Join(err, answer.Body.Close())
}
