package rest_test

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"vireo/internal/auth/ldap/ldaptest"
	"vireo/internal/host/fake"
	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/server"
	"vireo/internal/store"
)

const filter = "Filter: true"

// account adds a user to the directory.
func (e *edge) account(name string) {
	e.t.Helper()
	if err := e.engine.AddUser(context.Background(), name, server.UserSettings{Password: password}); err != nil {
		e.t.Fatal(err)
	}
}

// addUser adds a user to directory and system, and returns the user's id.
func (e *edge) addUser(name string) string {
	e.t.Helper()
	e.account(name)
	return idIn(e.t, e.want(201, "POST", "/api/users", "<user><user_name>"+name+"@internal</user_name></user>"))
}

// as is a login.
func as(name string) string { return basic(name+"@internal", password) }

// give gives a role on an object, as the administrator.
func (e *edge) give(at, user, role string) string {
	e.t.Helper()
	return idIn(e.t, e.want(201, "POST", at+"/permissions",
		fmt.Sprintf(`<permission><user id="%s"/><role><name>%s</name></role></permission>`, user, role)))
}

// names are the names in a list, by the order of the answer.
func names(body string) []string {
	var found []string
	for _, match := range regexp.MustCompile(`(?m)^        <name>([^<]*)</name>`).FindAllStringSubmatch(body, -1) {
		found = append(found, match[1])
	}
	return found
}

// TestUsers: a user of the directory is added, given something, logs in and is
// removed again.
func TestUsers(t *testing.T) {
	e := newEdge(t)
	e.account("alice")
	const internal = "/api/domains/696E7465726E616C"
	e.want(200, "GET", "/api/users", "", "!alice")
	list := e.want(200, "GET", internal+"/users", "", "<user_name>alice@internal</user_name>", "<user_name>admin@internal</user_name>", "!argon2")
	validate(t, "the users of a domain", list)
	e.want(200, "GET", internal+"/users?search=name%3Da*", "", "alice", "admin")
	e.want(200, "GET", internal+"/users?search=name%3Dal*", "", "alice", "!admin")
	e.check(e.do("GET", "/api", "", as("alice")), 401, "nothing was given to alice")

	for _, body := range []string{
		"<user><user_name>nobody@internal</user_name></user>",
		"<user><user_name>nobody</user_name><domain><name>internal</name></domain></user>",
	} {
		e.want(400, "POST", "/api/users", body, "<detail>No such user: nobody in domain internal</detail>")
	}
	e.want(400, "POST", "/api/users", "<user/>", "User [userName] required for add")
	e.want(400, "POST", "/api/users", "<user><user_name>alice</user_name></user>", "User [domain.id|name] required for add")
	e.want(404, "POST", "/api/users", "<user><user_name>alice</user_name><domain><name>elsewhere</name></domain></user>", "Entity not found: Domain: name=elsewhere")
	added := e.want(201, "POST", "/api/users", `<user><user_name>alice</user_name><domain id="696E7465726E616C"/></user>`, "<user_name>alice@internal</user_name>")
	validate(t, "a user", added)
	alice := idIn(t, added)
	if again := idIn(t, e.want(201, "POST", "/api/users", "<user><user_name>alice@internal</user_name></user>")); again != alice {
		t.Errorf("added twice she is %s and %s", alice, again)
	}
	e.want(200, "GET", internal+"/users/"+alice, "", `href="`+internal+"/users/"+alice+`"`)
	vm := e.addVM("web")
	permission := e.give("/api/vms/"+vm, alice, "UserRole")
	e.check(e.do("GET", "/api", "", as("alice")), 200, "she may log in", "!<summary>")
	e.want(200, "GET", "/api/users/"+alice+"/permissions", "", permission, `<vm href="/api/vms/`+vm)
	e.want(200, "GET", "/api/users/"+alice+"/roles", "", "<roles/>")
	token := sessionOf(t, e.do("GET", "/api", "", as("alice"), "Prefer: persistent-auth"))
	session := []string{"Authorization:", "Cookie: JSESSIONID=" + token, "Prefer: persistent-auth", filter}
	e.check(e.do("GET", "/api/vms", "", session...), 200, "her session", "<name>web</name>")

	e.want(200, "DELETE", "/api/users/"+alice, "")
	e.want(404, "GET", "/api/users/"+alice, "")
	e.check(e.do("GET", "/api/vms", "", session...), 401, "her session is over")
	e.want(200, "GET", "/api/vms/"+vm+"/permissions", "", "!"+permission)
	e.want(200, "GET", internal+"/users", "", "alice@internal")
	admin := idIn(t, strings.ReplaceAll(e.want(200, "GET", "/api/users?search=admin", ""), "<users>", ""))
	e.want(409, "DELETE", "/api/users/"+admin, "", "The last user of the domain internal who may do everything must stay.")
}

