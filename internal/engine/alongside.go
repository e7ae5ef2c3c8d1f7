package engine

import (
	"vireo/internal/inventory"
)

// Alongside accepts another command in the transaction that accepts call, for the same
// caller: both are accepted or neither is. Its permits are not asked for, since what
// call is permitted includes it. If call has no job of its own, that of the other is
// waited for in its place. The error is to be returned as it is.
func (e *Engine) Alongside(tx *inventory.Tx, call, other *Call) error {
	other.Caller, other.CorrelationID, other.looks = call.Caller, call.CorrelationID, call.looks
	accepted, err := e.join(tx, other)
	if err == nil {
		call.alongside = append(call.alongside, accepted)
	}
	return err
}

// Later accepts an internal command in a transaction that has found that there is work
// to do: it is begun when that is written, and nobody waits for it.
func (e *Engine) Later(tx *inventory.Tx, call *Call) error {
	_, err := e.join(tx, call)
	return err
}

func (e *Engine) join(tx *inventory.Tx, call *Call) (*acceptance, error) {
	command := e.commands[string(call.On)+"."+call.Name]
	call.Verb = command.Verb
	status, hasStatus, err := e.target(tx, command, call)
	if err != nil {
		return nil, err
	}
	accepted, err := e.admit(tx, command, call, status, hasStatus)
	if err != nil {
		return nil, err
	}
	if accepted.blocker != nil {
		return nil, locked(command, e.nameOf(call))
	}
	accepted.params = call.Params
	return accepted, nil
}

// begunAlongside starts what was accepted alongside a call; a call without a job is
// waited for by that.
func (e *Engine) begunAlongside(call *Call, accepted *acceptance) {
	for _, other := range call.alongside {
		if other.job == nil {
			continue
		}
		if accepted.job == nil {
			accepted.job, accepted.path, accepted.params = other.job, other.path, other.params
			continue
		}
		e.runner.StartAsked(other.job, other.params)
	}
}
