package rest_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// FuzzRequests sends anything to the whole surface: nothing panics, nothing ends
// as an internal failure, and every refusal has a body.
func FuzzRequests(f *testing.F) {
	e := newEdge(f)
	vm := e.addVM("web1")
	at := "/api/vms/" + vm
	for _, seed := range []struct{ method, path, body, header string }{
		{"GET", "/api", "", "application/json"},
		{"GET", "/api/vms;max=1;detail=-main+size?search=name%3Dw* and memory>1 sortby name desc page 1", "", "*/*"},
		{"GET", "/api/events;from=1?search=severity>normal or time<today", "", "application/xml; detail=disks"},
		{"POST", "/api/vms", "<vm><name>n</name><cluster><name>Default</name></cluster><template><name>Blank</name></template></vm>", ""},
		{"POST", at + "/start", "<action><grace_period><expiry>5</expiry></grace_period><vm/></action>", ""},
		{"POST", at + "/start", `{"use_cloud_init":"true","vm":{"initialization":{"root_password":"x","cloud_init":{"files":{"file":[{"name":"/x","content":"eA==","type":"base64"}]}}}}}`, "application/json"},
		{"PUT", at, `<vm><payloads><payload type="floppy"><file name="a"><content>******</content></file></payload></payloads></vm>`, "application/xml"},
		{"POST", at + "/stop", `{"async":"true","vm":{"disks":{"detach_only":1}}}`, "application/json"},
		{"PUT", at + ";next_run", e.do("GET", at, "").Body.String(), "text/xml"},
		{"PUT", at, e.do("GET", at, "", "Accept: application/json").Body.String(), "application/json"},
		{"POST", at + "/nics", "<nic><name>eth0</name><mac address='00:1a:4a:16:01:51'/></nic>", ""},
		{"POST", at + "/disks", "<disk><size>1048576</size><format>raw</format><interface>ide</interface></disk>", ""},
		{"PUT", at + "/cdroms/00000000-0000-0000-0000-000000000000;current", `<cdrom><file id="../x"/></cdrom>`, ""},
		{"POST", "/api/tags", "<tag><name>t</name><parent><tag><name>root</name></tag></parent></tag>", ""},
		{"DELETE", at + ";async;force=true", "<action/>", ""},
		{"GET", at + "/start/" + unknownID + ",%2C;x", "", ""},
		{"OPTIONS", "/ovirt-engine/api/v3//vms/;a=b;c", "", ""},
	} {
		f.Add(seed.method, seed.path, seed.body, seed.header)
	}
	f.Fuzz(func(t *testing.T, method, path, body, header string) {
		target, err := url.Parse(path)
		if err != nil || !strings.HasPrefix(path, "/") || strings.ContainsAny(header, "\r\n") {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		r := httptest.NewRequestWithContext(ctx, "GET", "/", strings.NewReader(body))
		r.Method, r.URL = method, target
		r.Header.Set("Accept", header)
		r.Header.Set("Content-Type", header)
		r.SetBasicAuth("admin@internal", password)
		w := httptest.NewRecorder()
		e.api.ServeHTTP(w, r)
		if w.Code >= 500 || w.Code >= 400 && w.Body.Len() == 0 && method != http.MethodHead {
			t.Errorf("%s %s: %d %s", method, path, w.Code, w.Body)
		}
	})
}
