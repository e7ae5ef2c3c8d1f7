package e2e

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

const (
	login    = "admin@internal"
	password = "correct horse: battery/staple"
)

// answer is what the engine said to a request.
type answer struct {
	code int
	body node
	text string
}

// newClient trusts the engine's own authority and nobody else.
func newClient(dataDir string) (*http.Client, error) {
	authority, err := os.ReadFile(filepath.Join(dataDir, "ca.pem"))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authority) {
		return nil, fmt.Errorf("%s holds no certificate", dataDir)
	}
	return &http.Client{
		Timeout:   2 * time.Minute,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}},
	}, nil
}

// try sends a request of version 3 and reads the answer. The error is one of the
// connection: the engine may be dead.
func (e *engine) try(method, path, body string) (answer, error) {
	var content io.Reader
	if body != "" {
		content = bytes.NewBufferString(body)
	}
	request, err := http.NewRequest(method, e.url+path, content)
	if err != nil {
		return answer{}, err
	}
	request.SetBasicAuth(login, password)
	request.Header.Set("Accept", "application/xml")
	if body != "" {
		request.Header.Set("Content-Type", "application/xml")
	}
	response, err := e.client.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, err
	}
	said := answer{code: response.StatusCode, text: string(text)}
	if len(text) > 0 {
		if err := xml.Unmarshal(text, &said.body); err != nil {
			return said, fmt.Errorf("the answer is not XML: %w: %s", err, text)
		}
	}
	return said, nil
}

// ask sends a request that must be answered.
func (e *engine) ask(t *testing.T, method, path, body string) answer {
	t.Helper()
	said, err := e.try(method, path, body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return said
}

// call sends a request that must succeed.
func (e *engine) call(t *testing.T, method, path, body string) answer {
	t.Helper()
	said := e.ask(t, method, path, body)
	if said.code < 200 || said.code > 299 {
		t.Fatalf("%s %s was answered %d: %s", method, path, said.code, said.text)
	}
	return said
}

// refused sends a request that must be refused with this code.
func (e *engine) refused(t *testing.T, code int, method, path, body string) answer {
	t.Helper()
	said := e.ask(t, method, path, body)
	if said.code != code {
		t.Fatalf("%s %s was answered %d, want %d: %s", method, path, said.code, code, said.text)
	}
	return said
}
