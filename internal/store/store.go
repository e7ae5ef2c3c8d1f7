package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"vireo/internal/model"
)

// ErrFenced says that this engine has lost the right to write: its lock is gone
// or the store is closed. Nothing of the batch was written.
var ErrFenced = errors.New("the engine has lost its right to write")

// ErrNewerSchema says that the data was written by a newer Vireo.
var ErrNewerSchema = errors.New("the data was written by a newer version of Vireo")

// HeldError says that another engine holds the lock.
type HeldError struct {
	// Holder says who: process id, host name and since when, as it wrote itself.
	Holder string
}

// Error names the holder.
func (e *HeldError) Error() string {
	return fmt.Sprintf("another engine is using this data: %s", e.Holder)
}

// Record is one object as it is kept. Name and Status are columns beside the
// document, for people who look into the database; both may be empty.
type Record struct {
	Kind     model.Kind
	ID       model.ID
	Name     string
	Status   string
	Document json.RawMessage
}

// Batch is one transaction: all of it is written or nothing.
type Batch struct {
	Put    []Record
	Delete []model.Ref
	// Jobs are inserted or replaced, by id.
	Jobs []*model.Job
	// ForgetJobs are removed.
	ForgetJobs []model.ID
	// Events are appended; their ids are given by the caller and grow.
	Events []model.Event
	// DeleteEvents are removed.
	DeleteEvents []int64
}

// Empty says that there is nothing to write.
func (b *Batch) Empty() bool {
	return len(b.Put)+len(b.Delete)+len(b.Jobs)+len(b.ForgetJobs)+len(b.Events)+len(b.DeleteEvents) == 0
}

// EventQuery selects events. Zero fields do not restrict.
type EventQuery struct {
	// After selects ids greater than it; Before ids smaller than it.
	After, Before int64
	// Codes, Severities select any of the values.
	Codes      []int
	Severities []model.Severity
	// VM, Host, User select events that name the object.
	VM, Host, User model.ID
	CorrelationID  string
	Since, Until   time.Time
	// Ascending gives the oldest first; otherwise the newest come first.
	Ascending bool
	// Offset skips so many; Limit ends after so many (0: all).
	Offset, Limit int
}

// JobQuery selects monitored jobs, newest first. Zero fields do not restrict.
type JobQuery struct {
	Target        model.ID
	CorrelationID string
	Statuses      []model.JobStatus
	Offset, Limit int
}

// Store keeps everything that survives a restart. All methods are safe for
// concurrent use; Commit calls are made one at a time.
type Store interface {
	// Load calls each for every record, in no order.
	Load(ctx context.Context, each func(Record) error) error
	// RunningJobs gives the jobs that have not ended, oldest first.
	RunningJobs(ctx context.Context) ([]*model.Job, error)
	// LastEvent is the id of the newest event ever written; 0 if none.
	LastEvent(ctx context.Context) (int64, error)
	// Commit writes a batch durably. ErrFenced when the lock was lost.
	Commit(ctx context.Context, batch *Batch) error

	// Events calls each for every event selected until each returns false.
	Events(ctx context.Context, query EventQuery, each func(*model.Event) bool) error
	// Jobs gives the monitored jobs selected.
	Jobs(ctx context.Context, query JobQuery) ([]*model.Job, error)
	// Job gives one job by id, monitored or not; nil if there is none.
	Job(ctx context.Context, id model.ID) (*model.Job, error)
	// Prune removes events before the one time and ended jobs before the other,
	// a limited number at a time, and says how many it removed.
	Prune(ctx context.Context, eventsBefore, jobsBefore time.Time) (int, error)

	// Backup writes a consistent copy into a new file at path, mode 0600, while
	// the store is in use.
	Backup(ctx context.Context, path string) error
	// Fenced is closed when the lock is lost or the store closed.
	Fenced() <-chan struct{}
	// Close ends all use and gives the lock back.
	Close() error
}
