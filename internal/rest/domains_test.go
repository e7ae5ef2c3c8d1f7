package rest_test

import (
	"context"
	"strings"
	"testing"

	"vireo/internal/server"
)

// TestDomains: the domains are listed with that of the engine's own users, in
// both formats, and nothing of their accounts.
func TestDomains(t *testing.T) {
	e := newEdge(t)
	join := &server.JoinAccount{User: "joiner", Password: "p@55w0rd!"}
	for _, name := range []string{"Corp.Example.COM", "zone.example.com"} {
		if err := e.engine.SetDomain(context.Background(), name, server.DomainSettings{Join: join}); err != nil {
			t.Fatal(err)
		}
	}
	const corp = "/api/domains/636F72702E6578616D706C652E636F6D"
	list := e.want(200, "GET", "/api/domains", "", "<domains>", `<domain href="`+corp+`" id="636F72702E6578616D706C652E636F6D">`,
		"<name>corp.example.com</name>", "<name>internal</name>", "!joiner", "!p@55w0rd", "!v1:", `<link href="`+corp+`/users" rel="users"/>`, `<link href="`+corp+`/groups" rel="groups"/>`)
	if in := strings.Index(list, "internal<"); in < strings.Index(list, "corp.") || in > strings.Index(list, "zone.") {
		t.Errorf("they are not in order:\n%s", list)
	}
	validate(t, "the list", list)
	one := e.want(200, "GET", corp, "", `<domain href="`+corp+`"`, "<name>corp.example.com</name>", "!joiner", "!p@55w0rd", "!v1:")
	validate(t, "a domain", one)
	e.check(e.do("GET", corp, "", "Accept: application/json"), 200, "JSON", `"name":"corp.example.com"`, "!joiner", "!v1:")
	e.check(e.do("GET", "/api/domains", "", "Accept: application/json"), 200, "JSON", `{"domain":[{"href":"`+corp, "!joiner", "!v1:")
	e.want(200, "GET", "/api/domains;max=1", "", "corp.example.com", "!internal")
	e.want(200, "GET", "/api/domains;max=0", "", "<domains/>")
	e.want(404, "GET", "/api/domains/"+strings.Repeat("61", 3), "", "<fault>", "Entity not found")
	// Nobody can log in by this domain, so there is nobody in it.
	e.want(200, "GET", corp+"/users", "", "<users/>")
	e.want(200, "GET", corp+"/groups", "", "<groups/>")
	for _, path := range []string{"/api/domains", corp} {
		if allow := e.do("OPTIONS", path, "").Header().Get("Allow"); allow != "GET, HEAD, OPTIONS" {
			t.Errorf("%s allows %q", path, allow)
		}
		e.want(405, "POST", path, "<domain><name>mine</name></domain>", "<fault>")
	}

	root := e.want(200, "GET", "/api", "", `<link href="/api/domains" rel="domains"/>`, `!rel="domains/search"`)
	if at := strings.Index(root, `rel="domains"`); at < strings.Index(root, `rel="users/search"`) || at > strings.Index(root, `rel="vms"`) {
		t.Errorf("the link is not between those of users and VMs:\n%s", root)
	}
	// A user's domain leads here.
	e.want(200, "GET", "/api/users", "", `<domain href="/api/domains/696E7465726E616C" id="696E7465726E616C">`)
	e.want(200, "GET", "/api/domains/696E7465726E616C", "", "<name>internal</name>")
}
