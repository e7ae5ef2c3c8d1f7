package networks_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"vireo/internal/engine"
	"vireo/internal/engine/enginetest"
	"vireo/internal/engine/networks"
	"vireo/internal/engine/nics"
	vmroom "vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/model"
	"vireo/internal/server"
)

func want[T comparable](t *enginetest.Bench, what string, got, wanted T) {
	t.Helper()
	if got != wanted {
		t.Errorf("%s is %v, not %v", what, got, wanted)
	}
}

func call[T any](on model.Kind, name string, target model.ID, edit func(*T)) *engine.Call {
	made := &engine.Call{On: on, Name: name, Target: target}
	if edit != nil {
		made.Params = engine.Edit[T](func(v *T) error { edit(v); return nil })
	}
	return made
}

func addNetwork(name string, edits ...func(*model.Network)) *engine.Call {
	return &engine.Call{On: model.KindNetwork, Name: "add", Params: &networks.AddParams{Edit: func(network *model.Network) error {
		network.Name, network.DataCenter = name, server.DefaultDataCenter
		for _, edit := range edits {
			edit(network)
		}
		return nil
	}}}
}

func inCluster(name string, network model.ID, edit func(*model.ClusterNetwork)) *engine.Call {
	params := &networks.ClusterParams{Cluster: server.DefaultCluster}
	if edit != nil {
		params.Edit = func(in *model.ClusterNetwork) error { edit(in); return nil }
	}
	return &engine.Call{On: model.KindNetwork, Name: name, Target: network, Params: params}
}

func attach(host, network model.ID, bridge string) *engine.Call {
	return call(model.KindNetworkAttachment, "add", "", func(a *model.NetworkAttachment) {
		a.Host, a.Network, a.Bridge = host, network, bridge
	})
}

func made(b *enginetest.Bench, call *engine.Call) model.ID {
	b.Helper()
	return b.Must(call).Object.Ref().ID
}

func addNIC(b *enginetest.Bench, vm, network model.ID) *engine.Call {
	b.Helper()
	return &engine.Call{On: model.KindNIC, Name: "add", Parent: vm, Params: &nics.Params{Edit: func(nic *model.NIC) error {
		nic.Name, nic.Network = "nic1", network
		return nil
	}}}
}

// withBridges gives the host bridges and waits until the engine has seen them.
func withBridges(b *enginetest.Bench, names ...string) *model.Host {
	b.Helper()
	b.Machine().SetBridges(names...)
	b.Await("the bridges are seen", func() bool {
		return slices.Equal(b.Server.Inventory.Hosts.All()[0].Facts.Bridges, slices.Sorted(slices.Values(names)))
	})
	return b.Server.Inventory.Hosts.All()[0]
}

var soon = map[string]string{"StatisticsInterval": "1s"}

