package watch

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// The back-off between attempts to reach a host.
const (
	firstPause = 100 * time.Millisecond
	longPause  = 5 * time.Second
)

// follow is the loop of one host.
func (w *Watcher) follow(ctx context.Context, m *machine) {
	pause := firstPause
	for w.wanted(ctx, m) {
		reached, err := w.session(ctx, m)
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, errLetGo) || errors.Is(err, errElsewhere) {
			pause = firstPause
			continue
		}
		if reached {
			pause = firstPause
		}
		w.Log.WarnContext(ctx, "the host is out of reach; trying again", "host", m.id, "err", err)
		w.noteLoss(ctx, m, err)
		timer := time.NewTimer(pause/2 + rand.N(pause))
		select {
		case <-timer.C:
		case <-m.poked:
			timer.Stop()
			pause = firstPause
		case <-ctx.Done():
			timer.Stop()
			return
		}
		pause = min(pause*2, longPause)
	}
}

// session is one connection, from dialling to its loss. reached says that it
// came to be used.
func (w *Watcher) session(ctx context.Context, m *machine) (reached bool, err error) {
	known, exists := w.inventory.Hosts.Get(m.id)
	if !exists {
		return false, errors.New("the host was removed")
	}
	timeout := w.values.Duration("HostCallTimeout")
	dialling, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	conn, err := w.Driver.Connect(dialling, known.Dial())
	if err != nil {
		return false, fmt.Errorf("connecting: %w", err)
	}
	defer func() {
		_ = conn.Close() // nothing is left to be done with it
	}()
	// Events first, then the comparison: what happens in between is seen twice
	// rather than never.
	events, err := conn.Watch(dialling)
	if err != nil {
		return false, fmt.Errorf("asking for events: %w", err)
	}
	guests, err := w.compare(dialling, m, conn)
	if err != nil {
		return false, fmt.Errorf("comparing guests: %w", err)
	}
	dialled := known.Dial()
	if now, exists := w.inventory.Hosts.Get(m.id); exists && known.SSHKey == "" && now.URI() == known.URI() {
		dialled = now.Dial() // its key was pinned
	}
	m.mu.Lock()
	m.conn, m.lost = conn, time.Time{}
	w.Engine.SetForeign(m.id, guests) // before anybody can change that, or hears of changes
	m.mu.Unlock()
	w.announce()
	w.Log.InfoContext(ctx, "the host is connected", "host", m.id, "name", known.Name)
	defer func() {
		m.mu.Lock()
		m.conn, m.lost, m.load = nil, time.Now(), host.Load{}
		w.Engine.SetHostStats(m.id, nil)
		w.Engine.SetForeign(m.id, nil)
		m.mu.Unlock()
		w.announce()
	}()
	w.surveys.ask(m.id)
	w.lookAtAll(m.id)
	w.wait.Go(func() { w.sampleHost(ctx, m.id) })
	return true, w.listen(ctx, m, conn, events, dialled)
}

