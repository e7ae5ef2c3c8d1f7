package host

import (
	"context"

	"vireo/internal/model"
)

// AgentPort is the name of the virtio-serial port of every guest at which the engine's own
// agent listens (api-v3 3.8). qemu-guest-agent, which the host speaks to, has another.
const AgentPort = "com.redhat.rhevm.vdsm"

// Channels lead to the engine's own agents inside guests.
type Channels interface {
	// OpenChannel opens the port AgentPort of a guest that runs, within ctx; whoever had
	// it open loses it. It lasts until it is closed, until somebody else opens it, until
	// the guest ends or moves away, or until the connection is lost.
	//
	// Many channels share one connection. So hear gets what comes as it comes, in order
	// and never at the same time, and must return soon: meanwhile the other guests of the
	// host are not heard. It may be called before OpenChannel returns. The data is valid
	// during the call only.
	//
	// RefusedUnsupported when the guest has no such port: it was started without.
	// RefusedState when it does not run.
	OpenChannel(ctx context.Context, id model.ID, hear func(data []byte)) (Channel, error)
}

// Channel is an open channel to the agent of one guest.
type Channel interface {
	// Send gives the guest's system some data, whole; that somebody reads it there is
	// not known. ErrUnreachable when the channel has ended.
	Send(ctx context.Context, data []byte) error
	// Done is closed when the channel has ended, for whatever reason. Nothing is heard
	// afterwards.
	Done() <-chan struct{}
	// Close ends the channel, which the guest notices. It may be called again.
	Close() error
}
