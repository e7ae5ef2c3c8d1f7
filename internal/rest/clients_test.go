package rest_test

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The tests in this file are the rules of "what real clients send and need", by
// its numbers.

// 1.1 URLs: prefixes, slashes, matrix parameters, forms of queries.
func TestClientsURLs(t *testing.T) {
	e := newEdge(t)
	vm := e.addVM("web1")
	for path, prefix := range map[string]string{
		"/api/vms/" + vm: "/api", "/ovirt-engine/api/v3/vms/" + vm: "/ovirt-engine/api/v3",
		"/api//vms//" + vm: "/api", "/api/vms/" + vm + "/": "/api", "//api///vms/" + vm + "//": "/api",
		"/api/vms/" + strings.ToUpper(vm): "/api",
	} {
		body := e.want(200, "GET", path, "", `<vm href="`+prefix+`/vms/`+vm+`" id="`+vm+`">`)
		for _, href := range regexp.MustCompile(`href="([^"]*)"`).FindAllStringSubmatch(body, -1) {
			if !strings.HasPrefix(href[1], prefix+"/") {
				t.Errorf("%s links to %s", path, href[1])
			}
		}
	}
	w := e.do("GET", "/ovirt-engine/api/vms/"+vm, "", "version: 3")
	e.check(w, 200, "Version: 3", `<vm href="/ovirt-engine/api/vms/`+vm)
	for _, path := range []string{"/api/", "/api", "/ovirt-engine/api/v3/", "//api//"} {
		e.want(200, "GET", path, "", "<product_info>")
	}
	e.want(200, "POST", "/ovirt-engine/api/v3//vms/"+vm+"//stop/", "<action/>", "<state>complete</state>")
	for query, texts := range map[string][]string{
		"/api/vms;max=20": {"web1"},
		"/api/vms;max=0":  {"<vms/>"},
		"/api/vms?max=1":  {"web1"},
		"/api/vms;max=1;case_sensitive=false?search=WEB1":    {"web1"},
		"/api/vms?case_sensitive=false&search=name%3DWEB1":   {"web1"},
		"/api/vms?search=name%3DWEB1":                        {"<vms/>"},
		"/api/vms?search=name%3Dweb1":                        {"web1"},
		"/api/vms/?search=name%3Dweb1":                       {"web1"},
		"/api/vms?search=+datacenter%3D%22Default%22":        {"web1"},
		"/api/vms?search=":                                   {"web1"},
		"/api/vms?search=SORTBY%20NAME%20ASC%20page%201":     {"web1"},
		"/api/vms?search=page%202":                           {"<vms/>"},
		"/api/vms?search=status%3Ddown":                      {"web1"},
		"/api/vms?search=status%3Dpoweringup":                {"<vms/>"},
		"/api/vms?search=we*":                                {"web1"},
		"/api/events?search=severity%3Derror":                {"<events/>"},
		"/api/events?search=severity%3Dnormal":               {"VM web1 was created"},
		"/api/events?search=Vms.name%3Dweb1":                 {"VM web1 was created"},
		"/api/events;max=1":                                  {"<event "},
		"/api/events?search=sortby%20time%20asc%20page%201":  {"<event "},
		"/api/vms?all_content=true":                          {"<virtio_scsi"},
		"/api/vms/" + vm + "/cdroms?current":                 {"<cdrom "},
		"/api/vms/" + vm + "/graphicsconsoles;current=true":  {"<graphics_consoles/>"},
		"/api/vms?follow=a,b.c":                              {"web1"},
		"/api/datacenters?search=storage.name%3Dlocal-data":  {"<name>Default</name>"},
		"/api/hosts?search=name%3Dlocal%20and%20status%3Dup": {"<name>local</name>"},
		"/api/storagedomains?search=name%3Dlocal-iso":        {"<name>local-iso</name>", "!local-data"},
		"/api/jobs;max=1":                                    {"<jobs"},
	} {
		e.want(200, "GET", query, "", texts...)
	}
	// Python's True, in a matrix parameter.
	e.want(202, "DELETE", "/api/vms/"+vm+";async=True", "", "<state>pending</state>")
}