// TestSessionsEnd: with another password, and when the user is disabled.
func TestSessionsEnd(t *testing.T) {
	e := newEdge(t)
	ctx := context.Background()
	for _, end := range []func() error{
		func() error { return e.engine.SetPassword(ctx, "alice", password+"!") },
		func() error { return e.engine.SetPassword(ctx, "alice@internal", password) },
		func() error { return e.engine.DoUser(ctx, "alice", server.UserDisable) },
	} {
		if len(e.engine.Inventory.Users.Named("alice@internal")) == 0 {
			if err := e.engine.AddUser(ctx, "alice", server.UserSettings{Password: password, Role: "ReadOnlyAdmin"}); err != nil {
				t.Fatal(err)
			}
		}
		w := e.do("GET", "/api", "", as("alice"), "Prefer: persistent-auth")
		if w.Code == 401 {
			w = e.do("GET", "/api", "", basic("alice@internal", password+"!"), "Prefer: persistent-auth")
		}
		session := []string{"Authorization:", "Cookie: JSESSIONID=" + sessionOf(t, w), "Prefer: persistent-auth"}
		e.check(e.do("GET", "/api/vms", "", session...), 200, "the session")
		if err := end(); err != nil {
			t.Fatal(err)
		}
		e.check(e.do("GET", "/api/vms", "", session...), 401, "the session is over")
	}
	e.check(e.do("GET", "/api", "", as("alice")), 401, "disabled")
	if err := e.engine.DoUser(ctx, "alice", server.UserEnable); err != nil {
		t.Fatal(err)
	}
	e.check(e.do("GET", "/api", "", as("alice")), 200, "enabled")
}

// TestRoles: own roles come, change and go; the predefined ones stay what they are.
func TestRoles(t *testing.T) {
	e := newEdge(t)
	const permits = `<permits><permit id="22"/><permit><name>login</name></permit></permits>`
	made := e.want(201, "POST", "/api/roles", "<role><name>starters</name>"+permits+"</role>", "<mutable>true</mutable>", "<administrative>false</administrative>")
	validate(t, "a role", made)
	role := "/api/roles/" + idIn(t, made)
	e.want(200, "GET", role+"/permits", "", "<name>run_vm</name>", "<name>login</name>", "!stop_vm")
	e.want(201, "POST", role+"/permits", "<permit><name>stop_vm</name></permit>", `id="18"`)
	e.want(200, "DELETE", role+"/permits/22", "")
	e.want(404, "DELETE", role+"/permits/22", "")
	e.want(200, "PUT", role, "<role><description>who stop</description></role>", "<description>who stop</description>")
	e.want(200, "GET", role+"/permits", "", "!run_vm", "<name>login</name>", "<name>stop_vm</name>")
	e.want(400, "POST", "/api/roles", "<role/>", "Role [name, permits.id] required for add")
	e.want(400, "POST", "/api/roles", "<role><name>STARTERS</name>"+permits+"</role>", "already in use")
	e.want(404, "POST", "/api/roles", `<role><name>x</name><permits><permit id="99999"/></permits></role>`, "Entity not found: Permit: id=99999")
	e.want(400, "POST", "/api/roles", `<role><name>x</name><permits><permit id="502"/><permit id="700"/></permits></role>`, "for administrative roles only")
	e.want(201, "POST", "/api/roles", `<role><name>x</name><administrative>true</administrative><permits><permit id="700"/></permits></role>`)
	e.want(400, "PUT", role, "<role><administrative>true</administrative></role>", "cannot be changed")
	user := e.addUser("alice")
	given := e.give("/api/vms/"+e.addVM("web"), user, "starters")
	e.want(409, "DELETE", role, "", "is given to users or groups")
	e.want(200, "DELETE", "/api/permissions/"+given, "")
	e.want(200, "DELETE", role, "")
	e.want(404, "GET", role, "")
	for _, fixed := range []string{"00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0001-000000000001"} {
		at := "/api/roles/" + fixed
		e.want(409, "PUT", at, "<role><description>mine</description></role>", "is predefined and cannot be changed")
		e.want(409, "DELETE", at, "", "is predefined")
		e.want(409, "POST", at+"/permits", `<permit id="700"/>`, "is predefined")
		e.want(409, "DELETE", at+"/permits/1300", "", "is predefined")
	}
}

