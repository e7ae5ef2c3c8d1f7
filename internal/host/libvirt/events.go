package libvirt

import (
	"context"
	"time"

	"github.com/digitalocean/go-libvirt"

	"vireo/internal/host"
)

// watched are the kinds of event that are asked for.
var watched = []libvirt.DomainEventID{
	libvirt.DomainEventIDLifecycle,
	libvirt.DomainEventIDReboot,
	libvirt.DomainEventIDWatchdog,
	libvirt.DomainEventIDIoErrorReason,
	libvirt.DomainEventIDControlError,
	libvirt.DomainEventIDDiskChange,
	libvirt.DomainEventIDTrayChange,
	libvirt.DomainEventIDAgentLifecycle,
}

// Watch registers for all events on the link that carries nothing else. The
// library queues without a bound between its reader and us, we join equal events
// that wait (queue.go), so a slow reader of the channel stalls nothing.
func (h *hypervisor) Watch(ctx context.Context) (<-chan host.Event, error) {
	var streams []<-chan any
	err := refuse(host.RefusedState, "the events are watched already")
	h.watching.Do(func() { streams, err = h.subscribe(ctx) })
	if err != nil {
		return nil, err
	}
	out := make(chan host.Event, 64)
	queue := newEventQueue()
	queue.writers(len(streams))
	for _, stream := range streams {
		read := func() {
			defer queue.leave()
			for message := range stream {
				h.receive(message, queue)
			}
		}
		if !h.inBackground(read) {
			// The connection has ended, and with it the stream, which somebody has
			// to read to its end.
			read()
		}
	}
	deliver := func() {
		defer close(out)
		queue.deliver(out, h.done)
	}
	if !h.inBackground(deliver) {
		deliver()
	}
	return out, nil
}

// subscribe registers every kind that this libvirt knows. The streams end with
// the link.
func (h *hypervisor) subscribe(ctx context.Context) ([]<-chan any, error) {
	const doing = "registering for events"
	done := start(h.events, func() {}, func(rpc *libvirt.Libvirt) ([]<-chan any, error) {
		var streams []<-chan any
		for _, kind := range watched {
			stream, err := rpc.SubscribeEvents(context.Background(), kind, libvirt.OptDomain{})
			if libvirtCode(err) == libvirt.ErrInvalidArg || libvirtCode(err) == libvirt.ErrNoSupport {
				continue
			}
			if err != nil {
				return nil, err
			}
			streams = append(streams, stream)
		}
		return streams, nil
	})
	streams, err := await(ctx, doing, h.events, done)
	if err != nil {
		// Half registered is of no use; the caller connects anew.
		h.lose("events could not be registered")
		return nil, sortOut(doing, err)
	}
	return streams, nil
}

// receive turns one message into events and remembers what libvirt forgets.
func (h *hypervisor) receive(message any, queue *eventQueue) {
	event, ok := translateEvent(message)
	if !ok {
		return
	}
	event.Received = time.Now()
	switch event.Kind {
	case host.EventIOError:
		h.reasons.set(event.Guest, event.Pause)
	case host.EventResumed, host.EventStarted, host.EventStopped, host.EventForgotten:
		h.reasons.forget(event.Guest)
	}
	switch event.Kind {
	case host.EventReset, host.EventStarted, host.EventStopped:
		h.reboots.settle(event.Guest)
	}
	queue.put(event)
}
