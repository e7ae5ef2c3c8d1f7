package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/store"
)

// ErrInterrupted is the cause of a step's context when another command ended
// the job.
var ErrInterrupted = errors.New("interrupted by another command")

// errStopping is the cause of every context when the engine stops.
var errStopping = errors.New("the engine is stopping")

// Point is a place where the engine may die: a step, and whether its work was
// begun or done but not yet recorded.
type Point struct {
	Job    *model.Job
	Step   string
	Undo   bool
	Worked bool
}

// Options configure a Runner.
type Options struct {
	Inventory *inventory.Inventory
	// Plan finds the work of a job; false for a job nobody knows any more.
	Plan func(job *model.Job) (Plan, bool)
	Log  *slog.Logger
	// Died is asked at each Point; true abandons the job there without writing
	// anything, as a crash would. Nil never dies. For tests.
	Died func(Point) bool
}

// Runner runs jobs, each in a goroutine of its own.
type Runner struct {
	Options

	stop context.CancelCauseFunc
	base context.Context
	wait sync.WaitGroup

	mu      sync.Mutex
	live    map[model.ID]*live
	left    map[model.ID]bool // abandoned: they go on with the next engine
	started chan struct{}     // closed and replaced when a job is started
	shut    bool
}

type live struct {
	interrupt context.CancelCauseFunc
	lasting   bool
	done      chan struct{}
	ended     *model.Job
}

// New makes a runner; Close ends it.
func New(options Options) *Runner {
	r := &Runner{Options: options, live: make(map[model.ID]*live), left: make(map[model.ID]bool), started: make(chan struct{})}
	r.base, r.stop = context.WithCancelCause(context.Background())
	return r
}

// Start runs a job that has been written. Starting twice does nothing.
func (r *Runner) Start(job *model.Job) { r.StartAsked(job, nil) }

// StartAsked is Start for a job whose steps may want to know what was asked, in
// [Work.Asked].
func (r *Runner) StartAsked(job *model.Job, asked any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, running := r.live[job.ID]; running || r.shut {
		return
	}
	ctx, interrupt := context.WithCancelCause(r.base)
	entry := &live{interrupt: interrupt, done: make(chan struct{})}
	r.live[job.ID] = entry
	close(r.started)
	r.started = make(chan struct{})
	if job.Interrupted {
		interrupt(ErrInterrupted)
	}
	r.wait.Go(func() {
		defer interrupt(nil)
		defer close(entry.done)
		ended := r.run(ctx, entry, job, asked)
		r.mu.Lock()
		entry.ended = ended
		delete(r.live, job.ID)
		if ended == nil {
			r.left[job.ID] = true
		}
		r.mu.Unlock()
	})
}

// Interrupt asks a running job to end: its present step is cancelled and all is
// undone. False when the job cannot be interrupted any more, or is not there.
func (r *Runner) Interrupt(ctx context.Context, id model.ID) bool {
	r.mu.Lock()
	entry, running := r.live[id]
	r.mu.Unlock()
	if !running {
		return false
	}
	interrupted := false
	err := r.Inventory.Update(ctx, func(tx *inventory.Tx) error {
		job, ok := tx.Job(id)
		// Lasting work is begun in a transaction too: it is either begun, and
		// this comes too late, or finds the job interrupted.
		if !ok || job.Status != model.JobStarted || entry.isLasting(r) {
			return nil
		}
		copied := model.Clone(job)
		copied.Interrupted = true
		tx.PutJob(copied)
		interrupted = true
		return nil
	})
	if err != nil || !interrupted {
		return false
	}
	entry.interrupt(ErrInterrupted)
	return true
}

func (l *live) isLasting(r *Runner) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return l.lasting
}

func (l *live) setLasting(r *Runner) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l.lasting = true
}

