package vms_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"vireo/internal/engine"
	"vireo/internal/engine/disks"
	"vireo/internal/engine/sitetest"
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/host/fake"
	"vireo/internal/image"
	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/store"
)

// removal is a VM that is down, with a disk, about to be removed.
type removal struct {
	*sitetest.Site
	t        *testing.T
	vm, disk model.ID
	params   vms.RemoveParams
	since    int64
}

func onRemoval(t *testing.T, test func(*testing.T, *removal)) {
	t.Helper()
	onSite(t, twoHosts, func(t *testing.T, site *sitetest.Site) {
		vm := site.Add("vm")
		test(t, &removal{Site: site, t: t, vm: vm, disk: addDisk(t, site, vm), since: site.LastEvent()})
	})
}

func (r *removal) act() (*engine.Result, error) {
	return r.Act(&engine.Call{On: model.KindVM, Name: "remove", Target: r.vm, Params: &r.params, Async: new(false)})
}

func (r *removal) editVM(change func(*model.VM)) {
	r.Edit(func(tx *inventory.Tx) { vm, _ := tx.VMs.Edit(r.vm); change(vm) })
}

func (r *removal) editDisk(change func(*model.Disk)) {
	r.Edit(func(tx *inventory.Tx) { disk, _ := tx.Disks.Edit(r.disk); change(disk) })
}

func (r *removal) domainIs(status model.StorageDomainStatus) {
	r.Edit(func(tx *inventory.Tx) {
		domain, _ := tx.StorageDomains.Edit(sitetest.DataDomain)
		domain.Status = status
	})
}

func (r *removal) addSnapshot(change func(*model.Snapshot)) {
	snapshot := &model.Snapshot{
		ID: model.NewID(), VM: r.vm, Description: "before", Type: model.SnapshotRegular, Status: model.SnapshotOK,
		CreationTime: time.Unix(int64(r.Inventory.Snapshots.Len()), 0),
	}
	change(snapshot)
	r.Edit(func(tx *inventory.Tx) { tx.Snapshots.Put(snapshot) })
}

// job lets a job hold these objects.
func (r *removal) job(refs ...model.Ref) {
	r.Edit(func(tx *inventory.Tx) {
		tx.PutJob(&model.Job{ID: model.NewID(), Action: "vm.export", Status: model.JobStarted, Locks: refs})
	})
}

func (r *removal) endJobs() {
	r.Edit(func(tx *inventory.Tx) {
		for _, job := range r.Inventory.Jobs() {
			ended := model.Clone(job)
			ended.Status = model.JobFailed
			tx.PutJob(ended)
		}
	})
}

// hindrances stand in the documented order (api-v3 3.14): of two that are there the
// first is told. A text for force is the refusal with it; empty is none.
var hindrances = []struct {
	name        string
	put         func(*removal)
	text, force string
}{
	{
		"delete protection", func(r *removal) { r.editVM(func(vm *model.VM) { vm.DeleteProtected = true }) },
		"Cannot remove VM. Delete protection is enabled. In order to delete, disable Delete protection first.",
		"Cannot remove VM. Delete protection is enabled. In order to delete, disable Delete protection first.",
	},
	{
		"it runs", func(r *removal) { r.editVM(func(vm *model.VM) { engine.SetStatus(vm, model.StatusUnknown, "") }) },
		"Cannot remove VM. VM is running.", "Cannot remove VM. VM is running.",
	},
	{
		"a job", func(r *removal) { r.job(model.Ref{Kind: model.KindVM, ID: r.vm}) },
		"Cannot remove VM vm. Related operation is currently in progress. Please try again later.",
		"Cannot force remove VM when there are running tasks.",
	},
	{
		"a snapshot that is made", func(r *removal) { r.addSnapshot(func(s *model.Snapshot) { s.Status = model.SnapshotLocked }) },
		"Cannot remove VM. A snapshot of VM vm is being created or removed. Please try again later.", "",
	},
	{
		"a preview", func(r *removal) { r.addSnapshot(func(s *model.Snapshot) { s.Status = model.SnapshotInPreview }) },
		"Cannot remove VM. VM vm previews a snapshot; commit or undo that first.", "",
	},
	{
		"a lost domain", func(r *removal) { r.domainIs(model.StorageDomainMaintenance) },
		"Cannot remove VM. The relevant Storage Domain's status is maintenance.", "",
	},
	{
		"a locked disk", func(r *removal) { r.editDisk(func(d *model.Disk) { d.Status = model.DiskLocked }) },
		"Cannot remove VM: The following disks are locked: disk. Please try again in a few minutes.", "",
	},
	{
		"image_locked", func(r *removal) { r.editVM(func(vm *model.VM) { engine.SetStatus(vm, model.StatusImageLocked, "") }) },
		"Cannot remove VM: VM is locked. Please try again in a few minutes.", "",
	},
	{
		"a job on a disk", func(r *removal) { r.job(model.Ref{Kind: model.KindDisk, ID: r.disk}) },
		"Cannot remove VM vm. Related operation is currently in progress. Please try again later.",
		"Cannot force remove VM when there are running tasks.",
	},
}

