package vms

import (
	"context"
	"errors"
	"slices"

	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/guestagent"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// logonParams are the Params of logon, filled in from the caller. They are not Durable: the
// password stays where the caller's session keeps it, until the moment it is handed over.
type logonParams struct {
	user, domain string
	reveal       func() (password string, has bool)
}

// withGuest are the statuses of a VM in which its guest may have an agent that listens: none
// other is looked at (api-v3 3.8).
func withGuest() []model.Status {
	return slices.DeleteFunc(slices.Clone(model.Statuses), func(status model.Status) bool { return !lifecycle.HasGuest(status) })
}

// refuseLogon is the refusal for a VM that does not run (api-v3 3.8).
func refuseLogon(string, model.Status) *fault.Fault { return fault.New(fault.LogonNotRunning) }

// lockLogon keeps two logons to one VM apart. They change nothing of the VM, so other work on
// it is not in the way.
func lockLogon(_ *inventory.Tx, call *engine.Call) []model.Ref {
	return []model.Ref{{Kind: model.KindLogon, ID: call.Target}}
}

func (r *room) checkLogon(_ *inventory.Tx, call *engine.Call) error {
	if call.Caller == nil {
		return fault.New(fault.LogonNoPassword)
	}
	if _, has := call.Caller.Password(); !has {
		return fault.New(fault.LogonNoPassword)
	}
	if !r.HearsAgent(call.Target) {
		return fault.New(fault.AgentSilent)
	}
	return nil
}

// fillLogon says whose credentials they are: the caller's own, with the domain that has
// verified them.
func fillLogon(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	user, known := tx.Users.Get(call.Caller.User)
	if !known {
		return nil, fault.New(fault.LogonNoPassword)
	}
	call.Params = &logonParams{user: user.Name, domain: user.Domain, reveal: call.Caller.Password}
	return nil, nil
}

// logOn hands the credentials over. It waits for no host: who wanted in would be gone. Whether
// the guest lets the user in is not told (api-v3 3.8).
func (r *room) logOn(ctx context.Context, w *job.Work) error {
	params, asked := w.Asked.(*logonParams)
	if !asked {
		return fault.New(fault.StateConflict, "log on to VM", "The engine was restarted meanwhile.")
	}
	vm, err := r.vm(w)
	if err != nil {
		return err
	}
	password, has := params.reveal()
	if !has {
		return fault.New(fault.LogonNoPassword)
	}
	line, err := guestagent.Login(params.user, params.domain, password)
	if errors.Is(err, guestagent.ErrNotText) {
		return fault.New(fault.LogonNotText)
	}
	if err != nil {
		return err
	}
	defer clear(line)
	err = r.TellAgent(ctx, vm.ID, line)
	switch {
	case isAgentRefusal(err):
		return fault.New(fault.AgentSilent).Because(err)
	case errors.Is(err, host.ErrUnreachable) && ctx.Err() == nil:
		return fault.New(fault.HostSilent, w.Job.Verb, r.HostName(vm.Run.Host)).Because(err)
	}
	return err
}
