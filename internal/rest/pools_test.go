package rest_test

import (
	"regexp"
	"strings"
	"testing"
)

// addPool makes a pool of a template with a disk, and returns its id when its VMs are
// made.
func (e *edge) addPool(name, template string, elements ...string) string {
	e.t.Helper()
	made := e.want(202, "POST", "/api/vmpools", "<vmpool><name>"+name+"</name><cluster><name>Default</name></cluster><template><name>"+template+
		"</name></template>"+strings.Join(elements, "")+"</vmpool>", `rel="creation_status"`, "<state>pending</state>")
	status := regexp.MustCompile(`href="([^"]*/creation_status/[^"]*)"`).FindStringSubmatch(made)[1]
	e.wait(status, "<state>complete</state>")
	return idIn(e.t, made)
}

// TestPools is the life of a pool over version 3.
func TestPools(t *testing.T) {
	e := newEdge(t)
	vm, _ := e.withDisk("golden")
	template := e.addTemplate("web", vm)
	e.want(400, "POST", "/api/vmpools", "<vmpool/>", "VmPool [name, template.id|name, cluster.id|name] required for add")
	e.want(400, "POST", "/api/vmpools", `<vmpool><name>x</name><type>odd</type><cluster><name>Default</name></cluster><template id="`+template+`"/></vmpool>`,
		"odd is not a member of VmPoolType. Possible values for VmPoolType are: automatic, manual")
	pool := e.addPool("desk", "web", "<size>2</size><type>manual</type><description>desks</description><soundcard_enabled>true</soundcard_enabled>")
	at := "/api/vmpools/" + pool
	validate(t, "a pool", e.want(200, "GET", at, "", "<size>2</size>", "<type>manual</type>", "<max_user_vms>1</max_user_vms>", "<prestarted_vms>0</prestarted_vms>",
		"<description>desks</description>", "<soundcard_enabled>true</soundcard_enabled>", `<template href="/api/templates/`+template+`"`, `rel="allocatevm"`, `rel="permissions"`))
	e.want(200, "GET", "/api/vmpools?search=name%3Ddesk+and+type%3Dmanual+and+assigned_vm_count%3D2+and+cluster%3DDefault", "", pool)
	e.want(200, "GET", "/api/vmpools?search=running_vm_count%3E0", "", "!"+pool)
	members := e.want(200, "GET", "/api/vms?search=pool%3Ddesk", "", "desk-1", "desk-2", "!golden", `<vmpool href="`+at+`"`)
	member := idIn(t, members[strings.Index(members, "<vm "):])

	e.want(200, "PUT", at, "<vmpool><size>3</size><comment>c</comment></vmpool>", "<size>3</size>", "<comment>c</comment>")
	e.wait("/api/vms?search=pool%3Ddesk+and+status%3Ddown", "desk-3")
	e.want(200, "PUT", at, "<vmpool><size>2</size></vmpool>", "<size>2</size>")
	e.want(409, "PUT", at, `<vmpool id="`+unknownID+`"/>`, "immutable field: id")
	e.want(400, "PUT", at, "<vmpool><prestarted_vms>5</prestarted_vms></vmpool>", "[Cannot edit VM-Pool. More VMs are to be prestarted than the VM-Pool has.]")
	e.want(404, "PUT", "/api/vmpools/"+unknownID, "<vmpool/>")

	e.want(409, "PUT", "/api/vms/"+member, "<vm><description>x</description></vm>", "[Cannot edit VM. VM is attached to a VM Pool.]")
	e.want(409, "DELETE", "/api/vms/"+member, "", "[Cannot remove VM. VM is attached to a VM Pool.]")
	e.want(409, "DELETE", "/api/templates/"+template, "", "is used by: desk-1, desk-2")

	given := e.want(200, "POST", at+"/allocatevm", "<action><async>false</async></action>", "<state>complete</state>", "<vm href=", "<job ")
	id := regexp.MustCompile(`<vm href="/api/vms/[^"]*" id="([^"]*)"`).FindStringSubmatch(given)[1]
	status := regexp.MustCompile(`<action href="([^"]*)"`).FindStringSubmatch(given)[1]
	e.want(200, "GET", status, "", "<state>complete</state>")
	e.want(409, "POST", at+"/allocatevm", "<action/>", "<state>failed</state>", "The user has as many VMs of the VM-Pool as one may have: 1.")
	e.wait("/api/vms/"+id, "<state>up</state>")
	e.want(409, "POST", "/api/vms/"+id+"/detach", "<action/>", "[Cannot detach VM from VM-Pool. VM is running.]")
	e.want(409, "DELETE", at, "", "[Cannot remove VM-Pool. VM is running.]")
	e.want(200, "POST", "/api/vms/"+id+"/stop", "<action/>")
	e.want(200, "POST", "/api/vms/"+id+"/detach", "<action/>", "<state>complete</state>", "!<job ")
	e.want(200, "GET", "/api/vms/"+id, "", "!<vmpool")
	e.want(400, "POST", "/api/vms/"+id+"/detach", "<action/>", "[User is not authorized to perform this action.]")
	e.want(200, "GET", at, "", "<size>1</size>")
	e.want(200, "DELETE", at, "")
	e.want(404, "GET", at, "")
	e.want(200, "GET", "/api/vms", "", "!desk-2")
	e.want(200, "GET", "/api/vms/"+id+"/disks", "", "<state>ok</state>")
}

