package rest_test

import (
	"net/http"
	"testing"
)

// TestMoveAndCopyDisk: the actions of disks, alone and of a VM (api-v3 6.1, 6.2).
func TestMoveAndCopyDisk(t *testing.T) {
	e := newEdge(t)
	at := "/api/vms/" + e.addVM("web1")
	made := e.do("POST", at+"/disks", "<disk><size>1048576</size><format>raw</format><interface>virtio</interface><sparse>true</sparse></disk>", "Expect: 201-created")
	disk := idIn(t, made.Body.String())
	alone, ofVM := "/api/disks/"+disk, at+"/disks/"+disk
	e.want(200, "GET", alone, "", `<link href="`+alone+`/copy" rel="copy"/>`, `<link href="`+alone+`/move" rel="move"/>`)
	e.want(200, "GET", ofVM, "", `<link href="`+ofVM+`/move" rel="move"/>`, "!/copy")
	for _, path := range []string{alone + "/copy", alone + "/move", ofVM + "/move", at + "/move"} {
		if allow := e.do(http.MethodOptions, path, "").Header().Get("Allow"); allow != "POST, OPTIONS" {
			t.Errorf("%s allows %q", path, allow)
		}
		e.want(400, "POST", path, "<action/>", "<reason>Incomplete parameters</reason>", "Action [storageDomain.id|name] required for ")
		e.want(404, "POST", path, "<action><storage_domain><name>none</name></storage_domain></action>", "Entity not found: Storage: name=none")
		e.want(400, "POST", path, `<action><storage_domain id="x"/></action>`, "Invalid value")
		e.want(400, "POST", path, "<action><storage_domain><name>local-iso</name></storage_domain></action>", "is not a data storage domain")
	}
	const here = "<action><async>false</async><storage_domain><name>local-data</name></storage_domain><disk><name>second</name></disk></action>"
	e.want(409, "POST", alone+"/move", here, "is in the storage domain local-data already")
	e.want(404, "POST", "/api/disks/"+unknownID+"/move", here, "<fault>")
	e.want(404, "POST", at+"/disks/"+unknownID+"/move", here, "<fault>")
	e.want(200, "POST", alone+"/copy", here, "<state>complete</state>", `<link href="`+alone+`" rel="parent"/>`, "<name>second</name>")
	e.want(200, "GET", "/api/disks?search=alias%3Dsecond", "", "<alias>second</alias>", "<provisioned_size>1048576</provisioned_size>", "<format>raw</format>")
}