// TestPermissions: on every object that has them, and what cannot be given.
func TestPermissions(t *testing.T) {
	e := newEdge(t)
	alice := e.addUser("alice")
	vm := e.addVM("web")
	first := func(list string) string {
		for _, match := range hrefs.FindAllStringSubmatch(e.want(200, "GET", list, ""), -1) {
			if strings.HasPrefix(match[2], list+"/") {
				return match[2]
			}
		}
		t.Fatalf("nothing in %s", list)
		return ""
	}
	disk := "/api/disks/" + idIn(t, e.want(202, "POST", "/api/disks", `<disk><alias>d</alias><provisioned_size>1048576</provisioned_size><interface>virtio</interface><format>raw</format>
		<storage_domains><storage_domain><name>local-data</name></storage_domain></storage_domains></disk>`))
	e.wait(disk, "<state>ok</state>")
	objects := []string{
		first("/api/datacenters"), first("/api/clusters"), first("/api/hosts"), first("/api/storagedomains"), first("/api/networks"),
		first("/api/templates"), "/api/vms/" + vm, disk,
	}
	for _, at := range objects {
		id := e.give(at, alice, "UserVmManager")
		if again := e.give(at, alice, "UserVmManager"); again != id {
			t.Errorf("%s: given twice it is %s and %s", at, id, again)
		}
		one := e.want(200, "GET", at+"/permissions/"+id, "", `href="`+at+"/permissions/"+id+`"`, `<user href="/api/users/`+alice, "<role ")
		validate(t, "a permission", one)
		e.want(200, "GET", at+"/permissions", "", id)
		e.want(200, "GET", "/api/permissions/"+id, "")
		e.want(404, "GET", "/api/templates/00000000-0000-0000-0000-000000000001/permissions/"+id, "")
		e.want(200, "DELETE", at+"/permissions/"+id, "")
		e.want(404, "DELETE", at+"/permissions/"+id, "")
		e.want(200, "GET", at+"/permissions", "", "!"+id)
	}
	system := e.give("/api", alice, "UserRole")
	e.want(200, "GET", "/api/permissions", "", system)
	e.want(200, "GET", "/api/users/"+alice+"/roles", "", "<name>UserRole</name>")
	e.want(404, "DELETE", "/api/vms/"+vm+"/permissions/"+system, "")
	mine := "/api/users/" + alice + "/permissions"
	onVM := idIn(t, e.want(201, "POST", mine, `<permission><role><name>UserRole</name></role><vm id="`+vm+`"/></permission>`, mine))
	e.want(200, "GET", "/api/vms/"+vm+"/permissions", "", onVM)
	everyone := idIn(t, e.want(201, "POST", "/api/vms/"+vm+"/permissions",
		`<permission><role><name>UserRole</name></role><group id="eee00000-0000-0000-0000-123456789eee"/></permission>`, `<group href="/api/groups/eee00000`, "!<user"))
	e.want(200, "GET", "/api/groups/eee00000-0000-0000-0000-123456789eee/permissions", "", everyone)

	at := "/api/vms/" + vm + "/permissions"
	e.want(400, "POST", at, "<permission/>", "Permission [role.id|name, user.id|group.id] required for add")
	e.want(400, "POST", mine, "<permission><role><name>UserRole</name></role></permission>", "|vm|", "required for add")
	e.want(404, "POST", at, `<permission><user id="`+unknownID+`"/><role><name>UserRole</name></role></permission>`, "Entity not found: Users: id="+unknownID)
	e.want(404, "POST", at, `<permission><user id="`+alice+`"/><role><name>Boss</name></role></permission>`, "Entity not found: Role: name=Boss")
	e.want(404, "POST", mine, `<permission><vm id="`+unknownID+`"/><role><name>UserRole</name></role></permission>`, "Entity not found: VMs: id="+unknownID)
	e.want(200, "DELETE", "/api/vms/"+vm, "")
	e.wait("/api/permissions", system)
	for _, gone := range []string{onVM, everyone} {
		e.want(404, "GET", "/api/permissions/"+gone, "")
	}
}

