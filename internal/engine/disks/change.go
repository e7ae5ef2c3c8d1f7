package disks

import (
	"context"
	"errors"
	"fmt"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// Change is what a command does to the attachment of a disk to a VM: nil is not
// attached. It is kept with the job; commands fill it in.
type Change struct {
	VM   model.ID              `json:"vm"`
	Disk model.ID              `json:"disk"`
	Old  *model.DiskAttachment `json:"old,omitempty"`
	New  *model.DiskAttachment `json:"new,omitempty"`
}

// ChangeParams are the Params of commands that are told nothing: detach,
// activate, deactivate. They are filled in.
type ChangeParams struct {
	Change Change `json:"change"`
}

// Durable keeps the change with the job.
func (*ChangeParams) Durable() {}

// filledIn is the change that the check of a call has filled in.
func filledIn(call *engine.Call) Change {
	params, ok := call.Params.(*ChangeParams)
	if !ok {
		panic(fmt.Sprintf("disks: %s comes with %T", call.Verb, call.Params))
	}
	return params.Change
}

func changeOf(w *job.Work) (Change, error) {
	var params ChangeParams
	err := w.Params(&params)
	return params.Change, err
}

// applyChange records a change when it is accepted: at once if the VM is down;
// else as far as the guest has no part in it, which is left to the job.
func (r *room) applyChange(tx *inventory.Tx, change Change) {
	vm, _ := tx.VMs.Get(change.VM)
	recorded := change.New
	if vm.Run.Status != model.StatusDown && isActive(change.Old) != isActive(change.New) {
		if recorded == nil {
			return
		}
		waiting := *change.New
		waiting.Active = isActive(change.Old)
		recorded = &waiting
	}
	setAttachment(tx, change.VM, change.Disk, recorded)
}

// change makes the guest have what was asked.
func (r *room) change(ctx context.Context, w *job.Work) error {
	change, err := changeOf(w)
	if err != nil {
		return err
	}
	return r.turn(ctx, w, change.VM, change.Old, change.New)
}

// unchange makes the guest have what it had. A guest that has ended has nothing.
func (r *room) unchange(ctx context.Context, w *job.Work) error {
	change, err := changeOf(w)
	if err != nil {
		return err
	}
	err = r.turn(ctx, w, change.VM, change.New, change.Old)
	if hasEnded(err) {
		return nil
	}
	return err
}

// hasEnded says whether a host's no means that the guest does not run.
func hasEnded(err error) bool {
	if errors.Is(err, host.ErrNotFound) {
		return true
	}
	refused, ok := errors.AsType[*host.RefusedError](err)
	return ok && refused.Code == host.RefusedState
}

func (r *room) turn(ctx context.Context, w *job.Work, id model.ID, from, to *model.DiskAttachment) error {
	if isActive(from) == isActive(to) {
		return nil
	}
	vm, ok := r.Inventory.VMs.Get(id)
	if !ok || vm.Run.Host == "" {
		return fault.New(fault.VMNotRunning, w.Job.Verb+" of").Because(host.ErrNotFound)
	}
	if isActive(to) {
		return r.plug(ctx, w, vm, *to)
	}
	err := r.OnHostWhile(ctx, w, vm.Run.Host, "HostCallTimeout", func(ctx context.Context, conn host.Host) error {
		return conn.UnplugDisk(ctx, vm.ID, from.Disk)
	})
	return r.hotFault(fault.HotUnplugFailed, from.Disk, vm.Run.Host, err)
}

func (r *room) plug(ctx context.Context, w *job.Work, vm *model.VM, wanted model.DiskAttachment) error {
	// When an unplug is undone, a stateless run is given back what it had: its overlay.
	spec, err := r.DiskSpecTo(ctx, w.Job.Verb, wanted, vm.Run.Overlays...)
	if err != nil {
		return err
	}
	err = r.OnHostWhile(ctx, w, vm.Run.Host, "HostCallTimeout", func(ctx context.Context, conn host.Host) error {
		return conn.PlugDisk(ctx, vm.ID, spec)
	})
	return r.hotFault(fault.HotPlugFailed, wanted.Disk, vm.Run.Host, err)
}

// hotFault is the fault for a host's no, with the words that clients look for.
func (r *room) hotFault(code string, disk, on model.ID, err error) error {
	why := ""
	if refused, ok := errors.AsType[*host.RefusedError](err); ok {
		why = "the host refused: " + refused.Reason
		if known, ok := r.Inventory.Hosts.Get(on); ok {
			why = "the host " + known.Name + " refused: " + refused.Reason
		}
	} else if errors.Is(err, host.ErrNotFound) {
		why = "the VM does not run any more"
	}
	if why == "" {
		return err
	}
	alias := string(disk)
	if known, ok := r.Inventory.Disks.Get(disk); ok {
		alias = known.Alias
	}
	return fault.New(code, alias, why).Because(err)
}

// settleChange records how a change ended. If it could not be undone the guest
// may have the disk, and it counts as active until the VM is down.
func settleChange(tx *inventory.Tx, w *job.Work, failure error, done, failed audit.Code) {
	change, err := changeOf(w)
	if err != nil {
		return
	}
	about := engine.AboutJob(tx, w.Job)
	about.VM, _ = tx.VMs.Get(change.VM)
	about.Disk, _ = tx.Disks.Get(change.Disk)
	code, ends := done, change.New
	if failure != nil {
		code, ends = failed, change.Old
		about.Detail = fault.Of(failure).Message()
		if w.Dirty {
			ends = uncertain(change)
		}
	}
	setAttachment(tx, change.VM, change.Disk, ends)
	tx.Event(audit.New(code, about))
}

func uncertain(change Change) *model.DiskAttachment {
	kept := change.Old
	if kept == nil {
		kept = change.New
	}
	active := *kept
	active.Active = true
	return &active
}
