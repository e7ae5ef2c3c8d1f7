package storage_test

import (
	"os"
	"path/filepath"
	"testing"

	"vireo/internal/engine/sitetest"
	"vireo/internal/engine/storage"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

func TestAddRefused(t *testing.T) {
	inBubble(t, func(w *world) {
		edit := func(change func(*model.StorageDomain)) *storage.AddParams { return w.adding("more", change) }
		w.refused("already in use", "add", "", edit(func(d *model.StorageDomain) { d.Name = "data" }))
		w.refused("1 to 50 letters", "add", "", edit(func(d *model.StorageDomain) { d.Name = "a/b" }))
		w.refused("there already", "add", "", edit(func(d *model.StorageDomain) { d.Path = filepath.Join(w.Dir, "data") }))
		w.refused("may not contain ..", "add", "", edit(func(d *model.StorageDomain) { d.Path = "/tmp/../etc" }))
		w.refused("cannot be read", "add", "", edit(func(d *model.StorageDomain) { d.Path = w.Dir + "/nowhere" }))
		w.refused("storage format", "add", "", edit(func(d *model.StorageDomain) { d.Format = "v9" }))
		w.refused("needs an address", "add", "", edit(func(d *model.StorageDomain) { d.StorageType = model.StorageNFS }))
		w.refused("not one that can be mounted", "add", "", edit(func(d *model.StorageDomain) {
			d.StorageType, d.VFSType = model.StoragePosixFS, "fuse.rm"
		}))
		w.refused("no directory to mount", "add", "", edit(func(d *model.StorageDomain) {
			d.StorageType, d.VFSType = model.StoragePosixFS, "xfs"
		}))
		stranger := w.adding("more")
		stranger.Host = model.NewID()
		w.refused("does not exist", "add", "", stranger)
		w.Edit(func(tx *inventory.Tx) {
			on, _ := tx.Hosts.Edit(sitetest.HostID(1))
			on.Facts.Local = false
		})
		w.refused("another one; use nfs", "add", "", w.adding("more"))
	})
}

func TestStatusRefused(t *testing.T) {
	inBubble(t, func(w *world) {
		w.refused("status is active", "activate", sitetest.DataDomain, nil)
		w.refused("status is active", "detach", sitetest.DataDomain, nil)
		w.refused("status is active", "remove", sitetest.DataDomain, nil)
		w.refused("attached to this data center already", "attach", sitetest.DataDomain, here)
		iso := w.must("add", "", w.adding("more-iso", func(d *model.StorageDomain) { d.Type = model.StorageDomainISO }))
		w.refused("has iso", "attach", iso, here)
		w.refused("does not exist", "attach", iso, &storage.AttachParams{DataCenter: model.NewID()})
	})
}

// TestUsed: what guests and jobs use is not put into maintenance.
func TestUsed(t *testing.T) {
	inBubble(t, func(w *world) {
		id := w.must("add", "", w.adding("more"))
		w.must("attach", id, here)
		vm := w.Add("vm")
		disk := w.addDisk(id, vm)
		w.Bring(vm, model.StatusUp)
		w.refused("VM vm runs", "deactivate", id, nil)
		w.refused("VM vm runs", "remove", id, &storage.RemoveParams{Destroy: true})
		w.Do("stop", vm, nil)
		w.Edit(func(tx *inventory.Tx) {
			edited, _ := tx.Disks.Edit(disk)
			edited.Status = model.DiskLocked
		})
		w.refused("A job is at work", "deactivate", id, nil)
		w.Edit(func(tx *inventory.Tx) {
			edited, _ := tx.Disks.Edit(disk)
			edited.Status = model.DiskOK
		})
		w.must("deactivate", id, nil)
		w.must("detach", id, nil)
		center := model.NewID()
		w.Edit(func(tx *inventory.Tx) { tx.DataCenters.Put(&model.DataCenter{ID: center, Name: "other"}) })
		w.refused("holds disks of VM vm", "attach", id, &storage.AttachParams{DataCenter: center})
	})
}

// TestImport: what is there is found, and what is not as it must be is refused with the
// reason.
func TestImport(t *testing.T) {
	inBubble(t, func(w *world) {
		w.dir("none")
		w.refused("no storage domain there", "add", "", importing(w.adding("none"), false))
		id := w.must("add", "", w.adding("more"))
		w.refused("known already, by the name more", "add", "", importing(w.adding("again", func(d *model.StorageDomain) { d.Path = filepath.Join(w.Dir, "more") }), false))
		w.must("remove", id, &storage.RemoveParams{})
		w.refused("can be imported", "add", "", w.adding("more"))
		w.refused("type data and not iso", "add", "", importing(w.adding("more", func(d *model.StorageDomain) { d.Type = model.StorageDomainISO }), false))
		found := w.must("add", "", importing(w.adding("more", func(d *model.StorageDomain) { d.Name = "" }), false))
		if domain := w.is(found, model.StorageDomainUnattached); found != id || domain.Name != "more" {
			w.Errorf("%+v was found instead of %s", domain, id)
		}

		// One that is attached elsewhere is taken over only by who insists.
		w.must("attach", id, here)
		w.Edit(func(tx *inventory.Tx) { tx.StorageDomains.Delete(id) })
		w.refused("detach it there", "add", "", importing(w.adding("more"), false))
		w.must("add", "", importing(w.adding("more"), true))
		if pool := w.says("more", id, "POOL_UUID"); pool != "" {
			w.Errorf("taken over, it belongs to %s", pool)
		}
		w.must("remove", id, &storage.RemoveParams{})

		// Two in one place, a link, and a damaged one.
		second := model.NewID()
		domain := &model.StorageDomain{ID: second, Name: "second", Type: model.StorageDomainData, StorageType: model.StorageLocalFS, Path: filepath.Join(w.Dir, "more"), Format: "v3"}
		if err := w.Images.Format(w.Context(), domain); err != nil {
			w.Fatal(err)
		}
		w.refused("There are 2 storage domains there", "add", "", importing(w.adding("more"), false))
		chosen := w.must("add", "", importing(w.adding("more", func(d *model.StorageDomain) { d.ID = second }), false))
		if chosen != second {
			w.Errorf("%s was found instead of %s", chosen, second)
		}
		w.must("remove", second, &storage.RemoveParams{})
		linked := w.dir("linked")
		if err := os.Symlink(filepath.Join(w.Dir, "more", string(id)), filepath.Join(linked, string(id))); err != nil {
			w.Fatal(err)
		}
		w.refused("it is no directory", "add", "", importing(w.adding("linked"), false))
		metadata := filepath.Join(w.Dir, "more", string(id), "dom_md", "metadata")
		text, err := os.ReadFile(metadata)
		if err != nil {
			w.Fatal(err)
		}
		if err := os.WriteFile(metadata, append(text, "EVIL=1\n"...), 0o600); err != nil {
			w.Fatal(err)
		}
		w.refused("its metadata is damaged", "add", "", importing(w.adding("more", func(d *model.StorageDomain) { d.ID = id }), false))
	})
}
