package rest_test

import (
	"fmt"
	"strings"
	"testing"

	"vireo/internal/model"
	"vireo/internal/server"
)

// TestPeople4: users and groups are found, added, given roles and removed in version 4.
func TestPeople4(t *testing.T) {
	e := newEdge(t)
	const v4 = newAPI + "/v4"
	e.account("alice")
	internal := v4 + "/domains/" + string(model.DomainID("internal"))
	e.want(200, "GET", v4+"/domains", "", "<name>internal</name>", `rel="users"`)
	e.want(200, "GET", internal+"/users?search=name%3Dal*", "", "<user_name>alice@internal</user_name>", "!admin@internal", internal+"/users/", "!argon2")
	e.want(200, "GET", internal+"/groups", "", "<groups/>")
	for _, body := range []string{"<user/>", "<user><user_name>alice</user_name></user>"} {
		e.want(400, "POST", v4+"/users", body, "required for add")
	}
	e.want(404, "POST", v4+"/users", "<user><user_name>alice</user_name><domain><name>elsewhere</name></domain></user>")
	e.want(400, "POST", v4+"/users", "<user><user_name>nobody@internal</user_name></user>", "No such user: nobody in domain internal")
	e.want(400, "POST", v4+"/users", "<user><user_name>nobody@elsewhere</user_name></user>", "No such user")
	e.want(400, "POST", v4+"/groups", "<group/>", "Group [name] required for add")
	e.want(400, "POST", v4+"/groups", "<group><name>staff</name><domain><name>internal</name></domain></group>", "staff")
	alice := idIn(t, e.want(201, "POST", v4+"/users", "<user><user_name>alice@internal</user_name><domain><name>internal</name></domain></user>",
		"<principal>alice</principal>", `rel="permissions"`, "!<password"))
	e.want(200, "GET", v4+"/users?search=usrname%3Dalice*", "", alice, "!admin@")
	e.want(200, "GET", v4+"/groups", "", "<name>Everyone</name>")

	role := "00000000-0000-0000-0001-000000000001"
	e.want(200, "GET", v4+"/roles", "", "<name>UserRole</name>", "<mutable>false</mutable>")
	e.want(200, "GET", v4+"/roles/"+role, "", `rel="permits"`, "<administrative>false</administrative>")
	e.want(200, "GET", v4+"/roles/"+role+"/permits", "", "<name>connect_to_vm</name>", `<role href="`+v4+"/roles/"+role)
	e.want(200, "GET", v4+"/roles/"+role+"/permits/1300", "", "<name>login</name>")
	e.want(404, "GET", v4+"/roles/"+role+"/permits/700", "")

	at := v4 + "/clusters/" + string(server.DefaultCluster)
	body := func(user, role string) string {
		return fmt.Sprintf(`<permission><user id="%s"/><role><name>%s</name></role></permission>`, user, role)
	}
	e.want(400, "POST", at+"/permissions", "<permission/>", "Permission [role.id|name, user.id|group.id] required for add")
	e.want(404, "POST", at+"/permissions", body(unknownID, "UserRole"))
	e.want(404, "POST", at+"/permissions", body(alice, "Boss"))
	e.want(404, "POST", v4+"/clusters/"+unknownID+"/permissions", body(alice, "UserRole"))
	given := idIn(t, e.want(201, "POST", at+"/permissions", body(alice, "UserRole"), `<cluster href="`+at+`"`, `href="`+at+"/permissions/"))
	e.want(200, "GET", at+"/permissions", "", given)
	e.want(200, "GET", at+"/permissions/"+given, "", alice)
	e.want(200, "GET", v4+"/users/"+alice+"/permissions", "", given)
	e.want(200, "GET", v4+"/users/"+alice+"/roles", "", "<roles/>")
	e.check(e.do("GET", v4+"/clusters", "", as("alice"), filter), 200, "she may log in", "<name>Default</name>")
	e.check(e.do("POST", at+"/permissions", body(alice, "SuperUser"), as("alice"), filter), 403, "she gives no roles", "not authorized")

	mine := v4 + "/users/" + alice + "/permissions"
	e.want(400, "POST", mine, "<permission><role><name>UserRole</name></role></permission>", "|vmPool|")
	e.want(400, "POST", mine, `<permission><role><name>UserRole</name></role><cluster><name>Default</name></cluster><data_center><name>Default</name></data_center></permission>`, "on one object")
	e.want(201, "POST", mine, `<permission><role><name>UserRole</name></role><data_center><name>Default</name></data_center></permission>`, mine, "<data_center ")
	system := idIn(t, e.want(201, "POST", v4+"/permissions", body(alice, "UserRole")))
	e.want(200, "GET", v4+"/users/"+alice+"/roles", "", "<name>UserRole</name>")
	e.want(200, "GET", v4+"/users/"+alice+"/roles/"+role, "", "<name>UserRole</name>")
	e.want(200, "DELETE", v4+"/permissions/"+system, "", "<status>complete</status>")
	e.want(404, "GET", v4+"/permissions/"+system, "")
	everyone := `<permission><group id="eee00000-0000-0000-0000-123456789eee"/><role><name>UserRole</name></role></permission>`
	e.want(201, "POST", v4+"/vms/"+e.addVM("web")+"/permissions", everyone, "<vm ", "<group ")
	e.want(400, "POST", at+"/permissions", strings.Replace(everyone, "<role>", `<user id="`+alice+`"/><role>`, 1), "to one user or group")

	e.want(200, "DELETE", at+"/permissions/"+given, "")
	e.want(404, "DELETE", at+"/permissions/"+given, "")
	e.want(200, "DELETE", v4+"/users/"+alice, "")
	e.want(404, "GET", v4+"/users/"+alice, "")
	e.want(409, "DELETE", v4+"/groups/eee00000-0000-0000-0000-123456789eee", "")
}