// 1.2 Headers: the correlation id is kept, and made where there is none.
func TestClientsCorrelationID(t *testing.T) {
	e := newEdge(t)
	vm := e.addVM("web1")
	w := e.do("POST", "/api/vms/"+vm+"/start", "<action/>", "Correlation-Id: my-id")
	if w.Header().Get("Correlation-Id") != "my-id" {
		t.Errorf("answered with %q", w.Header().Get("Correlation-Id"))
	}
	e.want(200, "GET", "/api/events?search=correlation_id%3Dmy-id", "", "<correlation_id>my-id</correlation_id>", "!was created")
	w = e.do("POST", "/api/vms/"+vm+"/stop?correlation_id=other", "<action/>")
	if w.Header().Get("Correlation-Id") != "other" {
		t.Errorf("answered with %q", w.Header().Get("Correlation-Id"))
	}
	first, second := e.do("GET", "/api", "").Header().Get("Correlation-Id"), e.do("GET", "/api", "").Header().Get("Correlation-Id")
	if first == "" || first == second {
		t.Errorf("made-up ids %q and %q", first, second)
	}
}

// 1.2 Expect: a client that waits gets 201, one that does not 202.
func TestClientsExpect(t *testing.T) {
	e := newEdge(t)
	at := "/api/vms/" + e.addVM("web1")
	disk := "<disk><size>1048576</size><format>cow</format><interface>virtio</interface></disk>"
	for _, header := range []string{"Expect", "X-Ovirt-Expect"} {
		e.check(e.do("POST", at+"/disks", disk, header+": 201-created"), 201, header, "<state>ok</state>")
	}
	e.check(e.do("DELETE", at, "", "X-Ovirt-Expect: 202-accepted"), 202, "DELETE", "<state>pending</state>")
}

// 1.3 A body on GET, announced and missing, over HTTP/1.1.
func TestClientsAnnouncedBodyThatNeverComes(t *testing.T) {
	e := newEdge(t)
	server := httptest.NewServer(e.api)
	defer server.Close()
	for _, credentials := range []string{"", "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("admin@internal:"+password)) + "\r\n"} {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, "GET /api/vms HTTP/1.1\r\nHost: h\r\nContent-Type: application/xml\r\nContent-Length: 17\r\n"+credentials+"\r\n"); err != nil {
			t.Fatal(err)
		}
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		want := http.StatusOK
		if credentials == "" {
			want = http.StatusUnauthorized
		}
		if answer.StatusCode != want || !answer.Close {
			t.Errorf("code %d, close %v", answer.StatusCode, answer.Close)
		}
		_ = conn.Close()
	}
}

// 1.3 The same body, sent, over both protocols.
func TestClientsBodyOnGet(t *testing.T) {
	e := newEdge(t)
	server := httptest.NewUnstartedServer(e.api)
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	for _, h2 := range []bool{false, true} {
		transport := server.Client().Transport.(*http.Transport).Clone()
		transport.ForceAttemptHTTP2 = h2
		if !h2 {
			transport.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
			transport.TLSClientConfig.NextProtos = []string{"http/1.1"}
		}
		for range 3 {
			request, err := http.NewRequest("GET", server.URL+"/api/vms", strings.NewReader("<action></action>"))
			if err != nil {
				t.Fatal(err)
			}
			request.SetBasicAuth("admin@internal", password)
			request.Header.Set("Content-Type", "application/xml")
			answer, err := (&http.Client{Transport: transport}).Do(request)
			if err != nil {
				t.Fatal(err)
			}
			if body := readAll(t, answer.Body); answer.StatusCode != 200 || !strings.Contains(body, "<vms") || (answer.ProtoMajor == 2) != h2 {
				t.Errorf("h2 %v: %s %d %s", h2, answer.Proto, answer.StatusCode, body)
			}
			_ = answer.Body.Close()
		}
		transport.CloseIdleConnections()
	}
}

// 1.4 XML layout, as text: fence_rhevm and the SDK look at nothing else.
func TestClientsXMLLayout(t *testing.T) {
	e := newEdge(t)
	vm := e.addVM("web1")
	body := e.want(200, "GET", "/api/vms/?search=name%3Dweb1", "")
	if !strings.HasPrefix(body, `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`) {
		t.Errorf("it begins with %.80q", body)
	}
	if found := regexp.MustCompile(`<vm( .*)? id="(.*?)"`).FindStringSubmatch(body); found == nil || found[2] != vm {
		t.Errorf("fence_rhevm finds %v", found)
	}
	name := strings.Index(body, "<name>")
	state := strings.Index(body, "<state>")
	if !strings.HasPrefix(body[name:], "<name>web1</name>") || !strings.HasPrefix(body[state:], "<state>down</state>") {
		t.Error("the first name or state is not the VM's")
	}
	w := e.do("POST", "/api/vms", "<vm><name>a < b & c</name></vm>")
	if w.Code != 400 || !strings.HasPrefix(w.Body.String(), `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`) {
		t.Errorf("unescaped XML is answered with %d %s", w.Code, w.Body)
	}
	if !regexp.MustCompile(`^(application|text)/xml(;.*)?$`).MatchString(w.Header().Get("Content-Type")) {
		t.Errorf("Content-Type %q", w.Header().Get("Content-Type"))
	}
	e.want(200, "GET", "/api/vms?search=name%3Dnothere", "", "<vms/>")
	escaped := e.want(201, "POST", "/api/tags", "<tag><name>t</name><description>a &lt; b &amp; \"c\"</description></tag>")
	if !strings.Contains(escaped, "a &lt; b &amp; ") {
		t.Errorf("not escaped: %s", escaped)
	}
	if !regexp.MustCompile(`<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)</time>`).MatchString(e.want(200, "GET", "/api", "")) {
		t.Error("the time of the root has another form")
	}
}

