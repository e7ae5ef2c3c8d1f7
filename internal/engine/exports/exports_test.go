package exports_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/engine/enginetest"
	"vireo/internal/engine/exports"
	"vireo/internal/fault"
	"vireo/internal/image"
	"vireo/internal/model"
)

// TestRoundTrip: a VM with three snapshots goes out, is removed, and comes back as it was.
func TestRoundTrip(t *testing.T) {
	b := enginetest.New(t, nil)
	vm, before := furnished(b, "web"), b.LastEvent()
	was := b.Get(vm)
	b.Must(export(b, vm))
	if codes := b.Events(before); !slices.Equal(codes, []int{1162, 1150}) {
		t.Errorf("the events of the export are %v", codes)
	}
	if got := b.Get(vm).Run.Status; got != model.StatusDown {
		t.Errorf("the VM is %s after it", got)
	}
	consistent(b)
	found := lies(b)
	if len(found) != 1 || found[0].VM.Name != "web" || len(found[0].Snapshots) != 3 || len(found[0].Disks[0].Chain) != 3 {
		t.Fatalf("in the domain lies %+v", found)
	}

	before = b.LastEvent()
	clone := b.Must(importing(b, vm, asClone("again"))).Object.Ref().ID
	if codes := b.Events(before); !slices.Equal(codes, []int{1165, 1152}) {
		t.Errorf("the events of the import are %v", codes)
	}
	made := b.Get(clone)
	if made.Name != "again" || made.Run.Status != model.StatusDown || len(made.Disks) != 2 || made.Memory != was.Memory || made.OS.Kernel != was.OS.Kernel {
		t.Errorf("the clone is %+v", made.VMConfig)
	}
	for i := range made.Disks {
		same(t, b.Domain("local-data"), b.Disk(was.Disks[i].Disk), b.Disk(made.Disks[i].Disk))
		if disk := b.Disk(made.Disks[i].Disk); disk.Status != model.DiskOK || disk.ProvisionedSize != 4<<20 || disk.ActualSize == 0 {
			t.Errorf("the disk is %+v", disk)
		}
	}
	if snapshots := snapshotsOf(b, clone); len(snapshots) != 3 || snapshots[0].Volumes[0].Disk != made.Disks[0].Disk {
		t.Errorf("its snapshots are %+v", snapshots)
	}

	b.Refused(importing(b, vm), fault.SameIdentifier)
	for _, each := range snapshotsOf(b, vm) {
		b.Forget(each.ID)
	}
	b.Must(&engine.Call{On: model.KindVM, Name: "remove", Target: vm})
	back := b.Must(importing(b, vm)).Object.Ref().ID
	if back != vm || b.Get(vm).Name != "web" || b.Get(vm).Disks[0].Disk != was.Disks[0].Disk {
		t.Errorf("it came back as %+v", b.Get(back))
	}
	same(t, b.Domain("local-data"), b.Disk(was.Disks[0].Disk), b.Disk(made.Disks[0].Disk))

	b.Must(remove(b, vm))
	if len(lies(b)) != 0 {
		t.Error("it is still listed after its removal")
	}
	consistent(b)
}

func snapshotsOf(b *enginetest.Bench, vm model.ID) []*model.Snapshot {
	var out []*model.Snapshot
	for _, each := range b.Server.Inventory.Snapshots.All() {
		if each.VM == vm {
			out = append(out, each)
		}
	}
	return out
}

