package rest_test

import (
	"regexp"
	"strings"
	"testing"
)

var domainIDs = regexp.MustCompile(`<storage_domain href="[^"]*" id="([^"]*)"`)

// TestExport exports a VM as the specification prints it (example 15.57), lists what lies
// in the domain, imports it as another one and removes it.
func TestExport(t *testing.T) {
	e := newEdge(t)
	vm, disk := e.withDisk("web")
	domain := domainIDs.FindStringSubmatch(e.want(200, "GET", "/api/storagedomains?search=name%3Dlocal-export", ""))[1]
	at := "/api/storagedomains/" + domain
	e.want(400, "POST", "/api/vms/"+vm+"/export", "<action/>",
		"<reason>Incomplete parameters</reason>", "<detail>Action [storageDomain.id|name] required for export</detail>")
	e.want(404, "POST", "/api/vms/"+vm+"/export", "<action><storage_domain><name>nowhere</name></storage_domain></action>")
	e.want(400, "POST", "/api/vms/"+vm+"/export", `<action><storage_domain id="`+strings.Replace(domain, domain[:8], "00000000", 1)+`"/></action>`,
		"[Cannot export VM. Storage Domain doesn't exist.]")
	e.want(400, "POST", "/api/vms/"+vm+"/export", "<action><storage_domain><name>local-data</name></storage_domain></action>",
		"is not an export domain.")

	said := e.want(202, "POST", "/api/vms/"+vm+"/export", `
<action>
    <storage_domain>
        <name>local-export</name>
    </storage_domain>
    <exclusive>true</exclusive>
    <discard_snapshots>true</discard_snapshots>
</action>`, "<exclusive>true</exclusive>", "<discard_snapshots>true</discard_snapshots>", `rel="replay"`, "<job ")
	validate(t, "an export", said)
	state := regexp.MustCompile(`<action href="([^"]*)"`).FindStringSubmatch(said)[1]
	e.wait(state, "<state>complete</state>")
	e.wait("/api/vms/"+vm, "<state>down</state>")
	e.want(409, "POST", "/api/vms/"+vm+"/export", "<action><storage_domain><name>local-export</name></storage_domain></action>",
		"VM with the same identifier already exists.")

	listed := e.want(200, "GET", at+"/vms", "", vm, "<name>web</name>", "/vms/"+vm+"/import")
	validate(t, "exported VMs", listed)
	validate(t, "an exported VM", e.want(200, "GET", at+"/vms/"+vm, "", "<state>down</state>", at+"/vms/"+vm+"/disks"))
	validate(t, "exported disks", e.want(200, "GET", at+"/vms/"+vm+"/disks", "", disk, "<bootable>true</bootable>"))
	e.want(200, "GET", at+"/vms/"+vm+"/disks/"+disk, "", "<alias>system</alias>")
	e.want(404, "GET", at+"/vms/"+disk, "")
	e.want(200, "GET", at+"/templates", "", "!<template ")
	e.want(404, "GET", at+"/templates/"+vm, "")

	importing := func(more string) string {
		return "<action><cluster><name>Default</name></cluster><storage_domain><name>local-data</name></storage_domain>" + more + "</action>"
	}
	e.want(400, "POST", at+"/vms/"+vm+"/import", "<action/>", "Action [cluster.id|name, storageDomain.id|name] required for doImport")
	e.want(409, "POST", at+"/vms/"+vm+"/import", importing(""), "VM with the same identifier already exists.")
	e.want(404, "POST", at+"/vms/"+disk+"/import", importing(""))
	said = e.want(202, "POST", at+"/vms/"+vm+"/import", importing(`<clone>true</clone><vm><name>again</name>
		<snapshots><collapse_snapshots>true</collapse_snapshots></snapshots>
		<disks><disk id="`+disk+`"><format>raw</format><sparse>true</sparse></disk></disks></vm>`))
	e.wait(regexp.MustCompile(`<action href="([^"]*)"`).FindStringSubmatch(said)[1], "<state>complete</state>")
	again := e.want(200, "GET", "/api/vms?search=name%3Dagain", "", "<state>down</state>")
	made := regexp.MustCompile(`<vm href="[^"]*" id="([^"]*)"`).FindStringSubmatch(again)[1]
	e.want(200, "GET", "/api/vms/"+made+"/disks", "", "<format>raw</format>", "!"+disk)
	e.want(200, "GET", "/api/vms/"+made+"/nics", "", "<name>nic1</name>", "<network ")

	e.want(200, "DELETE", at+"/vms/"+vm, "", "<state>complete</state>")
	e.want(404, "DELETE", at+"/vms/"+vm, "")
	e.want(200, "GET", at+"/vms", "", "!"+vm)
	e.want(200, "GET", "/api/storagedomains/"+domainIDs.FindStringSubmatch(e.want(200, "GET", "/api/storagedomains?search=name%3Dlocal-data", ""))[1]+"/vms", "", "!<vm ")
}

// TestExportTemplate: a template goes out and comes back as another one.
func TestExportTemplate(t *testing.T) {
	e := newEdge(t)
	vm, _ := e.withDisk("golden")
	template := e.addTemplate("web", vm)
	domain := domainIDs.FindStringSubmatch(e.want(200, "GET", "/api/storagedomains?search=name%3Dlocal-export", ""))[1]
	at := "/api/storagedomains/" + domain + "/templates"
	e.want(409, "POST", "/api/templates/00000000-0000-0000-0000-000000000000/export", "<action><storage_domain><name>local-export</name></storage_domain></action>")
	e.want(202, "POST", "/api/templates/"+template+"/export", "<action><storage_domain><name>local-export</name></storage_domain></action>")
	e.wait("/api/templates/"+template, "<state>ok</state>")
	validate(t, "an exported template", e.want(200, "GET", at+"/"+template, "", "<name>web</name>"))
	e.want(200, "GET", at, "", template)
	said := e.want(202, "POST", at+"/"+template+"/import", `<action><cluster><name>Default</name></cluster>
		<storage_domain><name>local-data</name></storage_domain><clone>true</clone><template><name>again</name></template></action>`)
	e.wait(regexp.MustCompile(`<action href="([^"]*)"`).FindStringSubmatch(said)[1], "<state>complete</state>")
	e.want(200, "GET", "/api/templates?search=name%3Dagain", "", "<state>ok</state>")
	e.want(200, "DELETE", at+"/"+template, "")
	e.want(200, "GET", at, "", "!"+template)
}
