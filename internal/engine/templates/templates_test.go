package templates_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/engine/disks"
	"vireo/internal/engine/enginetest"
	"vireo/internal/engine/templates"
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/image"
	"vireo/internal/model"
)

var errBroken = errors.New("the storage is broken")

// withDisks makes a VM with disks of 1 MiB.
func withDisks(b *enginetest.Bench, name string, edits ...func(*model.Disk)) model.ID {
	b.Helper()
	vm := b.VM(name)
	for _, edit := range edits {
		b.Must(&engine.Call{On: model.KindDisk, Name: "add", Parent: vm, Async: new(false), Params: &disks.AddParams{
			Edit: func(disk *model.Disk) error {
				disk.ProvisionedSize, disk.Format, disk.Interface = 1<<20, model.DiskCOW, model.DiskVirtio
				edit(disk)
				return nil
			},
		}})
	}
	return vm
}

func plain(*model.Disk) {}

func shareable(disk *model.Disk) { disk.Format, disk.Shareable = model.DiskRaw, true }

// addCall makes a template of a VM.
func addCall(name string, vm model.ID, edits ...func(*model.Template)) *engine.Call {
	return &engine.Call{On: model.KindTemplate, Name: "add", Parent: vm, Async: new(false), Params: &templates.AddParams{
		Edit: func(template *model.Template) error {
			template.Name = name
			for _, edit := range edits {
				edit(template)
			}
			return nil
		},
	}}
}

func removeCall(template model.ID) *engine.Call {
	return &engine.Call{On: model.KindTemplate, Name: "remove", Target: template, Async: new(false)}
}

func of(b *enginetest.Bench, result *engine.Result) *model.Template {
	b.Helper()
	template, ok := b.Server.Inventory.Templates.Get(result.Object.Ref().ID)
	if !ok {
		b.Fatal("there is no template")
	}
	return template
}

// TestAdd: a template has what its VM has, and a disk for each that is the VM's alone.
func TestAdd(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := withDisks(b, "golden", plain, shareable)
	b.Edit(vm, func(vm *model.VM) {
		vm.DeleteProtected, vm.Comment = true, "the VM's"
		vm.NICs = []model.NIC{{ID: model.NewID(), Name: "nic1", Interface: model.NICVirtio, MAC: "00:1a:4a:16:01:51"}}
	})
	last := b.LastEvent()
	template := of(b, b.Must(addCall("web", vm, func(t *model.Template) { t.Memory = 96<<20 + 5 })))
	if codes := b.Events(last); !slices.Equal(codes, []int{48, 51}) {
		t.Errorf("the events were %v", codes)
	}
	if b.Get(vm).Run.Status != model.StatusDown || template.Status != model.TemplateOK || template.Memory != 96<<20 ||
		template.DeleteProtected || template.Comment != "" || template.OS.Kernel != "/boot/vmlinuz" {
		t.Errorf("the template is %+v", template)
	}
	if template.Base != template.ID || template.VersionNumber != 1 || template.NICs[0].MAC != "" {
		t.Errorf("the template is version %d of %s, with %+v", template.VersionNumber, template.Base, template.NICs)
	}
	own := b.Disk(b.Get(vm).Disks[0].Disk)
	if len(template.Disks) != 1 || template.Disks[0].Disk == own.ID {
		t.Fatalf("its disks are %+v", template.Disks)
	}
	if disk := b.Disk(template.Disks[0].Disk); disk.Status != model.DiskOK || disk.Alias != own.Alias || disk.ActualSize == 0 {
		t.Errorf("its disk is %+v", disk)
	}
	b.Must(removeCall(template.ID))
	if b.Disk(template.Disks[0].Disk) != nil || b.Disk(own.ID) == nil {
		t.Error("the wrong disk was removed")
	}
}

