package disks_test

import (
	"strings"
	"testing"

	"vireo/internal/engine/disks"
	"vireo/internal/engine/enginetest"
	"vireo/internal/fault"
	"vireo/internal/model"
)

func TestUpdate(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.VM("web1")
	disk := add(b, vm)
	before := b.LastEvent()
	b.Must(updateCall(vm, disk, func(d *model.Disk) {
		d.Alias, d.Description, d.WipeAfterDelete, d.PropagateErrors = "data", "all of it", true, true
		d.Interface, d.Bootable = model.DiskVirtioSCSI, true
	}))
	changed := b.Disk(disk)
	want(t, "alias", changed.Alias, "data")
	want(t, "description", changed.Description, "all of it")
	want(t, "wipe", changed.WipeAfterDelete && changed.PropagateErrors, true)
	want(t, "interface", attachment(b, vm, disk).Interface, model.DiskVirtioSCSI)
	want(t, "bootable", attachment(b, vm, disk).Bootable, true)
	wantEvents(b, before, 88)
	events := b.LastEvent()
	b.Must(updateCall(vm, disk, func(*model.Disk) {}))
	want(t, "events of a change that changes nothing", b.LastEvent(), events)
	b.Must(how(updateCall(vm, disk, func(*model.Disk) {}), func(a *model.DiskAttachment) { a.ReadOnly, a.Active = true, false }))
	want(t, "read-only", attachment(b, vm, disk).ReadOnly, true)
	want(t, "active", attachment(b, vm, disk).Active, false)
}

func TestGrow(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.VM("web1")
	for _, format := range []model.DiskFormat{model.DiskCOW, model.DiskRaw} {
		disk := add(b, vm, func(d *model.Disk) { d.Format = format })
		release := b.Images.Hold("Resize")
		begun := b.Begin(updateCall(vm, disk, func(d *model.Disk) { d.ProvisionedSize, d.Alias = 16*mib-1, "larger" }))
		want(t, "status meanwhile", b.Disk(disk).Status, model.DiskLocked)
		release()
		b.Wait(begun.Job.ID)
		want(t, "size", b.Disk(disk).ProvisionedSize, int64(16*mib))
		want(t, "status", b.Disk(disk).Status, model.DiskOK)
		want(t, "alias", b.Disk(disk).Alias, "larger")
		b.Refused(updateCall(vm, disk, func(d *model.Disk) { d.ProvisionedSize = 8 * mib }), fault.Invalid)
	}
	floating := add(b, "")
	b.Must(updateCall("", floating, func(d *model.Disk) { d.ProvisionedSize = 9 * mib }))
	want(t, "size", b.Disk(floating).ProvisionedSize, int64(9*mib))
}

func TestGrowThatFails(t *testing.T) {
	b := enginetest.New(t, nil)
	disk := add(b, "")
	before := b.LastEvent()
	b.Images.Fail("Resize", errBroken)
	b.Fails(updateCall("", disk, func(d *model.Disk) { d.ProvisionedSize = 9 * mib }))
	want(t, "size", b.Disk(disk).ProvisionedSize, int64(8*mib))
	want(t, "status", b.Disk(disk).Status, model.DiskOK)
	wantEvents(b, before, 89)
}

func TestUpdateRefused(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.VM("web1")
	disk := add(b, vm)
	add(b, vm, func(d *model.Disk) { d.Bootable = true })
	for name, refused := range map[string]struct {
		edit func(*model.Disk)
		code string
	}{
		"the id":          {func(d *model.Disk) { d.ID = model.NewID() }, "IMMUTABLE"},
		"the format":      {func(d *model.Disk) { d.Format = model.DiskRaw }, fault.IllegalField},
		"the allocation":  {func(d *model.Disk) { d.Sparse = false }, fault.IllegalField},
		"the domain":      {func(d *model.Disk) { d.StorageDomain = model.NewID() }, fault.IllegalField},
		"shareable cow":   {func(d *model.Disk) { d.Shareable = true }, fault.Invalid},
		"no alias":        {func(d *model.Disk) { d.Alias = "" }, fault.NameIllegal},
		"a long alias":    {func(d *model.Disk) { d.Alias = strings.Repeat("a", 256) }, fault.NameIllegal},
		"a second boot":   {func(d *model.Disk) { d.Bootable = true }, fault.StateConflict},
		"an interface":    {func(d *model.Disk) { d.Interface = "scsi" }, fault.Invalid},
		"larger than all": {func(d *model.Disk) { d.ProvisionedSize = 1 << 62 }, fault.Invalid},
	} {
		t.Run(name, func(t *testing.T) { b.Refused(updateCall(vm, disk, refused.edit), refused.code) })
	}
	nothing := call("update", vm, disk)
	b.Refused(nothing, fault.Invalid)
	b.Refused(updateCall(vm, model.NewID(), func(*model.Disk) {}), "NOT_FOUND")
	b.Refused(updateCall(b.VM("web2"), disk, func(*model.Disk) {}), "NOT_FOUND")
	both := how(updateCall(vm, disk, func(d *model.Disk) { d.ProvisionedSize = 9 * mib }), active(false))
	b.Refused(both, fault.Invalid)
}

