package pools

import (
	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// A pool that uses the latest version of its template has VMs made anew that are down and
// free when there is a newer one: the same VM with other disks. The old ones stay its
// own until the new ones are made.

// renewal is what a VM will be.
type renewal struct {
	Config *model.VMConfig `json:"config"`
	engine.Copies
}

// Durable keeps it with the job.
func (*renewal) Durable() {}

// checkRenew: what was seen a moment ago may be otherwise.
func checkRenew(tx *inventory.Tx, call *engine.Call) error {
	vm, _ := tx.VMs.Get(call.Target)
	pool, ok := tx.VMPools.Get(vm.Pool)
	if !ok || pool.Stateful || !idle(tx, engine.HoldersOf(tx), vm) {
		return fault.New(fault.StateConflict, call.Verb, "The VM is in use.")
	}
	return nil
}

func (r *room) renew(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	r.Reclaim(tx, call.Target)
	vm, _ := tx.VMs.Edit(call.Target)
	pool, _ := tx.VMPools.Get(vm.Pool)
	config, copies, err := vms.Remake(r.Engine, tx, call, vm, member(pool, vm.Name))
	if err != nil {
		return nil, err
	}
	call.Params = &renewal{config, *copies}
	return vm, nil
}

// renewed settles it: the VM has its new disks, and the old ones are removed later; or it
// is what it was.
func (r *room) renewed(tx *inventory.Tx, w *job.Work, failure error) {
	var made renewal
	_ = w.Params(&made) // the step has read it
	r.SettleCopies(tx, w, &made.Copies, failure)
	vm, ok := tx.VMs.Edit(w.Job.Target.ID)
	if !ok || failure != nil {
		return
	}
	old := vm.Disks
	vm.VMConfig = *made.Config
	left := &removal{}
	for _, attachment := range old {
		if disk, ok := tx.Disks.Edit(attachment.Disk); ok {
			disk.Status = model.DiskLocked
			left.Disks = append(left.Disks, disk.ID)
		}
	}
	about := engine.AboutJob(tx, w.Job)
	about.Pool, _ = tx.VMPools.Get(vm.Pool)
	if template, ok := tx.Templates.Get(vm.Template); ok {
		about.Detail = template.Name + " (" + template.VersionName + ")"
	}
	tx.Event(audit.New(audit.PoolVMRenewed, about))
	if about.Pool == nil || len(left.Disks) == 0 {
		return
	}
	// Nothing refuses it: the disks are nobody's, and it checks nothing.
	_ = r.Later(tx, &engine.Call{On: model.KindVMPool, Name: "sweep", Target: vm.Pool, Params: left})
}

// lockSwept: the disks, which are nobody's any more.
func lockSwept(_ *inventory.Tx, call *engine.Call) []model.Ref {
	var refs []model.Ref
	if what, ok := call.Params.(*removal); ok {
		for _, disk := range what.Disks {
			refs = append(refs, model.Ref{Kind: model.KindDisk, ID: disk})
		}
	}
	return refs
}
