package nics

import (
	"context"
	"errors"
	"slices"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// Change is what a command does to a network interface: nil is none. It is kept
// with the job; commands fill it in.
type Change struct {
	Old *model.NIC `json:"old,omitempty"`
	New *model.NIC `json:"new,omitempty"`
}

// Params are the Params of all commands here. Remove, activate and deactivate
// may be called without.
type Params struct {
	// Edit changes the network interface, for add and update.
	Edit engine.Edit[model.NIC] `json:"-"`
	// Change is filled in by the command: New holds what was added.
	Change Change `json:"change"`
}

// Durable keeps the change with the job.
func (*Params) Durable() {}

func paramsOf(call *engine.Call) *Params {
	params, ok := call.Params.(*Params)
	if !ok || params == nil {
		params = &Params{}
		call.Params = params
	}
	return params
}

func isPlugged(nic *model.NIC) bool { return nic != nil && nic.Plugged }

// apply records the change of a VM that is down.
func (r *room) apply(done audit.Code) func(*inventory.Tx, *engine.Call) (model.Object, error) {
	return func(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
		change := paramsOf(call).Change
		vm := set(tx, call.Parent, change.Old, change.New)
		about := audit.About{VM: vm, CorrelationID: call.CorrelationID, Detail: name(change)}
		if call.Caller != nil {
			about.User, about.UserName = call.Caller.User, call.Caller.Name
		}
		tx.Event(audit.New(done, about))
		return vm, nil
	}
}

// reserve records the change of a VM that runs, with the plug as it is: so no
// other takes the address. The rest is left to the job.
func (r *room) reserve(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	change := paramsOf(call).Change
	waiting := change.Old
	if change.New != nil {
		copied := *change.New
		copied.Plugged = isPlugged(change.Old)
		waiting = &copied
	}
	return set(tx, call.Parent, change.Old, waiting), nil
}

// set replaces a network interface of a VM by another; either may be nil.
func set(tx *inventory.Tx, vm model.ID, old, wanted *model.NIC) *model.VM {
	edited, ok := tx.VMs.Edit(vm)
	if !ok {
		return nil
	}
	at := -1
	for _, nic := range []*model.NIC{old, wanted} {
		if nic != nil {
			at = slices.IndexFunc(edited.NICs, func(n model.NIC) bool { return n.ID == nic.ID })
		}
	}
	switch {
	case wanted == nil && at >= 0:
		edited.NICs = slices.Delete(edited.NICs, at, at+1)
	case wanted != nil && at >= 0:
		edited.NICs[at] = *wanted
	case wanted != nil:
		edited.NICs = append(edited.NICs, *wanted)
	}
	engine.AlignNextRun(edited)
	return edited
}

func name(change Change) string {
	if change.New != nil {
		return change.New.Name
	}
	return change.Old.Name
}

func (r *room) change(ctx context.Context, w *job.Work) error {
	var params Params
	if err := w.Params(&params); err != nil {
		return err
	}
	return r.turn(ctx, w, params.Change.Old, params.Change.New)
}

// unchange gives the guest back what it had. A guest that has ended has nothing.
func (r *room) unchange(ctx context.Context, w *job.Work) error {
	var params Params
	if err := w.Params(&params); err != nil {
		return err
	}
	err := r.turn(ctx, w, params.Change.New, params.Change.Old)
	refused, ok := errors.AsType[*host.RefusedError](err)
	if errors.Is(err, host.ErrNotFound) || ok && refused.Code == host.RefusedState && r.isOff(w) {
		return nil
	}
	return err
}

// isOff says whether the guest is seen to have ended.
func (r *room) isOff(w *job.Work) bool {
	vm, ok := r.Inventory.VMs.Get(w.Job.Target.ID)
	if !ok || vm.Run.Host == "" {
		return true
	}
	off := false
	err := r.OnHost(w, vm.Run.Host, "HostCallTimeout", func(ctx context.Context, conn host.Host) error {
		guest, err := conn.Guest(ctx, vm.ID)
		off = errors.Is(err, host.ErrNotFound) || err == nil && guest.State == host.Off
		return err
	})
	return off || errors.Is(err, host.ErrNotFound)
}

// turn makes a guest that has the one network interface have the other.
func (r *room) turn(ctx context.Context, w *job.Work, from, to *model.NIC) error {
	vm, ok := r.Inventory.VMs.Get(w.Job.Target.ID)
	if !ok {
		return fault.New(fault.VMNotFound, w.Job.Verb+" of")
	}
	on, ok := r.Inventory.Hosts.Get(vm.Run.Host)
	if !ok {
		return fault.New(fault.VMNotRunning, w.Job.Verb+" of").Because(host.ErrNotFound)
	}
	var do func(context.Context, host.Host) error
	switch {
	case !isPlugged(from) && isPlugged(to):
		do = func(ctx context.Context, conn host.Host) error { return conn.PlugNIC(ctx, vm.ID, r.NICSpec(*to, on)) }
	case isPlugged(from) && !isPlugged(to):
		do = func(ctx context.Context, conn host.Host) error { return conn.UnplugNIC(ctx, vm.ID, from.MAC) }
	case isPlugged(to) && (from.Network != to.Network || from.Linked != to.Linked):
		do = func(ctx context.Context, conn host.Host) error {
			// A change before that broke off may have left the guest without it.
			if err := conn.PlugNIC(ctx, vm.ID, r.NICSpec(*to, on)); err != nil {
				return err
			}
			return conn.UpdateNIC(ctx, vm.ID, r.NICSpec(*to, on))
		}
	default:
		return nil
	}
	return r.HostFault(w.Job.Verb+" of", on.ID, r.OnHostWhile(ctx, w, on.ID, "HostCallTimeout", do))
}

// settle records how a change ended. If it could not be undone the guest may
// have the network interface, and it counts as plugged until the VM is down.
func (r *room) settle(done, failed audit.Code) func(*inventory.Tx, *job.Work, error) {
	return func(tx *inventory.Tx, w *job.Work, failure error) {
		var params Params
		if err := w.Params(&params); err != nil {
			return
		}
		change := params.Change
		about := engine.AboutJob(tx, w.Job)
		about.Detail = name(change)
		if failure == nil {
			set(tx, w.Job.Target.ID, change.Old, change.New)
			tx.Event(audit.New(done, about))
			return
		}
		about.Detail = fault.Of(failure).Message()
		ends := change.Old
		if w.Dirty {
			ends = uncertain(change)
		}
		set(tx, w.Job.Target.ID, change.New, ends)
		tx.Event(audit.New(failed, about))
	}
}

func uncertain(change Change) *model.NIC {
	kept := change.Old
	if kept == nil {
		kept = change.New
	}
	plugged := *kept
	plugged.Plugged = isPlugged(change.Old) || isPlugged(change.New)
	return &plugged
}
