package watch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vireo/internal/audit"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// followHosts starts and ends a loop for each host as they come and go.
func (w *Watcher) followHosts() {
	w.mu.Lock()
	for _, known := range w.inventory.Hosts.All() {
		w.arrivals[known.ID] = true
	}
	w.mu.Unlock()
	for {
		w.mu.Lock()
		for id := range w.arrivals {
			_, exists := w.inventory.Hosts.Get(id)
			watched := w.machines[id]
			switch {
			case exists && watched == nil:
				w.watchHost(id)
			case !exists && watched != nil:
				watched.cancel()
				delete(w.machines, id)
			}
		}
		clear(w.arrivals)
		w.mu.Unlock()
		select {
		case <-w.hosts:
		case <-w.base.Done():
			return
		}
	}
}

func (w *Watcher) watchHost(id model.ID) {
	ctx, cancel := context.WithCancel(w.base)
	watched := &machine{
		id: id, cancel: cancel, poked: make(chan struct{}, 1), lost: time.Now(), cpu: make(map[model.ID]host.Sample),
		deaf: make(map[model.ID]bool),
	}
	if on, exists := w.inventory.Hosts.Get(id); exists {
		watched.wish = wishOf(on)
		if on.Status == model.HostPreparingForMaintenance {
			w.emptying[id] = true
		}
	}
	w.machines[id] = watched
	w.wait.Go(func() { w.follow(ctx, watched) })
	w.wait.Go(func() { w.judgeSilence(ctx, watched) })
	w.empties.ask(id)
}

// hostChanged hears that the record of a host has changed.
func (w *Watcher) hostChanged(id model.ID) {
	on, exists := w.inventory.Hosts.Get(id)
	w.mu.Lock()
	watched := w.machines[id]
	if exists != (watched != nil) {
		w.arrivals[id] = true
		signal(w.hosts)
	}
	delete(w.emptying, id)
	if exists && on.Status == model.HostPreparingForMaintenance {
		w.emptying[id] = true
	}
	emptying := w.emptying[id]
	w.mu.Unlock()
	if emptying {
		w.empties.ask(id)
	}
	if watched == nil || !exists {
		return
	}
	watched.mu.Lock()
	before := watched.wish
	watched.wish = wishOf(on)
	changed := watched.wish != before
	watched.mu.Unlock()
	if changed {
		signal(watched.poked)
	}
}

// wishOf is what the connection to a host depends on.
func wishOf(on *model.Host) string {
	return fmt.Sprint(on.Dial(), lifecycle.HostWatched(on.Status), begins(on.Status))
}

// begins says whether a host is to be looked at now: it was activated or added.
func begins(status model.HostStatus) bool {
	return status == model.HostUnassigned || status == model.HostInstalling
}

// vmChanged hears that a VM has changed: it may have left a host that is to be empty.
func (w *Watcher) vmChanged() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id := range w.emptying {
		w.empties.ask(id)
	}
}

func signal(to chan<- struct{}) {
	select {
	case to <- struct{}{}:
	default:
	}
}

// errLetGo ends a session that is not wanted any more; errElsewhere one with a host
// that is to be dialled in another way.
var (
	errLetGo     = errors.New("the host is not used any more")
	errElsewhere = errors.New("the address of the host has changed")
)

// wanted waits until a host is to be connected to; false: the context has ended.
func (w *Watcher) wanted(ctx context.Context, m *machine) bool {
	waited := false
	for {
		known, exists := w.inventory.Hosts.Get(m.id)
		if exists && lifecycle.HostWatched(known.Status) {
			break
		}
		waited = true
		select {
		case <-m.poked:
		case <-ctx.Done():
			return false
		}
	}
	if waited {
		m.mu.Lock()
		m.lost = time.Now()
		m.mu.Unlock()
		w.announce()
	}
	return ctx.Err() == nil
}

// reconsider looks at what has changed in the record of a connected host.
func (w *Watcher) reconsider(ctx context.Context, m *machine, conn host.Host, dialled string) error {
	known, exists := w.inventory.Hosts.Get(m.id)
	switch {
	case !exists || !lifecycle.HostWatched(known.Status):
		return errLetGo
	case known.Dial() != dialled:
		return errElsewhere
	case begins(known.Status):
		// Activated while it is connected.
		bounded, cancel := context.WithTimeout(ctx, w.values.Duration("HostCallTimeout"))
		defer cancel()
		guests, err := w.compare(bounded, m, conn)
		if err == nil {
			w.reviewForeign(m, guests)
		}
		return err
	}
	return nil
}

// Compare reads what a connected host is and runs, now.
func (w *Watcher) Compare(ctx context.Context, id model.ID) error {
	watched := w.machine(id)
	conn, err := w.Connected(id)
	if err != nil {
		return err
	}
	guests, err := w.compare(ctx, watched, conn)
	if err != nil {
		return err
	}
	w.reviewForeign(watched, guests)
	w.lookAtAll(id)
	return nil
}

// pin records the ssh key that a host shows at first contact (event 20321).
func pin(tx *inventory.Tx, on *model.Host) {
	shown := on.Facts.SSHKey
	if shown == "" || on.SSHKey != "" {
		return
	}
	on.SSHKey, on.SSHFingerprint = shown, model.Fingerprint(shown)
	tx.Event(audit.New(audit.HostKeyPinned, audit.About{Host: on, Detail: on.SSHFingerprint}))
}