// TestRolesOfPeople: what somebody has on the system is a role of theirs, which can be
// taken away there (api-v3 6.4).
func TestRolesOfPeople(t *testing.T) {
	e := newEdge(t)
	alice := e.addUser("alice")
	made := e.want(201, "POST", "/api/roles", `<role><name>starters</name><permits><permit id="22"/></permits></role>`)
	role := idIn(t, made)
	e.give("/api", alice, "starters")
	e.give("/api/vms/"+e.addVM("web"), alice, "UserRole")
	const everyone = "/api/groups/eee00000-0000-0000-0000-123456789eee"
	e.want(201, "POST", "/api/permissions", `<permission><role id="`+role+`"/><group id="eee00000-0000-0000-0000-123456789eee"/></permission>`)
	for _, holder := range []string{"/api/users/" + alice, everyone} {
		at := holder + "/roles/" + role
		e.want(200, "GET", holder+"/roles", "", role, "!<name>UserRole</name>")
		e.want(200, "GET", at+"/permits", "", "<name>run_vm</name>")
		e.want(200, "GET", at+"/permits/22", "", "<name>run_vm</name>")
		e.want(404, "GET", at+"/permits/18", "")
		e.want(201, "POST", at+"/permits", "<permit><name>stop_vm</name></permit>", `id="18"`)
		e.want(200, "DELETE", at+"/permits/18", "")
		e.want(200, "DELETE", at, "")
		e.want(404, "DELETE", at, "")
		e.want(404, "GET", at+"/permits", "")
		e.want(404, "POST", at+"/permits", "<permit><name>stop_vm</name></permit>")
	}
	e.want(200, "GET", "/api/users/"+alice+"/permissions", "", "!"+role)
	e.want(404, "DELETE", "/api/users/"+unknownID+"/roles/"+role, "")
	for _, super := range []string{"/api/users/" + idIn(t, strings.ReplaceAll(e.want(200, "GET", "/api/users?search=admin", ""), "<users>", ""))} {
		e.want(409, "DELETE", super+"/roles/00000000-0000-0000-0000-000000000001", "", "must stay")
	}
}

