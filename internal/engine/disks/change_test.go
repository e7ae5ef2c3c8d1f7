package disks_test

import (
	"strings"
	"testing"

	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/engine/enginetest"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/host/fake"
	"vireo/internal/model"
)

func TestAttachAndDetachOfVMThatIsDown(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.VM("web1")
	disk := add(b, "", func(d *model.Disk) { d.Bootable, d.Interface = true, model.DiskVirtioSCSI })
	before := b.LastEvent()
	b.Must(attachCall(vm, disk, nil))
	want(t, "attachment", *attachment(b, vm, disk), model.DiskAttachment{Disk: disk, Interface: model.DiskVirtioSCSI, Bootable: true})
	b.Refused(attachCall(vm, disk, nil), fault.Duplicate)
	b.Refused(attachCall(b.VM("web2"), disk, nil), fault.StateConflict)
	b.Must(call("detach", vm, disk))
	want(t, "disks", len(b.Get(vm).Disks), 0)
	want(t, "image", hasImage(b, disk), true)
	wantEvents(b, before, 2016, 2018)
	b.Refused(call("detach", vm, disk), "NOT_FOUND")
	b.Must(attachCall(vm, disk, func(a *model.DiskAttachment) {
		*a = model.DiskAttachment{Disk: "another", Interface: model.DiskVirtio, Active: true, ReadOnly: true}
	}))
	want(t, "attachment", *attachment(b, vm, disk), model.DiskAttachment{Disk: disk, Interface: model.DiskVirtio, Active: true, ReadOnly: true})
}

func TestAttachAndDetachOfGuest(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.Running("web1")
	disk := add(b, "")
	before := b.LastEvent()
	b.Must(attachCall(vm, disk, active(true)))
	want(t, "active", attachment(b, vm, disk).Active, true)
	want(t, "the guest has it", guestHas(b, vm, disk), true)
	b.Must(call("detach", vm, disk))
	want(t, "disks", len(b.Get(vm).Disks), 0)
	want(t, "the guest has it", guestHas(b, vm, disk), false)
	wantEvents(b, before, 2016, 2018)
	b.Must(attachCall(vm, disk, nil))
	want(t, "the guest has the inactive one", guestHas(b, vm, disk), false)
}

func TestActivateAndDeactivate(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.VM("web1")
	disk := b.Must(how(addCall(vm), active(false))).Object.Ref().ID
	before := b.LastEvent()
	b.Must(call("activate", vm, disk))
	want(t, "active", attachment(b, vm, disk).Active, true)
	b.Must(call("activate", vm, disk))
	b.Must(call("deactivate", vm, disk))
	want(t, "active", attachment(b, vm, disk).Active, false)
	wantEvents(b, before, 2000, 2002)
	b.Start(vm)
	b.Must(call("activate", vm, disk))
	want(t, "the guest has it", guestHas(b, vm, disk), true)
	plugs := b.World.CountCalls("PlugDisk", "")
	b.Must(call("activate", vm, disk))
	want(t, "calls to plug", b.World.CountCalls("PlugDisk", ""), plugs)
	b.Must(call("deactivate", vm, disk))
	want(t, "the guest has it", guestHas(b, vm, disk), false)
	want(t, "active", attachment(b, vm, disk).Active, false)
	b.Refused(call("activate", vm, model.NewID()), "NOT_FOUND")
}

