package vms

import (
	"context"
	"errors"
	"slices"

	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// Several are VMs that one job makes, all of them or none: part of its Params.
type Several struct {
	VMs []model.ID `json:"vms,omitempty"`
	engine.Copies
}

// MakeSeveral records a VM for each edit, thin of its template and locked until its
// disks are made. call is the one that is accepted. The error may be one of
// engine.Outside.
func MakeSeveral(e *engine.Engine, tx *inventory.Tx, call *engine.Call, edits []engine.Edit[model.VM]) (*Several, error) {
	r, several := &room{e}, &Several{}
	if len(tx.VMs.All())+len(edits) > r.Values.Int("MaxVmsInSystem") {
		return nil, fault.New(fault.Invalid, call.Verb, "The engine would have more VMs than it may (option MaxVmsInSystem).")
	}
	var disks []*model.Disk
	for _, edit := range edits {
		made, err := r.wanted(tx, &engine.Call{Verb: "add", Params: &AddParams{Edit: edit}})
		if err != nil {
			return nil, err
		}
		made.vm.Run.Status, made.vm.Run.Since = model.StatusDown, made.vm.CreationTime
		if len(made.disks) > 0 {
			made.vm.Run.Status = model.StatusImageLocked
			call.Holds = append(call.Holds, made.vm.Ref())
		}
		for _, disk := range made.disks {
			tx.Disks.Put(disk)
		}
		tx.VMs.Put(made.vm)
		several.VMs = append(several.VMs, made.vm.ID)
		several.Owner = engine.ImageOwner(tx, engine.DataCenterOf(tx, made.vm.Cluster))
		several.Disks, disks = append(several.Disks, made.copies...), append(disks, made.disks...)
	}
	return several, r.CheckRoomFor(tx, call, several.Disks, disks)
}

// Remake makes a VM anew, thin of the template that the edit says: what its configuration
// will be, and the records of its disks, locked until they are made. Its addresses stay.
// The error may be one of engine.Outside.
func Remake(e *engine.Engine, tx *inventory.Tx, call *engine.Call, vm *model.VM, edit engine.Edit[model.VM]) (*model.VMConfig, *engine.Copies, error) {
	r := &room{e}
	made, err := r.wanted(tx, &engine.Call{Verb: "add", Params: &AddParams{Edit: func(fresh *model.VM) error {
		if err := edit(fresh); err != nil {
			return err
		}
		fresh.Name = string(model.NewID()) // its own is taken, by itself
		return nil
	}}})
	if err != nil {
		return nil, nil, err
	}
	config := &made.vm.VMConfig
	config.Name, config.Tags = vm.Name, vm.Tags
	for i := range config.NICs {
		fresh := &config.NICs[i]
		if at := slices.IndexFunc(vm.NICs, func(n model.NIC) bool { return n.Name == fresh.Name }); at >= 0 {
			fresh.ID, fresh.MAC = vm.NICs[at].ID, vm.NICs[at].MAC
		}
	}
	copies := &engine.Copies{Disks: made.copies, Owner: engine.ImageOwner(tx, engine.DataCenterOf(tx, vm.Cluster))}
	for _, disk := range made.disks {
		tx.Disks.Put(disk)
	}
	return config, copies, r.CheckRoomFor(tx, call, copies.Disks, made.disks)
}

// SettleSeveral settles the making of VMs: they are down, or forgotten with their disks.
func SettleSeveral(e *engine.Engine, tx *inventory.Tx, w *job.Work, several *Several, failure error) {
	e.SettleCopies(tx, w, &several.Copies, failure)
	for _, id := range several.VMs {
		vm, ok := tx.VMs.Edit(id)
		switch {
		case !ok:
		case failure == nil:
			engine.SetStatus(vm, model.StatusDown, "")
		default:
			tx.VMs.Delete(id)
		}
	}
}

// RemovedVMs are VMs that one job removes the disks of: part of its Params.
type RemovedVMs struct {
	Disks []model.ID `json:"removed_disks,omitempty"`
	// Descriptions are where the descriptions of the VMs may lie.
	Descriptions []Description `json:"descriptions,omitempty"`
}

// Description is the description of a VM in a storage domain.
type Description struct {
	VM            model.ID `json:"vm"`
	StorageDomain model.ID `json:"storage_domain"`
}

// TakeSeveral takes the records of VMs away at once, or refuses it: they must be down and
// at rest, and may belong to a pool. The error may be one of engine.Outside.
func TakeSeveral(e *engine.Engine, tx *inventory.Tx, call *engine.Call, vms []*model.VM) (*RemovedVMs, error) {
	r, removed := &room{e}, &RemovedVMs{}
	for _, vm := range vms {
		for _, rule := range []func(*inventory.Tx, *engine.Call, *model.VM) error{
			r.checkUnheld, checkSnapshots, checkDomains, checkUnlocked, r.checkDisksUnheld,
		} {
			if err := rule(tx, &engine.Call{On: model.KindVM, Verb: "remove", Target: vm.ID}, vm); err != nil {
				return nil, err
			}
		}
	}
	where, err := e.NoGuests(call, vms)
	if err == nil && where != "" {
		err = fault.New(fault.VMRunning, "remove")
	}
	if err != nil {
		return nil, err
	}
	for _, vm := range vms {
		params := &RemoveParams{}
		r.take(tx, vm, params)
		removed.Disks = append(removed.Disks, params.Disks...)
		for _, domain := range params.Described {
			removed.Descriptions = append(removed.Descriptions, Description{vm.ID, domain})
		}
	}
	engine.ForgetGone(tx)
	return removed, nil
}

// RemoveSeveral is the step that removes the disks of VMs, as many as it can. It can be
// done again.
func RemoveSeveral(ctx context.Context, e *engine.Engine, w *job.Work, removed *RemovedVMs) error {
	for _, each := range removed.Descriptions {
		if _, err := e.KeepDescription(w.Steady(), each.StorageDomain, each.VM, nil); err != nil {
			e.Log.WarnContext(ctx, "the description of what was removed stays in its storage domain", "vm", each.VM, "storage_domain", each.StorageDomain, "err", err)
		}
	}
	return (&room{e}).deleteDisks(w, &RemoveParams{Disks: removed.Disks})
}

// SettleRemoved settles the removal: disks that could not be removed are kept as illegal
// floating disks, and named in what is returned.
func SettleRemoved(tx *inventory.Tx, w *job.Work, removed *RemovedVMs, failure error) (left string) {
	if failure == nil {
		return ""
	}
	for _, id := range removed.Disks {
		if disk, ok := tx.Disks.Edit(id); ok {
			disk.Status = model.DiskIllegal
		}
	}
	var data removeData
	if err := w.Data(&data); err != nil || len(data.Left) == 0 {
		return fault.Of(errors.Join(failure, err)).Message()
	}
	return joined(data.Left)
}
