package watch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// compare reads what a host is and runs, and brings the record in line: the
// host is up, a host that was restarted has lost its guests, and guests that
// belong to nobody here are told of. What became of each guest is found by the
// looks that follow. guests are those that it has listed.
func (w *Watcher) compare(ctx context.Context, m *machine, conn host.Host) (guests []host.Guest, err error) {
	ended := false // guests that were taken to have ended
	for {
		guests, err = w.compareOnce(ctx, m, conn, ended)
		if errors.Is(err, errOutdated) {
			continue
		}
		doomed, ok := errors.AsType[*doomedError](err)
		if !ok {
			return guests, err
		}
		if err := w.end(ctx, conn, m.id, doomed); err != nil {
			return nil, err
		}
		ended = ended || doomed.surprising
	}
}

// errOutdated says of a comparison that the host was found to have ended while it was
// being read: what it has said may be older than that.
var errOutdated = errors.New("the host has ended while it was compared")

func (w *Watcher) compareOnce(ctx context.Context, m *machine, conn host.Host, ended bool) ([]host.Guest, error) {
	var lostBefore, leasedBefore *model.Lost
	if known, exists := w.inventory.Hosts.Get(m.id); exists {
		lostBefore, leasedBefore = known.Lost, known.Leased
	}
	facts, err := conn.Facts(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading facts: %w", err)
	}
	bootID, err := conn.BootID(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the boot id: %w", err)
	}
	guests, err := conn.Guests(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing guests: %w", err)
	}
	lost := w.lostByReboot(ctx, m.id, bootID, guests)
	var stale []host.Guest
	takeBack := func() {}
	err = w.inventory.Update(ctx, func(tx *inventory.Tx) error {
		edited, ok := tx.Hosts.Edit(m.id)
		if !ok || !lifecycle.HostWatched(edited.Status) {
			return errLetGo
		}
		if isNewer(edited.Lost, lostBefore) || isNewer(edited.Leased, leasedBefore) {
			return errOutdated
		}
		if err := w.foundAlive(tx, edited, bootID, guests, ended); err != nil {
			return err
		}
		rebooted := edited.BootID != "" && edited.BootID != bootID
		first := edited.BootID == ""
		if !facts.Accelerated && (first || edited.Facts.Accelerated) {
			tx.Event(audit.New(audit.HostEmulates, audit.About{Host: edited, Detail: facts.AccelerationDetail}))
		}
		edited.BootID, edited.Facts = bootID, facts
		engine.ReviewHost(tx, edited)
		pin(tx, edited)
		if rebooted {
			w.rebooted(tx, edited, lost)
		}
		w.strangers(tx, edited, guests)
		stale = w.stale(tx, edited, guests)
		missed(tx, m.id)
		takeBack = w.adoption.note(tx, m.id)
		return nil
	})
	if err != nil {
		takeBack()
		return nil, err
	}
	for _, guest := range stale {
		if err := w.leave(ctx, conn, guest); err != nil {
			w.Log.WarnContext(ctx, "what is left of a guest could not be forgotten", "host", m.id, "vm", guest.ID, "err", err)
			continue
		}
		if i := slices.IndexFunc(guests, func(each host.Guest) bool { return each.ID == guest.ID }); w.onlyMarked(guest) {
			guests[i].Ours, guests[i].Engine = false, ""
		} else {
			guests = slices.Delete(guests, i, i+1)
		}
	}
	return guests, nil
}

// isNewer says whether a proof has come since another was known.
func isNewer(now, before *model.Lost) bool {
	return now != nil && (before == nil || !before.At.Equal(now.At))
}

// leave gives up what a run has left.
func (w *Watcher) leave(ctx context.Context, conn host.Host, guest host.Guest) error {
	if w.onlyMarked(guest) {
		return conn.Disown(ctx, guest.ID)
	}
	return conn.Forget(ctx, guest.ID)
}

