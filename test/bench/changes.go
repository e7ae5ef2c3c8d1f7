package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
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
// first GET that shows it. libvirt keeps what it knows of guests that run in /run, which
// is memory on a host of the farm as on any other.
func measureEvents(ctx context.Context, s *settings, out *report) (err error) {
	if s.guest == "" {
		return errors.New("-guest names no folder")
	}
	all, err := openFarm(ctx, s, 1)
	defer all.close()
	if err != nil {
		return err
	}
	h := all.hosts[0].hypervisor
	if err := h.follow(ctx); err != nil {
		return err
	}
	e, err := startEngine(ctx, s, filepath.Join(s.folder, "events"), nil, "--local-host", all.hosts[0].address, "--allow-insecure-hosts")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.stop()) }()
	id, err := prepare(ctx, s, e, "")
	if err != nil {
		return err
	}
	if err := post(ctx, e, id, "start"); err != nil {
		return err
	}
	if err := e.waitFor(ctx, "/api/vms/"+id, "<state>up</state>"); err != nil {
		return err
	}
	polling, stop := context.WithCancel(ctx)
	sights := make(chan sight, 16)
	go poll(polling, e, "/api/vms/"+id, sights)
	defer func() {
		stop()
		for range sights { // until the poller has gone
		}
	}()
	var lags, bare, syncs times
	for i := range s.changes {
		lag, one, err := change(ctx, h, uuid.MustParse(id), i%2 == 0, sights)
		if err != nil {
			return err
		}
		synced, err := syncOnce(e.dataDir)
		if err != nil {
			return err
		}
		lags, bare, syncs = append(lags, lag), append(bare, one), append(syncs, synced)
	}
	p99 := lags.at(99)
	t := table{
		title: "From an event of libvirt to a GET that shows it",
		about: "A running guest is paused and resumed through libvirt, not through Vireo. Measured from the arrival of the event " +
			"at an independent client of libvirt to the end of the first answer with the new status, asking back to back. It takes a look at the guest, " +
			"a transaction that is synced to the disk, and a GET. For comparison, what that client needs to ask libvirt for the guest's state once, then, " +
			"and after each change the time of a write of 4 KiB and its sync beside the database.",
		heads: []string{"p50", "p99", "longest", "changes"},
	}
	t.row("event to visible", "p99 < 20 ms", p99 < 20*time.Millisecond,
		lags.middle(), milliseconds(p99), milliseconds(lags.at(100)), fmt.Sprint(len(lags)))
	t.row("one call to libvirt", "", false,
		bare.middle(), milliseconds(bare.at(99)), milliseconds(bare.at(100)), fmt.Sprint(len(bare)))
	t.row("one write and its sync", "", false,
		syncs.middle(), milliseconds(syncs.at(99)), milliseconds(syncs.at(100)), fmt.Sprint(len(syncs)))
	out.add(t)
	return nil
}

// syncOnce appends to a file in a folder as a database does, and gives how long that took.
func syncOnce(folder string) (time.Duration, error) {
	file, err := os.OpenFile(filepath.Join(folder, "synced"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	began := time.Now()
	if _, err := file.Write(make([]byte, 4096)); err != nil {
		return 0, err
	}
	err = file.Sync()
	return time.Since(began), err
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
