package disks_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/engine/enginetest"
	"vireo/internal/fault"
	"vireo/internal/image"
	"vireo/internal/model"
)

func TestAddToVMThatIsDown(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.VM("web1")
	before := b.LastEvent()
	release := b.Images.Hold("Create")
	begun := b.Begin(addCall(vm))
	id := begun.Object.Ref().ID
	want(t, "status while it is made", b.Disk(id).Status, model.DiskLocked)
	want(t, "status of the VM meanwhile", b.Get(vm).Run.Status, model.StatusDown)
	want(t, "active", attachment(b, vm, id).Active, true)
	want(t, "pending", begun.Pending, true)
	b.Refused(&engine.Call{On: model.KindVM, Name: "start", Target: vm}, fault.DisksLocked)
	b.Must(&engine.Call{On: model.KindVM, Name: "update", Target: vm, Params: renamed("web2")})
	release()
	b.Wait(begun.Job.ID)
	disk := b.Disk(id)
	want(t, "status", disk.Status, model.DiskOK)
	want(t, "alias", disk.Alias, "web1_Disk1")
	want(t, "sparse", disk.Sparse, true)
	want(t, "domain", disk.StorageDomain, b.Domain("local-data").ID)
	if disk.ActualSize <= 0 || disk.Volume == "" || !hasImage(b, id) {
		t.Errorf("the disk has no image: %+v", disk)
	}
	wantEvents(b, before, 78, 97)
	second := add(b, vm)
	want(t, "the second alias", b.Disk(second).Alias, "web2_Disk1")
	third := add(b, vm)
	want(t, "the third alias", b.Disk(third).Alias, "web2_Disk2")
	b.Start(vm)
	if !guestHas(b, vm, id) || !guestHas(b, vm, third) {
		t.Error("the guest does not have its disks")
	}
}

func TestAddOfEverySort(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.VM("web1")
	for _, sort := range []struct {
		format   model.DiskFormat
		given    bool
		sparse   bool
		wantThin bool
	}{
		{model.DiskCOW, false, false, true},
		{model.DiskCOW, true, true, true},
		{model.DiskRaw, false, false, false},
		{model.DiskRaw, true, true, true},
		{model.DiskRaw, true, false, false},
	} {
		id := add(b, vm, func(d *model.Disk) {
			d.Format, d.ProvisionedSize = sort.format, 1000001
			if sort.given {
				d.Sparse = sort.sparse
			}
		})
		disk := b.Disk(id)
		want(t, "sparse", disk.Sparse, sort.wantThin)
		want(t, "size", disk.ProvisionedSize, int64(1000448))
		if _, err := b.Images.Path(t.Context(), b.Domain("local-data"), disk); err != nil {
			t.Errorf("%s: %v", sort.format, err)
		}
		if !disk.Sparse && disk.ActualSize < disk.ProvisionedSize {
			t.Errorf("the preallocated disk occupies %d bytes of %d only", disk.ActualSize, disk.ProvisionedSize)
		}
	}
}

func TestAddFloating(t *testing.T) {
	b := enginetest.New(t, nil)
	before := b.LastEvent()
	id := add(b, "", func(d *model.Disk) { d.Bootable = true })
	want(t, "status", b.Disk(id).Status, model.DiskOK)
	want(t, "alias", b.Disk(id).Alias, string(id))
	wantEvents(b, before, 2020, 2021)
	given := model.NewID()
	want(t, "an id that was given", add(b, "", func(d *model.Disk) { d.ID, d.Alias = given, "data one" }), given)
	b.Refused(addCall("", func(d *model.Disk) { d.ID = given }), fault.Duplicate)
}

func TestAddToGuest(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.Running("web1")
	before := b.LastEvent()
	release := b.Images.Hold("Create")
	begun := b.Begin(addCall(vm))
	id := begun.Object.Ref().ID
	want(t, "active while it is made", attachment(b, vm, id).Active, false)
	release()
	b.Wait(begun.Job.ID)
	want(t, "active", attachment(b, vm, id).Active, true)
	want(t, "the guest has it", guestHas(b, vm, id), true)
	wantEvents(b, before, 78, 97)
	lazy := b.Must(how(addCall(vm), active(false))).Object.Ref().ID
	want(t, "active", attachment(b, vm, lazy).Active, false)
	want(t, "the guest has the inactive one", guestHas(b, vm, lazy), false)
}

func TestAddToGuestThatRefuses(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.Running("web1")
	before := b.LastEvent()
	refusing(b, "PlugDisk")
	id := add(b, vm)
	want(t, "status", b.Disk(id).Status, model.DiskOK)
	want(t, "active", attachment(b, vm, id).Active, false)
	wantEvents(b, before, 97, 2001)
}