// mend takes the hindrances away again.
func (r *removal) mend() {
	r.endJobs()
	r.domainIs(model.StorageDomainActive)
	r.editDisk(func(d *model.Disk) { d.Status = model.DiskOK })
	r.editVM(func(vm *model.VM) { vm.DeleteProtected = false; engine.SetStatus(vm, model.StatusDown, "") })
	r.Edit(func(tx *inventory.Tx) {
		for _, snapshot := range tx.Snapshots.All() {
			tx.Snapshots.Delete(snapshot.ID)
		}
	})
}

func (r *removal) refused(text string) {
	r.t.Helper()
	_, err := r.act()
	if err == nil || fault.Of(err).Message() != text {
		r.t.Fatalf("the refusal is %v, want %q", err, text)
	}
	if got := r.Events(r.vm, r.since); len(got) > 0 {
		r.t.Errorf("events %v of a removal that was refused", got)
	}
}

func TestRemoveRefused(t *testing.T) {
	for i, each := range hindrances {
		t.Run(each.name, func(t *testing.T) {
			onRemoval(t, func(_ *testing.T, r *removal) {
				each.put(r)
				r.refused(each.text)
				if i+1 < len(hindrances) && each.name != "it runs" { // one status at a time
					hindrances[i+1].put(r)
					r.refused(each.text)
				}
				r.mend()
			})
		})
	}
}

// TestForceRemove: what force is there for, and what it is not.
func TestForceRemove(t *testing.T) {
	for _, each := range hindrances {
		t.Run(each.name, func(t *testing.T) {
			onRemoval(t, func(t *testing.T, r *removal) {
				each.put(r)
				r.params.Force = true
				if each.force != "" {
					r.refused(each.force)
					r.mend()
					return
				}
				if _, err := r.act(); err != nil {
					t.Fatal(err)
				}
				r.gone()
				if r.Status(r.vm) != "" || r.Inventory.Snapshots.Len() > 0 {
					t.Error("it is still there")
				}
			})
		})
	}
}

// gone wants no disk and no image to be left, but for what a lost domain keeps,
// which can be removed when that is back.
func (r *removal) gone() {
	r.t.Helper()
	for _, disk := range r.Inventory.Disks.All() {
		r.domainIs(model.StorageDomainActive)
		if disk.Status != model.DiskIllegal || !slices.Contains(r.Events(r.vm, r.since), 172) {
			r.t.Errorf("the disk %s is %s, the events are %v", disk.Alias, disk.Status, r.Events(r.vm, r.since))
		}
		if _, err := r.Act(&engine.Call{On: model.KindDisk, Name: "remove", Target: disk.ID, Async: new(false)}); err != nil {
			r.t.Error(err)
		}
	}
	if left := r.Volumes(); len(left) > 0 {
		r.t.Errorf("the volumes %v are left", left)
	}
}

