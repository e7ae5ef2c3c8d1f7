package vms_test

import (
	"testing"

	"vireo/internal/engine"
	"vireo/internal/engine/enginetest"
	"vireo/internal/model"
	"vireo/internal/store/storetest/postgres"
)

// TestDiesOnPostgres: what an engine on PostgreSQL leaves when it dies at any
// step of the main actions another one takes up, as on SQLite.
func TestDiesOnPostgres(t *testing.T) {
	act := func(name string, vm model.ID) *engine.Call {
		return &engine.Call{On: model.KindVM, Name: name, Target: vm}
	}
	suspended := func(b *enginetest.Bench) model.ID {
		vm := b.Running("web1")
		b.Wait(b.Begin(act("suspend", vm)).Job.ID)
		b.InStatus(vm, model.StatusSuspended)
		return vm
	}
	for name, row := range map[string]struct {
		prepare func(b *enginetest.Bench) *engine.Call
		want    model.Status
	}{
		"start":   {func(b *enginetest.Bench) *engine.Call { return act("start", b.VM("web1")) }, model.StatusUp},
		"stop":    {func(b *enginetest.Bench) *engine.Call { return act("stop", b.Running("web1")) }, model.StatusDown},
		"suspend": {func(b *enginetest.Bench) *engine.Call { return act("suspend", b.Running("web1")) }, model.StatusSuspended},
		"restore": {func(b *enginetest.Bench) *engine.Call { return act("start", suspended(b)) }, model.StatusUp},
	} {
		t.Run(name, func(t *testing.T) {
			enginetest.DieEverywhere(t, enginetest.Scenario{
				Database: postgres.Start,
				Prepare:  row.prepare,
				Check: func(b *enginetest.Bench, call *engine.Call, ended *model.Job) {
					if ended.Status != model.JobFinished {
						b.Errorf("the job ended %s: %v", ended.Status, ended.Fault)
					}
					b.InStatus(call.Target, row.want)
					if violations := b.World.Violations(); len(violations) > 0 {
						b.Error(violations)
					}
				},
			})
		})
	}
}
