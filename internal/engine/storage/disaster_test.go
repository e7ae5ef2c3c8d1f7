package storage_test

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"vireo/internal/engine"
	"vireo/internal/engine/exports"
	"vireo/internal/engine/sitetest"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// described waits until a domain describes a VM.
func (w *world) described(name string, domain, vm model.ID, is bool) {
	w.Helper()
	file := filepath.Join(w.Dir, name, string(domain), "master", "vms", string(vm), string(vm)+".ovf")
	w.Until(time.Minute, "the description is as it should be: "+file, func() bool {
		_, err := os.Stat(file)
		return (err == nil) == is
	})
}

// TestDescriptions: what describes a VM lies beside its disks, follows it, and goes
// with it.
func TestDescriptions(t *testing.T) {
	inBubble(t, func(w *world) {
		id := w.must("add", "", w.adding("more"))
		w.must("attach", id, here)
		vm := w.Add("vm")
		w.addDisk(id, vm)
		w.described("more", id, vm, true)
		w.must("deactivate", id, nil)
		w.Do("remove", w.Add("brief"), nil)
		w.must("activate", id, nil)
		w.Edit(func(tx *inventory.Tx) {
			edited, _ := tx.VMs.Edit(vm)
			edited.Disks = nil
		})
		w.described("more", id, vm, false)
		w.addDisk(id, vm)
		w.described("more", id, vm, true)
		w.Do("remove", vm, nil)
		w.described("more", id, vm, false)
	})
}

// TestRegister: an engine that has lost its data finds its VMs again.
func TestRegister(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old := &world{sitetest.New(t, sitetest.Options{}), t}
		old.Connected()
		domain := old.must("add", "", old.adding("more"))
		old.must("attach", domain, here)
		vm := old.Add("vm", func(vm *model.VM) { vm.Comment, vm.Memory = "dear", 384<<20 })
		disk := old.addDisk(domain, vm)
		snapshot := &model.Snapshot{
			ID: model.NewID(), VM: vm, Description: "before", Type: model.SnapshotRegular, Status: model.SnapshotOK,
			CreationTime: time.Now().UTC().Truncate(time.Second),
		}
		old.Edit(func(tx *inventory.Tx) {
			snapshot.Config = old.VM(vm).VMConfig
			snapshot.Config.Disks = nil
			tx.Snapshots.Put(snapshot)
		})
		old.described("more", domain, vm, true)
		old.Pass(time.Minute)
		was := old.VM(vm)
		old.Stop()

		w := &world{sitetest.New(t, sitetest.Options{}), t}
		w.Connected()
		found := importing(w.adding("more", func(d *model.StorageDomain) { d.Path = filepath.Join(old.Dir, "more") }), true)
		if id := w.must("add", "", found); id != domain {
			t.Fatalf("%s was found", id)
		}
		w.must("attach", domain, here)
		view := w.Engine.View(nil)
		documents, err := view.Unregistered(t.Context(), domain, false)
		if err != nil || len(documents) != 1 || documents[0].ID() != vm || documents[0].VM.Name != "vm" {
			t.Fatalf("there is %v, %v", documents, err)
		}
		register := &engine.Call{On: model.KindExportedVM, Name: "register", Params: &exports.ImportParams{
			StorageDomain: domain, ID: vm, Cluster: sitetest.Cluster,
		}}
		if _, err := w.Act(register); err != nil {
			t.Fatal(err)
		}
		got := w.VM(vm)
		if got.Comment != "dear" || got.Memory != was.Memory || len(got.Disks) != 1 || got.Disks[0] != was.Disks[0] || got.Run.Status != model.StatusDown {
			t.Errorf("the VM is %+v", got)
		}
		image, ok := w.Inventory.Disks.Get(disk)
		if !ok || image.StorageDomain != domain || image.Status != model.DiskOK || image.ActualSize == 0 {
			t.Errorf("its disk is %+v", image)
		}
		if again, ok := w.Inventory.Snapshots.Get(snapshot.ID); !ok || again.Description != "before" || again.VM != vm || again.Status != model.SnapshotOK {
			t.Errorf("its snapshot is %+v", again)
		}
		w.Do("start", vm, nil)
		w.UntilStatus(vm, time.Minute, model.StatusUp)
		if documents, err := view.Unregistered(t.Context(), domain, false); err != nil || len(documents) != 0 {
			t.Errorf("there is still %v, %v", documents, err)
		}
		if _, err := w.Act(register); err == nil {
			t.Error("it was registered twice")
		}
	})
}
