package nics_test

import (
	"net"
	"slices"
	"strings"
	"testing"

	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/engine/enginetest"
	"vireo/internal/engine/nics"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/host/fake"
	"vireo/internal/model"
	"vireo/internal/server"
	"vireo/internal/store/storetest/postgres"
)

// managementProfile is the vNIC profile that every network interface on the management
// network has.
const managementProfile model.ID = "0000000a-000a-000a-000a-000000000398"

func nicCall(name string, vm, nic model.ID, edit func(*model.NIC)) *engine.Call {
	call := &engine.Call{On: model.KindNIC, Name: name, Parent: vm, Target: nic}
	if edit != nil {
		call.Params = &nics.Params{Edit: func(n *model.NIC) error { edit(n); return nil }}
	}
	return call
}

// addCall adds a network interface on the management network; edits change that.
func addCall(vm model.ID, name string, edits ...func(*model.NIC)) *engine.Call {
	return nicCall("add", vm, "", func(n *model.NIC) {
		n.Name, n.Network = name, server.ManagementNetwork
		for _, edit := range edits {
			edit(n)
		}
	})
}

func add(b *enginetest.Bench, vm model.ID, name string, edits ...func(*model.NIC)) model.ID {
	b.Helper()
	call := addCall(vm, name, edits...)
	b.Must(call)
	return call.Params.(*nics.Params).Change.New.ID
}

func find(b *enginetest.Bench, vm, nic model.ID) *model.NIC {
	b.Helper()
	for _, n := range b.Get(vm).NICs {
		if n.ID == nic {
			return &n
		}
	}
	return nil
}

// inGuest is the network interface as the VM's guest has it; nil if it has not.
func inGuest(b *enginetest.Bench, vm model.ID, mac string) *host.NICSpec {
	b.Helper()
	all := b.Machine().NICs(string(vm))
	i := slices.IndexFunc(all, func(n host.NICSpec) bool { return n.MAC == mac })
	if i < 0 {
		return nil
	}
	return &all[i]
}

func want(t testing.TB, what string, got, wanted any) {
	t.Helper()
	if got != wanted {
		t.Errorf("%s is %v, not %v", what, got, wanted)
	}
}

func wantEvents(b *enginetest.Bench, after int64, wanted ...int) {
	b.Helper()
	got := b.Events(after)
	for _, code := range wanted {
		if !slices.Contains(got, code) {
			b.Errorf("there is no event %d among %v", code, got)
		}
	}
}

func refusing(b *enginetest.Bench, name string) {
	b.World.Fail(fake.Rule{Call: name, Error: fake.Refuse(host.RefusedOther, "no more slots")})
}

func TestAddToVMThatIsDown(t *testing.T) {
	b := enginetest.New(t, map[string]string{"MacPoolRanges": "00:1a:4a:00:00:fe-00:1a:4a:00:01:00"})
	vm := b.VM("web1")
	before := b.LastEvent()
	first := find(b, vm, add(b, vm, "nic1"))
	want(t, "nic", *first, model.NIC{
		ID: first.ID, Name: "nic1", Network: server.ManagementNetwork, Profile: managementProfile,
		Interface: model.NICVirtio, MAC: "00:1a:4a:00:00:fe", Linked: true, Plugged: true,
	})
	wantEvents(b, before, 932)
	second := add(b, vm, "nic2", func(n *model.NIC) { n.Network = "" })
	want(t, "the second address", find(b, vm, second).MAC, "00:1a:4a:00:00:ff")
	third := add(b, vm, "nic3", func(n *model.NIC) { n.MAC = "02:AB:CD:00:00:01" })
	want(t, "an address that was given", find(b, vm, third).MAC, "02:ab:cd:00:00:01")
	b.Must(nicCall("remove", vm, first.ID, nil))
	other := b.VM("web2")
	fourth := add(b, other, "nic1")
	want(t, "the first free address", find(b, other, fourth).MAC, "00:1a:4a:00:00:fe")
	add(b, other, "nic2")
	b.Refused(addCall(other, "nic3"), fault.MACPoolEmpty)
	b.Start(vm)
	want(t, "the guest has it", inGuest(b, vm, "02:ab:cd:00:00:01") != nil, true)
}

