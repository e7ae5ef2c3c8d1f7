package vms_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"vireo/internal/engine"
	"vireo/internal/engine/sitetest"
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/host/fake"
	"vireo/internal/model"
)

// longRun is a site where a VM runs with overrides that hold for every way to look.
type longRun struct {
	*sitetest.Site
	t    *testing.T
	id   model.ID
	once *model.RunOnce
	spec host.GuestSpec
}

func runsOnce(t *testing.T, test func(t *testing.T, r *longRun)) {
	t.Helper()
	onSite(t, twoHosts, func(t *testing.T, site *sitetest.Site) {
		putISO(t, site, "drivers.vfd")
		r := &longRun{Site: site, t: t, id: site.Add("vm", func(vm *model.VM) { vm.CDROM = "tool.iso" }), once: &model.RunOnce{
			DisplayType: new(model.DisplaySPICE), Boot: []model.BootDevice{model.BootCDROM}, CDROM: new(""),
			Floppy: "drivers.vfd", CPUShares: new(2048), Initialization: &model.Initialization{HostName: "web"},
		}}
		up(site, r.id, &vms.StartParams{Once: r.once, Initialization: model.InitializationCloudInit})
		r.spec = r.Machine(r.id).Spec("vm")
		test(t, r)
	})
}

// lasts wants the run to be as it was begun: what is recorded, and what the host
// was asked for, seeds included.
func (r *longRun) lasts(when string) {
	r.t.Helper()
	vm := r.VM(r.id)
	if !reflect.DeepEqual(vm.Run.Overrides, r.once) || vm.Run.Initialization != model.InitializationCloudInit {
		r.t.Errorf("%s the run has %+v and %q", when, vm.Run.Overrides, vm.Run.Initialization)
	}
	if vm.Run.Status == model.StatusSuspended {
		return
	}
	spec := r.Machine(r.id).Spec("vm")
	spec.Epoch = r.spec.Epoch
	if !reflect.DeepEqual(spec, r.spec) {
		r.t.Errorf("%s the host was asked for\n%+v, not\n%+v", when, spec, r.spec)
	}
	if seeds := r.Machine(r.id).Seeds(r.id); string(seeds["cloud-init"]) != string(r.spec.Seeds[0].Image) {
		r.t.Errorf("%s the host keeps %d seeds, and not what it was given", when, len(seeds))
	}
	if vm.Run.DisplayType != model.DisplaySPICE || !reflect.DeepEqual(vm.Run.Boot, r.once.Boot) || vm.Run.CDROM != "" {
		r.t.Errorf("%s it runs with %+v", when, vm.Run)
	}
}

// gone wants nothing of the run to be left, and the next one to be plain.
func (r *longRun) gone() {
	r.t.Helper()
	r.UntilStatus(r.id, 10*time.Minute, model.StatusDown)
	r.Whole(sitetest.Soon)
	r.plain()
	up(r.Site, r.id, nil)
	spec := r.Machine(r.id).Spec("vm")
	if spec.Display != model.DisplayVNC || spec.CDROM != isoPath(r.t, r.Site, "tool.iso") || spec.Floppies != nil || spec.Seeds != nil {
		r.t.Errorf("the next run has %+v", spec)
	}
	r.plain()
}

func (r *longRun) plain() {
	r.t.Helper()
	if run := r.VM(r.id).Run; run.Overrides != nil || run.Initialization != "" || run.Instance != "" {
		r.t.Errorf("left of the run are %+v, %q and %q", run.Overrides, run.Initialization, run.Instance)
	}
	for i := range 2 {
		if left := r.World.Machine(sitetest.Host(i + 1)).Seeded(); len(left) > 0 {
			r.t.Errorf("seeds of %v are left", left)
		}
	}
}

// TestOverridesLast as long as the run.
func TestOverridesLast(t *testing.T) {
	runsOnce(t, func(_ *testing.T, r *longRun) {
		r.lasts("at first")
		r.Do("reboot", r.id, nil)
		r.UntilStatus(r.id, time.Minute, model.StatusUp)
		r.lasts("after a reboot")
		r.Stop()
		r.Start()
		r.Connected()
		r.lasts("after a restart of the engine")
		r.Kill()
		r.Start()
		r.Connected()
		r.lasts("after a crash of the engine")
		r.Machine(r.id).Cut()
		r.Connected()
		r.lasts("after a lost connection")
		r.Do("suspend", r.id, nil)
		r.lasts("while it is suspended")
		for i := range 2 {
			if left := r.World.Machine(sitetest.Host(i + 1)).Seeded(); len(left) > 0 {
				r.t.Errorf("while it is suspended seeds of %v are left", left)
			}
		}
		r.Kill()
		r.Start()
		r.Connected()
		up(r.Site, r.id, nil)
		r.lasts("after a restore")
		r.Do("stop", r.id, nil)
		r.gone()
	})
}

