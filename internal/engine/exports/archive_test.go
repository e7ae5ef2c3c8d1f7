package exports_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"vireo/internal/engine"
	"vireo/internal/engine/enginetest"
	"vireo/internal/engine/exports"
	"vireo/internal/engine/templates"
	"vireo/internal/fault"
	"vireo/internal/image"
	"vireo/internal/model"
	"vireo/internal/ovf"
	"vireo/internal/server"
)

// archives is the directory of OVA files of a bench.
func archives(b *enginetest.Bench) string { return b.Server.Engine.Archives }

// files are the names of what lies there, hidden or not.
func files(b *enginetest.Bench) []string {
	b.Helper()
	entries, err := os.ReadDir(archives(b))
	if err != nil {
		b.Fatal(err)
	}
	var names []string
	for _, each := range entries {
		names = append(names, each.Name())
	}
	return names
}

func pack(b *enginetest.Bench, vm model.ID, change ...func(*exports.PackParams)) *engine.Call {
	params := &exports.PackParams{Directory: archives(b)}
	for _, each := range change {
		each(params)
	}
	return &engine.Call{On: model.KindVM, Name: "export_ova", Target: vm, Params: params}
}

func unpack(b *enginetest.Bench, path string, change ...func(*exports.UnpackParams)) *engine.Call {
	params := &exports.UnpackParams{Path: path, ImportParams: exports.ImportParams{
		Cluster: server.DefaultCluster, Target: b.Domain("local-data").ID,
	}}
	for _, each := range change {
		each(params)
	}
	return &engine.Call{On: model.KindExternalVM, Name: "import", Params: params}
}

func again(name string) func(*exports.UnpackParams) {
	return func(p *exports.UnpackParams) { p.Clone, p.Name = true, name }
}

// seesTheSame wants guests to see the same on two disks, whatever they consist of.
func seesTheSame(t testing.TB, domain *model.StorageDomain, a, b *model.Disk) {
	t.Helper()
	formats := map[model.DiskFormat]string{model.DiskCOW: "qcow2", model.DiskRaw: "raw"}
	tool(t, "qemu-img", "compare", "-f", formats[a.Format], "-F", formats[b.Format], file(domain, a.ID, a.Volume), file(domain, b.ID, b.Volume))
}

// TestPackAndUnpack: a VM with snapshots goes out to a file, and comes back as a clone and
// as itself, with what its guest saw.
func TestPackAndUnpack(t *testing.T) {
	b := enginetest.New(t, nil)
	vm, before := furnished(b, "web"), b.LastEvent()
	was := b.Get(vm)
	b.Must(pack(b, vm))
	if codes := b.Events(before); !slices.Equal(codes, []int{1223, 1224}) {
		t.Errorf("the events of the export are %v", codes)
	}
	if got := files(b); !slices.Equal(got, []string{"web.ova"}) || b.Get(vm).Run.Status != model.StatusDown {
		t.Errorf("there lie %v, and the VM is %s", got, b.Get(vm).Run.Status)
	}
	path := filepath.Join(archives(b), "web.ova")
	listed := strings.Fields(tool(t, "tar", "-tf", path))
	if want := []string{"vm.ovf", string(b.Disk(was.Disks[0].Disk).Volume), string(b.Disk(was.Disks[1].Disk).Volume)}; !slices.Equal(listed, want) {
		t.Errorf("tar lists %v", listed)
	}
	// What tar takes out is an image by itself.
	tool(t, "tar", "-xf", path, "-C", t.TempDir())
	text, err := ovf.ReadArchived(strings.NewReader(tool(t, "tar", "-xOf", path, "vm.ovf")))
	if err != nil || text.ID() != vm || len(text.Disks) != 2 || text.Disks[0].Format != model.DiskRaw {
		t.Fatalf("its text is %+v (%v)", text, err)
	}

	before = b.LastEvent()
	clone := b.Get(b.Must(unpack(b, path, again("again"))).Object.Ref().ID)
	if codes := b.Events(before); !slices.Equal(codes, []int{1165, 1152}) {
		t.Errorf("the events of the import are %v", codes)
	}
	if clone.ID == vm || clone.Name != "again" || clone.Run.Status != model.StatusDown || clone.Memory != was.Memory || len(clone.Disks) != 2 {
		t.Errorf("the clone is %+v", clone.VMConfig)
	}
	for i := range clone.Disks {
		made := b.Disk(clone.Disks[i].Disk)
		seesTheSame(t, b.Domain("local-data"), b.Disk(was.Disks[i].Disk), made)
		if made.Status != model.DiskOK || made.ProvisionedSize != 4<<20 || made.ActualSize == 0 || made.Alias != b.Disk(was.Disks[i].Disk).Alias {
			t.Errorf("the disk is %+v", made)
		}
	}
	b.Refused(unpack(b, path), fault.SameIdentifier)
	b.Refused(pack(b, vm), fault.Duplicate)
	for _, each := range snapshotsOf(b, vm) {
		b.Forget(each.ID)
	}
	b.Must(&engine.Call{On: model.KindVM, Name: "remove", Target: vm})
	// By a path within the directory, too, and preallocated.
	back := b.Must(unpack(b, "web.ova", func(p *exports.UnpackParams) { p.Preallocate = new(true) })).Object.Ref().ID
	if back != vm || b.Get(vm).Disks[0].Disk != was.Disks[0].Disk || b.Get(vm).Name != "web" {
		t.Errorf("it came back as %+v", b.Get(back))
	}
	if disk := b.Disk(was.Disks[1].Disk); disk.Sparse || disk.Format != model.DiskRaw || disk.ActualSize < 4<<20 {
		t.Errorf("preallocated it is %+v", disk)
	}
	for i := range clone.Disks {
		seesTheSame(t, b.Domain("local-data"), b.Disk(was.Disks[i].Disk), b.Disk(clone.Disks[i].Disk))
	}
}