// TestCollapse: without its snapshots a VM is exported and imported with one volume of
// each disk, which holds what the guest sees.
func TestCollapse(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := furnished(b, "web")
	was := b.Disk(b.Get(vm).Disks[0].Disk)
	compare := func(disk *model.Disk) {
		t.Helper()
		domain := b.Domain("local-data")
		tool(t, "qemu-img", "compare", "-f", "qcow2", "-F", map[model.DiskFormat]string{"raw": "raw", "cow": "qcow2"}[disk.Format],
			file(domain, was.ID, was.Volume), file(domain, disk.ID, disk.Volume))
	}
	b.Must(export(b, vm, discard))
	consistent(b)
	d := lies(b)[0]
	if len(d.Snapshots) != 0 || len(d.Disks[0].Chain) != 0 || d.Disks[0].Format != model.DiskRaw {
		t.Errorf("it lies there as %+v", d.Disks[0])
	}
	clone := b.Get(b.Must(importing(b, vm, asClone("one"))).Object.Ref().ID)
	compare(b.Disk(clone.Disks[0].Disk))

	b.Must(export(b, vm, exclusive))
	consistent(b)
	clone = b.Get(b.Must(importing(b, vm, asClone("two"), func(p *exports.ImportParams) {
		p.Collapse = true
		p.Disks = []engine.DiskWish{{Of: was.ID, Format: model.DiskCOW, Sparse: new(true), Alias: "renamed"}}
	})).Object.Ref().ID)
	disk := b.Disk(clone.Disks[0].Disk)
	if disk.Format != model.DiskCOW || disk.Alias != "renamed" || len(disk.Chain) != 0 {
		t.Errorf("the disk is %+v", disk)
	}
	compare(disk)
}

// TestExportRefusals are the documented ones, in their order (api-v3 3.12).
func TestExportRefusals(t *testing.T) {
	b := enginetest.New(t, nil)
	vm, domain := furnished(b, "web"), b.Domain("local-export")
	disk := b.Get(vm).Disks[0].Disk
	edit := func(id model.ID, change func(*model.Disk)) {
		changed := model.Clone(b.Disk(id))
		change(changed)
		b.Put(changed)
	}
	place := func(change func(*model.StorageDomain)) {
		changed := model.Clone(domain)
		change(changed)
		b.Put(changed)
	}
	to := func(id model.ID) func(*exports.ExportParams) {
		return func(p *exports.ExportParams) { p.StorageDomain = id }
	}
	says := func(f *fault.Fault, sentence string) {
		t.Helper()
		if f.Message() != sentence {
			t.Errorf("it says %q and not %q", f.Message(), sentence)
		}
	}
	says(b.Refused(export(b, vm, to(model.NewID())), fault.DomainNotFound), "Cannot export VM. Storage Domain doesn't exist.")
	place(func(d *model.StorageDomain) { d.Status = model.StorageDomainInactive })
	says(b.Refused(export(b, vm), fault.DomainStatusIllegal), "Cannot export VM. The relevant Storage Domain's status is inactive.")
	place(func(*model.StorageDomain) {})
	edit(disk, func(d *model.Disk) { d.Status = model.DiskIllegal })
	b.Refused(export(b, vm), fault.DisksIllegal)
	edit(disk, func(d *model.Disk) { d.Status = model.DiskLocked })
	b.Refused(export(b, vm), fault.DisksLocked)
	edit(disk, func(d *model.Disk) { d.Status = model.DiskOK })
	place(func(d *model.StorageDomain) { d.DataCenter = model.NewID() })
	says(b.Refused(export(b, vm), fault.ExportElsewhere), "Cannot export VM. The target Data Center does not contain the VM.")
	place(func(*model.StorageDomain) {})
	edit(disk, func(d *model.Disk) { d.Sparse = false })
	says(b.Refused(export(b, vm), fault.DiskConfiguration), "Cannot export VM. Disk configuration (COW Preallocated) is incompatible with the storage domain type.")
	edit(disk, func(d *model.Disk) { d.Sparse = true })
	says(b.Refused(export(b, vm, to(b.Domain("local-data").ID)), fault.NotExportDomain), "Cannot export VM. The specified domain 'local-data' is not an export domain.")
	edit(disk, func(d *model.Disk) { d.ActualSize = 1 << 60 })
	says(b.Refused(export(b, vm), fault.DiskSpaceLow), "Cannot export VM. Low disk space on Storage Domain local-export.")
	edit(disk, func(d *model.Disk) { d.ActualSize = 1 << 20 })
	b.InStatus(vm, model.StatusUnassigned)
	says(b.Refused(export(b, vm), fault.ExportNotDown), "Cannot export VM. At least one of the VMs is not down.")
	b.InStatus(vm, model.StatusDown)
	first := model.Clone(snapshotsOf(b, vm)[0])
	first.Status = model.SnapshotInPreview
	b.Put(first)
	b.Refused(export(b, vm), fault.StateConflict)
	first.Status = model.SnapshotOK
	b.Put(model.Clone(first))

	b.Must(export(b, vm))
	says(b.Refused(export(b, vm), fault.SameIdentifier), "Cannot export VM. VM with the same identifier already exists.")
	b.Edit(vm, func(vm *model.VM) { vm.Name = "other" })
	twin := b.VM("web")
	b.Refused(export(b, twin), fault.NameInUse)
	outsider := export(b, twin, exclusive)
	outsider.Caller = b.Caller("somebody", auth.UserRole, model.Ref{Kind: model.KindVM, ID: twin})
	b.Refused(outsider, fault.NotAuthorized)
}

