package watch

import (
	"context"
	"errors"
	"sync"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

const (
	// askingAround is how long a host may take to say whether it has a guest; askedAtOnce is
	// how many are asked at a time, and soughtAtOnce for how many guests.
	askingAround = 5 * time.Second
	askedAtOnce  = 32
	soughtAtOnce = 4
	// askedSoon is the pause after which they are asked again when one did not answer that is
	// expected to, askedAgain when none has a guest that must be somewhere.
	askedSoon  = 2 * time.Second
	askedAgain = 30 * time.Second
)

// hasGone says of the guest of a VM that its host does not say how it has ended: it may be on
// another, brought there by somebody's hand or before the data was restored.
func hasGone(vm *model.VM, guest host.Guest) bool {
	return guest.State == lifecycle.Absent || guest.State == host.Off && (guest.End == host.EndUnknown || isAway(vm, guest))
}

// isAway says that a guest is known to have migrated. libvirt forgets that when it restarts,
// and the engine does not.
func isAway(vm *model.VM, guest host.Guest) bool {
	return guest.State == host.Off && (guest.End == host.EndMigrated || vm.Run.Astray)
}

// findElsewhere looks on all other hosts for the guest of a run that its own has not any
// more, and records where it is, or was when it ended. One of which its host says that it
// has migrated is somewhere, be it on a host that is not ours: nothing is started for its VM.
// False: it is nowhere, and nothing speaks against that its run is over.
func (w *Watcher) findElsewhere(ctx context.Context, conn host.Host, vm *model.VM, guest host.Guest) bool {
	if _, held := w.inventory.Holder(vm.Ref()); held || !lifecycle.HasGuest(vm.Run.Status) {
		return false // a job knows where it is
	}
	seen := w.askAround(ctx, vm)
	sure := !seen.pending && (!seen.mute || w.muteFor(vm.ID) > w.values.Duration("VdsTimeout"))
	switch {
	case ctx.Err() != nil:
		return true
	case seen.at != "" && (sure || !isEnd(seen.guest)):
		w.heardAll(vm.ID)
		if !w.found(ctx, vm, seen) {
			w.lookLater(vm.ID)
			return true
		}
		if guest.State == host.Off {
			w.forget(ctx, conn, vm.ID)
		}
		w.looks.ask(vm.ID)
	case !sure:
		w.seekAgain(vm.ID, askedSoon)
	case isAway(vm, guest):
		w.miss(ctx, vm)
		w.seekAgain(vm.ID, askedAgain)
	default:
		w.heardAll(vm.ID)
		return false
	}
	return true
}

// muteFor is for how long a connected host has not said whether it has the guest of a VM. It
// is waited for no longer than a host that is out of reach.
func (w *Watcher) muteFor(id model.ID) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.mute[id].IsZero() {
		w.mute[id] = time.Now()
	}
	return time.Since(w.mute[id])
}

// heardAll forgets since when a host has not said so: the guest is where it is known to be.
func (w *Watcher) heardAll(id model.ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.mute, id)
}

// found records where a guest is, and says whether it could.
func (w *Watcher) found(ctx context.Context, vm *model.VM, seen sighting) (written bool) {
	err := w.inventory.Update(ctx, func(tx *inventory.Tx) error {
		fresh, _ := tx.VMs.Get(vm.ID)
		on, known := tx.Hosts.Get(seen.at)
		if _, held := tx.Holder(vm.Ref()); held || !known || fresh != vm || isLeft(tx, vm.ID, seen.at) {
			return nil
		}
		foundOn(tx, vm.ID, on, seen.guest)
		written = true
		return nil
	})
	w.wrote(err)
	return written && err == nil
}

// foundOn records that the guest of a run is on a host that the engine has not brought it to.
func foundOn(tx *inventory.Tx, id model.ID, on *model.Host, guest host.Guest) {
	edited, _ := tx.VMs.Edit(id)
	takeOver(tx, edited, on, guest)
	edited.Run.BootID = on.BootID
	tx.Event(audit.New(audit.FoundElsewhere, audit.About{VM: edited, Host: on}))
}

