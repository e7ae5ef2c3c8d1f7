package pools_test

import (
	"slices"
	"sync"
	"testing"

	"vireo/internal/audit"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/host/fake"
	"vireo/internal/model"
)

// TestAllocate: each user gets a VM, as long as there are any, and no more than may be.
func TestAllocate(t *testing.T) {
	b := newBench(t)
	pool := b.pool("desk", 2)
	alice, bob, carol := b.user("alice", pool), b.user("bob", pool), b.user("carol", pool)
	first := b.given(pool, alice)
	if name := b.Get(first).Name; name != "desk-1" || len(b.Get(first).Run.Overlays) != 1 {
		t.Errorf("%s was given, which runs on %v", name, b.Get(first).Run.Overlays)
	}
	b.Refused(take(pool, alice), fault.PoolUserLimit)
	second := b.given(pool, bob)
	said := b.Refused(take(pool, carol), fault.NoFreePoolVMs)
	if said.Kind != fault.Conflict || said.Message() != "Cannot allocate and run VM from VM-Pool. There are no available VMs in the VM-Pool." {
		t.Errorf("%s: %s", said.Kind, said.Message())
	}
	last := b.LastEvent()
	b.Stop(first)
	if codes := b.Events(last); !slices.Contains(codes, int(audit.PoolVMReturned)) || len(b.holders(first)) != 0 {
		t.Errorf("%v have it, the events were %v", b.holders(first), codes)
	}
	if got := b.given(pool, carol); got != first {
		t.Errorf("%s was given", b.Get(got).Name)
	}
	b.Stop(first)
	b.Stop(second)
	b.whole()
}

// TestNotPermitted: without a role on the pool nobody gets a VM of it.
func TestNotPermitted(t *testing.T) {
	b := newBench(t)
	pool, other := b.pool("desk", 1), b.pool("other", 1)
	b.Refused(take(pool, b.user("alice", other)), fault.NotAuthorized)
}

// TestGuestsEnd: however a run ends, an automatic pool has its VM back, and nothing of
// what was written.
func TestGuestsEnd(t *testing.T) {
	for name, end := range map[string]func(*fake.Machine, string){
		"shut down": (*fake.Machine).PowerOff, "killed": (*fake.Machine).Kill,
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			pool := b.pool("desk", 1)
			vm := b.given(pool, b.user("alice", pool))
			end(b.Machine(), b.Get(vm).Name)
			b.Await("the VM was returned", func() bool {
				return b.Get(vm).Run.Status == model.StatusDown && len(b.holders(vm)) == 0 && len(b.Get(vm).Run.Overlays) == 0
			})
			b.whole()
		})
	}
}

// TestStartFails: a VM that could not be started is not kept from others.
func TestStartFails(t *testing.T) {
	b := newBench(t)
	pool := b.pool("desk", 1)
	alice := b.user("alice", pool)
	b.World.Fail(fake.Rule{Call: "Boot", Error: fake.Refuse(host.RefusedResource, "no")})
	b.Fails(take(pool, alice))
	b.World.ClearRules()
	vm := b.members(pool)[0].ID
	if held := b.holders(vm); len(held) != 0 || b.Get(vm).Run.Status != model.StatusDown {
		t.Errorf("%v have it, it is %s", held, b.Get(vm).Run.Status)
	}
	b.given(pool, alice)
	b.Stop(vm)
	b.whole()
}

// TestTheLastOne: of several who come at once for the last VM one gets it.
func TestTheLastOne(t *testing.T) {
	b := newBench(t)
	pool := b.pool("desk", 2)
	b.given(pool, b.user("first", pool))
	var mu sync.Mutex
	var all sync.WaitGroup
	got := make(map[string]int)
	for _, login := range []string{"a", "b", "c", "d"} {
		call := take(pool, b.user(login, pool))
		all.Go(func() {
			_, err := b.Act(call)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				got["given"]++
				return
			}
			got[fault.Of(err).Code]++
		})
	}
	all.Wait()
	if got["given"] != 1 || got[fault.NoFreePoolVMs] != 3 {
		t.Errorf("it came to %v", got)
	}
	for _, vm := range b.members(pool) {
		b.Stop(vm.ID)
	}
	b.whole()
}

// TestManual: what a user of a manual pool writes stays until the VM is taken from the
// user, and nobody else ever sees it.
func TestManual(t *testing.T) {
	b := newBench(t)
	pool := b.pool("desk", 1, manual)
	alice, bob := b.user("alice", pool), b.user("bob", pool)
	vm := b.given(pool, alice)
	written := b.Get(vm).Run.Overlays
	b.Stop(vm)
	b.Refused(take(pool, bob), fault.NoFreePoolVMs)
	if kept := b.Get(vm).Run.Overlays; !slices.Equal(kept, written) {
		t.Fatalf("kept are %v of %v", kept, written)
	}
	b.Start(vm)
	if again := b.Get(vm).Run.Overlays; !slices.Equal(again, written) {
		t.Errorf("the next run is on %v", again)
	}
	b.Stop(vm)
	b.Restart()
	b.Await("the host is up", func() bool {
		_, err := b.Server.Watcher.Connected(b.Server.Inventory.Hosts.All()[0].ID)
		return err == nil
	})
	b.revoke(vm)
	if kept := b.Get(vm).Run.Overlays; len(kept) != 0 {
		t.Errorf("kept are %v", kept)
	}
	if got := b.given(pool, bob); slices.Equal(b.Get(got).Run.Overlays, written) {
		t.Error("bob has what alice has written")
	}
	b.revoke(vm) // while it runs
	b.Refused(take(pool, alice), fault.NoFreePoolVMs)
	b.grant(vm, alice)
	b.Stop(vm)
	if kept := b.Get(vm).Run.Overlays; len(kept) != 0 {
		t.Errorf("alice was given what bob has written: %v", kept)
	}
	b.whole()
}

