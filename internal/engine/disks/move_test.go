package disks_test

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vireo/internal/engine"
	"vireo/internal/engine/disks"
	"vireo/internal/engine/enginetest"
	"vireo/internal/fault"
	"vireo/internal/host/fake"
	"vireo/internal/image"
	"vireo/internal/model"
	"vireo/internal/server"
)

// spareDomain makes another data domain, where disks can go.
func spareDomain(b *enginetest.Bench, name string, edits ...func(*model.StorageDomain)) *model.StorageDomain {
	b.Helper()
	domain := &model.StorageDomain{
		ID: model.NewID(), Name: name, Type: model.StorageDomainData, StorageType: model.StorageLocalFS,
		Path: filepath.Join(b.TempDir(), name), DataCenter: server.DefaultDataCenter, Status: model.StorageDomainActive,
		Format: "v3", Since: time.Now().UTC(),
	}
	if err := b.Images.Format(b.Context(), domain); err != nil {
		b.Fatal(err)
	}
	for _, edit := range edits {
		edit(domain)
	}
	b.Put(domain)
	return domain
}

// spareOf finds the domain that spareDomain has made.
func spareOf(b *enginetest.Bench) *model.StorageDomain {
	b.Helper()
	return b.Domain("spare")
}

func moveCall(vm, disk model.ID, to *model.StorageDomain) *engine.Call {
	made := call("move", vm, disk)
	made.Params = &disks.MoveParams{StorageDomain: to.ID}
	return made
}

func moveVM(vm model.ID, to *model.StorageDomain) *engine.Call {
	return &engine.Call{On: model.KindVM, Name: "move", Target: vm, Params: &disks.MoveParams{StorageDomain: to.ID}}
}

func copyCall(disk model.ID, to *model.StorageDomain, alias string) *engine.Call {
	made := call("copy", "", disk)
	made.Params = &disks.CopyParams{StorageDomain: to.ID, Alias: alias}
	return made
}

// volumeIn is the path of a disk's active volume, if it were in the domain.
func volumeIn(b *enginetest.Bench, domain *model.StorageDomain, disk model.ID) string {
	return filepath.Join(domain.Path, string(domain.ID), "images", string(disk), string(b.Disk(disk).Volume))
}

// isAt wants a disk to be free, and in one domain and not in the other.
func isAt(b *enginetest.Bench, disk model.ID, at, other *model.StorageDomain) {
	b.Helper()
	want(b, "status", b.Disk(disk).Status, model.DiskOK)
	want(b, "domain", b.Disk(disk).StorageDomain, at.ID)
	if _, err := b.Images.Path(b.Context(), at, b.Disk(disk)); err != nil {
		b.Errorf("its image: %v", err)
	}
	left, _ := filepath.Glob(filepath.Join(other.Path, string(other.ID), "images", "*"+string(disk)+"*"))
	if len(left) > 0 {
		b.Errorf("%v is left", left)
	}
}

func qemuIO(t testing.TB, format, path, command string) {
	t.Helper()
	if output, err := exec.Command("qemu-io", "-f", format, "-c", command, path).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", command, err, output)
	}
}

// stacked puts two volumes on top of a disk's own: 0x11 at 0 in the base, 0x22 at a
// MiB above.
func stacked(b *enginetest.Bench, domain *model.StorageDomain, disk model.ID) {
	b.Helper()
	for i, command := range []string{"write -P 0x11 0 1M", "write -P 0x22 1M 1M"} {
		now := b.Disk(disk)
		qemuIO(b, map[model.DiskFormat]string{model.DiskCOW: "qcow2", model.DiskRaw: "raw"}[now.Format], volumeIn(b, domain, disk), command)
		above := model.Clone(now)
		above.Volume = model.NewID()
		if err := b.Images.Overlay(b.Context(), domain, now, above.Volume, image.Owner{UID: -1, GID: -1}); err != nil {
			b.Fatal(err)
		}
		above.Chain = append(above.Chain, model.Volume{ID: now.Volume, Format: now.Format, Sparse: now.Sparse, Size: now.ProvisionedSize})
		if i == 0 {
			above.Chain[0].Template = model.NewID()
		}
		above.Format, above.Sparse = model.DiskCOW, true
		b.Put(above)
	}
}

