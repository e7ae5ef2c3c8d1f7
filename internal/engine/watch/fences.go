package watch

import (
	"context"
	"errors"
	"sync"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/engine/fencing"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
	"vireo/internal/store"
)

// The pauses between attempts to cut a host off that does not answer.
const (
	firstFence = 30 * time.Second
	lastFence  = 10 * time.Minute
)

// fences has one keeper for each host that does not answer or is starting.
type fences struct {
	mu      sync.Mutex
	keeping map[model.ID]chan struct{} // signalled when the host changes
}

func newFences() *fences { return &fences{keeping: make(map[model.ID]chan struct{})} }

// fenced says whether a host's status is one that a keeper has something to do in.
func fenced(on *model.Host) bool {
	return on.Status == model.HostNonResponsive || on.Status == model.HostReboot || returns(on)
}

// returns says whether a host that was cut off from its storage answers and is to be let
// back.
func returns(on *model.Host) bool { return on.Status == model.HostNonOperational && on.MayReturn() }

// guardHost begins to keep a host that needs it, and tells its keeper of a change.
func (w *Watcher) guardHost(on *model.Host) {
	w.fences.mu.Lock()
	defer w.fences.mu.Unlock()
	if changed, kept := w.fences.keeping[on.ID]; kept {
		signal(changed)
		return
	}
	if !fenced(on) || w.base.Err() != nil {
		return
	}
	changed := make(chan struct{}, 1)
	w.fences.keeping[on.ID] = changed
	w.wait.Go(func() { w.keepHost(on.ID, changed) })
}

// keepHost cuts a host off while it does not answer, gives up one that was to start and
// does not, and has one let back to its storage.
func (w *Watcher) keepHost(id model.ID, changed <-chan struct{}) {
	pause := firstFence
	var notBefore time.Time
	for {
		w.fences.mu.Lock()
		on, exists := w.inventory.Hosts.Get(id)
		if !exists || !fenced(on) || w.base.Err() != nil {
			delete(w.fences.keeping, id)
			w.fences.mu.Unlock()
			return
		}
		w.fences.mu.Unlock()
		var due <-chan time.Time
		var timer *time.Timer
		switch {
		case on.Status == model.HostReboot:
			// It may have had power all the time, or have started faster than that was written.
			if w.compareSoon(id) == nil {
				continue
			}
			limit := on.Since.Add(w.values.Duration("ServerRebootTimeout"))
			if !time.Now().Before(limit) {
				w.startedInVain(id)
				continue
			}
			timer = time.NewTimer(time.Until(limit))
		case (w.toBeFenced(on) || returns(on)) && !time.Now().Before(notBefore):
			if w.keepNow(on) {
				continue
			}
			notBefore = time.Now().Add(pause)
			pause = min(pause*2, lastFence)
			timer = time.NewTimer(time.Until(notBefore))
		case w.toBeFenced(on) || returns(on):
			timer = time.NewTimer(time.Until(notBefore))
		}
		if timer != nil {
			due = timer.C
		}
		select {
		case <-changed:
		case <-due:
		case <-w.base.Done():
		}
		if timer != nil {
			timer.Stop()
		}
	}
}

// keepNow cuts one host off, or has it let back. It returns when that has ended.
func (w *Watcher) keepNow(on *model.Host) bool {
	if !returns(on) {
		return w.fenceNow(w.base, on.ID)
	}
	_, err := w.Engine.Act(w.base, &engine.Call{
		On: model.KindHost, Name: "fence", Target: on.ID, Async: new(false), Params: &fencing.Params{Type: model.FenceStart, Automatic: true},
	})
	if err != nil && w.base.Err() == nil {
		w.Log.Warn("a host could not be let back to its storage", "host", on.ID, "err", err)
	}
	return err == nil
}

// compareSoon compares a host that is connected.
func (w *Watcher) compareSoon(id model.ID) error {
	bounded, cancel := context.WithTimeout(w.base, w.values.Duration("HostCallTimeout"))
	defer cancel()
	return w.Compare(bounded, id)
}

// toBeFenced says whether the engine is to cut a host off by itself: it can, and what
// ran there is not known to have ended.
func (w *Watcher) toBeFenced(on *model.Host) bool {
	return on.Status == model.HostNonResponsive && on.Power.Enabled && len(on.Power.Agents) > 0 && !engine.Ended(on)
}

// fenceNow cuts one host off and has it start again, unless so many hosts are silent
// that it is rather the engine which nobody hears. It returns when that has ended.
func (w *Watcher) fenceNow(ctx context.Context, id model.ID) bool {
	on, exists := w.inventory.Hosts.Get(id)
	if !exists {
		return true
	}
	if silent, all := w.silentIn(on.Cluster); silent*100 > all*w.values.Int("FencingThreshold") {
		w.noteFence(id, audit.FenceSkipped, "")
		return false
	}
	_, err := w.Engine.Act(ctx, &engine.Call{
		On: model.KindHost, Name: "fence", Target: id, Async: new(false),
		Params: &fencing.Params{Type: model.FenceRestart, Automatic: true},
	})
	if err != nil && ctx.Err() == nil {
		w.Log.WarnContext(ctx, "a host that does not answer could not be cut off", "host", id, "err", err)
		w.noteFence(id, audit.FenceInVain, fault.Of(err).Message())
	}
	return err == nil
}

// silentIn counts the hosts of a cluster that do not answer, of those that should.
func (w *Watcher) silentIn(cluster model.ID) (silent, all int) {
	for _, on := range w.inventory.Hosts.All() {
		if on.Cluster != cluster || !lifecycle.HostWatched(on.Status) {
			continue
		}
		all++
		if on.Status == model.HostNonResponsive || on.Status == model.HostConnecting {
			silent++
		}
	}
	return silent, all
}

func (w *Watcher) noteFence(id model.ID, code audit.Code, detail string) {
	w.wrote(w.inventory.Update(w.base, func(tx *inventory.Tx) error {
		if on, ok := tx.Hosts.Get(id); ok {
			tx.Event(audit.New(code, audit.About{Host: on, Detail: detail}))
		}
		return nil
	}))
}

// startedInVain gives up a host that was given power and does not answer.
func (w *Watcher) startedInVain(id model.ID) {
	w.wrote(w.inventory.Update(w.base, func(tx *inventory.Tx) error {
		edited, ok := tx.Hosts.Edit(id)
		if ok && edited.Status == model.HostReboot && engine.MoveHost(edited, lifecycle.HostSilent, "It was given power and does not answer.") {
			tellUnusable(tx, edited)
		}
		return nil
	}))
}

// loseHeld closes the run of a VM whose host is known to have ended.
func (w *Watcher) loseHeld(ctx context.Context, id model.ID) {
	vm, exists := w.inventory.VMs.Get(id)
	if !exists {
		return
	}
	if on, known := w.inventory.Hosts.Get(vm.Run.Host); !known || !engine.Ended(on) {
		return
	}
	err := w.inventory.Update(ctx, func(tx *inventory.Tx) error {
		w.Engine.LoseHeld(tx, id)
		return nil
	})
	w.wrote(err)
	if err != nil && !errors.Is(err, store.ErrFenced) {
		w.lookLater(id)
	}
}