// TestManualStartFails: a start that fails takes nothing from the user.
func TestManualStartFails(t *testing.T) {
	b := newBench(t)
	pool := b.pool("desk", 1, manual)
	alice := b.user("alice", pool)
	b.World.Fail(fake.Rule{Call: "Boot", Error: fake.Refuse(host.RefusedResource, "no")})
	b.Fails(take(pool, alice))
	b.World.ClearRules()
	vm := b.members(pool)[0].ID
	if !slices.Equal(b.holders(vm), []model.ID{alice.User}) || len(b.Get(vm).Run.Overlays) != 0 {
		t.Errorf("%v have it, on %v", b.holders(vm), b.Get(vm).Run.Overlays)
	}
	b.Start(vm)
	written := b.Get(vm).Run.Overlays
	b.Stop(vm)
	b.World.Fail(fake.Rule{Call: "Boot", Error: fake.Refuse(host.RefusedResource, "no")})
	b.Fails(startCall(vm))
	b.World.ClearRules()
	if kept := b.Get(vm).Run.Overlays; !slices.Equal(kept, written) || len(kept) == 0 {
		t.Errorf("kept are %v of %v", kept, written)
	}
	b.whole()
}

// TestDetachWithData: what the user has written is the VM's own from then on.
func TestDetachWithData(t *testing.T) {
	b := newBench(t)
	pool := b.pool("desk", 1, manual)
	vm := b.given(pool, b.user("alice", pool))
	b.Stop(vm)
	written := b.Get(vm).Run.Overlays[0]
	below := b.Disk(written.Disk).Volume
	b.Must(detachCall(vm))
	disk := b.Disk(written.Disk)
	if disk.Volume != written.Volume || len(disk.Chain) != 2 || disk.Chain[1].ID != below || len(b.Get(vm).Run.Overlays) != 0 {
		t.Errorf("the disk is %+v, the run %+v", disk, b.Get(vm).Run)
	}
	b.Start(vm)
	b.Stop(vm)
	b.whole()
}

// TestStateful: a pool may keep what its guests write.
func TestStateful(t *testing.T) {
	b := newBench(t)
	pool := b.pool("desk", 1, func(p *model.VMPool) { p.Stateful = true })
	vm := b.given(pool, b.user("alice", pool))
	if overlays := b.Get(vm).Run.Overlays; len(overlays) != 0 {
		t.Errorf("it runs on %v", overlays)
	}
	b.Stop(vm)
	if held := b.holders(vm); len(held) != 0 {
		t.Errorf("%v have it", held)
	}
}

// TestReserved: a VM that a group was given is not for those who come.
func TestReserved(t *testing.T) {
	b := newBench(t)
	pool := b.pool("desk", 2)
	alice := b.user("alice", pool)
	b.grant(b.members(pool)[0].ID, b.user("bob", pool))
	if got := b.given(pool, alice); b.Get(got).Name != "desk-2" {
		t.Errorf("%s was given", b.Get(got).Name)
	}
	b.Stop(b.members(pool)[1].ID)
}

// TestPrestarted: as many VMs as are wanted run for those who come, and whoever comes
// gets one that runs.
func TestPrestarted(t *testing.T) {
	b := newBench(t)
	pool := b.pool("desk", 3, func(p *model.VMPool) { p.Prestarted = 1 })
	running := func() (up []model.ID) {
		for _, vm := range b.members(pool) {
			if vm.Run.Status == model.StatusUp {
				up = append(up, vm.ID)
			}
		}
		return up
	}
	b.Await("one runs", func() bool { return len(running()) == 1 })
	waiting := running()[0]
	result := b.Must(take(pool, b.user("alice", pool)))
	if result.Object.Ref().ID != waiting || result.Job != nil {
		t.Errorf("%v was given, by %v", result.Object.Ref(), result.Job)
	}
	b.Await("another runs", func() bool { return len(running()) == 2 })
	b.Must(change(pool, func(p *model.VMPool) { p.Prestarted = 2 }))
	b.Await("all run", func() bool { return len(running()) == 3 })
	b.Must(change(pool, func(p *model.VMPool) { p.Prestarted = 0 }))
	for _, vm := range b.members(pool) {
		b.Stop(vm.ID)
	}
	b.whole()
	if up := running(); len(up) != 0 {
		t.Errorf("%d run", len(up))
	}
}
