package vms

import (
	"context"
	"errors"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// errFrozenAlready is why a second freeze is refused, as the engine 3.6 did.
var errFrozenAlready = errors.New("the file systems are frozen already")

// freezeData is what a freeze remembers.
type freezeData struct {
	// Begun says that the agent has been told to freeze: from then on it may do so,
	// whatever becomes of its answer. Thawed says that this was taken back.
	Begun  bool `json:"begun,omitempty"`
	Thawed bool `json:"thawed,omitempty"`
	// Found says that they were frozen before.
	Found bool `json:"found,omitempty"`
	// Empty says that the guest has nothing to freeze.
	Empty bool `json:"empty,omitempty"`
}

// lasts says whether the file systems are frozen, or may be, when the job ends.
func (d freezeData) lasts() bool { return d.Found || d.Begun && !d.Thawed && !d.Empty }

// lockFreeze keeps freezing apart from all other work on the VM.
func lockFreeze(tx *inventory.Tx, call *engine.Call) []model.Ref {
	return append(lockThaw(tx, call), model.Ref{Kind: model.KindVM, ID: call.Target})
}

// lockThaw keeps thawing apart from freezing only: it is what helps when other work
// on the VM hangs because the guest cannot write.
func lockThaw(_ *inventory.Tx, call *engine.Call) []model.Ref {
	return []model.Ref{{Kind: model.KindFileSystems, ID: call.Target}}
}

// freeze has the guest agent freeze all file systems (api-v3 3.15). The guest is
// asked and not the record whether they are frozen already: somebody inside may
// have frozen or thawed them.
func (r *room) freeze(ctx context.Context, w *job.Work) error {
	vm, err := r.vm(w)
	if err != nil {
		return err
	}
	var data freezeData
	if err := w.Data(&data); err != nil {
		return err
	}
	if !data.Begun {
		if err := r.mayFreeze(ctx, w, vm, &data); err != nil {
			return err
		}
	}
	frozen := true
	err = r.AskAgent(ctx, w, vm, func(ctx context.Context, conn host.Host) error {
		if err := conn.AgentFreeze(ctx, vm.ID); err != nil {
			return err
		}
		if is, err := conn.AgentFrozen(ctx, vm.ID); err == nil {
			frozen = is
		}
		return nil
	})
	if err != nil && ctx.Err() == nil && !engine.IsBlocked(err) {
		return r.takeBack(w, vm, data, r.AgentFault(w, vm, fault.FreezeFailed, err))
	}
	if err != nil {
		return err // it is tried again, or who has interrupted it sees to the guest
	}
	data.Empty = !frozen
	return w.Remember(&data)
}

// mayFreeze looks whether there is something to do, and remembers that it is begun.
func (r *room) mayFreeze(ctx context.Context, w *job.Work, vm *model.VM, data *freezeData) error {
	err := r.AskAgent(ctx, w, vm, func(ctx context.Context, conn host.Host) (err error) {
		data.Found, err = conn.AgentFrozen(ctx, vm.ID)
		return err
	})
	if err != nil {
		return r.AgentFault(w, vm, fault.FreezeFailed, err)
	}
	data.Begun = !data.Found
	if err := w.Remember(data); err != nil {
		return err
	}
	if data.Found {
		return fault.New(fault.FreezeFailed).Because(errFrozenAlready)
	}
	return nil
}

// takeBack thaws after a freeze that has failed, for the agent may have frozen some
// file systems, or may yet. failure is returned.
func (r *room) takeBack(w *job.Work, vm *model.VM, data freezeData, failure error) error {
	data.Thawed = r.ThawGuest(w, vm) == nil
	return errors.Join(failure, w.Remember(&data))
}

// frozen settles a freeze. That one with an unknown end is remembered as frozen too:
// the watcher finds out when the agent answers.
func (r *room) frozen(tx *inventory.Tx, w *job.Work, _ error) {
	var data freezeData
	_ = w.Data(&data)
	vm, ok := tx.VMs.Edit(w.Job.Target.ID)
	if ok && data.lasts() && vm.Run.Frozen.IsZero() {
		vm.Run.Frozen, vm.Run.FrozenTold = time.Now().UTC(), false
	}
}

// thaw has the guest agent thaw all file systems. Those that are not frozen are no
// failure (api-v3 3.15).
func (r *room) thaw(_ context.Context, w *job.Work) error {
	vm, err := r.vm(w)
	if err != nil {
		return err
	}
	return r.AgentFault(w, vm, fault.ThawFailed, r.ThawGuest(w, vm))
}

// thawed settles a thaw.
func (r *room) thawed(tx *inventory.Tx, w *job.Work, failure error) {
	if vm, ok := tx.VMs.Edit(w.Job.Target.ID); ok && failure == nil {
		engine.Unfreeze(vm)
	}
}

// thawFirst thaws a guest that is frozen before it is asked to end or is saved: a
// frozen one could not shut down, and would wake up frozen. When the agent does not
// answer, the work goes on without.
func (r *room) thawFirst(w *job.Work) error {
	vm, err := r.vm(w)
	if err != nil || vm.Run.Frozen.IsZero() {
		return err
	}
	failure := r.ThawGuest(w, vm)
	if engine.IsBlocked(failure) {
		return failure
	}
	return r.thawedFirst(w, vm, failure)
}

// lastThaw is how long a guest that is powered off may take to thaw: the power goes
// all the same.
const lastThaw = 3 * time.Second

// thawLast is thawFirst for a guest that is powered off. What its programs have waited to
// write has its chance; nothing holds the end up.
func (r *room) thawLast(w *job.Work, vm *model.VM) error {
	if vm.Run.Frozen.IsZero() {
		return nil
	}
	failure := r.ThawGuestWithin(w, vm, lastThaw)
	if engine.IsBlocked(failure) {
		return nil // the end itself waits for the host
	}
	return r.thawedFirst(w, vm, failure)
}

// thawedFirst tells what such a thaw has come to.
func (r *room) thawedFirst(w *job.Work, vm *model.VM, failure error) error {
	if err := w.Steady().Err(); err != nil {
		return err
	}
	return w.Update(w.Steady(), func(tx *inventory.Tx) error {
		edited, ok := tx.VMs.Edit(vm.ID)
		if !ok {
			return nil
		}
		about, code := engine.AboutJob(tx, w.Job), audit.Thawed
		if failure != nil {
			about.Detail, code = fault.Of(r.AgentFault(w, vm, fault.ThawFailed, failure)).Message(), audit.ThawFailed
		} else {
			engine.Unfreeze(edited)
		}
		tx.Event(audit.New(code, about))
		return nil
	})
}
