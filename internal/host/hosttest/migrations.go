package hosttest

import (
	"errors"
	"testing"
	"time"

	"vireo/internal/host"
	"vireo/internal/model"
)

// other connects to the other machine, and sees to it that a guest is gone from there at
// the end.
func (b *bench) other(id model.ID) *bench {
	b.Helper()
	target := b.target
	target.Address, target.Other = target.Other, ""
	there := &bench{T: b.T, target: target, ctx: b.ctx}
	there.connect()
	there.forgetAtEnd(id)
	return there
}

// migrate begins to bring a guest to the other machine.
func (b *bench) migrate(there *bench, spec *host.GuestSpec, bandwidth int) host.Migration {
	b.Helper()
	reception, err := there.Receive(b.ctx, spec)
	b.must("Receive", err)
	migration := host.Migration{To: there.target.Address, Reception: reception, Bandwidth: bandwidth, Downtime: time.Second}
	b.must("BeginMigration", b.BeginMigration(b.ctx, spec.ID, migration))
	return migration
}

func (b *bench) followed(id model.ID, wait time.Duration) host.MigrationProgress {
	b.Helper()
	progress, err := b.FollowMigration(b.ctx, id, wait)
	b.must("FollowMigration", err)
	if progress.Left < 0 || progress.Done < 0 || progress.Total < 0 {
		b.Errorf("the migration is at %+v", progress)
	}
	return progress
}

// guestMigrates: it goes on at the other machine, with its display and its seeds, and the
// first one remembers that it is gone until it is forgotten.
func guestMigrates(t *testing.T, target Target) {
	b := open(t, target)
	spec := b.bootUp("migrant")
	there := b.other(spec.ID)
	if progress := b.followed(spec.ID, time.Millisecond); progress.State != host.MigrationNone || progress.Failure != "" {
		t.Errorf("a migration that was never begun is at %+v", progress)
	}
	b.must("AbortMigration of none", b.AbortMigration(b.ctx, spec.ID))
	b.refused("StretchMigration of a guest that runs nowhere", there.stretch(spec.ID))

	mark, arriving := b.events.mark(), there.events.mark()
	migration := b.migrate(there, spec, 0)
	b.must("BeginMigration, again", b.BeginMigration(b.ctx, spec.ID, migration))
	var last host.MigrationProgress
	b.until("it has migrated", func() bool {
		last = b.followed(spec.ID, 100*time.Millisecond)
		if last.State == host.MigrationNone {
			t.Fatalf("it did not migrate: %+v", last)
		}
		return last.State == host.Migrated
	})
	if last.Downtime < 0 || last.Downtime > b.target.Patience {
		t.Errorf("it stood still for %v", last.Downtime)
	}
	if last.Passes < 1 {
		t.Errorf("it has migrated after %d passes", last.Passes)
	}
	if e := b.expect(mark, spec.ID, host.EventStopped); e.End != host.EndMigrated {
		t.Errorf("the event says that it ended by %q", e.End)
	}
	there.expect(arriving, spec.ID, host.EventResumed)
	b.wantOff(spec.ID, host.EndMigrated)
	arrived := there.wantState(spec.ID, host.Running)
	b.wantItself(arrived, spec)
	if arrived.Console.Port == 0 {
		t.Error("it has no display there")
	}
	if target.HasAgent {
		there.awaitAgent(spec.ID)
	}
	b.must("BeginMigration of what is done", b.BeginMigration(b.ctx, spec.ID, migration))
	if again := b.followed(spec.ID, time.Millisecond); again.State != host.Migrated {
		t.Errorf("afterwards it is at %+v", again)
	}
	b.twice("Forget", func() error { return b.Forget(b.ctx, spec.ID) })
	b.wantUnknown(spec.ID)
	if _, err := b.FollowMigration(b.ctx, spec.ID, time.Millisecond); !errors.Is(err, host.ErrNotFound) {
		t.Errorf("FollowMigration of a guest that was forgotten: %v", err)
	}
	_, err := there.Receive(b.ctx, spec)
	b.refused("Receive of a guest that runs there", err, host.RefusedExists)
}