// TestTagsOfOthers: templates, hosts, users and groups have tags as VMs do, by which
// they are found.
func TestTagsOfOthers(t *testing.T) {
	e := newEdge(t)
	alice := e.addUser("alice")
	e.give("/api/vms/"+e.addVM("web"), alice, "UserRole")
	group := &model.Group{ID: model.NewID(), Name: "staff", Domain: "corp.example.com"}
	err := e.engine.Inventory.Update(t.Context(), func(tx *inventory.Tx) error { tx.Groups.Put(group); return nil })
	if err != nil {
		t.Fatal(err)
	}
	tag := idIn(t, e.want(201, "POST", "/api/tags", "<tag><name>green</name></tag>"))
	host := regexp.MustCompile(`<host href="[^"]*" id="([^"]*)"`).FindStringSubmatch(e.want(200, "GET", "/api/hosts", ""))[1]
	for collection, id := range map[string]string{
		"templates": string(model.BlankID), "hosts": host, "users": alice, "groups": string(group.ID),
	} {
		noun, at := strings.TrimSuffix(collection, "s"), "/api/"+collection+"/"+id
		e.want(200, "GET", at, "", `rel="tags"`)
		e.want(200, "GET", at+"/tags", "", "<tags/>")
		e.want(404, "GET", at+"/tags/"+tag, "")
		e.want(200, "GET", "/api/"+collection+"?search=tag%3Dgreen", "", "!"+id)
		e.want(400, "POST", at+"/tags", "<tag/>", "Tag [id|name] required for ")
		e.want(404, "POST", at+"/tags", "<tag><name>blue</name></tag>")
		e.want(404, "POST", "/api/"+collection+"/"+unknownID+"/tags", "<tag><name>green</name></tag>")
		validate(t, "a tag of a "+noun, e.want(201, "POST", at+"/tags", "<tag><name>green</name></tag>", `<`+noun+` href="`+at+`" id="`+id+`"/>`, `href="`+at+"/tags/"+tag+`"`))
		e.want(200, "GET", at+"/tags", "", "<name>green</name>")
		e.want(200, "GET", at+"/tags/"+tag, "", "<name>green</name>")
		e.want(200, "GET", "/api/"+collection+"?search=tag%3Dgreen", "", id)
		refused := e.do("POST", at+"/tags", "<tag><name>green</name></tag>", as("alice"), filter)
		if refused.Code != 400 && refused.Code != 404 { // a host is not seen
			t.Errorf("alice puts a tag on a %s: %d", noun, refused.Code)
		}
		e.want(200, "DELETE", at+"/tags/"+tag, "")
		e.want(404, "DELETE", at+"/tags/"+tag, "")
		e.want(200, "GET", at+"/tags", "", "<tags/>")
	}
}

// TestNobodyRises: who may give roles gives no more than that, and the last of those
// who may do everything stays.
func TestNobodyRises(t *testing.T) {
	e := newEdge(t)
	alice, bob := e.addUser("alice"), e.addUser("bob")
	vm := "/api/vms/" + e.addVM("web")
	e.give(vm, alice, "UserVmManager")
	const body = `<permission><user id="%s"/><role><name>%s</name></role></permission>`
	e.check(e.do("POST", vm+"/permissions", fmt.Sprintf(body, bob, "UserRole"), as("alice"), filter), 201, "her VM is hers to share", bob)
	e.check(e.do("POST", vm+"/permissions", fmt.Sprintf(body, alice, "SuperUser"), as("alice"), filter), 400, "no administrators", "Only a system wide SuperUser")
	e.check(e.do("POST", "/api/permissions", fmt.Sprintf(body, alice, "UserRole"), as("alice"), filter), 400, "not on the system", "User is not authorized to perform this action.")
	e.check(e.do("POST", vm+"/permissions", fmt.Sprintf(body, bob, "UserVmManager"), as("bob"), filter), 400, "bob may not share", "User is not authorized")
	e.check(e.do("POST", "/api/roles", "<role><name>x</name><permits><permit id=\"22\"/></permits></role>", as("alice"), filter), 400, "no roles", "User is not authorized")
	center := "/api/datacenters/00000002-0002-0002-0002-00000000021c"
	e.give(center, bob, "DataCenterAdmin")
	e.check(e.do("POST", center+"/permissions", fmt.Sprintf(body, bob, "StorageAdmin"), as("bob")), 400, "an administrator makes no others", "Only a system wide SuperUser")
	list := e.want(200, "GET", "/api/permissions", "")
	for _, found := range regexp.MustCompile(`<permission href="([^"]*)"`).FindAllStringSubmatch(list, -1) {
		e.want(409, "DELETE", found[1], "", "must stay")
	}
}