func TestGuestThatRuns(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.Running("web1")
	before := b.LastEvent()
	id := add(b, vm, "nic1")
	mac := find(b, vm, id).MAC
	want(t, "plugged", find(b, vm, id).Plugged, true)
	want(t, "network", inGuest(b, vm, mac).Network, "ovirtmgmt")

	b.Must(nicCall("update", vm, id, func(n *model.NIC) { n.Linked, n.Name = false, "uplink" }))
	want(t, "linked in the guest", inGuest(b, vm, mac).Linked, false)
	want(t, "linked", find(b, vm, id).Linked, false)
	want(t, "name", find(b, vm, id).Name, "uplink")
	b.Must(nicCall("update", vm, id, func(n *model.NIC) { n.Network = "" }))
	want(t, "network in the guest", inGuest(b, vm, mac).Network, "")
	updates := b.World.CountCalls("UpdateNIC", "")
	b.Must(nicCall("update", vm, id, func(n *model.NIC) { n.Name = "nic1" }))
	want(t, "calls for a new name", b.World.CountCalls("UpdateNIC", ""), updates)

	b.Refused(nicCall("update", vm, id, func(n *model.NIC) { n.MAC = "02:00:00:00:00:01" }), fault.StateConflict)
	b.Refused(nicCall("update", vm, id, func(n *model.NIC) { n.Interface = model.NICE1000 }), fault.StateConflict)
	b.Must(nicCall("deactivate", vm, id, nil))
	want(t, "the guest has it", inGuest(b, vm, mac) == nil, true)
	want(t, "plugged", find(b, vm, id).Plugged, false)
	b.Must(nicCall("update", vm, id, func(n *model.NIC) { n.MAC, n.Interface = "02:00:00:00:00:01", model.NICE1000 }))
	b.Must(nicCall("activate", vm, id, nil))
	want(t, "model in the guest", inGuest(b, vm, "02:00:00:00:00:01").Model, model.NICE1000)
	b.Must(nicCall("activate", vm, id, nil))
	b.Must(nicCall("update", vm, id, func(n *model.NIC) { n.Plugged = false }))
	want(t, "the guest has it", inGuest(b, vm, "02:00:00:00:00:01") == nil, true)
	b.Must(nicCall("update", vm, id, func(n *model.NIC) { n.Plugged = true }))
	b.Must(nicCall("remove", vm, id, nil))
	want(t, "NICs", len(b.Get(vm).NICs), 0)
	want(t, "NICs of the guest", len(b.Machine().NICs(string(vm))), 0)
	wantEvents(b, before, 932, 934, 1014, 1012, 930)
}

func TestHostRefuses(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.Running("web1")
	id := add(b, vm, "nic1")
	mac, was := find(b, vm, id).MAC, *find(b, vm, id)
	before := b.LastEvent()
	refusing(b, "UpdateNIC")
	refusal := b.Fails(nicCall("update", vm, id, func(n *model.NIC) { n.Linked, n.Name = false, "uplink" }))
	if !strings.Contains(refusal.Message(), "no more slots") {
		t.Errorf("the reason is not told: %s", refusal.Message())
	}
	b.Await("the VM is seen to be up", func() bool { return b.Get(vm).Run.Status == model.StatusUp })
	want(t, "nic", *find(b, vm, id), was)
	b.World.ClearRules()
	refusing(b, "UnplugNIC")
	b.Fails(nicCall("remove", vm, id, nil))
	b.Fails(nicCall("deactivate", vm, id, nil))
	want(t, "nic", *find(b, vm, id), was)
	want(t, "the guest has it", inGuest(b, vm, mac) != nil, true)
	b.World.ClearRules()
	refusing(b, "PlugNIC")
	b.Fails(addCall(vm, "nic2"))
	want(t, "NICs", len(b.Get(vm).NICs), 1)
	b.Must(nicCall("deactivate", vm, id, nil))
	b.Fails(nicCall("activate", vm, id, nil))
	want(t, "plugged", find(b, vm, id).Plugged, false)
	wantEvents(b, before, 935, 931, 1015, 933, 1013)
}

