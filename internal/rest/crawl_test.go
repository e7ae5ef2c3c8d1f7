package rest_test

import (
	"regexp"
	"strings"
	"testing"
)

var hrefs = regexp.MustCompile(`<(\w+) [^>]*href="([^"]*)"`)

// TestEveryLinkCanBeFollowed crawls the API from its root: every address that an
// answer names can be fetched, answers in both formats, says what is allowed
// there, and validates.
func TestEveryLinkCanBeFollowed(t *testing.T) {
	e := newEdge(t)
	vm := e.addVM("crawled", `<description>d</description><custom_properties><custom_property name="sap" value="true"/></custom_properties>`)
	e.want(200, "POST", "/api/vms/"+vm+"/start", "<action/>", "<state>complete</state>")
	e.wait("/api/vms/"+vm, "<state>up</state>")
	of, _ := e.withDisk("golden")
	template := e.addTemplate("crawled", of)
	seen := map[string]bool{}
	queue := []string{"/api"}
	for len(queue) > 0 {
		path := queue[0]
		queue = queue[1:]
		if seen[path] || strings.Contains(path, "{") {
			continue
		}
		seen[path] = true
		allow := e.do("OPTIONS", path, "").Header().Get("Allow")
		if !strings.Contains(allow, "OPTIONS") {
			t.Errorf("OPTIONS %s: Allow is %q", path, allow)
		}
		if !strings.Contains(allow, "GET") {
			if !strings.Contains(allow, "POST") {
				t.Errorf("%s is linked to and allows %q only", path, allow)
			}
			continue
		}
		body := e.want(200, "GET", path, "")
		validate(t, "GET "+path, body)
		if json := e.do("GET", path, "", "Accept: application/json"); json.Code != 200 || !strings.HasPrefix(json.Body.String(), "{") {
			t.Errorf("GET %s in JSON: %d %.200s", path, json.Code, json.Body)
		}
		for _, found := range hrefs.FindAllStringSubmatch(body, -1) {
			if !strings.Contains(path, "/capabilities") {
				queue = append(queue, found[2])
			}
		}
	}
	if len(seen) < 60 {
		t.Errorf("only %d addresses were found", len(seen))
	}
	for _, wanted := range []string{"/api/vms/" + vm + "/statistics", "/api/vms/" + vm + "/start", "/api/capabilities", "/api/templates/" + template + "/disks"} {
		if !seen[wanted] {
			t.Errorf("%s was not linked to", wanted)
		}
	}
}
