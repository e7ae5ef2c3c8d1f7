package vms_test

import (
	"errors"
	"slices"
	"testing"

	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/engine/disks"
	"vireo/internal/engine/enginetest"
	"vireo/internal/engine/templates"
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/server"
)

var errBroken = errors.New("the storage is broken")

// withDisk makes a VM with a disk of 1 MiB and a network interface.
func withDisk(b *enginetest.Bench, name string) model.ID {
	b.Helper()
	vm := b.VM(name)
	b.Must(&engine.Call{On: model.KindDisk, Name: "add", Parent: vm, Async: new(false), Params: &disks.AddParams{
		Edit: func(disk *model.Disk) error {
			disk.ProvisionedSize, disk.Format, disk.Interface = 1<<20, model.DiskCOW, model.DiskVirtio
			return nil
		},
	}})
	b.Edit(vm, func(vm *model.VM) {
		vm.NICs = []model.NIC{{
			ID: model.NewID(), Name: "nic1", Network: server.ManagementNetwork, Interface: model.NICVirtio,
			MAC: "00:1a:4a:16:01:51", Linked: true, Plugged: true,
		}}
	})
	return vm
}

// template makes a template with a disk and a network interface.
func template(b *enginetest.Bench) *model.Template {
	b.Helper()
	made := b.Must(&engine.Call{On: model.KindTemplate, Name: "add", Parent: withDisk(b, "golden"), Async: new(false), Params: &templates.AddParams{
		Edit: func(template *model.Template) error { template.Name = "web"; return nil },
	}})
	return made.Object.(*model.Template)
}

// addFrom is a call that makes a VM of a template.
func addFrom(name string, of *model.Template, change ...func(*vms.AddParams)) *engine.Call {
	params := &vms.AddParams{Edit: func(vm *model.VM) error {
		vm.Name, vm.Template, vm.Cluster = name, of.ID, of.Cluster
		return nil
	}}
	for _, each := range change {
		each(params)
	}
	return &engine.Call{On: model.KindVM, Name: "add", Async: new(false), Params: params}
}

func cloning(params *vms.AddParams) { params.Clone = true }

func vmOf(b *enginetest.Bench, result *engine.Result) *model.VM { return b.Get(result.Object.Ref().ID) }

// TestThin: a thin VM stands on the template and cannot do without it.
func TestThin(t *testing.T) {
	b := enginetest.New(t, nil)
	of := template(b)
	last := b.LastEvent()
	vm := vmOf(b, b.Must(addFrom("thin", of)))
	if vm.Run.Status != model.StatusDown || vm.Template != of.ID || len(vm.Disks) != 1 {
		t.Fatalf("the VM is %+v", vm)
	}
	if codes := b.Events(last); !slices.Equal(codes, []int{37, 53}) {
		t.Errorf("the events were %v", codes)
	}
	disk, base := b.Disk(vm.Disks[0].Disk), b.Disk(of.Disks[0].Disk)
	if disk.Status != model.DiskOK || disk.Alias != base.Alias || disk.ActualSize == 0 || disk.StorageDomain != base.StorageDomain {
		t.Errorf("the disk is %+v", disk)
	}
	if len(disk.Chain) != 1 || disk.Chain[0].ID != base.Volume || disk.Chain[0].Template != base.ID || disk.Format != model.DiskCOW {
		t.Errorf("the disk stands on %+v", disk.Chain)
	}
	if nic := vm.NICs[0]; nic.MAC == "" || nic.MAC == "00:1a:4a:16:01:51" || nic.ID == of.NICs[0].ID || of.NICs[0].MAC != "" {
		t.Errorf("the VM has %+v, the template %+v", vm.NICs, of.NICs)
	}
	b.Start(vm.ID)
	b.Stop(vm.ID)
	remove := &engine.Call{On: model.KindTemplate, Name: "remove", Target: of.ID, Async: new(false)}
	b.Refused(remove, fault.TemplateInUse)
	b.Refused(&engine.Call{On: model.KindVM, Name: "remove", Target: vm.ID, Params: &vms.RemoveParams{DetachOnly: true}}, fault.DetachBasedOnTemplate)

	// A disk that was taken from the VM stands on the template all the same.
	b.Must(&engine.Call{On: model.KindDisk, Name: "detach", Parent: vm.ID, Target: disk.ID})
	b.Must(&engine.Call{On: model.KindVM, Name: "remove", Target: vm.ID, Async: new(false)})
	b.Refused(remove, fault.TemplateInUse)
	b.Must(&engine.Call{On: model.KindDisk, Name: "remove", Target: disk.ID, Async: new(false)})
	b.Must(remove)
}