// Wait returns the job when it has ended, or the context's error. Ended jobs are
// read from the store; one that has not ended, and that nobody works on because
// the engine stops or could not record it, is fault.Unavailable.
func (r *Runner) Wait(ctx context.Context, id model.ID) (*model.Job, error) {
	for {
		r.mu.Lock()
		entry, running := r.live[id]
		shut, started := r.shut || r.left[id], r.started
		r.mu.Unlock()
		if running {
			select {
			case <-entry.done:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			if entry.ended != nil {
				return entry.ended, nil
			}
			return nil, fault.New(fault.EngineUnavailable)
		}
		if _, unended := r.Inventory.Job(id); !unended {
			return r.ended(ctx, id)
		}
		if shut {
			return nil, fault.New(fault.EngineUnavailable)
		}
		select {
		case <-started: // it was written a moment ago
		case <-r.base.Done():
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (r *Runner) ended(ctx context.Context, id model.ID) (*model.Job, error) {
	job, err := r.Inventory.Store().Job(ctx, id)
	if err == nil && job == nil {
		return nil, fault.Missing(string(id))
	}
	return job, err
}

// Close stops all jobs where they are and waits for them; they go on when the
// next engine starts.
func (r *Runner) Close() {
	r.mu.Lock()
	r.shut = true
	r.mu.Unlock()
	r.stop(errStopping)
	r.wait.Wait()
}

func (r *Runner) died(point Point) bool {
	return r.Died != nil && r.Died(point)
}

// run does a job to its end and returns it as ended, or nil when it was
// abandoned because the engine stops.
func (r *Runner) run(ctx context.Context, entry *live, job *model.Job, asked any) *model.Job {
	log := r.Log.With("job", job.ID, "action", job.Action, string(job.Target.Kind), job.Target.ID,
		"correlation", job.CorrelationID)
	w := &Work{Job: job, Asked: asked, runner: r, data: job.Data}
	plan, known := r.Plan(job)
	if !known {
		log.ErrorContext(ctx, "no plan for this job; it is closed as failed")
		return r.settle(log, w, Plan{}, fmt.Errorf("unknown command %s", job.Action))
	}
	var failure error
	if job.Undoing {
		failure = faultOf(job)
	} else {
		if pastReturn(job, plan) {
			entry.setLasting(r)
		}
		failure = r.forward(ctx, log, entry, w, plan)
	}
	if errors.Is(failure, errStopping) || r.base.Err() != nil {
		return nil
	}
	if failure != nil {
		if !r.backward(log, w, plan, failure) {
			return nil
		}
	}
	return r.settle(log, w, plan, failure)
}

// forward does the steps from where the job is. The end of one step and the
// begin of the next are one write.
func (r *Runner) forward(ctx context.Context, log *slog.Logger, entry *live, w *Work, plan Plan) error {
	worked := false
	for {
		next := w.Job.Next
		if worked {
			next++
		}
		if next >= len(plan.Steps) {
			return nil
		}
		if r.base.Err() != nil {
			return errStopping
		}
		step := plan.Steps[next]
		late := false
		err := r.record(w, func(job *model.Job) {
			if late = job.Interrupted && !entry.isLasting(r); late {
				return
			}
			if worked {
				endStep(job, model.JobFinished)
			}
			job.Next = next
			beginStep(job, step)
			if step.Lasting {
				entry.setLasting(r)
			}
		})
		if err != nil {
			return r.abandoned(err)
		}
		if late {
			return interrupted(w, ErrInterrupted)
		}
		if r.died(Point{Job: w.Job, Step: step.Name}) {
			return errStopping
		}
		err = r.attempt(ctx, log, w, step.Do)
		if r.died(Point{Job: w.Job, Step: step.Name, Worked: true}) || (err != nil && r.base.Err() != nil) {
			return errStopping
		}
		if err != nil {
			if errors.Is(context.Cause(ctx), ErrInterrupted) && !errors.Is(err, errStopping) {
				return interrupted(w, err)
			}
			return err
		}
		worked = true
	}
}

// pastReturn says whether lasting work was begun before the engine was started.
func pastReturn(job *model.Job, plan Plan) bool {
	begun := 0
	for _, shown := range job.Steps {
		if shown.Parent != "" {
			begun++
		}
	}
	for i, step := range plan.Steps {
		if step.Lasting && i < begun {
			return true
		}
	}
	return false
}

func interrupted(w *Work, cause error) error {
	return fault.New(fault.Interrupted, w.Job.Verb).Because(cause)
}

// longestRest bounds the rest between attempts at a step.
const longestRest = 2 * time.Second

// attempt does one step, again for as long as it is blocked. Before each further
// attempt the job is recorded anew: an engine that has lost the right to write
// while it waited goes no further.
func (r *Runner) attempt(ctx context.Context, log *slog.Logger, w *Work, do func(context.Context, *Work) error) error {
	for w.Attempt = 0; ; w.Attempt++ {
		err := do(ctx, w)
		blocked, ok := errors.AsType[*BlockedError](err)
		if !ok {
			return err
		}
		log.WarnContext(ctx, "the step waits until it can be tried again", "err", blocked.Cause)
		if err := blocked.Until(ctx); err != nil {
			return err
		}
		// Whoever says at once that it makes sense may be wrong many times.
		if err := rest(ctx, min(time.Duration(w.Attempt)*100*time.Millisecond, longestRest)); err != nil {
			return err
		}
		if err := r.record(w, func(*model.Job) {}); err != nil {
			return r.abandoned(err)
		}
	}
}

func rest(ctx context.Context, period time.Duration) error {
	timer := time.NewTimer(period)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// backward undoes the steps that were begun, the last one first. False when the
// engine stops meanwhile.
func (r *Runner) backward(log *slog.Logger, w *Work, plan Plan, failure error) bool {
	if !w.Job.Undoing {
		said := fault.Of(failure)
		err := r.record(w, func(job *model.Job) {
			endStep(job, model.JobFailed)
			job.Undoing = true
			job.Fault = &model.JobFault{Kind: string(said.Kind), Code: said.Code, Message: said.Message()}
		})
		if err != nil {
			return false
		}
	}
	for i := min(w.Job.Next, len(plan.Steps)-1); i >= 0; i-- {
		step := plan.Steps[i]
		if step.Undo == nil {
			continue
		}
		if r.died(Point{Job: w.Job, Step: step.Name, Undo: true}) {
			return false
		}
		if err := r.attempt(r.base, log, w, step.Undo); err != nil {
			if r.base.Err() != nil || errors.Is(err, errStopping) {
				return false
			}
			w.Dirty = true
			log.Error("a step could not be undone", "step", step.Name, "err", err)
		}
		if r.died(Point{Job: w.Job, Step: step.Name, Undo: true, Worked: true}) {
			return false
		}
		next := i - 1
		if err := r.record(w, func(job *model.Job) { job.Next = next }); err != nil {
			return false
		}
	}
	return true
}

func (r *Runner) settle(log *slog.Logger, w *Work, plan Plan, failure error) *model.Job {
	var ended *model.Job
	err := r.Inventory.Update(r.base, func(tx *inventory.Tx) error {
		ended = model.Clone(current(tx, w))
		finish(ended, failure)
		tx.PutJob(ended)
		if plan.Settle != nil {
			plan.Settle(tx, w, failure)
		}
		return nil
	})
	if err != nil {
		_ = r.abandoned(err) // that it is abandoned is told by the missing job
		return nil
	}
	level := slog.LevelInfo
	if failure != nil {
		level = slog.LevelWarn
	}
	log.Log(r.base, level, "job ended", "status", ended.Status, "seconds", time.Since(ended.StartTime).Seconds(), "err", failure)
	if plan.Settled != nil {
		plan.Settled(ended)
	}
	return ended
}

// record writes the job with a change. It uses the runner's own context: an
// interrupted job still records.
func (r *Runner) record(w *Work, change func(*model.Job)) error {
	return r.Inventory.Update(r.base, func(tx *inventory.Tx) error {
		r.put(tx, w, change)
		return nil
	})
}

func (r *Runner) put(tx *inventory.Tx, w *Work, change func(*model.Job)) {
	job := model.Clone(current(tx, w))
	job.Data = w.data
	job.LastUpdated = time.Now().UTC()
	change(job)
	tx.PutJob(job)
	w.Job = job
}

// current is the job with what others have written into it (Interrupted).
func current(tx *inventory.Tx, w *Work) *model.Job {
	if job, ok := tx.Job(w.Job.ID); ok {
		return job
	}
	return w.Job
}

// abandoned turns an error of writing into one that ends the job's goroutine: a
// job that cannot be recorded goes on with the next engine.
func (r *Runner) abandoned(err error) error {
	if !errors.Is(err, store.ErrFenced) && r.base.Err() == nil {
		r.Log.Error("a job could not be recorded; it goes on when the engine is started again", "err", err)
	}
	return errStopping
}

func faultOf(job *model.Job) error {
	if job.Fault == nil {
		return errors.New("failed before the engine was restarted")
	}
	return &fault.Fault{Kind: fault.Kind(job.Fault.Kind), Code: job.Fault.Code, Messages: []string{job.Fault.Message}, Command: true}
}
