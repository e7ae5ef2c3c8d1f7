package hosttest

import (
	"testing"
	"time"

	"vireo/internal/host"
)

// migrationEndsInPostCopy: the guest goes on at the other machine at once, on a link that
// would carry its memory for minutes. It cannot be aborted then, and comes to its end.
func migrationEndsInPostCopy(t *testing.T, target Target) {
	b := open(t, target)
	spec := b.bootUp("hasty")
	there := b.other(spec.ID)
	b.refused("FinishMigration of none", b.FinishMigration(b.ctx, spec.ID), host.RefusedState)
	b.refused("ResumeMigration of none", b.ResumeMigration(b.ctx, spec.ID, host.Migration{}), host.RefusedState)
	reception, err := there.Receive(b.ctx, spec)
	b.must("Receive", err)
	migration := host.Migration{To: there.target.Address, Reception: reception, Bandwidth: 1, PostCopy: true, Downtime: time.Millisecond}
	b.must("BeginMigration", b.BeginMigration(b.ctx, spec.ID, migration))
	b.until("the other machine has it coming", func() bool {
		coming, err := there.Guest(b.ctx, spec.ID)
		progress := b.followed(spec.ID, 100*time.Millisecond)
		return err == nil && coming.State == host.Paused && progress.State == host.Migrating && progress.Done > 0
	})
	arriving := there.events.mark()
	b.twice("FinishMigration", func() error { return b.FinishMigration(b.ctx, spec.ID) })
	there.expect(arriving, spec.ID, host.EventResumed)
	b.must("AbortMigration of one in post-copy", b.AbortMigration(b.ctx, spec.ID))
	if progress := b.followed(spec.ID, time.Millisecond); progress.State != host.Migrated {
		t.Errorf("the migration is at %+v", progress)
	}
	b.wantOff(spec.ID, host.EndMigrated)
	if arrived := there.wantState(spec.ID, host.Running); arrived.PostCopy {
		t.Error("its memory is said to be on two machines still")
	}
	b.must("FinishMigration of what is done", b.FinishMigration(b.ctx, spec.ID))
	b.must("Forget", b.Forget(b.ctx, spec.ID))
}