// onlyMarked says whether the definition of a guest of this engine is somebody else's, who
// has it again when no VM is it any more.
func (w *Watcher) onlyMarked(guest host.Guest) bool {
	_, known := w.inventory.VMs.Get(guest.ID)
	return !known && guest.Given.Adopted
}

// stale are the definitions that runs of this engine's VMs have left on a host,
// and that nobody needs: somebody could start them.
func (w *Watcher) stale(tx *inventory.Tx, on *model.Host, guests []host.Guest) []host.Guest {
	var left []host.Guest
	for _, guest := range guests {
		if !guest.Ours || guest.Engine != w.Engine.ID || guest.State != host.Off {
			continue
		}
		vm, known := tx.VMs.Get(guest.ID)
		if _, held := tx.Holder(model.Ref{Kind: model.KindVM, ID: guest.ID}); held ||
			known && (vm.Run.Host == on.ID || guest.Epoch > vm.Run.Epoch) {
			continue
		}
		if known && guest.Epoch == vm.Run.Epoch && !lifecycle.Resting(vm.Run.Status) && isEnd(guest) {
			continue // it may be how the run has ended, whose guest is looked for
		}
		left = append(left, guest)
	}
	return left
}

// lostByReboot are the VMs whose guests a host does not have any more since it was restarted,
// and that no other host may have: others are left to the looks that follow. They are closed
// together, so that those with the higher priority are started first.
func (w *Watcher) lostByReboot(ctx context.Context, on model.ID, bootID string, guests []host.Guest) map[model.ID]*model.VM {
	if known, ok := w.inventory.Hosts.Get(on); !ok || known.BootID == "" || known.BootID == bootID {
		return nil
	}
	// A host that hangs is not to keep this one from being used.
	ctx, cancel := context.WithTimeout(ctx, askingAround)
	defer cancel()
	var mu sync.Mutex
	var wait sync.WaitGroup
	lost := make(map[model.ID]*model.VM)
	for _, vm := range w.inventory.VMs.All() {
		is := func(guest host.Guest) bool { return guest.ID == vm.ID }
		if vm.Run.Host != on || vm.Run.Astray || !lifecycle.HasGuest(vm.Run.Status) {
			continue
		}
		if i := slices.IndexFunc(guests, is); i >= 0 && (guests[i].State != host.Off || isAway(vm, guests[i])) {
			continue
		}
		wait.Go(func() {
			if seen := w.askAround(ctx, vm); seen.at != "" || seen.pending || seen.mute {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			lost[vm.ID] = vm
		})
	}
	wait.Wait()
	return lost
}

// rebooted closes the runs of all VMs that a restarted host has lost (event
// 143). VMs that a job holds are left to the job.
func (w *Watcher) rebooted(tx *inventory.Tx, on *model.Host, lost map[model.ID]*model.VM) {
	for _, vm := range lost {
		if _, held := tx.Holder(vm.Ref()); held {
			continue
		}
		if fresh, ok := tx.VMs.Get(vm.ID); ok && fresh == vm {
			edited, _ := tx.VMs.Edit(vm.ID)
			w.wentWithHost(tx, edited, on)
		}
	}
}

// lookAtAll asks for a look at every VM that has to do with a host.
func (w *Watcher) lookAtAll(on model.ID) {
	for _, vm := range w.inventory.VMs.All() {
		if vm.Run.Host == on {
			w.looks.ask(vm.ID)
		}
	}
}

// setUnknown enters the unknown status, remembering the one before (event 142).
func setUnknown(tx *inventory.Tx, id model.ID, on *model.Host) {
	edited, ok := tx.VMs.Edit(id)
	if !ok || edited.Run.Status == model.StatusUnknown || lifecycle.Resting(edited.Run.Status) {
		return
	}
	engine.SetStatus(edited, model.StatusUnknown, edited.Run.Detail)
	tx.Event(audit.New(audit.SetUnknown, audit.About{VM: edited, Host: on}))
}
