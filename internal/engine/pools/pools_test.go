package pools_test

import (
	"fmt"
	"slices"
	"testing"

	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/model"
)

// TestAdd: a pool has VMs that stand on the template's disks.
func TestAdd(t *testing.T) {
	b := newBench(t)
	last := b.LastEvent()
	pool := b.pool("desk", 3)
	if codes := b.Events(last); !slices.Equal(codes, []int{302}) {
		t.Errorf("the events were %v", codes)
	}
	if names := b.names(pool); !slices.Equal(names, []string{"desk-1", "desk-2", "desk-3"}) {
		t.Errorf("the VMs are %v", names)
	}
	template, _ := b.Server.Inventory.Templates.Get(b.template)
	for _, vm := range b.members(pool) {
		disk := b.Disk(vm.Disks[0].Disk)
		if vm.Run.Status != model.StatusDown || vm.Template != b.template || len(disk.Chain) != 1 || disk.Chain[0].Template != template.Disks[0].Disk {
			t.Errorf("%s: %+v on %+v", vm.Name, vm.Run, disk)
		}
	}
}

// TestNames: a name may say how many digits there are and where. Names that others have
// are left out.
func TestNames(t *testing.T) {
	b := newBench(t)
	b.VM("seat02-x")
	pool := b.pool("seat??-x", 2)
	if names := b.names(pool); !slices.Equal(names, []string{"seat01-x", "seat03-x"}) {
		t.Errorf("the VMs are %v", names)
	}
	b.Refused(b.addCall("few?", 10), fault.Invalid)
	b.Must(b.addCall("few?", 9))
}

// TestAddRefused: what cannot be a pool.
func TestAddRefused(t *testing.T) {
	b := newBench(t)
	b.pool("desk", 0)
	for name, test := range map[string]struct {
		call *engine.Call
		code string
	}{
		"no name":              {b.addCall("", 1), fault.NameIllegal},
		"a name with blanks":   {b.addCall("a b", 1), fault.NameIllegal},
		"two masks":            {b.addCall("a?b?", 1), fault.NameIllegal},
		"a name that is taken": {b.addCall("desk", 1), fault.NameInUse},
		"fewer than none":      {b.addCall("x", -1), fault.Invalid},
		"too many":             {b.addCall("x", 1001), fault.Invalid},
		"more prestarted":      {b.addCall("x", 1, func(p *model.VMPool) { p.Prestarted = 2 }), fault.PrestartedTooMany},
		"none for each":        {b.addCall("x", 1, func(p *model.VMPool) { p.MaxUserVMs = 0 }), fault.Invalid},
		"a type of its own":    {b.addCall("x", 1, func(p *model.VMPool) { p.Type = "odd" }), fault.Invalid},
		"of Blank":             {b.addCall("x", 1, func(p *model.VMPool) { p.Template = model.BlankID }), fault.PoolOfBlank},
		"no cluster":           {b.addCall("x", 1, func(p *model.VMPool) { p.Cluster = model.NewID() }), "NOT_FOUND"},
		"no template":          {b.addCall("x", 1, func(p *model.VMPool) { p.Template = model.NewID() }), "NOT_FOUND"},
	} {
		t.Run(name, func(*testing.T) { b.Refused(test.call, test.code) })
	}
	b.Refused(&engine.Call{On: model.KindTemplate, Name: "remove", Target: b.template}, fault.TemplateInUse)
}

// TestResize: a pool grows, and shrinks by VMs only that are down and nobody has.
func TestResize(t *testing.T) {
	b := newBench(t)
	pool := b.pool("desk", 2)
	alice := b.user("alice", pool)
	vm := b.given(pool, alice)
	last := b.LastEvent()
	b.Must(resize(pool, 4))
	if codes := b.Events(last); !slices.Equal(codes, []int{314}) || len(b.members(pool)) != 4 {
		t.Errorf("%d VMs, the events were %v", len(b.members(pool)), codes)
	}
	b.Refused(resize(pool, 0), fault.PoolShrink)
	b.Must(resize(pool, 1))
	if left := b.members(pool); len(left) != 1 || left[0].ID != vm {
		t.Errorf("left are %v", b.names(pool))
	}
	b.Must(resize(pool, 2))
	if names := b.names(pool); !slices.Equal(names, []string{"desk-1", "desk-2"}) {
		t.Errorf("the VMs are %v", names)
	}
	b.whole()
}

