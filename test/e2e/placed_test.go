package e2e

import (
	"slices"
	"testing"
)

// placed starts VMs by what the cluster wants of its hosts, and by affinity groups, on hosts
// that run nothing else of the engine.
func placed(t *testing.T, e *engine, y *yard) {
	vms := []*vm{e.tiny(t), e.tiny(t)}
	hosts := func() []string {
		var at []string
		for _, v := range vms {
			v.act(t, "start")
			v.await(t, "up")
			at = append(at, v.get(t).at("host").attr("id"))
		}
		for i, v := range vms {
			if on := y.hosts[slices.IndexFunc(y.hosts, func(h *farmHost) bool { return h.engineID == at[i] })]; on.state(v.id) == "none" {
				t.Errorf("%s is not on %s", v.name, on.name)
			}
		}
		for _, v := range vms {
			v.act(t, "stop")
			v.await(t, "down")
		}
		return at
	}
	policy := func(name string) {
		e.call(t, "PUT", e.cluster(t), "<cluster><scheduling_policy><policy>"+name+"</policy><thresholds high=\"100\"/></scheduling_policy></cluster>")
	}
	group := func(t *testing.T, name, positive string) {
		at := e.cluster(t) + "/affinitygroups"
		id := e.call(t, "POST", at, "<affinity_group><name>"+name+"</name><positive>"+positive+"</positive><enforcing>true</enforcing></affinity_group>").body.attr("id")
		t.Cleanup(func() { e.call(t, "DELETE", at+"/"+id, "") })
		for _, v := range vms {
			e.call(t, "POST", at+"/"+id+"/vms", `<vm id="`+v.id+`"/>`)
		}
	}
	t.Cleanup(func() { policy("none") })
	for name, together := range map[string]bool{"power_saving": true, "vm_evenly_distributed": false, "evenly_distributed": false} {
		policy(name)
		if at := hosts(); (at[0] == at[1]) != together {
			t.Errorf("by the policy %s they are on %v", name, at)
		}
	}
	t.Run("apart", func(t *testing.T) {
		policy("power_saving")
		group(t, "apart", "false")
		if at := hosts(); at[0] == at[1] {
			t.Errorf("they are both on %s", at[0])
		}
	})
	t.Run("together", func(t *testing.T) {
		policy("vm_evenly_distributed")
		group(t, "together", "true")
		if at := hosts(); at[0] != at[1] {
			t.Errorf("they are on %v", at)
		}
	})
}