// TestChangeAfterOneThatBrokeOff: a guest that has lost a network interface between being
// unplugged and plugged in again has it after the next change.
func TestChangeAfterOneThatBrokeOff(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.Running("web1")
	id := add(b, vm, "nic1")
	mac := find(b, vm, id).MAC
	conn, err := b.World.Driver().Connect(t.Context(), b.Machine().Address())
	want(t, "the connection", err, nil)
	defer conn.Close()
	want(t, "unplugging", conn.UnplugNIC(t.Context(), vm, mac), nil)
	b.Must(nicCall("update", vm, id, func(n *model.NIC) { n.Linked = false }))
	want(t, "the guest has it", inGuest(b, vm, mac) != nil, true)
	want(t, "linked", inGuest(b, vm, mac).Linked, false)
}

func TestUndoThatFails(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.Running("web1")
	b.World.Fail(fake.Rule{Call: "PlugNIC", Error: fake.Refuse(host.RefusedOther, "half done"), After: true})
	refusing(b, "UnplugNIC")
	b.Fails(addCall(vm, "nic1"))
	want(t, "NICs", len(b.Get(vm).NICs), 1)
	want(t, "plugged", b.Get(vm).NICs[0].Plugged, true)
	b.Await("the VM is seen to be up", func() bool { return b.Get(vm).Run.Status == model.StatusUp })
}

func TestRefused(t *testing.T) {
	b := enginetest.New(t, nil)
	vm, other := b.VM("web1"), b.VM("web2")
	id := add(b, vm, "nic1", func(n *model.NIC) { n.MAC = "02:00:00:00:00:01" })
	elsewhere := &model.DataCenter{ID: model.NewID(), Name: "elsewhere"}
	far := &model.Network{ID: model.NewID(), Name: "far", DataCenter: elsewhere.ID, Usages: []string{"vm"}}
	inner := &model.Network{ID: model.NewID(), Name: "inner", DataCenter: server.DefaultDataCenter, Usages: []string{"migration"}}
	has := []model.ClusterNetwork{{Cluster: server.DefaultCluster}}
	missing := &model.Network{ID: model.NewID(), Name: "missing", DataCenter: server.DefaultDataCenter, Usages: []string{"vm"}, Clusters: has}
	apart := &model.Network{ID: model.NewID(), Name: "apart", DataCenter: server.DefaultDataCenter, Usages: []string{"vm"}}
	strange := &model.VNICProfile{ID: model.NewID(), Name: "strange", Network: far.ID}
	for _, object := range []model.Object{elsewhere, far, inner, missing, apart, strange} {
		b.Put(object)
	}
	for name, refused := range map[string]struct {
		edit func(*model.NIC)
		code string
	}{
		"no name":                            {func(n *model.NIC) { n.Name = "" }, fault.NameIllegal},
		"a long name":                        {func(n *model.NIC) { n.Name = strings.Repeat("n", 51) }, fault.NameIllegal},
		"blanks in its name":                 {func(n *model.NIC) { n.Name = "my nic" }, fault.NameIllegal},
		"a name in use":                      {func(n *model.NIC) { n.Name = "nic1" }, fault.NameInUse},
		"no model":                           {func(n *model.NIC) { n.Interface = "" }, fault.Invalid},
		"no MAC":                             {func(n *model.NIC) { n.MAC = "nonsense" }, fault.Invalid},
		"a MAC of 8 bytes":                   {func(n *model.NIC) { n.MAC = "02:00:00:00:00:00:00:01" }, fault.Invalid},
		"a MAC with dots":                    {func(n *model.NIC) { n.MAC = "0200.0000.0001" }, fault.Invalid},
		"a multicast MAC":                    {func(n *model.NIC) { n.MAC = "01:00:5e:00:00:01" }, fault.Invalid},
		"a MAC of zeros":                     {func(n *model.NIC) { n.MAC = "00:00:00:00:00:00" }, fault.Invalid},
		"a MAC in use":                       {func(n *model.NIC) { n.MAC = "02:00:00:00:00:01" }, fault.MACInUse},
		"no such network":                    {func(n *model.NIC) { n.Network = model.NewID() }, "NOT_FOUND"},
		"a network far away":                 {func(n *model.NIC) { n.Network = far.ID }, fault.StateConflict},
		"a network that the cluster has not": {func(n *model.NIC) { n.Network = apart.ID }, fault.StateConflict},
		"no such profile":                    {func(n *model.NIC) { n.Profile = model.NewID() }, "NOT_FOUND"},
		"a profile of another network":       {func(n *model.NIC) { n.Network, n.Profile = missing.ID, strange.ID }, "NOT_FOUND"},
		"no network for VMs":                 {func(n *model.NIC) { n.Network = inner.ID }, fault.StateConflict},
	} {
		t.Run(name, func(t *testing.T) {
			b.Refused(addCall(vm, "nic2", refused.edit), refused.code)
			second := add(b, vm, "nic2")
			b.Refused(nicCall("update", vm, second, refused.edit), refused.code)
			b.Must(nicCall("remove", vm, second, nil))
		})
	}
	b.Refused(addCall(other, "nic1", func(n *model.NIC) { n.MAC = "02:00:00:00:00:01" }), fault.MACInUse)
	b.Refused(nicCall("add", vm, "", nil), fault.Invalid)
	b.Refused(nicCall("update", vm, id, nil), fault.Invalid)
	b.Refused(nicCall("update", vm, id, func(n *model.NIC) { n.ID = model.NewID() }), "IMMUTABLE")
	for _, name := range []string{"update", "remove", "activate", "deactivate"} {
		b.Refused(nicCall(name, other, id, func(*model.NIC) {}), "NOT_FOUND")
		b.Refused(nicCall(name, "", id, func(*model.NIC) {}), "NOT_FOUND")
		b.Refused(nicCall(name, model.NewID(), id, func(*model.NIC) {}), fault.VMNotFound)
	}
	b.Start(vm)
	b.Refused(addCall(vm, "nic2", func(n *model.NIC) { n.Network = missing.ID }), fault.StateConflict)
	unplugged := add(b, vm, "nic2", func(n *model.NIC) { n.Network, n.Plugged = missing.ID, false })
	b.Refused(nicCall("activate", vm, unplugged, nil), fault.StateConflict)
}

