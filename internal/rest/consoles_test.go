package rest_test

import (
	"strings"
	"testing"
)

// TestConsoles: displays in both versions, the files by which they are opened, passes
// and pictures.
func TestConsoles(t *testing.T) {
	e := newEdge(t)
	id := e.addVM("web1", "<console enabled=\"true\"/>")
	at, at4 := "/api/vms/"+id, "/ovirt-engine/api/v4/vms/"+id
	const vv = "Accept: application/x-virt-viewer"
	e.check(e.do("GET", at+"/graphicsconsoles/564e43", "", vv), 409, "a file of a VM that is down", "<fault>", "in Down status")
	e.want(409, "POST", at4+"/graphicsconsoles/766e63/remoteviewerconnectionfile", "<action/>", "in Down status")
	e.want(409, "POST", at4+"/screenshot", "", "in Down status")
	e.want(200, "GET", at4+"/graphicsconsoles", "", `id="766e63"`, "<protocol>vnc</protocol>", "!<port>")
	e.want(200, "GET", at4+"/graphicsconsoles?current=true", "", "!<graphics_console ")
	e.want(200, "POST", at+"/start", "<action/>")
	e.wait(at, "<state>up</state>")

	file := e.do("GET", at+"/graphicsconsoles/564e43", "", vv)
	e.check(file, 200, "a file for remote-viewer", "[virt-viewer]\ntype=vnc\nhost=127.0.0.1\nport=5900\npassword=", "\ntitle=web1:")
	if kind, kept := file.Header().Get("Content-Type"), file.Header().Get("Cache-Control"); kind != "application/x-virt-viewer" || kept != "no-store" {
		t.Errorf("it is %s, kept: %s", kind, kept)
	}
	e.check(e.do("GET", at+"/graphicsconsoles/564e43", "", "Accept: application/xml, application/x-virt-viewer;q=0.5"), 200, "with XML preferred", "<graphics_console ")
	e.check(e.do("GET", at+"/graphicsconsoles/5350494345", "", vv), 404, "what it does not have", "<fault>")
	e.check(e.do("GET", at, "", vv), 406, "what is no display")
	e.want(200, "GET", at4+"/graphicsconsoles/766e63?current=true", "", "<port>5900</port>", `rel="remoteviewerconnectionfile"`, `rel="proxyticket"`, `rel="ticket"`)
	e.want(200, "POST", at4+"/graphicsconsoles/766e63/remoteviewerconnectionfile", "", "<remote_viewer_connection_file>[virt-viewer]", "<status>complete</status>")
	e.want(404, "POST", at4+"/graphicsconsoles/7370696365/ticket", "<action/>", "<fault>")

	// Seconds in version 4, minutes in version 3.
	e.want(200, "POST", at4+"/ticket", "<action><ticket><value>sesame</value><expiry>90</expiry></ticket></action>", "<value>sesame</value>", "<expiry>90</expiry>")
	e.want(200, "POST", at4+"/graphicsconsoles/766e63/ticket", "", "<expiry>7200</expiry>")
	e.want(200, "POST", at4+"/ticket", "<action><ticket><expiry>0</expiry></ticket></action>", "<expiry>0</expiry>")
	for _, expiry := range []string{"-1", "31536001", "2147483647"} {
		e.want(400, "POST", at4+"/ticket", "<action><ticket><expiry>"+expiry+"</expiry></ticket></action>", "expiry must be between 0", "!<value>")
	}
	e.want(200, "POST", at+"/ticket", "<action/>", "<expiry>120</expiry>")

	for _, pass := range []string{at + "/graphicsconsoles/564e43/proxyticket", at4 + "/graphicsconsoles/766e63/proxyticket", at + "/serialticket", at4 + "/serialticket"} {
		one, two := e.want(200, "POST", pass, "<action/>", "<proxy_ticket>"), e.want(200, "POST", pass, "<action/>")
		if value := between(one, "<value>", "</value>"); len(value) != 43 || value == between(two, "<value>", "</value>") {
			t.Errorf("%s gives the pass %q", pass, value)
		}
	}
	picture := e.do("POST", at4+"/screenshot", "")
	if picture.Code != 200 || picture.Header().Get("Content-Type") != "image/png" || !strings.HasPrefix(picture.Body.String(), "\x89PNG") {
		t.Errorf("a picture is answered with %d %s", picture.Code, picture.Header().Get("Content-Type"))
	}

	// The way through the engine is for VNC.
	spice := e.addVM("web2", "<display><type>spice</type></display>")
	e.want(200, "POST", "/api/vms/"+spice+"/start", "<action/>")
	e.wait("/api/vms/"+spice, "<state>up</state>")
	e.want(409, "POST", "/ovirt-engine/api/v4/vms/"+spice+"/graphicsconsoles/7370696365/proxyticket", "<action/>", "It has no VNC display.")

	// Who may see the VM and not connect to it sees no picture and gets no file.
	bob := e.addUser("bob")
	e.give(at, bob, "PowerUserRole")
	e.check(e.do("POST", at4+"/screenshot", "", as("bob")), 403, "a picture for bob", "not authorized")
	e.check(e.do("GET", at4+"/graphicsconsoles/766e63", "", as("bob"), vv), 403, "a file for bob", "not authorized")
	e.check(e.do("POST", at4+"/serialticket", "<action/>", as("bob")), 403, "a pass for bob", "not authorized")
}

// between is what stands between two texts.
func between(text, from, to string) string {
	_, after, _ := strings.Cut(text, from)
	found, _, _ := strings.Cut(after, to)
	return found
}
