package disks_test

import (
	"testing"

	"vireo/internal/engine"
	"vireo/internal/engine/enginetest"
	"vireo/internal/model"
	"vireo/internal/store/storetest/postgres"
)

// TestEngineDies kills the engine at every step of every job here; what becomes
// of it is the same as without.
func TestEngineDies(t *testing.T) {
	finished := func(b *enginetest.Bench, ended *model.Job) {
		b.Helper()
		want(b, "job", ended.Status, model.JobFinished)
	}
	failed := func(b *enginetest.Bench, ended *model.Job) {
		b.Helper()
		want(b, "job", ended.Status, model.JobFailed)
	}
	for name, scenario := range map[string]enginetest.Scenario{
		"add to a VM that is down": {
			Prepare: func(b *enginetest.Bench) *engine.Call { return addCall(b.VM("web1")) },
			Check: func(b *enginetest.Bench, call *engine.Call, ended *model.Job) {
				finished(b, ended)
				want(b, "status", b.Disk(ended.Target.ID).Status, model.DiskOK)
				want(b, "image", hasImage(b, ended.Target.ID), true)
				b.Start(call.Parent)
				want(b, "the guest has it", guestHas(b, call.Parent, ended.Target.ID), true)
			},
		},
		"add to a guest": {
			Prepare: func(b *enginetest.Bench) *engine.Call { return addCall(b.Running("web1")) },
			Check: func(b *enginetest.Bench, call *engine.Call, ended *model.Job) {
				finished(b, ended)
				want(b, "status", b.Disk(ended.Target.ID).Status, model.DiskOK)
				want(b, "active", attachment(b, call.Parent, ended.Target.ID).Active, true)
				want(b, "the guest has it", guestHas(b, call.Parent, ended.Target.ID), true)
			},
		},
		"add that fails": {
			Prepare: func(b *enginetest.Bench) *engine.Call {
				b.Images.Fail("Create", errBroken)
				return addCall(b.VM("web1"))
			},
			Check: func(b *enginetest.Bench, call *engine.Call, ended *model.Job) {
				failed(b, ended)
				want(b, "disks", b.Server.Inventory.Disks.Len(), 0)
				want(b, "disks of the VM", len(b.Get(call.Parent).Disks), 0)
			},
		},
		"move": {
			Prepare: func(b *enginetest.Bench) *engine.Call { return moveCall("", add(b, ""), spareDomain(b, "spare")) },
			Check: func(b *enginetest.Bench, call *engine.Call, ended *model.Job) {
				finished(b, ended)
				isAt(b, call.Target, spareOf(b), b.Domain("local-data"))
			},
		},
		"move of a guest's disk": {
			Prepare: func(b *enginetest.Bench) *engine.Call {
				vm := b.Running("web1")
				return moveCall(vm, add(b, vm), spareDomain(b, "spare"))
			},
			Check: func(b *enginetest.Bench, call *engine.Call, ended *model.Job) {
				finished(b, ended)
				isAt(b, call.Target, spareOf(b), b.Domain("local-data"))
			},
		},
		"copy": {
			Prepare: func(b *enginetest.Bench) *engine.Call { return copyCall(add(b, ""), spareDomain(b, "spare"), "second") },
			Check: func(b *enginetest.Bench, call *engine.Call, ended *model.Job) {
				finished(b, ended)
				for _, made := range b.Server.Inventory.Disks.Named("second") {
					isAt(b, made.ID, spareOf(b), b.Domain("local-data"))
				}
				want(b, "disks", b.Server.Inventory.Disks.Len(), 2)
			},
		},
		"attach": {
			Prepare: func(b *enginetest.Bench) *engine.Call {
				return attachCall(b.Running("web1"), add(b, ""), active(true))
			},
			Check: func(b *enginetest.Bench, call *engine.Call, ended *model.Job) {
				finished(b, ended)
				want(b, "active", attachment(b, call.Parent, call.Target).Active, true)
				want(b, "the guest has it", guestHas(b, call.Parent, call.Target), true)
			},
		},
		"attach that fails": {
			Prepare: func(b *enginetest.Bench) *engine.Call {
				refusing(b, "PlugDisk")
				return attachCall(b.Running("web1"), add(b, ""), active(true))
			},
			Check: func(b *enginetest.Bench, call *engine.Call, ended *model.Job) {
				failed(b, ended)
				want(b, "disks of the VM", len(b.Get(call.Parent).Disks), 0)
				want(b, "the guest has it", guestHas(b, call.Parent, call.Target), false)
			},
		},
		"detach": {
			Prepare: func(b *enginetest.Bench) *engine.Call {
				vm := b.Running("web1")
				return call("detach", vm, add(b, vm))
			},
			Check: func(b *enginetest.Bench, call *engine.Call, ended *model.Job) {
				finished(b, ended)
				want(b, "disks of the VM", len(b.Get(call.Parent).Disks), 0)
				want(b, "the guest has it", guestHas(b, call.Parent, call.Target), false)
			},
		},
		"deactivate that fails": {
			Prepare: func(b *enginetest.Bench) *engine.Call {
				refusing(b, "UnplugDisk")
				vm := b.Running("web1")
				return call("deactivate", vm, add(b, vm))
			},
			Check: func(b *enginetest.Bench, call *engine.Call, ended *model.Job) {
				failed(b, ended)
				want(b, "active", attachment(b, call.Parent, call.Target).Active, true)
				want(b, "the guest has it", guestHas(b, call.Parent, call.Target), true)
			},
		},
		"grow": {
			Prepare: func(b *enginetest.Bench) *engine.Call {
				return updateCall("", add(b, ""), func(d *model.Disk) { d.ProvisionedSize = 9 * mib })
			},
			Check: func(b *enginetest.Bench, call *engine.Call, ended *model.Job) {
				finished(b, ended)
				want(b, "size", b.Disk(call.Target).ProvisionedSize, int64(9*mib))
			},
		},
		"grow in use": {
			Prepare: func(b *enginetest.Bench) *engine.Call {
				vm := b.Running("web1")
				return updateCall(vm, add(b, vm, preallocated), size(9*mib))
			},
			Check: func(b *enginetest.Bench, call *engine.Call, ended *model.Job) {
				finished(b, ended)
				grown(b, call.Parent, call.Target, 9*mib)
			},
		},
		"grow in use that fails": {
			Prepare: func(b *enginetest.Bench) *engine.Call {
				refusing(b, "ResizeDisk")
				vm := b.Running("web1")
				return updateCall(vm, add(b, vm), size(9*mib))
			},
			Check: func(b *enginetest.Bench, call *engine.Call, ended *model.Job) {
				failed(b, ended)
				want(b, "size", b.Disk(call.Target).ProvisionedSize, int64(8*mib))
				want(b, "status", b.Disk(call.Target).Status, model.DiskOK)
			},
		},
		"remove": {
			Prepare: func(b *enginetest.Bench) *engine.Call {
				vm := b.VM("web1")
				return call("remove", vm, add(b, vm))
			},
			Check: func(b *enginetest.Bench, call *engine.Call, ended *model.Job) {
				finished(b, ended)
				want(b, "disks", b.Server.Inventory.Disks.Len(), 0)
				want(b, "image", hasImage(b, call.Target), false)
			},
		},
	} {
		t.Run(name, func(t *testing.T) { enginetest.DieEverywhere(t, scenario) })
		t.Run(name+" on PostgreSQL", func(t *testing.T) { enginetest.DieEverywhere(t, scenario.On(postgres.Start)) })
	}
}