// TestRefusals: what cannot be made, changed or removed.
func TestRefusals(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := withDisks(b, "golden", plain)
	b.Refused(addCall("", vm), fault.NameIllegal)
	b.Refused(addCall("a b", vm), fault.NameIllegal)
	b.Refused(addCall("Blank", vm), fault.NameInUse)
	b.Refused(addCall("web", vm, func(t *model.Template) { t.Memory = 1 }), fault.Invalid)
	b.Refused(addCall("web", vm, func(t *model.Template) { t.Base = model.BlankID }), fault.Invalid)
	b.Refused(addCall("web", vm, func(t *model.Template) { t.Base = model.NewID() }), "NOT_FOUND")
	b.Refused(addCall("web", "", func(*model.Template) {}), fault.Invalid)
	wish := addCall("web", vm)
	wish.Params.(*templates.AddParams).Disks = []engine.DiskWish{{Of: model.NewID()}}
	b.Refused(wish, "NOT_FOUND")
	wish.Params.(*templates.AddParams).Disks = []engine.DiskWish{{Of: b.Get(vm).Disks[0].Disk, Alias: "a\nb"}}
	b.Refused(wish, fault.NameIllegal)
	b.Images.Fail("CanSeal", errBroken)
	sealed := addCall("web", vm)
	sealed.Params.(*templates.AddParams).Seal = true
	b.Refused(sealed, fault.UnsupportedWish)
	b.Images.Clear()

	b.InStatus(vm, model.StatusUp)
	b.Refused(addCall("web", vm), fault.TemplateNeedsDown)
	b.InStatus(vm, model.StatusDown)
	b.Refused(removeCall(model.BlankID), fault.BlankStays)

	template := of(b, b.Must(addCall("web", vm)))
	disk := template.Disks[0].Disk
	onDisk := func(name string, parent model.ID, params any) *engine.Call {
		return &engine.Call{On: model.KindDisk, Name: name, Parent: parent, Target: disk, Params: params}
	}
	b.Refused(onDisk("attach", vm, nil), fault.DiskOfTemplate)
	b.Refused(onDisk("remove", "", nil), fault.DiskOfTemplate)
	b.Refused(onDisk("update", "", &disks.UpdateParams{Edit: func(d *model.Disk) error { d.ProvisionedSize *= 2; return nil }}), fault.DiskOfTemplate)
	update := &engine.Call{On: model.KindTemplate, Name: "update", Target: template.ID}
	update.Params = engine.Edit[model.Template](func(t *model.Template) error { t.Base = vm; return nil })
	b.Refused(update, "IMMUTABLE")
	update.Params = engine.Edit[model.Template](func(t *model.Template) error { t.DeleteProtected = true; return nil })
	b.Must(update)
	b.Refused(removeCall(template.ID), fault.TemplateProtected)
}

// TestVersions: numbers count on, a version of a version is one of the first, and the
// newest is taken by those who ask for it.
func TestVersions(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := withDisks(b, "golden", plain)
	first := of(b, b.Must(addCall("web", vm)))
	second := of(b, b.Must(addCall("web", vm, func(t *model.Template) { t.Base, t.VersionName = first.ID, "two" })))
	third := of(b, b.Must(addCall("web3", vm, func(t *model.Template) { t.Base = second.ID })))
	if second.VersionNumber != 2 || third.VersionNumber != 3 || third.Base != first.ID {
		t.Errorf("the versions are %d and %d of %s", second.VersionNumber, third.VersionNumber, third.Base)
	}
	b.Refused(addCall("web", vm), fault.NameInUse)
	b.Refused(removeCall(first.ID), fault.TemplateHasVersions)
	for _, latest := range []bool{true, false} {
		made := b.Must(&engine.Call{On: model.KindVM, Name: "add", Async: new(false), Params: &vms.AddParams{Edit: func(vm *model.VM) error {
			vm.Name, vm.Template, vm.Cluster, vm.UseLatestTemplateVersion = "made", first.ID, first.Cluster, latest
			return nil
		}}}).Object.Ref().ID
		want := first.ID
		if latest {
			want = third.ID
		}
		if got := b.Get(made).Template; got != want {
			t.Errorf("asking for the latest %v, the template is %s and not %s", latest, got, want)
		}
		b.Must(&engine.Call{On: model.KindVM, Name: "remove", Target: made, Async: new(false)})
	}
	for _, version := range []model.ID{third.ID, second.ID, first.ID} {
		b.Must(removeCall(version))
	}
}

// TestAddThatFails: nothing is left, but what could not be taken away is known.
func TestAddThatFails(t *testing.T) {
	for _, failing := range []string{"Copy", "Seal"} {
		t.Run(failing, func(t *testing.T) {
			b := enginetest.New(t, nil)
			vm := withDisks(b, "golden", plain)
			call := addCall("web", vm)
			call.Params.(*templates.AddParams).Seal = failing == "Seal"
			b.Images.Fail(failing, errBroken)
			last := b.LastEvent()
			b.Fails(call)
			if codes := b.Events(last); !slices.Equal(codes, []int{48, 52}) {
				t.Errorf("the events were %v", codes)
			}
			if b.Get(vm).Run.Status != model.StatusDown || b.Server.Inventory.Disks.Len() != 1 || b.Server.Inventory.Templates.Len() != 1 {
				t.Error("something of the template is left")
			}
		})
	}
	t.Run("with a reason", func(t *testing.T) {
		b := enginetest.New(t, nil)
		call := addCall("web", withDisks(b, "golden", plain))
		call.Params.(*templates.AddParams).Seal = true
		b.Images.Fail("Seal", &image.SealError{Why: "virt-sysprep says: no guest is there", Err: errBroken})
		if said := b.Fails(call).Message(); !strings.HasSuffix(said, "could not be sealed: virt-sysprep says: no guest is there.") {
			t.Errorf("it was said: %s", said)
		}
	})
	t.Run("and cannot be undone", func(t *testing.T) {
		b := enginetest.New(t, nil)
		vm := withDisks(b, "golden", plain)
		b.Images.Fail("Copy", errBroken)
		b.Images.Fail("Remove", errBroken)
		b.Fails(addCall("web", vm))
		b.Images.Clear()
		for _, disk := range b.Server.Inventory.Disks.All() {
			if disk.ID != b.Get(vm).Disks[0].Disk {
				if disk.Status != model.DiskIllegal {
					t.Errorf("the disk is %s", disk.Status)
				}
				b.Must(&engine.Call{On: model.KindDisk, Name: "remove", Target: disk.ID, Async: new(false)})
			}
		}
	})
}

