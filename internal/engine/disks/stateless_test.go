package disks_test

import (
	"path/filepath"
	"testing"

	"vireo/internal/engine"
	"vireo/internal/engine/enginetest"
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/host/fake"
	"vireo/internal/model"
)

func startStateless(b *enginetest.Bench, vm model.ID) {
	b.Helper()
	b.Must(&engine.Call{On: model.KindVM, Name: "start", Target: vm, Params: &vms.StartParams{Once: &model.RunOnce{Stateless: true}}})
	b.Await("the VM is up", func() bool { return b.Get(vm).Run.Status == model.StatusUp })
}

// image is the file that the VM's guest has as the disk; empty if it has not.
func imageOf(b *enginetest.Bench, vm, disk model.ID) string {
	b.Helper()
	for _, given := range b.Machine().Disks(string(vm)) {
		if given.ID == disk {
			return filepath.Base(given.Path)
		}
	}
	return ""
}

// TestNoDiskForStatelessRuns: what such a guest is given it would write to.
func TestNoDiskForStatelessRuns(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.VM("vm")
	used, spare, floating := add(b, vm), add(b, vm), add(b, "")
	b.Must(call("deactivate", vm, spare))
	startStateless(b, vm)

	b.Refused(call("activate", vm, spare), fault.RunningStateless)
	b.Refused(attachCall(vm, floating, active(true)), fault.RunningStateless)
	b.Refused(addCall(vm), fault.RunningStateless)
	b.Refused(how(updateCall(vm, spare, func(*model.Disk) {}), active(true)), fault.RunningStateless)
	b.Refused(updateCall(vm, used, func(d *model.Disk) { d.ProvisionedSize *= 2 }), fault.StateConflict)
	b.Refused(updateCall("", used, func(d *model.Disk) { d.ProvisionedSize *= 2 }), fault.StateConflict)
	b.Refused(how(updateCall(vm, used, func(*model.Disk) {}), func(a *model.DiskAttachment) { a.ReadOnly = true }), fault.StateConflict)
	b.Refused(call("remove", vm, used), fault.StateConflict)

	// What the guest has no part in is recorded.
	b.Must(attachCall(vm, floating, active(false)))
	b.Must(how(addCall(vm), active(false)))
	b.Must(updateCall(vm, spare, func(d *model.Disk) { d.ProvisionedSize *= 2 }))
	b.Stop(vm)
	b.Must(call("activate", vm, spare))
	b.Start(vm)
	want(t, "what the guest has", imageOf(b, vm, spare), string(b.Disk(spare).Volume))
}

// TestDiskLeavesStatelessRun: a disk that the guest lets go of is free; the run's
// overlay of it is not used again, and goes when the run ends.
func TestDiskLeavesStatelessRun(t *testing.T) {
	for _, verb := range []string{"deactivate", "detach"} {
		t.Run(verb, func(t *testing.T) {
			b := enginetest.New(t, nil)
			vm := b.VM("vm")
			disk := add(b, vm)
			startStateless(b, vm)
			overlay := string(b.Get(vm).Run.Overlays[0].Volume)
			want(t, "what the guest has", imageOf(b, vm, disk), overlay)

			b.Must(call(verb, vm, disk))
			want(t, "what the guest has", imageOf(b, vm, disk), "")
			again := call("activate", vm, disk)
			if verb == "detach" {
				again = attachCall(vm, disk, active(true))
			}
			b.Refused(again, fault.RunningStateless)
			b.Must(updateCall("", disk, func(d *model.Disk) { d.ProvisionedSize *= 2 }))
			if verb == "detach" {
				other := b.Running("other")
				b.Must(attachCall(other, disk, active(true)))
				want(t, "what the other guest has", imageOf(b, other, disk), string(b.Disk(disk).Volume))
			}
			b.Stop(vm)
			b.Await("the overlay is gone", func() bool { return !hasVolume(b, disk, overlay) })
			want(t, "the disk's own volume is there", hasVolume(b, disk, string(b.Disk(disk).Volume)), true)
		})
	}
}

func hasVolume(b *enginetest.Bench, disk model.ID, volume string) bool {
	b.Helper()
	domain := b.Domain("local-data")
	found, err := filepath.Glob(filepath.Join(domain.Path, string(domain.ID), "images", string(disk), volume+"*"))
	if err != nil {
		b.Fatal(err)
	}
	return len(found) > 0
}

// TestUnplugUndoneInStatelessRun: the guest gets its overlay back and never the
// disk itself.
func TestUnplugUndoneInStatelessRun(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.VM("vm")
	disk := add(b, vm)
	startStateless(b, vm)
	b.World.Fail(fake.Rule{Call: "UnplugDisk", Nth: 1, After: true, Error: fake.Refuse(host.RefusedOther, "it is not sure")})
	b.Fails(call("detach", vm, disk))
	want(t, "what the guest has", imageOf(b, vm, disk), string(b.Get(vm).Run.Overlays[0].Volume))
	want(t, "the disk is active", attachment(b, vm, disk).Active, true)
}

// TestNewDiskForVMThatRunsStatelessMeanwhile: the disk is attached, and the run
// goes on without it.
func TestNewDiskForVMThatRunsStatelessMeanwhile(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.Running("vm")
	since := b.LastEvent()
	release := b.Images.Hold("Create")
	begun := b.Begin(addCall(vm))
	b.Stop(vm)
	startStateless(b, vm)
	release()
	want(t, "the job", b.Wait(begun.Job.ID).Status, model.JobFinished)
	disk := begun.Object.Ref().ID
	want(t, "what the guest has", imageOf(b, vm, disk), "")
	want(t, "the disk is active", attachment(b, vm, disk).Active, false)
	wantEvents(b, since, 2001)
}
