package rest_test

import (
	"strings"
	"testing"

	"vireo/internal/server"
)

const clusterPath = "/api/clusters/" + string(server.DefaultCluster)

// TestClusterUpdate: what is sent is shown, in both versions, and what is not sent
// stays.
func TestClusterUpdate(t *testing.T) {
	e := newEdge(t)
	policy := func(elements string) string {
		return e.want(200, "PUT", clusterPath, "<cluster>"+elements+"</cluster>")
	}
	has := func(answer string, wanted ...string) {
		t.Helper()
		for _, each := range wanted {
			if !strings.Contains(answer, each) {
				t.Errorf("%q is missing in\n%s", each, answer)
			}
		}
	}
	has(e.want(200, "GET", clusterPath, ""), "<policy>none</policy>")
	has(policy(`<scheduling_policy><policy>power_saving</policy><thresholds low="10" high="70" duration="120"/></scheduling_policy>`),
		"<policy>power_saving</policy>", `<thresholds low="10" high="70" duration="120"/>`, "<name>Default</name>")
	has(policy(`<memory_policy><overcommit percent="150"/></memory_policy><threads_as_cores>true</threads_as_cores>`),
		`<overcommit percent="150"/>`, "<threads_as_cores>true</threads_as_cores>", "<policy>power_saving</policy>")
	has(policy(`<scheduling_policy id="20d25257-b4bd-4589-92a6-c4c5c5d3fd1a"/>`), "<policy>evenly_distributed</policy>")
	if answer := policy(`<scheduling_policy><name>none</name></scheduling_policy>`); strings.Contains(answer, "<thresholds") {
		t.Errorf("another policy has the thresholds of the one before:\n%s", answer)
	}
	has(e.want(200, "GET", "/ovirt-engine/api/v4/clusters/"+string(server.DefaultCluster), ""),
		`<scheduling_policy id="b4ed2332-a7ac-4d5f-9596-99a439cb2812"/>`)
	e.want(400, "PUT", clusterPath, "<cluster><scheduling_policy><policy>dice</policy></scheduling_policy></cluster>")
	e.want(404, "PUT", clusterPath, `<cluster><scheduling_policy id="20d25257-b4bd-4589-92a6-000000000000"/></cluster>`)
	e.want(400, "PUT", clusterPath, `<cluster><memory_policy><overcommit percent="50"/></memory_policy></cluster>`)
	e.want(404, "PUT", "/api/clusters/20d25257-b4bd-4589-92a6-000000000000", "<cluster><comment>x</comment></cluster>")
}

// TestAffinityGroups goes through the collection as a client does.
func TestAffinityGroups(t *testing.T) {
	e := newEdge(t)
	vm := e.addVM("web")
	groups := clusterPath + "/affinitygroups"
	e.want(400, "POST", groups, "<affinity_group><name>pair</name></affinity_group>")
	e.want(404, "POST", "/api/clusters/20d25257-b4bd-4589-92a6-000000000000/affinitygroups", "<affinity_group><name>pair</name><positive>true</positive><enforcing>true</enforcing></affinity_group>")
	made := e.want(201, "POST", groups, "<affinity_group><name>pair</name><positive>true</positive><enforcing>false</enforcing></affinity_group>")
	group := groups + "/" + idIn(t, made)
	for _, element := range []string{`<affinity_group href="` + group + `"`, "<positive>true</positive>", "<enforcing>false</enforcing>", `<cluster href="` + clusterPath, `rel="vms"`} {
		if !strings.Contains(made, element) {
			t.Errorf("%s is missing in\n%s", element, made)
		}
	}
	if changed := e.want(200, "PUT", group, "<affinity_group><enforcing>true</enforcing></affinity_group>"); !strings.Contains(changed, "<enforcing>true</enforcing>") || !strings.Contains(changed, "<positive>true</positive>") {
		t.Errorf("it is now\n%s", changed)
	}
	e.want(404, "POST", group+"/vms", "<vm><name>nobody</name></vm>")
	e.want(400, "POST", group+"/vms", "<vm/>")
	e.want(201, "POST", group+"/vms", "<vm><name>web</name></vm>")
	member := group + "/vms/" + vm
	if list := e.want(200, "GET", group+"/vms", ""); !strings.Contains(list, `<vm href="`+member+`" id="`+vm+`"`) {
		t.Errorf("the members are\n%s", list)
	}
	e.want(200, "GET", member, "")
	e.want(200, "DELETE", member, "")
	e.want(404, "GET", member, "")
	e.want(404, "DELETE", member, "")
	e.want(200, "DELETE", group, "")
	e.want(404, "GET", group, "")
	if list := e.want(200, "GET", groups, ""); strings.Contains(list, "<affinity_group ") {
		t.Errorf("the groups are\n%s", list)
	}
}