// TestLifeOfANetwork: from its making to its end, with what keeps it in between.
func TestLifeOfANetwork(t *testing.T) {
	b := enginetest.New(t, soon)
	inv := b.Server.Inventory
	before := b.LastEvent()
	blue := made(b, addNetwork("blue", func(n *model.Network) { n.MTU, n.VLAN = 9000, 5 }))
	profile := inv.VNICProfiles.Named("blue")[0]
	want(b, "the profile's network", profile.Network, blue)
	b.Refused(addNetwork("blue"), fault.NetworkNameInUse)
	without := addNetwork("green")
	without.Params.(*networks.AddParams).NoProfile = true
	made(b, without)
	want(b, "profiles of a network made without", len(inv.VNICProfiles.Named("green")), 0)

	vm := b.VM("web1")
	b.Refused(addNIC(b, vm, blue), fault.StateConflict) // the cluster does not have it yet
	b.Must(inCluster("attach", blue, nil))
	b.Refused(inCluster("attach", blue, nil), fault.Duplicate)
	nic := made(b, addNIC(b, vm, blue))
	want(b, "the object", nic, vm)
	want(b, "the NIC's profile", b.Get(vm).NICs[0].Profile, profile.ID)
	b.Refused(&engine.Call{On: model.KindVM, Name: "start", Target: vm}, fault.AllHostsFiltered) // no host has it
	withBridges(b, "blue")
	b.Start(vm)
	in := b.Machine().NICs(string(vm))[0]
	if in.Bridge != "blue" || in.MTU != 9000 || in.Network != "" || in.User {
		b.Errorf("the guest is connected by %+v", in)
	}
	for name, edit := range map[string]func(*model.Network){
		"name": func(n *model.Network) { n.Name = "navy" }, "MTU": func(n *model.Network) { n.MTU = 0 }, "VLAN": func(n *model.Network) { n.VLAN = 6 },
	} {
		if refusal := b.Refused(call(model.KindNetwork, "update", blue, edit), fault.NetworkRunning); !strings.Contains(refusal.Message(), "web1") {
			b.Errorf("changing the %s names no VM: %s", name, refusal.Message())
		}
	}
	b.Must(call(model.KindNetwork, "update", blue, func(n *model.Network) { n.Description = "sky" }))
	b.Stop(vm)
	b.Must(call(model.KindNetwork, "update", blue, func(n *model.Network) { n.MTU = 1500 }))
	b.Refused(inCluster("detach", blue, nil), fault.NetworkInUse)
	b.Refused(&engine.Call{On: model.KindNetwork, Name: "remove", Target: blue}, fault.NetworkInUse)
	b.Refused(&engine.Call{On: model.KindVNICProfile, Name: "remove", Target: profile.ID}, fault.ProfileInUse)
	b.Must(&engine.Call{On: model.KindNIC, Name: "remove", Parent: vm, Target: b.Get(vm).NICs[0].ID})
	b.Must(inCluster("detach", blue, nil))
	b.Refused(inCluster("detach", blue, nil), "NOT_FOUND")
	b.Must(&engine.Call{On: model.KindNetwork, Name: "remove", Target: blue})
	want(b, "profiles that are left", len(inv.VNICProfiles.Named("blue")), 0)
	events := b.Events(before)
	for _, code := range []int{20380, 20381, 20382, 20383, 20384} {
		if !slices.Contains(events, code) {
			b.Errorf("the events are %v, without %d", events, code)
		}
	}
}

// TestRequired: a network that the cluster requires keeps VMs from a host without it.
func TestRequired(t *testing.T) {
	b := enginetest.New(t, soon)
	blue := made(b, addNetwork("blue"))
	b.Must(inCluster("attach", blue, nil))
	vm := b.VM("web1")
	refusal := b.Refused(&engine.Call{On: model.KindVM, Name: "start", Target: vm}, fault.AllHostsFiltered)
	if !strings.Contains(refusal.Error(), "network(s) blue are missing") {
		b.Errorf("the refusal is %v", refusal)
	}
	b.Must(inCluster("edit_attached", blue, func(in *model.ClusterNetwork) { in.Required = false }))
	b.Start(vm)
}

// TestAttachments: a host reaches a network by the bridge that it was told.
func TestAttachments(t *testing.T) {
	b := enginetest.New(t, soon)
	host := withBridges(b, "br1", "br2")
	blue := made(b, addNetwork("blue"))
	b.Refused(attach(host.ID, blue, "br1"), fault.StateConflict) // the cluster does not have it
	b.Must(inCluster("attach", blue, nil))
	b.Refused(attach(host.ID, blue, "eth0"), fault.StateConflict)
	b.Refused(attach(model.NewID(), blue, "br1"), "NOT_FOUND")
	b.Refused(attach(host.ID, model.NewID(), "br1"), "NOT_FOUND")
	id := made(b, attach(host.ID, blue, "br1"))
	b.Refused(attach(host.ID, blue, "br2"), fault.Duplicate)
	vm := b.VM("web1")
	b.Must(addNIC(b, vm, blue))
	b.Start(vm)
	want(b, "the guest's bridge", b.Machine().NICs(string(vm))[0].Bridge, "br1")
	to := call(model.KindNetworkAttachment, "update", id, func(a *model.NetworkAttachment) { a.Bridge = "br2" })
	b.Refused(to, fault.NetworkRunning)
	remove := &engine.Call{On: model.KindNetworkAttachment, Name: "remove", Target: id}
	b.Refused(remove, fault.NetworkRunning)
	b.Stop(vm)
	b.Must(to)
	b.Start(vm)
	want(b, "the guest's bridge", b.Machine().NICs(string(vm))[0].Bridge, "br2")
	b.Stop(vm)
	b.Must(remove)
	b.Refused(&engine.Call{On: model.KindVM, Name: "start", Target: vm}, fault.AllHostsFiltered)
}