// TestPools4 is the same over version 4.
func TestPools4(t *testing.T) {
	e := newEdge(t)
	vm, _ := e.withDisk("golden")
	template := e.addTemplate("web", vm)
	const all = newAPI + "/v4/vmpools"
	made := e.want(202, "POST", all, `<vm_pool><name>desk</name><cluster><name>Default</name></cluster><template id="`+template+`"/>
		<size>1</size><stateful>true</stateful><max_user_vms>2</max_user_vms></vm_pool>`, "<creation_status>pending</creation_status>")
	at := all + "/" + idIn(t, made)
	e.wait(regexp.MustCompile(`href="([^"]*/creation_status/[^"]*)"`).FindStringSubmatch(made)[1], "<status>complete</status>")
	e.want(200, "GET", all, "", "<vm_pools>", "<vm_pool ", "<stateful>true</stateful>", "<max_user_vms>2</max_user_vms>", `rel="allocatevm"`)
	e.want(200, "PUT", at, "<vm_pool><size>2</size><stateful>false</stateful></vm_pool>", "<size>2</size>", "<stateful>false</stateful>")
	e.want(400, "POST", all, "<vm_pool/>", "VmPool [name, cluster.id|name, template.id|name] required for add")
	e.wait("/api/vms?search=pool%3Ddesk+and+status%3Ddown", "desk-2")
	given := e.want(200, "POST", at+"/allocatevm", "<action><async>false</async></action>", "<status>complete</status>", "<vm href=")
	id := regexp.MustCompile(`<vm href="[^"]*/vms/[^"]*" id="([^"]*)"`).FindStringSubmatch(given)[1]
	e.wait("/api/vms/"+id, "<state>up</state>")
	e.want(409, "DELETE", at, "", "[Cannot remove VM-Pool. VM is running.]")
	detach := newAPI + "/v4/vms/" + id + "/detach"
	e.want(409, "POST", detach, "<action/>", "<status>failed</status>", "[Cannot detach VM from VM-Pool. VM is running.]")
	e.want(200, "POST", "/api/vms/"+id+"/stop", "<action/>")
	e.want(200, "POST", detach, "<action/>", "<status>complete</status>")
	e.want(200, "GET", at, "", "<size>1</size>")
	e.want(403, "POST", detach, "<action/>", "[User is not authorized to perform this action.]")
	e.want(404, "POST", newAPI+"/v4/vms/"+unknownID+"/detach", "<action/>")
	e.want(200, "DELETE", at, "", "<status>complete</status>")
	e.want(404, "GET", at, "")
	e.want(200, "GET", "/api/vms/"+id, "", "!<vmpool")
}

// TestUsersOfPools: with the filtered view a user finds the pool that was given, takes a
// VM of it, and sees that one only.
func TestUsersOfPools(t *testing.T) {
	e := newEdge(t)
	vm, _ := e.withDisk("golden")
	e.addTemplate("web", vm)
	pool := e.addPool("desk", "web", "<size>2</size>")
	other := e.addPool("other", "web", "<size>1</size>")
	user := e.addUser("alice")
	e.give("/api/vmpools/"+pool, user, "UserRole")
	as := []string{basic("alice@internal", password), filter}
	listed := e.do("GET", "/api/vmpools", "", as...).Body.String()
	if !strings.Contains(listed, pool) || strings.Contains(listed, other) {
		t.Errorf("the user sees %s", listed)
	}
	if seen := e.do("GET", "/api/vms", "", as...).Body.String(); strings.Contains(seen, "desk-") {
		t.Errorf("the user sees %s", seen)
	}
	e.check(e.do("POST", "/api/vmpools/"+other+"/allocatevm", "<action/>", as...), 400, "another pool", "User is not authorized to perform this action.")
	e.check(e.do("POST", "/api/vmpools/"+pool+"/allocatevm", "<action><async>false</async></action>", as...), 200, "allocatevm", "<vm href=")
	if seen := e.do("GET", "/api/vms", "", as...).Body.String(); !strings.Contains(seen, "desk-1") || strings.Contains(seen, "desk-2") {
		t.Errorf("the user sees %s", seen)
	}
	e.want(200, "GET", "/api/vmpools/"+pool+"/permissions", "", `<vmpool href="/api/vmpools/`+pool)
}
