package vms_test

import (
	"testing"

	"vireo/internal/engine"
	"vireo/internal/engine/sitetest"
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// stateless are the parameters of a stateless start.
func stateless() *vms.StartParams { return &vms.StartParams{Once: &model.RunOnce{Stateless: true}} }

// TestStatelessRefused: not what somebody relies on, nor what others see.
func TestStatelessRefused(t *testing.T) {
	const shared = "Cannot run VM. What a stateless VM writes to the shareable disk disk could not be undone; " +
		"make the disk read-only for it, or detach it."
	allRefused(t, map[string]refusal{
		"a VM that is highly available": {
			func(w *wish) { w.edit(func(vm *model.VM) { vm.HA.Enabled = true }); w.params = stateless() },
			fault.Conflict, fault.StatelessHA, "Cannot run VM. A stateless VM cannot be highly available.",
		},
		"a shareable disk": {
			func(w *wish) { w.editDisk(func(disk *model.Disk) { disk.Shareable = true }); w.params = stateless() },
			fault.Conflict, fault.StatelessShareable, shared,
		},
		"a shareable disk, at a plain start of a stateless VM": {
			func(w *wish) {
				w.editDisk(func(disk *model.Disk) { disk.Shareable = true })
				w.edit(func(vm *model.VM) { vm.Stateless = true })
				w.params = nil
			},
			fault.Conflict, fault.StatelessShareable, shared,
		},
	})
}

// TestStatelessWithSharedDisks: those that the guest cannot write to are in nobody's
// way, and have no overlays.
func TestStatelessWithSharedDisks(t *testing.T) {
	onSite(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
		w := newWish(t, site)
		own := addDisk(t, site, w.vm)
		w.editDisk(func(disk *model.Disk) { disk.Shareable = true })
		for _, change := range []func(*model.DiskAttachment){
			func(attachment *model.DiskAttachment) { attachment.ReadOnly = true },
			func(attachment *model.DiskAttachment) { attachment.ReadOnly, attachment.Active = false, false },
		} {
			w.edit(func(vm *model.VM) { change(&vm.Disks[0]) })
			up(site, w.vm, stateless())
			if made := site.VM(w.vm).Run.Overlays; len(made) != 1 || made[0].Disk != own {
				t.Errorf("the run has the overlays %+v", made)
			}
			site.Do("stop", w.vm, nil)
			site.Whole(sitetest.Soon)
		}
	})
}

// TestStatelessIsATask: volumes are made first, which is not waited for unless the
// client asks; what writes to no disk needs none.
func TestStatelessIsATask(t *testing.T) {
	onSite(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
		call := func(id model.ID) *engine.Result {
			result, err := site.Act(&engine.Call{On: model.KindVM, Name: "start", Target: id, Params: stateless()})
			if err != nil {
				t.Fatal(err)
			}
			return result
		}
		w := newWish(t, site)
		result := call(w.vm)
		if !result.Pending || result.Object.(*model.VM).Run.Status != model.StatusImageLocked {
			t.Errorf("pending: %v, the VM is %s", result.Pending, result.Object.(*model.VM).Run.Status)
		}
		site.UntilStatus(w.vm, sitetest.Soon, model.StatusUp)

		diskless := site.Add("diskless")
		if result := call(diskless); result.Pending {
			t.Error("a start without overlays was not waited for")
		}
		site.UntilStatus(diskless, sitetest.Soon, model.StatusUp)

		for _, id := range []model.ID{w.vm, diskless} {
			_, err := site.Act(&engine.Call{On: model.KindVM, Name: "suspend", Target: id, Async: new(false)})
			if fault.Of(err).Code != fault.CannotSuspendStateless {
				t.Errorf("the suspend of a stateless run: %v", err)
			}
		}
	})
}

// TestStatelessAndHAAreNotStored together, in whichever order they are wished for.
func TestStatelessAndHAAreNotStored(t *testing.T) {
	onSite(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
		id := site.Add("vm")
		for _, edit := range []func(*model.VM, bool){
			func(vm *model.VM, on bool) { vm.Stateless = on },
			func(vm *model.VM, on bool) { vm.HA.Enabled = on },
		} {
			site.Edit(func(tx *inventory.Tx) {
				vm, _ := tx.VMs.Edit(id)
				vm.Stateless, vm.HA.Enabled = true, true
				edit(vm, false)
			})
			_, err := site.Act(&engine.Call{On: model.KindVM, Name: "update", Target: id, Params: &vms.UpdateParams{
				Edit: func(vm *model.VM) error { edit(vm, true); return nil },
			}})
			if got := fault.Of(err); got.Code != fault.StatelessHA ||
				got.Message() != "Cannot edit VM. A stateless VM cannot be highly available." {
				t.Errorf("the change: %v", err)
			}
		}
	})
}
