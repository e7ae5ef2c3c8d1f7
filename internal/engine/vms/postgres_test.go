package vms_test

import (
	"slices"
	"testing"

	"vireo/internal/engine"
	"vireo/internal/engine/enginetest"
	"vireo/internal/engine/vms"
	"vireo/internal/model"
	"vireo/internal/store/storetest/postgres"
)

// dying is a path to be tried on PostgreSQL: how its call comes about, the status
// that it leads to, and whether another engine can end it.
type dying struct {
	prepare func(b *enginetest.Bench) *engine.Call
	want    model.Status
	// lost says that what the job needs dies with its engine.
	lost bool
}

func act(name string, vm model.ID) *engine.Call {
	return &engine.Call{On: model.KindVM, Name: name, Target: vm}
}

// onRunning is a call for a VM that is up, and perhaps brought further.
func onRunning(name string, further ...func(b *enginetest.Bench, vm model.ID)) func(*enginetest.Bench) *engine.Call {
	return func(b *enginetest.Bench) *engine.Call {
		vm := b.Running("web1")
		for _, each := range further {
			each(b, vm)
		}
		return act(name, vm)
	}
}

func paused(b *enginetest.Bench, vm model.ID) {
	b.Machine().PauseGuest("web1")
	b.Await("the VM is paused", func() bool { return b.Get(vm).Run.Status == model.StatusPaused })
}

func saved(b *enginetest.Bench, vm model.ID) {
	b.Wait(b.Begin(act("suspend", vm)).Job.ID)
}

// dyingPaths are all paths that have steps, by "verb/path".
var dyingPaths = map[string]dying{
	"start/stateless": {func(b *enginetest.Bench) *engine.Call {
		call := act("start", withDisk(b, "web1"))
		call.Params = &vms.StartParams{Once: &model.RunOnce{Stateless: true}}
		return call
	}, model.StatusUp, false},
	"add/disks": {func(b *enginetest.Bench) *engine.Call {
		return addFrom("thin", template(b))
	}, model.StatusDown, false},
	"clone/copy": {func(b *enginetest.Bench) *engine.Call {
		call := act("clone", withDisk(b, "web1"))
		call.Params = &vms.CloneParams{Name: "web2"}
		return call
	}, model.StatusDown, false},
	"start/launch":             {func(b *enginetest.Bench) *engine.Call { return act("start", b.VM("web1")) }, model.StatusUp, false},
	"start/continue":           {onRunning("start", paused), model.StatusUp, false},
	"start/restore":            {onRunning("start", saved), model.StatusUp, false},
	"stop/destroy":             {onRunning("stop"), model.StatusDown, false},
	"stop/drop":                {onRunning("stop", saved), model.StatusDown, false},
	"shutdown/ask":             {onRunning("shutdown"), model.StatusDown, false},
	"shutdown/force":           {onRunning("shutdown", paused), model.StatusDown, false},
	"shutdown/drop":            {onRunning("shutdown", saved), model.StatusDown, false},
	"suspend/save":             {onRunning("suspend"), model.StatusSuspended, false},
	"reboot/ask":               {onRunning("reboot"), model.StatusUp, false},
	"ticket/set":               {func(b *enginetest.Bench) *engine.Call { return ticket(b.Running("web1"), valued(secret)) }, model.StatusUp, true},
	"logon/hand":               {func(b *enginetest.Bench) *engine.Call { return logon(b, listening(b, "web1"), "jim", new(secret)) }, model.StatusUp, true},
	"freezefilesystems/freeze": {onRunning("freezefilesystems"), model.StatusUp, false},
	"release/release":          {onRunning("release"), "", false},
	"thawfilesystems/thaw":     {onRunning("thawfilesystems"), model.StatusUp, false},
	"remove/remove":            {func(b *enginetest.Bench) *engine.Call { return act("remove", b.VM("web1")) }, "", false},
}

// TestDiesOnPostgres: what an engine on PostgreSQL leaves when it dies at any
// step of any action another one takes up, as on SQLite.
func TestDiesOnPostgres(t *testing.T) {
	for name, each := range dyingPaths {
		t.Run(name, func(t *testing.T) {
			enginetest.DieEverywhere(t, enginetest.Scenario{
				Database: postgres.Start,
				Prepare:  each.prepare,
				Check:    each.check,
			})
		})
	}
}

func (d dying) check(b *enginetest.Bench, _ *engine.Call, ended *model.Job) {
	if ended.Status != model.JobFinished && !d.lost {
		b.Errorf("the job ended %s: %v", ended.Status, ended.Fault)
	}
	b.Await("the VM is as wanted", func() bool {
		vm, exists := b.Server.Inventory.VMs.Get(ended.Target.ID)
		return exists && vm.Run.Status == d.want || !exists && d.want == ""
	})
	if violations := b.World.Violations(); len(violations) > 0 {
		b.Error(violations)
	}
}

// elsewhere are the paths that one host is not enough for, or that need a guest of somebody
// else. They die on SQLite, in the generic tests of all rows.
var elsewhere = []string{"migrate/move", "leave/leave", "cancelmigration/cancel", "adopt/adopt"}

// TestEveryPathDies: a path that is added to the table is added here.
func TestEveryPathDies(t *testing.T) {
	var paths []string
	for _, row := range vms.Commands(nil) {
		for i := range row.Paths {
			if len(row.Paths[i].Steps) > 0 {
				paths = append(paths, row.Name+"/"+row.Paths[i].Name)
			}
		}
	}
	for _, path := range paths {
		if _, tried := dyingPaths[path]; !tried && !slices.Contains(elsewhere, path) {
			t.Errorf("%s is not tried", path)
		}
	}
	for path := range dyingPaths {
		if !slices.Contains(paths, path) {
			t.Errorf("there is no path %s", path)
		}
	}
}