// listen follows events until the connection is lost, testing it when it is
// quiet.
func (w *Watcher) listen(ctx context.Context, m *machine, conn host.Host, events <-chan host.Event, dialled string) error {
	interval := w.values.Duration("HostPingInterval")
	ping := time.NewTicker(max(interval, time.Second))
	defer ping.Stop()
	quiet := false
	for {
		select {
		case event, open := <-events:
			if !open {
				return errors.New("the connection was lost")
			}
			quiet = false
			w.heard(m, conn, event)
		case <-conn.Done():
			return errors.New("the connection was closed")
		case <-ping.C:
			if quiet {
				if err := w.alive(ctx, conn); err != nil {
					return err
				}
			}
			quiet = true
		case <-m.poked:
			if err := w.reconsider(ctx, m, conn, dialled); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (w *Watcher) alive(ctx context.Context, conn host.Host) error {
	bounded, cancel := context.WithTimeout(ctx, max(w.values.Duration("HostPingInterval"), time.Second)*3)
	defer cancel()
	if err := conn.Alive(bounded); err != nil {
		return fmt.Errorf("the host does not answer: %w", err)
	}
	return nil
}

// noteLoss shows a host that was lost as connecting, with the reason, and one that
// refused as not to be used (events 505 and 517).
func (w *Watcher) noteLoss(ctx context.Context, m *machine, cause error) {
	known, exists := w.inventory.Hosts.Get(m.id)
	detail, why := sentence(cause), lifecycle.HostLost
	if refusal, ok := errors.AsType[*host.RefusedError](cause); ok && unusable[refusal.Code] {
		detail, why = refusal.Reason, lifecycle.HostRefused
	}
	if !exists || !lifecycle.HostWatched(known.Status) {
		return
	}
	if _, moves := lifecycle.HostMove(known.Status, why); !moves && known.StatusDetail == detail {
		return
	}
	err := w.inventory.Update(ctx, func(tx *inventory.Tx) error {
		edited, ok := tx.Hosts.Edit(m.id)
		if !ok || !lifecycle.HostWatched(edited.Status) {
			return nil
		}
		if engine.MoveHost(edited, why, detail) && why == lifecycle.HostRefused {
			tellUnusable(tx, edited)
		}
		return nil
	})
	w.wrote(err)
}

// unusable are the refusals of a host that will not end by themselves.
var unusable = map[host.RefusalCode]bool{
	host.RefusedIdentity: true, host.RefusedLogin: true, host.RefusedUnsupported: true,
}

// tellUnusable tells of a host that has just been given up.
func tellUnusable(tx *inventory.Tx, on *model.Host) {
	codes := map[model.HostStatus]audit.Code{
		model.HostInstallFailed: audit.HostInstallFailed, model.HostNonOperational: audit.HostNonOperational,
		model.HostNonResponsive: audit.HostNonResponsive,
	}
	if code, told := codes[on.Status]; told {
		tx.Event(audit.New(code, audit.About{Host: on, Detail: on.StatusDetail}))
	}
}

// judgeSilence makes a host non_responsive, and its VMs unknown, when it has
// been out of reach for too long.
func (w *Watcher) judgeSilence(ctx context.Context, m *machine) {
	for {
		w.mu.Lock()
		changed := w.changed
		w.mu.Unlock()
		m.mu.Lock()
		lost, judged := m.lost, m.judged
		m.mu.Unlock()
		var expired <-chan time.Time
		var timer *time.Timer
		if known, exists := w.inventory.Hosts.Get(m.id); exists && !lost.IsZero() && !lost.Equal(judged) && lifecycle.HostWatched(known.Status) {
			timer = time.NewTimer(time.Until(lost.Add(w.values.Duration("VdsTimeout"))))
			expired = timer.C
		}
		select {
		case <-expired:
			m.mu.Lock()
			still := m.lost.Equal(lost)
			m.mu.Unlock()
			switch {
			case !still:
			case w.silent(ctx, m):
				m.mu.Lock()
				m.judged = lost
				m.mu.Unlock()
			default:
				w.rest(ctx)
			}
		case <-changed:
		case <-ctx.Done():
		}
		if timer != nil {
			timer.Stop()
		}
		if ctx.Err() != nil {
			return
		}
	}
}

// rest waits a little before something is tried again that failed at once.
func (w *Watcher) rest(ctx context.Context) {
	timer := time.NewTimer(busyPause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// silent says whether it could be written.
func (w *Watcher) silent(ctx context.Context, m *machine) bool {
	err := w.inventory.Update(ctx, func(tx *inventory.Tx) error {
		edited, ok := tx.Hosts.Edit(m.id)
		if !ok || !lifecycle.HostWatched(edited.Status) {
			return nil
		}
		if engine.MoveHost(edited, lifecycle.HostSilent, edited.StatusDetail) {
			tellUnusable(tx, edited)
		}
		for _, vm := range tx.VMs.All() {
			if vm.Run.Host == m.id {
				setUnknown(tx, vm.ID, edited)
			}
		}
		return nil
	})
	w.wrote(err)
	return err == nil
}

// wrote logs an error of writing; a fenced engine is ended by its main.
func (w *Watcher) wrote(err error) {
	if err != nil && w.base.Err() == nil {
		w.Log.Error("an observation could not be written", "err", err)
	}
}

func sentence(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
