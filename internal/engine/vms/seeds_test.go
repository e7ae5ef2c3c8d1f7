package vms_test

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"vireo/internal/engine"
	"vireo/internal/engine/sitetest"
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/host/fake"
	"vireo/internal/model"
)

// withSecret runs a test on a VM that has a password for its guest.
func withSecret(t *testing.T, test func(t *testing.T, site *sitetest.Site, id model.ID)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		site := sitetest.New(t, sitetest.Options{})
		site.Connected()
		id := site.Add("vm", func(vm *model.VM) {
			vm.Initialization = &model.Initialization{RootPassword: site.Vault.Seal("geheim")}
		})
		test(t, site, id)
	})
}

// cloudInit is a start whose guest gets what is stored for cloud-init.
func initialized(id model.ID) *engine.Call {
	return &engine.Call{
		On: model.KindVM, Name: "start", Target: id, Async: new(false),
		Params: &vms.StartParams{Initialization: model.InitializationCloudInit},
	}
}

// seeds are how many images the only host keeps for a VM.
func seeds(site *sitetest.Site, id model.ID) int {
	return len(site.World.Machine(sitetest.Host(1)).Seeds(id))
}

// TestSeedsGoWithTheirRun: however a run ends, and whoever is there to see it,
// nothing is left that a guest was given for it.
func TestSeedsGoWithTheirRun(t *testing.T) {
	ends := map[string]func(site *sitetest.Site, machine *fake.Machine, id model.ID){
		"stopped":       func(site *sitetest.Site, _ *fake.Machine, id model.ID) { site.Do("stop", id, nil) },
		"suspended":     func(site *sitetest.Site, _ *fake.Machine, id model.ID) { site.Do("suspend", id, nil) },
		"powered off":   func(_ *sitetest.Site, machine *fake.Machine, _ model.ID) { machine.PowerOff("vm") },
		"killed":        func(_ *sitetest.Site, machine *fake.Machine, _ model.ID) { machine.Kill("vm") },
		"host rebooted": func(_ *sitetest.Site, machine *fake.Machine, _ model.ID) { machine.Crash(); machine.Restart("another") },
		"forgotten by others": func(_ *sitetest.Site, machine *fake.Machine, _ model.ID) {
			machine.DestroyGuest("vm")
			machine.ForgetGuest("vm")
		},
	}
	for name, end := range ends {
		for _, away := range []bool{false, true} {
			if away && (name == "stopped" || name == "suspended") {
				continue // the engine does these
			}
			if away {
				name += " while the engine is away"
			}
			t.Run(name, func(t *testing.T) {
				withSecret(t, func(t *testing.T, site *sitetest.Site, id model.ID) {
					if _, err := site.Act(initialized(id)); err != nil || seeds(site, id) != 1 {
						t.Fatalf("the start: %v; the guest has %d seeds", err, seeds(site, id))
					}
					site.UntilStatus(id, time.Minute, model.StatusUp)
					if away {
						site.Kill()
					}
					end(site, site.World.Machine(sitetest.Host(1)), id)
					if away {
						site.Start()
					}
					site.UntilStatus(id, time.Minute, model.StatusDown, model.StatusSuspended)
					site.Until(sitetest.Soon, "the seeds go", func() bool { return seeds(site, id) == 0 })
					site.Tidy(time.Minute)
				})
			})
		}
	}
}

// TestSeedsGoWithTheirStart: a start that is refused, or that broke off when only
// its seeds were there and cannot be taken up, leaves none.
func TestSeedsGoWithTheirStart(t *testing.T) {
	t.Run("refused", func(t *testing.T) {
		withSecret(t, func(t *testing.T, site *sitetest.Site, id model.ID) {
			site.World.Fail(fake.Rule{Call: "Boot", Error: fake.Refuse(host.RefusedResource, "no memory")})
			if _, err := site.Act(initialized(id)); err == nil || seeds(site, id) != 0 {
				t.Errorf("the start: %v; %d seeds are left", err, seeds(site, id))
			}
		})
	})
	t.Run("broken off", func(t *testing.T) {
		withSecret(t, func(t *testing.T, site *sitetest.Site, id model.ID) {
			site.World.Fail(fake.Rule{Call: fake.WriteSeeds, After: true, Hang: true})
			site.Begin(initialized(id))
			site.Until(sitetest.Soon, "the seeds are there", func() bool { return seeds(site, id) == 1 })
			site.Kill()
			site.World.ClearRules()
			loseKey(t, site)
			site.Start()
			site.UntilStatus(id, time.Minute, model.StatusDown)
			if seeds(site, id) != 0 {
				t.Errorf("%d seeds are left", seeds(site, id))
			}
			site.Whole(sitetest.Soon)
		})
	})
}

// loseKey removes the key for secrets; the next engine makes itself another.
func loseKey(t *testing.T, site *sitetest.Site) {
	t.Helper()
	if err := os.Remove(filepath.Join(site.Dir, "secrets.key")); err != nil {
		t.Fatal(err)
	}
}

// TestLostKey: what needs a secret that was sealed with another key is refused,
// all else works, and a secret that is set anew is as good as before.
func TestLostKey(t *testing.T) {
	withSecret(t, func(t *testing.T, site *sitetest.Site, id model.ID) {
		site.Stop()
		loseKey(t, site)
		site.Start()
		site.Connected()
		_, err := site.Act(initialized(id))
		if refusal := fault.Of(err); refusal.Code != fault.SecretLost || refusal.Kind != fault.Conflict || site.Status(id) != model.StatusDown {
			t.Errorf("the start: %v; the VM is %s", err, site.Status(id))
		}
		site.Do("start", id, nil)
		site.Do("stop", id, nil)
		change := func(edit func(vm *model.VM)) {
			site.Do("update", id, &vms.UpdateParams{Edit: func(vm *model.VM) error { edit(vm); return nil }})
		}
		change(func(vm *model.VM) { vm.Description = "with a secret that nobody can read" })
		change(func(vm *model.VM) {
			vm.Initialization = &model.Initialization{RootPassword: site.Vault.Seal("neu")}
		})
		if _, err := site.Act(initialized(id)); err != nil || seeds(site, id) != 1 {
			t.Errorf("the start: %v; the guest has %d seeds", err, seeds(site, id))
		}
	})
}