func TestRefusedNetworks(t *testing.T) {
	b := enginetest.New(t, nil)
	for name, refused := range map[string]struct {
		edit func(*model.Network)
		code string
	}{
		"no name":           {func(n *model.Network) { n.Name = "" }, fault.NameIllegal},
		"a long name":       {func(n *model.Network) { n.Name = "sixteen-letters-" }, fault.NameIllegal},
		"a path":            {func(n *model.Network) { n.Name = "../blue" }, fault.NameIllegal},
		"no data center":    {func(n *model.Network) { n.DataCenter = "" }, fault.Invalid},
		"a VLAN above all":  {func(n *model.Network) { n.VLAN = 4095 }, fault.Invalid},
		"a small MTU":       {func(n *model.Network) { n.MTU = 67 }, fault.Invalid},
		"a huge MTU":        {func(n *model.Network) { n.MTU = 65536 }, fault.Invalid},
		"STP":               {func(n *model.Network) { n.STP = true }, fault.UnsupportedWish},
		"the migration use": {func(n *model.Network) { n.Usages = append(n.Usages, model.UsageMigration) }, fault.UnsupportedWish},
	} {
		t.Run(name, func(*testing.T) { b.Refused(addNetwork("blue", refused.edit), refused.code) })
	}
	management := server.ManagementNetwork
	b.Refused(&engine.Call{On: model.KindNetwork, Name: "remove", Target: management}, fault.ManagementStays)
	b.Refused(inCluster("detach", management, nil), fault.ManagementStays)
	b.Refused(inCluster("edit_attached", management, func(in *model.ClusterNetwork) { in.Required = false }), fault.StateConflict)
	b.Refused(call(model.KindNetwork, "update", management, func(n *model.Network) { n.Name = "blue" }), fault.StateConflict)
	b.Refused(call(model.KindNetwork, "update", management, func(n *model.Network) { n.ID = model.NewID() }), "IMMUTABLE")
	b.Must(call(model.KindNetwork, "update", management, func(n *model.Network) { n.MTU = 1400 }))
	inner := made(b, addNetwork("inner", func(n *model.Network) { n.Usages = nil }))
	b.Refused(call(model.KindVNICProfile, "add", "", func(p *model.VNICProfile) { p.Name, p.Network = "x", inner }), fault.ProfileNeedsVMs)
}

func TestProfiles(t *testing.T) {
	b := enginetest.New(t, nil)
	add := func(name string) *engine.Call {
		return call(model.KindVNICProfile, "add", "", func(p *model.VNICProfile) { p.Name, p.Network = name, server.ManagementNetwork })
	}
	slow := made(b, add("slow"))
	b.Refused(add("slow"), fault.ProfileNameInUse)
	b.Refused(add(" "), fault.NameIllegal)
	blue := made(b, addNetwork("blue"))
	b.Refused(call(model.KindVNICProfile, "update", slow, func(p *model.VNICProfile) { p.Network = blue }), fault.ProfileNetworkFixed)
	b.Must(call(model.KindVNICProfile, "update", slow, func(p *model.VNICProfile) { p.Name = "slower" }))

	// A NIC that names a profile is on its network, and one that goes to another network
	// has a profile of that.
	vm := b.VM("web1")
	b.Must(inCluster("attach", blue, nil))
	b.Must(addNIC(b, vm, server.ManagementNetwork))
	nic := b.Get(vm).NICs[0]
	update := func(edit func(*model.NIC)) {
		b.Must(&engine.Call{On: model.KindNIC, Name: "update", Parent: vm, Target: nic.ID, Params: &nics.Params{Edit: func(n *model.NIC) error { edit(n); return nil }}})
	}
	of := b.Server.Inventory.VNICProfiles.Named("blue")[0].ID
	update(func(n *model.NIC) { n.Profile = of })
	want(b, "the network", b.Get(vm).NICs[0].Network, blue)
	update(func(n *model.NIC) { n.Network = server.ManagementNetwork })
	want(b, "the profile", b.Server.Inventory.VNICProfiles.Named("ovirtmgmt")[0].ID, b.Get(vm).NICs[0].Profile)
	update(func(n *model.NIC) { n.Profile = slow })
	want(b, "the profile", b.Get(vm).NICs[0].Profile, slow)
	update(func(n *model.NIC) { n.Network = "" })
	want(b, "the profile of no network", b.Get(vm).NICs[0].Profile, "")
	b.Must(&engine.Call{On: model.KindVNICProfile, Name: "remove", Target: slow})
}