// TestFilteredLists: what users see, in lists and by id.
func TestFilteredLists(t *testing.T) {
	e := newEdge(t)
	alice := e.addUser("alice")
	mine, other := "/api/vms/"+e.addVM("mine"), "/api/vms/"+e.addVM("other")
	for _, vm := range []string{mine, other} {
		disk := idIn(t, e.want(202, "POST", vm+"/disks", `<disk><alias>of `+vm[len(vm)-4:]+`</alias><provisioned_size>1048576</provisioned_size><interface>virtio</interface><format>raw</format></disk>`))
		e.wait("/api/disks/"+disk, "<state>ok</state>")
	}
	e.give(mine, alice, "UserRole")
	see := func(path string, want ...string) {
		t.Helper()
		w := e.do("GET", path, "", as("alice"), filter)
		e.check(w, 200, "alice: "+path)
		if got := names(w.Body.String()); !slices.Equal(got, want) {
			t.Errorf("%s: she sees %q, want %q", path, got, want)
		}
	}
	see("/api/vms", "mine")
	see("/api/vms?search=name%3Dother")
	see("/api/clusters", "Default")
	see("/api/datacenters", "Default")
	see("/api/hosts")
	see("/api/storagedomains", "local-iso")
	see("/api/templates", "Blank")
	see("/api/networks", "ovirtmgmt")
	see("/api/users", "alice")
	see("/api/groups", "Everyone")
	see("/api/disks", "of "+mine[len(mine)-4:])
	see("/api/tags")
	e.check(e.do("GET", mine, "", as("alice"), filter), 200, "her VM", "!<host ", "!<placement_policy>")
	e.check(e.do("GET", other, "", as("alice"), filter), 404, "another's VM")
	e.check(e.do("GET", other+"/disks", "", as("alice"), filter), 404, "another's disks")
	e.check(e.do("POST", other+"/start", "<action/>", as("alice"), filter), 400, "another's VM is not hers to start", "User is not authorized to perform this action.")
	e.check(e.do("GET", "/api/vms", "", as("alice")), 400, "without the header", "Query execution failed due to insufficient permissions.")
	e.check(e.do("GET", "/api/events", "", as("alice"), filter), 200, "events", "!other", "mine")
	e.check(e.do("POST", mine+"/start", "<action/>", as("alice"), filter), 200, "her VM starts", "<state>complete</state>")
	e.check(e.do("GET", "/api/jobs", "", as("alice"), filter), 200, "her jobs", "Launching VM mine", "!Adding Disk")

	// Who may make VMs owns what was made.
	e.give("/api/clusters/00000001-0001-0001-0001-0000000000d6", alice, "ClusterAdmin")
	see("/api/hosts", "local")
	see("/api/vms", "mine", "other")
	e.check(e.do("GET", "/api/vms", "", as("alice")), 200, "an administrator needs no header", "other")
	e.check(e.do("GET", "/api/storagedomains", "", as("alice")), 200, "and sees what she administers", "!local-data")

	// fence_rhevm asks for the filtered view as the administrator.
	e.check(e.do("GET", "/api/vms", "", filter), 200, "the administrator sees everything", "mine", "other", "<placement_policy>")
}

// TestMaker: who makes a VM with the filtered view owns it (api-v3 1.5).
func TestMaker(t *testing.T) {
	e := newEdge(t)
	alice := e.addUser("alice")
	e.give("/api", alice, "VmCreator")
	made := e.do("POST", "/api/vms", `<vm><name>hers</name><cluster><name>Default</name></cluster><template><name>Blank</name></template></vm>`, as("alice"), filter)
	e.check(made, 201, "a VM is made", "<name>hers</name>")
	vm := idIn(t, made.Body.String())
	e.want(200, "GET", "/api/vms/"+vm+"/permissions", "", alice, "def00006-0000-0000-0000-def000000006")
	e.check(e.do("DELETE", "/api/vms/"+vm, "", as("alice"), filter), 200, "it is hers to remove")
	e.want(200, "GET", "/api/users/"+alice+"/permissions", "", "!<vm ")
}