func TestHostRefuses(t *testing.T) {
	t.Run("attach", func(t *testing.T) {
		b := enginetest.New(t, nil)
		vm, disk := b.Running("web1"), add(b, "")
		before := b.LastEvent()
		refusing(b, "PlugDisk")
		if said := b.Fails(attachCall(vm, disk, active(true))).Message(); !strings.Contains(said, "Failed to hot-plug disk") || !strings.Contains(said, "no more slots") {
			t.Errorf("the reason is not told: %s", said)
		}
		want(t, "disks", len(b.Get(vm).Disks), 0)
		wantEvents(b, before, 2017)
	})
	t.Run("detach", func(t *testing.T) {
		b := enginetest.New(t, nil)
		vm := b.Running("web1")
		disk := add(b, vm)
		before := b.LastEvent()
		refusing(b, "UnplugDisk")
		b.Fails(call("detach", vm, disk))
		want(t, "active", attachment(b, vm, disk).Active, true)
		want(t, "the guest has it", guestHas(b, vm, disk), true)
		wantEvents(b, before, 2019)
	})
	t.Run("activate and then its undoing", func(t *testing.T) {
		b := enginetest.New(t, nil)
		vm := b.Running("web1")
		disk := b.Must(how(addCall(vm), active(false))).Object.Ref().ID
		b.World.Fail(fake.Rule{Call: "PlugDisk", Error: fake.Refuse(host.RefusedOther, "half done"), After: true})
		refusing(b, "UnplugDisk")
		b.Fails(call("activate", vm, disk))
		want(t, "active", attachment(b, vm, disk).Active, true)
		want(t, "the guest has it", guestHas(b, vm, disk), true)
	})
	t.Run("deactivate", func(t *testing.T) {
		b := enginetest.New(t, nil)
		vm := b.Running("web1")
		disk := add(b, vm)
		refusing(b, "UnplugDisk")
		b.Fails(call("deactivate", vm, disk))
		want(t, "active", attachment(b, vm, disk).Active, true)
	})
	t.Run("the image is not safe", func(t *testing.T) {
		b := enginetest.New(t, nil)
		vm, disk := b.Running("web1"), add(b, "")
		b.Images.Fail("Path", errBroken)
		b.Fails(attachCall(vm, disk, active(true)))
		want(t, "disks", len(b.Get(vm).Disks), 0)
		want(t, "calls to plug", b.World.CountCalls("PlugDisk", ""), 0)
	})
}

func TestStopInterruptsUnplug(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.Running("web1")
	disk := add(b, vm)
	struck := make(chan struct{})
	b.World.Fail(fake.Rule{Call: "UnplugDisk", Hang: true, Do: func() { close(struck) }})
	begun := b.Begin(call("deactivate", vm, disk))
	<-struck
	b.Stop(vm)
	want(t, "status", b.Get(vm).Run.Status, model.StatusDown)
	want(t, "job", b.Wait(begun.Job.ID).Status, model.JobFailed)
	want(t, "active", attachment(b, vm, disk).Active, true)
}

func TestGuestEndsMeanwhile(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.Running("web1")
	disk := b.Must(how(addCall(vm), active(false))).Object.Ref().ID
	b.World.Fail(fake.Rule{Call: "PlugDisk", Do: func() { b.Machine().Kill(string(vm)) }})
	b.Fails(call("activate", vm, disk))
	want(t, "active", attachment(b, vm, disk).Active, false)
	b.Await("the VM is seen to be down", func() bool { return b.Get(vm).Run.Status == model.StatusDown })
}

func TestChangesByStatus(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.VM("web1")
	disk, floating := add(b, vm), add(b, "")
	for _, status := range model.Statuses {
		if status == model.StatusDown || status == model.StatusUp || status == model.StatusPaused {
			continue
		}
		b.InStatus(vm, status)
		b.Refused(attachCall(vm, floating, nil), fault.VMStatusIllegal)
		for _, name := range []string{"detach", "activate", "deactivate"} {
			b.Refused(call(name, vm, disk), fault.VMStatusIllegal)
		}
		b.Refused(how(updateCall(vm, disk, func(*model.Disk) {}), active(false)), fault.VMStatusIllegal)
	}
	b.InStatus(vm, model.StatusDown)
	for _, name := range []string{"attach", "detach", "activate", "deactivate"} {
		b.Refused(call(name, "", disk), fault.Invalid)
	}
}

func TestPlugRefusedByKind(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.VM("web1")
	ide := add(b, vm, func(d *model.Disk) { d.Interface = model.DiskIDE })
	data := add(b, vm)
	b.Start(vm)
	b.Refused(call("deactivate", vm, ide), fault.StateConflict)
	b.Refused(call("detach", vm, ide), fault.StateConflict)
	b.Machine().PauseGuest(string(vm))
	b.Await("the VM is paused", func() bool { return b.Get(vm).Run.Status == model.StatusPaused })
	b.Refused(call("deactivate", vm, data), fault.StateConflict)
	extra := add(b, "")
	b.Must(attachCall(vm, extra, active(true)))
	want(t, "the paused guest has it", guestHas(b, vm, extra), true)
}

