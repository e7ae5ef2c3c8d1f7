package sqlstore

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"vireo/internal/store"
)

// Options are what Open, OpenReader and Restore may be told; the zero value is
// good for all but DefaultPath.
type Options struct {
	// DefaultPath is the SQLite file to use when no database is named.
	DefaultPath string
	// Log gets the loss of the right to write; nil: the default logger.
	Log *slog.Logger
}

// Open opens the state at the URL as the one engine that may write it, making
// it when it does not exist and bringing its schema forward.
//
// The URL is sqlite:PATH, or postgres://… as PostgreSQL's own clients read it;
// empty is the SQLite file at options.DefaultPath. Errors: *store.HeldError when
// another engine has the state open (with SQLite at once; with PostgreSQL after
// lockPatience, since the server may not have noticed yet that the engine
// before has died), store.ErrNewerSchema in a sentence with both versions.
func Open(ctx context.Context, url string, options Options) (store.Store, error) {
	where, err := parseLocation(url, options.DefaultPath)
	if err != nil {
		return nil, err
	}
	e := &engine{fenced: make(chan struct{}), log: options.Log}
	if e.log == nil {
		e.log = slog.Default()
	}
	if where.path != "" {
		e.session, err = openSQLiteSession(ctx, where.path)
	} else {
		e.session, err = openPostgresSession(ctx, where.url, e.fence)
	}
	if err != nil {
		return nil, err
	}
	if e.Reader, err = openReader(where); err != nil {
		return nil, errors.Join(err, e.session.close())
	}
	return e, nil
}

// engine is a store that may write.
type engine struct {
	*Reader
	log *slog.Logger

	writing sync.Mutex // held for one transaction
	session session

	fencing sync.Once
	fenced  chan struct{}
	closing sync.Once
	closed  error
}

// Commit writes the batch durably, or nothing of it. Once begun it is not
// interrupted by ctx, so that the caller always learns the outcome.
//
// store.ErrFenced: the right to write is lost. When the connection to
// PostgreSQL, or the disk, fails at the very moment of committing, then nobody
// can say whether the batch was written; the error says that, and the store is
// fenced, so that what was written is read again by whoever opens it next.
func (e *engine) Commit(ctx context.Context, batch *store.Batch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	statements, err := statementsOf(batch)
	if err != nil || len(statements) == 0 {
		return err
	}
	_, err = e.write(ctx, newestEvent(batch.Events), statements)
	return err
}

func (e *engine) write(ctx context.Context, lastEvent int64, statements []statement) ([]int64, error) {
	e.writing.Lock()
	defer e.writing.Unlock()
	if e.isFenced() {
		return nil, store.ErrFenced
	}
	counts, err := e.session.write(context.WithoutCancel(ctx), lastEvent, statements)
	if errors.Is(err, store.ErrFenced) || errors.Is(err, errInDoubt) {
		e.fence(err)
	}
	return counts, err
}

// fence ends the right to write; the first cause is logged.
func (e *engine) fence(cause error) {
	e.fencing.Do(func() {
		if cause != nil {
			e.log.Error("the engine may no longer write", "cause", cause)
		}
		close(e.fenced)
	})
}

func (e *engine) isFenced() bool {
	select {
	case <-e.fenced:
		return true
	default:
		return false
	}
}

// Fenced is closed when the right to write is lost or the store closed.
func (e *engine) Fenced() <-chan struct{} { return e.fenced }

// Close ends all use, after a transaction that is being written, and gives the
// lock back last.
func (e *engine) Close() error {
	e.closing.Do(func() {
		e.fence(nil)
		e.writing.Lock()
		defer e.writing.Unlock()
		e.closed = errors.Join(e.Reader.Close(), e.session.close())
	})
	return e.closed
}
