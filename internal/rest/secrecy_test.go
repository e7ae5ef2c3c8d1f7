package rest_test

import (
	"strings"
	"testing"

	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/server"
)

// TestNothingOfOthers fetches all that an administrator can find, in either version, with
// the filtered view of somebody who was given one VM: nothing of others is told, in no
// collection and by no address (api-v3 1.5).
func TestNothingOfOthers(t *testing.T) {
	e := newEdge(t)
	of, _ := e.withDisk("secret-vm")
	template := e.addTemplate("secret-template", of)
	e.addPool("secret-pool", "secret-template", "<size>1</size>")
	e.addUser("secret-bob")
	e.give("/api/vms/"+of, string(e.engine.Inventory.Users.Named("secret-bob@internal")[0].ID), "UserRole")
	tag := idIn(t, e.want(201, "POST", "/api/tags", "<tag><name>secret-tag</name></tag>"))
	host := string(e.engine.Inventory.Hosts.Named("local")[0].ID)
	for _, at := range []string{"/api/vms/" + of, "/api/templates/" + template, "/api/hosts/" + host} {
		e.want(201, "POST", at+"/tags", `<tag id="`+tag+`"/>`)
	}
	e.want(201, "POST", "/api/networks/"+string(server.ManagementNetwork)+"/vnicprofiles", "<vnic_profile><name>secret-profile</name></vnic_profile>")
	e.want(201, "POST", "/api/datacenters", "<data_center><name>secret-center</name><local>false</local><version major=\"3\" minor=\"6\"/></data_center>")
	e.want(201, "POST", "/api/vms/"+of+"/nics", "<nic><name>secret-nic</name></nic>")
	e.want(202, "POST", "/api/vms/"+of+"/snapshots", "<snapshot><description>secret-snapshot</description></snapshot>")
	e.wait("/api/vms/"+of+"/snapshots", "secret-snapshot")
	e.wait("/api/vms/"+of, "<state>down</state>")
	e.edit(func(tx *inventory.Tx) {
		tx.AffinityGroups.Put(&model.AffinityGroup{ID: model.NewID(), Name: "secret-group", Cluster: server.DefaultCluster, VMs: []model.ID{model.ID(of)}})
		on, _ := tx.Hosts.Edit(model.ID(host))
		on.Comment = "secret-comment"
	})
	mine := "/api/vms/" + e.addVM("hers")
	e.give(mine, e.addUser("alice"), "UserRole")

	seen := map[string]bool{}
	for queue := []string{"/api", newAPI + "/v4"}; len(queue) > 0; queue = queue[1:] {
		path := queue[0]
		if seen[path] || strings.Contains(path, "{") || strings.Contains(path, "/capabilities") {
			continue
		}
		seen[path] = true
		all := e.do("GET", path, "")
		if all.Code != 200 {
			continue // an action
		}
		for _, found := range hrefs.FindAllStringSubmatch(all.Body.String(), -1) {
			queue = append(queue, found[2])
		}
		hers := e.do("GET", path, "", as("alice"), filter)
		if told := hers.Body.String(); strings.Contains(told, "secret") || hers.Code != 200 && hers.Code != 404 {
			t.Errorf("alice gets %s: %d %s", path, hers.Code, told)
		}
		if without := e.do("GET", path, "", as("alice")); without.Code == 200 && strings.Contains(without.Body.String(), "secret") {
			t.Errorf("alice gets %s without the filtered view: %s", path, without.Body)
		}
	}
	if len(seen) < 150 {
		t.Errorf("only %d addresses were found", len(seen))
	}
	for _, search := range []string{"/api/vms?search=name%3Dsecret*", "/api/events?search=secret", "/api/vms?search=tag%3Dsecret-tag", "/api/templates?search=tag%3Dsecret-tag"} {
		e.want(200, "GET", search, "", "secret")
		e.check(e.do("GET", search, "", as("alice"), filter), 200, search, "!secret")
	}
}
