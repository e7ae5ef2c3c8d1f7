package vms

import (
	"context"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// CloneParams are the Params of clone: another VM that is what this one is now, with
// copies of its disks. Snapshots do not come along, and disks that are shared are the
// other's too only if somebody attaches them.
type CloneParams struct {
	// Name is the other's.
	Name string `json:"-"`
	// VM is filled in: the other's id. So are Copies.
	VM model.ID `json:"vm"`
	engine.Copies
}

// Durable keeps the parameters with the job.
func (*CloneParams) Durable() {}

func cloneParams(call *engine.Call) *CloneParams {
	params, ok := call.Params.(*CloneParams)
	if !ok || params == nil {
		params = &CloneParams{}
		call.Params = params
	}
	if params.VM == "" {
		params.VM = model.NewID()
	}
	return params
}

// lockClone: both VMs, and the disks that are read.
func lockClone(tx *inventory.Tx, call *engine.Call) []model.Ref {
	refs := []model.Ref{{Kind: model.KindVM, ID: call.Target}, {Kind: model.KindVM, ID: cloneParams(call).VM}}
	if vm, ok := tx.VMs.Get(call.Target); ok {
		for _, attachment := range vm.Disks {
			refs = append(refs, model.Ref{Kind: model.KindDisk, ID: attachment.Disk})
		}
	}
	return refs
}

// cloned finds out what a clone is to make.
func (r *room) cloned(tx *inventory.Tx, call *engine.Call) (*wanted, error) {
	params := cloneParams(call)
	of, _ := tx.VMs.Get(call.Target)
	if err := engine.CheckSettled(tx, call.Verb+" VM", of); err != nil {
		return nil, err
	}
	vm := &model.VM{ID: params.VM, CreationTime: time.Now().UTC(), VMConfig: model.Clone(of).VMConfig}
	vm.Name, vm.DeleteProtected, vm.Template = params.Name, false, model.BlankID
	renewNICs(vm)
	what := call.Verb + " VM"
	if err := r.check(tx, what, vm.ID, &vm.VMConfig); err != nil {
		return nil, err
	}
	if err := r.addressNICs(tx, what, vm); err != nil {
		return nil, err
	}
	made := &wanted{vm: vm}
	return made, r.wantDisks(tx, what, made, engine.Own(tx, of.Disks), nil, false)
}

func (r *room) clone(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	made, err := r.cloned(tx, call)
	if err != nil {
		return nil, err
	}
	if err := r.record(tx, call, made, &cloneParams(call).Copies); err != nil {
		return nil, err
	}
	engine.SetStatus(made.vm, model.StatusImageLocked, "") // also without disks, until the job ends
	tx.Event(audit.New(audit.AddBegun, about(call, made.vm)))
	of, _ := tx.VMs.Get(call.Target)
	return of, nil
}

func (r *room) cloneDisks(ctx context.Context, w *job.Work) error {
	var params CloneParams
	if err := w.Params(&params); err != nil {
		return err
	}
	return r.CopyDisks(ctx, w, &params.Copies)
}

func (r *room) uncloneDisks(ctx context.Context, w *job.Work) error {
	var params CloneParams
	if err := w.Params(&params); err != nil {
		return err
	}
	return r.UncopyDisks(ctx, &params.Copies)
}

// settleClone settles the other VM; this one is what it was.
func (r *room) settleClone(tx *inventory.Tx, w *job.Work, failure error) {
	var params CloneParams
	_ = w.Params(&params) // the step has read them
	r.settleMade(tx, w, params.VM, &params.Copies, failure)
}
