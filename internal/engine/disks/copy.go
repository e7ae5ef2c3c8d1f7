package disks

import (
	"context"
	"fmt"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// CopyParams are the Params of copy: a new floating disk, which stands alone and holds
// what the disk holds.
type CopyParams struct {
	// StorageDomain is where it is made; Alias is what it is called, as the disk when
	// empty.
	StorageDomain model.ID `json:"storage_domain"`
	Alias         string   `json:"alias,omitempty"`

	// The rest is filled in, for the steps.
	engine.Copies
}

// Durable keeps the parameters with the job.
func (*CopyParams) Durable() {}

// demandsOfCopy: the disk is read, and a storage domain is filled.
func demandsOfCopy(_ *inventory.Tx, call *engine.Call) ([]engine.Demand, error) {
	return append(filled(call), engine.Demand{Permit: "configure_disk_storage", On: model.Ref{Kind: model.KindDisk, ID: call.Target}}), nil
}

// copied is the record of the new disk.
func (r *room) copied(tx *inventory.Tx, call *engine.Call) (*CopyParams, *model.Disk, *model.Disk, error) {
	params, ok := call.Params.(*CopyParams)
	if !ok || params == nil || params.StorageDomain == "" {
		return nil, nil, nil, fault.New(fault.Invalid, call.Verb, "No storage domain was given.")
	}
	from, ok := tx.Disks.Get(call.Target)
	if !ok {
		return nil, nil, nil, fault.Missing(string(call.Target))
	}
	if err := checkWhole(call.Verb, from); err != nil {
		return nil, nil, nil, err
	}
	domain, err := checkDestination(tx, call.Verb, from, params.StorageDomain)
	if err != nil {
		return nil, nil, nil, err
	}
	wish := engine.DiskWish{StorageDomain: params.StorageDomain, Alias: params.Alias}
	made, err := r.Copied(tx, call.Verb, from, wish, false, domain.DataCenter)
	return params, from, made, err
}

// checkCopy refuses a disk that a guest may write to.
func (r *room) checkCopy(tx *inventory.Tx, call *engine.Call) error {
	_, from, made, err := r.copied(tx, call)
	if err != nil {
		return err
	}
	for _, vm := range users(tx, from.ID) {
		if err := r.Free(tx, call, vm.Ref()); err != nil {
			return err
		}
	}
	for _, vm := range guestsOf(tx, from.ID) {
		return fault.New(fault.StateConflict, call.Verb, fmt.Sprintf("VM %s is not down and uses the disk %s; deactivate it first, or stop the VM.", vm.Name, from.Alias))
	}
	copies := []engine.DiskCopy{{From: from.ID, To: made.ID}}
	return r.CheckRoomFor(tx, call, copies, []*model.Disk{made})
}

// copy records the new disk and locks both.
func (r *room) copy(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	params, from, made, err := r.copied(tx, call)
	if err != nil {
		return nil, err
	}
	made.Bootable = false
	params.Disks = []engine.DiskCopy{{From: from.ID, To: made.ID}}
	params.Owner = owner(tx, made, nil)
	tx.Disks.Put(made)
	edited, _ := tx.Disks.Edit(from.ID)
	edited.Status = model.DiskLocked
	about := aboutCall(tx, call, edited)
	about.Domain, _ = tx.StorageDomains.Get(made.StorageDomain)
	tx.Event(audit.New(audit.DiskCopyBegun, about))
	return edited, nil
}

func (r *room) copyDisk(ctx context.Context, w *job.Work) error {
	var params CopyParams
	if err := w.Params(&params); err != nil {
		return err
	}
	return r.CopyDisks(ctx, w, &params.Copies)
}

func (r *room) uncopyDisk(ctx context.Context, w *job.Work) error {
	var params CopyParams
	if err := w.Params(&params); err != nil {
		return err
	}
	return r.UncopyDisks(ctx, &params.Copies)
}

// copyEnded settles a copy.
func (r *room) copyEnded(tx *inventory.Tx, w *job.Work, failure error) {
	var params CopyParams
	_ = w.Params(&params)
	about := engine.AboutJob(tx, w.Job)
	about.Domain, _ = tx.StorageDomains.Get(params.StorageDomain)
	r.SettleCopies(tx, w, &params.Copies, failure)
	if from, ok := tx.Disks.Edit(w.Job.Target.ID); ok {
		from.Status = model.DiskOK
		about.Disk = from
	}
	code := audit.DiskCopied
	if failure != nil {
		code, about.Detail = audit.DiskCopyFailed, fault.Of(failure).Message()
	}
	tx.Event(audit.New(code, about))
}