// TestExclusive: the old one is replaced only when the new one is whole, by id and by name
// (specification 15.7.11).
func TestExclusive(t *testing.T) {
	b := enginetest.New(t, nil)
	vm, domain := furnished(b, "web"), b.Domain("local-export")
	b.Must(export(b, vm))
	first := picture(t, domain)
	for _, call := range []string{"CopyChain", "Copy", "PutOVF"} {
		b.Images.Fail(call, image.ErrNoSpace)
		b.Fails(export(b, vm, exclusive))
		b.Images.Clear()
		if !maps.Equal(picture(t, domain), first) {
			t.Errorf("an export that failed at %s has changed the domain", call)
		}
		if got := b.Get(vm).Run.Status; got != model.StatusDown {
			t.Errorf("the VM is %s after it", got)
		}
	}
	write(t, b.Domain("local-data"), b.Disk(b.Get(vm).Disks[0].Disk), 77, 3<<20)
	b.Must(export(b, vm, exclusive))
	consistent(b)
	for path := range picture(t, domain) {
		if _, old := first[path]; old && strings.HasPrefix(path, "images") {
			t.Errorf("%s is left of the old one", path)
		}
	}
	// Another VM of the same name takes its place.
	b.Edit(vm, func(vm *model.VM) { vm.Name = "other" })
	twin := furnished(b, "web")
	before := picture(t, domain)
	b.Images.Fail("PutOVF", errors.New("no"))
	b.Fails(export(b, twin, exclusive))
	b.Images.Clear()
	if !maps.Equal(picture(t, domain), before) {
		t.Error("an export that failed has changed the domain")
	}
	b.Must(export(b, twin, exclusive))
	consistent(b)
	if found := lies(b); len(found) != 1 || found[0].ID() != twin {
		t.Errorf("in the domain lies %+v", found)
	}
}

// TestLockedMeanwhile: a copy that is given up leaves nothing; a VM that is exported is locked.
func TestLockedMeanwhile(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := furnished(b, "web")
	release := b.Images.Hold("CopyChain")
	begun := b.Begin(export(b, vm))
	if got := b.Get(vm).Run.Status; got != model.StatusImageLocked || !begun.Pending {
		t.Errorf("the VM is %s meanwhile, pending %v", got, begun.Pending)
	}
	b.Refused(&engine.Call{On: model.KindVM, Name: "start", Target: vm}, fault.VMLocked)
	b.Refused(export(b, vm, exclusive), fault.ObjectLocked)
	release()
	if ended := b.Wait(begun.Job.ID); ended.Status != model.JobFinished {
		t.Errorf("the job is %+v", ended)
	}
}

// TestExportDies: the engine dies at every point of an export that replaces another.
func TestExportDies(t *testing.T) {
	enginetest.DieEverywhere(t, enginetest.Scenario{
		Prepare: func(b *enginetest.Bench) *engine.Call {
			vm := furnished(b, "web")
			b.Must(export(b, vm))
			b.Edit(vm, func(vm *model.VM) { vm.Name = "older" })
			twin := furnished(b, "web")
			b.Must(export(b, twin, exclusive))
			return export(b, twin, exclusive, discard)
		},
		Check: func(b *enginetest.Bench, call *engine.Call, ended *model.Job) {
			if ended.Status != model.JobFinished {
				b.Errorf("the job is %+v", ended)
			}
			if found := lies(b); len(found) != 1 || len(found[0].Disks[0].Chain) != 0 || b.Get(call.Target).Run.Status != model.StatusDown {
				b.Errorf("in the domain lies %+v", found)
			}
			consistent(b)
		},
	})
}

