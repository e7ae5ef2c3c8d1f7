package storage_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"vireo/internal/engine/sitetest"
	"vireo/internal/host"
	"vireo/internal/image"
	"vireo/internal/model"
)

// becomes waits for a status of a domain.
func (w *world) becomes(id model.ID, status model.StorageDomainStatus) {
	w.Helper()
	w.Until(2*time.Minute, "the domain is "+string(status), func() bool {
		domain, ok := w.Inventory.StorageDomains.Get(id)
		return ok && domain.Status == status
	})
}

// TestVanishes: a domain whose directory goes is inactive, the master moves, and all is
// well when it comes back.
func TestVanishes(t *testing.T) {
	inBubble(t, func(w *world) {
		w.must("deactivate", sitetest.ISODomain, nil)
		w.must("deactivate", sitetest.DataDomain, nil)
		w.must("activate", sitetest.DataDomain, nil)
		id := w.must("add", "", w.adding("more"))
		w.must("attach", id, here)
		before := w.LastEvent()
		path := filepath.Join(w.Dir, "data")
		if err := os.Rename(path, path+".away"); err != nil {
			w.Fatal(err)
		}
		w.becomes(sitetest.DataDomain, model.StorageDomainInactive)
		if !w.is(id, model.StorageDomainActive).Master {
			w.Error("the master has not moved")
		}
		if err := os.Rename(path+".away", path); err != nil {
			w.Fatal(err)
		}
		w.becomes(sitetest.DataDomain, model.StorageDomainActive)
		w.Until(time.Minute, "it knows that it is not the master", func() bool {
			return w.says("data", sitetest.DataDomain, "ROLE") == "Regular"
		})
		if codes := w.codes(before); codes != "970 20101 966" {
			w.Errorf("the events are %s", codes)
		}
		w.Whole(time.Minute)
	})
}

// TestPausedVMsGoOn: VMs that were paused for trouble with their storage go on when it
// is well, and others do not.
func TestPausedVMsGoOn(t *testing.T) {
	inBubble(t, func(w *world) {
		vm, other := w.Add("vm"), w.Add("other")
		for _, id := range []model.ID{vm, other} {
			w.addDisk(sitetest.DataDomain, id)
			w.Bring(id, model.StatusUp)
		}
		machine := w.World.Machine(sitetest.Host(1))
		machine.PauseGuest("other")
		cancel := w.Images.Fail(sitetest.ImageRule{Call: "Check", Error: image.ErrNoSpace})
		machine.IOError("vm", host.PauseNoSpace, "")
		w.becomes(sitetest.DataDomain, model.StorageDomainInactive)
		if domain, _ := w.Inventory.StorageDomains.Get(sitetest.DataDomain); !domain.Full {
			w.Error("it is not full")
		}
		w.UntilStatus(vm, time.Minute, model.StatusPaused)
		w.Pass(10 * time.Minute)
		if w.Status(vm) != model.StatusPaused {
			w.Fatalf("the VM is %s while its storage is full", w.Status(vm))
		}
		before := w.LastEvent()
		cancel()
		w.UntilStatus(vm, time.Minute, model.StatusUp)
		w.Pass(time.Minute)
		if w.Status(other) != model.StatusPaused {
			w.Errorf("the VM that was paused by hand is %s", w.Status(other))
		}
		if !slices.Contains(w.Events(vm, before), 196) {
			w.Errorf("the events are %v", w.Events(vm, before))
		}
		w.Whole(time.Minute)
	})
}

// TestPausedAgain: a VM that cannot go on though its storage looks well is not tried
// again and again.
func TestPausedAgain(t *testing.T) {
	inBubble(t, func(w *world) {
		vm := w.Add("vm")
		w.addDisk(sitetest.DataDomain, vm)
		w.Bring(vm, model.StatusUp)
		machine := w.World.Machine(sitetest.Host(1))
		before := w.LastEvent()
		for range 3600 {
			if w.Status(vm) == model.StatusUp {
				machine.IOError("vm", host.PauseIO, "")
			}
			w.Pass(time.Second)
		}
		times := 0
		for _, code := range w.Events(vm, before) {
			if code == 196 {
				times++
			}
		}
		if times < 10 || times > 25 {
			w.Errorf("it was let go on %d times in an hour", times)
		}
	})
}