// TestChange: what VMs depend on stays while they are in use.
func TestChange(t *testing.T) {
	b := newBench(t)
	pool := b.pool("desk", 1)
	b.Must(change(pool, manual))
	b.given(pool, b.user("alice", pool))
	b.Refused(change(pool, func(p *model.VMPool) { p.Type = model.VMPoolAutomatic }), fault.StateConflict)
	b.Refused(change(pool, func(p *model.VMPool) { p.Stateful = true }), fault.StateConflict)
	b.Refused(change(pool, func(p *model.VMPool) { p.Template = model.BlankID }), fault.PoolOfBlank)
	other := b.newTemplate("other", "")
	b.Refused(change(pool, func(p *model.VMPool) { p.Template = other }), "IMMUTABLE")
	b.Must(change(pool, func(p *model.VMPool) { p.Description, p.MaxUserVMs = "desks", 2 }))
	if changed, _ := b.Server.Inventory.VMPools.Get(pool); changed.Description != "desks" || changed.MaxUserVMs != 2 || changed.Type != model.VMPoolManual {
		t.Errorf("it is %+v", changed)
	}
}

// TestRemove: a pool is removed with its VMs and their disks, once they are down.
func TestRemove(t *testing.T) {
	b := newBench(t)
	pool := b.pool("desk", 2)
	vm := b.given(pool, b.user("alice", pool))
	before := len(b.Server.Inventory.Disks.All())
	b.Refused(removeCall(pool), fault.PoolVMRunning)
	b.Stop(vm)
	last := b.LastEvent()
	b.Must(removeCall(pool))
	if codes := b.Events(last); !slices.Equal(codes, []int{20400, 304}) {
		t.Errorf("the events were %v", codes)
	}
	b.whole()
	if len(b.members(pool)) != 0 || len(b.Server.Inventory.Disks.All()) != before-2 || len(b.Server.Inventory.VMPools.All()) != 0 {
		t.Errorf("left are %v, %d disks", b.names(pool), len(b.Server.Inventory.Disks.All()))
	}
	for _, permission := range b.Server.Inventory.Permissions.All() {
		if permission.Object.Kind == model.KindVMPool || permission.Object.Kind == model.KindVM {
			t.Errorf("left is a permission on %v", permission.Object)
		}
	}
}

// TestAlike: what a VM of a pool is made of stays; taken out it is like any other.
func TestAlike(t *testing.T) {
	b := newBench(t)
	pool := b.pool("desk", 1)
	vm := b.members(pool)[0]
	disk := vm.Disks[0].Disk
	calls := map[string]*engine.Call{
		"edit":     {On: model.KindVM, Name: "update", Target: vm.ID},
		"remove":   {On: model.KindVM, Name: "remove", Target: vm.ID},
		"snapshot": {On: model.KindSnapshot, Name: "add", Parent: vm.ID},
		"a disk":   {On: model.KindDisk, Name: "remove", Parent: vm.ID, Target: disk},
		"its disk": {On: model.KindDisk, Name: "remove", Target: disk},
		"move":     {On: model.KindDisk, Name: "move", Target: disk},
		"a NIC":    {On: model.KindNIC, Name: "add", Parent: vm.ID},
	}
	for name, call := range calls {
		t.Run(name, func(*testing.T) {
			if said := b.Refused(call, fault.AttachedToPool); said.Kind != fault.Conflict {
				t.Errorf("it is %s", said.Kind)
			}
		})
	}
	if said := b.Refused(calls["remove"], fault.AttachedToPool); said.Message() != "Cannot remove VM. VM is attached to a VM Pool." {
		t.Error(said.Message())
	}
	b.given(pool, b.user("alice", pool))
	said := b.Refused(&engine.Call{On: model.KindVM, Name: "suspend", Target: vm.ID}, fault.SuspendInPool)
	if said.Message() != "Cannot suspend VM that belongs to a  VM-Pool." {
		t.Error(said.Message())
	}
	b.Stop(vm.ID)
	b.Must(detachCall(vm.ID))
	b.Must(calls["remove"])
}

