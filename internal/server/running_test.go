package server_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"vireo/internal/host/fake"
	"vireo/internal/server"
)

const (
	// patience is how long a test waits for something that must come.
	patience = 30 * time.Second
	password = "hunter2 and more"
	address  = "fake://local"
)

// site is a data directory in a world of fake hosts, with the engine that serves
// it, if one does.
type site struct {
	*testing.T
	config server.Config
	world  *fake.World
	log    *logBuffer

	engine *server.Server
	url    string
	stop   context.CancelFunc
	served chan error
}

// newSite makes an empty data directory.
func newSite(t *testing.T) *site {
	world := fake.New(fake.Options{AgentDelay: time.Millisecond, ShutdownDelay: time.Millisecond, ReapDelay: time.Millisecond})
	t.Cleanup(world.Close)
	world.AddMachine(fake.MachineSpec{Address: address})
	log := &logBuffer{}
	return &site{T: t, world: world, log: log, config: server.Config{
		DataDir: t.TempDir(), Listen: "127.0.0.1:0", LocalHost: address, AdminPassword: password,
		Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}}
}

// start opens the engine and serves.
func (s *site) start() {
	s.Helper()
	if err := s.try(); err != nil {
		s.Fatal(err)
	}
}

// try is start for engines that may be refused.
func (s *site) try() error {
	s.config.Driver = s.world.Driver()
	opened, err := server.Open(context.Background(), s.config)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	ready := make(chan string, 1)
	served := make(chan error, 1)
	go func() { served <- opened.Serve(ctx, func(address string) { ready <- address }) }()
	select {
	case at := <-ready:
		s.engine, s.url, s.stop, s.served = opened, "https://"+at, stop, served
	case err := <-served:
		stop()
		return errors.Join(err, opened.Close())
	}
	s.Cleanup(func() {
		if s.engine == opened {
			s.end()
		}
	})
	return nil
}

// end ends the engine in good order.
func (s *site) end() {
	s.Helper()
	s.stop()
	if err := errors.Join(s.outcome(), s.engine.Close()); err != nil {
		s.Error(err)
	}
	s.engine = nil
}

// outcome is what Serve returned.
func (s *site) outcome() error {
	s.Helper()
	select {
	case err := <-s.served:
		return err
	case <-time.After(patience):
		s.Fatal("the engine does not stop")
		return nil
	}
}

// path is a file of the data directory.
func (s *site) path(name string) string { return filepath.Join(s.config.DataDir, name) }

// client trusts the engine's own authority, and nobody else.
func (s *site) client() *http.Client {
	s.Helper()
	authority, err := os.ReadFile(s.path("ca.pem"))
	if err != nil {
		s.Fatal(err)
	}
	return trusting(s.T, authority)
}

func trusting(t *testing.T, authority []byte) *http.Client {
	t.Helper()
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authority) {
		t.Fatal("there is no certificate to trust")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// answer is what a request came back with.
type answer struct {
	code   int
	body   string
	header http.Header
}

// ask makes a request as the administrator. headers are names and values; an
// empty value removes the header.
func (s *site) ask(method, path, body string, headers ...string) answer {
	s.Helper()
	got, err := s.send(context.Background(), method, path, body, headers...)
	if err != nil {
		s.Fatal(err)
	}
	return got
}

func (s *site) send(ctx context.Context, method, path, body string, headers ...string) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, method, s.url+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	request.SetBasicAuth("admin@internal", s.config.AdminPassword)
	request.Header.Set("Content-Type", "application/xml")
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
		if headers[i+1] == "" {
			request.Header.Del(headers[i])
		}
	}
	response, err := s.client().Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, string(text), response.Header}, err
}

// want asks and fails unless the answer has the code and holds the texts.
func (s *site) want(code int, method, path, body string, texts ...string) answer {
	s.Helper()
	got := s.ask(method, path, body)
	if got.code != code {
		s.Fatalf("%s %s: %d instead of %d\n%s", method, path, got.code, code, got.body)
	}
	for _, text := range texts {
		if !strings.Contains(got.body, text) {
			s.Fatalf("%s %s: no %q in\n%s", method, path, text, got.body)
		}
	}
	return got
}

// until asks until the answer holds the text.
func (s *site) until(path, text string) {
	s.Helper()
	s.comes(fmt.Sprintf("%s holds %q", path, text), func() bool {
		return strings.Contains(s.ask(http.MethodGet, path, "").body, text)
	})
}

// comes returns when the condition holds.
func (s *site) comes(what string, holds func() bool) {
	s.Helper()
	deadline := time.After(patience)
	for !holds() {
		select {
		case <-deadline:
			s.Fatalf("it never came about that %s", what)
		case <-time.After(5 * time.Millisecond): // what is waited for has no channel of its own
		}
	}
}

var rootID = regexp.MustCompile(`<\w+ href="[^"]*" id="([^"]*)"`)

// addVM makes a VM that needs no disk, and gives its id.
func (s *site) addVM(name string) string {
	s.Helper()
	s.until("/api/hosts", "<state>up</state>")
	made := s.want(201, http.MethodPost, "/api/vms", `<vm><name>`+name+`</name><cluster><name>Default</name></cluster>`+
		`<template><name>Blank</name></template><memory>134217728</memory><os><kernel>/boot/vmlinuz</kernel></os></vm>`)
	return rootID.FindStringSubmatch(made.body)[1]
}

// mode is the permission bits of a file of the data directory.
func (s *site) mode(name string) os.FileMode {
	s.Helper()
	info, err := os.Lstat(s.path(name))
	if err != nil {
		s.Fatal(err)
	}
	return info.Mode()
}

// logBuffer collects log lines of several goroutines.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logBuffer) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
