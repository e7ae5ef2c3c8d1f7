package rest_test

import (
	"regexp"
	"strings"
	"testing"
)

// withDisk makes a VM with a disk and a network interface, and returns the ids of the
// VM and the disk.
func (e *edge) withDisk(name string) (vm, disk string) {
	e.t.Helper()
	vm = e.addVM(name)
	disk = idIn(e.t, e.want(202, "POST", "/api/vms/"+vm+"/disks", `<disk><alias>system</alias><interface>virtio</interface>
		<format>cow</format><provisioned_size>8388608</provisioned_size><bootable>true</bootable></disk>`))
	e.wait("/api/vms/"+vm+"/disks/"+disk, "<state>ok</state>")
	e.want(201, "POST", "/api/vms/"+vm+"/nics", `<nic><name>nic1</name><network><name>ovirtmgmt</name></network></nic>`)
	return vm, disk
}

// addTemplate makes a template of a VM and returns its id when it is ok.
func (e *edge) addTemplate(name, vm string, elements ...string) string {
	e.t.Helper()
	made := e.want(202, "POST", "/api/templates", "<template><name>"+name+`</name><vm id="`+vm+`"/>`+strings.Join(elements, "")+"</template>")
	template := idIn(e.t, made)
	e.wait("/api/templates/"+template, "<state>ok</state>")
	e.wait("/api/vms/"+vm, "<state>down</state>")
	return template
}

var diskIDs = regexp.MustCompile(`<disk href="[^"]*" id="([^"]*)"`)

// TestTemplates makes a template of a VM, a thin VM and a cloned one of that, and
// removes all again, in the order in which it is allowed.
func TestTemplates(t *testing.T) {
	e := newEdge(t)
	vm, disk := e.withDisk("golden")
	made := e.want(202, "POST", "/api/templates", `<template><name>web</name><description>d</description><memory>67108864</memory>
		<vm><name>golden</name><disks><disk id="`+disk+`"><alias>base</alias><format>raw</format></disk></disks></vm></template>`,
		"<creation_status>", `rel="creation_status"`, "<version_number>1</version_number>", "<version_name>base version</version_name>",
		"<memory>67108864</memory>", "!<mac")
	template := idIn(t, made)
	at := "/api/templates/" + template
	validate(t, "a template", e.wait(at, "<state>ok</state>"))
	e.wait("/api/vms/"+vm, "<state>down</state>")

	listed := e.want(200, "GET", at+"/disks", "", "<alias>base</alias>", "<format>raw</format>", "<template ", "!<active>", "!<vm ")
	base := diskIDs.FindStringSubmatch(listed)[1]
	if base == disk {
		t.Fatal("the template has the VM's disk")
	}
	e.want(200, "GET", at+"/disks/"+base, "", "<bootable>true</bootable>")
	e.want(404, "GET", at+"/disks/"+disk, "")
	e.want(200, "GET", "/api/disks/"+base, "", "<template ", "!<vms>")
	e.want(200, "GET", at+"/nics", "", "<name>nic1</name>", "!<mac")
	e.want(200, "GET", at+"/cdroms/00000000-0000-0000-0000-000000000000", "", "<template ")
	for _, below := range []string{"permissions", "tags", "cdroms"} {
		e.want(200, "GET", at+"/"+below, "")
	}
	e.want(200, "GET", "/api/templates?search=name%3Dweb+and+status%3Dok", "", template, "!Blank")

	e.want(409, "DELETE", at+"/disks/"+base, "", "belongs to the template web")
	e.want(409, "DELETE", "/api/disks/"+base, "", "belongs to the template web")
	e.want(409, "POST", "/api/vms/"+vm+"/disks", `<disk id="`+base+`"/>`, "belongs to the template web")

	thin := idIn(t, e.want(202, "POST", "/api/vms", `<vm><name>thin</name><cluster><name>Default</name></cluster><template><name>web</name></template></vm>`,
		"<state>image_locked</state>", "<creation_status>"))
	e.wait("/api/vms/"+thin, "<state>down</state>")
	e.want(200, "GET", "/api/vms/"+thin, "", `<template href="`+at)
	e.want(200, "GET", "/api/vms/"+thin+"/disks", "", "<format>cow</format>", "<alias>base</alias>")
	e.want(200, "GET", "/api/vms/"+thin+"/nics", "", "<mac address=")
	cloned := idIn(t, e.want(202, "POST", "/api/vms", `<vm><name>cloned</name><cluster><name>Default</name></cluster><template id="`+template+`"/>
		<disks><clone>true</clone><disk id="`+base+`"><format>cow</format><sparse>true</sparse></disk></disks></vm>`))
	e.wait("/api/vms/"+cloned, "<state>down</state>")
	e.want(200, "GET", "/api/vms/"+cloned, "", "00000000-0000-0000-0000-000000000000")

	e.want(409, "DELETE", at, "", "is used by: thin")
	e.want(409, "DELETE", "/api/vms/"+thin, `<action><vm><disks><detach_only>true</detach_only></disks></vm></action>`, "stands on a disk of a template")
	e.want(200, "DELETE", "/api/vms/"+thin, "")
	e.want(200, "DELETE", at, "")
	e.want(404, "GET", at, "")
	e.want(404, "GET", "/api/disks/"+base, "")
	e.want(200, "GET", "/api/vms/"+cloned+"/disks", "", "<state>ok</state>")
}

