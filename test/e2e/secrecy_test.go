package e2e

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// secrecy is an engine with secrets and a libvirt daemon, both of which log all
// they can, and all that they have said so far.
type secrecy struct {
	*marks
	e     *engine
	p     *private
	began time.Time
	// past is what the engines that have ended have logged.
	past strings.Builder
	// v boots the small guest; windows passes for an old Windows.
	v, windows *vm
}

func newSecrecy(t *testing.T) *secrecy {
	t.Helper()
	began := time.Now().Add(-time.Second) // file systems may count in seconds
	p := newPrivate(t, "log_level = 1", `log_outputs = "1:file:/var/log/libvirt/libvirtd.log"`)
	s := &secrecy{marks: newMarks(), p: p, began: began, e: newEngine(t, &p.daemon, crashOptions)}
	if info, err := os.Stat(filepath.Join(p.folder, "var", "log", "libvirtd.log")); err != nil || info.Size() == 0 {
		t.Fatalf("the daemon's log, which is to be searched: %v, %v", info, err)
	}
	s.e.flags = append(s.e.flags, "--log-level", "debug")
	s.restart(t, s.e.stop)
	s.v, s.windows = s.e.create(t, withAgent), s.e.create(t)
	return s
}

// restart ends the engine, in its way, and starts another.
func (s *secrecy) restart(t *testing.T, end func(*testing.T), environment ...string) {
	t.Helper()
	end(t)
	s.past.WriteString(s.e.run.logged())
	s.e.start(t, environment...)
	s.e.awaitHost(t, "up")
}

// logsOn hands a password to the agent in the guest, from a request of its own and from a
// session.
func (s *secrecy) logsOn(t *testing.T, v *vm) {
	t.Helper()
	const visitor = "visitor"
	s.feed(t, s.secret("Logon")+"\n", "user", "add", visitor, "--role", "SuperUser")
	v.heard(t)
	session := ""
	for _, headers := range []http.Header{{}, {"Prefer": {"persistent-auth"}}, nil} {
		request, err := http.NewRequest(http.MethodPost, s.e.url+v.path()+"/logon", strings.NewReader("{}"))
		need(t, err)
		if headers == nil {
			headers = http.Header{"Prefer": {"persistent-auth"}, "Cookie": {"JSESSIONID=" + session}}
		}
		request.Header = headers
		request.Header.Set("Content-Type", "application/json")
		if request.Header.Get("Cookie") == "" {
			request.SetBasicAuth(visitor+"@internal", s.secret("Logon"))
		}
		response, err := s.e.client.Do(request)
		need(t, err)
		text, err := io.ReadAll(response.Body)
		response.Body.Close()
		need(t, err)
		if around, _ := s.find(strings.NewReader(string(text))); around != "" || response.StatusCode != http.StatusOK {
			t.Errorf("a logon is answered %d: %s", response.StatusCode, text)
		}
		session = response.Header.Get("JSESSIONID")
	}
	eventually(t, "the credentials to arrive", func() (bool, string) {
		// The daemon logs what qemu-guest-agent is asked and answers; that is not to be a secret.
		told := v.inside(t, "grep -c login /run/vireo/told; true")
		return told == "3", "they have arrived " + told + " times"
	})
}

// coded is a secret in base64, as files are given.
func (s *secrecy) coded(which string) string {
	return base64.StdEncoding.EncodeToString([]byte(s.secret(which)))
}

// send sends a request and wants no secret in the answer.
func (s *secrecy) send(t *testing.T, format, method, path, body string, headers ...string) answer {
	t.Helper()
	said := s.ask(t, format, method, path, body, headers...)
	if around, _ := s.find(strings.NewReader(said.text)); around != "" {
		t.Errorf("%s %s in %s is answered %d with a secret: …%s…", method, path, format, said.code, around)
	}
	return said
}

func (s *secrecy) ask(t *testing.T, format, method, path, body string, headers ...string) answer {
	t.Helper()
	request, err := http.NewRequest(method, s.e.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth(login, password)
	request.Header.Set("Accept", "application/"+format)
	request.Header.Set("Content-Type", "application/"+format)
	for _, header := range headers {
		request.Header.Set(header, "true")
	}
	response, err := s.e.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{code: response.StatusCode, text: string(text)}
}

// accepted sends a request that must succeed.
func (s *secrecy) accepted(t *testing.T, method, path, body string) {
	t.Helper()
	if said := s.send(t, "xml", method, path, body); said.code >= 300 {
		t.Fatalf("%s %s was answered %d: %s", method, path, said.code, said.text)
	}
}

var reference = regexp.MustCompile(`"?href"?[=:]\s*"([^"{?]+)"`)

// crawl reads all that can be reached from the entry point. What may be shown to
// those who ask for everything is taken out of the answers before they are searched.
func (s *secrecy) crawl(t *testing.T, format string, shown ...string) {
	t.Helper()
	var headers []string
	if len(shown) > 0 {
		headers = []string{"All-Content"}
	}
	base, err := url.Parse(s.e.url)
	if err != nil {
		t.Fatal(err)
	}
	todo, seen := []string{"", "/jobs;max=1000", "/events;max=1000", s.v.path() + ";detail=statistics"}, map[string]bool{}
	read, revealed := 0, map[string]bool{}
	for len(todo) > 0 {
		path := todo[0]
		todo = todo[1:]
		if seen[path] {
			continue
		}
		seen[path] = true
		said := s.ask(t, format, "GET", path, "", headers...)
		if said.code == http.StatusOK {
			read++
		}
		text := said.text
		for _, secret := range shown {
			revealed[secret] = revealed[secret] || strings.Contains(text, secret)
			text = strings.ReplaceAll(text, secret, "")
		}
		if around, _ := s.find(strings.NewReader(text)); around != "" {
			t.Errorf("GET %s in %s shows a secret: …%s…", path, format, around)
		}
		for _, found := range reference.FindAllStringSubmatch(text, -1) {
			if below, ok := strings.CutPrefix(found[1], base.Path); ok && !strings.Contains(below, "statistics") {
				todo = append(todo, below)
			}
		}
	}
	for _, secret := range shown {
		if !revealed[secret] {
			t.Errorf("%s is shown nowhere in %s, though it was asked for", strings.TrimPrefix(secret, s.begin), format)
		}
	}
	t.Logf("read %d representations in %s", read, format)
}

// feed runs a command of the program that reads from standard input.
func (s *secrecy) feed(t *testing.T, input string, arguments ...string) {
	t.Helper()
	command := exec.Command(program, append(arguments, "--data-dir", s.e.dataDir)...)
	command.Stdin = strings.NewReader(input)
	if output, err := command.CombinedOutput(); err != nil || strings.Contains(string(output), s.begin) {
		t.Fatalf("vireo %v: %v: %s", arguments, err, output)
	}
}