// 1.5 JSON: scalars as text, longs and dates as numbers, links in arrays.
func TestClientsJSON(t *testing.T) {
	e := newEdge(t)
	vm := e.addVM("web1")
	accept := "Accept: application/json"
	body := e.do("GET", "/api/vms", "", accept).Body.String()
	for _, part := range []string{
		`{"vm":[{"href":"/api/vms/` + vm + `"`, `"memory":134217728`, `"stateless":"false"`, `"topology":{"sockets":"1","cores":"1","threads":"1"}`,
		`"actions":{"link":[{"href":`, `"status":{"state":"down"}`, `"boot":[{"dev":"hd"}]`, `"os":{"type":"other"`,
	} {
		if !strings.Contains(body, part) {
			t.Errorf("no %s in\n%s", part, body)
		}
	}
	if !regexp.MustCompile(`"creation_time":1\d{12}`).MatchString(body) {
		t.Error("creation_time is no number of milliseconds")
	}
	if empty := e.do("GET", "/api/vms?search=name%3Dnothere", "", accept).Body.String(); empty != "{}" {
		t.Errorf("an empty collection is %s", empty)
	}
	for _, value := range []string{`"268435456"`, `268435456`} {
		w := e.do("PUT", "/api/vms/"+vm, `{"memory":`+value+`,"delete_protected":false,"cpu":{"topology":{"sockets":"2"}}}`, accept, "Content-Type: application/json")
		e.check(w, 200, value, `"memory":268435456`, `"sockets":"2"`)
	}
}

// 1.6 Codes: unknown ids are 404 before the action is looked at, DELETE is 200.
func TestClientsCodes(t *testing.T) {
	e := newEdge(t)
	vm := e.addVM("web1")
	for _, action := range []string{"start", "stop", "shutdown", "suspend", "reboot"} {
		e.want(404, "POST", "/api/vms/"+unknownID+"/"+action, "<action/>", "<action>", "<fault>")
	}
	for _, action := range []string{"stop", "shutdown"} {
		e.want(200, "POST", "/api/vms/"+vm+"/"+action, "<action />", "<state>complete</state>")
	}
	for _, action := range []string{"suspend", "reboot"} {
		e.want(409, "POST", "/api/vms/"+vm+"/"+action, "<action/>", "<state>failed</state>", "<detail>[Cannot")
	}
	e.want(200, "DELETE", "/api/vms/"+vm, "<action><force>true</force></action>")
	e.want(200, "DELETE", "/api/vms/"+e.addVM("web2")+"?force=true", "")
	e.want(200, "DELETE", "/api/vms/"+e.addVM("web3"), "")
}

// 2.1 fence_rhevm: its requests, to the letter.
func TestClientsFence(t *testing.T) {
	e := newEdge(t)
	vm := e.addVM("web1")
	headers := []string{"Version: 3", "Content-type: application/xml", "Accept: application/xml", "Prefer: persistent-auth", "Filter: true"}
	root := e.do("GET", "/ovirt-engine/api/", "", headers...)
	e.check(root, 200, "the root", "!<title>Error</title>")
	e.check(e.do("GET", "/ovirt-engine/api/vms/?search=name%3Dweb1", "", headers...), 200, "status", `id="`+vm+`"`, "<state>down</state>")
	e.check(e.do("POST", "/ovirt-engine/api/vms/"+vm+"/start", "<action />", headers...), 200, "on")
	e.wait("/api/vms/"+vm, "<state>up</state>")
	e.check(e.do("POST", "/ovirt-engine/api/vms/"+vm+"/stop", "<action />", headers...), 200, "off")
	e.wait("/api/vms/"+vm, "<state>down</state>")
	e.check(e.do("GET", "/ovirt-engine/api/vms", "", headers...), 200, "list", "<name>web1</name>")
}