func detachCall(vm model.ID) *engine.Call {
	return &engine.Call{On: model.KindVM, Name: "detach", Target: vm}
}

// TestDetach: the documented answers (api-v3 3.9).
func TestDetach(t *testing.T) {
	b := newBench(t)
	pool := b.pool("desk", 2)
	vm := b.given(pool, b.user("alice", pool))
	if said := b.Refused(detachCall(vm), fault.PoolVMRunning); said.Message() != "Cannot detach VM from VM-Pool. VM is running." {
		t.Error(said.Message())
	}
	b.Stop(vm)
	call := detachCall(vm)
	call.Caller = b.user("bob", pool)
	b.Refused(call, fault.NotAuthorized)
	call.Caller = b.Caller("carol", poolAdmin, model.Ref{Kind: model.KindVMPool, ID: pool})
	last := b.LastEvent()
	if result := b.Must(call); result.Job != nil {
		t.Error("it made a job")
	}
	if codes := b.Events(last); !slices.Equal(codes, []int{308}) {
		t.Errorf("the events were %v", codes)
	}
	if b.Get(vm).Pool != "" || len(b.members(pool)) != 1 {
		t.Errorf("it is in %q, and the pool has %v", b.Get(vm).Pool, b.names(pool))
	}
	if said := b.Refused(detachCall(vm), fault.NotAuthorized); said.Message() != "User is not authorized to perform this action." {
		t.Error(said.Message())
	}
	b.Start(vm)
	if overlays := b.Get(vm).Run.Overlays; len(overlays) != 0 {
		t.Errorf("it runs stateless: %v", overlays)
	}
	b.Stop(vm)
}

const poolAdmin model.ID = "def00007-0000-0000-0000-def000000007"

// TestWhoSees: users of a pool see the pool, and of its VMs those that they have; whoever
// administers the pool sees all.
func TestWhoSees(t *testing.T) {
	b := newBench(t)
	pool := b.pool("desk", 3)
	alice := b.user("alice", pool)
	vm := b.given(pool, alice)
	for name, test := range map[string]struct {
		caller *auth.Caller
		sees   int
	}{
		"the one who has one": {alice, 1},
		"another user":        {b.user("bob", pool), 0},
		"an administrator":    {b.Caller("carol", poolAdmin, model.Ref{Kind: model.KindVMPool, ID: pool}), 3},
	} {
		view := b.Server.Engine.View(test.caller)
		if sees := len(view.VMs()); sees != test.sees || len(view.VMPools()) != 1 {
			t.Errorf("%s sees %d VMs and %d pools", name, sees, len(view.VMPools()))
		}
	}
	stop := &engine.Call{On: model.KindVM, Name: "stop", Target: vm, Caller: b.user("dave", pool)}
	b.Refused(stop, fault.NotAuthorized)
	stop.Caller = alice
	b.Must(stop)
	b.Await("the VM was returned", func() bool { return len(b.holders(vm)) == 0 })
	b.Refused(&engine.Call{On: model.KindVM, Name: "start", Target: vm, Caller: alice}, fault.NotAuthorized)
}

// TestMany: more VMs than have one digit are numbered on, and removed all at once.
func TestMany(t *testing.T) {
	b := newBench(t)
	pool := b.pool("desk", 12)
	if names := b.names(pool); len(names) != 12 || !slices.Contains(names, "desk-12") {
		t.Errorf("the VMs are %v", names)
	}
	b.Must(removeCall(pool))
	if left := fmt.Sprint(b.names(pool)); left != "[]" {
		t.Errorf("left are %s", left)
	}
}