func TestMove(t *testing.T) {
	b := enginetest.New(t, nil)
	here, there := b.Domain("local-data"), spareDomain(b, "spare")
	vm := b.VM("web1")
	for name, edit := range map[string]func(*model.Disk){
		"thin cow":         func(*model.Disk) {},
		"thin raw":         func(d *model.Disk) { d.Format = model.DiskRaw },
		"preallocated raw": preallocated,
		"wiped":            func(d *model.Disk) { d.Format, d.WipeAfterDelete = model.DiskRaw, true },
	} {
		t.Run(name, func(t *testing.T) {
			disk := add(b, vm, edit)
			format := map[model.DiskFormat]string{model.DiskCOW: "qcow2", model.DiskRaw: "raw"}[b.Disk(disk).Format]
			qemuIO(t, format, volumeIn(b, here, disk), "write -P 0x73 1M 64k")
			// A file that is open shows what becomes of its blocks.
			witness, err := os.Open(volumeIn(b, here, disk))
			if err != nil {
				t.Fatal(err)
			}
			defer witness.Close()
			before := b.LastEvent()
			release := b.Images.Hold("CopyChain")
			begun := b.Begin(moveCall(vm, disk, there))
			want(t, "status meanwhile", b.Disk(disk).Status, model.DiskLocked)
			b.Refused(&engine.Call{On: model.KindVM, Name: "start", Target: vm}, fault.DisksLocked)
			b.Refused(moveCall("", disk, there), fault.ObjectLocked)
			release()
			want(t, "job", b.Wait(begun.Job.ID).Status, model.JobFinished)
			isAt(b, disk, there, here)
			qemuIO(t, format, volumeIn(b, there, disk), "read -P 0x73 1M 64k")
			wantEvents(b, before, 2008, 2010)
			text, err := io.ReadAll(witness)
			if err != nil {
				t.Fatal(err)
			}
			if kept := strings.Contains(string(text), "ssssssss"); kept == b.Disk(disk).WipeAfterDelete {
				t.Errorf("what was at the old place is kept: %v", kept)
			}
			b.Must(moveCall("", disk, here))
			isAt(b, disk, here, there)
		})
	}
	b.Must(moveVM(vm, there))
	for _, attached := range b.Get(vm).Disks {
		isAt(b, attached.Disk, there, here)
	}
	b.Start(vm)
	b.Stop(vm)
}

// TestMoveOfAChain: all volumes go, also under a guest, and a template's becomes the
// disk's own.
func TestMoveOfAChain(t *testing.T) {
	b := enginetest.New(t, nil)
	here, there := b.Domain("local-data"), spareDomain(b, "spare")
	vm := b.VM("web1")
	for _, live := range []bool{false, true} {
		disk := add(b, vm)
		stacked(b, here, disk)
		if live {
			b.Start(vm)
		}
		b.Must(moveCall(vm, disk, there))
		isAt(b, disk, there, here)
		moved := b.Disk(disk)
		want(t, "volumes below", len(moved.Chain), 2)
		want(t, "template", moved.Chain[0].Template, model.ID(""))
		qemuIO(t, "qcow2", volumeIn(b, there, disk), "read -P 0x11 0 1M")
		qemuIO(t, "qcow2", volumeIn(b, there, disk), "read -P 0x22 1M 1M")
		for i, role := range []string{"INTERNAL", "INTERNAL", "LEAF"} {
			volume := moved.Volume
			if i < 2 {
				volume = moved.Chain[i].ID
			}
			meta, err := os.ReadFile(filepath.Join(filepath.Dir(volumeIn(b, there, disk)), string(volume)+".meta"))
			if err != nil || !strings.Contains(string(meta), "VOLTYPE="+role+"\n") {
				t.Errorf("the metadata of volume %d says %s, %v", i, meta, err)
			}
		}
		if live {
			b.Stop(vm)
		}
		// A copy of it stands alone.
		b.Must(copyCall(disk, here, "alone"))
		for _, made := range b.Server.Inventory.Disks.Named("alone") {
			want(t, "volumes below the copy", len(made.Chain), 0)
			qemuIO(t, "qcow2", volumeIn(b, here, made.ID), "read -P 0x11 0 1M")
			qemuIO(t, "qcow2", volumeIn(b, here, made.ID), "read -P 0x22 1M 1M")
			b.Must(call("remove", "", made.ID))
		}
	}
}

