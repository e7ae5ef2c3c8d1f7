package disks_test

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"vireo/internal/engine/enginetest"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/host/fake"
	"vireo/internal/model"
)

func size(bytes int64) func(*model.Disk) {
	return func(d *model.Disk) { d.ProvisionedSize = bytes }
}

func preallocated(d *model.Disk) { d.Format, d.Sparse = model.DiskRaw, false }

// grown wants a disk to be so large in all places, and free.
func grown(b *enginetest.Bench, vm, disk model.ID, size int64) {
	b.Helper()
	if vm != "" {
		want(b, "size that the guest sees", b.Machine().DiskSize(string(vm), disk), size)
	}
	want(b, "size", b.Disk(disk).ProvisionedSize, size)
	want(b, "size of the image", imageSize(b, disk), size)
	want(b, "status", b.Disk(disk).Status, model.DiskOK)
}

// imageSize is the virtual size of a disk's image in bytes.
func imageSize(b *enginetest.Bench, disk model.ID) int64 {
	b.Helper()
	domain, known := b.Domain("local-data"), b.Disk(disk)
	path := filepath.Join(domain.Path, string(domain.ID), "images", string(disk), string(known.Volume))
	format := map[model.DiskFormat]string{model.DiskCOW: "qcow2", model.DiskRaw: "raw"}[known.Format]
	output, err := exec.Command("qemu-img", "info", "-U", "--output=json", "-f", format, path).Output()
	if err != nil {
		b.Fatal(err)
	}
	var info struct {
		Size int64 `json:"virtual-size"`
	}
	if err := json.Unmarshal(output, &info); err != nil {
		b.Fatal(err)
	}
	return info.Size
}

func TestGrowInUse(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.Running("web1")
	for name, edit := range map[string]func(*model.Disk){
		"thin cow":         func(*model.Disk) {},
		"thin raw":         func(d *model.Disk) { d.Format = model.DiskRaw },
		"preallocated raw": preallocated,
		"virtio_scsi":      func(d *model.Disk) { d.Interface = model.DiskVirtioSCSI },
	} {
		t.Run(name, func(t *testing.T) {
			disk := add(b, vm, edit)
			before := b.LastEvent()
			release := b.Images.Hold("Resize")
			begun := b.Begin(updateCall(vm, disk, func(d *model.Disk) { d.ProvisionedSize, d.Alias = 16*mib-1, "larger" }))
			want(t, "status meanwhile", b.Disk(disk).Status, model.DiskLocked)
			b.Refused(addCall(vm), fault.ObjectLocked)
			release()
			want(t, "job", b.Wait(begun.Job.ID).Status, model.JobFinished)
			grown(b, vm, disk, 16*mib)
			want(t, "alias", b.Disk(disk).Alias, "larger")
			wantEvents(b, before, 88)
			b.Must(updateCall("", disk, size(17*mib)))
			grown(b, vm, disk, 17*mib)
			b.Refused(updateCall(vm, disk, size(16*mib)), fault.Invalid)
		})
	}
	disk := add(b, vm)
	b.Machine().PauseGuest(string(vm))
	b.Await("the VM is paused", func() bool { return b.Get(vm).Run.Status == model.StatusPaused })
	b.Must(updateCall(vm, disk, size(9*mib)))
	grown(b, vm, disk, 9*mib)
	b.Stop(vm)
	b.Must(updateCall(vm, disk, size(10*mib)))
	grown(b, "", disk, 10*mib)
}

func TestGrowInUseThatFails(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.Running("web1")
	disk := add(b, vm, preallocated)
	fails := func(left int64) {
		t.Helper()
		before := b.LastEvent()
		said := b.Fails(updateCall(vm, disk, size(9*mib))).Message()
		want(t, "size", b.Disk(disk).ProvisionedSize, left)
		want(t, "status", b.Disk(disk).Status, model.DiskOK)
		wantEvents(b, before, 89)
		t.Log(said)
	}
	b.Images.Fail("Reserve", errBroken)
	fails(8 * mib)
	want(t, "calls to the host", b.World.CountCalls("ResizeDisk", ""), 0)
	b.Images.Clear()
	// The image is larger than is recorded; asking again makes both true.
	refusing(b, "ResizeDisk")
	fails(8 * mib)
	b.World.ClearRules()
	// The guest has it larger, so that is what it is.
	b.Images.Fail("Resize", errBroken)
	fails(9 * mib)
	want(t, "size that the guest sees", b.Machine().DiskSize(string(vm), disk), int64(9*mib))
	b.Images.Clear()
	b.Must(updateCall(vm, disk, size(10*mib)))
	grown(b, vm, disk, 10*mib)
}

