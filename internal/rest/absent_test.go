package rest_test

import (
	"strings"
	"testing"
)

// TestWhatCannotExist: an option that would do nothing is refused, and nothing
// changes; an element that asks for nothing is taken.
func TestWhatCannotExist(t *testing.T) {
	e := newEdge(t)
	at := "/api/vms/" + e.addVM("web")
	before := e.want(200, "GET", at, "")
	for element, detail := range map[string]string{
		`<instance_type id="` + unknownID + `"/>`:           "Entity not found: InstanceType: id=" + unknownID,
		`<instance_type><name>Small</name></instance_type>`: "Entity not found: InstanceType: name=Small",
		`<quota id="` + unknownID + `"/>`:                   "Entity not found: Quota: id=" + unknownID,
		`<cpu_profile id="` + unknownID + `"/>`:             "Entity not found: CpuProfile: id=" + unknownID,
		`<small_icon id="` + unknownID + `"/>`:              "Entity not found: Icon: id=" + unknownID,
		`<large_icon id="` + unknownID + `"/>`:              "Entity not found: Icon: id=" + unknownID,
	} {
		body := "<vm><description>changed</description>" + element + "</vm>"
		e.want(404, "PUT", at, body, "<fault>", detail)
		e.want(404, "POST", "/api/vms", strings.Replace(body, "<vm>",
			"<vm><name>other</name><cluster><name>Default</name></cluster><template><name>Blank</name></template>", 1), detail)
	}
	e.want(400, "PUT", at, `<vm><quota id="free"/></vm>`, "not a valid id of a Quota")
	e.want(400, "PUT", at, `<vm><large_icon><media_type>image/png</media_type><data>iVBORw0K</data></large_icon></vm>`, "Icons of VMs are not supported.")
	if after := e.want(200, "GET", at, ""); after != before {
		t.Errorf("it was\n%s\nand is\n%s", before, after)
	}
	e.want(200, "PUT", at, `<vm><instance_type id=""/><quota/><cpu_profile/><small_icon/><large_icon><data/></large_icon></vm>`)
}

// TestWhatDisksCannotHave is the same for disks.
func TestWhatDisksCannotHave(t *testing.T) {
	e := newEdge(t)
	const disk = "<disk><provisioned_size>1048576</provisioned_size><interface>virtio</interface><format>raw</format>"
	at := "/api/vms/" + e.addVM("web") + "/disks"
	e.want(404, "POST", at, disk+`<quota id="`+unknownID+`"/></disk>`, "Entity not found: Quota: id=")
	e.want(404, "POST", at, disk+`<disk_profile id="`+unknownID+`"/></disk>`, "Entity not found: DiskProfile: id=")
	e.want(200, "GET", at, "", "!<disk ")
	e.want(202, "POST", at, disk+`<quota/><disk_profile id=""/></disk>`)
}
