package pools

import (
	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// room is what the verbs share.
type room struct{ *engine.Engine }

// Commands are the rows for pools of VMs. Target is the pool; Params are *AddParams and
// *UpdateParams, the others have none. Result.Object is the pool, and of allocatevm the
// VM that the caller has been given.
func Commands(e *engine.Engine) []engine.Command {
	r := &room{e}
	making := job.Step{Name: "disks", Title: "Making the disks", Do: r.makeDisks, Undo: r.unmakeDisks}
	removing := func(read func(*job.Work) (*removal, error)) job.Step {
		return job.Step{Name: "remove", Title: "Removing the disks", Do: r.removeDisks(read), Lasting: true}
	}
	return []engine.Command{
		{
			On: model.KindVMPool, Name: "add", Verb: "add VM-Pool", Needs: "create_vm_pool", Demands: demandsOfAdd,
			Paths: []engine.Path{
				{
					Name: "make", When: makesDisks, Title: "Creating VM-Pool {name}", Task: true,
					Done: audit.PoolAdded, Failed: audit.PoolAddFailed, Apply: r.add, Settle: r.added,
					Steps: []job.Step{making},
				},
				{Name: "add", Done: audit.PoolAdded, Apply: r.add},
			},
		},
		{
			On: model.KindVMPool, Name: "update", Verb: "edit VM-Pool", Needs: "edit_vm_pool_configuration",
			Paths: []engine.Path{
				{
					Name: "grow", When: grows, Title: "Adding VMs to VM-Pool {name}", Task: true,
					Done: audit.PoolUpdated, Failed: audit.PoolUpdateFailed, Apply: r.update, Settle: r.grown,
					Steps: []job.Step{making},
				},
				{
					Name: "shrink", When: shrinks, Title: "Removing VMs of VM-Pool {name}", Begun: audit.PoolUpdated,
					Apply: r.update, Settle: r.removedOf(ofUpdate), Granted: true, Steps: []job.Step{removing(ofUpdate)},
				},
				{Name: "update", Done: audit.PoolUpdated, Apply: r.update},
			},
		},
		{
			On: model.KindVMPool, Name: "remove", Verb: "remove VM-Pool", Needs: "delete_vm_pool",
			Paths: []engine.Path{{
				Name: "remove", Title: "Removing VM-Pool {name}", Apply: r.remove, Settle: r.removedOf(ofRemove), Granted: true,
				Steps: []job.Step{removing(ofRemove)},
			}},
		},
		{
			On: model.KindVMPool, Name: "allocatevm", Verb: "allocate and run VM from VM-Pool",
			Needs: "vm_pool_basic_operations", Locks: nothing,
			Paths: []engine.Path{{Name: "allocate", Apply: r.allocate}},
		},
		{
			On: model.KindVM, Name: "renew", Verb: "make anew", Internal: true, Check: checkRenew,
			Paths: []engine.Path{{
				Name: "renew", From: []model.Status{model.StatusDown}, Via: model.StatusImageLocked, To: model.StatusDown,
				Title: "Making VM {name} anew of the newest version of its template", Apply: r.renew, Settle: r.renewed,
				Steps: []job.Step{{Name: "disks", Title: "Making the disks", Do: r.makeDisks, Undo: r.unmakeDisks}},
			}},
		},
		{
			On: model.KindVMPool, Name: "sweep", Verb: "remove old disks of VM-Pool", Internal: true, Locks: lockSwept,
			Paths: []engine.Path{{Name: "sweep", Settle: r.removedOf(ofRemove), Steps: []job.Step{removing(ofRemove)}}},
		},
	}
}

// nothing: a VM can be given away while others are made.
func nothing(*inventory.Tx, *engine.Call) []model.Ref { return nil }