// miss makes a VM unknown that has migrated, nobody knows where to.
func (w *Watcher) miss(ctx context.Context, vm *model.VM) {
	w.wrote(w.inventory.Update(ctx, func(tx *inventory.Tx) error {
		fresh, _ := tx.VMs.Get(vm.ID)
		if _, held := tx.Holder(vm.Ref()); held || fresh != vm || vm.Run.Astray {
			return nil
		}
		on, _ := tx.Hosts.Get(vm.Run.Host)
		edited, _ := tx.VMs.Edit(vm.ID)
		if edited.Run.Astray = true; vm.Run.Status != model.StatusUnknown {
			engine.SetStatus(edited, model.StatusUnknown, edited.Run.Detail)
		}
		tx.Event(audit.New(audit.MovedAway, audit.About{VM: edited, Host: on}))
		return nil
	}))
}

// seekAgain asks for a look after a while, once for each VM.
func (w *Watcher) seekAgain(id model.ID, after time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.seeking[id] {
		return
	}
	w.seeking[id] = true
	w.wait.Go(func() {
		timer := time.NewTimer(after)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-w.base.Done():
		}
		w.mu.Lock()
		delete(w.seeking, id)
		w.mu.Unlock()
		w.looks.ask(id)
	})
}

// sighting is where the guest of a run was seen, if it was.
type sighting struct {
	at    model.ID
	guest host.Guest
	// pending says that a host is about to be heard of, or has a guest that is coming or is
	// about to be ended; mute, that one which is connected has not said whether it has it.
	pending, mute bool
}

// askAround asks the other hosts for the guest of a VM's run.
func (w *Watcher) askAround(ctx context.Context, vm *model.VM) sighting {
	select {
	case w.around <- struct{}{}:
		defer func() { <-w.around }()
	case <-ctx.Done():
		return sighting{pending: true}
	}
	var mu sync.Mutex
	var wait sync.WaitGroup
	var seen sighting
	places := make(chan struct{}, askedAtOnce)
	for _, on := range w.inventory.Hosts.All() {
		if on.ID == vm.Run.Host || engine.Ended(on) {
			continue
		}
		conn, err := w.Connected(on.ID)
		_, left := w.inventory.Holder(model.Leftover(vm.ID, on.ID))
		if left || err != nil {
			mu.Lock()
			seen.pending = seen.pending || err == nil || w.isExpected(on)
			mu.Unlock()
			continue
		}
		places <- struct{}{}
		wait.Go(func() {
			defer func() { <-places }()
			bounded, cancel := context.WithTimeout(ctx, askingAround)
			defer cancel()
			guest, err := conn.Guest(bounded, vm.ID)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case errors.Is(err, host.ErrNotFound):
			case err != nil:
				w.Log.WarnContext(ctx, "a host does not say whether it has a guest", "host", on.ID, "vm", vm.ID, "err", err)
				seen.mute = true
			case guest.Epoch != vm.Run.Epoch || !w.Engine.Owns(vm, guest) || guest.PostCopy || rank(guest) == 0:
			case !isEnd(guest) && !guest.HasCome():
				seen.pending = true // it is coming
			case seen.at == "" || rank(guest) > rank(seen.guest):
				seen.at, seen.guest = on.ID, guest
			}
		})
	}
	wait.Wait()
	return seen
}

// isExpected says of a host that is not connected that it may answer soon: it has not been
// found silent for too long.
func (w *Watcher) isExpected(on *model.Host) bool {
	if on.BootID == "" || !lifecycle.HostWatched(on.Status) {
		return false
	}
	m := w.machine(on.ID)
	if m == nil {
		return true
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.conn != nil || !m.lost.Equal(m.judged)
}

// isEnd says that a host knows how a guest has ended there.
func isEnd(guest host.Guest) bool {
	return guest.State == host.Off && (guest.End == host.EndShutdown || guest.End == host.EndDestroyed || guest.End == host.EndCrashed)
}

// rank says which of several guests of a run is the one: that runs, before that stands still,
// before that has ended; 0 is none.
func rank(guest host.Guest) int {
	switch {
	case guest.State == host.Running:
		return 3
	case guest.State != host.Off:
		return 2
	case isEnd(guest):
		return 1
	}
	return 0
}
