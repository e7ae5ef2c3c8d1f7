package hosttest

import (
	"os"
	"path/filepath"
	"testing"

	"vireo/internal/host"
	"vireo/internal/model"
)

func savedGuestGoesOn(t *testing.T, target Target) {
	b := open(t, target)
	spec := b.bootUp("saved")
	path := filepath.Join(target.SaveDir, "saved-"+string(spec.ID))
	t.Cleanup(func() { _ = os.Remove(path) })
	var before int64
	if target.Counter != nil {
		b.until("the guest counts", func() bool {
			before = target.Counter(t, spec.ID)
			return before > 0
		})
	}

	mark := b.events.mark()
	b.twice("Save", func() error { return b.Save(b.ctx, spec.ID, path) })
	if e := b.expect(mark, spec.ID, host.EventStopped); e.End != host.EndSaved {
		t.Errorf("the event says that it ended by %q", e.End)
	}
	b.wantOff(spec.ID, host.EndSaved)
	b.wantFile(path)
	b.must("Forget", b.Forget(b.ctx, spec.ID))

	again := model.Clone(spec)
	again.Epoch++
	again.Paused = true
	b.twice("Restore", func() error { return b.Restore(b.ctx, again, path) })
	b.wantItself(b.wantState(spec.ID, host.Paused), again)
	b.wantFile(path)
	b.must("Resume", b.Resume(b.ctx, spec.ID))
	b.wantState(spec.ID, host.Running)

	if target.HasAgent {
		b.awaitAgent(spec.ID)
	}
	if target.Counter != nil {
		b.until("the guest counts on", func() bool { return target.Counter(t, spec.ID) > before })
	}
}

func (b *bench) wantFile(path string) {
	b.Helper()
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		b.Errorf("the saved state at %s is not there: %v", path, err)
	}
}

func failedSaveLeavesRunning(t *testing.T, target Target) {
	b := open(t, target)
	spec := b.bootPaused("unsaved")
	b.must("Resume", b.Resume(b.ctx, spec.ID))

	taken := filepath.Join(target.SaveDir, "taken-"+string(spec.ID))
	const text = "not a saved state"
	b.must("writing", os.WriteFile(taken, []byte(text), 0o600))
	t.Cleanup(func() { _ = os.Remove(taken) })

	b.refused("Save to a file that exists", b.Save(b.ctx, spec.ID, taken))
	b.refused("Save below a file", b.Save(b.ctx, spec.ID, filepath.Join(taken, "state")))
	b.until("it runs on", func() bool { return b.look(spec.ID).State == host.Running })
	if kept, err := os.ReadFile(taken); err != nil || string(kept) != text {
		t.Errorf("the file that was there is now %q, %v", kept, err)
	}
}

func restoreOfNothingIsRefused(t *testing.T, target Target) {
	b := open(t, target)
	spec := b.spec("nothing")
	b.refused("Restore of no file", b.Restore(b.ctx, spec, filepath.Join(target.SaveDir, "no-such-state")))
	b.wantUnknown(spec.ID)

	rubbish := filepath.Join(target.SaveDir, "rubbish-"+string(spec.ID))
	b.must("writing", os.WriteFile(rubbish, []byte("not a saved state"), 0o644))
	t.Cleanup(func() { _ = os.Remove(rubbish) })
	b.refused("Restore of rubbish", b.Restore(b.ctx, spec, rubbish))
	b.wantUnknown(spec.ID)
}
