package rest_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

var (
	actionHref = regexp.MustCompile(`<action href="([^"]*)"`)
	madeVM     = regexp.MustCompile(`<vm href="[^"]*" id="([^"]*)"`)
)

// TestArchives4 exports a VM to an OVA file and imports it again, in both formats, over
// the API of version 4 (api-v4 4.6, external_vm_import).
func TestArchives4(t *testing.T) {
	e := newEdge(t)
	vm, _ := e.withDisk("web")
	at, dir := newAPI+"/v4/vms/"+vm+"/export", e.engine.Engine.Archives
	e.want(400, "POST", at, "<action/>", "storageDomain.id|name")
	e.want(400, "POST", at, "<action><host><name>local</name></host></action>", "Action [directory] required for exportToPathOnHost")
	e.want(404, "POST", at, "<action><directory>"+dir+"</directory><host><name>elsewhere</name></host></action>")
	e.want(400, "POST", at, "<action><directory>/etc</directory></action>", "OVA files are kept in "+dir)
	said := e.want(202, "POST", at, "<action><host><name>local</name></host><directory>"+dir+"</directory></action>",
		"<status>pending</status>", `rel="replay"`, "<job ", "<directory>"+dir)
	state := actionHref.FindStringSubmatch(said)[1]
	e.wait(state, "<status>complete</status>")
	e.wait("/api/vms/"+vm, "<state>down</state>")
	if _, err := os.Stat(filepath.Join(dir, "web.ova")); err != nil {
		t.Error(err)
	}
	e.want(409, "POST", at, "<action><directory>"+dir+"</directory><filename>web.ova</filename></action>", "exists already")
	e.want(202, "POST", at, "<action><storage_domain><name>local-export</name></storage_domain></action>", "<job ")
	e.wait("/api/vms/"+vm, "<state>down</state>")

	importing := func(url, more string) string {
		return "<external_vm_import><url>" + url + "</url><cluster><name>Default</name></cluster><storage_domain><name>local-data</name></storage_domain>" + more + "</external_vm_import>"
	}
	imports := newAPI + "/v4/externalvmimports"
	e.want(400, "POST", imports, "<external_vm_import/>", "ExternalVmImport [url, cluster.id|name, storageDomain.id|name] required for add")
	e.want(400, "POST", imports, importing("vpx://x", ""), "begin with ova://")
	e.want(400, "POST", imports, importing("ova:///etc/passwd", ""), "OVA files are kept in")
	e.want(400, "POST", imports, importing("ova://../vireo.db", ""), "OVA files are kept in")
	e.want(400, "POST", imports, importing("ova://absent.ova", ""), "There is no")
	e.want(409, "POST", imports, importing("ova://"+dir+"/web.ova", ""), "same identifier")
	said = e.want(202, "POST", imports, importing("ova://"+dir+"/web.ova",
		"<provider>kvm</provider><sparse>true</sparse><clone>true</clone><host><name>local</name></host><vm><name>again</name></vm>"), "<external_vm_import>", "<vm href")
	made := madeVM.FindStringSubmatch(said)[1]
	e.wait("/api/vms/"+made, "<state>down</state>")
	e.want(200, "GET", "/api/vms/"+made, "", "<name>again</name>")
	w := e.do("POST", imports, `{"url":"ova://web.ova","clone":"true","cluster":{"name":"Default"},"storage_domain":{"name":"local-data"},"vm":{"name":"third"}}`,
		"Content-Type: application/json", "Accept: application/json")
	var answer struct{ VM struct{ ID string } }
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != 202 || answer.VM.ID == "" {
		t.Fatalf("in JSON: %d %s", w.Code, w.Body)
	}
	e.wait("/api/vms/"+answer.VM.ID, "<state>down</state>")
	e.want(400, "POST", newAPI+"/v4/externaltemplateimports", `<external_template_import><url>ova://web.ova</url><cluster><name>Default</name></cluster>
		<storage_domain><name>local-data</name></storage_domain></external_template_import>`, "web.ova holds a VM")
}

// TestTemplateArchives4 does the same with a template.
func TestTemplateArchives4(t *testing.T) {
	e := newEdge(t)
	vm, _ := e.withDisk("web")
	template := idIn(t, e.want(202, "POST", "/api/templates", `<template><name>golden</name><vm id="`+vm+`"/></template>`))
	e.wait("/api/templates/"+template, "<state>ok</state>")
	said := e.want(202, "POST", newAPI+"/v4/templates/"+template+"/export", "<action><directory>.</directory><filename>t.ova</filename></action>")
	e.wait(actionHref.FindStringSubmatch(said)[1], "<status>complete</status>")
	said = e.want(202, "POST", newAPI+"/v4/externaltemplateimports", `<external_template_import><url>ova://t.ova</url><clone>true</clone><cluster><name>Default</name></cluster>
		<storage_domain><name>local-data</name></storage_domain><template><name>another</name></template></external_template_import>`, "<external_template_import>")
	made := regexp.MustCompile(`<template href="[^"]*" id="([^"]*)"`).FindStringSubmatch(said)[1]
	e.wait("/api/templates/"+made, "<state>ok</state>")
	e.want(200, "GET", "/api/templates/"+made, "", "<name>another</name>")
}
