package vms_test

import (
	"reflect"
	"testing"

	"vireo/internal/engine/sitetest"
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/host/fake"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// wish is a start that is about to be asked for, of a VM that is down: it has a
// kernel of its own, a disk that is plugged, and no NIC.
type wish struct {
	*sitetest.Site
	t        *testing.T
	vm, disk model.ID
	// params.Once is not nil: whoever wants a plain start makes it so.
	params *vms.StartParams
}

func newWish(t *testing.T, site *sitetest.Site) *wish {
	w := &wish{Site: site, t: t, vm: site.Add("vm"), params: &vms.StartParams{Once: &model.RunOnce{}}}
	w.disk = addDisk(t, site, w.vm)
	return w
}

// edit changes the VM as it is stored, also to what would be refused.
func (w *wish) edit(change func(*model.VM)) {
	w.Edit(func(tx *inventory.Tx) {
		vm, _ := tx.VMs.Edit(w.vm)
		change(vm)
	})
}

// noKernel takes the VM's kernel away: the boot sequence counts.
func (w *wish) noKernel() { w.edit(func(vm *model.VM) { vm.OS.Kernel, vm.OS.Initrd = "", "" }) }

func (w *wish) editDisk(change func(*model.Disk)) {
	w.Edit(func(tx *inventory.Tx) {
		disk, _ := tx.Disks.Edit(w.disk)
		change(disk)
	})
}

func (w *wish) editDomain(id model.ID, status model.StorageDomainStatus) {
	w.Edit(func(tx *inventory.Tx) {
		domain, _ := tx.StorageDomains.Edit(id)
		domain.Status = status
	})
}

func (w *wish) editHosts(change func(*model.Host)) {
	w.Edit(func(tx *inventory.Tx) {
		for _, on := range tx.Hosts.All() {
			edited, _ := tx.Hosts.Edit(on.ID)
			change(edited)
		}
	})
}

// picture is all that a refused start must leave alone.
type picture struct {
	VMs     []*model.VM
	Disks   []*model.Disk
	Hosts   []*model.Host
	Domains []*model.StorageDomain
	Jobs    []*model.Job
	Event   int64
	Files   map[string]int64
	Calls   int
}

func (w *wish) picture() *picture {
	return model.Clone(&picture{
		VMs: w.Inventory.VMs.All(), Disks: w.Inventory.Disks.All(), Hosts: w.Inventory.Hosts.All(),
		Domains: w.Inventory.StorageDomains.All(), Jobs: w.Inventory.Jobs(), Event: w.LastEvent(),
		Files: files(w.t, w.Site), Calls: w.World.CountCalls("", string(w.vm)),
	})
}

// refusal is a start that is refused: what makes it so, and with what.
type refusal struct {
	spoil func(*wish)
	kind  fault.Kind
	code  string
	text  string
}

// allRefused tries refusals. Each must come with its words, and nothing may change.
func allRefused(t *testing.T, refusals map[string]refusal) {
	t.Helper()
	options := sitetest.Options{
		Hosts:     []fake.MachineSpec{{Address: sitetest.Host(1)}, {Address: sitetest.Host(2)}},
		Overrides: map[string]string{"UserDefinedVMProperties": "sap_agent=true|false"},
	}
	for name, want := range refusals {
		t.Run(name, func(t *testing.T) {
			onSite(t, options, func(t *testing.T, site *sitetest.Site) {
				w := newWish(t, site)
				want.spoil(w)
				before := w.picture()
				result, got := startRefused(t, site, w.vm, w.params)
				if result != nil {
					t.Errorf("it was accepted before it failed: %+v", result.Job)
				}
				if got.Kind != want.kind || got.Code != want.code || got.Message() != want.text || !got.Command {
					t.Errorf("refused as %s %s (of a command: %v):\n%s, and not as %s %s:\n%s",
						got.Kind, got.Code, got.Command, got.Message(), want.kind, want.code, want.text)
				}
				if after := w.picture(); !reflect.DeepEqual(after, before) {
					t.Errorf("it has changed from\n%+v to\n%+v", before, after)
				}
				w.mend()
			})
		})
	}
}

// mend makes a site whole again for those who look whether it is.
func (w *wish) mend() {
	w.editDisk(func(disk *model.Disk) { disk.Status, disk.StorageDomain = model.DiskOK, sitetest.DataDomain })
	w.editDomain(sitetest.DataDomain, model.StorageDomainActive)
	w.editHosts(func(on *model.Host) { on.Status = model.HostUp })
}

// once spoils a start by what it overrides.
func once(change func(*model.RunOnce)) func(*wish) {
	return func(w *wish) { change(w.params.Once) }
}