// TestImportDies: the engine dies at every point of an import, and of a removal.
func TestImportDies(t *testing.T) {
	enginetest.DieEverywhere(t, enginetest.Scenario{
		Prepare: func(b *enginetest.Bench) *engine.Call {
			vm := furnished(b, "web")
			b.Must(export(b, vm))
			return importing(b, vm, asClone("again"))
		},
		Check: func(b *enginetest.Bench, _ *engine.Call, ended *model.Job) {
			made := b.Get(ended.Target.ID)
			if ended.Status != model.JobFinished || made.Run.Status != model.StatusDown || len(snapshotsOf(b, made.ID)) != 3 {
				b.Errorf("the job is %+v and the VM %+v", ended, made)
			}
			for _, attachment := range made.Disks {
				if _, err := b.Images.Images.Path(b.Context(), b.Domain("local-data"), b.Disk(attachment.Disk)); err != nil {
					b.Error(err)
				}
			}
		},
	})
}

// TestRemoveDies: the engine dies at every point of a removal.
func TestRemoveDies(t *testing.T) {
	enginetest.DieEverywhere(t, enginetest.Scenario{
		Prepare: func(b *enginetest.Bench) *engine.Call {
			vm := furnished(b, "web")
			b.Must(export(b, vm))
			return remove(b, vm)
		},
		Check: func(b *enginetest.Bench, _ *engine.Call, ended *model.Job) {
			if found := lies(b); ended.Status != model.JobFinished || len(found) != 0 {
				b.Errorf("the job is %+v and there lies %+v", ended, found)
			}
			consistent(b)
		},
	})
}

// TestImportFails: what could not be imported leaves nothing.
func TestImportFails(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := furnished(b, "web")
	b.Must(export(b, vm))
	before := picture(t, b.Domain("local-data"))
	for _, call := range []string{"CopyChain", "Copy", "Meta"} {
		b.Images.Fail(call, image.ErrNoSpace)
		b.Fails(importing(b, vm, asClone("again")))
		b.Images.Clear()
		if !maps.Equal(picture(t, b.Domain("local-data")), before) || len(b.Server.Inventory.VMs.All()) != 1 ||
			len(b.Server.Inventory.Disks.All()) != 2 || len(b.Server.Inventory.Snapshots.All()) != 3 {
			t.Errorf("an import that failed at %s has left something", call)
		}
	}
}

// TestImportRefusals: what cannot be imported is refused with a reason.
func TestImportRefusals(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := furnished(b, "web")
	b.Must(export(b, vm))
	change := func(with func(*exports.ImportParams)) *engine.Call { return importing(b, vm, asClone("again"), with) }
	b.Refused(change(func(p *exports.ImportParams) { p.StorageDomain = model.NewID() }), fault.DomainNotFound)
	b.Refused(change(func(p *exports.ImportParams) { p.StorageDomain = b.Domain("local-data").ID }), fault.NotExportDomain)
	b.Refused(change(func(p *exports.ImportParams) { p.ID = model.NewID() }), "NOT_FOUND")
	b.Refused(change(func(p *exports.ImportParams) { p.Cluster = model.NewID() }), "NOT_FOUND")
	b.Refused(change(func(p *exports.ImportParams) { p.Target = model.NewID() }), fault.DomainNotFound)
	b.Refused(change(func(p *exports.ImportParams) { p.Target = b.Domain("local-export").ID }), fault.Invalid)
	b.Refused(change(func(p *exports.ImportParams) { p.Name = "a b" }), fault.NameIllegal)
	b.Refused(change(func(p *exports.ImportParams) { p.Name = "web" }), fault.NameInUse)
	b.Refused(change(func(p *exports.ImportParams) { p.Disks = []engine.DiskWish{{Of: model.NewID()}} }), "NOT_FOUND")
	b.Refused(change(func(p *exports.ImportParams) {
		p.Disks = []engine.DiskWish{{Of: b.Get(vm).Disks[0].Disk, Format: model.DiskRaw}}
	}), fault.Invalid)
	outsider := change(func(*exports.ImportParams) {})
	outsider.Caller = b.Caller("somebody", auth.UserRole, model.Ref{Kind: model.KindVM, ID: vm})
	b.Refused(outsider, fault.NotAuthorized)

	domain := b.Domain("local-export")
	text := filepath.Join(root(domain), "master/vms", string(vm), string(vm)+".ovf")
	if err := os.WriteFile(text, []byte("<!DOCTYPE a><a/>"), 0o644); err != nil {
		t.Fatal(err)
	}
	b.Refused(change(func(*exports.ImportParams) {}), fault.Invalid)
	if len(lies(b)) != 0 {
		t.Error("what cannot be read is listed")
	}
	b.Must(remove(b, vm)) // and can be removed, without what nobody can tell to be its
	b.Refused(remove(b, vm), "NOT_FOUND")
	for _, attached := range b.Get(vm).Disks {
		if err := os.RemoveAll(filepath.Join(root(domain), "images", string(attached.Disk))); err != nil {
			t.Fatal(err)
		}
	}
}

