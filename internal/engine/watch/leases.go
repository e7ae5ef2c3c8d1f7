package watch

import (
	"context"
	"maps"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/lease"
	"vireo/internal/model"
)

const (
	// leasePause is how often leases are read.
	leasePause = 2 * time.Second
	// readingLease is how long the reading of one may take.
	readingLease = 5 * time.Second
	// heldAfter is how long a guest may run before it is told of that nobody holds its
	// lease.
	heldAfter = 30 * time.Second
	// someRenewals are added to the time in which a holder dies: the lease manager of
	// another host counts from when it has last looked.
	someRenewals = 1
	// noteAgain is how often it is read who holds the lease of a guest that is well.
	noteAgain = 10 * time.Second
)

// silence is how long a holder has been read not to renew, by this engine alone and by its
// own clock that does not jump: an engine that has just begun knows nothing of before.
type silence struct {
	holder model.Holder
	stamp  uint64
	// since is when the first reading had ended.
	since time.Time
	// read is when the latest reading was begun, others what it had of other hosts, and shown
	// when a reading was begun after which another host was read to have renewed. Until then
	// storage was read and not what somebody remembers of it, or a copy.
	read, shown time.Time
	others      map[uint64]uint64
}

// keepLeases reads the leases of VMs that run: of those that are seen to, who holds them,
// and of those that nothing is heard of, whether the holder has died.
func (w *Watcher) keepLeases() {
	if w.Engine.Leases == nil {
		return
	}
	silent, read := make(map[model.ID]silence), make(map[model.ID]time.Time)
	ticker := time.NewTicker(leasePause)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-w.base.Done():
			return
		}
		for _, vm := range w.inventory.VMs.All() {
			if vm.Run.Lease == nil {
				delete(silent, vm.ID)
				continue
			}
			if _, err := w.Connected(vm.Run.Host); err != nil {
				w.hearHolder(w.base, vm, silent)
				continue
			}
			delete(silent, vm.ID)
			if at := read[vm.ID]; vm.Run.Lease.Holder == nil || vm.Run.Since.After(at) || time.Since(at) >= noteAgain {
				read[vm.ID] = time.Now()
				w.noteHolder(w.base, vm)
			}
		}
		gone := func(id model.ID) bool { _, exists := w.inventory.VMs.Get(id); return !exists }
		maps.DeleteFunc(silent, func(id model.ID, _ silence) bool { return gone(id) })
		maps.DeleteFunc(read, func(id model.ID, _ time.Time) bool { return gone(id) })
	}
}

// noteHolder notes who holds the lease of a guest that is seen to run. Whoever holds it
// must have taken it in this run, and stay the same: of anything else nobody knows what it
// says of the guest, and nothing follows from the lease any more.
func (w *Watcher) noteHolder(ctx context.Context, vm *model.VM) {
	run := vm.Run.Lease
	if _, held := w.inventory.Holder(vm.Ref()); held || !engine.HoldsLease(vm.Run.Status) {
		return
	}
	domain, known := w.inventory.StorageDomains.Get(run.Domain)
	conn, err := w.Connected(vm.Run.Host)
	if !known || err != nil {
		return
	}
	bounded, cancel := context.WithTimeout(ctx, readingLease)
	defer cancel()
	// The guest first: what is read afterwards was written while it ran, or later.
	guest, err := conn.Guest(bounded, vm.ID)
	if err != nil || guest.State != host.Running || guest.PostCopy || guest.Epoch != vm.Run.Epoch || !w.Engine.Owns(vm, guest) {
		return
	}
	record, err := w.Engine.Leases.Record(bounded, domain, vm.ID)
	if err == nil && record.Held && run.Holder != nil && *run.Holder == record.Holder {
		return
	}
	held := record.Held && record.Holder.Version > run.Floor && record.Holder.Host != run.Not
	var renewal lease.Renewal
	if err == nil && held {
		var all map[uint64]lease.Renewal
		all, err = w.Engine.Leases.Renewals(bounded, domain)
		renewal = all[record.Holder.Host]
		held = renewal.Stamp != 0 && renewal.Generation == record.Holder.Generation
	}
	if err != nil {
		w.Log.DebugContext(ctx, "the lease of a VM could not be read", "vm", vm.ID, "err", err)
		return
	}
	next := *run
	switch {
	case held && (run.Holder == nil || run.Holder.Host == record.Holder.Host && run.Holder.Generation == record.Holder.Generation):
		// One that is known was paused, and has taken it again.
		w.Log.InfoContext(ctx, "the lease of a VM is held by its host", "vm", vm.ID, "host", vm.Run.Host, "holder", record.Holder)
		next.Holder, next.Dead = &record.Holder, renewal.Dead
	case held:
		w.Log.WarnContext(ctx, "the lease of a VM has another holder than before; nothing is told from it any more", "vm", vm.ID)
		w.writeLease(ctx, vm, nil)
		return
	case run.Told || time.Since(vm.Run.StartTime) < heldAfter || time.Since(vm.Run.Since) < heldAfter:
		return
	default:
		next.Told = true
	}
	w.writeLease(ctx, vm, &next)
}