func TestUpdateWhileRunning(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.VM("web1")
	disk := add(b, vm)
	b.Start(vm)
	b.Refused(updateCall(vm, disk, func(d *model.Disk) { d.Bootable = true }), fault.StateConflict)
	b.Refused(updateCall(vm, disk, func(d *model.Disk) { d.Interface = model.DiskVirtioSCSI }), fault.StateConflict)
	b.Refused(how(updateCall(vm, disk, func(*model.Disk) {}), func(a *model.DiskAttachment) { a.ReadOnly = true }), fault.StateConflict)
	b.Must(updateCall(vm, disk, func(d *model.Disk) { d.Alias = "renamed" }))
	b.Must(how(updateCall(vm, disk, func(d *model.Disk) { d.Description = "off" }), active(false)))
	want(t, "description", b.Disk(disk).Description, "off")
	want(t, "active", attachment(b, vm, disk).Active, false)
	want(t, "the guest has it", guestHas(b, vm, disk), false)
	b.Must(updateCall(vm, disk, func(d *model.Disk) { d.ProvisionedSize = 9 * mib }))
	b.Must(how(updateCall(vm, disk, func(*model.Disk) {}), active(true)))
	want(t, "the guest has it", guestHas(b, vm, disk), true)
	refusing(b, "UnplugDisk")
	b.Fails(how(updateCall(vm, disk, func(*model.Disk) {}), active(false)))
	want(t, "active", attachment(b, vm, disk).Active, true)
}

func TestRemove(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.VM("web1")
	disk, wiped, floating := add(b, vm), add(b, vm, func(d *model.Disk) { d.WipeAfterDelete = true }), add(b, "")
	before := b.LastEvent()
	b.Must(call("remove", vm, disk))
	b.Must(call("remove", "", wiped))
	b.Must(call("remove", "", floating))
	want(t, "disks", b.Server.Inventory.Disks.Len(), 0)
	want(t, "disks of the VM", len(b.Get(vm).Disks), 0)
	want(t, "images", hasImage(b, disk) || hasImage(b, wiped) || hasImage(b, floating), false)
	wantEvents(b, before, 2014)
	b.Refused(call("remove", "", disk), "NOT_FOUND")
}

func TestRemoveRefused(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.VM("web1")
	disk, lazy := add(b, vm), b.Must(how(addCall(vm), active(false))).Object.Ref().ID
	b.Refused(call("remove", b.VM("web2"), disk), "NOT_FOUND")
	b.Start(vm)
	b.Refused(call("remove", vm, disk), fault.StateConflict)
	b.Refused(call("remove", "", disk), fault.StateConflict)
	b.Must(call("remove", vm, lazy))
	b.Stop(vm)
	inactive := model.Clone(b.Domain("local-data"))
	inactive.Status = model.StorageDomainMaintenance
	b.Put(inactive)
	b.Refused(call("remove", vm, disk), fault.DomainStatusIllegal)
	b.Refused(addCall(vm), fault.NoSuitableDomain)
	b.Refused(call("activate", vm, disk), fault.DomainStatusIllegal)
}

func TestRemoveThatFails(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.VM("web1")
	disk := add(b, vm)
	before := b.LastEvent()
	b.Images.Fail("Remove", errBroken)
	b.Fails(call("remove", vm, disk))
	want(t, "status", b.Disk(disk).Status, model.DiskIllegal)
	want(t, "disks of the VM", len(b.Get(vm).Disks), 0)
	wantEvents(b, before, 2015)
	b.Images.Clear()
	b.Must(call("remove", "", disk))
	want(t, "image", hasImage(b, disk), false)
}

func TestUpdateWithoutAttach(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.VM("web1")
	disk := add(b, vm)
	only := call("update", vm, disk)
	only.Params = how(updateCall(vm, disk, func(*model.Disk) {}), func(a *model.DiskAttachment) { a.Bootable = true }).Params
	only.Params.(*disks.UpdateParams).Edit = nil
	b.Must(only)
	want(t, "bootable", attachment(b, vm, disk).Bootable, true)
}
