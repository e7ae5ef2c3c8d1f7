package pools_test

import (
	"errors"
	"testing"

	"vireo/internal/engine"
	"vireo/internal/engine/enginetest"
	"vireo/internal/fault"
	"vireo/internal/model"
)

var errBroken = errors.New("the storage is broken")

func startCall(vm model.ID) *engine.Call {
	return &engine.Call{On: model.KindVM, Name: "start", Target: vm, Async: new(false)}
}

// TestDie: an engine that dies while VMs of a pool are made or removed leaves the work to
// the next.
func TestDie(t *testing.T) {
	for name, test := range map[string]struct {
		call func(*bench) *engine.Call
		size int
	}{
		"add":    {func(b *bench) *engine.Call { return b.addCall("desk", 2) }, 2},
		"grow":   {func(b *bench) *engine.Call { return resize(b.pool("desk", 1), 3) }, 3},
		"shrink": {func(b *bench) *engine.Call { return resize(b.pool("desk", 3), 1) }, 1},
		"remove": {func(b *bench) *engine.Call { return removeCall(b.pool("desk", 2)) }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			enginetest.DieEverywhere(t, enginetest.Scenario{
				Prepare: func(under *enginetest.Bench) *engine.Call { return test.call(prepared(under)) },
				Check: func(under *enginetest.Bench, _ *engine.Call, ended *model.Job) {
					made := 0
					for _, vm := range under.Server.Inventory.VMs.All() {
						if vm.Pool != "" && vm.Run.Status == model.StatusDown {
							made++
						}
					}
					if ended.Status != model.JobFinished || made != test.size {
						under.Errorf("the job is %s, and there are %d VMs", ended.Status, made)
					}
				},
			})
		})
	}
}

// TestGrowthFails: there are all of the new VMs or none, and nothing is left of them.
func TestGrowthFails(t *testing.T) {
	b := newBench(t)
	pool := b.pool("desk", 1)
	disks := len(b.Server.Inventory.Disks.All())
	b.Images.Fail("Overlay", errBroken)
	b.Fails(resize(pool, 4))
	b.Images.Clear()
	b.whole()
	if len(b.members(pool)) != 1 || len(b.Server.Inventory.Disks.All()) != disks {
		t.Errorf("there are %v, and %d disks", b.names(pool), len(b.Server.Inventory.Disks.All()))
	}
	b.Images.Fail("Link", errBroken)
	b.Fails(b.addCall("other", 1))
	b.Images.Clear()
	b.whole()
	if all := b.Server.Inventory.VMPools.All(); len(all) != 1 {
		t.Errorf("there are %d pools", len(all))
	}
}

// TestWhileItGrows: a pool is not removed while VMs are made for it, but what it has is
// given away.
func TestWhileItGrows(t *testing.T) {
	b := newBench(t)
	pool := b.pool("desk", 1)
	release := b.Images.Hold("Overlay")
	begun := b.Begin(resize(pool, 3))
	b.Refused(removeCall(pool), fault.ObjectLocked)
	b.Refused(resize(pool, 5), fault.ObjectLocked)
	b.Refused(detachCall(b.members(pool)[1].ID), fault.ObjectLocked)
	release()
	b.Wait(begun.Job.ID)
	b.Must(removeCall(pool))
	b.whole()
}