func TestChangesOfDiskThatIsNotReady(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.VM("web1")
	disk, floating := add(b, vm), add(b, "")
	for _, id := range []model.ID{disk, floating} {
		locked := model.Clone(b.Disk(id))
		locked.Status = model.DiskLocked
		b.Put(locked)
	}
	refusal := b.Refused(attachCall(vm, floating, nil), fault.DiskLocked)
	if !strings.Contains(refusal.Message(), "Disk is locked") {
		t.Errorf("clients do not know %q", refusal.Message())
	}
	for _, name := range []string{"detach", "activate", "deactivate", "remove"} {
		b.Refused(call(name, vm, disk), fault.DiskLocked)
	}
	b.Refused(updateCall(vm, disk, func(d *model.Disk) { d.Alias = "new" }), fault.DiskLocked)
	for _, id := range []model.ID{disk, floating} {
		illegal := model.Clone(b.Disk(id))
		illegal.Status = model.DiskIllegal
		b.Put(illegal)
	}
	b.Refused(attachCall(vm, floating, nil), fault.StateConflict)
	b.Refused(call("activate", vm, disk), fault.StateConflict)
	b.Must(call("deactivate", vm, disk))
	b.Must(call("detach", vm, disk))
}

func TestChangesWhileJobHoldsVM(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.Running("web1")
	disk, floating := add(b, vm), add(b, "")
	struck, release := make(chan struct{}), make(chan struct{})
	b.World.Fail(fake.Rule{Call: "UnplugDisk", Do: func() { close(struck); <-release }})
	begun := b.Begin(call("deactivate", vm, disk))
	<-struck
	refusal := b.Refused(attachCall(vm, floating, nil), fault.ObjectLocked)
	if refusal.Message() != "Cannot attach disk of VM web1. Related operation is currently in progress. Please try again later." {
		t.Errorf("the refusal reads %q", refusal.Message())
	}
	b.Refused(addCall(vm), fault.ObjectLocked)
	b.Refused(call("remove", "", disk), fault.ObjectLocked)
	close(release)
	b.Wait(begun.Job.ID)
}

func TestSharedDisk(t *testing.T) {
	b := enginetest.New(t, nil)
	one, two := b.VM("web1"), b.VM("web2")
	disk := add(b, one, func(d *model.Disk) { d.Format, d.Shareable = model.DiskRaw, true })
	b.Must(attachCall(two, disk, active(true)))
	b.Start(one)
	b.Start(two)
	want(t, "both have it", guestHas(b, one, disk) && guestHas(b, two, disk), true)
	b.Refused(updateCall("", disk, func(d *model.Disk) { d.Shareable = false }), fault.StateConflict)
	b.Stop(one)
	b.Refused(call("remove", one, disk), fault.StateConflict)
}

func TestNextRunKeepsDevices(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.Running("web1")
	b.Must(&engine.Call{On: model.KindVM, Name: "update", Target: vm, Params: vmsUpdate(func(vm *model.VM) error {
		vm.Memory = 128 << 20
		return nil
	})})
	disk := add(b, vm)
	next := b.Get(vm).NextRun
	if next == nil || len(next.Disks) != 1 || !next.Disks[0].Active {
		t.Fatalf("the next run does not have the disk: %+v", next)
	}
	b.Stop(vm)
	want(t, "memory", b.Get(vm).Memory, int64(128<<20))
	want(t, "active", attachment(b, vm, disk).Active, true)
}

func TestChangePermits(t *testing.T) {
	b := enginetest.New(t, nil)
	vm, other := b.VM("web1"), b.VM("web2")
	mine, foreign := add(b, vm), add(b, other)
	owner := b.Caller("owner", auth.UserVMManager, model.Ref{Kind: model.KindVM, ID: vm})
	as := func(call *engine.Call) *engine.Call { call.Caller = owner; return call }
	b.Must(as(call("deactivate", vm, mine)))
	b.Must(as(updateCall(vm, mine, func(d *model.Disk) { d.Alias = "mine" })))
	b.Must(as(call("detach", vm, mine)))
	b.Refused(as(attachCall(vm, mine, nil)), fault.NotAuthorized)
	b.Refused(as(call("detach", other, foreign)), fault.NotAuthorized)
	b.Refused(as(call("remove", other, foreign)), fault.NotAuthorized)
	b.Refused(as(call("remove", "", foreign)), fault.NotAuthorized)
	b.Refused(as(updateCall("", foreign, func(d *model.Disk) { d.Alias = "mine too" })), fault.NotAuthorized)
}