// TestCloned: a cloned VM has the template's disks, and does without it.
func TestCloned(t *testing.T) {
	b := enginetest.New(t, nil)
	of := template(b)
	base := of.Disks[0].Disk
	vm := vmOf(b, b.Must(addFrom("cloned", of, cloning, func(params *vms.AddParams) {
		params.Disks = []engine.DiskWish{{Of: base, Alias: "mine", Format: model.DiskRaw, Sparse: new(false)}}
	})))
	disk := b.Disk(vm.Disks[0].Disk)
	if vm.Template != model.BlankID || len(disk.Chain) > 0 || disk.Alias != "mine" || disk.Format != model.DiskRaw || disk.Sparse {
		t.Errorf("the VM is of %s and its disk %+v", vm.Template, disk)
	}
	b.Must(&engine.Call{On: model.KindTemplate, Name: "remove", Target: of.ID, Async: new(false)})
	b.Start(vm.ID)
	b.Stop(vm.ID)
}

// TestAddThatFails: without its disks there is no VM, and nothing of it is left.
func TestAddThatFails(t *testing.T) {
	for call, change := range map[string]func(*vms.AddParams){"Link": func(*vms.AddParams) {}, "Overlay": func(*vms.AddParams) {}, "Copy": cloning} {
		t.Run(call, func(t *testing.T) {
			b := enginetest.New(t, nil)
			of := template(b)
			count := b.Server.Inventory.Disks.Len()
			b.Images.Fail(call, errBroken)
			last := b.LastEvent()
			b.Fails(addFrom("thin", of, change))
			if codes := b.Events(last); !slices.Equal(codes, []int{37, 60}) {
				t.Errorf("the events were %v", codes)
			}
			if len(b.Server.Inventory.VMs.Named("thin")) > 0 || b.Server.Inventory.Disks.Len() != count {
				t.Error("something of the VM is left")
			}
			b.Images.Clear()
			b.Must(addFrom("thin", of, change))
		})
	}
}

// TestAddDemands: permits count on the cluster, on the template and on the storage
// domains that are filled.
func TestAddDemands(t *testing.T) {
	b := enginetest.New(t, nil)
	of := template(b)
	domain := b.Disk(of.Disks[0].Disk).StorageDomain
	role := func(name string) model.ID {
		for _, known := range b.Server.Inventory.Roles.Named(name) {
			return known.ID
		}
		t.Fatalf("there is no role %s", name)
		return ""
	}
	// The VM is made in another cluster than the template's, which counts for both.
	cluster, _ := b.Server.Inventory.Clusters.Get(of.Cluster)
	other := model.Clone(cluster)
	other.ID, other.Name = model.NewID(), "other"
	if err := b.Server.Inventory.Update(t.Context(), func(tx *inventory.Tx) error { tx.Clusters.Put(other); return nil }); err != nil {
		t.Fatal(err)
	}
	grants := []model.Permission{
		{Role: role("VmCreator"), Object: other.Ref()},
		{Role: role("UserTemplateBasedVm"), Object: of.Ref()},
		{Role: role("DiskCreator"), Object: model.Ref{Kind: model.KindStorageDomain, ID: domain}},
	}
	for without := range len(grants) + 1 {
		caller := b.Caller("creator", auth.UserRole, model.Ref{Kind: model.KindVM, ID: model.NewID()})
		for i, grant := range grants {
			if i != without {
				grant.ID, grant.User = model.NewID(), caller.User
				b.Put(&grant)
			}
		}
		call := addFrom("mine", of)
		edit := call.Params.(*vms.AddParams).Edit
		call.Params.(*vms.AddParams).Edit = func(vm *model.VM) error { err := edit(vm); vm.Cluster = other.ID; return err }
		call.Caller = caller
		if without < len(grants) {
			b.Refused(call, fault.NotAuthorized)
			continue
		}
		b.Must(call)
	}
}

// TestCloneIsRefused: for a VM that is not down, under a name that is taken, to those
// who may not read the VM.
func TestCloneIsRefused(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := withDisk(b, "web1")
	clone := func(name string) *engine.Call {
		call := act("clone", vm)
		call.Params, call.Async = &vms.CloneParams{Name: name}, new(false)
		return call
	}
	b.Refused(clone("web1"), fault.NameInUse)
	b.Refused(clone(""), fault.NameIllegal)
	call := clone("web2")
	call.Caller = b.Caller("user", auth.UserRole, model.Ref{Kind: model.KindVM, ID: vm})
	b.Refused(call, fault.NotAuthorized)
	b.InStatus(vm, model.StatusSuspended)
	b.Refused(clone("web2"), fault.VMStatusIllegal)
	b.InStatus(vm, model.StatusDown)
	b.Must(clone("web2"))
}
