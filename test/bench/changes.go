package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/digitalocean/go-libvirt"
	"github.com/google/uuid"
)

// sight is what a GET showed, and when its answer had come in.
type sight struct {
	paused bool
	at     time.Time
	err    error
}

// measureEvents pauses and resumes a running guest behind the engine's back, and
// measures from the moment a client of libvirt has the event to the end of the
// first GET that shows it.
func measureEvents(ctx context.Context, s *settings, out *report) (err error) {
	h, e, id, err := runningEngine(ctx, s, "events", "")
	if err != nil {
		return err
	}
	defer h.close()
	defer func() { err = errors.Join(err, e.stop()) }()
	vm := uuid.MustParse(id)
	defer h.remove(vm)
	if err := post(ctx, e, id, "start"); err != nil {
		return err
	}
	if err := e.waitFor(ctx, "/api/vms/"+id, "<state>up</state>"); err != nil {
		return err
	}
	polling, stop := context.WithCancel(ctx)
	sights := make(chan sight, 16)
	go poll(polling, e, "/api/vms/"+id, sights)
	var lags, bare times
	for i := range s.changes {
		lag, one, err := change(ctx, h, vm, i%2 == 0, sights)
		if err != nil {
			stop()
			return err
		}
		lags, bare = append(lags, lag), append(bare, one)
	}
	stop()
	for range sights { // until the poller has gone
	}
	p99 := lags.at(99)
	t := table{
		title: "From an event of libvirt to a GET that shows it",
		about: "A running guest is paused and resumed through libvirt, not through Vireo. Measured from the arrival of the event " +
			"at an independent client of libvirt to the end of the first answer with the new status, asking back to back. " +
			"For comparison, what that client needs to ask libvirt for the guest's state once, then.",
		heads: []string{"p50", "p99", "longest", "changes"},
	}
	t.row("event to visible", "p99 < 20 ms", p99 < 20*time.Millisecond,
		lags.middle(), milliseconds(p99), milliseconds(lags.at(100)), fmt.Sprint(len(lags)))
	t.row("one call to libvirt", "", false,
		bare.middle(), milliseconds(bare.at(99)), milliseconds(bare.at(100)), fmt.Sprint(len(bare)))
	out.add(t)
	return nil
}

// change makes one change and gives the time until it could be seen; 0 when it
// was seen before our own event came in. bare is how long one call to libvirt took
// meanwhile.
func change(ctx context.Context, h *hypervisor, vm uuid.UUID, pause bool, sights <-chan sight) (lag, bare time.Duration, err error) {
	do, what := h.rpc.DomainResume, libvirt.DomainEventResumed
	if pause {
		do, what = h.rpc.DomainSuspend, libvirt.DomainEventSuspended
	}
	if err := do(h.domain(vm)); err != nil {
		return 0, 0, err
	}
	happened, err := h.await(ctx, vm, what)
	if err != nil {
		return 0, 0, err
	}
	if _, _, err := h.rpc.DomainGetState(h.domain(vm), 0); err != nil {
		return 0, 0, err
	}
	bare = time.Since(happened)
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		select {
		case seen, open := <-sights:
			if !open || seen.err != nil {
				return 0, 0, errors.Join(errors.New("asking has ended"), seen.err)
			}
			if seen.paused == pause {
				return max(seen.at.Sub(happened), 0), bare, nil
			}
		case <-bounded.Done():
			return 0, 0, fmt.Errorf("the change was never seen: %w", bounded.Err())
		}
	}
}

// poll asks back to back over one connection and tells of every change.
func poll(ctx context.Context, e *engine, path string, sights chan<- sight) {
	defer close(sights)
	paused := false
	for ctx.Err() == nil {
		answer, err := e.ask(ctx, http.MethodGet, path, "")
		if ctx.Err() != nil {
			return
		}
		now := sight{paused: bytes.Contains(answer, []byte("<state>paused</state>")), at: time.Now(), err: err}
		if now.paused == paused && err == nil {
			continue
		}
		paused = now.paused
		select {
		case sights <- now:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}
