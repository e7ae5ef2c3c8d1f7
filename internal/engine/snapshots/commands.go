package snapshots

import (
	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// room is what the verbs share.
type room struct{ *engine.Engine }

// permit is what all of these need on the VM.
const permit = "manipulate_vm_snapshots"

// running are the statuses in which a VM has a guest whose disks can be switched.
var running = []model.Status{
	model.StatusUp, model.StatusPaused, model.StatusPoweringUp, model.StatusRebootInProgress,
}

var down = []model.Status{model.StatusDown}

// Commands are the rows for snapshots. Parent is the VM; Result.Object is the snapshot.
func Commands(e *engine.Engine) []engine.Command {
	r := &room{e}
	prepare := job.Step{Name: "prepare", Title: "Making the volumes", Do: r.prepare}
	branch := []job.Step{{Name: "branch", Title: "Making the volumes", Do: r.branch}}
	return []engine.Command{
		{
			On: model.KindSnapshot, Name: "add", Verb: "create a snapshot", Needs: permit, Reshapes: true, Locks: locksOfAdd, Check: r.checkAdd,
			Paths: []engine.Path{
				{
					Name: "live", From: running, Title: "Creating VM Snapshot {name}", Task: true,
					Begun: audit.SnapshotBegun, Done: audit.SnapshotTaken, Failed: audit.SnapshotFailed,
					Apply: r.add, Settle: r.added, Tell: tellTaken,
					Steps: []job.Step{prepare, {Name: "take", Title: "Switching the guest to the new volumes", Do: r.take, Undo: r.untake}},
				},
				{
					Name: "offline", From: down, Title: "Creating VM Snapshot {name}", Task: true,
					Begun: audit.SnapshotBegun, Done: audit.SnapshotTaken, Failed: audit.SnapshotFailed,
					Apply: r.add, Settle: r.added, Steps: []job.Step{prepare},
				},
			},
		},
		{
			On: model.KindSnapshot, Name: "remove", Verb: "remove a snapshot", Needs: permit, Locks: locksOfAll, Check: r.checkRemove,
			Paths: []engine.Path{
				r.removal("live", running),
				r.removal("offline", down),
			},
		},
		{
			On: model.KindSnapshot, Name: "restore", Verb: "restore a snapshot", Needs: permit, Reshapes: true, Locks: locksOfAll, Check: r.checkPreview,
			Paths: []engine.Path{{
				Name: "restore", From: down, Title: "Restoring VM from Snapshot {name}",
				Begun: audit.RestoreBegun, Done: audit.RestoredFrom, Failed: audit.RestoreFailed,
				Apply: r.preview, Settle: r.restored, Steps: branch,
			}},
		},
		{
			On: model.KindVM, Name: "preview_snapshot", Verb: "preview a snapshot of", Needs: permit, Reshapes: true, Locks: locksOfAll, Check: r.checkPreview,
			Paths: []engine.Path{{
				Name: "preview", From: down, Via: model.StatusImageLocked, Title: "Previewing a snapshot of VM {name}", Task: true,
				Apply: r.preview, Settle: r.previewed, Steps: branch,
			}},
		},
		{
			On: model.KindVM, Name: "commit_snapshot", Verb: "commit a snapshot of", Needs: permit, Locks: locksOfAll, Check: r.checkDecide,
			Paths: []engine.Path{{Name: "commit", From: resting, Apply: r.commit}},
		},
		{
			On: model.KindVM, Name: "undo_snapshot", Verb: "undo the preview of", Needs: permit, Locks: locksOfAll, Check: r.checkDecide,
			Paths: []engine.Path{{Name: "undo", From: resting, Apply: r.undo}},
		},
	}
}

func (r *room) removal(name string, from []model.Status) engine.Path {
	return engine.Path{
		Name: name, From: from, Title: "Removing Snapshot {name}", Task: true,
		Begun: audit.SnapshotRemoveBegun, Done: audit.SnapshotRemoved, Failed: audit.SnapshotRemoveFailed,
		Apply: r.remove, Settle: r.removed,
		Steps: []job.Step{{Name: "merge", Title: "Merging volumes", Do: r.merge, Undo: r.unmerge}},
	}
}

// locksOfAll are the VM and all its disks.
func locksOfAll(tx *inventory.Tx, call *engine.Call) []model.Ref {
	id := call.Parent
	if call.On == model.KindVM {
		id = call.Target
	}
	refs := []model.Ref{{Kind: model.KindVM, ID: id}}
	if vm, ok := tx.VMs.Get(id); ok {
		for _, attachment := range vm.Disks {
			refs = append(refs, model.Ref{Kind: model.KindDisk, ID: attachment.Disk})
		}
	}
	return refs
}

// locksOfAdd are the VM and those of its disks that a snapshot can be taken of.
func locksOfAdd(tx *inventory.Tx, call *engine.Call) []model.Ref {
	refs := []model.Ref{{Kind: model.KindVM, ID: call.Parent}}
	if vm, ok := tx.VMs.Get(call.Parent); ok {
		for _, disk := range kept(tx, vm, addParams(call)) {
			refs = append(refs, disk.Ref())
		}
	}
	return refs
}