// TestRemoveThatFails: the template stays as an illegal one, of which no VM is made, and
// can be removed again.
func TestRemoveThatFails(t *testing.T) {
	b := enginetest.New(t, nil)
	template := of(b, b.Must(addCall("web", withDisks(b, "golden", plain))))
	b.Images.Fail("Remove", errBroken)
	b.Fails(removeCall(template.ID))
	b.Images.Clear()
	if kept, ok := b.Server.Inventory.Templates.Get(template.ID); !ok || kept.Status != model.TemplateIllegal {
		t.Fatalf("the template is %+v", kept)
	}
	b.Refused(&engine.Call{On: model.KindVM, Name: "add", Params: &vms.AddParams{Edit: func(vm *model.VM) error {
		vm.Name, vm.Template, vm.Cluster = "made", template.ID, template.Cluster
		return nil
	}}}, fault.TemplateIllegal)
	b.Must(removeCall(template.ID))
}

// TestDemands: permits count on the data center, on the VM that is copied, and on the
// storage domain that is filled.
func TestDemands(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := withDisks(b, "golden", plain)
	role := func(name string) model.ID {
		for _, known := range b.Server.Inventory.Roles.Named(name) {
			return known.ID
		}
		t.Fatalf("there is no role %s", name)
		return ""
	}
	domain := b.Domain("local-data")
	grants := []model.Permission{
		{Role: role("TemplateCreator"), Object: model.Ref{Kind: model.KindDataCenter, ID: domain.DataCenter}},
		{Role: auth.UserVMManager, Object: model.Ref{Kind: model.KindVM, ID: vm}},
		{Role: role("DiskCreator"), Object: domain.Ref()},
	}
	var template *model.Template
	for without := range len(grants) + 1 {
		caller := b.Caller("creator", auth.UserRole, model.Ref{Kind: model.KindVM, ID: model.NewID()})
		for i, grant := range grants {
			if i != without {
				grant.ID, grant.User = model.NewID(), caller.User
				b.Put(&grant)
			}
		}
		call := addCall("web", vm)
		call.Caller = caller
		if without < len(grants) {
			b.Refused(call, fault.NotAuthorized)
			continue
		}
		template = of(b, b.Must(call))
		remove := removeCall(template.ID)
		remove.Caller = caller
		b.Refused(remove, fault.NotAuthorized)
		b.Put(&model.Permission{ID: model.NewID(), User: caller.User, Role: role("TemplateOwner"), Object: template.Ref()})
		b.Must(remove)
	}
}

// TestEngineDies kills the engine at every point of the jobs of templates.
func TestEngineDies(t *testing.T) {
	done := func(b *enginetest.Bench, _ *engine.Call, ended *model.Job) {
		b.Helper()
		if ended.Status != model.JobFinished {
			b.Errorf("the job ended %s: %v", ended.Status, ended.Fault)
		}
	}
	for name, scenario := range map[string]enginetest.Scenario{
		"add": {
			Prepare: func(b *enginetest.Bench) *engine.Call { return addCall("web", withDisks(b, "golden", plain, plain)) },
			Check: func(b *enginetest.Bench, call *engine.Call, ended *model.Job) {
				done(b, call, ended)
				if template, ok := b.Server.Inventory.Templates.Get(ended.Target.ID); !ok || len(template.Disks) != 2 {
					b.Errorf("the template is %+v", template)
				}
			},
		},
		"remove": {
			Prepare: func(b *enginetest.Bench) *engine.Call {
				return removeCall(of(b, b.Must(addCall("web", withDisks(b, "golden", plain)))).ID)
			},
			Check: func(b *enginetest.Bench, call *engine.Call, ended *model.Job) {
				done(b, call, ended)
				if b.Server.Inventory.Templates.Len() != 1 || b.Server.Inventory.Disks.Len() != 1 {
					b.Error("something of the template is left")
				}
			},
		},
	} {
		t.Run(name, func(t *testing.T) { enginetest.DieEverywhere(t, scenario) })
	}
}
