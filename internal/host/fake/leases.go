package fake

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"vireo/internal/host"
	"vireo/internal/lease"
	"vireo/internal/model"
)

// The times of lease managers: how often they renew, after how long without that they kill
// what holds leases, and when all others may be certain of it.
const (
	RenewsEvery = 20 * time.Second
	KillsAfter  = 80 * time.Second
	DeadAfter   = 140 * time.Second
)

// Leases are the records of the world's lease managers, which keep them as sanlock does:
// a guest holds its lease while its CPUs run, and what a machine could not write any more
// stays as it was.
func (w *World) Leases() lease.Leases { return records{w} }

// manager is the lease manager of one machine.
type manager struct {
	// none leaves leases alone, as a hypervisor does that was not told of them.
	none bool
	// number and generation say who it is in the lockspace.
	number, generation uint64
	// joined is when it has joined, stopped when it could renew last; zero while it can.
	joined, stopped time.Time
	// left says that it has left the lockspace in good order.
	left bool
	// holders are the guests that it kills when it can renew no more.
	holders map[*guest]bool
}

// record is the lease of one guest, as it is written.
type record struct {
	by                  *Machine
	generation, version uint64
	held                bool
	guest               *guest
}

func (m *Machine) join() {
	k := &m.keeper
	k.generation++
	k.joined, k.stopped, k.left, k.holders = time.Now(), time.Time{}, false, make(map[*guest]bool)
}

// renews says whether the manager holds the lockspace and reaches its storage.
func (k *manager) renews() bool { return k.stopped.IsZero() && !k.left }

// renewed is when it has renewed last.
func (k *manager) renewed() time.Time {
	until := time.Now()
	if !k.stopped.IsZero() {
		until = k.stopped
	}
	return k.joined.Add(until.Sub(k.joined).Truncate(RenewsEvery))
}

// IgnoreLeases has the machine run guests without their leases from now on.
func (m *Machine) IgnoreLeases() {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	m.keeper.none = true
}

// LoseLeases takes the storage of leases away from the machine: nothing is renewed, and
// what holds one is killed in time. Guests that hold none run on. GainLeases ends that.
func (m *Machine) LoseLeases() {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	m.loseLeases()
	generation := m.keeper.generation
	m.world.after(time.Until(m.keeper.renewed().Add(KillsAfter)), func() {
		if m.keeper.generation == generation && !m.keeper.renews() {
			m.killHolders()
			m.keeper.left = true
		}
	})
}

func (m *Machine) loseLeases() {
	if m.keeper.renews() {
		m.keeper.stopped = time.Now()
	}
}

// FailToKill takes the storage of leases away from a machine that has no watchdog, and
// whose lease manager hangs: what holds a lease runs on.
func (m *Machine) FailToKill() {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	m.loseLeases()
}

// GainLeases gives the storage of leases back. A manager that has killed what held some
// joins anew.
func (m *Machine) GainLeases() {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	switch {
	case m.crashed:
	case m.keeper.left:
		m.join()
	default:
		m.keeper.stopped = time.Time{}
	}
}

// LeaveLeases has the machine leave the lockspace, which kills what holds leases.
func (m *Machine) LeaveLeases() {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	if m.keeper.renews() {
		m.keeper.left = true
		m.killHolders()
	}
}

func (m *Machine) killHolders() {
	for _, g := range slices.Collect(maps.Keys(m.keeper.holders)) {
		g.quit(host.EndCrashed, true)
	}
}

// HideLeases has nobody but the machines read a lease any more, until it is called with
// false.
func (w *World) HideLeases(hidden bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hidden = hidden
}

// CopyLeases has engines read a copy of what hosts write to renew, as it is now, until it is
// called with false.
func (w *World) CopyLeases(copied bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.copied = nil
	if copied {
		w.copied = w.renewals()
	}
}

// takeLease lets a guest have its lease on a machine; false when that cannot be.
func (g *guest) takeLease(on *Machine) bool {
	k := &on.keeper
	if g.spec.Lease == nil || k.none {
		return true
	}
	w := on.world
	kept := w.leases[g.spec.ID]
	if kept == nil || !k.renews() || kept.held && kept.guest != g && !w.gone(kept) {
		return false
	}
	if kept.held && kept.guest == g && kept.by == on && kept.generation == k.generation && k.holders[g] {
		return true
	}
	*kept = record{by: on, generation: k.generation, version: kept.version + 1, held: true, guest: g}
	k.holders[g] = true
	return true
}

