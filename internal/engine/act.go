package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"vireo/internal/audit"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
	"vireo/internal/store"
)

// Act runs a command. It returns when the command is done, or when it is
// accepted for paths that work in the background and clients that do not wait.
// The error is a *fault.Fault; the result is not nil when a job was made.
func (e *Engine) Act(ctx context.Context, call *Call) (*Result, error) {
	command, known := e.commands[string(call.On)+"."+call.Name]
	if !known || command.Internal {
		return nil, fault.Missing(string(call.On) + " " + call.Name)
	}
	return e.do(ctx, command, call)
}

// Own does what Act does with an internal command: it is for the engine itself.
func (e *Engine) Own(ctx context.Context, call *Call) (*Result, error) {
	return e.do(ctx, e.commands[string(call.On)+"."+call.Name], call)
}

func (e *Engine) do(ctx context.Context, command *Command, call *Call) (*Result, error) {
	call.Verb = command.Verb
	if err := sleep(ctx, call.GracePeriod); err != nil {
		return nil, fault.New(fault.Interrupted, call.Verb).Because(err)
	}
	accepted, err := e.acceptFree(ctx, command, call)
	if fault.Is(err, fault.Denied) {
		e.refusedCall(ctx, command, call)
	}
	if err != nil {
		return nil, e.said(err)
	}
	accepted.params = call.Params
	e.begunAlongside(call, accepted)
	result := &Result{Object: accepted.object}
	if accepted.job == nil {
		e.lookAt(call)
		return result, nil
	}
	result.Job = accepted.job
	e.runner.StartAsked(accepted.job, accepted.params)
	if call.Async != nil && *call.Async || call.Async == nil && accepted.path.Task {
		result.Pending = true
		return result, nil
	}
	if call.Async == nil && accepted.path.Background {
		return result, nil
	}
	return e.await(ctx, result, accepted.path.Granted)
}

// await waits for a job that the client waits for, within bounds.
func (e *Engine) await(ctx context.Context, result *Result, granted bool) (*Result, error) {
	bounded, cancel := context.WithTimeout(ctx, e.Values.Duration("SyncActionTimeout"))
	defer cancel()
	ended, err := e.runner.Wait(bounded, result.Job.ID)
	switch {
	case err != nil && bounded.Err() != nil:
		result.Pending = true
		return result, nil
	case err != nil:
		return result, e.said(err)
	}
	result.Job = ended
	if object, ok := e.object(ended.Target); ok {
		result.Object = object
	}
	if ended.Status == model.JobFailed && ended.Fault != nil && !granted {
		return result, &fault.Fault{
			Kind: fault.Kind(ended.Fault.Kind), Code: ended.Fault.Code,
			Messages: []string{ended.Fault.Message}, Command: true,
		}
	}
	return result, nil
}

// Interrupt asks a job to end, and to undo what it has done.
func (e *Engine) Interrupt(ctx context.Context, id model.ID) { e.runner.Interrupt(ctx, id) }

// Wait returns a job when it has ended.
func (e *Engine) Wait(ctx context.Context, id model.ID) (*model.Job, error) {
	return e.runner.Wait(ctx, id)
}

type acceptance struct {
	object model.Object
	job    *model.Job
	path   *Path
	// params is what the job was asked.
	params any
	// blocker is the job to interrupt before the command can be accepted.
	blocker *model.Job
}

// acceptFree accepts a command, interrupting the job in its way if the row may.
func (e *Engine) acceptFree(ctx context.Context, command *Command, call *Call) (*acceptance, error) {
	deadline, cancel := context.WithTimeout(ctx, e.Values.Duration("InterruptTimeout"))
	defer cancel()
	for {
		accepted, err := e.accept(ctx, command, call)
		if err != nil && lookOutside(ctx, call, err) {
			continue
		}
		if err != nil || accepted.blocker == nil {
			return accepted, err
		}
		e.runner.Interrupt(ctx, accepted.blocker.ID)
		if _, err := e.runner.Wait(deadline, accepted.blocker.ID); err != nil {
			return nil, locked(command, e.nameOf(call))
		}
	}
}

// accept checks and writes a command as one transaction: permission, status,
// lock, preconditions, then changes, status, job and event (api-v3 3.1). The
// status comes before the lock because it says more: while a job starts a VM,
// "the VM is in Wait for Launch status" is the documented refusal (3.2, 3.4, 3.6).
func (e *Engine) accept(ctx context.Context, command *Command, call *Call) (*acceptance, error) {
	accepted := &acceptance{}
	err := e.Inventory.Update(ctx, func(tx *inventory.Tx) error {
		*accepted, call.alongside = acceptance{}, nil
		status, hasStatus, err := e.target(tx, command, call)
		if err != nil {
			return err
		}
		allowed, err := e.allowed(tx, command, call)
		if err != nil {
			return err
		}
		if !allowed {
			return fault.New(fault.NotAuthorized)
		}
		admitted, err := e.admit(tx, command, call, status, hasStatus)
		if err != nil {
			return err
		}
		*accepted = *admitted
		if call.Caller != nil {
			stamp(tx, AboutCaller(call))
		}
		return nil
	})
	return accepted, err
}

// entered is the status that counts for the choice of the path: of a VM that goes on
// when a job is ended for the call, the one that it had with that job.
func entered(call *Call, status model.Status) model.Status {
	if call.cut == model.StatusMigrating && lifecycle.HasGuest(status) && !lifecycle.Silent(status) {
		return call.cut
	}
	return status
}