// TestRefusalsAreTold: what is not permitted is told with user, address and
// correlation id; the same again within a minute is not.
func TestRefusalsAreTold(t *testing.T) {
	e := newEdge(t)
	alice := e.addUser("alice")
	mine, other := "/api/vms/"+e.addVM("mine"), "/api/vms/"+e.addVM("other")
	e.give(mine, alice, "UserRole")
	for range 3 {
		e.do("POST", other+"/start", "<action/>", as("alice"), filter, "Correlation-Id: try")
	}
	e.do("DELETE", mine, "", as("alice"), filter, "Correlation-Id: try")
	e.do("GET", "/api/vms", "", as("alice"), "Correlation-Id: try")
	var told []string
	err := e.engine.Store.Events(context.Background(), store.EventQuery{CorrelationID: "try", Ascending: true}, func(event *model.Event) bool {
		told = append(told, fmt.Sprint(event.Code, " ", event.User == model.ID(alice), " ", event.Address, " ", event.Description))
		return true
	})
	want := []string{
		"20240 true 192.0.2.1 User alice@internal has tried from 192.0.2.1 what is not permitted: run (other).",
		"20240 true 192.0.2.1 User alice@internal has tried from 192.0.2.1 what is not permitted: remove (mine).",
		"20240 true 192.0.2.1 User alice@internal has tried from 192.0.2.1 what is not permitted: read without the header Filter.",
	}
	if err != nil || !slices.Equal(told, want) {
		t.Errorf("told %q, %v", told, err)
	}
	found := e.want(200, "GET", "/api/events?search=usrname%3Dalice@internal", "", "run (other)")
	if count := strings.Count(found, "<code>20240</code>"); count != len(want) || strings.Contains(found, "<code>34</code>") {
		t.Errorf("by alice are found %d:\n%s", count, found)
	}
}

