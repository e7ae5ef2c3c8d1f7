package snapshots

import (
	"slices"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// previewed settles a preview: the VM is as it was at the snapshot, and what it was
// before is kept aside.
func (r *room) previewed(tx *inventory.Tx, w *job.Work, failure error) {
	r.settleBranch(tx, w, failure, func(*model.VM, *model.Snapshot, *model.Snapshot) {})
	var params PreviewParams
	_ = w.Params(&params)
	about, code := engine.AboutJob(tx, w.Job), audit.Previewed
	if about.Snapshot, _ = tx.Snapshots.Get(params.Snapshot); failure != nil {
		about.Detail, code = fault.Of(failure).Message(), audit.PreviewFailed
	}
	tx.Event(audit.New(code, about))
}

// restored settles a restore: what the VM was before is not kept.
func (r *room) restored(tx *inventory.Tx, w *job.Work, failure error) {
	r.settleBranch(tx, w, failure, func(vm *model.VM, snapshot, before *model.Snapshot) { r.commitTo(tx, vm, snapshot, before) })
}

func (r *room) settleBranch(tx *inventory.Tx, w *job.Work, failure error, then func(vm *model.VM, snapshot, before *model.Snapshot)) {
	var params PreviewParams
	_ = w.Params(&params)
	snapshot, ok := tx.Snapshots.Edit(params.Snapshot)
	if !ok {
		return
	}
	vm, ok := tx.VMs.Edit(snapshot.VM)
	if !ok {
		return
	}
	unlock(vm)
	if failure != nil {
		snapshot.Status = model.SnapshotOK
		r.Tidy(tx, vm, engine.Tidying{Volumes: params.New})
		return
	}
	then(vm, snapshot, r.goBack(tx, vm, snapshot, &params))
}

// goBack gives a VM the configuration and the volumes of a snapshot. What it had is
// returned as a snapshot of the type preview.
func (r *room) goBack(tx *inventory.Tx, vm *model.VM, snapshot *model.Snapshot, params *PreviewParams) *model.Snapshot {
	before := &model.Snapshot{
		ID: model.NewID(), VM: vm.ID, Description: beforePreview, CreationTime: time.Now().UTC(),
		Type: model.SnapshotPreview, Status: model.SnapshotOK, Config: *model.Clone(&vm.VMConfig),
	}
	var related []*model.Disk
	for _, volume := range params.New {
		disk, ok := tx.Disks.Edit(volume.Disk)
		held, holds := snapshot.Holds(volume.Disk)
		if !ok || !holds {
			continue
		}
		before.Disks = append(before.Disks, *model.Clone(disk))
		before.Volumes = append(before.Volumes, model.SnapshotVolume{Disk: disk.ID, Volume: disk.Volume})
		if at, stands := disk.Standing(held.Volume); stands {
			setVolumes(disk, at)
			onTop(disk, volume.Volume)
			related = append(related, disk)
		}
	}
	vm.VMConfig = configBack(tx, vm, snapshot, params.Memory)
	snapshot.Status = model.SnapshotInPreview
	tx.Snapshots.Put(before)
	if params.Memory && snapshot.Memory != nil {
		vm.Run.Suspended, vm.Run.Given = model.Clone(snapshot).Memory, model.Clone(snapshot).Given
		engine.SetStatus(vm, model.StatusSuspended, "")
	}
	r.Tidy(tx, vm, engine.Tidying{Related: related})
	return before
}

// setVolumes lets a disk stand on volumes as another record of it does.
func setVolumes(disk, as *model.Disk) {
	disk.Volume, disk.Format, disk.Sparse, disk.ProvisionedSize = as.Volume, as.Format, as.Sparse, as.ProvisionedSize
	disk.Chain = slices.Clone(as.Chain)
}

// configBack is the configuration of a snapshot for the VM as it is called and placed
// now. Disks that it had and has not any more are left out; those that it has got since
// stay, but a guest that goes on from its memory does not see them.
func configBack(tx *inventory.Tx, vm *model.VM, snapshot *model.Snapshot, memory bool) model.VMConfig {
	now, config := vm.VMConfig, *model.Clone(&snapshot.Config)
	config.Name, config.Description, config.Comment = now.Name, now.Description, now.Comment
	config.Cluster, config.Template, config.Tags, config.DeleteProtected = now.Cluster, now.Template, now.Tags, now.DeleteProtected
	config.Placement = now.Placement
	for i := range config.NICs {
		if _, ok := tx.Networks.Get(config.NICs[i].Network); !ok {
			config.NICs[i].Network, config.NICs[i].Profile = "", ""
		}
		if _, ok := tx.VNICProfiles.Get(config.NICs[i].Profile); !ok {
			config.NICs[i].Profile = ""
		}
	}
	config.Disks = present(tx, vm, config.Disks)
	for _, attachment := range now.Disks {
		if slices.ContainsFunc(config.Disks, func(a model.DiskAttachment) bool { return a.Disk == attachment.Disk }) {
			continue
		}
		attachment.Active = attachment.Active && !memory
		config.Disks = append(config.Disks, attachment)
	}
	return config
}

// present are the attachments of disks that are there and can be the VM's.
func present(tx *inventory.Tx, vm *model.VM, all []model.DiskAttachment) []model.DiskAttachment {
	return slices.DeleteFunc(slices.Clone(all), func(a model.DiskAttachment) bool {
		disk, ok := tx.Disks.Get(a.Disk)
		return !ok || !disk.Shareable && slices.ContainsFunc(tx.VMs.All(), func(other *model.VM) bool {
			return other.ID != vm.ID && slices.ContainsFunc(other.Disks, func(theirs model.DiskAttachment) bool { return theirs.Disk == a.Disk })
		})
	})
}