func TestVMIsFreeWhileDiskIsMade(t *testing.T) {
	t.Run("stopped", func(t *testing.T) {
		b := enginetest.New(t, nil)
		vm := b.Running("web1")
		release := b.Images.Hold("Create")
		begun := b.Begin(addCall(vm))
		b.Stop(vm)
		release()
		b.Wait(begun.Job.ID)
		want(t, "active", attachment(b, vm, begun.Object.Ref().ID).Active, true)
		b.Start(vm)
		want(t, "the guest has it", guestHas(b, vm, begun.Object.Ref().ID), true)
	})
	t.Run("stopped and started", func(t *testing.T) {
		b := enginetest.New(t, nil)
		vm := b.Running("web1")
		release := b.Images.Hold("Create")
		begun := b.Begin(addCall(vm))
		b.Stop(vm)
		b.Start(vm)
		release()
		b.Wait(begun.Job.ID)
		want(t, "active", attachment(b, vm, begun.Object.Ref().ID).Active, true)
		want(t, "the guest has it", guestHas(b, vm, begun.Object.Ref().ID), true)
	})
	t.Run("suspended", func(t *testing.T) {
		b := enginetest.New(t, nil)
		vm := b.Running("web1")
		before := b.LastEvent()
		release := b.Images.Hold("Create")
		begun := b.Begin(addCall(vm))
		b.Must(&engine.Call{On: model.KindVM, Name: "suspend", Target: vm})
		release()
		b.Wait(begun.Job.ID)
		want(t, "active", attachment(b, vm, begun.Object.Ref().ID).Active, false)
		wantEvents(b, before, 2001)
		b.Start(vm)
	})
	t.Run("not removed", func(t *testing.T) {
		b := enginetest.New(t, nil)
		vm := b.Running("web1")
		release := b.Images.Hold("Create")
		begun := b.Begin(addCall(vm))
		b.Stop(vm)
		b.Refused(&engine.Call{On: model.KindVM, Name: "remove", Target: vm}, fault.DisksLocked)
		release()
		b.Wait(begun.Job.ID)
	})
}

func TestAddThatFails(t *testing.T) {
	for _, floating := range []bool{false, true} {
		t.Run(fmt.Sprintf("floating %v", floating), func(t *testing.T) {
			b := enginetest.New(t, nil)
			vm := b.VM("web1")
			failed := 98
			parent := vm
			if floating {
				parent, failed = "", 2022
			}
			before := b.LastEvent()
			b.Images.Fail("Create", fmt.Errorf("writing: %w", image.ErrNoSpace))
			refusal := b.Fails(addCall(parent))
			want(t, "code", refusal.Code, fault.DiskSpaceLow)
			want(t, "disks left", b.Server.Inventory.Disks.Len(), 0)
			want(t, "disks of the VM", len(b.Get(vm).Disks), 0)
			wantEvents(b, before, failed)
		})
	}
	t.Run("and cannot be undone", func(t *testing.T) {
		b := enginetest.New(t, nil)
		vm := b.VM("web1")
		b.Images.Fail("Create", errBroken)
		b.Images.Fail("Remove", errBroken)
		b.Fails(addCall(vm))
		left := b.Server.Inventory.Disks.All()
		want(t, "disks left", len(left), 1)
		want(t, "status", left[0].Status, model.DiskIllegal)
		want(t, "disks of the VM", len(b.Get(vm).Disks), 0)
		b.Images.Clear()
		b.Must(call("remove", "", left[0].ID))
		want(t, "disks left", b.Server.Inventory.Disks.Len(), 0)
	})
}