func TestTooMany(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.VM("web1")
	b.Edit(vm, func(vm *model.VM) {
		for i := range 28 {
			vm.NICs = append(vm.NICs, model.NIC{
				ID: model.NewID(), Name: "n" + string(rune('a'+i)),
				MAC: net.HardwareAddr{2, 0, 0, 0, 0, byte(i)}.String(), Interface: model.NICVirtio,
			})
		}
	})
	b.Refused(addCall(vm, "one-more"), fault.StateConflict)
}

func TestStatuses(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.VM("web1")
	id := add(b, vm, "nic1")
	for _, status := range model.Statuses {
		if status == model.StatusDown || status == model.StatusUp {
			continue
		}
		b.InStatus(vm, status)
		refusal := b.Refused(addCall(vm, "nic2"), fault.VMStatusIllegal)
		want(t, "kind", refusal.Kind, fault.Conflict)
		for _, name := range []string{"update", "remove", "activate", "deactivate"} {
			b.Refused(nicCall(name, vm, id, func(*model.NIC) {}), fault.VMStatusIllegal)
		}
	}
	b.InStatus(vm, model.StatusDown)
}

func TestWhileJobHoldsVM(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.Running("web1")
	struck, release := make(chan struct{}), make(chan struct{})
	b.World.Fail(fake.Rule{Call: "PlugNIC", Do: func() { close(struck); <-release }})
	begun := b.Begin(addCall(vm, "nic1"))
	<-struck
	b.Refused(addCall(vm, "nic2"), fault.ObjectLocked)
	taken := b.Get(vm).NICs[0].MAC
	second := b.VM("web2")
	id := add(b, second, "nic1")
	want(t, "the address is free", find(b, second, id).MAC != taken, true)
	close(release)
	b.Wait(begun.Job.ID)
}