func TestMoveInUse(t *testing.T) {
	b := enginetest.New(t, nil)
	here, there := b.Domain("local-data"), spareDomain(b, "spare")
	vm := b.Running("web1")
	for name, edit := range map[string]func(*model.Disk){
		"thin cow": func(*model.Disk) {}, "thin raw": func(d *model.Disk) { d.Format = model.DiskRaw }, "preallocated raw": preallocated,
	} {
		t.Run(name, func(t *testing.T) {
			disk := add(b, vm, edit)
			before := b.LastEvent()
			b.Must(moveCall(vm, disk, there))
			isAt(b, disk, there, here)
			for _, known := range b.Machine().Disks(string(vm)) {
				if known.ID == disk {
					want(t, "path of the guest's disk", known.Path, volumeIn(b, there, disk))
				}
			}
			wantEvents(b, before, 2008, 2010)
		})
	}
	t.Run("the host refuses", func(t *testing.T) {
		for _, name := range []string{"BeginMirror", "PivotMirror"} {
			disk := add(b, vm)
			refusing(b, name)
			before := b.LastEvent()
			f := b.Fails(moveCall(vm, disk, there))
			want(t, "code", f.Code, fault.HostFailed)
			isAt(b, disk, here, there)
			wantEvents(b, before, 2008, 2011)
			b.World.ClearRules()
		}
	})
	t.Run("the mirror comes to nothing", func(t *testing.T) {
		disk := add(b, vm)
		b.World.Fail(fake.Rule{Call: "FollowMirror", Nth: 1, Do: func() {
			if conn, err := b.World.Driver().Connect(b.Context(), enginetest.Address); err == nil {
				_ = conn.AbortMirror(b.Context(), vm, disk)
				_ = conn.Close()
			}
		}})
		want(t, "code", b.Fails(moveCall(vm, disk, there)).Code, fault.HostFailed)
		isAt(b, disk, here, there)
		b.World.ClearRules()
	})
	t.Run("the guest ends", func(t *testing.T) {
		disk := add(b, vm)
		b.World.Fail(fake.Rule{Call: "FollowMirror", Nth: 1, Do: func() { b.Machine().Kill(string(vm)) }})
		want(t, "code", b.Fails(moveCall(vm, disk, there)).Code, fault.VMNotRunning)
		isAt(b, disk, here, there)
		b.World.ClearRules()
	})
}

// TestMoveWithoutRoom: what was copied is removed, and the disk can go later.
func TestMoveWithoutRoom(t *testing.T) {
	b := enginetest.New(t, nil)
	here, there := b.Domain("local-data"), spareDomain(b, "spare")
	disk := add(b, "")
	b.Images.Fail("CopyChain", image.ErrNoSpace)
	want(t, "code", b.Fails(moveCall("", disk, there)).Code, fault.DiskSpaceLow)
	isAt(b, disk, here, there)
	b.Images.Clear()
	b.Must(moveCall("", disk, there))
	isAt(b, disk, there, here)
}

// TestMoveOverWhatIsLeft: of a move that failed half-way its images could not be removed.
// The next one does not take them for the disk's, which has changed since.
func TestMoveOverWhatIsLeft(t *testing.T) {
	b := enginetest.New(t, nil)
	here, there := b.Domain("local-data"), spareDomain(b, "spare")
	disk := add(b, "")
	qemuIO(t, "qcow2", volumeIn(b, here, disk), "write -P 0x11 0 64k")
	release := b.Images.Hold("CopyChain")
	begun := b.Begin(moveCall("", disk, there))
	before := b.LastEvent()
	b.Images.Fail("Occupied", image.ErrNoSpace)
	b.Images.Fail("Remove", image.ErrUnsafe)
	release()
	want(t, "job", b.Wait(begun.Job.ID).Status, model.JobFailed)
	wantEvents(b, before, 2011, 20183)
	want(t, "domains with images left", len(b.Disk(disk).Left), 1)
	b.Images.Clear()
	if _, err := os.Stat(volumeIn(b, there, disk)); err != nil {
		t.Fatalf("nothing is left: %v", err)
	}
	qemuIO(t, "qcow2", volumeIn(b, here, disk), "write -P 0x99 0 64k")
	b.Must(moveCall("", disk, there))
	isAt(b, disk, there, here)
	qemuIO(t, "qcow2", volumeIn(b, there, disk), "read -P 0x99 0 64k")
	want(t, "domains with images left", len(b.Disk(disk).Left), 0)

	// What was not left by the engine is not removed either, and not overwritten.
	stranger := filepath.Dir(filepath.Join(here.Path, string(here.ID), "images", string(disk), "x"))
	if err := os.MkdirAll(stranger, 0o755); err != nil {
		t.Fatal(err)
	}
	text := b.Refused(moveCall("", disk, here), fault.Duplicate).Message()
	if !strings.Contains(text, "do not belong to it") {
		t.Errorf("it is refused with %q", text)
	}
	if err := os.Remove(stranger); err != nil {
		t.Fatal(err)
	}
	b.Must(moveCall("", disk, here))
	isAt(b, disk, here, there)
}

