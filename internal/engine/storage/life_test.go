package storage_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"vireo/internal/engine"
	"vireo/internal/engine/sitetest"
	"vireo/internal/engine/storage"
	"vireo/internal/fault"
	"vireo/internal/host/fake"
	"vireo/internal/model"
)

// TestLife: a domain is added, attached, put into maintenance, detached and removed,
// and its metadata says so all along.
func TestLife(t *testing.T) {
	inBubble(t, func(w *world) {
		before := w.LastEvent()
		id := w.must("add", "", w.adding("more"))
		w.is(id, model.StorageDomainUnattached)
		if pool := w.says("more", id, "POOL_UUID"); pool != "" {
			w.Errorf("it belongs to %s", pool)
		}
		w.must("attach", id, here)
		w.is(id, model.StorageDomainActive)
		if pool, class := w.says("more", id, "POOL_UUID"), w.says("more", id, "CLASS"); pool != string(sitetest.DataCenter) || class != "Data" {
			w.Errorf("it belongs to %q and is %s", pool, class)
		}
		w.must("update", id, &storage.UpdateParams{Edit: func(domain *model.StorageDomain) error {
			domain.Name, domain.Path, domain.Type = "renamed", "/elsewhere", model.StorageDomainISO
			return nil
		}})
		w.Until(time.Minute, "the metadata follows the name", func() bool { return w.says("more", id, "DESCRIPTION") == "renamed" })
		if domain := w.is(id, model.StorageDomainActive); domain.Type != model.StorageDomainData || domain.Path != filepath.Join(w.Dir, "more") {
			w.Errorf("it was changed into %+v", domain)
		}
		w.must("deactivate", id, nil)
		w.is(id, model.StorageDomainMaintenance)
		w.must("activate", id, nil)
		w.is(id, model.StorageDomainActive)
		w.must("deactivate", id, nil)
		w.must("detach", id, nil)
		w.is(id, model.StorageDomainUnattached)
		if pool := w.says("more", id, "POOL_UUID"); pool != "" {
			w.Errorf("detached, it belongs to %s", pool)
		}
		w.must("remove", id, &storage.RemoveParams{Format: true})
		if left, _ := os.ReadDir(filepath.Join(w.Dir, "more")); len(left) > 0 {
			w.Errorf("%v is left", left)
		}
		if codes := w.codes(before); codes != "956 962 958 968 966 968 964 960" {
			w.Errorf("the events are %s", codes)
		}
		w.Whole(time.Minute)
	})
}

// TestMaster: the first data domain is the master; another takes over when it is put
// into maintenance, and no data center loses its last.
func TestMaster(t *testing.T) {
	inBubble(t, func(w *world) {
		w.must("deactivate", sitetest.ExportDomain, nil)
		w.must("deactivate", sitetest.SpareDomain, nil)
		w.must("deactivate", sitetest.ISODomain, nil)
		w.must("deactivate", sitetest.DataDomain, nil)
		w.must("activate", sitetest.DataDomain, nil)
		if !w.is(sitetest.DataDomain, model.StorageDomainActive).Master {
			w.Fatal("the only data domain is not the master")
		}
		if role := w.says("data", sitetest.DataDomain, "ROLE"); role != "Master" {
			w.Errorf("its role is %s", role)
		}
		w.must("activate", sitetest.ISODomain, nil)
		w.refused("deactivate iso first", "deactivate", sitetest.DataDomain, nil)
		id := w.must("add", "", w.adding("more"))
		w.must("attach", id, here)
		w.must("deactivate", sitetest.DataDomain, nil)
		if w.is(sitetest.DataDomain, model.StorageDomainMaintenance).Master || !w.is(id, model.StorageDomainActive).Master {
			w.Error("the master has not moved")
		}
		w.Until(time.Minute, "the metadata says so", func() bool { return w.says("more", id, "ROLE") == "Master" })
		w.must("activate", sitetest.DataDomain, nil)
		if role := w.says("data", sitetest.DataDomain, "ROLE"); role != "Regular" {
			w.Errorf("the role of the one before is %s", role)
		}
		w.must("deactivate", sitetest.DataDomain, nil)
		w.must("deactivate", sitetest.ISODomain, nil)
		w.must("deactivate", id, nil)
		w.refused("which needs one", "detach", id, nil)
	})
}

// TestDestroy: a domain that is lost is forgotten with its disks.
func TestDestroy(t *testing.T) {
	inBubble(t, func(w *world) {
		id := w.must("add", "", w.adding("more"))
		w.must("attach", id, here)
		vm := w.Add("vm")
		w.addDisk(id, vm)
		w.must("deactivate", id, nil)
		w.must("detach", id, nil)
		w.refused("destroy", "remove", id, &storage.RemoveParams{})
		w.refused("destroy", "remove", id, &storage.RemoveParams{Format: true})
		if err := os.RemoveAll(filepath.Join(w.Dir, "more")); err != nil {
			w.Fatal(err)
		}
		before := w.LastEvent()
		w.must("remove", id, &storage.RemoveParams{Destroy: true})
		if len(w.VM(vm).Disks) != 0 || w.Inventory.Disks.Len() != 0 {
			w.Error("the disk was not forgotten")
		}
		if codes := w.codes(before); codes != "20100 981" {
			w.Errorf("the events are %s", codes)
		}
		w.Whole(time.Minute)
	})
}

// TestUnseen: a host that does not see the storage of a VM is left out, and the refusal
// says so.
func TestUnseen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{sitetest.New(t, sitetest.Options{Hosts: []fake.MachineSpec{
			{Address: sitetest.Host(1)}, {Address: sitetest.Host(2)},
		}}), t}
		w.Connected()
		first, second := w.World.Machine(sitetest.Host(1)), w.World.Machine(sitetest.Host(2))
		path := filepath.Join(w.Dir, "more")
		first.Blind(path)
		id := w.must("add", "", w.adding("more"))
		w.must("attach", id, here)
		vm := w.Add("vm")
		w.addDisk(id, vm)
		w.Do("start", vm, nil)
		if on := w.VM(vm).Run.Host; on != sitetest.HostID(2) {
			w.Errorf("it runs on %s", on)
		}
		w.Do("stop", vm, nil)
		second.Blind(path)
		second.Cut()
		synctest.Wait()
		w.Connected()
		_, err := w.Act(&engine.Call{On: model.KindVM, Name: "start", Target: vm, Async: new(false)})
		for _, name := range []string{"h1", "h2"} {
			want := "The host " + name + " did not satisfy internal filter Storage because it does not see the storage domain more at " + path + "."
			if err == nil || !slices.Contains(fault.Of(err).Messages, want) {
				w.Errorf("the refusal is %v", err)
			}
		}
		second.See(path)
		w.Pass(11 * time.Second)
		w.Do("start", vm, nil)
	})
}
