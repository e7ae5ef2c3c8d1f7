package vms_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"vireo/internal/engine"
	"vireo/internal/engine/cdroms"
	"vireo/internal/engine/sitetest"
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/host/fake"
	"vireo/internal/model"
)

// suspended runs a test on a VM that ran for an hour, with a CD inserted, and is
// suspended now. There are two hosts.
func suspended(t *testing.T, test func(t *testing.T, site *sitetest.Site, id model.ID)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		site := sitetest.New(t, sitetest.Options{Hosts: []fake.MachineSpec{{Address: sitetest.Host(1)}, {Address: sitetest.Host(2)}}})
		site.Connected()
		id := site.Reach("vm", model.StatusUp)
		site.Pass(time.Hour)
		_, err := site.Act(&engine.Call{
			On: model.KindCDROM, Name: "update", Parent: id, Async: new(false),
			Params: &cdroms.UpdateParams{File: "tool.iso", Current: true},
		})
		if err != nil {
			t.Fatal(err)
		}
		site.Do("suspend", id, nil)
		site.Whole(sitetest.Soon)
		test(t, site, id)
		site.Whole(sitetest.Soon)
		site.Tidy(time.Minute)
	})
}

func images(t *testing.T, site *sitetest.Site) int {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(site.Dir, "data", string(sitetest.DataDomain), "images"))
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func TestSuspendFreesTheHost(t *testing.T) {
	suspended(t, func(t *testing.T, site *sitetest.Site, id model.ID) {
		if running := site.World.Running(id); len(running) > 0 {
			t.Errorf("it runs on %v", running)
		}
		if n := len(site.World.Machine(sitetest.Host(1)).Guests()); n > 0 {
			t.Error("its definition is left")
		}
		if images(t, site) != 2 {
			t.Errorf("%d images", images(t, site))
		}
	})
}

// TestRestoreGoesOn: the guest counts on where it was, on the same host, with the
// CD it had; the saved state is gone then.
func TestRestoreGoesOn(t *testing.T) {
	suspended(t, func(t *testing.T, site *sitetest.Site, id model.ID) {
		site.Do("start", id, nil)
		vm := site.VM(id)
		if vm.Run.Status != model.StatusUp || vm.Run.Host != sitetest.HostID(1) || vm.Run.CDROM != "tool.iso" {
			t.Errorf("it is %s on %s with %q", vm.Run.Status, vm.Run.Host, vm.Run.CDROM)
		}
		if uptime := site.Machine(id).Uptime("vm"); uptime < time.Hour {
			t.Errorf("it has been up for %v", uptime)
		}
		if images(t, site) != 0 {
			t.Errorf("%d images are left", images(t, site))
		}
		site.Pass(time.Second)
		if cdrom := site.VM(id).Run.CDROM; cdrom != "tool.iso" {
			t.Errorf("later the CD is %q", cdrom)
		}
	})
}

func TestRestoreOnAnotherHost(t *testing.T) {
	suspended(t, func(t *testing.T, site *sitetest.Site, id model.ID) {
		site.World.Machine(sitetest.Host(1)).Disappear()
		site.Pass(time.Minute)
		site.Do("start", id, nil)
		if on := site.VM(id).Run.Host; on != sitetest.HostID(2) {
			t.Errorf("it is on %s", on)
		}
		if uptime := site.Machine(id).Uptime("vm"); uptime < time.Hour {
			t.Errorf("it has been up for %v", uptime)
		}
		site.World.Machine(sitetest.Host(1)).Answer()
		site.Connected()
	})
}

// TestRestoreRefused: the VM is suspended as before, its state is kept, and the
// next try works.
func TestRestoreRefused(t *testing.T) {
	suspended(t, func(t *testing.T, site *sitetest.Site, id model.ID) {
		site.World.Fail(fake.Rule{Call: "Restore", Nth: 1, Error: fake.Refuse(host.RefusedResource, "no memory")})
		since := site.LastEvent()
		_, err := site.Act(&engine.Call{On: model.KindVM, Name: "start", Target: id, Async: new(false)})
		if fault.Of(err).Code != fault.HostFailed || site.Status(id) != model.StatusSuspended || images(t, site) != 2 {
			t.Errorf("%v; it is %s with %d images", err, site.Status(id), images(t, site))
		}
		if events := site.Events(id, since); !slices.Equal(events, []int{153, 20010}) {
			t.Errorf("events %v", events)
		}
		site.Do("start", id, nil)
		if uptime := site.Machine(id).Uptime("vm"); uptime < time.Hour {
			t.Errorf("it has been up for %v", uptime)
		}
	})
}

// TestStopOfASuspendedVM drops the state.
func TestStopOfASuspendedVM(t *testing.T) {
	for _, name := range []string{"stop", "shutdown"} {
		suspended(t, func(t *testing.T, site *sitetest.Site, id model.ID) {
			since := site.LastEvent()
			site.Do(name, id, nil)
			if site.Status(id) != model.StatusDown || images(t, site) != 0 {
				t.Errorf("it is %s with %d images", site.Status(id), images(t, site))
			}
			if events := site.Events(id, since); !slices.Equal(events, []int{111}) {
				t.Errorf("events %v", events)
			}
			site.Do("start", id, nil)
		})
	}
}

// TestSuspendNeedsRoom: without a data domain that has room the VM goes on.
func TestSuspendNeedsRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := sitetest.New(t, sitetest.Options{})
		site.Connected()
		id := site.Reach("vm", model.StatusUp, func(vm *model.VM) { vm.Memory = 2 << 30 })
		site.Images.Fail(sitetest.ImageRule{Call: "Space", Error: os.ErrInvalid})
		_, err := site.Act(&engine.Call{On: model.KindVM, Name: "suspend", Target: id, Async: new(false)})
		if fault.Of(err).Code != fault.NoSuitableDomain {
			t.Errorf("%v", err)
		}
		site.Images.Clear()
		site.Whole(sitetest.Soon)
		if site.Status(id) != model.StatusUp {
			t.Errorf("it is %s", site.Status(id))
		}
	})
}

// TestStartPaused: the guest waits with its CPUs stopped, and goes on with a plain
// start.
func TestStartPaused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := sitetest.New(t, sitetest.Options{})
		site.Connected()
		id := site.Add("vm")
		site.Do("start", id, &vms.StartParams{Pause: true})
		site.Pass(time.Hour)
		if site.Status(id) != model.StatusPaused || site.Machine(id).Uptime("vm") != 0 {
			t.Errorf("it is %s, up for %v", site.Status(id), site.Machine(id).Uptime("vm"))
		}
		site.Do("start", id, nil)
		if site.Status(id) != model.StatusUp {
			t.Errorf("it is %s", site.Status(id))
		}
		site.Whole(sitetest.Soon)
		if events := site.Events(id, 0); !slices.Equal(events, []int{34, 153, 32, 153}) {
			t.Errorf("events %v", events)
		}
	})
}
