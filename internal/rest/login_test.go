package rest_test

import (
	"context"
	"encoding/base64"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/rest"
)

func basic(login, secret string) string {
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(login+":"+secret))
}

func TestWrongCredentials(t *testing.T) {
	e := newEdge(t)
	for name, header := range map[string]string{
		"none": "Authorization:", "wrong password": basic("admin@internal", "guess"), "unknown user": basic("nobody@internal", password),
		"unknown domain": basic("admin@example", password), "no domain": basic("admin", password), "no Basic": "Authorization: Bearer x",
		"not base64": "Authorization: Basic %%%", "empty password": basic("admin@internal", ""),
	} {
		for _, method := range []string{"GET", "POST"} {
			w := e.do(method, "/api/vms", "<vm/>", header)
			if w.Code != 401 || w.Header().Get("WWW-Authenticate") != `Basic realm="RESTAPI"` ||
				!strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") || !strings.Contains(w.Body.String(), "<html>") {
				t.Errorf("%s, %s: %d %v %s", name, method, w.Code, w.Header(), w.Body)
			}
		}
	}
	for _, login := range []string{"admin@internal", `internal\admin`} {
		e.check(e.do("GET", "/api", "", basic(login, password)), 200, login)
	}
}

// sessionOf finds the session that an answer opened.
func sessionOf(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	first := w.Header().Values("Set-Cookie")
	if len(first) == 0 {
		t.Fatalf("no session was opened: %d %v", w.Code, w.Header())
	}
	found := regexp.MustCompile(`^JSESSIONID=([^;]+); Path=([^;]+); HttpOnly; Secure; SameSite=Strict$`).FindStringSubmatch(first[0])
	if found == nil || w.Header().Get("JSESSIONID") != found[1] {
		t.Fatalf("the cookie is %q, the header %q", first[0], w.Header().Get("JSESSIONID"))
	}
	return found[1]
}

// TestSessions goes through the rules of api-v3 1.4.
func TestSessions(t *testing.T) {
	e := newEdge(t)
	const keep, none = "Prefer: persistent-auth", "Authorization:"
	opened := e.do("GET", "/ovirt-engine/api/v3/vms", "", keep)
	id := sessionOf(t, opened)
	if !strings.Contains(opened.Header().Get("Set-Cookie"), "Path=/ovirt-engine/api;") {
		t.Errorf("the cookie is for %s", opened.Header().Get("Set-Cookie"))
	}
	cookie := "Cookie: JSESSIONID=" + id
	again := e.do("GET", "/api/vms", "", keep, none, cookie)
	e.check(again, 200, "with the cookie alone")
	if len(again.Header().Values("Set-Cookie")) != 0 {
		t.Error("a session that goes on is opened again")
	}
	e.check(e.do("GET", "/api/vms", "", keep, cookie, basic("admin@internal", "guess")), 200, "with the cookie and other credentials")

	fresh := sessionOf(t, e.do("GET", "/api/vms", "", "Prefer: new-auth, persistent-auth", cookie))
	e.check(e.do("GET", "/api/vms", "", keep, none, cookie), 401, "the session that new-auth has ended")

	cookie = "Cookie: JSESSIONID=" + fresh
	e.check(e.do("GET", "/api/vms", "", none, cookie), 200, "the last request of a session")
	e.check(e.do("GET", "/api/vms", "", keep, none, cookie), 401, "a session that has ended")
	e.check(e.do("GET", "/api/vms", "", keep, cookie), 200, "an ended session with credentials")
	e.check(e.do("GET", "/api/vms", "", none, "Cookie: JSESSIONID=made-up"), 401, "a session that never was")
	for _, minutes := range []string{"1", "60", "nonsense", "-5", "99999999999"} {
		sessionOf(t, e.do("GET", "/api", "", keep, "Session-TTL: "+minutes))
	}
	if w := e.do("GET", "/api", ""); len(w.Header().Values("Set-Cookie")) != 0 {
		t.Error("a session was opened that nobody asked for")
	}
}

