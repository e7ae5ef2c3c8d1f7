package pools

import (
	"context"
	"strings"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// removal is what a job is to remove of VMs whose records are gone. Name is that of
// their pool, if it is gone with them.
type removal struct {
	Name string `json:"name,omitempty"`
	vms.RemovedVMs
}

// Durable keeps it with the job.
func (*removal) Durable() {}

// remove removes a pool with all its VMs, which must be down (api-v3 6.2).
func (r *room) remove(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	pool, _ := tx.VMPools.Get(call.Target)
	members := engine.PoolVMs(tx, pool.ID)
	for _, vm := range members {
		if !lifecycle.Resting(vm.Run.Status) {
			return nil, fault.New(fault.PoolVMRunning, "remove")
		}
	}
	removed, err := r.take(tx, call, members)
	if err != nil {
		return nil, err
	}
	call.Params = &removal{pool.Name, *removed}
	tx.VMPools.Delete(pool.ID)
	about := engine.AboutCaller(call)
	about.Pool = pool
	tx.Event(audit.New(audit.PoolRemoved, about))
	return pool, nil
}

// take takes the records of VMs of a pool away, and tells of it.
func (r *room) take(tx *inventory.Tx, call *engine.Call, members []*model.VM) (*vms.RemovedVMs, error) {
	removed, err := vms.TakeSeveral(r.Engine, tx, call, members)
	if err != nil || len(members) == 0 {
		return removed, err
	}
	var names []string
	for _, vm := range members {
		names = append(names, vm.Name)
	}
	about := engine.AboutCaller(call)
	about.Pool, _ = tx.VMPools.Get(call.Target)
	about.Detail = strings.Join(names, ", ")
	tx.Event(audit.New(audit.PoolVMsRemoved, about))
	return removed, nil
}

func ofRemove(w *job.Work) (*removal, error) {
	var what removal
	err := w.Params(&what)
	return &what, err
}

func (r *room) removeDisks(read func(*job.Work) (*removal, error)) func(context.Context, *job.Work) error {
	return func(ctx context.Context, w *job.Work) error {
		what, err := read(w)
		if err != nil {
			return err
		}
		return vms.RemoveSeveral(ctx, r.Engine, w, &what.RemovedVMs)
	}
}

// removedOf settles a removal; what is left of it is told.
func (r *room) removedOf(read func(*job.Work) (*removal, error)) func(*inventory.Tx, *job.Work, error) {
	return func(tx *inventory.Tx, w *job.Work, failure error) {
		if failure == nil {
			return
		}
		what, _ := read(w) // the step has read it
		about := engine.AboutJob(tx, w.Job)
		if about.Pool == nil {
			about.Pool = &model.VMPool{ID: w.Job.Target.ID, Name: what.Name}
		}
		about.Detail = vms.SettleRemoved(tx, w, &what.RemovedVMs, failure)
		tx.Event(audit.New(audit.PoolDisksKept, about))
	}
}
