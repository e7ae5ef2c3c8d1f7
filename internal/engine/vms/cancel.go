package vms

import (
	"context"

	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// CancelParams are what a cancelmigration remembers: the job that it ends. They are
// filled in when it is accepted.
type CancelParams struct {
	Job model.ID `json:"job"`
	// Host is where the VM is to stay.
	Host model.ID `json:"host"`
}

// Durable keeps them with the job.
func (*CancelParams) Durable() {}

// lockCancel: the VM is held by the migration. One is cancelled by one at a time.
func lockCancel(_ *inventory.Tx, call *engine.Call) []model.Ref {
	return []model.Ref{{Kind: model.KindMigration, ID: call.Target}}
}

// refuseCancel is the refusal by status (api-v3 3.11).
func refuseCancel(string, model.Status) *fault.Fault { return fault.New(fault.NothingToCancel) }

// enterCancel finds the migration.
func enterCancel(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	vm, ok := tx.VMs.Get(call.Target)
	holder, held := tx.Holder(model.Ref{Kind: model.KindVM, ID: call.Target})
	if !ok || !held || holder.Action != "vm.migrate" {
		return nil, fault.New(fault.NothingToCancel)
	}
	if vm.Run.Migration != nil && vm.Run.Migration.PostCopy {
		return nil, fault.New(fault.CancelInPostCopy)
	}
	call.Params = &CancelParams{Job: holder.ID, Host: vm.Run.Host}
	return vm, nil
}

// cancel ends the migration's job, which gives the migration up, and looks how that has
// ended: the guest may have arrived first.
func (r *room) cancel(ctx context.Context, w *job.Work) error {
	var params CancelParams
	if err := w.Params(&params); err != nil {
		return err
	}
	r.Interrupt(ctx, params.Job)
	ended, err := r.Wait(w.Steady(), params.Job)
	if err != nil {
		return err
	}
	vm, err := r.vm(w)
	if err == nil && (vm.Run.Host != params.Host || ended.Fault == nil || ended.Fault.Code != fault.Interrupted) {
		err = fault.New(fault.CancelTooLate)
	}
	return err
}
