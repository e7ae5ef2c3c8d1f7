package lifecycle

import (
	"vireo/internal/host"
	"vireo/internal/model"
)

// Seen is what a host says of a VM's guest now.
type Seen struct {
	// State is the guest's; Absent when the host has no guest of this run.
	State host.State
	Pause host.Pause
	End   host.End
	// Agent says that the guest agent's channel is open.
	Agent bool
}

// Absent is the state of a guest that its host does not know.
const Absent host.State = "absent"

// Cause says why a status is left, for the event that tells it.
type Cause string

// The causes of moves.
const (
	CauseNone Cause = ""
	// CauseLaunched: QEMU runs.
	CauseLaunched Cause = "launched"
	// CauseAgent: the guest agent has answered.
	CauseAgent    Cause = "agent"
	CauseRestored Cause = "restored" // host or monitor answers again
	CausePaused   Cause = "paused"   // by somebody
	CauseIO       Cause = "io"
	CauseNoSpace  Cause = "no_space"
	CausePerm     Cause = "permission"
	CauseWatchdog Cause = "watchdog"
	CausePanic    Cause = "panic"
	CauseResumed  Cause = "resumed"
	CauseOff      Cause = "off"       // powered itself off
	CauseKilled   Cause = "destroyed" // destroyed, by us or behind our back
	CauseCrashed  Cause = "crashed"
	CauseVanished Cause = "vanished" // gone, and nobody knows why
	CauseAdopted  Cause = "adopted"  // runs although we thought it was down
	CauseHostLost Cause = "host"     // its host was restarted, or is proven to be off
)

// Unwanted says whether an end of that cause is one that nobody has asked for, so that
// a highly available VM is started again. A guest that powered itself off did as
// somebody inside wanted, and one that was destroyed on its host likewise.
func Unwanted(cause Cause) bool {
	switch cause {
	case CauseCrashed, CauseVanished, CausePanic, CauseHostLost:
		return true
	default:
		return false
	}
}

// Move is what becomes of a VM's status.
type Move struct {
	To     model.Status
	Detail model.PauseDetail
	Cause  Cause
}

// Observe says what a VM's status becomes when its guest is seen like this and
// no job is at work on it. before is the status that an unknown or
// not_responding VM had; it counts for those two only. No move is a false
// second value (api-v3 4.2).
func Observe(now, before model.Status, detail model.PauseDetail, seen Seen) (Move, bool) {
	if Silent(now) {
		return afterSilence(now, before, detail, seen)
	}
	if !HasGuest(now) {
		return unexpected(now, seen)
	}
	move, ok := observeGuest(now, seen)
	if !ok || (move.To == now && move.Detail == detail) {
		return Move{}, false
	}
	return move, true
}

func observeGuest(now model.Status, seen Seen) (Move, bool) {
	switch seen.State {
	case host.Running:
		if now == model.StatusPaused {
			return Move{To: model.StatusUp, Cause: CauseResumed}, true
		}
		if now == model.StatusPoweringUp && seen.Agent {
			return Move{To: model.StatusUp, Cause: CauseAgent}, true
		}
		return Move{}, false
	case host.Paused:
		return pausedMove(seen.Pause)
	case host.ShuttingDown:
		if now == model.StatusPoweringDown {
			return Move{}, false
		}
		return Move{To: model.StatusPoweringDown, Cause: CauseOff}, true
	case host.Crashed:
		return Move{To: model.StatusPaused, Detail: model.PauseEOther, Cause: CausePanic}, true
	case host.Off, Absent:
		return Move{To: model.StatusDown, Cause: endCause(seen)}, true
	}
	return Move{}, false
}

// pauses maps why a guest is paused to what the API shows (api-v3 4.1). A pause
// of the host's own work is none of ours.
var pauses = map[host.Pause]Move{
	host.PauseUser:     {model.StatusPaused, model.PauseNone, CausePaused},
	host.PauseStarting: {model.StatusPaused, model.PauseNone, CausePaused},
	host.PauseIO:       {model.StatusPaused, model.PauseEIO, CauseIO},
	host.PauseNoSpace:  {model.StatusPaused, model.PauseENoSpc, CauseNoSpace},
	host.PausePerm:     {model.StatusPaused, model.PauseEPerm, CausePerm},
	host.PauseWatchdog: {model.StatusPaused, model.PauseEOther, CauseWatchdog},
	host.PausePanic:    {model.StatusPaused, model.PauseEOther, CausePanic},
	host.PausePostCopy: {model.StatusPaused, model.PauseEOther, CausePaused},
	host.PauseOther:    {model.StatusPaused, model.PauseEOther, CausePaused},
}

func pausedMove(why host.Pause) (Move, bool) {
	move, known := pauses[why]
	return move, known
}

var ends = map[host.End]Cause{
	host.EndShutdown:  CauseOff,
	host.EndDestroyed: CauseKilled,
	host.EndCrashed:   CauseCrashed,
	host.EndFailed:    CauseCrashed,
}

func endCause(seen Seen) Cause {
	if cause, known := ends[seen.End]; known && seen.State == host.Off {
		return cause
	}
	return CauseVanished
}

// afterSilence restores the status that a VM had before its host or its monitor
// fell silent, unless the guest is seen to be otherwise.
func afterSilence(now, before model.Status, detail model.PauseDetail, seen Seen) (Move, bool) {
	if (before == model.StatusDown || before == model.StatusSuspended) && !hasRun(seen) {
		// A start of which nobody knew how far it had come.
		return Move{To: before, Cause: CauseRestored}, true
	}
	if !HasGuest(before) || Silent(before) {
		before = model.StatusUp
	}
	if move, ok := observeGuest(before, seen); ok {
		if move.To == before && move.Detail == detail {
			move.Cause = CauseRestored // it is as it was
		}
		return move, true
	}
	if before != model.StatusPaused {
		detail = ""
	}
	return Move{To: before, Detail: detail, Cause: CauseRestored}, true
}

// hasRun says whether there is a guest, or a trace of one that has run.
func hasRun(seen Seen) bool {
	if seen.State != host.Off {
		return seen.State != Absent
	}
	_, ended := ends[seen.End]
	return ended
}

// unexpected handles a guest of ours that lives although the VM should have
// none: after a restored backup, or when somebody started the definition.
func unexpected(now model.Status, seen Seen) (Move, bool) {
	if now != model.StatusDown && now != model.StatusSuspended {
		return Move{}, false
	}
	switch seen.State {
	case host.Running:
		return Move{To: model.StatusUp, Cause: CauseAdopted}, true
	case host.Paused:
		if seen.Pause == host.PausePostCopy {
			return Move{}, false // half of a guest is none that could go on
		}
		move, ok := pausedMove(seen.Pause)
		move.Cause = CauseAdopted
		return move, ok
	case host.ShuttingDown:
		return Move{To: model.StatusPoweringDown, Cause: CauseAdopted}, true
	case host.Off, host.Crashed, Absent:
	}
	return Move{}, false
}