// TestPackTemplate: the same with a template.
func TestPackTemplate(t *testing.T) {
	b := enginetest.New(t, nil)
	template := golden(b, "golden")
	call := pack(b, template, func(p *exports.PackParams) { p.Directory = "." })
	call.On = model.KindTemplate
	before := b.LastEvent()
	b.Must(call)
	if codes := b.Events(before); !slices.Equal(codes, []int{1226, 1227}) {
		t.Errorf("the events of the export are %v", codes)
	}
	b.Refused(unpack(b, "golden.ova", again("x")), fault.Invalid)
	call = unpack(b, "golden.ova", again("another"))
	call.On = model.KindExternalTemplate
	made, ok := b.Server.Inventory.Templates.Get(b.Must(call).Object.Ref().ID)
	if !ok || made.Name != "another" || made.Status != model.TemplateOK || len(made.Disks) != 1 {
		t.Errorf("it came back as %+v", made)
	}
	was, _ := b.Server.Inventory.Templates.Get(template)
	seesTheSame(t, b.Domain("local-data"), b.Disk(was.Disks[0].Disk), b.Disk(made.Disks[0].Disk))
}

// TestPackRefusals: places that are not for OVA files, and VMs that are not to go out now.
func TestPackRefusals(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := furnished(b, "web")
	outside := t.TempDir()
	for name, link := range map[string]string{"out": outside, "round": "."} {
		if err := os.Symlink(link, filepath.Join(archives(b), name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(archives(b), "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for dir, says := range map[string]string{
		outside: "only", "/": "only", archives(b) + "/..": "only", "..": "only", "sub/../../x": "only", "": "",
		"out": "links", archives(b) + "/out": "links", "round": "links", "file": "links", "absent": "There is no", archives(b) + "/a/b": "There is no",
	} {
		if says == "" {
			continue
		}
		f := b.Refused(pack(b, vm, func(p *exports.PackParams) { p.Directory = dir }), fault.Invalid)
		if !strings.Contains(f.Message(), says) {
			t.Errorf("%q: %s", dir, f.Message())
		}
	}
	for _, name := range []string{"../x.ova", "a/b.ova", ".hidden", "..", "new\nline", strings.Repeat("n", 201), "nul\x00"} {
		b.Refused(pack(b, vm, func(p *exports.PackParams) { p.FileName = name }), fault.Invalid)
	}
	b.Refused(pack(b, vm, func(p *exports.PackParams) { p.FileName = "file" }), fault.Duplicate)
	b.Refused(pack(b, vm, func(p *exports.PackParams) { p.FileName = "out" }), fault.Duplicate)
	b.Refused(pack(b, vm, func(p *exports.PackParams) { p.Host = model.NewID() }), "NOT_FOUND")
	far := model.Clone(b.Server.Inventory.Hosts.All()[0])
	far.ID, far.Name, far.Address, far.Facts.Local = model.NewID(), "far", "fake://far", false
	b.Put(far)
	b.Refused(pack(b, vm, func(p *exports.PackParams) { p.Host = far.ID }), fault.UnsupportedWish)
	b.Refused(unpack(b, "web.ova", func(p *exports.UnpackParams) { p.Host = far.ID }), fault.UnsupportedWish)
	b.Edit(vm, func(vm *model.VM) { vm.Run.Status = model.StatusUp })
	b.Refused(pack(b, vm), fault.ExportNotDown)
	b.Edit(vm, func(vm *model.VM) { vm.Run.Status = model.StatusDown })
	if got := files(b); !slices.Equal(got, []string{"file", "out", "round"}) {
		t.Errorf("there lie %v", got)
	}
	if found, _ := os.ReadDir(outside); len(found) > 0 {
		t.Errorf("outside there lie %v", found)
	}
}

// TestPackFails: what could not be written leaves nothing, and what has come under the
// name meanwhile stays.
func TestPackFails(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := furnished(b, "web")
	b.Images.Fail("WriteStretch", image.ErrNoSpace)
	before := b.LastEvent()
	f := b.Fails(pack(b, vm))
	if codes := b.Events(before); !slices.Equal(codes, []int{1223, 1225}) || !strings.Contains(f.Message(), "not enough space") {
		t.Errorf("%v: %s", codes, f.Message())
	}
	b.Images.Clear()
	release := b.Images.Hold("WriteStretch")
	begun := b.Begin(pack(b, vm))
	b.InStatus(vm, model.StatusImageLocked)
	path := filepath.Join(archives(b), "web.ova")
	if err := os.WriteFile(path, []byte("theirs"), 0o600); err != nil {
		t.Fatal(err)
	}
	release()
	if ended := b.Wait(begun.Job.ID); ended.Status != model.JobFailed {
		t.Errorf("the job is %+v", ended)
	}
	if content, err := os.ReadFile(path); string(content) != "theirs" || err != nil {
		t.Errorf("the file holds %q (%v)", content, err)
	}
	if got := files(b); !slices.Equal(got, []string{"web.ova"}) || b.Get(vm).Run.Status != model.StatusDown {
		t.Errorf("there lie %v", got)
	}
}

// TestPackDies: the engine dies at every point of an export to a file.
func TestPackDies(t *testing.T) {
	enginetest.DieEverywhere(t, enginetest.Scenario{
		Prepare: func(b *enginetest.Bench) *engine.Call { return pack(b, furnished(b, "web")) },
		Check: func(b *enginetest.Bench, call *engine.Call, ended *model.Job) {
			if got := files(b); ended.Status != model.JobFinished || !slices.Equal(got, []string{"web.ova"}) || b.Get(call.Target).Run.Status != model.StatusDown {
				b.Errorf("the job is %+v and there lie %v", ended, got)
			}
			made := b.Get(b.Must(unpack(b, "web.ova", again("again"))).Object.Ref().ID)
			for i, each := range b.Get(call.Target).Disks {
				seesTheSame(b, b.Domain("local-data"), b.Disk(each.Disk), b.Disk(made.Disks[i].Disk))
			}
		},
	})
}

// TestUnpackDies: the engine dies at every point of an import from a file.
func TestUnpackDies(t *testing.T) {
	enginetest.DieEverywhere(t, enginetest.Scenario{
		Prepare: func(b *enginetest.Bench) *engine.Call {
			b.Must(pack(b, furnished(b, "web")))
			return unpack(b, "web.ova", again("again"))
		},
		Check: func(b *enginetest.Bench, _ *engine.Call, ended *model.Job) {
			made := b.Get(ended.Target.ID)
			if ended.Status != model.JobFinished || made.Run.Status != model.StatusDown {
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

// golden is a template of a VM with one disk that holds something.
func golden(b *enginetest.Bench, name string) model.ID {
	b.Helper()
	vm := b.VM("source")
	write(b, b.Domain("local-data"), addDisk(b, vm, model.DiskCOW), 5, 1<<20)
	made := b.Must(&engine.Call{On: model.KindTemplate, Name: "add", Parent: vm, Params: &templates.AddParams{
		Edit: func(template *model.Template) error { template.Name = name; return nil },
	}})
	return made.Object.Ref().ID
}