// TestHostileExports: a text that names what belongs to others harms none of it.
func TestHostileExports(t *testing.T) {
	b := enginetest.New(t, nil)
	vm, domain := furnished(b, "web"), b.Domain("local-export")
	b.Must(export(b, vm))
	text := func(id model.ID) string {
		return filepath.Join(root(domain), "master/vms", string(id), string(id)+".ovf")
	}
	plain, err := os.ReadFile(text(vm))
	if err != nil {
		t.Fatal(err)
	}
	plant := func(id model.ID, change func(string) string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(text(id)), 0o755); err != nil {
			t.Fatal(err)
		}
		content := change(strings.ReplaceAll(string(plain), string(vm), string(id)))
		if err := os.WriteFile(text(id), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// Another text of the same volumes: its removal leaves them to the first.
	twin := model.NewID()
	plant(twin, func(s string) string { return s })
	b.Must(remove(b, twin))
	consistent(b)

	// A disk that is called as the memory of a suspended VM is not written over it.
	memory := model.NewID()
	b.Edit(b.VM("asleep"), func(vm *model.VM) { vm.Run.Suspended = &model.SavedState{MemoryImage: memory} })
	disk := b.Get(vm).Disks[0].Disk
	plant(twin, func(s string) string { return strings.ReplaceAll(s, string(disk), string(memory)) })
	overwriting := func(p *exports.ImportParams) { p.Exclusive, p.Name = true, "x" }
	b.Refused(importing(b, twin, overwriting), fault.Duplicate)
	for _, other := range b.Server.Inventory.VMs.All() {
		b.Edit(other.ID, func(vm *model.VM) { vm.Run.Suspended = nil })
	}

	// A disk that is declared raw and larger than it is, or of a format that it has not.
	for name, c := range map[string]struct {
		change func(string) string
		fails  bool
	}{
		"a size that is not so": {func(s string) string { return strings.ReplaceAll(s, `ovf:size="4194304"`, `ovf:size="1099511627776"`) }, false},
		"a format that is not so": {func(s string) string {
			return strings.ReplaceAll(s, `ovf:volume-format="RAW"`, `ovf:volume-format="COW"`)
		}, true},
	} {
		plant(twin, c.change)
		call := importing(b, twin, func(p *exports.ImportParams) { p.Clone, p.Name = true, strings.ReplaceAll(name, " ", "-") })
		if c.fails {
			b.Fails(call)
			continue
		}
		made := b.Get(b.Must(call).Object.Ref().ID)
		if size := b.Disk(made.Disks[0].Disk).ProvisionedSize; size != 4<<20 {
			t.Errorf("%s: the disk is recorded with %d bytes", name, size)
		}
	}

	// A text about another than its place says is not listed, and can be removed.
	plant(twin, func(s string) string { return strings.ReplaceAll(s, string(twin), string(vm)) })
	if found := lies(b); len(found) != 1 {
		t.Errorf("there are %d", len(found))
	}
	b.Refused(importing(b, twin, overwriting), fault.Invalid)
	b.Must(remove(b, twin))
	consistent(b)

	// A kernel of the host is for those who may set one.
	plant(twin, func(s string) string {
		return strings.Replace(s, "<kernel_url>/boot/vmlinuz<", "<kernel_url>/etc/shadow<", 1)
	})
	manager := importing(b, twin, func(p *exports.ImportParams) { p.Clone, p.Name = true, "z" })
	manager.Caller = importer(b)
	b.Refused(manager, fault.NotAuthorized)
}

// importer may import VMs and make them, and nothing that is an administrator's of a VM.
func importer(b *enginetest.Bench) *auth.Caller {
	b.Helper()
	role := &model.Role{ID: model.NewID(), Name: "importer", Permits: []model.Permit{"import_export_vm", "create_vm", "login"}}
	b.Put(role)
	return b.Caller("importer", role.ID, model.Ref{})
}

// TestRemovedMeanwhile: an export whose copies somebody has removed, with another export of
// the same disk, fails and describes nothing that is not there.
func TestRemovedMeanwhile(t *testing.T) {
	b := enginetest.New(t, nil)
	first := furnished(b, "first")
	b.Must(export(b, first))
	var moved model.DiskAttachment
	b.Edit(first, func(vm *model.VM) { moved, vm.Disks = vm.Disks[1], vm.Disks[:1] })
	second := b.VM("second")
	b.Edit(second, func(vm *model.VM) { vm.Disks = []model.DiskAttachment{moved} })
	release := b.Images.Hold("Meta") // by which what was copied is looked at once more
	begun := b.Begin(export(b, second))
	group := filepath.Join(root(b.Domain("local-export")), "images", string(moved.Disk))
	volumes := func() []string {
		found, _ := filepath.Glob(filepath.Join(group, "*.meta"))
		return slices.DeleteFunc(found, func(meta string) bool { // which comes first
			_, err := os.Stat(strings.TrimSuffix(meta, ".meta"))
			return err != nil
		})
	}
	b.Await("the disk is copied", func() bool { return len(volumes()) == 2 })
	named := string(lies(b)[0].Disks[1].Volume)
	for _, path := range volumes() {
		if strings.Contains(path, named) {
			continue
		}
		if err := errors.Join(os.Remove(path), os.Remove(strings.TrimSuffix(path, ".meta"))); err != nil {
			t.Fatal(err)
		}
	}
	release()
	if ended := b.Wait(begun.Job.ID); ended.Status != model.JobFailed {
		t.Errorf("the job is %+v", ended)
	}
	consistent(b)
}

// TestNetworksOfImports: a VM is connected to the networks that its text names where whoever
// imports it may connect VMs to them.
func TestNetworksOfImports(t *testing.T) {
	b := enginetest.New(t, nil)
	closed := &model.Network{ID: model.NewID(), Name: "closed", DataCenter: b.Domain("local-data").DataCenter}
	profile := &model.VNICProfile{ID: model.NewID(), Name: "closed", Network: closed.ID}
	b.Put(closed)
	b.Put(profile)
	vm := b.VM("web")
	b.Edit(vm, func(vm *model.VM) {
		vm.OS.Kernel, vm.OS.Initrd, vm.OS.Cmdline = "", "", ""
		vm.NICs = []model.NIC{{
			ID: model.NewID(), Name: "nic1", Network: closed.ID, Profile: profile.ID, Interface: model.NICVirtio,
			MAC: "00:1a:4a:16:01:99", Linked: true, Plugged: true,
		}}
	})
	addDisk(b, vm, model.DiskCOW)
	b.Must(export(b, vm))
	for name, c := range map[string]struct {
		caller *auth.Caller
		want   model.ID
	}{"by-the-engine": {nil, closed.ID}, "by-an-importer": {importer(b), ""}} {
		call := importing(b, vm, asClone(name))
		call.Caller = c.caller
		nics := b.Get(b.Must(call).Object.Ref().ID).NICs
		if len(nics) != 1 || nics[0].Network != c.want {
			t.Errorf("imported %s its NICs are %+v", name, nics)
		}
	}
}
