package rest_test

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"vireo/internal/host/fake"
)

// TestLogon is example 15.53, in both formats and versions, of Basic credentials and of
// sessions; and what it refuses (api-v3 3.8).
func TestLogon(t *testing.T) {
	e := newEdge(t)
	e.world.Behave("web1", fake.Behavior{EngineAgent: true})
	id := e.addVM("web1")
	at := "/api/vms/" + id
	jsonBody := []string{"Content-Type: application/json", "Accept: application/json"}
	e.want(400, "POST", at+"/logon", "<action/>", "<state>failed</state>", "[Cannot log on to VM. VM is not running.]", "!"+password)
	e.want(200, "POST", at+"/start", "<action/>")
	e.wait(at+"/applications", "<name>fake-agent-1.0</name>")

	e.check(e.do("POST", at+"/logon", "{}", jsonBody...), 200, "example 15.53", `"state":"complete"`, "!"+password)
	validate(t, "an answered logon", e.want(200, "POST", at+"/logon", "<action/>", "<state>complete</state>", `<link href="`+at+`/logon" rel="replay"/>`, "!"+password))
	e.want(200, "POST", "/ovirt-engine/api/v4/vms/"+id+"/logon", "<action/>", "<status>complete</status>", "!"+password)
	opened := e.do("GET", "/api", "", "Prefer: persistent-auth")
	token := opened.Header().Get("JSESSIONID")
	for _, session := range [][]string{
		{"Authorization:", "Prefer: persistent-auth", "Cookie: JSESSIONID=" + token},
		{"Authorization: Bearer " + token},
	} {
		e.check(e.do("POST", at+"/logon", "<action/>", session...), 200, "in a session", "<state>complete</state>", "!"+password)
	}
	want := `{"__name__":"login","username":"admin@internal","password":"` + password + `"}`
	told := e.world.Machine("fake://local").Told("web1")
	if logins := slices.DeleteFunc(told, func(line string) bool { return !strings.Contains(line, "login") }); len(logins) != 5 || slices.ContainsFunc(logins, func(line string) bool { return line != want }) {
		t.Errorf("the agent was told %q, want %s", logins, want)
	}

	bob := e.addUser("bob")
	e.check(e.do("POST", at+"/logon", "<action/>", as("bob")), 401, "bob, who may not log in")
	e.give(at, bob, "PowerUserRole")
	e.check(e.do("POST", at+"/logon", "<action/>", as("bob")), 400, "bob, who may not connect", "[User is not authorized to perform this action.]")
	e.want(404, "POST", "/api/vms/"+unknownID+"/logon", "<action/>", "<fault>")
	e.world.Behave("web2", fake.Behavior{})
	deaf := "/api/vms/" + e.addVM("web2")
	e.want(200, "POST", deaf+"/start", "<action/>")
	e.wait(deaf, "<state>up</state>")
	e.want(400, "POST", deaf+"/logon", "<action/>", "<state>failed</state>", "[Guest agent non responsive]")

	events := e.want(200, "GET", "/api/events", "", "The credentials of admin@internal were handed to the agent in the guest of VM web1")
	for _, secret := range []string{password, base64.StdEncoding.EncodeToString([]byte(password))} {
		if strings.Contains(events, secret) {
			t.Error("the events show the password")
		}
	}
}

// TestGuestReports: what the agents say, where version 3.6 has it.
func TestGuestReports(t *testing.T) {
	e := newEdge(t)
	e.world.Behave("web1", fake.Behavior{EngineAgent: true})
	id := e.addVM("web1")
	at := "/api/vms/" + id
	e.want(200, "GET", at+"/applications", "", "<applications/>")
	e.want(200, "GET", at+"/sessions", "", "<sessions/>")
	e.want(200, "POST", at+"/start", "<action/>")
	list := e.wait(at+"/applications", "<name>fake-agent-1.0</name>")
	validate(t, "applications", list)
	one := between(list, `<application href="`, `"`)
	validate(t, "an application", e.want(200, "GET", one, "", "<name>fake-agent-1.0</name>", `<vm href="`+at+`" id="`+id+`"`))
	e.want(404, "GET", at+"/applications/"+unknownID, "", "<fault>")

	e.wait(at+"/sessions", "<user_name>jim</user_name>")
	e.want(200, "POST", at+"/ticket", "<action/>")
	sessions := e.want(200, "GET", at+"/sessions", "", "<user_name>jim</user_name>", "<console_user>false</console_user>", "<user_name>admin@internal</user_name>", "<console_user>true</console_user>", `!href=""`)
	validate(t, "sessions", sessions)
	validate(t, "a session", e.want(200, "GET", between(sessions, `<session href="`, `"`), "", "<session "))

	e.world.Machine("fake://local").Say("web1", []byte(`{"__name__":"network-interfaces","interfaces":[{"name":"eth7","hw":"52:54:00:00:00:07","inet":["192.0.2.7"],"inet6":["2001:db8::7"]}]}`+"\n"+
		`{"__name__":"fqdn","fqdn":"own.example.org"}`+"\n"+`{"__name__":"os-info","version":"9","distribution":"Own","arch":"s390x","type":"linux","kernel":"7.0"}`+"\n"+
		`{"__name__":"timezone","zone":"NST","offset":"-210"}`+"\n"))
	shown := e.wait(at, "<fqdn>own.example.org</fqdn>")
	e.want(200, "GET", at, "", `<ip address="192.0.2.7" version="v4"/>`, `<ip address="2001:db8::7" version="v6"/>`, "<distribution>Own</distribution>", "<utc_offset>-03:30</utc_offset>", "<family>Linux</family>")
	validate(t, "a VM whose agent speaks", shown)
	e.want(200, "GET", at+"/reporteddevices", "", "<name>eth7</name>", `<mac address="52:54:00:00:00:07"/>`)
	e.wait("/api/vms?search=fqdn%3Down.example.org", `id="`+id+`"`)

	// What goes with the guest is not shown without it.
	e.want(200, "POST", at+"/stop", "<action/>")
	e.wait(at, "<state>down</state>")
	e.want(200, "GET", at+"/applications", "", "<applications/>")
	e.want(200, "GET", at+"/sessions", "", "<sessions/>")
}