// writeLease writes what was read, if the VM is as it was then.
func (w *Watcher) writeLease(ctx context.Context, looked *model.VM, now *model.RunLease) {
	w.wrote(w.inventory.Update(ctx, func(tx *inventory.Tx) error {
		vm, ok := tx.VMs.Get(looked.ID)
		_, held := tx.Holder(looked.Ref())
		if !ok || held || vm.Run.Epoch != looked.Run.Epoch || vm.Run.Host != looked.Run.Host || vm.Run.Lease != looked.Run.Lease {
			return nil
		}
		edited, _ := tx.VMs.Edit(vm.ID)
		edited.Run.Lease = now
		if (now == nil || now.Told) && !looked.Run.Lease.Told {
			on, _ := tx.Hosts.Get(vm.Run.Host)
			tx.Event(audit.New(audit.LeaseNotHeld, audit.About{VM: edited, Host: on}))
		}
		return nil
	}))
}

// hearHolder reads whether the holder of a lease still renews, of a guest that nothing is heard
// of, and closes its run when the holder is certain to have killed it.
func (w *Watcher) hearHolder(ctx context.Context, vm *model.VM, silent map[model.ID]silence) {
	lost := false
	w.wrote(w.inventory.Update(ctx, func(tx *inventory.Tx) error {
		fresh, ok := tx.VMs.Get(vm.ID)
		lost = ok && fresh == vm && engine.MayBeLostByLease(tx, vm)
		return nil
	}))
	domain, known := w.inventory.StorageDomains.Get(vm.Run.Lease.Domain)
	if !lost || !known {
		delete(silent, vm.ID)
		return
	}
	holder := *vm.Run.Lease.Holder
	begun := time.Now()
	record, all, err := w.readHolder(ctx, domain, vm.ID)
	switch {
	case err != nil: // proves nothing, and what was read before stays so
		w.Log.DebugContext(ctx, "the lease of a VM could not be read", "vm", vm.ID, "err", err)
		return
	case !record.Held || record.Holder != holder:
		// It was given up, or taken again. The guest may be paused, or have powered itself
		// off as somebody wanted, or run elsewhere: that says nothing that could be acted on.
		delete(silent, vm.ID)
		return
	}
	if !hasDied(silent, vm, all, begun) {
		return
	}
	w.wrote(w.inventory.Update(ctx, func(tx *inventory.Tx) error {
		w.Engine.LoseByLease(tx, vm.ID, vm.Run.Epoch, holder)
		return nil
	}))
}

// readHolder reads a lease and then what hosts have written last.
func (w *Watcher) readHolder(ctx context.Context, domain *model.StorageDomain, vm model.ID) (lease.Record, map[uint64]lease.Renewal, error) {
	bounded, cancel := context.WithTimeout(ctx, readingLease)
	defer cancel()
	record, err := w.Engine.Leases.Record(bounded, domain, vm)
	if err != nil {
		return record, nil, err
	}
	all, err := w.Engine.Leases.Renewals(bounded, domain)
	return record, all, err
}

// hasDied says whether the holder of a VM's lease has ended: it has left the lockspace, which
// it does when all that held leases there is dead; or it has not renewed for so long that it
// was killed, as this engine has seen itself, while another host has. begun is when the reading
// of all was begun.
func hasDied(silent map[model.ID]silence, vm *model.VM, all map[uint64]lease.Renewal, begun time.Time) bool {
	holder := *vm.Run.Lease.Holder
	renewal, known := all[holder.Host]
	if !known {
		return false
	}
	if renewal.Generation == holder.Generation && renewal.Stamp == 0 {
		return true
	}
	stamp := renewal.Stamp
	if renewal.Generation != holder.Generation {
		stamp = 0 // one that has joined anew does not renew as what it was before
	}
	others := make(map[uint64]uint64)
	for host, each := range all {
		if host != holder.Host {
			others[host] = each.Stamp
		}
	}
	before, heard := silent[vm.ID]
	if !heard || before.holder != holder || before.stamp != stamp {
		silent[vm.ID] = silence{holder: holder, stamp: stamp, since: time.Now(), read: begun, others: others}
		return false
	}
	for host, stamp := range others {
		if was, known := before.others[host]; known && stamp != 0 && stamp != was {
			before.shown = before.read
		}
	}
	before.read, before.others = begun, others
	silent[vm.ID] = before
	return before.shown.Sub(before.since) >= max(renewal.Dead, vm.Run.Lease.Dead)+someRenewals*renewal.Every
}