// admit is the part of accept that comes after the permits.
func (e *Engine) admit(tx *inventory.Tx, command *Command, call *Call, status model.Status, hasStatus bool) (*acceptance, error) {
	if command.First != nil {
		if err := command.First(tx, call); err != nil {
			return nil, err
		}
	}
	path, fits := command.path(tx, call, entered(call, status), hasStatus)
	locks := command.locks(tx, call)
	if !fits {
		return nil, command.refuse(status)
	}
	for _, ref := range locks {
		if holder, held := tx.Holder(ref); held {
			if command.Interrupts {
				call.cut = status
				return &acceptance{blocker: holder}, nil
			}
			return nil, locked(command, e.nameOfHeld(tx, call, ref))
		}
	}
	accepted := &acceptance{path: path}
	return accepted, e.enter(tx, command, path, call, locks, accepted)
}

func (e *Engine) enter(tx *inventory.Tx, command *Command, path *Path, call *Call, locks []model.Ref, accepted *acceptance) error {
	if command.Reshapes {
		if err := checkNotPooled(tx, command, call); err != nil {
			return err
		}
	}
	if err := checkOwnRun(tx, command, call); err != nil {
		return err
	}
	for _, check := range []func(*inventory.Tx, *Call) error{command.Check, path.Check} {
		if check == nil {
			continue
		}
		if err := check(tx, call); err != nil {
			return err
		}
	}
	target := model.Ref{Kind: command.On, ID: call.Target}
	name := nameIn(tx, target)
	before := model.Status("")
	if vm, ok := tx.VMs.Get(call.Target); ok && command.On == model.KindVM {
		before = vm.Run.Status
	}
	if path.Apply != nil {
		object, err := path.Apply(tx, call)
		if err != nil {
			return err
		}
		accepted.object = object
		if object != nil {
			target, name = object.Ref(), object.ObjectName()
		}
		if command.Name == "add" {
			giveToMaker(tx, call, target)
		}
		forgetGone(tx, target)
		e.reclaim(tx, command.On)
	}
	if path.Via != "" {
		vm, _ := tx.VMs.Edit(call.Target)
		SetStatus(vm, path.Via, "")
	}
	if len(path.Steps) > 0 {
		made, err := newJob(command, path, call, target, name, locks)
		if err != nil {
			return err
		}
		made.Before = before
		accepted.job = made
		tx.PutJob(made)
	}
	codes := []audit.Code{path.Begun}
	if len(path.Steps) == 0 {
		codes = append(codes, path.Done)
	}
	for _, code := range codes {
		if code != 0 {
			about := aboutCall(tx, call, target)
			if accepted.job != nil {
				about.Job = accepted.job.ID
			}
			if code == path.Begun && path.Open != nil {
				path.Open(tx, call, &about)
			}
			tx.Event(audit.New(code, about))
		}
	}
	if call.Caller != nil && tx.Silent() && (accepted.job == nil || !path.tells()) {
		about := aboutCall(tx, call, target)
		about.Detail = command.Verb + " (" + name + ")"
		tx.Event(audit.New(audit.Done, about))
	}
	if accepted.object == nil {
		if vm, ok := tx.VMs.Get(call.Target); ok {
			accepted.object = vm
		}
	}
	return nil
}

func newJob(command *Command, path *Path, call *Call, target model.Ref, name string, locks []model.Ref) (*model.Job, error) {
	now := time.Now().UTC()
	made := &model.Job{
		ID: model.NewID(), Action: command.Key(), Path: path.Name, Verb: command.Verb,
		Monitored: !command.Unmonitored && path.Title != "", Target: target, Locks: locks,
		CorrelationID: call.CorrelationID, Status: model.JobStarted, StartTime: now, LastUpdated: now,
		Steps: job.NewSteps(now), AutoCleared: true,
	}
	if command.Locks == nil || len(locks) == 0 {
		made.Locks = []model.Ref{target}
	}
	made.Locks = append(slices.Clone(made.Locks), call.Holds...)
	if call.Caller != nil {
		made.Owner, made.OwnerName, made.OwnerAddress = call.Caller.User, call.Caller.Name, call.Caller.Address
	}
	title := path.Title
	if path.Describe != nil {
		title = cmp.Or(path.Describe(call), title)
	}
	made.Description = strings.ReplaceAll(title, "{name}", name)
	if durable, ok := call.Params.(Durable); ok {
		encoded, err := json.Marshal(durable)
		if err != nil {
			return nil, fmt.Errorf("encoding the parameters of %s: %w", command.Key(), err)
		}
		made.Params = encoded
	}
	return made, nil
}

func (c *Command) locks(tx *inventory.Tx, call *Call) []model.Ref {
	if c.Locks != nil {
		return c.Locks(tx, call)
	}
	if call.Target == "" {
		return nil
	}
	return []model.Ref{{Kind: c.On, ID: call.Target}}
}

func (c *Command) refuse(status model.Status) error {
	if c.Refuse != nil {
		return c.Refuse(c.Verb, status)
	}
	return fault.New(fault.VMStatusIllegal, c.onVM(), lifecycle.Label(status))
}

// onVM is the verb as it stands before "VM" in messages: "run", "add disk of".
func (c *Command) onVM() string {
	if c.On == model.KindVM {
		return c.Verb
	}
	return c.Verb + " of"
}

func locked(command *Command, name string) error {
	return fault.New(fault.ObjectLocked, command.Verb, name)
}

// said turns an error of accepting into a fault.
func (e *Engine) said(err error) error {
	if errors.Is(err, store.ErrFenced) {
		return fault.New(fault.EngineUnavailable).Because(err)
	}
	return fault.Of(err)
}

func (e *Engine) lookAt(call *Call) {
	if call.On == model.KindVM && e.Machines != nil {
		e.Machines.Look(call.Target)
	}
}

func sleep(ctx context.Context, period time.Duration) error {
	if period <= 0 {
		return nil
	}
	timer := time.NewTimer(period)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
