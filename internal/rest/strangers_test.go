package rest_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestStrangers: what lies in a domain and is not known here has no owners, and is
// seen by administrators of the domain and by who may take it; image transfers are
// seen by who may edit their disks. Both versions show a user the same.
func TestStrangers(t *testing.T) {
	e := newEdge(t)
	vm, disk := e.withDisk("web")
	domain := domainIDs.FindStringSubmatch(e.want(200, "GET", "/api/storagedomains?search=name%3Dlocal-export", ""))[1]
	at := "/api/storagedomains/" + domain
	e.want(202, "POST", "/api/vms/"+vm+"/export", "<action><storage_domain><name>local-export</name></storage_domain></action>")
	e.wait("/api/vms/"+vm, "<state>down</state>")
	const transfers = "/ovirt-engine/api/v4/imagetransfers"
	transfer := idIn(t, e.want(201, "POST", transfers, `<image_transfer><disk id="`+disk+`"/><direction>download</direction></image_transfer>`))

	for name, grants := range map[string]struct {
		role, on                      string
		exports, hisDisk, hisTransfer bool
	}{
		"maker":    {"DiskCreator", at, false, false, false},
		"importer": {"VmImporterExporter", at, true, false, false},
		"keeper":   {"StorageAdmin", at, true, false, false},
		"owner":    {"DiskOperator", "/api/disks/" + disk, false, true, true},
		"reader":   {"UserRole", "/api/disks/" + disk, false, true, false},
	} {
		e.give(grants.on, e.addUser(name), grants.role)
		shown := func(path, id string, want bool) {
			t.Helper()
			list, one := e.do("GET", path, "", as(name), filter), e.do("GET", path+"/"+id, "", as(name), filter)
			code := map[bool]int{true: http.StatusOK, false: http.StatusNotFound}[want]
			if strings.Contains(list.Body.String(), id) != want || one.Code != code {
				t.Errorf("%s: %s is listed %q, and answered with %d\n%s", name, path, list.Body, one.Code, one.Body)
			}
		}
		shown(at+"/vms", vm, grants.exports)
		shown("/ovirt-engine/api/v4/disks", disk, grants.hisDisk)
		shown("/api/disks", disk, grants.hisDisk)
		shown(transfers, transfer, grants.hisTransfer)
	}
	e.want(200, "POST", transfers+"/"+transfer+"/cancel", "<action/>")
	e.wait("/api/disks/"+disk, "<state>ok</state>")
}