// dropLease gives it up, which is written if it can be.
func (g *guest) dropLease() {
	kept := g.machine.world.leases[g.spec.ID]
	for _, m := range g.machine.world.machines {
		if !m.keeper.holders[g] {
			continue
		}
		delete(m.keeper.holders, g)
		if kept != nil && kept.by == m && kept.guest == g && m.keeper.renews() {
			kept.held = false
		}
	}
}

// passLease hands it to another machine.
func (g *guest) passLease(to *Machine) {
	g.dropLease()
	g.takeLease(to)
}

// gone says whether the holder of a lease is certain to have ended.
func (w *World) gone(kept *record) bool {
	k := &kept.by.keeper
	return kept.generation != k.generation || k.left && k.stopped.IsZero() ||
		!k.stopped.IsZero() && time.Since(k.renewed()) >= DeadAfter
}

// records implement [lease.Leases].
type records struct{ world *World }

var errHidden = errors.New("the storage of leases cannot be read")

// Ready implements [lease.Leases].
func (r records) Ready(context.Context, *model.StorageDomain, int, int) error {
	r.world.mu.Lock()
	defer r.world.mu.Unlock()
	if r.world.hidden {
		return errHidden
	}
	return nil
}

// Place implements [lease.Leases].
func (records) Place(domain *model.StorageDomain, vm model.ID) lease.Place {
	return lease.Place{Space: string(domain.ID), Key: string(vm), Path: filepath.Join(domain.Dir(), string(domain.ID), "leases", string(vm))}
}

// Make implements [lease.Leases].
func (r records) Make(_ context.Context, _ *model.StorageDomain, vm model.ID, _, _ int) error {
	r.world.mu.Lock()
	defer r.world.mu.Unlock()
	switch {
	case r.world.hidden:
		return errHidden
	case r.world.leases[vm] == nil:
		r.world.leases[vm] = &record{}
	}
	return nil
}

// Remove implements [lease.Leases].
func (r records) Remove(_ context.Context, _ *model.StorageDomain, vm model.ID) error {
	r.world.mu.Lock()
	defer r.world.mu.Unlock()
	if r.world.hidden {
		return errHidden
	}
	delete(r.world.leases, vm)
	return nil
}

// Record implements [lease.Leases].
func (r records) Record(_ context.Context, _ *model.StorageDomain, vm model.ID) (lease.Record, error) {
	r.world.mu.Lock()
	defer r.world.mu.Unlock()
	kept := r.world.leases[vm]
	switch {
	case r.world.hidden:
		return lease.Record{}, errHidden
	case kept == nil:
		return lease.Record{}, errors.New("there is no such lease")
	case kept.by == nil:
		return lease.Record{}, nil
	}
	return lease.Record{
		Held:   kept.held,
		Holder: model.Holder{Host: kept.by.keeper.number, Generation: kept.generation, Version: kept.version},
	}, nil
}

// Renewals implements [lease.Leases].
func (r records) Renewals(context.Context, *model.StorageDomain) (map[uint64]lease.Renewal, error) {
	r.world.mu.Lock()
	defer r.world.mu.Unlock()
	switch {
	case r.world.hidden:
		return nil, errHidden
	case r.world.copied != nil:
		return maps.Clone(r.world.copied), nil
	}
	return r.world.renewals(), nil
}

func (w *World) renewals() map[uint64]lease.Renewal {
	all := make(map[uint64]lease.Renewal)
	for _, m := range w.machines {
		stamp := uint64(m.keeper.renewed().Sub(w.began)/time.Second) + 1
		if m.keeper.left && m.keeper.stopped.IsZero() {
			stamp = 0
		}
		all[m.keeper.number] = lease.Renewal{Generation: m.keeper.generation, Stamp: stamp, Dead: DeadAfter, Every: RenewsEvery}
	}
	return all
}