// TestRemovedDiskOnLostDomain: with force the VM goes, and the disk is kept as a
// broken one that floats; forced again its record goes too, and the image is told of.
func TestRemovedDiskOnLostDomain(t *testing.T) {
	onRemoval(t, func(t *testing.T, r *removal) {
		r.domainIs(model.StorageDomainMaintenance)
		r.params.Force = true
		result, err := r.act()
		if err != nil || result.Job.Status != model.JobFailed {
			t.Fatalf("the removal gave %+v, %v", result, err)
		}
		if text := r.text(172); !strings.Contains(text, "disk (Cannot remove disk disk. The relevant Storage Domain's status is maintenance.)") {
			t.Errorf("event 172 says %q", text)
		}
		remove := &engine.Call{On: model.KindDisk, Name: "remove", Target: r.disk, Async: new(false)}
		if _, err := r.Act(remove); fault.Of(err).Code != fault.DomainStatusIllegal {
			t.Errorf("without force the disk was removed: %v", err)
		}
		remove.Params = &disks.RemoveParams{Force: true}
		if _, err := r.Act(remove); err != nil {
			t.Fatal(err)
		}
		if text := r.text(20220); !strings.Contains(text, "disk") || !strings.Contains(text, "data is maintenance") {
			t.Errorf("event 20220 says %q", text)
		}
		if len(r.Volumes()) != 1 {
			t.Error("the image is gone, from a domain that is not to be touched")
		}
		must(t, os.RemoveAll(filepath.Join(r.Dir, "data", string(sitetest.DataDomain), "images", string(r.disk))))
		r.domainIs(model.StorageDomainActive)
	})
}

// TestRemovedDiskOfNoDomain: there is nothing to remove but the record.
func TestRemovedDiskOfNoDomain(t *testing.T) {
	for _, alone := range []bool{true, false} {
		onRemoval(t, func(t *testing.T, r *removal) {
			r.editDisk(func(d *model.Disk) { d.StorageDomain = model.NewID() })
			if alone {
				if _, err := r.Act(&engine.Call{On: model.KindDisk, Name: "remove", Target: r.disk, Async: new(false)}); err != nil {
					t.Error(err)
				}
			} else {
				r.params.Force = true
				if _, err := r.act(); err != nil || r.text(172) == "" {
					t.Errorf("the removal gave %v, with the events %v", err, r.Events(r.vm, r.since))
				}
			}
			if r.Inventory.Disks.Len() > 0 {
				t.Error("the disk is still recorded")
			}
			must(t, os.RemoveAll(filepath.Join(r.Dir, "data", string(sitetest.DataDomain), "images", string(r.disk))))
		})
	}
}

// TestRemoveFails: the VM is gone, what is left of it is told, and can be removed.
func TestRemoveFails(t *testing.T) {
	onRemoval(t, func(t *testing.T, r *removal) {
		other := addDisk(t, r.Site, r.vm)
		r.Images.Fail(sitetest.ImageRule{Call: "Remove", Nth: 1, Error: image.ErrUnavailable})
		result, err := r.act()
		if err != nil || result.Job.Status != model.JobFailed || r.Status(r.vm) != "" {
			t.Fatalf("the removal gave %+v, %v", result, err)
		}
		if _, there := r.Inventory.Disks.Get(other); there {
			t.Error("one disk that cannot be removed keeps the other")
		}
		r.gone()
	})
}

// TestRemoveLeavesShared: what another VM has, or runs on, stays.
func TestRemoveLeavesShared(t *testing.T) {
	for name, use := range map[string]func(*model.VM, model.ID){
		"has it":     func(vm *model.VM, disk model.ID) { vm.Disks = []model.DiskAttachment{{Disk: disk}} },
		"runs on it": func(vm *model.VM, disk model.ID) { vm.Run.Overlays = []model.Overlay{{Disk: disk}} },
	} {
		t.Run(name, func(t *testing.T) {
			onRemoval(t, func(t *testing.T, r *removal) {
				other := r.Add("other")
				r.Edit(func(tx *inventory.Tx) { vm, _ := tx.VMs.Edit(other); use(vm, r.disk) })
				r.params.Force = true
				if _, err := r.act(); err != nil {
					t.Fatal(err)
				}
				disk, there := r.Inventory.Disks.Get(r.disk)
				if !there || disk.Status != model.DiskOK || len(r.Volumes()) != 1 {
					t.Errorf("the disk is %+v, the volumes are %v", disk, r.Volumes())
				}
				r.Edit(func(tx *inventory.Tx) { vm, _ := tx.VMs.Edit(other); vm.Run.Overlays = nil })
			})
		})
	}
}

