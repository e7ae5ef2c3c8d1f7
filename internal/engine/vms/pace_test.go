package vms_test

import (
	"slices"
	"testing"
	"time"

	"vireo/internal/engine"
	"vireo/internal/engine/sitetest"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/host/fake"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// ended follows a migration to its end: for how long its guest was allowed to stand still, one
// after the other in milliseconds, and the code of the fault that it ended with.
func ended(t *testing.T, site *sitetest.Site, id model.ID, migration *engine.Result) (allowed []int64, code string) {
	t.Helper()
	site.Until(time.Hour, "the migration has ended", func() bool {
		now := site.World.Allowed(id).Milliseconds()
		if now > 0 && (len(allowed) == 0 || allowed[len(allowed)-1] != now) {
			allowed = append(allowed, now)
		}
		return site.VM(id).Run.Migration == nil
	})
	job, err := site.Engine.Wait(t.Context(), migration.Job.ID)
	if err != nil {
		t.Fatal(err)
	}
	if job.Fault != nil {
		code = job.Fault.Code
	}
	return allowed, code
}

// TestAllowedByAndBy: a guest may stand still for a short while at first, and for longer the
// more often its memory was carried without an end, as its policy says. A short while is all
// that one gets which needs no more, and its own limit is never exceeded. The ceiling of 8 s
// is not among them: it is enough for this guest, which is gone then.
func TestAllowedByAndBy(t *testing.T) {
	for name, test := range map[string]struct {
		policy  model.MigrationPolicy
		limit   int
		behaves fake.Behavior
		allowed []int64
		ends    string
	}{
		"no policy":    {limit: -1, behaves: dirty, allowed: []int64{100, 200, 300, 400, 500, 1000, 2000, 4000}},
		"minimal":      {model.MigrationMinimal, -1, dirty, []int64{100, 150, 200, 300, 400, 500}, fault.MigrationStuck},
		"suspend":      {model.MigrationSuspend, -1, dirty, []int64{100, 150, 200, 300, 400, 500, 1000, 2000, 4000}, ""},
		"post-copy":    {model.MigrationPostCopy, -1, dirty, []int64{100, 150, 200, 300, 400, 500}, ""},
		"its own":      {"", 1000, dirty, []int64{200, 400, 600, 800, 1000}, fault.MigrationStuck},
		"a tiny one":   {"", 3, dirty, []int64{1, 2, 3}, fault.MigrationStuck},
		"it is idle":   {"", -1, fake.Behavior{}, []int64{100}, ""},
		"it is faster": {"", -1, fake.Behavior{DirtyRate: 1 << 20}, []int64{100}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			migrating(t, 2, func(t *testing.T, site *sitetest.Site, id model.ID) {
				inCluster(site, model.MigrationOptions{Policy: test.policy, AutoConverge: "false"})
				site.Edit(func(tx *inventory.Tx) {
					vm, _ := tx.VMs.Edit(id)
					vm.MigrationDowntime = test.limit
				})
				site.World.Behave("vm", test.behaves)
				allowed, code := ended(t, site, id, site.Begin(&engine.Call{On: model.KindVM, Name: "migrate", Target: id}))
				if !slices.Equal(allowed, test.allowed) || code != test.ends {
					t.Errorf("it was allowed %v ms and ended with %q", allowed, code)
				}
			})
		})
	}
}

// TestAllowedAgain: a host that has not taken a step is told of it again, the last one too.
func TestAllowedAgain(t *testing.T) {
	migrating(t, 2, func(t *testing.T, site *sitetest.Site, id model.ID) {
		site.World.Behave("vm", dirty)
		site.World.Fail(fake.Rule{Call: "StretchMigration", Nth: 4, Error: fake.Refuse(host.RefusedOther, "not now")})
		allowed, code := ended(t, site, id, site.Begin(&engine.Call{On: model.KindVM, Name: "migrate", Target: id}))
		if want := []int64{200, 400, 600, 800, 1000}; !slices.Equal(allowed, want) || code != fault.MigrationStuck {
			t.Errorf("it was allowed %v ms and ended with %q", allowed, code)
		}
	}, busy, func(vm *model.VM) { vm.MigrationDowntime = 1000 })
}

// TestSlowIsNotStuck: a guest whose passes take longer than MigrationStallTime each, and get
// smaller, is on its way, though more is left after the first one than there was at its end.
func TestSlowIsNotStuck(t *testing.T) {
	migrating(t, 2, func(t *testing.T, site *sitetest.Site, id model.ID) {
		inCluster(site, model.MigrationOptions{Policy: model.MigrationMinimal, AutoConverge: "false"})
		site.World.Behave("vm", fake.Behavior{DirtyRate: 500_000})
		_, code := ended(t, site, id, site.Begin(&engine.Call{On: model.KindVM, Name: "migrate", Target: id}))
		if code != "" {
			t.Errorf("it ended with %q", code)
		}
		arrived(t, site, id, model.StatusUp, 2)
	}, func(vm *model.VM) {
		vm.Migration.Bandwidth = model.MigrationBandwidth{Method: model.BandwidthCustom, Custom: 9}
	})
}
