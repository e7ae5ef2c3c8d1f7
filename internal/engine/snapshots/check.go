package snapshots

import (
	"vireo/internal/fault"
	"vireo/internal/image"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// ofVM finds the snapshot of a call, which must be the VM's.
func ofVM(tx *inventory.Tx, vm, id model.ID) (*model.Snapshot, error) {
	snapshot, ok := tx.Snapshots.Get(id)
	if !ok || snapshot.VM != vm {
		return nil, fault.Missing(string(id))
	}
	return snapshot, nil
}

// snapshotOf is the snapshot of a job, vmOf its VM, as they are now.
func (r *room) snapshotOf(w *job.Work) (*model.Snapshot, error) {
	snapshot, ok := r.Inventory.Snapshots.Get(w.Job.Target.ID)
	if !ok {
		return nil, fault.Missing(string(w.Job.Target.ID))
	}
	return snapshot, nil
}

func (r *room) vmOf(w *job.Work) (*model.VM, error) {
	id := w.Job.Target.ID
	if w.Job.Target.Kind == model.KindSnapshot {
		snapshot, err := r.snapshotOf(w)
		if err != nil {
			return nil, err
		}
		id = snapshot.VM
	}
	vm, ok := r.Inventory.VMs.Get(id)
	if !ok {
		return nil, fault.New(fault.VMNotFound, w.Job.Verb+" of")
	}
	return vm, nil
}

// disk finds a disk with its storage domain.
func (r *room) disk(w *job.Work, id model.ID) (*model.Disk, *model.StorageDomain, error) {
	disk, ok := r.Inventory.Disks.Get(id)
	if !ok {
		return nil, nil, fault.Missing(string(id))
	}
	domain, ok := r.Inventory.StorageDomains.Get(disk.StorageDomain)
	if !ok {
		return nil, nil, fault.New(fault.DomainNotFound, w.Job.Verb)
	}
	return disk, domain, nil
}

// owner is whom QEMU runs as on the VM's host, or on any of its cluster that has been
// seen.
func (r *room) owner(vm *model.VM) image.Owner {
	if on, ok := r.Inventory.Hosts.Get(vm.Run.Host); ok {
		return image.Owner{UID: on.Facts.ImageUID, GID: on.Facts.ImageGID}
	}
	for _, on := range r.Inventory.Hosts.All() {
		if on.Cluster == vm.Cluster && on.BootID != "" {
			return image.Owner{UID: on.Facts.ImageUID, GID: on.Facts.ImageGID}
		}
	}
	return image.Owner{UID: -1, GID: -1}
}
