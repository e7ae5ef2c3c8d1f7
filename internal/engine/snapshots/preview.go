package snapshots

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// beforePreview is what the state is called that a preview has put aside.
const beforePreview = "Active VM before the preview"

// PreviewParams are the Params of preview_snapshot of a VM and of restore of a snapshot
// (api-v3 6.1).
type PreviewParams struct {
	// Snapshot is filled in for restore.
	Snapshot model.ID `json:"snapshot"`
	// Memory lets the guest go on from its memory, if the snapshot has it.
	Memory bool `json:"memory,omitempty"`
	// Disks are those that go back; nil is all of the snapshot.
	Disks []model.ID `json:"disks,omitempty"`

	// New are the volumes that are written to; filled in.
	New []model.Overlay `json:"new,omitempty"`
}

// Durable keeps the parameters with the job.
func (*PreviewParams) Durable() {}

func previewParams(call *engine.Call) *PreviewParams {
	params, ok := call.Params.(*PreviewParams)
	if !ok || params == nil {
		params = &PreviewParams{}
		call.Params = params
	}
	if call.On == model.KindSnapshot {
		params.Snapshot = call.Target
	}
	return params
}

// vmOfCall is the VM of a call: the target, or what contains it.
func vmOfCall(tx *inventory.Tx, call *engine.Call) (*model.VM, bool) {
	if call.On == model.KindSnapshot {
		return tx.VMs.Get(call.Parent)
	}
	return tx.VMs.Get(call.Target)
}

// back are the volumes of a snapshot that the VM goes back to.
func (p *PreviewParams) back(snapshot *model.Snapshot) []model.SnapshotVolume {
	return slices.DeleteFunc(slices.Clone(snapshot.Volumes), func(v model.SnapshotVolume) bool {
		return p.Disks != nil && !slices.Contains(p.Disks, v.Disk)
	})
}

// checkPreview refuses a snapshot that a VM cannot go back to.
func (r *room) checkPreview(tx *inventory.Tx, call *engine.Call) error {
	vm, _ := vmOfCall(tx, call)
	params := previewParams(call)
	snapshot, err := ofVM(tx, vm.ID, params.Snapshot)
	if err != nil {
		return err
	}
	if err := engine.CheckSettled(tx, call.Verb, vm); err != nil {
		return err
	}
	if err := engine.CheckWhole(call.Verb, snapshot); err != nil {
		return err
	}
	for _, id := range params.Disks {
		if _, holds := snapshot.Holds(id); !holds {
			return fault.Missing(string(id))
		}
	}
	var disks []*model.Disk
	for _, volume := range params.back(snapshot) {
		disk, ok := tx.Disks.Get(volume.Disk)
		if !ok {
			continue
		}
		if _, stands := disk.Standing(volume.Volume); !stands {
			return fault.New(fault.StateConflict, call.Verb, fmt.Sprintf("The disk %s does not stand on the snapshot's volume.", disk.Alias))
		}
		disks = append(disks, disk)
	}
	if err := checkUsable(tx, call.Verb, disks); err != nil {
		return err
	}
	if err := checkMACs(tx, call.Verb, vm, snapshot); err != nil {
		return err
	}
	if params.Memory && snapshot.Memory != nil {
		return checkMemory(tx, call.Verb, vm, snapshot, params)
	}
	return nil
}

// checkMACs refuses a snapshot with an address that another VM has been given since.
func checkMACs(tx *inventory.Tx, verb string, vm *model.VM, snapshot *model.Snapshot) error {
	used := make(map[string]string)
	for _, other := range tx.VMs.All() {
		for _, nic := range other.NICs {
			if other.ID != vm.ID {
				used[strings.ToLower(nic.MAC)] = other.Name
			}
		}
	}
	for _, nic := range snapshot.Config.NICs {
		if other, taken := used[strings.ToLower(nic.MAC)]; taken {
			return fault.New(fault.Duplicate, verb, fmt.Sprintf("The MAC address %s of the snapshot belongs to VM %s by now.", nic.MAC, other))
		}
	}
	return nil
}

// checkMemory refuses memory that would not fit: it needs the name that the guest had
// for its host, and all disks as they were.
func checkMemory(tx *inventory.Tx, verb string, vm *model.VM, snapshot *model.Snapshot, params *PreviewParams) error {
	if vm.Name != snapshot.Config.Name {
		return fault.New(fault.StateConflict, verb, fmt.Sprintf("The memory is that of a VM called %s; give the VM that name again, or go back without the memory.", snapshot.Config.Name))
	}
	for _, attachment := range snapshot.Config.Disks {
		if !attachment.Active {
			continue
		}
		_, known := tx.Disks.Get(attachment.Disk)
		if !known || params.Disks != nil && !slices.Contains(params.Disks, attachment.Disk) {
			return fault.New(fault.StateConflict, verb, "The memory fits all disks that the VM had then, and one of them is gone or left out; go back without the memory.")
		}
	}
	return nil
}

// preview locks the snapshot and names the volumes; it is the same for a restore.
func (r *room) preview(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	params := previewParams(call)
	snapshot, _ := tx.Snapshots.Edit(params.Snapshot)
	params.Memory = params.Memory && snapshot.Memory != nil
	for _, volume := range params.back(snapshot) {
		if disk, ok := tx.Disks.Get(volume.Disk); ok {
			params.New = append(params.New, model.Overlay{Disk: disk.ID, Volume: model.NewID(), StorageDomain: disk.StorageDomain})
		}
	}
	snapshot.Status = model.SnapshotLocked
	vm, _ := vmOfCall(tx, call)
	if call.On == model.KindVM {
		tell(tx, audit.PreviewBegun, call, vm, snapshot)
		return vm, nil
	}
	edited, _ := tx.VMs.Edit(vm.ID)
	engine.SetStatus(edited, model.StatusImageLocked, "")
	return snapshot, nil
}

// branch makes the volumes on top of those of the snapshot, beside what stands on them.
func (r *room) branch(ctx context.Context, w *job.Work) error {
	var params PreviewParams
	if err := w.Params(&params); err != nil {
		return err
	}
	vm, err := r.vmOf(w)
	if err != nil {
		return err
	}
	snapshot, ok := r.Inventory.Snapshots.Get(params.Snapshot)
	if !ok {
		return fault.Missing(string(params.Snapshot))
	}
	owner := r.owner(vm)
	for _, volume := range params.New {
		held, _ := snapshot.Holds(volume.Disk)
		disk, domain, err := r.disk(w, volume.Disk)
		if err != nil {
			return err
		}
		at, stands := disk.Standing(held.Volume)
		if !stands {
			return fault.Missing(string(held.Volume))
		}
		if err := r.Images.Overlay(ctx, domain, at, volume.Volume, owner); err != nil {
			return engine.StorageFault(w.Job.Verb, domain, err)
		}
	}
	return nil
}
