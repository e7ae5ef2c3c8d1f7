package watch

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"vireo/internal/audit"
	"vireo/internal/host"
	"vireo/internal/inventory"
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
	for ctx.Err() == nil {
		reached, err := w.session(ctx, m)
		if ctx.Err() != nil {
			return
		}
		if reached {
			pause = firstPause
		}
		w.Log.WarnContext(ctx, "the host is out of reach; trying again", "host", m.id, "err", err)
		w.noteLoss(ctx, m, err)
		timer := time.NewTimer(pause/2 + rand.N(pause))
		select {
		case <-timer.C:
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
	conn, err := w.Driver.Connect(dialling, known.Address)
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
	if err := w.compare(dialling, m, conn); err != nil {
		return false, fmt.Errorf("comparing guests: %w", err)
	}
	m.mu.Lock()
	m.conn, m.lost = conn, time.Time{}
	m.mu.Unlock()
	w.announce()
	w.Log.InfoContext(ctx, "the host is connected", "host", m.id, "name", known.Name)
	defer func() {
		m.mu.Lock()
		m.conn, m.lost = nil, time.Now()
		m.mu.Unlock()
		w.announce()
	}()
	w.surveys.ask(m.id)
	w.lookAtAll(m.id)
	return true, w.listen(ctx, m, conn, events)
}

// listen follows events until the connection is lost, testing it when it is
// quiet.
func (w *Watcher) listen(ctx context.Context, m *machine, conn host.Host, events <-chan host.Event) error {
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

// noteLoss shows a host that was lost as connecting, with the reason.
func (w *Watcher) noteLoss(ctx context.Context, m *machine, cause error) {
	known, exists := w.inventory.Hosts.Get(m.id)
	detail := sentence(cause)
	if !exists || known.StatusDetail == detail || known.Status == model.HostMaintenance {
		return
	}
	err := w.inventory.Update(ctx, func(tx *inventory.Tx) error {
		edited, ok := tx.Hosts.Edit(m.id)
		if !ok {
			return nil
		}
		edited.StatusDetail = detail
		if edited.Status == model.HostUp || edited.Status == model.HostUnassigned {
			edited.Status, edited.Since = model.HostConnecting, time.Now().UTC()
		}
		return nil
	})
	w.wrote(err)
}

// judgeSilence makes a host non_responsive, and its VMs unknown, when it has
// been out of reach for too long.
func (w *Watcher) judgeSilence(ctx context.Context, m *machine) {
	for {
		w.mu.Lock()
		changed := w.changed
		w.mu.Unlock()
		m.mu.Lock()
		lost := m.lost
		m.mu.Unlock()
		var expired <-chan time.Time
		var timer *time.Timer
		if known, exists := w.inventory.Hosts.Get(m.id); exists && !lost.IsZero() && known.Status != model.HostNonResponsive {
			timer = time.NewTimer(time.Until(lost.Add(w.values.Duration("VdsTimeout"))))
			expired = timer.C
		}
		select {
		case <-expired:
			m.mu.Lock()
			still := m.lost.Equal(lost)
			m.mu.Unlock()
			if still && !w.silent(ctx, m) {
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
		if !ok || edited.Status == model.HostNonResponsive {
			return nil
		}
		edited.Status, edited.Since = model.HostNonResponsive, time.Now().UTC()
		tx.Event(audit.New(audit.HostNonResponsive, audit.About{Host: edited, Detail: edited.StatusDetail}))
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