// TestTags4: tags, alone and on what carries them.
func TestTags4(t *testing.T) {
	e := newEdge(t)
	const v4 = newAPI + "/v4"
	e.want(400, "POST", v4+"/tags", "<tag/>", "Tag [name] required for add")
	e.want(404, "POST", v4+"/tags", "<tag><name>x</name><parent><name>y</name></parent></tag>")
	top := idIn(t, e.want(201, "POST", v4+"/tags", "<tag><name>colours</name></tag>", `<parent href="`+v4+"/tags/"+string(model.BlankID)))
	green := idIn(t, e.want(201, "POST", v4+"/tags", "<tag><name>green</name><parent><name>colours</name></parent></tag>", top))
	e.want(200, "GET", v4+"/tags", "", "<name>green</name>", "!<name>root</name>")
	e.want(200, "PUT", v4+"/tags/"+green, "<tag><description>of grass</description></tag>", "<description>of grass</description>", "<name>green</name>")
	e.want(404, "PUT", v4+"/tags/"+unknownID, "<tag/>")
	host := string(e.engine.Inventory.Hosts.Named("local")[0].ID)
	for collection, id := range map[string]string{
		"vms": e.addVM("web"), "templates": string(model.BlankID), "hosts": host, "users": string(server.Administrator),
	} {
		noun, at := strings.TrimSuffix(collection, "s"), v4+"/"+collection+"/"+id
		e.want(400, "POST", at+"/tags", "<tag/>", "Tag [id|name] required for add")
		e.want(404, "POST", at+"/tags", "<tag><name>blue</name></tag>")
		e.want(404, "POST", v4+"/"+collection+"/"+unknownID+"/tags", "<tag><name>green</name></tag>")
		e.want(201, "POST", at+"/tags", `<tag id="`+green+`"/>`, "<"+noun+` href="`+at+`"`, at+"/tags/"+green)
		e.want(200, "GET", at+"/tags", "", "<name>green</name>")
		e.want(200, "GET", at+"/tags/"+green, "", "<name>green</name>")
		e.want(200, "DELETE", at+"/tags/"+green, "", "<status>complete</status>")
		e.want(404, "DELETE", at+"/tags/"+green, "")
		e.want(200, "GET", at+"/tags", "", "<tags/>")
	}
	e.want(200, "DELETE", v4+"/tags/"+top, "")
	e.want(404, "GET", v4+"/tags/"+green, "")
}

// TestRoles4: own roles come, change and go in version 4; the predefined ones stay.
func TestRoles4(t *testing.T) {
	e := newEdge(t)
	const all = newAPI + "/v4/roles"
	e.want(400, "POST", all, "<role/>", "Role [name, permits.id] required for add")
	e.want(400, "POST", all, "<role><name>x</name><permits><permit/></permits></role>", "Permit [id|name] required for add")
	e.want(404, "POST", all, `<role><name>x</name><permits><permit id="99999"/></permits></role>`, "Permit: id=99999")
	e.want(404, "POST", all, "<role><name>x</name><permits><permit><name>fly</name></permit></permits></role>", "Permit: name=fly")
	at := all + "/" + idIn(t, e.want(201, "POST", all, `<role><name>starters</name><permits><permit id="22"/><permit><name>login</name></permit></permits></role>`,
		"<mutable>true</mutable>", "<administrative>false</administrative>"))
	e.want(200, "GET", at+"/permits", "", "<name>run_vm</name>", "<name>login</name>")
	e.want(201, "POST", at+"/permits", "<permit><name>stop_vm</name></permit>", `id="18"`)
	e.want(400, "POST", at+"/permits", "<permit/>", "required for add")
	e.want(200, "DELETE", at+"/permits/22", "", "<status>complete</status>")
	e.want(404, "DELETE", at+"/permits/22", "")
	e.want(200, "PUT", at, "<role><description>who stop</description></role>", "<description>who stop</description>", "<name>starters</name>")
	e.want(200, "GET", at+"/permits", "", "!run_vm", "<name>stop_vm</name>")
	e.want(404, "PUT", all+"/"+unknownID, "<role/>")
	const fixed = all + "/00000000-0000-0000-0001-000000000001"
	e.want(409, "PUT", fixed, "<role><description>mine</description></role>", "is predefined")
	e.want(409, "DELETE", fixed+"/permits/1300", "", "is predefined")
	e.want(409, "DELETE", fixed, "", "is predefined")
	e.want(200, "DELETE", at, "")
	e.want(404, "GET", at, "")
}
