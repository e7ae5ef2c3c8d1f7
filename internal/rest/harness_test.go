package rest_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"vireo/internal/host/fake"
	"vireo/internal/rest"
	"vireo/internal/server"
)

const password = "correct horse"

// edge is a whole engine on a fake host, with the API before it.
type edge struct {
	t      testing.TB
	engine *server.Server
	api    *rest.Server
	world  *fake.World
}

// newEdge makes an engine whose host local is up.
func newEdge(t testing.TB, change ...func(*rest.Options)) *edge {
	t.Helper()
	world := fake.New(fake.Options{})
	world.AddMachine(fake.MachineSpec{Address: "fake://local"})
	s, err := server.Open(context.Background(), server.Config{
		DataDir: t.TempDir(), LocalHost: "fake://local", AdminPassword: password, Driver: world.Driver(), Leases: world.Leases(),
		Overrides:   map[string]string{"UserDefinedVMProperties": "sap=^(true|false)$"},
		FenceAgents: fenceAgents(t), Log: discard,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		world.Close()
	})
	options := rest.Options{
		Engine: s.Engine, Logins: s.Directory, Sessions: s.Sessions, Vault: s.Vault, Transfers: s.Transfers, Screens: s.Consoles,
		CustomProperties: func() string { return s.Values.String("UserDefinedVMProperties") },
	}
	for _, c := range change {
		c(&options)
	}
	e := &edge{t: t, engine: s, api: rest.New(options), world: world}
	e.wait("/api/hosts", "<state>up</state>")
	return e
}

// fenceAgents is a folder with a fence agent, which nothing runs.
func fenceAgents(t testing.TB) string {
	folder := t.TempDir()
	const agent = `#!/bin/sh
echo '<resource-agent><actions><action name="on"/><action name="off"/><action name="reboot"/><action name="status"/></actions></resource-agent>'
`
	if err := os.WriteFile(filepath.Join(folder, "fence_ipmilan"), []byte(agent), 0o700); err != nil { //nolint:gosec // it has to be a program
		t.Fatal(err)
	}
	return folder
}

// request is one request of a test: a method with a path, headers as lines, and
// a body.
func (e *edge) request(method, path, body string, headers ...string) *http.Request {
	r := httptest.NewRequest(method, "https://engine.example"+path, nil)
	if body != "" {
		r = httptest.NewRequest(method, "https://engine.example"+path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/xml")
	}
	r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("admin@internal:"+password)))
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		if value == "" {
			r.Header.Del(strings.TrimSuffix(name, ":"))
			continue
		}
		r.Header.Set(name, value)
	}
	return r
}

// do sends a request and returns the answer.
func (e *edge) do(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	e.t.Helper()
	w := httptest.NewRecorder()
	e.api.ServeHTTP(w, e.request(method, path, body, headers...))
	return w
}

// want sends a request and fails unless the answer has the code and holds the
// texts. A text that begins with ! must not be there.
func (e *edge) want(code int, method, path, body string, texts ...string) string {
	e.t.Helper()
	w := e.do(method, path, body)
	e.check(w, code, method+" "+path, texts...)
	return w.Body.String()
}

func (e *edge) check(w *httptest.ResponseRecorder, code int, what string, texts ...string) {
	e.t.Helper()
	if w.Code != code {
		e.t.Errorf("%s: code %d instead of %d\n%s", what, w.Code, code, w.Body)
		return
	}
	for _, text := range texts {
		unwanted, negated := strings.CutPrefix(text, "!")
		switch {
		case negated && strings.Contains(w.Body.String(), unwanted):
			e.t.Errorf("%s: the answer holds %q\n%s", what, unwanted, w.Body)
		case !negated && !strings.Contains(w.Body.String(), text):
			e.t.Errorf("%s: the answer lacks %q\n%s", what, text, w.Body)
		}
	}
}

// wait asks until the answer holds the text.
func (e *edge) wait(path, text string) string {
	e.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		changed := e.engine.Inventory.Changed()
		body := e.do("GET", path, "").Body.String()
		if strings.Contains(body, text) {
			return body
		}
		if time.Now().After(deadline) {
			e.t.Fatalf("%s never held %q:\n%s", path, text, body)
		}
		select {
		case <-changed:
		case <-time.After(100 * time.Millisecond): // what is not in the inventory changes too
		}
	}
}

// addVM makes a VM that boots a kernel and so needs no disk, and returns its id.
func (e *edge) addVM(name string, elements ...string) string {
	e.t.Helper()
	body := fmt.Sprintf(`<vm><name>%s</name><cluster><name>Default</name></cluster><template><name>Blank</name></template>
		<memory>134217728</memory><os><kernel>/boot/vmlinuz</kernel></os>%s</vm>`, name, strings.Join(elements, ""))
	return idIn(e.t, e.want(201, "POST", "/api/vms", body))
}

var firstID = regexp.MustCompile(`<\w+( .*)? id="([^"]*)"`)

// idIn finds the id of the root element.
func idIn(t testing.TB, body string) string {
	t.Helper()
	found := firstID.FindStringSubmatch(body)
	if found == nil {
		t.Fatalf("no id in\n%s", body)
	}
	return found[2]
}

// validate compares an XML document with the schema, if there is one: SCHEMA is
// the folder that holds api.xsd, which is no part of this project.
func validate(t testing.TB, what, body string) {
	t.Helper()
	folder := os.Getenv("SCHEMA")
	if folder == "" {
		return
	}
	command := exec.Command("xmllint", "--noout", "--schema", filepath.Join(folder, "api.xsd"), "-")
	command.Stdin = strings.NewReader(body)
	output, err := command.CombinedOutput()
	if err != nil {
		output = bytes.TrimSpace(output)
		t.Errorf("%s is not valid: %s\n%s", what, output, body)
	}
}

func readAll(t testing.TB, r io.Reader) string {
	t.Helper()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