// TestGuestEndsWhileDiskGrows: the storage does what the host cannot any more.
func TestGuestEndsWhileDiskGrows(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.Running("web1")
	disk := add(b, vm)
	b.World.Fail(fake.Rule{Call: "ResizeDisk", Do: func() { b.Machine().Kill(string(vm)) }})
	b.Must(updateCall(vm, disk, size(9*mib)))
	b.Await("the VM is seen to be down", func() bool { return b.Get(vm).Run.Status == model.StatusDown })
	grown(b, "", disk, 9*mib)
}

func TestStopInterruptsGrowth(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.Running("web1")
	disk := add(b, vm)
	struck := make(chan struct{})
	b.World.Fail(fake.Rule{Call: "ResizeDisk", Hang: true, Do: func() { close(struck) }})
	begun := b.Begin(updateCall(vm, disk, size(9*mib)))
	<-struck
	b.Stop(vm)
	want(t, "VM", b.Get(vm).Run.Status, model.StatusDown)
	want(t, "job", b.Wait(begun.Job.ID).Status, model.JobFailed)
	want(t, "size", b.Disk(disk).ProvisionedSize, int64(8*mib))
	want(t, "status", b.Disk(disk).Status, model.DiskOK)
}

func TestGrowInUseRefused(t *testing.T) {
	b := enginetest.New(t, nil)
	one, two := b.VM("web1"), b.VM("web2")
	shared := add(b, one, func(d *model.Disk) { d.Format, d.Shareable = model.DiskRaw, true })
	b.Must(attachCall(two, shared, active(true)))
	full := add(b, one, func(d *model.Disk) { d.Sparse = false })
	read := b.Must(how(addCall(one), func(a *model.DiskAttachment) { a.ReadOnly, a.Active = true, true })).Object.Ref().ID
	large := add(b, one, preallocated)
	b.Start(one)
	b.Start(two)
	refuses := func(disk model.ID, code, says string) {
		t.Helper()
		for _, vm := range []model.ID{one, ""} {
			if said := b.Refused(updateCall(vm, disk, size(9*mib)), code).Message(); !strings.Contains(said, says) {
				t.Errorf("the refusal reads %q, without %q", said, says)
			}
		}
	}
	refuses(shared, fault.StateConflict, "Several VMs that are not down share the disk")
	refuses(full, fault.StateConflict, "of the format cow and preallocated")
	refuses(read, fault.StateConflict, "only reads the disk")
	b.Refused(updateCall(one, large, size(1<<40)), fault.DiskSpaceLow)
	thin := add(b, one)
	b.Images.Fail("Space", errBroken)
	b.Refused(updateCall(one, thin, size(9*mib)), fault.DiskSpaceLow)
	b.Images.Clear()
	want(t, "calls to the host", b.World.CountCalls("ResizeDisk", ""), 0)
	b.Stop(two)
	b.Must(updateCall(two, shared, size(9*mib)))
	grown(b, one, shared, 9*mib)
	b.Stop(one)
	b.Must(updateCall(one, full, size(9*mib)))
}

func TestGrowByStatus(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.VM("web1")
	disk := add(b, vm)
	for _, status := range model.Statuses {
		if status == model.StatusDown || status == model.StatusUp || status == model.StatusPaused {
			continue
		}
		b.InStatus(vm, status)
		said := b.Refused(updateCall(vm, disk, size(9*mib)), fault.StateConflict).Message()
		if !strings.Contains(said, "VM web1 is neither down, up nor paused and uses the disk") {
			t.Errorf("in %s the refusal reads %q", status, said)
		}
	}
	b.InStatus(vm, model.StatusDown)
}

// TestGrowOfDiskThatTheGuestLacks: nothing is grown behind a host's back.
func TestGrowOfDiskThatTheGuestLacks(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.Running("web1")
	disk := add(b, vm)
	b.World.Fail(fake.Rule{Call: "ResizeDisk", Error: fake.Refuse(host.RefusedResource, "the guest has no such disk")})
	if said := b.Fails(updateCall(vm, disk, size(9*mib))).Message(); !strings.Contains(said, "the guest has no such disk") {
		t.Errorf("the reason is not told: %s", said)
	}
	want(t, "size of the image", imageSize(b, disk), int64(8*mib))
}