func (b *bench) stretch(id model.ID) error {
	err := b.StretchMigration(b.ctx, id, time.Second)
	if errors.Is(err, host.ErrNotFound) {
		return &host.RefusedError{Code: host.RefusedState, Reason: err.Error()}
	}
	return err
}

// migrationIsAborted: the guest runs on as if nothing had happened, and nothing of it is
// at the other machine.
func migrationIsAborted(t *testing.T, target Target) {
	b := open(t, target)
	spec := b.bootUp("stayer")
	there := b.other(spec.ID)
	b.migrate(there, spec, 1)
	b.until("it is on its way", func() bool { return b.followed(spec.ID, 100*time.Millisecond).State == host.Migrating })
	b.until("the other machine has it coming", func() bool {
		coming, err := there.Guest(b.ctx, spec.ID)
		return err == nil && coming.State == host.Paused
	})
	if progress := b.followed(spec.ID, time.Millisecond); progress.Passes != 0 {
		t.Errorf("in the first pass there were %d", progress.Passes)
	}
	b.must("StretchMigration", b.StretchMigration(b.ctx, spec.ID, 2*time.Second))
	b.twice("AbortMigration", func() error { return b.AbortMigration(b.ctx, spec.ID) })
	if progress := b.followed(spec.ID, time.Millisecond); progress.State != host.MigrationNone {
		t.Errorf("the migration is at %+v", progress)
	}
	b.wantState(spec.ID, host.Running)
	there.wantUnknown(spec.ID)
	b.must("Forget what was received", there.Forget(b.ctx, spec.ID))

	// One that another connection has begun is followed and aborted too.
	b.migrate(there, spec, 1)
	b.until("it is on its way", func() bool { return b.followed(spec.ID, 100*time.Millisecond).State == host.Migrating })
	b.connect()
	if progress := b.followed(spec.ID, 100*time.Millisecond); progress.State != host.Migrating {
		t.Errorf("to another connection the migration is at %+v", progress)
	}
	b.must("AbortMigration", b.AbortMigration(b.ctx, spec.ID))
	b.wantState(spec.ID, host.Running)
	b.until("nothing is left at the other machine", func() bool {
		_, err := there.Guest(b.ctx, spec.ID)
		return errors.Is(err, host.ErrNotFound)
	})
}

// migrationFails: of a guest that does not run, and to a machine that is not there.
func migrationFails(t *testing.T, target Target) {
	b := open(t, target)
	spec := b.bootPaused("failing")
	there := b.other(spec.ID)
	reception, err := there.Receive(b.ctx, spec)
	b.must("Receive", err)
	nowhere := host.Migration{To: "qemu+tcp://192.0.2.1:1/system", Reception: reception}
	if target.Nowhere != "" {
		nowhere.To = target.Nowhere
	}
	b.must("BeginMigration to nowhere", b.BeginMigration(b.ctx, spec.ID, nowhere))
	b.until("it has failed", func() bool {
		progress := b.followed(spec.ID, 100*time.Millisecond)
		if progress.State == host.MigrationNone && progress.Failure == "" {
			t.Fatal("nobody says why it has failed")
		}
		return progress.State == host.MigrationNone
	})
	b.wantState(spec.ID, host.Paused)
	there.wantUnknown(spec.ID)
	b.must("Destroy", b.Destroy(b.ctx, spec.ID))
	b.refused("BeginMigration of a guest that is off", b.BeginMigration(b.ctx, spec.ID, nowhere), host.RefusedState)
	_, err = b.FollowMigration(b.ctx, spec.ID, time.Millisecond)
	b.refused("FollowMigration of a guest that is off", err, host.RefusedState)
	if err := b.BeginMigration(b.ctx, model.NewID(), nowhere); !errors.Is(err, host.ErrNotFound) {
		t.Errorf("BeginMigration of an unknown guest: %v", err)
	}
}
