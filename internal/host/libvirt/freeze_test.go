package libvirt

import (
	"context"
	"errors"
	"testing"
	"time"

	"vireo/internal/host"
)

// TestRefusalsOfTheAgent: what the agent says is told from its silence.
func TestRefusalsOfTheAgent(t *testing.T) {
	for reason, want := range map[string]host.RefusalCode{
		"internal error: unable to execute QEMU agent command 'guest-fsfreeze-freeze': failed to freeze /mnt: Invalid argument":                                       host.RefusedOther,
		"internal error: unable to execute QEMU agent command 'guest-fsfreeze-freeze': The command guest-fsfreeze-freeze has not been found":                          host.RefusedUnsupported,
		"internal error: unable to execute QEMU agent command 'guest-fsfreeze-freeze': Command guest-fsfreeze-freeze has been disabled: the command is not allowed":   host.RefusedUnsupported,
		"internal error: unable to execute QEMU agent command 'guest-fsfreeze-freeze': Command guest-fsfreeze-freeze has been disabled: the agent is in frozen state": host.RefusedAgent,
		"Guest agent is not responding: QEMU guest agent is not connected":                                                                                            host.RefusedAgent,
	} {
		code := host.RefusedAgent
		if want != host.RefusedAgent {
			code = host.RefusedResource // whatever libvirt's code makes of it
		}
		err := orderRefusal(agentRefusal(&host.RefusedError{Code: code, Reason: reason}))
		if refused, ok := errors.AsType[*host.RefusedError](err); !ok || refused.Code != want || refused.Reason != reason {
			t.Errorf("%s: %#v, want %q", reason, err, want)
		}
	}
	if err := orderRefusal(host.ErrUnreachable); !errors.Is(err, host.ErrUnreachable) {
		t.Errorf("a silent host became %v", err)
	}
}

// TestFreezeSeconds: libvirt is given a little less than the caller has.
func TestFreezeSeconds(t *testing.T) {
	for limit, want := range map[time.Duration]int32{
		0: 1, time.Second: 1, 3500 * time.Millisecond: 2, 90 * time.Second: 88,
	} {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		if got := freezeSeconds(ctx); got != want {
			t.Errorf("of %v the agent is given %d s, want %d", limit, got, want)
		}
		cancel()
	}
	if got := freezeSeconds(t.Context()); got != agentTime {
		t.Errorf("without an end the agent is given %d s", got)
	}
}
