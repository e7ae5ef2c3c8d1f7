package job

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"vireo/internal/inventory"
	"vireo/internal/model"
)

// Step is one piece of work. Do and Undo are called with a context that ends
// when the job is interrupted (Do only) or the engine stops. Both may be called
// again after a crash, and must then find out what is done already.
type Step struct {
	// Name identifies the step in logs and tests: "boot".
	Name string
	// Title is what people read in the list of steps.
	Title string
	Do    func(ctx context.Context, w *Work) error
	// Undo reverses Do, also when Do was done in part. Nil: nothing to undo.
	Undo func(ctx context.Context, w *Work) error
	// Lasting work is not interrupted: the job is past the point of return once
	// this step has begun.
	Lasting bool
}

// Plan is the work of one job. Settle is called in the transaction that ends
// the job, with the error that made it fail or nil: it writes what the end means
// for the objects and tells the events.
type Plan struct {
	Steps  []Step
	Settle func(tx *inventory.Tx, w *Work, failure error)
	// Settled is called after that transaction, without a lock; may be nil.
	Settled func(job *model.Job)
}

// BlockedError makes the runner wait and then do the step again: the host did
// not answer, and whether the step was done is not known.
type BlockedError struct {
	// Until returns when it makes sense to try again, or the context's error.
	Until func(ctx context.Context) error
	Cause error
}

// Error says what the job waits for.
func (e *BlockedError) Error() string { return "waiting: " + e.Cause.Error() }

// Unwrap gives the cause.
func (e *BlockedError) Unwrap() error { return e.Cause }

// Work is a job as its steps see it.
type Work struct {
	// Job is the job as last written; it is not to be changed.
	Job *model.Job
	// Attempt is how many times this step was begun before, in this engine's
	// life or an earlier one.
	Attempt int
	// Asked is what the command was asked as its caller gave it, in memory only:
	// for what must never be written down. Nil when the job was taken up by
	// another engine than the one that was asked.
	Asked any
	// Dirty says that a step could not be undone: what is left of it on a host
	// is not known.
	Dirty bool

	runner *Runner
	data   json.RawMessage
	// told is when progress was written last.
	told time.Time
}

// Params decodes what the command was asked.
func (w *Work) Params(into any) error {
	if len(w.Job.Params) == 0 {
		return nil
	}
	if err := json.Unmarshal(w.Job.Params, into); err != nil {
		return fmt.Errorf("reading the parameters of %s: %w", w.Job.Action, err)
	}
	return nil
}

// Data decodes what earlier steps wanted remembered.
func (w *Work) Data(into any) error {
	if len(w.data) == 0 {
		return nil
	}
	if err := json.Unmarshal(w.data, into); err != nil {
		return fmt.Errorf("reading the data of %s: %w", w.Job.Action, err)
	}
	return nil
}

// Remember makes data durable at once, before it returns.
func (w *Work) Remember(data any) error {
	encoded, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("encoding the data of %s: %w", w.Job.Action, err)
	}
	w.data = encoded
	return w.runner.record(w, func(*model.Job) {})
}

// RememberWith makes data durable in one transaction with a change of other objects. If
// the change says no, neither is made.
func (w *Work) RememberWith(data any, change func(tx *inventory.Tx) error) error {
	encoded, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("encoding the data of %s: %w", w.Job.Action, err)
	}
	before := w.data
	err = w.Update(w.Steady(), func(tx *inventory.Tx) error {
		if err := change(tx); err != nil {
			return err
		}
		w.data = encoded
		w.runner.put(tx, w, func(*model.Job) {})
		return nil
	})
	if err != nil {
		w.data = before
	}
	return err
}

// Steady is a context that ends when the engine stops, and not when the job is
// interrupted: for calls that must not be left half-way.
func (w *Work) Steady() context.Context { return w.runner.base }

// Update changes objects.
func (w *Work) Update(ctx context.Context, change func(tx *inventory.Tx) error) error {
	return w.runner.Inventory.Update(ctx, change)
}