func TestMoveIsRefused(t *testing.T) {
	b := enginetest.New(t, nil)
	here, there := b.Domain("local-data"), spareDomain(b, "spare")
	elsewhere := spareDomain(b, "elsewhere", func(d *model.StorageDomain) { d.DataCenter = model.NewID() })
	maintained := spareDomain(b, "maintained", func(d *model.StorageDomain) { d.Status = model.StorageDomainMaintenance })
	vm, disk := b.VM("web1"), model.ID("")
	disk = add(b, vm)
	nowhere := &model.StorageDomain{ID: model.NewID()}
	for _, c := range []struct {
		to   *model.StorageDomain
		code string
	}{
		{nowhere, fault.DomainNotFound},
		{here, fault.SameDomain},
		{b.Domain("local-iso"), fault.Invalid},
		{elsewhere, fault.DataCenterMismatch},
		{maintained, fault.DomainStatusIllegal},
		{&model.StorageDomain{}, fault.Invalid},
	} {
		b.Refused(moveCall("", disk, c.to), c.code)
		b.Refused(moveVM(vm, c.to), c.code)
		if c.code != fault.SameDomain {
			b.Refused(copyCall(disk, c.to, ""), c.code)
		}
	}
	b.Images.Fail("Space", image.ErrUnavailable)
	b.Refused(moveCall("", disk, there), fault.DiskSpaceLow)
	b.Refused(copyCall(disk, there, ""), fault.DiskSpaceLow)
	b.Images.Clear()
	b.Refused(moveVM(b.VM("bare"), there), fault.Invalid)
	for _, status := range []model.DiskStatus{model.DiskLocked, model.DiskIllegal} {
		changed := model.Clone(b.Disk(disk))
		changed.Status = status
		b.Put(changed)
		code := map[model.DiskStatus]string{model.DiskLocked: fault.DiskLocked, model.DiskIllegal: fault.StateConflict}[status]
		b.Refused(moveCall(vm, disk, there), code)
		b.Refused(copyCall(disk, there, ""), code)
	}
	sound := model.Clone(b.Disk(disk))
	sound.Status = model.DiskOK
	b.Put(sound)
	b.Refused(copyCall(disk, there, "a\nb"), fault.NameIllegal)
	previewed := &model.Snapshot{ID: model.NewID(), VM: vm, Status: model.SnapshotInPreview}
	b.Put(previewed)
	b.Refused(moveCall("", disk, there), fault.InPreview)
	settled := model.Clone(previewed)
	settled.Status = model.SnapshotOK
	b.Put(settled)

	shared := add(b, vm, func(d *model.Disk) { d.Format, d.Shareable = model.DiskRaw, true })
	fixed := add(b, vm, preallocated, func(d *model.Disk) { d.Format = model.DiskCOW })
	b.Must(how(updateCall(vm, disk, func(*model.Disk) {}), func(a *model.DiskAttachment) { a.ReadOnly = true }))
	b.Must(moveCall(vm, shared, there)) // while nobody uses it
	b.Start(vm)
	for _, id := range []model.ID{disk, shared, fixed} {
		to := there
		if id == shared {
			to = here
		}
		b.Refused(moveCall(vm, id, to), fault.StateConflict)
		b.Refused(copyCall(id, to, ""), fault.StateConflict)
	}
	b.Refused(moveVM(vm, there), fault.VMStatusIllegal)
}

// TestPermitsOfMove: who may move a disk must be allowed to fill the other domain, too.
func TestPermitsOfMove(t *testing.T) {
	b := enginetest.New(t, nil)
	there := spareDomain(b, "spare")
	vm := b.VM("web1")
	disk := add(b, vm)
	domain := model.Ref{Kind: model.KindStorageDomain, ID: there.ID}
	role := &model.Role{ID: model.NewID(), Name: "mover", Permits: []model.Permit{"configure_vm_storage", "configure_disk_storage", "move_vm"}}
	filler := &model.Role{ID: model.NewID(), Name: "filler", Permits: []model.Permit{"create_disk"}}
	for _, each := range []*model.Role{role, filler} {
		b.Put(each)
	}
	mover := b.Caller("mover", role.ID, model.Ref{})
	for _, each := range []*engine.Call{moveCall(vm, disk, there), moveCall("", disk, there), moveVM(vm, there), copyCall(disk, there, "")} {
		each.Caller = mover
		b.Refused(each, fault.NotAuthorized)
		each.Caller = b.Caller("filler", filler.ID, domain)
		b.Refused(each, fault.NotAuthorized)
	}
	b.Put(&model.Permission{ID: model.NewID(), Role: filler.ID, User: mover.User, Object: domain})
	allowed := moveCall("", disk, there)
	allowed.Caller = mover
	b.Must(allowed)
}