// TestThinDisksAreOfOneSort: what a thin disk cannot be is refused, and nothing made.
func TestThinDisksAreOfOneSort(t *testing.T) {
	e := newEdge(t)
	vm, disk := e.withDisk("golden")
	template := e.addTemplate("web", vm)
	base := diskIDs.FindStringSubmatch(e.want(200, "GET", "/api/templates/"+template+"/disks", ""))[1]
	add := func(disks string) string {
		return `<vm><name>thin</name><cluster><name>Default</name></cluster><template id="` + template + `"/><disks>` + disks + `</disks></vm>`
	}
	e.want(400, "POST", "/api/vms", add(`<disk id="`+base+`"><format>raw</format></disk>`), "of the format cow and sparse")
	e.want(400, "POST", "/api/vms", add(`<disk id="`+base+`"><storage_domains><storage_domain><name>local-export</name></storage_domain></storage_domains></disk>`),
		"same storage domain")
	e.want(404, "POST", "/api/vms", add(`<disk id="`+disk+`"/>`), "Entity not found")
	e.want(400, "POST", "/api/vms", add(`<disk><alias>x</alias></disk>`), "Incomplete parameters")
	e.want(400, "POST", "/api/vms", add(`<clone>true</clone><disk id="`+base+`"><storage_domains><storage_domain><name>local-export</name></storage_domain></storage_domains></disk>`),
		"is not a data storage domain")
	e.want(200, "GET", "/api/vms?search=name%3Dthin", "", "!thin")
}

// TestTemplatesAreRefused: what is incomplete, unknown or not allowed.
func TestTemplatesAreRefused(t *testing.T) {
	e := newEdge(t)
	vm, _ := e.withDisk("golden")
	e.want(400, "POST", "/api/templates", "<template><name>web</name></template>", "Template [vm.id|name] required for add")
	e.want(400, "POST", "/api/templates", `<template><vm id="`+vm+`"/></template>`, "Template [name] required for add")
	e.want(404, "POST", "/api/templates", "<template><name>web</name><vm><name>nobody</name></vm></template>", "Entity not found")
	e.want(400, "POST", "/api/templates", `<template><name>Blank</name><vm id="`+vm+`"/></template>`, "already in use")
	e.want(400, "POST", "/api/templates;seal=maybe", `<template><name>web</name><vm id="`+vm+`"/></template>`, "Illegal value")
	blank := "/api/templates/00000000-0000-0000-0000-000000000000"
	e.want(409, "DELETE", blank, "", "Blank template cannot be removed")
	e.want(409, "PUT", blank, "<template><name>other</name></template>", "Blank template cannot be changed")

	template := e.addTemplate("web", vm)
	e.want(200, "PUT", "/api/templates/"+template, "<template><comment>c</comment><version><version_name>first</version_name></version></template>",
		"<comment>c</comment>", "<version_name>first</version_name>", "<name>web</name>")
	e.want(409, "PUT", "/api/templates/"+template, `<template id="`+vm+`"/>`, "immutable")
	second := e.addTemplate("web", vm, `<version><version_name>second</version_name><base_template id="`+template+`"/></version>`)
	e.want(200, "GET", "/api/templates/"+second, "", "<version_number>2</version_number>", `<base_template href="/api/templates/`+template)
	e.want(400, "POST", "/api/templates", `<template><name>web</name><vm id="`+vm+`"/></template>`, "already in use")
	e.want(409, "DELETE", "/api/templates/"+template, "", "web (second)")

	latest := e.want(202, "POST", "/api/vms", `<vm><name>latest</name><cluster><name>Default</name></cluster><template id="`+template+`"/>
		<use_latest_template_version>true</use_latest_template_version></vm>`, `<template href="/api/templates/`+second)
	e.wait("/api/vms/"+idIn(t, latest), "<state>down</state>")
}

// TestClone: a VM like another, with disks of its own.
func TestClone(t *testing.T) {
	e := newEdge(t)
	vm, disk := e.withDisk("golden")
	e.want(400, "POST", "/api/vms/"+vm+"/clone", "<action/>", "Action [vm.name] required for clone")
	e.want(400, "POST", "/api/vms/"+vm+"/clone", "<action><vm><name>golden</name></vm></action>", "already in use")
	e.want(202, "POST", "/api/vms/"+vm+"/clone", "<action><vm><name>copy</name></vm></action>", "<state>pending</state>", "<job ")
	e.wait("/api/vms?search=name%3Dcopy", "<state>down</state>")
	e.wait("/api/vms/"+vm, "<state>down</state>")
	copied := regexp.MustCompile(`<vm href="[^"]*" id="([^"]*)"`).FindStringSubmatch(e.want(200, "GET", "/api/vms?search=name%3Dcopy", ""))[1]
	e.want(200, "GET", "/api/vms/"+copied+"/disks", "", "<alias>system</alias>", "<state>ok</state>", "!"+disk)
	mac := regexp.MustCompile(`<mac address="([^"]*)"`)
	mine := mac.FindStringSubmatch(e.want(200, "GET", "/api/vms/"+copied+"/nics", ""))[1]
	if theirs := mac.FindStringSubmatch(e.want(200, "GET", "/api/vms/"+vm+"/nics", ""))[1]; mine == theirs {
		t.Errorf("both have the address %s", mine)
	}
	e.want(200, "GET", "/api/events?search=type%3D53", "", "The creation of VM copy is complete.")
}
