package rest_test

import (
	"strings"
	"testing"
)

// TestListsAreNeverStale: what is kept rendered is the same as what is rendered
// anew, in every way to ask, after every change.
func TestListsAreNeverStale(t *testing.T) {
	e := newEdge(t)
	vm := e.addVM("web1")
	at := "/api/vms/" + vm
	same := func(when string) {
		t.Helper()
		for _, root := range []string{"/api", "/ovirt-engine/api/v3"} {
			for range 2 {
				kept := e.want(200, "GET", root+"/vms", "")
				fresh := e.want(200, "GET", root+"/vms;detail=hosts", "") // a detail that adds nothing
				if kept != fresh {
					// Where the display is becomes known a moment after the guest is there.
					kept = e.want(200, "GET", root+"/vms", "")
				}
				if kept != fresh {
					t.Errorf("%s: kept\n%s\nfresh\n%s", when, kept, fresh)
				}
				if !strings.Contains(kept, `href="`+root+`/vms/`+vm) {
					t.Errorf("%s: links of another root:\n%s", when, kept)
				}
			}
			if all := e.do("GET", root+"/vms", "", "All-Content: true").Body.String(); !strings.Contains(all, "<virtio_scsi") {
				t.Errorf("%s: All-Content is not honoured", when)
			}
			if json := e.do("GET", root+"/vms", "", "Accept: application/json").Body.String(); !strings.HasPrefix(json, `{"vm":[`) {
				t.Errorf("%s: JSON is %.50s", when, json)
			}
		}
	}
	same("at first")
	e.want(200, "PUT", at, "<vm><description>d</description></vm>")
	same("after a change")
	e.want(200, "POST", at+"/start", "<action><pause>true</pause></action>")
	e.wait(at, "<state>paused</state>")
	same("after a start")
	e.want(200, "POST", at+"/stop", "<action/>")
	e.wait(at, "<state>down</state>")
	same("after a stop")
	e.want(200, "DELETE", at, "")
	e.want(200, "GET", "/api/vms", "", "<vms/>")
}
