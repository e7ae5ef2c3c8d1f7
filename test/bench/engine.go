package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// password is the administrator's in the engines of the bench.
const password = "for the bench only"

// patience is how long anything is waited for.
const patience = time.Minute

// engine is a running engine, a process of its own.
type engine struct {
	command *exec.Cmd
	dataDir string
	url     string
	// listening is how long it took from its start until it answered.
	listening time.Duration
	http      *http.Client
}

// startEngine runs the engine on a data directory and returns when it answers.
func startEngine(ctx context.Context, s *settings, dataDir string, environment []string, arguments ...string) (*engine, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	e := &engine{dataDir: dataDir, url: "https://" + address}
	e.command = exec.Command(s.binary, append([]string{
		"serve", "--data-dir", dataDir, "--listen", address, "--log-format", "json",
	}, arguments...)...)
	e.command.Env = append(os.Environ(), append(environment, "VIREO_ADMIN_PASSWORD="+password)...)
	log, err := os.OpenFile(dataDir+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	e.command.Stderr = log
	began := time.Now()
	if err := e.command.Start(); err != nil {
		return nil, fmt.Errorf("starting the engine: %w", err)
	}
	if err := e.awaitListening(ctx, address, began); err != nil {
		return nil, errors.Join(err, e.stop())
	}
	return e, nil
}

// awaitListening tries until the port is open and the engine says that it is
// well.
func (e *engine) awaitListening(ctx context.Context, address string, began time.Time) error {
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	pause := time.NewTicker(time.Millisecond)
	defer pause.Stop()
	for {
		connection, err := net.Dial("tcp", address)
		if err == nil {
			connection.Close()
			e.listening = time.Since(began)
			if err := e.trust(); err != nil {
				return err
			}
			_, err = e.ask(ctx, http.MethodGet, "/healthz", "")
			return err
		}
		select {
		case <-pause.C:
		case <-bounded.Done():
			return fmt.Errorf("the engine does not listen: %w; its log: %s", err, read(e.dataDir+".log"))
		}
	}
}

// trust makes a client that accepts the engine's own authority. It keeps its
// connections and its session.
func (e *engine) trust() error {
	authority, err := os.ReadFile(filepath.Join(e.dataDir, "ca.pem"))
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authority) {
		return errors.New("ca.pem holds no certificate")
	}
	cookies, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	e.http = &http.Client{Jar: cookies, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool}, MaxIdleConnsPerHost: 64, DisableCompression: true,
	}}
	return nil
}

// ask makes a request and gives the whole answer. Everything but success is an
// error.
func (e *engine) ask(ctx context.Context, method, path, body string, headers ...string) ([]byte, error) {
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	request, err := http.NewRequestWithContext(ctx, method, e.url+path, content)
	if err != nil {
		return nil, err
	}
	request.SetBasicAuth("admin@internal", password)
	request.Header.Set("Content-Type", "application/xml")
	request.Header.Set("Accept", "application/xml")
	request.Header.Set("Prefer", "persistent-auth")
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := e.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: %s: %s", method, path, response.Status, bytes.TrimSpace(answer))
	}
	return answer, err
}

// timed is ask with the time that it took.
func (e *engine) timed(ctx context.Context, method, path, body string, headers ...string) (time.Duration, int, error) {
	began := time.Now()
	answer, err := e.ask(ctx, method, path, body, headers...)
	return time.Since(began), len(answer), err
}

// waitFor asks until the answer holds the text.
func (e *engine) waitFor(ctx context.Context, path, text string) error {
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	pause := time.NewTicker(10 * time.Millisecond)
	defer pause.Stop()
	for {
		answer, err := e.ask(bounded, http.MethodGet, path, "")
		if err == nil && bytes.Contains(answer, []byte(text)) {
			return nil
		}
		select {
		case <-pause.C:
		case <-bounded.Done():
			return fmt.Errorf("%s never held %q: %s, %w", path, text, answer, err)
		}
	}
}

var rootID = regexp.MustCompile(`<\w+ href="[^"]*" id="([^"]*)"`)

// addVM makes a VM and gives its id.
func (e *engine) addVM(ctx context.Context, name, elements string) (string, error) {
	answer, err := e.ask(ctx, http.MethodPost, "/api/vms", `<vm><name>`+name+`</name><cluster><name>Default</name></cluster>`+
		`<template><name>Blank</name></template>`+elements+`</vm>`)
	if err != nil {
		return "", err
	}
	found := rootID.FindSubmatch(answer)
	if found == nil {
		return "", fmt.Errorf("the answer has no id: %s", answer)
	}
	return string(found[1]), nil
}

// resident is the memory of the process in bytes.
func (e *engine) resident() int64 {
	text := field(fmt.Sprintf("/proc/%d/status", e.command.Process.Pid), "VmRSS")
	kilobytes, _ := strconv.ParseInt(strings.TrimSuffix(text, " kB"), 10, 64)
	return kilobytes << 10
}

// stop ends the engine; guests run on.
func (e *engine) stop() error {
	if err := e.command.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return e.command.Wait()
}

func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}
