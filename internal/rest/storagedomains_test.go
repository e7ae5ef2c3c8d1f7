package rest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const defaultCenter = "/api/datacenters/00000002-0002-0002-0002-00000000021c/storagedomains"

// TestStorageDomains drives a storage domain over version 3 through its whole life.
func TestStorageDomains(t *testing.T) {
	e := newEdge(t)
	path := filepath.Join(t.TempDir(), "more")
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	body := func(storage, more string) string {
		return "<storage_domain><host><name>local</name></host><type>data</type><storage>" + storage + "</storage>" + more + "</storage_domain>"
	}
	local := "<type>localfs</type><path>" + path + "</path>"
	for _, refused := range []struct {
		code int
		body string
		want string
	}{
		{400, "<storage_domain/>", "StorageDomain [host.id|name, type, storage] required for add"},
		{400, body("<type>nfs</type>", ""), "StorageDomain [storage.address, storage.path, name] required for add"},
		{400, body("<type>posixfs</type><path>/dev/x</path>", "<name>x</name>"), "StorageDomain [storage.vfsType] required for add"},
		{400, body("<type>iscsi</type>", "<name>x</name>"), "not supported"},
		{400, body("<type>gibberish</type><path>/x</path>", "<name>x</name>"), "is not a member of StorageType"},
		{400, strings.Replace(body(local, "<name>x</name>"), "data", "image", 1), "is not a member of StorageDomainType"},
		{404, strings.Replace(body(local, "<name>x</name>"), "local<", "nobody<", 1), "Entity not found: Hosts: name=nobody"},
		{400, body(local, "<name>local-data</name>"), "already in use"},
		{400, body("<type>localfs</type><path>x</path>", "<name>x</name>"), "from the root on"},
	} {
		e.want(refused.code, "POST", "/api/storagedomains", refused.body, refused.want)
	}
	made := e.want(201, "POST", "/api/storagedomains", body(local, "<name>more</name><storage_format>v3</storage_format><wipe_after_delete>true</wipe_after_delete>"))
	id := idIn(t, made)
	for _, want := range []string{"<state>unattached</state>", "<wipe_after_delete>true</wipe_after_delete>", "<path>" + path + "</path>", "<storage_format>v3</storage_format>"} {
		if !strings.Contains(made, want) {
			t.Errorf("there is no %s in %s", want, made)
		}
	}
	e.want(400, "POST", defaultCenter, "<storage_domain/>", "StorageDomain [id|name] required for add")
	attached := e.want(201, "POST", defaultCenter, "<storage_domain><name>more</name></storage_domain>")
	for _, want := range []string{"<state>active</state>", defaultCenter + "/" + id + "/deactivate", "<available>"} {
		if !strings.Contains(attached, want) {
			t.Errorf("there is no %s in %s", want, attached)
		}
	}
	disk := e.want(202, "POST", "/api/storagedomains/"+id+"/disks", "<disk><format>cow</format><interface>virtio</interface><provisioned_size>1048576</provisioned_size></disk>")
	diskID := idIn(t, disk)
	e.wait("/api/disks/"+diskID, "<state>ok</state>")
	if shown := e.want(200, "GET", "/api/storagedomains/"+id+"/disks", ""); !strings.Contains(shown, diskID) || !strings.Contains(shown, "<wipe_after_delete>true") {
		t.Errorf("the disks are %s", shown)
	}
	e.want(200, "PUT", "/api/storagedomains/"+id, "<storage_domain><name>renamed</name><comment>ours</comment></storage_domain>")
	e.want(404, "POST", strings.Replace(defaultCenter, "021c", "021d", 1)+"/"+id+"/deactivate", "<action/>", "Entity not found")
	e.want(409, "POST", defaultCenter+"/"+id+"/activate", "<action/>", "status is active")
	e.want(200, "POST", defaultCenter+"/"+id+"/deactivate", "<action/>")
	e.want(200, "DELETE", defaultCenter+"/"+id, "")
	e.want(400, "DELETE", "/api/storagedomains/"+id, "", "StorageDomain [host.id|name] required for remove")
	e.want(409, "DELETE", "/api/storagedomains/"+id, "<storage_domain><host><name>local</name></host></storage_domain>", "holds 1 disks that are known")
	e.want(200, "DELETE", "/api/storagedomains/"+id, "<storage_domain><destroy>true</destroy></storage_domain>")
	e.want(404, "GET", "/api/disks/"+diskID, "", "")

	// What was destroyed is still on the storage: the disk can be registered again.
	e.want(409, "POST", "/api/storagedomains", body(local, "<name>again</name>"), "can be imported")
	e.want(201, "POST", "/api/storagedomains", body(local, "<import>true</import>"))
	e.want(201, "POST", defaultCenter, `<storage_domain id="`+id+`"/>`)
	if shown := e.want(200, "GET", "/api/storagedomains/"+id+"/disks;unregistered=true", ""); !strings.Contains(shown, diskID) {
		t.Errorf("the disks to register are %s", shown)
	}
	e.want(201, "POST", "/api/storagedomains/"+id+"/disks;unregistered=true", `<disk id="`+diskID+`"><alias>found</alias></disk>`)
	e.wait("/api/disks/"+diskID, "<alias>found</alias>")
	e.want(409, "POST", "/api/storagedomains/"+id+"/disks;unregistered=true", `<disk id="`+diskID+`"/>`, "known already, by the alias found")
	e.want(400, "POST", "/api/storagedomains/"+id+"/vms/"+diskID+"/register", "<action/>", "Action [cluster.id|name] required for register")
	e.want(404, "POST", "/api/storagedomains/"+id+"/vms/"+diskID+"/register", "<action><cluster><name>Default</name></cluster></action>", "Entity not found")
}
