package vms

import (
	"context"
	"errors"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/lease"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// checkLease refuses a lease that cannot be. what is the command in messages.
func (r *room) checkLease(tx *inventory.Tx, call *engine.Call, before, now *model.VM) error {
	what := call.Verb + " VM"
	changes := now.Lease != before.Lease
	if changes && before.ID != "" && (!lifecycle.Resting(before.Run.Status) || before.Run.Suspended != nil) {
		return fault.New(fault.StateConflict, what, "The lease of a VM can be changed while the VM is down.")
	}
	if now.Lease == "" {
		return nil
	}
	domain, ok := tx.StorageDomains.Get(now.Lease)
	switch {
	case !ok && changes:
		return fault.New(fault.DomainNotFound, what)
	case !ok:
		return nil // it is refused when the VM is started
	case domain.Type != model.StorageDomainData:
		return fault.New(fault.Invalid, what, "The lease of a VM must be in a data domain.")
	case domain.DataCenter == "" || domain.DataCenter != engine.DataCenterOf(tx, now.Cluster):
		return fault.New(fault.Invalid, what, "The lease of a VM must be in a storage domain of its data center.")
	case changes && domain.Status != model.StorageDomainActive:
		return fault.New(fault.DomainStatusIllegal, what, string(domain.Status))
	case !changes:
		return nil
	}
	// Hosts can hold leases when they have joined the lockspace: it is made now.
	owner := engine.ImageOwner(tx, domain.DataCenter)
	_, err := engine.Outside(call, "lockspace "+string(domain.ID), func(ctx context.Context) (struct{}, error) {
		return struct{}{}, r.leaseFault(what, domain, r.Leases.Ready(ctx, domain, owner.UID, owner.GID))
	})
	return err
}

// leaseFault says why a lease could not be made.
func (r *room) leaseFault(what string, domain *model.StorageDomain, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, lease.ErrUnable):
		return fault.New(fault.StateConflict, what, noLeases).Because(err)
	}
	r.Log.Warn("a lease could not be made or read", "storage_domain", domain.ID, "err", err)
	return fault.New(fault.StorageFailed, what, domain.Name, "the lease could not be made or read").Because(err)
}

const noLeases = "Leases of VMs need the program sanlock where the engine runs, and it is not installed there."

// leaseSpec says where the lease of a guest is; nil if it has none.
func (r *room) leaseSpec(vm *model.VM) (*host.LeaseSpec, error) {
	if vm.Lease == "" {
		return nil, nil
	}
	domain, ok := r.Inventory.StorageDomains.Get(vm.Lease)
	if !ok {
		return nil, fault.New(fault.DomainNotFound, "run VM")
	}
	place := r.Leases.Place(domain, vm.ID)
	return &host.LeaseSpec{Space: place.Space, Key: place.Key, Path: place.Path}, nil
}

// readyLease sees to it that the lease of a guest is there, which is about to be started,
// and notes what it says before: what it says later, when the host has it, must be more.
// Who holds it now is not asked: the host's lease manager is the one that knows.
func (r *room) readyLease(ctx context.Context, w *job.Work) error {
	vm, err := r.vm(w)
	if err != nil {
		return err
	}
	var noted *model.RunLease
	if vm.Lease != "" {
		if noted, err = r.makeLease(ctx, w, vm); err != nil {
			return err
		}
	}
	if noted == nil && vm.Run.Lease == nil {
		return nil
	}
	return w.Update(w.Steady(), func(tx *inventory.Tx) error {
		if edited, ok := tx.VMs.Edit(vm.ID); ok {
			edited.Run.Lease = noted
		}
		return nil
	})
}

func (r *room) makeLease(ctx context.Context, w *job.Work, vm *model.VM) (*model.RunLease, error) {
	what := w.Job.Verb + " VM"
	domain, ok := r.Inventory.StorageDomains.Get(vm.Lease)
	switch {
	case !ok:
		return nil, fault.New(fault.DomainNotFound, what)
	case domain.Status != model.StorageDomainActive:
		return nil, fault.New(fault.DomainStatusIllegal, what, string(domain.Status))
	}
	uid, gid := -1, -1
	if on, known := r.Inventory.Hosts.Get(vm.Run.Host); known {
		uid, gid = on.Facts.ImageUID, on.Facts.ImageGID
	}
	err := r.Leases.Make(ctx, domain, vm.ID, uid, gid)
	var record lease.Record
	if err == nil {
		record, err = r.Leases.Record(ctx, domain, vm.ID)
	}
	if err != nil {
		return nil, r.leaseFault(what, domain, err)
	}
	return &model.RunLease{Domain: domain.ID, Floor: record.Holder.Version}, nil
}

// leaseMoved keeps what is known of a lease after a migration. Of a guest that has arrived
// the other host must take it anew. If it was not known before who held it, nothing can be
// told from what it says later, and whoever runs the host is told so.
func (r *room) leaseMoved(tx *inventory.Tx, vm *model.VM, data *moveData) {
	before, at := vm.Run.Lease, vm.Run.Host
	switch {
	case before == nil:
		return
	case before.Holder == nil:
		vm.Run.Lease = nil
	case data.Arrived:
		vm.Run.Lease = &model.RunLease{Domain: before.Domain, Floor: before.Holder.Version, Not: before.Holder.Host}
	}
	if vm.Run.Lease == nil && !before.Told && !data.Lost {
		if data.Arrived {
			at = data.To
		}
		on, _ := tx.Hosts.Get(at)
		tx.Event(audit.New(audit.LeaseNotHeld, audit.About{VM: vm, Host: on}))
	}
}