func pool(name string, from, to string, edits ...func(*model.MACPool)) *engine.Call {
	return call(model.KindMACPool, "add", "", func(p *model.MACPool) {
		p.Name, p.Ranges = name, []model.MACRange{{From: from, To: to}}
		for _, edit := range edits {
			edit(p)
		}
	})
}

// TestPools: the data center's pool gives the addresses, each once, and says when it
// has no more; by hand an address in use is given only where the pool allows it.
func TestPools(t *testing.T) {
	b := enginetest.New(t, nil)
	small := made(b, pool("small", "02:00:00:00:00:01", "02:00:00:00:00:02"))
	b.Refused(pool("small", "02:00:00:00:00:01", "02:00:00:00:00:02"), fault.NameInUse)
	b.Refused(pool("x", "02:00:00:00:00:02", "02:00:00:00:00:01"), fault.Invalid)
	b.Refused(pool("x", "01:00:00:00:00:02", "01:00:00:00:00:03"), fault.Invalid)
	b.Refused(pool("x", "", "", func(p *model.MACPool) { p.Ranges = nil }), fault.MACPoolRange)
	b.Refused(&engine.Call{On: model.KindMACPool, Name: "remove", Target: model.DefaultMACPool}, fault.MACPoolDefault)
	use := func(id model.ID) *engine.Call {
		return call(model.KindDataCenter, "update", server.DefaultDataCenter, func(dc *model.DataCenter) { dc.MACPool = id })
	}
	b.Refused(use(model.NewID()), "NOT_FOUND")
	b.Must(use(small))
	b.Refused(&engine.Call{On: model.KindMACPool, Name: "remove", Target: small}, fault.MACPoolInUse)

	vms := []model.ID{b.VM("web1"), b.VM("web2"), b.VM("web3")}
	for i := range 2 {
		b.Must(addNIC(b, vms[i], ""))
		want(b, "an address", b.Get(vms[i]).NICs[0].MAC, fmt.Sprintf("02:00:00:00:00:0%d", i+1))
	}
	b.Refused(addNIC(b, vms[2], ""), fault.MACPoolEmpty)
	b.Refused(&engine.Call{On: model.KindVM, Name: "clone", Target: vms[0], Params: &vmroom.CloneParams{Name: "copy"}}, fault.MACPoolEmpty)
	byHand := addNIC(b, vms[2], "")
	byHand.Params = &nics.Params{Edit: func(nic *model.NIC) error { nic.Name, nic.MAC = "nic1", "02:00:00:00:00:01"; return nil }}
	b.Refused(byHand, fault.MACInUse)
	b.Must(call(model.KindMACPool, "update", small, func(p *model.MACPool) { p.AllowDuplicates = true }))
	b.Must(byHand)
	b.Must(use(model.DefaultMACPool))
	b.Must(&engine.Call{On: model.KindMACPool, Name: "remove", Target: small})
}

// TestNoAddressTwice: many requests at once, and a pool with fewer addresses than they
// want: each address is given once, and the rest are refused.
func TestNoAddressTwice(t *testing.T) {
	b := enginetest.New(t, map[string]string{"MacPoolRanges": "02:00:00:00:00:01-02:00:00:00:00:20"})
	var vms []model.ID
	for i := range 8 {
		vms = append(vms, b.VM(fmt.Sprintf("web%d", i)))
	}
	var wait sync.WaitGroup
	var mu sync.Mutex
	refused := 0
	for i := range 40 {
		wait.Go(func() {
			_, err := b.Server.Engine.Act(b.Context(), &engine.Call{On: model.KindNIC, Name: "add", Parent: vms[i%8], Params: &nics.Params{Edit: func(nic *model.NIC) error {
				nic.Name = fmt.Sprintf("nic%d", i)
				return nil
			}}})
			if err == nil {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			refused++
			if code := fault.Of(err).Code; code != fault.MACPoolEmpty {
				b.Errorf("a request was refused with %s", code)
			}
		})
	}
	wait.Wait()
	seen := map[string]bool{}
	for _, vm := range vms {
		for _, nic := range b.Get(vm).NICs {
			if seen[nic.MAC] {
				b.Errorf("%s was given twice", nic.MAC)
			}
			seen[nic.MAC] = true
		}
	}
	want(b, "addresses", len(seen), 32)
	want(b, "refused", refused, 8)
}