// TestEndsOfOverrides: however a run ends, nothing of it is left.
func TestEndsOfOverrides(t *testing.T) {
	for name, end := range map[string]func(*longRun){
		"it is stopped":        func(r *longRun) { r.Do("stop", r.id, nil) },
		"it is shut down":      func(r *longRun) { r.Do("shutdown", r.id, nil) },
		"it powers itself off": func(r *longRun) { r.Machine(r.id).PowerOff("vm") },
		"QEMU is killed":       func(r *longRun) { r.Machine(r.id).Kill("vm") },
		"its kernel panics":    func(r *longRun) { r.Machine(r.id).Panic("vm", false) },
		"its host restarts":    func(r *longRun) { r.Machine(r.id).Restart("") },
		"its engine is not there": func(r *longRun) {
			machine := r.Machine(r.id)
			r.Kill()
			machine.PowerOff("vm")
			r.Pass(time.Minute)
			r.Start()
		},
		"somebody removes it": func(r *longRun) {
			machine := r.Machine(r.id)
			r.Kill()
			machine.DestroyGuest("vm")
			machine.ForgetGuest("vm")
			r.Start()
		},
		"it is stopped while it is suspended": func(r *longRun) { r.Do("suspend", r.id, nil); r.Do("stop", r.id, nil) },
		"its host restarts in a restore": func(r *longRun) {
			r.Do("suspend", r.id, nil)
			machine := r.World.Machine(sitetest.Host(1))
			r.World.Fail(fake.Rule{Call: "Restore", Nth: 1, After: true, Do: func() { machine.Restart("") }})
			r.Begin(&engine.Call{On: model.KindVM, Name: "start", Target: r.id})
		},
	} {
		t.Run(name, func(t *testing.T) {
			runsOnce(t, func(_ *testing.T, r *longRun) {
				end(r)
				r.gone()
			})
		})
	}
}

// TestFailedRestoreKeepsOverrides: the next try is of the same run.
func TestFailedRestoreKeepsOverrides(t *testing.T) {
	runsOnce(t, func(t *testing.T, r *longRun) {
		r.Do("suspend", r.id, nil)
		before := r.VM(r.id).Run
		r.World.Fail(fake.Rule{Call: "Restore", Nth: 1, Error: fake.Refuse(host.RefusedResource, "no memory")})
		if _, refused := startRefused(t, r.Site, r.id, nil); refused.Code != fault.HostFailed {
			t.Errorf("the start: %v", refused)
		}
		after := r.VM(r.id).Run
		if after.Epoch <= before.Epoch {
			t.Error("it was no run of its own")
		}
		after.Epoch, after.Since = before.Epoch, before.Since
		if !reflect.DeepEqual(after, before) {
			t.Errorf("it was suspended as\n%+v and is as\n%+v", before, after)
		}
		up(r.Site, r.id, nil)
		r.lasts("after the second restore")
	})
}

// TestNoOverridesForWhatRuns: run once is for VMs that are down.
func TestNoOverridesForWhatRuns(t *testing.T) {
	runsOnce(t, func(t *testing.T, r *longRun) {
		other := &vms.StartParams{Once: &model.RunOnce{}}
		refused := func(status string) {
			t.Helper()
			_, got := startRefused(t, r.Site, r.id, other)
			if got.Kind != fault.Conflict || got.Message() != "Cannot run VM because the VM is in "+status+" status." {
				t.Errorf("the start: %v", got)
			}
			r.lasts("after a refusal")
		}
		refused("Up")
		r.Machine(r.id).PauseGuest("vm")
		r.UntilStatus(r.id, sitetest.Soon, model.StatusPaused)
		refused("Paused")
		up(r.Site, r.id, nil)
		r.Do("suspend", r.id, nil)
		refused("Suspended")
		up(r.Site, r.id, &vms.StartParams{Pause: true, Initialization: model.InitializationSysprep})
		r.lasts("after a restore that wished for something else")
	})
}

// TestPausedRunOnce: the guest waits as it was asked for, and goes on as that.
func TestPausedRunOnce(t *testing.T) {
	runsOnce(t, func(t *testing.T, r *longRun) {
		r.Do("stop", r.id, nil)
		r.Do("start", r.id, &vms.StartParams{Pause: true, Once: r.once, Initialization: model.InitializationCloudInit})
		r.spec = r.Machine(r.id).Spec("vm")
		if status := r.Status(r.id); status != model.StatusPaused || !r.spec.Paused {
			t.Errorf("it is %s, and was asked for as %+v", status, r.spec)
		}
		r.lasts("while it is paused")
		up(r.Site, r.id, nil)
		r.lasts("when it goes on")
	})
}

// TestChangesWaitForTheNextRun: a change of the VM does not reach a run with
// overrides, not even one that goes on from a saved state.
func TestChangesWaitForTheNextRun(t *testing.T) {
	runsOnce(t, func(t *testing.T, r *longRun) {
		r.Do("update", r.id, &vms.UpdateParams{Edit: func(vm *model.VM) error {
			if vm.Display.Type != model.DisplayVNC || vm.CPUShares != 0 || vm.Initialization != nil {
				t.Errorf("overrides are taken for the VM's own: %+v", vm.VMConfig)
			}
			vm.CPUShares, vm.OS.Boot = 512, []model.BootDevice{model.BootNetwork}
			vm.Payloads = []model.Payload{{Type: model.PayloadCDROM}}
			vm.Initialization = &model.Initialization{HostName: "other"}
			return nil
		}})
		vm := r.VM(r.id)
		if vm.CPUShares != 0 || vm.NextRun == nil || vm.NextRun.CPUShares != 512 || vm.NextRun.Display.Type != model.DisplayVNC {
			t.Errorf("the VM has %+v, and for its next run %+v", vm.VMConfig, vm.NextRun)
		}
		r.lasts("after a change")
		r.Do("suspend", r.id, nil)
		up(r.Site, r.id, nil)
		r.lasts("after a change and a restore")
		r.Do("stop", r.id, nil)
		r.plain()
		up(r.Site, r.id, nil)
		spec := r.Machine(r.id).Spec("vm")
		if spec.CPUShares != 512 || !slices.Equal(spec.Boot, []model.BootDevice{model.BootNetwork}) || len(spec.Seeds) != 1 {
			t.Errorf("the next run has %+v", spec)
		}
	})
}