// TestDirectory: people of a real LDAP server are found, added, let in by their
// groups, and locked out when the groups are taken away.
func TestDirectory(t *testing.T) {
	slapd := ldaptest.Start(t)
	e := newEdge(t)
	err := e.engine.SetDomain(context.Background(), ldaptest.Domain, server.DomainSettings{Directory: &server.DirectorySettings{
		Servers: []string{slapd.TLS}, Schema: "openldap", CA: slapd.CA, Base: ldaptest.Base,
		BindDN: ldaptest.BindDN, BindPassword: ldaptest.BindPassword,
	}})
	if err != nil {
		t.Fatal(err)
	}
	at := "/api/domains/" + string(model.DomainID(ldaptest.Domain))
	found := e.want(200, "GET", at+"/users", "", "alice@corp.example.com", "<domain_entry_id>", "<email>bob@example.com</email>")
	validate(t, "people", found)
	e.want(200, "GET", at+"/users?search=usrname%3Dali*", "", "alice@", "!bob@")
	e.want(200, "GET", at+"/users?search=Baker", "", "bob@", "!alice@")
	e.want(200, "GET", at+"/users;max=1", "", "alice@", "!bob@")
	groups := e.want(200, "GET", at+"/groups?search=name%3Dstaff", "", "<name>staff</name>", "!admins")
	validate(t, "groups", groups)
	e.want(400, "POST", "/api/users", "<user><user_name>dora@corp.example.com</user_name></user>", "No such user: dora in domain corp.example.com")
	login := func(name string) string { return basic(name+"@corp.example.com", ldaptest.Password) }
	e.check(e.do("GET", "/api", "", login("bob")), 401, "nothing was given to bob")

	e.world.Behave("web", fake.Behavior{EngineAgent: true})
	vm := "/api/vms/" + e.addVM("web")
	staff := idIn(t, e.want(201, "POST", "/api/groups", "<group><name>staff</name><domain><name>"+ldaptest.Domain+"</name></domain></group>", "<name>staff</name>"))
	if want := regexp.MustCompile(`<group [^>]*id="([^"]*)"`).FindStringSubmatch(groups)[1]; staff != want {
		t.Errorf("the group is %s in the directory and %s in the system", want, staff)
	}
	given := idIn(t, e.want(201, "POST", vm+"/permissions", `<permission><group id="`+staff+`"/><role><name>UserRole</name></role></permission>`))
	for _, name := range []string{"bob", "Alice"} { // both are in staff through another group
		e.check(e.do("GET", "/api/vms", "", login(name), filter), 200, name, "<name>web</name>")
	}
	e.check(e.do("GET", "/api", "", login("carol")), 401, "carol is in no group")
	e.check(e.do("GET", "/api", "", basic("bob@corp.example.com", "wrong")), 401, "a wrong password")
	e.want(200, "GET", "/api/users", "", "bob@corp.example.com", "alice@corp.example.com", "!carol", `<name>staff</name>`)
	carol := idIn(t, e.want(201, "POST", "/api/users", "<user><user_name>carol@corp.example.com</user_name></user>"))
	e.give(vm, carol, "UserRole")
	e.want(201, "POST", "/api/tags", "<tag><name>green</name></tag>")
	e.want(201, "POST", "/api/users/"+carol+"/tags", "<tag><name>green</name></tag>")
	e.check(e.do("GET", "/api/vms", "", login("carol"), filter), 200, "carol herself", "<name>web</name>")
	e.want(200, "GET", "/api/users/"+carol+"/tags", "", "<name>green</name>")

	// She is logged on to the guest as the directory calls her, however she writes her name.
	e.want(200, "POST", vm+"/start", "<action/>")
	e.wait(vm+"/applications", "<name>fake-agent-1.0</name>")
	e.check(e.do("POST", vm+"/logon", "<action/>", login("CAROL"), filter), 200, "carol logs on")
	order := `{"__name__":"login","username":"carol@corp.example.com","password":"` + ldaptest.Password + `"}`
	if told := e.world.Machine("fake://local").Told("web"); !slices.Contains(told, order) {
		t.Errorf("the agent was told %q, want %s", told, order)
	}

	e.want(200, "DELETE", vm+"/permissions/"+given, "")
	e.check(e.do("GET", "/api/vms", "", login("bob"), filter), 401, "what the group had is taken away")
	session := []string{
		"Authorization:", filter, "Prefer: persistent-auth",
		"Cookie: JSESSIONID=" + sessionOf(t, e.do("GET", "/api", "", login("carol"), "Prefer: persistent-auth")),
	}
	e.check(e.do("GET", "/api/vms", "", session...), 200, "a session", "<name>web</name>")
	slapd.Stop()
	e.check(e.do("GET", "/api/vms", "", basic("carol@corp.example.com", "another"), filter), 503, "nobody answers", "does not answer")
	e.want(503, "GET", at+"/users", "", "does not answer", "!"+slapd.TLS)
	e.want(200, "GET", "/api/vms", "")
	e.check(e.do("GET", "/api/vms", "", session...), 200, "a session needs no directory")
	if secret := fmt.Sprint(e.engine.Inventory.Domains.All()[0].LDAP); strings.Contains(secret, ldaptest.BindPassword) {
		t.Error("the password of the account that searches is readable")
	}
	if err := e.engine.SetDomain(context.Background(), ldaptest.Domain, server.DomainSettings{Directory: &server.DirectorySettings{}}); err != nil {
		t.Fatal(err)
	}
	e.check(e.do("GET", "/api/vms", "", session...), 401, "nobody of the domain can log in any more")
}

// TestLocksAreTold: wrong passwords lock, which is told once, until somebody unlocks.
func TestLocksAreTold(t *testing.T) {
	e := newEdge(t)
	e.addUser("alice")
	e.give("/api", string(e.engine.Inventory.Users.Named("alice@internal")[0].ID), "ReadOnlyAdmin")
	for i := range 7 {
		e.check(e.do("GET", "/api", "", basic("alice@internal", fmt.Sprint("guess ", i))), 401, "a guess")
	}
	e.check(e.do("GET", "/api", "", as("alice")), 401, "locked")
	e.want(200, "GET", "/api/events?search=type%3D20241", "", "<code>20241</code>", "alice@internal from 192.0.2.1, for 1m0s.")
	if err := e.engine.DoUser(context.Background(), "alice", server.UserUnlock); err != nil {
		t.Fatal(err)
	}
	e.check(e.do("GET", "/api", "", as("alice")), 200, "unlocked")
	e.want(200, "GET", "/api/events?search=type%3D20242", "", "<code>20242</code>", "alice@internal")
}