// TestHardLimit: a session that is used all the time ends at its limit.
func TestHardLimit(t *testing.T) {
	e := newEdge(t, func(o *rest.Options) {
		o.Sessions = auth.NewSessions(o.Engine.(*engine.Engine).Records(), auth.SessionOptions{Longest: 300 * time.Millisecond})
	})
	keep, none := "Prefer: persistent-auth", "Authorization:"
	cookie := "Cookie: JSESSIONID=" + sessionOf(t, e.do("GET", "/api", "", keep))
	deadline := time.Now().Add(time.Minute)
	for e.do("GET", "/api", "", keep, none, cookie).Code != 401 {
		if time.Now().After(deadline) {
			t.Fatal("the session goes on")
		}
	}
	e.check(e.do("GET", "/api", "", keep, cookie), 200, "with the credentials")
}

func TestCSRFProtection(t *testing.T) {
	allowed := true
	e := newEdge(t, func(o *rest.Options) { o.CSRFProtection = func() bool { return allowed } })
	id := sessionOf(t, e.do("GET", "/api", "", "Prefer: persistent-auth, csrf-protection"))
	cookie, keep, none := "Cookie: JSESSIONID="+id, "Prefer: persistent-auth", "Authorization:"
	e.check(e.do("GET", "/api", "", cookie, keep, none), 403, "without the header", "<fault>")
	e.check(e.do("GET", "/api", "", cookie, keep, none, "JSESSIONID: wrong"), 403, "with a wrong header")
	e.check(e.do("GET", "/api", "", cookie, keep, none, "JSESSIONID: "+id), 200, "with the header")
	allowed = false
	id = sessionOf(t, e.do("GET", "/api", "", "Prefer: persistent-auth, csrf-protection"))
	e.check(e.do("GET", "/api", "", "Cookie: JSESSIONID="+id, keep, none), 200, "protection that is switched off")
}

// TestFilter: who has no administrative role has to ask for the filtered view;
// the administrator may (api-v3 1.5, clients 1.2).
func TestFilter(t *testing.T) {
	e := newEdge(t)
	vm := e.addVM("web1", "<initialization><custom_script>runcmd: [geheim]</custom_script></initialization>")
	hash, err := e.engine.Directory.Hash(context.Background(), "secret")
	if err != nil {
		t.Fatal(err)
	}
	err = e.engine.Inventory.Update(context.Background(), func(tx *inventory.Tx) error {
		tx.Users.Put(&model.User{ID: unknownID, Name: "jim", Domain: auth.Internal, PasswordHash: hash})
		tx.Permissions.Put(&model.Permission{ID: model.NewID(), Role: auth.UserRole, User: unknownID, Object: model.Ref{Kind: model.KindVM, ID: model.ID(vm)}})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	jim := basic("jim@internal", "secret")
	for _, path := range []string{"/api/vms", "/api/vms/" + vm, "/api/hosts"} {
		e.check(e.do("GET", path, "", jim), 400, path, "<detail>Query execution failed due to insufficient permissions.</detail>")
	}
	for _, value := range []string{"true", "True", "TRUE"} {
		e.check(e.do("GET", "/api/vms/"+vm, "", jim, "Filter: "+value), 200, "Filter: "+value, "<name>web1</name>", "!<placement_policy>")
	}
	e.check(e.do("GET", "/api/vms/"+vm, "", jim, "Filter: true", "All-Content: true"), 200, "all of it", "<custom_script>******</custom_script>", "!geheim")
	e.check(e.do("GET", "/api/vms", "", jim, "Filter: False"), 400, "Filter: False")
	e.check(e.do("GET", "/api", "", jim, "Filter: true"), 200, "the root", "!<summary>")
	e.check(e.do("POST", "/api/vms", "<vm><name>n</name><cluster><name>Default</name></cluster><template><name>Blank</name></template></vm>", jim),
		400, "adding", "[User is not authorized to perform this action.]", "<fault>")
	e.check(e.do("DELETE", "/api/vms/"+vm, "", jim), 400, "removing", "[User is not authorized to perform this action.]")
	e.check(e.do("GET", "/api/vms?search=name%3Dweb1", "", "Filter: true"), 200, "the administrator", "<name>web1</name>", "<placement_policy>")
	e.check(e.do("GET", "/api/users", ""), 200, "users", "<user_name>jim@internal</user_name>", "!argon2")
}