// TestRemoveAsksHosts: that a VM is recorded as down is not believed when a host
// runs it, and a host that hangs is no proof that it does not.
func TestRemoveAsksHosts(t *testing.T) {
	onRemoval(t, func(t *testing.T, r *removal) {
		r.Do("start", r.vm, nil)
		r.UntilStatus(r.vm, time.Minute, model.StatusUp)
		was := r.VM(r.vm).Run
		down := func() {
			r.editVM(func(vm *model.VM) { vm.Run = model.Run{Status: model.StatusDown, Epoch: was.Epoch} })
		}
		for _, force := range []bool{false, true} {
			r.params.Force = force
			r.since = r.LastEvent()
			down()
			r.refused("Cannot remove VM. VM is running.")
			down()
			_, err := r.Act(&engine.Call{On: model.KindDisk, Name: "remove", Target: r.disk, Params: &disks.RemoveParams{Force: force}})
			if fault.Of(err).Code != fault.StateConflict {
				t.Errorf("the disk was removed: %v", err)
			}
			down()
			cancel := r.World.Fail(fake.Rule{Call: "Guest", Error: fake.Refuse("", "out of order")})
			r.refused("Cannot remove VM. The host h1 does not answer.")
			cancel()
		}
		if len(r.Volumes()) != 1 {
			t.Errorf("the volumes are %v", r.Volumes())
		}
		r.editVM(func(vm *model.VM) { vm.Run = was })
		r.Do("stop", r.vm, nil)
	})
}

// TestRemoveTakesStates: the memory of its snapshots goes with a VM, and what a
// broken job had left of a saved state.
func TestRemoveTakesStates(t *testing.T) {
	for _, broken := range []bool{false, true} {
		onRemoval(t, func(t *testing.T, r *removal) {
			r.Do("start", r.vm, nil)
			r.UntilStatus(r.vm, time.Minute, model.StatusUp)
			r.Do("suspend", r.vm, nil)
			saved := r.VM(r.vm).Run.Suspended
			r.editVM(func(vm *model.VM) {
				engine.SetStatus(vm, model.StatusImageLocked, "")
				if !broken {
					vm.Run.Suspended = nil
				}
			})
			if !broken {
				r.addSnapshot(func(s *model.Snapshot) { s.Memory = saved })
			}
			if broken {
				r.params.Force = true
			} else {
				r.editVM(func(vm *model.VM) { engine.SetStatus(vm, model.StatusDown, "") })
			}
			r.Images.Fail(sitetest.ImageRule{Call: "RemoveSaved", Nth: 1, Error: image.ErrUnavailable})
			if _, err := r.act(); err != nil {
				t.Fatal(err)
			}
			r.Whole(5 * time.Minute)
			r.gone()
		})
	}
}

// TestDetachOnly keeps the disks, unless they are nothing without what goes.
func TestDetachOnly(t *testing.T) {
	onRemoval(t, func(t *testing.T, r *removal) {
		r.params.DetachOnly = true
		r.editDisk(func(d *model.Disk) { d.Chain = []model.Volume{{ID: model.NewID(), Template: model.NewID()}} })
		r.editVM(func(vm *model.VM) { engine.SetStatus(vm, model.StatusSuspended, "") })
		r.refused("Cannot remove VM and keep its disks. The disk disk stands on a disk of a template.")
		r.editDisk(func(d *model.Disk) { d.Chain = nil })
		r.addSnapshot(func(s *model.Snapshot) { s.Volumes = []model.SnapshotVolume{{Disk: r.disk}} })
		r.refused("Cannot remove VM and keep its disks. VM vm has snapshots, which hold states of its disks; remove them first.")
		r.mend()
		if _, err := r.act(); err != nil {
			t.Fatal(err)
		}
		disk, there := r.Inventory.Disks.Get(r.disk)
		if !there || disk.Status != model.DiskOK {
			t.Errorf("the disk is %+v", disk)
		}
	})
}

// text is what the last event of a code says.
func (r *removal) text(code int) string {
	r.t.Helper()
	text := ""
	err := r.Store.Events(r.t.Context(), store.EventQuery{After: r.since, Ascending: true}, func(event *model.Event) bool {
		if event.Code == code {
			text = event.Description
		}
		return true
	})
	must(r.t, err)
	return text
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
