package libvirt

import (
	"github.com/digitalocean/go-libvirt"

	"vireo/internal/host"
)

// pauses and ends are libvirt's reasons in our words; what is not listed is
// PauseOther or EndUnknown.
var (
	pauses = map[libvirt.DomainPausedReason]host.Pause{
		libvirt.DomainPausedUser:           host.PauseUser,
		libvirt.DomainPausedMigration:      host.PauseWork,
		libvirt.DomainPausedSave:           host.PauseWork,
		libvirt.DomainPausedDump:           host.PauseWork,
		libvirt.DomainPausedSnapshot:       host.PauseWork,
		libvirt.DomainPausedFromSnapshot:   host.PauseUser,
		libvirt.DomainPausedPostcopy:       host.PauseWork,
		libvirt.DomainPausedIoerror:        host.PauseIO,
		libvirt.DomainPausedWatchdog:       host.PauseWatchdog,
		libvirt.DomainPausedCrashed:        host.PausePanic,
		libvirt.DomainPausedStartingUp:     host.PauseStarting,
		libvirt.DomainPausedShuttingDown:   host.PauseOther,
		libvirt.DomainPausedPostcopyFailed: host.PausePostCopy,
		libvirt.DomainPausedAPIError:       host.PauseOther,
	}
	ends = map[libvirt.DomainShutoffReason]host.End{
		libvirt.DomainShutoffShutdown:     host.EndShutdown,
		libvirt.DomainShutoffDestroyed:    host.EndDestroyed,
		libvirt.DomainShutoffCrashed:      host.EndCrashed,
		libvirt.DomainShutoffMigrated:     host.EndMigrated,
		libvirt.DomainShutoffSaved:        host.EndSaved,
		libvirt.DomainShutoffFailed:       host.EndFailed,
		libvirt.DomainShutoffFromSnapshot: host.EndUnknown,
		// The daemon killed a QEMU that it could not take over after its own restart.
		libvirt.DomainShutoffDaemon: host.EndCrashed,
	}
)

// stateOf turns a state and its reason into ours.
func stateOf(state, reason int32) (host.State, host.Pause, host.End) {
	switch libvirt.DomainState(state) {
	case libvirt.DomainPaused, libvirt.DomainPmsuspended:
		if libvirt.DomainPausedReason(reason) == libvirt.DomainPausedShuttingDown {
			return host.ShuttingDown, "", ""
		}
		pause, known := pauses[libvirt.DomainPausedReason(reason)]
		if !known || libvirt.DomainState(state) == libvirt.DomainPmsuspended {
			pause = host.PauseOther
		}
		return host.Paused, pause, ""
	case libvirt.DomainShutdown:
		return host.ShuttingDown, "", ""
	case libvirt.DomainCrashed:
		return host.Crashed, "", ""
	case libvirt.DomainShutoff:
		end, known := ends[libvirt.DomainShutoffReason(reason)]
		if !known {
			end = host.EndUnknown
		}
		return host.Off, "", end
	default:
		return host.Running, "", ""
	}
}

// inPostCopy says that part of a guest's memory is on another host. At the source it is
// paused then.
func inPostCopy(state, reason int32) bool {
	switch libvirt.DomainState(state) {
	case libvirt.DomainRunning:
		why := libvirt.DomainRunningReason(reason)
		return why == libvirt.DomainRunningPostcopy || why == libvirt.DomainRunningPostcopyFailed
	case libvirt.DomainPaused:
		why := libvirt.DomainPausedReason(reason)
		return why == libvirt.DomainPausedPostcopy || why == libvirt.DomainPausedPostcopyFailed
	}
	return false
}