func TestStopInterruptsUnplug(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.Running("web1")
	id := add(b, vm, "nic1")
	struck := make(chan struct{})
	b.World.Fail(fake.Rule{Call: "UnplugNIC", Hang: true, Do: func() { close(struck) }})
	begun := b.Begin(nicCall("remove", vm, id, nil))
	<-struck
	b.Stop(vm)
	want(t, "status", b.Get(vm).Run.Status, model.StatusDown)
	want(t, "job", b.Wait(begun.Job.ID).Status, model.JobFailed)
	want(t, "plugged", find(b, vm, id).Plugged, true)
}

func TestPermits(t *testing.T) {
	b := enginetest.New(t, nil)
	vm, other := b.VM("web1"), b.VM("web2")
	owner := b.Caller("owner", auth.UserVMManager, model.Ref{Kind: model.KindVM, ID: vm})
	mine := addCall(vm, "nic1")
	mine.Caller = owner
	b.Must(mine)
	foreign := addCall(other, "nic1")
	foreign.Caller = owner
	b.Refused(foreign, fault.NotAuthorized)
}

func TestNextRunKeepsNICs(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.Running("web1")
	b.Edit(vm, func(vm *model.VM) {
		next := model.Clone(vm).VMConfig
		next.Memory = 128 << 20
		vm.NextRun = &next
	})
	id := add(b, vm, "nic1")
	want(t, "NICs of the next run", len(b.Get(vm).NextRun.NICs), 1)
	b.Stop(vm)
	want(t, "memory", b.Get(vm).Memory, int64(128<<20))
	want(t, "plugged", find(b, vm, id).Plugged, true)
}

func TestEngineDies(t *testing.T) {
	for name, scenario := range map[string]enginetest.Scenario{
		"add": {
			Prepare: func(b *enginetest.Bench) *engine.Call { return addCall(b.Running("web1"), "nic1") },
			Check: func(b *enginetest.Bench, call *engine.Call, ended *model.Job) {
				want(b, "job", ended.Status, model.JobFinished)
				nic := b.Get(call.Parent).NICs[0]
				want(b, "plugged", nic.Plugged, true)
				want(b, "the guest has it", inGuest(b, call.Parent, nic.MAC) != nil, true)
			},
		},
		"add that fails": {
			Prepare: func(b *enginetest.Bench) *engine.Call {
				refusing(b, "PlugNIC")
				return addCall(b.Running("web1"), "nic1")
			},
			Check: func(b *enginetest.Bench, call *engine.Call, ended *model.Job) {
				want(b, "job", ended.Status, model.JobFailed)
				want(b, "NICs", len(b.Get(call.Parent).NICs), 0)
				want(b, "NICs of the guest", len(b.Machine().NICs(string(call.Parent))), 0)
			},
		},
		"update": {
			Prepare: func(b *enginetest.Bench) *engine.Call {
				vm := b.Running("web1")
				return nicCall("update", vm, add(b, vm, "nic1"), func(n *model.NIC) { n.Linked = false })
			},
			Check: func(b *enginetest.Bench, call *engine.Call, ended *model.Job) {
				want(b, "job", ended.Status, model.JobFinished)
				nic := find(b, call.Parent, call.Target)
				want(b, "linked", nic.Linked || inGuest(b, call.Parent, nic.MAC).Linked, false)
			},
		},
		"remove": {
			Prepare: func(b *enginetest.Bench) *engine.Call {
				vm := b.Running("web1")
				return nicCall("remove", vm, add(b, vm, "nic1"), nil)
			},
			Check: func(b *enginetest.Bench, call *engine.Call, ended *model.Job) {
				want(b, "job", ended.Status, model.JobFinished)
				want(b, "NICs", len(b.Get(call.Parent).NICs)+len(b.Machine().NICs(string(call.Parent))), 0)
			},
		},
	} {
		t.Run(name, func(t *testing.T) { enginetest.DieEverywhere(t, scenario) })
		t.Run(name+" on PostgreSQL", func(t *testing.T) { enginetest.DieEverywhere(t, scenario.On(postgres.Start)) })
	}
}
