package libvirt

import (
	"github.com/digitalocean/go-libvirt"

	"vireo/internal/host"
)

// eventPauses and eventEnds are the details of lifecycle events in our words.
var (
	eventPauses = map[libvirt.DomainEventSuspendedDetailType]host.Pause{
		libvirt.DomainEventSuspendedPaused:       host.PauseUser,
		libvirt.DomainEventSuspendedMigrated:     host.PauseWork,
		libvirt.DomainEventSuspendedIoerror:      host.PauseIO,
		libvirt.DomainEventSuspendedWatchdog:     host.PauseWatchdog,
		libvirt.DomainEventSuspendedRestored:     host.PauseUser,
		libvirt.DomainEventSuspendedFromSnapshot: host.PauseUser,
	}
	eventEnds = map[libvirt.DomainEventStoppedDetailType]host.End{
		libvirt.DomainEventStoppedShutdown:  host.EndShutdown,
		libvirt.DomainEventStoppedDestroyed: host.EndDestroyed,
		libvirt.DomainEventStoppedCrashed:   host.EndCrashed,
		libvirt.DomainEventStoppedMigrated:  host.EndMigrated,
		libvirt.DomainEventStoppedSaved:     host.EndSaved,
		// QEMU died without a word: the reason that the host keeps is "crashed".
		libvirt.DomainEventStoppedFailed: host.EndCrashed,
	}
)

// translateEvent turns a message of libvirt into an event of ours; ok is false
// for those that say nothing to us.
func translateEvent(message any) (event host.Event, ok bool) {
	switch m := message.(type) {
	case *libvirt.DomainEventCallbackLifecycleMsg:
		event.Guest = idOf(m.Msg.Dom)
		return lifecycleEvent(event, libvirt.DomainEventType(m.Msg.Event), m.Msg.Detail)
	case *libvirt.DomainEventCallbackRebootMsg:
		return host.Event{Guest: idOf(m.Msg.Dom), Kind: host.EventReset}, true
	case *libvirt.DomainEventCallbackWatchdogMsg:
		return host.Event{Guest: idOf(m.Msg.Dom), Kind: host.EventWatchdog}, true
	case *libvirt.DomainEventCallbackIOErrorReasonMsg:
		return host.Event{
			Guest: idOf(m.Msg.Dom), Kind: host.EventIOError, Pause: errorReason(m.Msg.Reason), Path: m.Msg.SrcPath,
		}, true
	case *libvirt.DomainEventCallbackControlErrorMsg:
		return host.Event{Guest: idOf(m.Msg.Dom), Kind: host.EventControlError}, true
	case *libvirt.DomainEventCallbackDiskChangeMsg:
		event = host.Event{Guest: idOf(m.Msg.Dom), Kind: host.EventMediumChanged}
		if len(m.Msg.NewSrcPath) > 0 {
			event.Path = m.Msg.NewSrcPath[0]
		}
		return event, true
	case *libvirt.DomainEventCallbackTrayChangeMsg:
		return host.Event{Guest: idOf(m.Msg.Dom), Kind: host.EventMediumChanged}, true
	case *libvirt.DomainEventCallbackAgentLifecycleMsg:
		event = host.Event{Guest: idOf(m.Dom), Kind: host.EventAgentDisconnected}
		if libvirt.ConnectDomainEventAgentLifecycleState(m.State) == libvirt.ConnectDomainEventAgentLifecycleStateConnected {
			event.Kind = host.EventAgentConnected
		}
		return event, true
	default:
		return host.Event{}, false
	}
}

func lifecycleEvent(event host.Event, kind libvirt.DomainEventType, detail int32) (host.Event, bool) {
	switch kind {
	case libvirt.DomainEventDefined:
		event.Kind = host.EventDefined
	case libvirt.DomainEventUndefined:
		event.Kind = host.EventForgotten
	case libvirt.DomainEventStarted:
		event.Kind = host.EventStarted
	case libvirt.DomainEventSuspended, libvirt.DomainEventPmsuspended:
		event.Kind = host.EventPaused
		pause, known := eventPauses[libvirt.DomainEventSuspendedDetailType(detail)]
		if !known || kind == libvirt.DomainEventPmsuspended {
			pause = host.PauseOther
		}
		event.Pause = pause
	case libvirt.DomainEventResumed:
		event.Kind = host.EventResumed
	case libvirt.DomainEventStopped:
		event.Kind = host.EventStopped
		end, known := eventEnds[libvirt.DomainEventStoppedDetailType(detail)]
		if !known {
			end = host.EndUnknown
		}
		event.End = end
	case libvirt.DomainEventShutdown:
		event.Kind = host.EventShuttingDown
	case libvirt.DomainEventCrashed:
		event.Kind = host.EventPanicked
	default:
		return host.Event{}, false
	}
	return event, true
}
