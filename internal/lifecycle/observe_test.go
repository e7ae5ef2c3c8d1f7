package lifecycle_test

import (
	"testing"

	"vireo/internal/host"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

const none = ""

var (
	running  = lifecycle.Seen{State: host.Running}
	agent    = lifecycle.Seen{State: host.Running, Agent: true}
	paused   = lifecycle.Seen{State: host.Paused, Pause: host.PauseUser}
	ioError  = lifecycle.Seen{State: host.Paused, Pause: host.PauseIO}
	working  = lifecycle.Seen{State: host.Paused, Pause: host.PauseWork}
	leaving  = lifecycle.Seen{State: host.ShuttingDown}
	panicked = lifecycle.Seen{State: host.Crashed}
	shutDown = lifecycle.Seen{State: host.Off, End: host.EndShutdown}
	killed   = lifecycle.Seen{State: host.Off, End: host.EndCrashed}
	unknown  = lifecycle.Seen{State: host.Off, End: host.EndUnknown}
	absent   = lifecycle.Seen{State: lifecycle.Absent}
)

// TestObserve is api-v3 4.2, as far as what is seen of a guest decides.
func TestObserve(t *testing.T) {
	for _, test := range []struct {
		now, before model.Status
		seen        lifecycle.Seen
		to          model.Status // none: no move
		detail      model.PauseDetail
		cause       lifecycle.Cause
	}{
		{model.StatusPoweringUp, none, running, none, "", ""},
		{model.StatusPoweringUp, none, agent, model.StatusUp, "", lifecycle.CauseAgent},
		{model.StatusPoweringUp, none, paused, model.StatusPaused, model.PauseNone, lifecycle.CausePaused},
		{model.StatusPoweringUp, none, absent, model.StatusDown, "", lifecycle.CauseVanished},
		{model.StatusUp, none, agent, none, "", ""},
		{model.StatusUp, none, ioError, model.StatusPaused, model.PauseEIO, lifecycle.CauseIO},
		{model.StatusUp, none, working, none, "", ""},
		{model.StatusUp, none, leaving, model.StatusPoweringDown, "", lifecycle.CauseOff},
		{model.StatusUp, none, panicked, model.StatusPaused, model.PauseEOther, lifecycle.CausePanic},
		{model.StatusUp, none, shutDown, model.StatusDown, "", lifecycle.CauseOff},
		{model.StatusUp, none, killed, model.StatusDown, "", lifecycle.CauseCrashed},
		{model.StatusUp, none, unknown, model.StatusDown, "", lifecycle.CauseVanished},
		{model.StatusPoweringDown, none, agent, none, "", ""},
		{model.StatusPoweringDown, none, leaving, none, "", ""},
		{model.StatusPoweringDown, none, shutDown, model.StatusDown, "", lifecycle.CauseOff},
		{model.StatusRebootInProgress, none, agent, none, "", ""},
		{model.StatusRebootInProgress, none, paused, model.StatusPaused, model.PauseNone, lifecycle.CausePaused},
		{model.StatusPaused, none, paused, none, "", ""},
		{model.StatusPaused, none, ioError, model.StatusPaused, model.PauseEIO, lifecycle.CauseIO},
		{model.StatusPaused, none, running, model.StatusUp, "", lifecycle.CauseResumed},
		{model.StatusPaused, none, killed, model.StatusDown, "", lifecycle.CauseCrashed},

		{model.StatusUnknown, model.StatusUp, agent, model.StatusUp, "", lifecycle.CauseRestored},
		{model.StatusUnknown, model.StatusPoweringDown, running, model.StatusPoweringDown, "", lifecycle.CauseRestored},
		{model.StatusUnknown, model.StatusPoweringUp, agent, model.StatusUp, "", lifecycle.CauseAgent},
		{model.StatusUnknown, model.StatusPaused, paused, model.StatusPaused, model.PauseNone, lifecycle.CauseRestored},
		{model.StatusUnknown, model.StatusUp, paused, model.StatusPaused, model.PauseNone, lifecycle.CausePaused},
		{model.StatusUnknown, model.StatusUp, absent, model.StatusDown, "", lifecycle.CauseVanished},
		{model.StatusUnknown, model.StatusUnknown, agent, model.StatusUp, "", lifecycle.CauseRestored},
		{model.StatusUnknown, none, agent, model.StatusUp, "", lifecycle.CauseRestored},
		{model.StatusUnknown, model.StatusWaitForLaunch, agent, model.StatusUp, "", lifecycle.CauseRestored},
		{model.StatusNotResponding, model.StatusUp, running, model.StatusUp, "", lifecycle.CauseRestored},
		{model.StatusNotResponding, model.StatusUp, killed, model.StatusDown, "", lifecycle.CauseCrashed},

		// A start whose end nobody knew.
		{model.StatusUnknown, model.StatusDown, absent, model.StatusDown, "", lifecycle.CauseRestored},
		{model.StatusUnknown, model.StatusDown, unknown, model.StatusDown, "", lifecycle.CauseRestored},
		{model.StatusUnknown, model.StatusDown, killed, model.StatusDown, "", lifecycle.CauseCrashed},
		{model.StatusUnknown, model.StatusDown, running, model.StatusUp, "", lifecycle.CauseRestored},
		{model.StatusUnknown, model.StatusSuspended, absent, model.StatusSuspended, "", lifecycle.CauseRestored},
		{model.StatusUnknown, model.StatusSuspended, shutDown, model.StatusDown, "", lifecycle.CauseOff},

		// A guest that should not be.
		{model.StatusDown, none, running, model.StatusUp, "", lifecycle.CauseAdopted},
		{model.StatusDown, none, paused, model.StatusPaused, model.PauseNone, lifecycle.CauseAdopted},
		{model.StatusDown, none, leaving, model.StatusPoweringDown, "", lifecycle.CauseAdopted},
		{model.StatusDown, none, shutDown, none, "", ""},
		{model.StatusDown, none, absent, none, "", ""},
		{model.StatusSuspended, none, running, model.StatusUp, "", lifecycle.CauseAdopted},
		{model.StatusImageLocked, none, running, none, "", ""},
		{model.StatusWaitForLaunch, none, running, none, "", ""},
		{model.StatusSavingState, none, absent, none, "", ""},
		{model.StatusUnassigned, none, running, none, "", ""},
	} {
		detail := model.PauseDetail("")
		if test.now == model.StatusPaused || test.before == model.StatusPaused {
			detail = model.PauseNone
		}
		move, moved := lifecycle.Observe(test.now, test.before, detail, test.seen)
		want := lifecycle.Move{To: test.to, Detail: test.detail, Cause: test.cause}
		if moved != (test.to != none) || moved && move != want {
			t.Errorf("%s (before %q) seen %+v: %+v, %v, want %+v", test.now, test.before, test.seen, move, moved, want)
		}
	}
}

// TestObserveIsTotal: whatever is seen in whatever status, the status is one of
// those known, silence is never broken by nothing, and no guest makes no VM up.
func TestObserveIsTotal(t *testing.T) {
	pauses := []host.Pause{
		"", host.PauseUser, host.PauseStarting, host.PauseIO, host.PauseNoSpace, host.PausePerm,
		host.PauseWatchdog, host.PausePanic, host.PauseWork, host.PausePostCopy, host.PauseOther,
	}
	ends := []host.End{"", host.EndShutdown, host.EndDestroyed, host.EndCrashed, host.EndSaved, host.EndMigrated, host.EndFailed, host.EndUnknown}
	states := []host.State{host.Running, host.Paused, host.ShuttingDown, host.Crashed, host.Off, lifecycle.Absent}
	for _, now := range model.Statuses {
		for _, before := range append([]model.Status{""}, model.Statuses...) {
			for _, state := range states {
				for _, pause := range pauses {
					for _, end := range ends {
						seen := lifecycle.Seen{State: state, Pause: pause, End: end}
						move, moved := lifecycle.Observe(now, before, "", seen)
						gone := state == host.Off || state == lifecycle.Absent
						switch {
						case !moved:
						case lifecycle.Label(move.To) == "":
							t.Fatalf("%s seen %+v becomes %q", now, seen, move.To)
						case gone && lifecycle.HasGuest(move.To):
							t.Fatalf("%s seen %+v becomes %s", now, seen, move.To)
						case !gone && !lifecycle.HasGuest(move.To):
							t.Fatalf("%s seen %+v becomes %s", now, seen, move.To)
						case now == move.To && move.Detail == "" && move.Cause == "":
							t.Fatalf("%s seen %+v: an empty move", now, seen)
						}
					}
				}
			}
		}
	}
}
