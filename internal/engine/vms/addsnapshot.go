package vms

import (
	"time"

	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// wantedOf is wanted for a VM that is made of a snapshot of another one: it stands on
// nothing, and has network interfaces of its own.
func (r *room) wantedOf(tx *inventory.Tx, call *engine.Call, params *AddParams) (*wanted, error) {
	snapshot, of, err := checkSource(tx, call, params.Snapshot)
	if err != nil {
		return nil, err
	}
	vm := &model.VM{ID: model.NewID(), CreationTime: time.Now().UTC(), VMConfig: model.Clone(snapshot).Config}
	vm.Name, vm.Description, vm.Comment, vm.DeleteProtected = "", "", "", false
	vm.Origin, vm.Tags, vm.Cluster = "ovirt", nil, of.Cluster
	renewNICs(vm)
	if params.Edit != nil {
		if err := params.Edit(vm); err != nil {
			return nil, err
		}
	}
	vm.Template = model.BlankID
	what := call.Verb + " VM"
	if err := r.check(tx, what, vm.ID, &vm.VMConfig); err != nil {
		return nil, err
	}
	if err := r.addressNICs(tx, what, vm); err != nil {
		return nil, err
	}
	made := &wanted{vm: vm}
	return made, r.wantHeld(tx, what, made, snapshot, params.Disks)
}

// checkSource refuses a snapshot that no VM can be made of.
func checkSource(tx *inventory.Tx, call *engine.Call, id model.ID) (*model.Snapshot, *model.VM, error) {
	snapshot, ok := tx.Snapshots.Get(id)
	if !ok || snapshot.Type != model.SnapshotRegular {
		return nil, nil, fault.Missing("Snapshot: id=" + string(id))
	}
	of, ok := tx.VMs.Get(snapshot.VM)
	if !ok {
		return nil, nil, fault.Missing("Snapshot: id=" + string(id))
	}
	if err := engine.CheckSettled(tx, call.Verb+" VM", of); err != nil {
		return nil, nil, err
	}
	return snapshot, of, engine.CheckWhole(call.Verb+" VM", snapshot)
}

// wantHeld makes the records of the disks, which are copies of what the snapshot holds.
func (r *room) wantHeld(tx *inventory.Tx, verb string, made *wanted, snapshot *model.Snapshot, wishes []engine.DiskWish) error {
	var held []model.DiskAttachment
	for _, attachment := range snapshot.Config.Disks {
		if _, holds := snapshot.Holds(attachment.Disk); holds {
			held = append(held, attachment)
		}
	}
	if err := engine.CheckWishes(wishes, held); err != nil {
		return err
	}
	dataCenter := engine.DataCenterOf(tx, made.vm.Cluster)
	made.vm.Disks = nil
	for _, attachment := range held {
		volume, _ := snapshot.Holds(attachment.Disk)
		disk, ok := tx.Disks.Get(attachment.Disk)
		if !ok {
			continue // it was removed since
		}
		from, ok := disk.Standing(volume.Volume)
		if !ok {
			return fault.Missing("Disk: id=" + string(attachment.Disk))
		}
		copied, err := r.Copied(tx, verb, from, engine.Wish(wishes, from.ID), false, dataCenter)
		if err != nil {
			return err
		}
		attachment.Disk = copied.ID
		made.vm.Disks = append(made.vm.Disks, attachment)
		made.disks = append(made.disks, copied)
		made.copies = append(made.copies, engine.DiskCopy{From: from.ID, Volume: volume.Volume, To: copied.ID})
	}
	return nil
}

// holdSnapshot keeps what is copied from being changed meanwhile. The other VM may run,
// start and stop: it does not write to what a snapshot holds.
func (r *room) holdSnapshot(tx *inventory.Tx, call *engine.Call, made *wanted) error {
	id := addParams(call).Snapshot
	if id == "" || len(made.copies) == 0 {
		return nil
	}
	call.Holds = []model.Ref{{Kind: model.KindSnapshot, ID: id}}
	for _, each := range made.copies {
		call.Holds = append(call.Holds, model.Ref{Kind: model.KindDisk, ID: each.From})
	}
	if err := r.Free(tx, call, call.Holds...); err != nil {
		return err
	}
	snapshot, _ := tx.Snapshots.Edit(id)
	snapshot.Status = model.SnapshotLocked
	return nil
}

// demandsOfSource: whoever makes a VM of a snapshot could as well read all that it holds.
func demandsOfSource(tx *inventory.Tx, id model.ID) []engine.Demand {
	snapshot, ok := tx.Snapshots.Get(id)
	if !ok {
		return nil
	}
	return []engine.Demand{{Permit: "edit_vm_properties", On: model.Ref{Kind: model.KindVM, ID: snapshot.VM}}}
}