func TestAddRefused(t *testing.T) {
	b := enginetest.New(t, map[string]string{"MaxDiskSize": "2"})
	vm := b.VM("web1")
	boot := add(b, vm, func(d *model.Disk) { d.Bootable = true })
	want(t, "bootable", attachment(b, vm, boot).Bootable, true)
	elsewhere := &model.DataCenter{ID: model.NewID(), Name: "elsewhere"}
	b.Put(elsewhere)
	far := model.Clone(b.Domain("local-data"))
	far.ID, far.Name, far.DataCenter = model.NewID(), "far", elsewhere.ID
	if err := b.Images.Format(t.Context(), far); err != nil {
		t.Fatal(err) // without its directory it would be found to be inactive, at any moment
	}
	b.Put(far)
	gone := model.Clone(b.Domain("local-data"))
	gone.ID, gone.Name, gone.Status = model.NewID(), "gone", model.StorageDomainInactive
	b.Put(gone)
	for name, refused := range map[string]struct {
		edit func(*model.Disk)
		code string
	}{
		"no size":             {func(d *model.Disk) { d.ProvisionedSize = 0 }, fault.Invalid},
		"a negative size":     {func(d *model.Disk) { d.ProvisionedSize = -512 }, fault.Invalid},
		"too large":           {func(d *model.Disk) { d.ProvisionedSize = 2<<30 + 1 }, fault.Invalid},
		"far too large":       {func(d *model.Disk) { d.ProvisionedSize = 1<<63 - 1 }, fault.Invalid},
		"no format":           {func(d *model.Disk) { d.Format = "" }, fault.Invalid},
		"another format":      {func(d *model.Disk) { d.Format = "vmdk" }, fault.Invalid},
		"no interface":        {func(d *model.Disk) { d.Interface = "" }, fault.Invalid},
		"shareable cow":       {func(d *model.Disk) { d.Shareable = true }, fault.Invalid},
		"a long alias":        {func(d *model.Disk) { d.Alias = strings.Repeat("a", 256) }, fault.NameIllegal},
		"an alias of lines":   {func(d *model.Disk) { d.Alias = "a\nb" }, fault.NameIllegal},
		"a blank alias":       {func(d *model.Disk) { d.Alias = " " }, fault.NameIllegal},
		"a long description":  {func(d *model.Disk) { d.Description = strings.Repeat("a", 4001) }, fault.Invalid},
		"an id that is none":  {func(d *model.Disk) { d.ID = "../../etc" }, fault.Invalid},
		"an unknown domain":   {func(d *model.Disk) { d.StorageDomain = model.NewID() }, fault.DomainNotFound},
		"an ISO domain":       {func(d *model.Disk) { d.StorageDomain = b.Domain("local-iso").ID }, fault.Invalid},
		"an inactive domain":  {func(d *model.Disk) { d.StorageDomain = gone.ID }, fault.DomainStatusIllegal},
		"a domain elsewhere":  {func(d *model.Disk) { d.StorageDomain = far.ID }, fault.DataCenterMismatch},
		"a second boot disk":  {func(d *model.Disk) { d.Bootable = true }, fault.StateConflict},
		"an id that is taken": {func(d *model.Disk) { d.ID = boot }, fault.Duplicate},
	} {
		t.Run(name, func(t *testing.T) { b.Refused(addCall(vm, refused.edit), refused.code) })
	}
	b.Refused(&engine.Call{On: model.KindDisk, Name: "add", Parent: vm}, fault.Invalid)
	b.Refused(addCall(model.NewID()), fault.VMNotFound)
	b.Refused(how(addCall(vm, func(d *model.Disk) { d.Interface = model.DiskIDE }), func(a *model.DiskAttachment) { a.ReadOnly = true }), fault.Invalid)
	b.Edit(vm, func(vm *model.VM) { vm.VirtioSCSI = false })
	b.Refused(addCall(vm, func(d *model.Disk) { d.Interface = model.DiskVirtioSCSI }), fault.StateConflict)
	for range 3 {
		add(b, vm, func(d *model.Disk) { d.Interface = model.DiskIDE })
	}
	b.Refused(addCall(vm, func(d *model.Disk) { d.Interface = model.DiskIDE }), fault.StateConflict)
}

func TestAddWithoutRoom(t *testing.T) {
	b := enginetest.New(t, map[string]string{"MaxDiskSize": "1000000000"})
	vm := b.VM("web1")
	huge := func(d *model.Disk) { d.ProvisionedSize, d.Format = 1<<58, model.DiskRaw }
	b.Refused(addCall(vm, huge), fault.NoSuitableDomain)
	b.Refused(addCall(vm, huge, func(d *model.Disk) { d.StorageDomain = b.Domain("local-data").ID }), fault.DiskSpaceLow)
}

func TestAddByStatus(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.VM("web1")
	for _, status := range model.Statuses {
		if slices.Contains([]model.Status{model.StatusDown, model.StatusUp, model.StatusPaused}, status) {
			continue
		}
		b.InStatus(vm, status)
		b.Refused(addCall(vm), fault.VMStatusIllegal)
	}
	b.InStatus(vm, model.StatusDown)
	running := b.Running("web2")
	b.Refused(addCall(running, func(d *model.Disk) { d.Interface = model.DiskIDE }), fault.StateConflict)
}

func TestAddPermits(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.VM("web1")
	owner := b.Caller("owner", auth.UserVMManager, model.Ref{Kind: model.KindVM, ID: vm})
	denied := addCall(vm)
	denied.Caller = owner
	b.Refused(denied, fault.NotAuthorized)
	b.Put(&model.Permission{ID: model.NewID(), Role: storageAdmin, User: owner.User, Object: b.Domain("local-data").Ref()})
	allowed := addCall(vm)
	allowed.Caller = owner
	b.Must(allowed)
	floating := addCall("")
	floating.Caller = owner
	b.Must(floating)
	stranger := b.Caller("stranger", auth.UserRole, model.Ref{})
	denied.Caller = stranger
	b.Refused(denied, fault.NotAuthorized)
}

const storageAdmin model.ID = "def00003-0000-0000-0000-def000000003"

func renamed(name string) any {
	return vmsUpdate(func(vm *model.VM) error { vm.Name = name; return nil })
}
