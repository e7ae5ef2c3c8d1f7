package rest_test

import "testing"

// TestLease: a VM shows in which storage domain it has a lease, and an empty element takes
// it away.
func TestLease(t *testing.T) {
	e := newEdge(t)
	named := func(name string) string {
		for _, domain := range e.engine.Inventory.StorageDomains.Named(name) {
			return string(domain.ID)
		}
		t.Fatalf("there is no storage domain %s", name)
		return ""
	}
	domain := named("local-data")
	given := `<lease><storage_domain id="` + domain + `"/></lease>`
	shown := `<lease>
        <storage_domain href="/api/storagedomains/` + domain + `" id="` + domain + `"/>
    </lease>`
	vm := "/api/vms/" + e.addVM("web", given)
	e.want(200, "GET", vm, "", shown)
	e.want(200, "PUT", vm, "<vm><comment>mine</comment></vm>", shown)
	e.want(200, "PUT", vm, "<vm><lease/></vm>", "!<lease>")
	e.want(200, "GET", vm, "", "!<lease>")
	e.want(200, "PUT", vm, "<vm>"+given+"</vm>", shown)
	e.want(200, "PUT", vm, `<vm><lease><storage_domain><name>local-data</name></storage_domain></lease></vm>`, shown)
	e.want(200, "PUT", vm, "<vm><lease><storage_domain/></lease></vm>", "!<lease>")
	e.want(404, "PUT", vm, `<vm><lease><storage_domain><name>nowhere</name></storage_domain></lease></vm>`, "Storage: name=nowhere")
	e.want(404, "PUT", vm, `<vm><lease><storage_domain id="`+unknownID+`"/></lease></vm>`, "Storage: id="+unknownID)
	e.want(400, "PUT", vm, `<vm><lease><storage_domain id="`+named("local-iso")+`"/></lease></vm>`, "must be in a data domain")
}
