package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// beVireo makes the test binary behave as the program.
const beVireo = "TEST_BINARY_IS_VIREO"

// patience is how long a test waits for something that must come.
const patience = 30 * time.Second

const password = "hunter2 and more"

func TestMain(m *testing.M) {
	if os.Getenv(beVireo) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// vireo is the program with arguments, in an environment without settings but
// these.
func vireo(t *testing.T, environment []string, arguments ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	t.Cleanup(cancel)
	command := exec.CommandContext(ctx, os.Args[0], arguments...)
	for _, each := range os.Environ() {
		if !strings.HasPrefix(each, "VIREO_") {
			command.Env = append(command.Env, each)
		}
	}
	command.Env = append(append(command.Env, beVireo+"=1"), environment...)
	return command
}

// finish runs the program to its end; ok says whether it succeeded.
func finish(t *testing.T, input string, environment []string, arguments ...string) (output string, ok bool) {
	t.Helper()
	command := vireo(t, environment, arguments...)
	command.Stdin = strings.NewReader(input)
	text, err := command.CombinedOutput()
	if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
		t.Fatal(err)
	}
	return string(text), err == nil
}

// must runs the program, which is to succeed.
func must(t *testing.T, input string, arguments ...string) string {
	t.Helper()
	output, ok := finish(t, input, nil, arguments...)
	if !ok {
		t.Fatalf("vireo %s: %s", strings.Join(arguments, " "), output)
	}
	return output
}

// refused runs the program, which is to fail and to say why.
func refused(t *testing.T, why string, environment []string, arguments ...string) {
	t.Helper()
	output, ok := finish(t, "", environment, arguments...)
	if ok || !strings.Contains(output, why) {
		t.Errorf("%s vireo %s: it said %q, not %q", strings.Join(environment, " "), strings.Join(arguments, " "), output, why)
	}
	if strings.Contains(output, "goroutine ") {
		t.Errorf("vireo %s panicked: %s", strings.Join(arguments, " "), output)
	}
}

// engine is a process that serves.
type engine struct {
	*testing.T
	command *exec.Cmd
	dataDir string
	url     string
	// lines are the log; closed when the process has ended.
	lines chan map[string]any
	log   *bytes.Buffer
}

// startEngine runs an engine on fake hosts and returns when it is ready.
func startEngine(t *testing.T, dataDir string, environment []string, arguments ...string) *engine {
	t.Helper()
	e := &engine{T: t, dataDir: dataDir, lines: make(chan map[string]any, 10_000), log: &bytes.Buffer{}}
	e.command = vireo(t, append([]string{
		"VIREO_DATA_DIR=" + dataDir, "VIREO_DRIVER=fake", "VIREO_LOG_FORMAT=json",
		"VIREO_LISTEN=127.0.0.1:0", "VIREO_ADMIN_PASSWORD=" + password,
	}, environment...), append([]string{"serve"}, arguments...)...)
	errors, err := e.command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := e.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = e.command.Process.Kill()
		_ = e.command.Wait() // it may have ended and been waited for
	})
	go e.follow(errors)
	ready := e.line("vireo is ready")
	e.url = strings.TrimSuffix(ready["url"].(string), "/api")
	return e
}

func (e *engine) follow(errors io.Reader) {
	defer close(e.lines)
	lines := bufio.NewScanner(errors)
	for lines.Scan() {
		var line map[string]any
		if json.Unmarshal(lines.Bytes(), &line) != nil {
			line = map[string]any{"msg": lines.Text()}
		}
		e.lines <- line
	}
}

// line waits for a line of the log.
func (e *engine) line(message string) map[string]any {
	e.Helper()
	late := time.After(patience)
	for {
		select {
		case line, open := <-e.lines:
			if !open {
				e.Fatalf("the engine ended before it said %q:\n%s", message, e.log)
			}
			fmt.Fprintln(e.log, line)
			if line["msg"] == message {
				return line
			}
		case <-late:
			e.Fatalf("the engine never said %q:\n%s", message, e.log)
		}
	}
}

// get makes a request as the administrator with a password, and gives code and
// body.
func (e *engine) get(ctx context.Context, method, path, body, password string) (int, string, error) {
	authority, err := os.ReadFile(filepath.Join(e.dataDir, "ca.pem"))
	if err != nil {
		return 0, "", err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, method, e.url+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	request.SetBasicAuth("admin@internal", password)
	request.Header.Set("Content-Type", "application/xml")
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

// want makes a request that is to be answered with the code.
func (e *engine) want(code int, method, path, body, password string) string {
	e.Helper()
	got, text, err := e.get(context.Background(), method, path, body, password)
	if err != nil || got != code {
		e.Fatalf("%s %s: %d instead of %d, %v\n%s", method, path, got, code, err, text)
	}
	return text
}

// until asks until the answer holds the text.
func (e *engine) until(path, text string) {
	e.Helper()
	late := time.After(patience)
	for {
		_, body, err := e.get(context.Background(), http.MethodGet, path, "", password)
		if err == nil && strings.Contains(body, text) {
			return
		}
		select {
		case <-late:
			e.Fatalf("%s never held %q: %v\n%s", path, text, err, body)
		case <-time.After(10 * time.Millisecond): // another process
		}
	}
}

// terminate asks the engine to end, and wants it to do so in good order.
func (e *engine) terminate() {
	e.Helper()
	if err := e.command.Process.Signal(syscall.SIGTERM); err != nil {
		e.Fatal(err)
	}
	e.line("vireo stops; guests run on")
	if err := e.wait(); err != nil {
		e.Errorf("the engine ended with %v", err)
	}
}

// wait returns when the process has ended.
func (e *engine) wait() error {
	for range e.lines { // everything must be read before Wait
	}
	return e.command.Wait()
}

const newVM = `<vm><name>one</name><cluster><name>Default</name></cluster><template><name>Blank</name></template>` +
	`<memory>134217728</memory><os><kernel>/boot/vmlinuz</kernel></os></vm>`
