package rest_test

import (
	"strings"
	"testing"

	"vireo/internal/host"
	"vireo/internal/host/fake"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// withHosts adds hosts of these names, which are up, and gives their ids by name.
func (e *edge) withHosts(specs map[string]fake.MachineSpec) map[string]string {
	e.t.Helper()
	ids := make(map[string]string)
	for name, spec := range specs {
		spec.Address = "fake://" + name
		e.world.AddMachine(spec)
		ids[name] = idIn(e.t, e.want(201, "POST", "/api/hosts", "<host><name>"+name+"</name><address>"+spec.Address+"</address><cluster><name>Default</name></cluster></host>"))
		e.wait("/api/hosts/"+ids[name], "<state>up</state>")
	}
	ids["local"] = string(e.engine.Inventory.Hosts.Named("local")[0].ID)
	return ids
}

// TestMigrateIsRefused: each documented refusal with its code and its sentence (api-v3
// 3.10, 3.11), and what is not refused: force, hosts and clusters by id and by name.
func TestMigrateIsRefused(t *testing.T) {
	e := newEdge(t)
	refused := func(code int, vm, action, body string, words ...string) {
		t.Helper()
		e.want(code, "POST", "/api/vms/"+vm+"/"+action, body, words...)
	}
	hosts := e.withHosts(map[string]fake.MachineSpec{"small": {Memory: 1 << 30}, "gone": {}, "foreign": {}})
	const elsewhere = "00000001-0001-0001-0001-000000000002"
	e.edit(func(tx *inventory.Tx) {
		here := tx.Clusters.Named("Default")[0]
		there := model.Clone(here)
		there.ID, there.Name = elsewhere, "elsewhere"
		tx.Clusters.Put(there)
		on, _ := tx.Hosts.Edit(model.ID(hosts["foreign"]))
		on.Cluster = elsewhere
	})
	e.world.Machine("fake://gone").Disappear()
	e.wait("/api/hosts/"+hosts["gone"], "<state>connecting</state>")
	up := func(name string, elements ...string) string {
		vm := e.addVM(name, elements...)
		e.want(200, "POST", "/api/vms/"+vm+"/start", `<action><vm><placement_policy><host id="`+hosts["local"]+`"/></placement_policy></vm></action>`)
		e.wait("/api/vms/"+vm, "<state>up</state>")
		return vm
	}
	to := func(host string) string { return `<action><host id="` + hosts[host] + `"/></action>` }
	affinity := func(word string) string {
		return "<placement_policy><affinity>" + word + "</affinity></placement_policy>"
	}
	vm := up("vm")
	refused(409, vm, "migrate", to("local"), "[Cannot migrate VM. source and destination is the same.]", "<reason>Operation Failed</reason>")
	refused(400, vm, "migrate", `<action><host id="00000000-0000-0000-0000-00000000beef"/></action>`, "[Cannot migrate VM. Invalid Host Id.]")
	refused(404, vm, "migrate", "<action><host><name>nowhere</name></host></action>", "Entity not found")
	refused(409, vm, "migrate", to("gone"), "[Cannot migrate VM. Operation can be performed only when Host status is Up.]")
	refused(409, vm, "migrate", to("foreign"), "Cannot migrate VM.", "foreign")
	refused(409, vm, "migrate", `<action><host id="`+hosts["small"]+`"/><cluster id="`+elsewhere+`"/></action>`, "Cannot migrate VM.", "small")
	refused(404, vm, "migrate", `<action><cluster id="00000000-0000-0000-0000-00000000beef"/></action>`)
	refused(409, vm, "cancelmigration", "<action/>", "[Cannot cancel migration for non migrating VM.]")
	refused(409, e.addVM("down"), "migrate", "<action/>", "[Cannot migrate VM. VM is not running.]")
	refused(404, "00000000-0000-0000-0000-00000000beef", "migrate", "<action/>", "[Cannot migrate VM. VM is not found.]")
	refused(409, up("pinned", affinity("pinned")), "migrate", "<action><force>true</force></action>", "[Cannot migrate VM. VM is pinned to Host.]")
	asked := up("asked", affinity("user_migratable"))
	refused(409, asked, "migrate", "<action/>", "[Cannot migrate VM. VM is non migratable and user did not specify the force-migration flag]")
	refused(409, up("large", "<memory>8589934592</memory>"), "migrate", to("small"),
		"Cannot migrate VM. There is no host that satisfies current scheduling constraints. See below for details:",
		"The host small did not satisfy internal filter Memory because its available memory is too low (768.000000 MB) to run the VM.")
	broken := up("broken")
	e.world.Machine("fake://local").IOError("broken", host.PauseIO, "/disk")
	e.wait("/api/vms/"+broken, "<state>paused</state>")
	refused(400, broken, "migrate", "<action/>", "[Cannot migrate VM. Migrating a VM in paused status due to I/O error is not supported.]")

	// One that is on its way; force, and the end by name.
	e.world.Behave("asked", fake.Behavior{DirtyRate: 1 << 30})
	e.want(200, "POST", "/api/vms/"+asked+"/migrate", `<action><force>true</force><host><name>small</name></host></action>`, "<state>complete</state>")
	refused(409, asked, "migrate", "<action><force>true</force></action>", "[Cannot migrate VM. VM migration is in progress]")
	e.want(200, "POST", "/api/vms/"+asked+"/cancelmigration", "<action/>", "<state>complete</state>")
	e.wait("/api/vms/"+asked, "<state>up</state>")
	// Into another cluster, by its id and by its name.
	e.want(200, "POST", "/api/vms/"+vm+"/migrate", `<action><async>false</async><cluster id="`+elsewhere+`"/></action>`)
	if body := e.wait("/api/vms/"+vm, "<state>up</state>"); !strings.Contains(body, hosts["foreign"]) || !strings.Contains(body, elsewhere) {
		t.Errorf("it is\n%s", body)
	}
	e.want(200, "POST", "/api/vms/"+vm+"/migrate", `<action><async>false</async><cluster><name>Default</name></cluster><host><name>small</name></host></action>`)
	if body := e.wait("/api/vms/"+vm, "<state>up</state>"); !strings.Contains(body, hosts["small"]) || strings.Contains(body, elsewhere) {
		t.Errorf("it is\n%s", body)
	}
}
