package rest_test

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestFormatIsNegotiated(t *testing.T) {
	e := newEdge(t)
	for accept, want := range map[string]string{
		"":                     "xml",
		"*/*":                  "xml",
		"application/xml":      "xml",
		"text/xml":             "xml",
		"APPLICATION/JSON":     "json",
		"application/json":     "json",
		"application/*":        "xml",
		"text/html, */*;q=0.1": "xml",
		"application/xml;q=0.5, application/json":                  "json",
		"application/json;q=0.5, application/xml;q=0.4":            "json",
		"application/xml; detail=disks; detail=nics":               "xml",
		"application/json;detail=disks":                            "json",
		"image/png, application/json":                              "json",
		"application/xml; detail=disks; detail=nics; detail=hosts": "xml",
	} {
		w := e.do("GET", "/api", "", "Accept: "+accept)
		if got := w.Header().Get("Content-Type"); w.Code != 200 || !strings.HasPrefix(got, "application/"+want) {
			t.Errorf("Accept %q is answered with %d, %q", accept, w.Code, got)
		}
	}
	if w := e.do("GET", "/api?accept=application/json", "", "Accept: application/xml"); !strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") {
		t.Error("the query parameter accept does not win")
	}
	w := e.do("POST", "/api/tags", `<tag><name>a</name></tag>`, "Accept: application/json")
	if w.Code != 201 || !json.Valid(w.Body.Bytes()) {
		t.Errorf("XML in, JSON out: %d %s", w.Code, w.Body)
	}
	w = e.do("POST", "/api/tags", `{"name":"b"}`, "Content-Type: application/json; charset=utf-8", "Accept: application/xml")
	if w.Code != 201 || !strings.Contains(w.Body.String(), "<name>b</name>") {
		t.Errorf("JSON in, XML out: %d %s", w.Code, w.Body)
	}
	if w = e.do("POST", "/api/vms/"+e.addVM("web1")+"/stop", `{}`, "Content-Type: application/json", "Accept: application/json"); w.Code != 200 {
		t.Errorf("an empty action in JSON: %d %s", w.Code, w.Body)
	}
}

// Details can be given in three ways and be joined (api-v3 1.3).
func TestDetails(t *testing.T) {
	e := newEdge(t)
	e.addVM("web1")
	e.addVM("web2")
	for _, c := range []struct {
		path, accept string
		want         []string
	}{
		{"/api/vms", "application/xml; detail=disks; detail=nics", []string{"<disks/>", "<nics/>", "!<tags", "!<size>"}},
		{"/api/vms;detail=disks;detail=tags", "", []string{"<disks/>", "<tags/>", "!<nics"}},
		{"/api/vms?detail=statistics", "", []string{"<statistics>", "memory.installed"}},
		{"/api/vms;detail=size", "", []string{"<size>2</size>", "<name>web1</name>"}},
		{"/api/vms;detail=-main+size", "", []string{"<size>2</size>", "!<vm "}},
		{"/api/vms;max=1;detail=size", "", []string{"<size>1</size>", "<name>web1</name>", "!web2"}},
		{"/api/events;detail=-main+size", "", []string{"<size>", "!<event "}},
		{"/api/hosts;detail=statistics;detail=size", "", []string{"<size>1</size>"}},
	} {
		w := e.do("GET", c.path, "", "Accept: "+c.accept)
		e.check(w, 200, c.path, c.want...)
		validate(t, c.path, w.Body.String())
	}
	vm := idIn(t, e.want(200, "GET", "/api/vms;max=1", ""))
	e.want(200, "GET", "/api/vms/"+vm, "", "!<virtio_scsi", "!<console", "!<soundcard_enabled")
	w := e.do("GET", "/api/vms/"+vm, "", "All-Content: true")
	e.check(w, 200, "All-Content", `<virtio_scsi enabled="true"/>`, `<console enabled="false"/>`, "<soundcard_enabled>false")
	validate(t, "All-Content", w.Body.String())
}
