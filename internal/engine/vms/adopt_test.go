package vms_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vireo/internal/engine"
	"vireo/internal/engine/disks"
	"vireo/internal/engine/sitetest"
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/host/fake"
	"vireo/internal/model"
)

func adopt(site *sitetest.Site, guest string, domain model.ID) error {
	_, err := site.Act(&engine.Call{
		On: model.KindHost, Name: "adopt", Target: sitetest.HostID(1), Async: new(false),
		Params: &vms.AdoptParams{Guest: guest, StorageDomain: domain},
	})
	return err
}

func release(site *sitetest.Site, id, on model.ID) error {
	_, err := site.Act(&engine.Call{
		On: model.KindVM, Name: "release", Target: id, Async: new(false), Params: &vms.ReleaseParams{Host: on},
	})
	return err
}

func adopted(t *testing.T, site *sitetest.Site, name string) *model.VM {
	t.Helper()
	found := site.Inventory.VMs.Named(name)
	if len(found) != 1 {
		t.Fatalf("%d VMs are called %s", len(found), name)
	}
	return found[0]
}

// TestAdopt: a guest of somebody else becomes a VM and runs on, and a VM becomes a guest
// of somebody else and runs on.
func TestAdopt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := sitetest.New(t, sitetest.Options{})
		site.Connected()
		name := site.Foreigner(1, "stranger", func(spec *host.GuestSpec) { spec.Autostart = true })
		machine := site.World.Machine(sitetest.Host(1))
		site.Until(sitetest.Soon, "it is listed", func() bool { return len(site.Engine.Foreign(sitetest.HostID(1))) == 1 })
		site.Pass(time.Hour)
		if err := adopt(site, name, ""); err != nil {
			t.Fatal(err)
		}
		vm := adopted(t, site, name)
		if vm.Run.Status != model.StatusUp || vm.Origin != "external" || vm.CPU.Topology.Count() != 2 || len(vm.Disks) != 1 || machine.Uptime(name) < time.Hour {
			t.Errorf("it is %+v, and its guest has lived for %v", vm, machine.Uptime(name))
		}
		if began := time.Since(vm.Run.StartTime); began < 59*time.Minute {
			t.Errorf("it is said to run since %v", began)
		}
		site.Until(sitetest.Soon, "it is listed no more", func() bool { return len(site.Engine.Foreign(sitetest.HostID(1))) == 0 })
		if machine.StartsWithHost(name) {
			t.Error("its host would start it")
		}
		disk, _ := site.Inventory.Disks.Get(vm.Disks[0].Disk)
		if disk.ProvisionedSize != 1<<20 || disk.Format != model.DiskRaw || disk.StorageDomain != sitetest.DataDomain {
			t.Errorf("its disk is %+v", disk)
		}
		// As long as it runs so, its devices are those that somebody else gave it.
		for _, call := range []*engine.Call{
			{On: model.KindVM, Name: "suspend", Target: vm.ID},
			{On: model.KindVM, Name: "migrate", Target: vm.ID},
			{On: model.KindDisk, Name: "move", Target: disk.ID, Params: &disks.MoveParams{StorageDomain: sitetest.SpareDomain}},
			{On: model.KindDisk, Name: "deactivate", Parent: vm.ID, Target: disk.ID},
		} {
			if _, err := site.Act(call); err == nil || fault.Of(err).Code != fault.StateConflict {
				t.Errorf("%s of it: %v", call.Name, err)
			}
		}
		site.Whole(sitetest.Soon)

		// An engine that begins anew knows it.
		site.Kill()
		site.Start()
		site.Connected()
		site.UntilStatus(vm.ID, sitetest.Soon, model.StatusUp)
		if err := release(site, vm.ID, ""); err != nil {
			t.Fatal(err)
		}
		if _, known := site.Inventory.VMs.Get(vm.ID); known || len(site.World.Running(vm.ID)) != 1 || machine.Uptime(name) < time.Hour {
			t.Errorf("a VM that was released is known: %v, and runs on %v", known, site.World.Running(vm.ID))
		}
		if _, known := site.Inventory.Disks.Get(disk.ID); known {
			t.Error("its disk is known")
		}
		if !machine.StartsWithHost(name) {
			t.Error("its host does not start it again")
		}
		if _, err := os.Stat(filepath.Join(site.Dir, "data", string(sitetest.DataDomain), "images", string(disk.ID), string(disk.Volume))); err != nil {
			t.Errorf("its image: %v", err)
		}
		site.Until(sitetest.Soon, "it is listed", func() bool { return len(site.Engine.Foreign(sitetest.HostID(1))) == 1 })
		// Its image is in the storage domain: it would be two disks.
		if err := adopt(site, name, ""); err == nil || !strings.Contains(fault.Of(err).Message(), "has other names") {
			t.Errorf("a guest that was released is adopted again: %v", err)
		}
		if len(site.World.Violations()) > 0 {
			t.Error(site.World.Violations())
		}
	})
}

