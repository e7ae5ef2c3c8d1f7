package rest_test

import (
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

const newAPI = "/ovirt-engine/api"

// TestVersions: the address, then the header, then the newest says what is spoken.
func TestVersions(t *testing.T) {
	e := newEdge(t)
	for _, c := range []struct {
		path, header, want string
	}{
		{"/api", "", "<full_version>3.6.13"},
		{"/api", "Version: 4", "<full_version>3.6.13"},
		{newAPI, "", "<full_version>4."},
		{newAPI, "Version: 4", "<full_version>4."},
		{newAPI, "Version: 3", "<full_version>3.6.13"},
		{newAPI + "/v3", "Version: 4", "<full_version>3.6.13"},
		{newAPI + "/v4", "Version: 3", "<full_version>4."},
		{newAPI + "/", "", "<full_version>4."},
	} {
		var headers []string
		if c.header != "" {
			headers = append(headers, c.header)
		}
		e.check(e.do("GET", c.path, "", headers...), 200, c.path+" "+c.header, c.want)
	}
	e.check(e.do("GET", newAPI+"/v4/disks/"+unknownID, "", "Accept: application/json"), 404, "an unknown disk", `"reason":`)
	e.want(404, "GET", newAPI+"/v4/vms", "", "<fault>", "There is no such resource.")
}

// TestRoot4 is api-v4 1.12.
func TestRoot4(t *testing.T) {
	e := newEdge(t)
	body := e.want(200, "GET", newAPI, "", `rel="disks"`, `rel="disks/search"`, `rel="imagetransfers"`, `rel="storagedomains"`, "<blank_template", "<root_tag",
		"<major>4</major>", "<minor>", "<build>", "<revision>", "<authenticated_user", "<storage_domains>", "!rel=\"capabilities\"")
	if strings.Index(body, "<link") > strings.Index(body, "<product_info") {
		t.Error("the links are not first")
	}
	if link := e.do("HEAD", newAPI, "").Header().Get("Link"); !strings.Contains(link, "<https://engine.example/ovirt-engine/api/disks>; rel=disks,") {
		t.Errorf("Link is %q", link)
	}
}

// TestEveryLinkOfVersion4 crawls it: every address can be fetched, in both formats, and
// stays below its root.
func TestEveryLinkOfVersion4(t *testing.T) {
	e := newEdge(t)
	e.want(202, "POST", newAPI+"/v4/disks", diskOf4("crawled"), "<name>crawled</name>")
	seen := map[string]bool{}
	queue := []string{newAPI + "/v4"}
	for len(queue) > 0 {
		path := queue[0]
		queue = queue[1:]
		foreign := regexp.MustCompile(`/(vms|templates)/`).MatchString(path)
		if seen[path] || strings.Contains(path, "{") || foreign {
			continue
		}
		seen[path] = true
		if !strings.HasPrefix(path, newAPI+"/v4") {
			t.Errorf("%s was linked to", path)
		}
		if allow := e.do("OPTIONS", path, "").Header().Get("Allow"); !strings.Contains(allow, "GET") {
			if !strings.Contains(allow, "POST") {
				t.Errorf("%s is linked to and allows %q only", path, allow)
			}
			continue
		}
		body := e.want(200, "GET", path, "")
		if w := e.do("GET", path, "", "Accept: application/json"); w.Code != 200 || !json.Valid(w.Body.Bytes()) {
			t.Errorf("GET %s in JSON: %d %.200s", path, w.Code, w.Body)
		}
		for _, found := range hrefs.FindAllStringSubmatch(body, -1) {
			queue = append(queue, found[2])
		}
	}
	if len(seen) < 20 {
		t.Errorf("only %d addresses were found", len(seen))
	}
}

func diskOf4(name string) string {
	return `<disk><alias>` + name + `</alias><provisioned_size>1048576</provisioned_size><format>raw</format><sparse>true</sparse>
		<storage_domains><storage_domain><name>local-data</name></storage_domain></storage_domains></disk>`
}

// made4 sends a POST that waits, and gives the id of what was made.
func (e *edge) made4(path, body string, texts ...string) string {
	e.t.Helper()
	w := e.do("POST", newAPI+path, body, "Expect: 201-created")
	e.check(w, 201, path, texts...)
	return idIn(e.t, w.Body.String())
}

// TestDisks4 makes, finds, changes and removes disks as the clients of version 4 do.
func TestDisks4(t *testing.T) {
	e := newEdge(t)
	w := e.do("POST", newAPI+"/disks", diskOf4("first"), "Correlation-Id: a b/c")
	e.check(w, 202, "POST", "<creation_status>pending</creation_status>", `rel="creation_status"`, "<status>locked</status>", "<content_type>data</content_type>")
	if got := w.Header().Get("Correlation-Id"); got != "abc" {
		t.Errorf("the correlation id is %q", got)
	}
	status := regexp.MustCompile(`href="([^"]*creation_status[^"]*)"`).FindStringSubmatch(w.Body.String())
	e.wait(newAPI+"/disks?search=alias%3DFIRST", "<status>ok</status>")
	e.want(200, "GET", status[1], "", "<status>complete</status>")
	chosen := "10000000-2000-4000-8000-300000000000"
	id := e.made4("/storagedomains/"+string(e.engine.Inventory.StorageDomains.Named("local-data")[0].ID)+"/disks",
		`<disk id="`+chosen+`"><name>second</name><provisioned_size>1000</provisioned_size><format>cow</format></disk>`,
		"<status>ok</status>", "<provisioned_size>1024</provisioned_size>", "<qcow_version>qcow2_v3</qcow_version>")
	if id != chosen {
		t.Errorf("the id is %s", id)
	}
	w = e.do("GET", newAPI+"/disks/"+id, "", "Accept: application/json")
	e.check(w, 200, "JSON", `"provisioned_size":"1024"`, `"sparse":"true"`, `"status":"ok"`, `"total_size":"`, `"storage_domains":{"storage_domain":[{"href":`)
	e.want(200, "PUT", newAPI+"/disks/"+id, `<disk><description>larger</description><provisioned_size>2097152</provisioned_size></disk>`,
		"<description>larger</description>", "<provisioned_size>2097152</provisioned_size>")
	e.want(409, "PUT", newAPI+"/disks/"+id, `<disk id="`+unknownID+`"/>`, "Broken immutability constraint")
	e.want(409, "POST", newAPI+"/disks", `<disk id="`+id+`"><provisioned_size>1000</provisioned_size><format>cow</format></disk>`, "already")
	e.want(400, "POST", newAPI+"/disks", `<disk><format>cow</format></disk>`, "Disk [provisionedSize] required for add")
	e.want(400, "POST", newAPI+"/disks", `<disk><format>vmdk</format><provisioned_size>1</provisioned_size></disk>`, "Invalid value", "cow, raw")
	e.want(400, "POST", newAPI+"/disks", `<disk><provisioned_size>much</provisioned_size><format>raw</format></disk>`, "Invalid value")
	e.want(400, "POST", newAPI+"/disks", `<disk>`, "<reason>Request syntactically incorrect.</reason>")
	e.want(200, "GET", newAPI+"/disks;max=many?search=alias%3Dsecond", "", "second", "!first")
	e.want(200, "GET", newAPI+"/disks?search=alias%3Dsecond&case_sensitive=perhaps", "", "second")
	e.want(400, "GET", newAPI+"/disks?search=%3D%3D", "", "<fault>")
	e.want(400, "POST", newAPI+"/disks/"+id+"/copy", `<action/>`, "Action [storageDomain.id|name] required for copy")
	copied := e.do("POST", newAPI+"/disks/"+id+"/copy", `<action><async>false</async><storage_domain><name>local-data</name></storage_domain><disk><alias>third</alias></disk></action>`)
	e.check(copied, 200, "copy", "<status>complete</status>", "<job href=")
	e.want(200, "GET", newAPI+"/disks?search=alias%3Dthird", "", "<status>ok</status>")
	e.want(200, "DELETE", newAPI+"/disks/"+id, "", "<status>complete</status>", "<job href=")
	e.want(404, "GET", newAPI+"/disks/"+id, "", "<fault>")
}

// TestTransfers4 is api-v4 7.1 over the API: what a new transfer says at once, and its
// actions.
func TestTransfers4(t *testing.T) {
	e := newEdge(t)
	disk := e.made4("/disks", diskOf4("moved"))
	for _, name := range []string{"disk", "image"} {
		w := e.do("POST", newAPI+"/imagetransfers?correlation_id=the-one", `<image_transfer><`+name+` id="`+disk+`"/><direction>download</direction><format>raw</format></image_transfer>`)
		e.check(w, 201, "POST", "<phase>transferring</phase>", "<active>true</active>", `<image id="`+disk+`"/>`, "<inactivity_timeout>60</inactivity_timeout>",
			"<timeout_policy>legacy</timeout_policy>", "<host href=", `rel="finalize"`, `rel="cancel"`, `rel="extend"`, `rel="pause"`, `rel="resume"`, "<shallow>false</shallow>")
		urls := regexp.MustCompile(`<(?:transfer|proxy)_url>(https://engine.example/images/[0-9a-f-]{36})</`).FindAllStringSubmatch(w.Body.String(), -1)
		if len(urls) != 2 || urls[0][1] != urls[1][1] {
			t.Errorf("the addresses are %v", urls)
		}
		at := newAPI + "/imagetransfers/" + idIn(t, w.Body.String())
		if w.Header().Get("Location") != at {
			t.Errorf("Location is %q", w.Header().Get("Location"))
		}
		e.want(409, "DELETE", newAPI+"/disks/"+disk, "", "Related operation is currently in progress.")
		e.want(409, "POST", newAPI+"/imagetransfers", `<image_transfer><disk id="`+disk+`"/></image_transfer>`, "moved")
		e.want(200, "GET", newAPI+"/imagetransfers", "", "<image_transfers>", "transferring")
		e.want(200, "POST", at+"/extend", "<action/>", "<status>complete</status>")
		e.want(200, "POST", at+"/pause", "<action/>", "<status>complete</status>")
		e.want(200, "GET", at, "", "<phase>paused_user</phase>")
		e.want(200, "POST", at+"/resume", "<action/>")
		e.wait(at, "<phase>transferring</phase>")
		e.want(200, "POST", at+"/finalize", "<action/>", "<status>complete</status>")
		e.wait(at, "<phase>finished_success</phase>")
		e.want(409, "POST", at+"/cancel", "<action/>", "<status>failed</status>", "<fault>", "finished_success")
		e.want(200, "GET", at, "", "!transfer_url", "<active>false</active>")
	}
	e.want(200, "GET", newAPI+"/jobs?search=correlation_id%3Dthe-one", "", "Downloading Disk moved", "<status>finished</status>", "!Adding Disk")
	e.want(200, "GET", newAPI+"/events?search=correlation_id%3Dthe-one", "", "The download of disk moved by admin@internal has succeeded.")
	for body, text := range map[string]string{
		`<image_transfer/>`: "ImageTransfer [disk.id|image.id|snapshot.id] required for add",
		`<image_transfer><snapshot id="` + unknownID + `"/></image_transfer>`:                              "cannot be transferred",
		`<image_transfer><disk id="` + disk + `"/><direction>sideways</direction></image_transfer>`:        "download, upload",
		`<image_transfer><disk id="` + disk + `"/><timeout_policy>never</timeout_policy></image_transfer>`: "cancel, legacy, pause",
		`<image_transfer><disk id="x"/></image_transfer>`:                                                  "not a valid id",
	} {
		e.want(400, "POST", newAPI+"/imagetransfers", body, text)
	}
	e.want(404, "POST", newAPI+"/imagetransfers", `<image_transfer><disk id="`+unknownID+`"/></image_transfer>`, "<fault>")
	e.want(404, "POST", newAPI+"/imagetransfers/"+unknownID+"/finalize", "<action/>", "<fault>")
}

// sso asks the token service; values are pairs.
func (e *edge) sso(path string, headers []string, values ...string) *httptest.ResponseRecorder {
	e.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(values); i += 2 {
		form.Set(values[i], values[i+1])
	}
	headers = append([]string{"Authorization:", "Content-Type: application/x-www-form-urlencoded", "Accept: application/json"}, headers...)
	return e.do("POST", "/ovirt-engine/"+path, form.Encode(), headers...)
}

// TestTokens is api-v4 1.3 to 1.6.
func TestTokens(t *testing.T) {
	e := newEdge(t)
	w := e.sso("sso/oauth/token", nil, "grant_type", "password", "scope", "ovirt-app-api", "username", "admin@internal", "password", password)
	var token struct {
		Token string `json:"access_token"`
		Exp   string `json:"exp"`
		Type  string `json:"token_type"`
		Scope string `json:"scope"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &token); err != nil || w.Code != 200 || token.Token == "" || token.Type != "bearer" || token.Exp == "" || !strings.HasPrefix(token.Scope, "ovirt-app-api ") {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	bearer := "Authorization: Bearer " + token.Token
	for _, path := range []string{newAPI, "/api/vms", newAPI + "/disks"} {
		e.check(e.do("GET", path, "", bearer), 200, path)
	}
	e.check(e.sso("sso/oauth/token-info", nil, "token", token.Token, "scope", "ovirt-ext=token-info:validate"), 200, "token-info", "{}")
	e.check(e.sso("services/sso-logout", nil, "token", "", "scope", ""), 200, "logout of nobody", "{}")
	e.check(e.do("GET", newAPI, "", bearer), 200, "still")
	e.check(e.sso("services/sso-logout", nil, "token", token.Token, "scope", "ovirt-app-api"), 200, "logout", "{}")
	e.check(e.do("GET", newAPI, "", bearer), 401, "after the logout", "invalid_grant: The provided authorization grant for the auth code has expired.")
	e.check(e.sso("sso/oauth/token-info", nil, "token", token.Token, "scope", "ovirt-ext=token-info:validate"), 400, "token-info", "invalid_grant")
	for name, c := range map[string]struct {
		headers []string
		values  []string
		want    string
	}{
		"wrong password": {nil, []string{"grant_type", "password", "scope", "ovirt-app-api", "username", "admin@internal", "password", "guess"}, `"error_code":"access_denied"`},
		"other scope":    {nil, []string{"grant_type", "password", "scope", "x", "username", "admin@internal", "password", "guess"}, `"error":"access_denied","error_description"`},
		"no user":        {nil, []string{"grant_type", "password", "scope", "ovirt-app-api", "password", "guess"}, "Missing parameter: 'username'"},
		"no grant":       {nil, []string{"scope", "ovirt-app-api"}, "Missing parameter: 'grant_type'"},
		"other grant":    {nil, []string{"grant_type", "authorization_code", "scope", "ovirt-app-api"}, "unsupported_grant_type"},
		"any answer":     {[]string{"Accept: */*"}, []string{"grant_type", "password", "scope", "ovirt-app-api"}, "Accept Header"},
	} {
		w := e.sso("sso/oauth/token", c.headers, c.values...)
		e.check(w, 400, name, c.want)
		if w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s: %s", name, w.Header().Get("Content-Type"))
		}
	}
	// Basic beside a form does not count; by itself it is a grant of its own.
	basic := "Authorization: Basic YWRtaW46eA=="
	e.check(e.sso("sso/oauth/token", []string{basic}, "grant_type", "password", "scope", "ovirt-app-api", "username", "admin@internal", "password", password), 200, "beside Basic")
	w = e.do("POST", "/ovirt-engine/sso/oauth/token-http-auth", "grant_type=urn%3Aovirt%3Aparams%3Aoauth%3Agrant-type%3Ahttp&scope=ovirt-app-api",
		"Accept: application/json", "Content-Type: application/x-www-form-urlencoded")
	e.check(w, 200, "token-http-auth", "access_token")
	e.want(400, "GET", "/ovirt-engine/services/pki-resource?resource=secrets", "", "no such certificate")
}