// TestReleasedLast: an engine that ends right after a release leaves no description of a
// VM that there is none of any more.
func TestReleasedLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := sitetest.New(t, sitetest.Options{})
		site.Connected()
		name := site.Foreigner(1, "stranger")
		if err := adopt(site, name, ""); err != nil {
			t.Fatal(err)
		}
		id := adopted(t, site, name).ID
		described := filepath.Join(site.Dir, "data", string(sitetest.DataDomain), "master/vms", string(id))
		site.Until(time.Minute, "it is described", func() bool { _, err := os.Stat(described); return err == nil })
		if err := release(site, id, ""); err != nil {
			t.Fatal(err)
		}
		site.Kill()
		site.Start()
		if _, err := os.Stat(described); !os.IsNotExist(err) {
			t.Errorf("its description is there: %v", err)
		}
	})
}

// TestAdoptedStartsAnew: after its first shutdown a VM that was adopted is one like others.
func TestAdoptedStartsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := sitetest.New(t, sitetest.Options{})
		site.Connected()
		name := site.Foreigner(1, "stranger")
		if err := adopt(site, name, sitetest.DataDomain); err != nil {
			t.Fatal(err)
		}
		vm := adopted(t, site, name)
		site.Do("shutdown", vm.ID, nil)
		site.UntilStatus(vm.ID, time.Minute, model.StatusDown)
		site.Do("start", vm.ID, nil)
		site.UntilStatus(vm.ID, time.Minute, model.StatusUp)
		if site.VM(vm.ID).Run.Adopted {
			t.Error("its second run counts as adopted")
		}
		site.Do("suspend", vm.ID, nil)
		site.UntilStatus(vm.ID, time.Minute, model.StatusSuspended)
		site.Do("stop", vm.ID, nil)
		site.UntilStatus(vm.ID, time.Minute, model.StatusDown)
		// One that is down is released to a host that is named.
		if err := release(site, vm.ID, ""); err == nil || fault.Of(err).Code != fault.StateConflict {
			t.Errorf("without a host: %v", err)
		}
		if err := release(site, vm.ID, sitetest.HostID(1)); err != nil {
			t.Fatal(err)
		}
		site.Pass(time.Minute)
		machine := site.World.Machine(sitetest.Host(1))
		if guests := machine.Guests(); len(guests) != 1 || guests[0].Ours || guests[0].State != host.Off {
			t.Errorf("on the host there is %+v", guests)
		}
		machine.StartGuest(name)
		site.Until(sitetest.Soon, "it is listed", func() bool { return len(site.Engine.Foreign(sitetest.HostID(1))) == 1 })
	})
}

// TestAdoptRefused: what cannot be a VM is refused with the reason, and left as it is.
func TestAdoptRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := sitetest.New(t, sitetest.Options{})
		site.Connected()
		machine := site.World.Machine(sitetest.Host(1))
		mine := site.Reach("mine", model.StatusUp)
		site.Foreigner(1, "odd")
		site.World.Behave("odd", fake.Behavior{Strange: "It has a TPM, which VMs do not have."})
		site.Foreigner(1, "off")
		machine.DestroyGuest("off")
		site.Foreigner(1, "gone", func(spec *host.GuestSpec) { spec.Disks[0].Path = "/nonexistent/image" })
		site.Foreigner(1, "connected", func(spec *host.GuestSpec) {
			spec.NICs = []host.NICSpec{{MAC: "52:54:00:12:34:56", Model: model.NICVirtio, Bridge: "br77", Linked: true}}
		})
		site.Foreigner(1, "wrong", func(spec *host.GuestSpec) { spec.Disks[0].Format = model.DiskCOW })
		site.Foreigner(1, "elsewhere", func(spec *host.GuestSpec) { spec.Disks[0].Path = "/proc/version" })
		for guest, want := range map[string]string{
			"": "must be named", "nobody": "Entity not found", string(mine): "guest of engine", "odd": "It has a TPM",
			"off": "start it first", "gone": "/nonexistent/image is not on the engine's machine", "connected": `connected to "br77"`,
			"wrong": "cannot be a disk",
		} {
			if err := adopt(site, guest, ""); err == nil || !strings.Contains(fault.Of(err).Message(), want) {
				t.Errorf("%q: %v", guest, err)
			}
		}
		for _, guest := range machine.Guests() {
			if guest.Ours && guest.ID != mine {
				t.Errorf("%s was marked", guest.Name)
			}
		}
		site.Whole(sitetest.Soon)
		// Images that no storage domain can have are the business of the images' own tests.
		if err := adopt(site, "elsewhere", sitetest.DataDomain); err == nil {
			t.Error("an image that is elsewhere was adopted")
		}
		// What a host refuses in the middle leaves nothing.
		name := site.Foreigner(1, "refused")
		site.World.Fail(fake.Rule{Call: "Adopt", Nth: 1, Error: fake.Refuse(host.RefusedOther, "not today")})
		since := len(site.Inventory.Disks.All())
		if err := adopt(site, name, ""); err == nil || !strings.Contains(fault.Of(err).Message(), "not today") {
			t.Errorf("a host that refuses: %v", err)
		}
		if len(site.Inventory.Disks.All()) != since || len(site.Inventory.VMs.Named(name)) != 0 {
			t.Error("something was left of it")
		}
		site.Whole(sitetest.Soon)
	})
}
