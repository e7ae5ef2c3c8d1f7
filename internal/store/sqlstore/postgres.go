package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"vireo/internal/store"
)

const (
	// probeEvery is how often an idle session is asked whether it is there.
	probeEvery = time.Second
	// probeLimit and writeLimit are how long the server may take for an answer
	// and for a transaction before it counts as lost.
	probeLimit = 10 * time.Second
	writeLimit = 20 * time.Second
)

// postgresSession writes into PostgreSQL through the session that holds the
// advisory lock.
type postgresSession struct {
	db   *sql.DB
	held *sql.Conn
	// conn is the connection of held; using guards it.
	conn  *pgx.Conn
	using sync.Mutex
	token string

	stop    context.CancelFunc
	stopped chan struct{}
}

// openPostgresSession takes the lock, brings the schema forward and writes the
// token. lost is called, once at most and from another goroutine, when the
// session ends by itself.
func openPostgresSession(ctx context.Context, url string, lost func(error)) (*postgresSession, error) {
	s, err := connectPostgres(ctx, url)
	if err != nil {
		return nil, err
	}
	_, err = s.conn.Exec(ctx, takeQuery, s.token, holderText(), int64(s.conn.PgConn().PID()))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("taking the right to write: %w", err), s.close())
	}
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop, s.stopped = stop, make(chan struct{})
	go s.watch(watching, lost)
	return s, nil
}

// connectPostgres makes a session with the lock and the newest schema, which
// has not taken the right to write yet.
func connectPostgres(ctx context.Context, url string) (_ *postgresSession, err error) {
	s := &postgresSession{token: newToken()}
	if s.db, err = openPostgres(url, toWrite); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	backend, err := lockPostgres(ctx, s.db)
	if err != nil {
		return nil, err
	}
	// The pool has this one connection, so that goose works under the lock.
	if err = migrate(ctx, s.db, postgresDialect); err != nil {
		return nil, err
	}
	if err = s.hold(ctx, backend); err != nil {
		return nil, err
	}
	return s, nil
}

// hold keeps the connection for good and makes sure that it is still the one
// that took the lock.
func (s *postgresSession) hold(ctx context.Context, backend int64) (err error) {
	if s.held, err = s.db.Conn(ctx); err != nil {
		return fmt.Errorf("keeping the connection: %w", err)
	}
	err = s.held.Raw(func(driver any) error {
		conn, ok := driver.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("its driver is %T", driver)
		}
		s.conn = conn.Conn()
		return nil
	})
	if err != nil {
		return fmt.Errorf("keeping the connection: %w", err)
	}
	var now int64
	if err := s.conn.QueryRow(ctx, `SELECT pg_backend_pid()`).Scan(&now); err != nil {
		return fmt.Errorf("keeping the connection: %w", err)
	}
	if now != backend {
		return errors.New("the connection to the database is not kept: Vireo needs a session of its own, not one of a pooler")
	}
	return nil
}

// write needs two round trips: the claim, and everything else with the commit.
func (s *postgresSession) write(ctx context.Context, lastEvent int64, statements []statement) ([]int64, error) {
	s.using.Lock()
	defer s.using.Unlock()
	ctx, cancel := context.WithTimeout(ctx, writeLimit)
	defer cancel()
	counts, err := s.send(ctx, []statement{{query: "BEGIN"}, claim(s.token, lastEvent)})
	if err != nil {
		if s.conn.IsClosed() {
			return nil, fmt.Errorf("%w: %w", store.ErrFenced, err)
		}
		return nil, s.rollBack(ctx, fmt.Errorf("claiming the right to write: %w", err))
	}
	if counts[1] != 1 {
		return nil, s.rollBack(ctx, errTokenGone())
	}
	counts, err = s.send(ctx, append(slices.Clip(statements), statement{query: "COMMIT"}))
	if err != nil {
		return nil, s.rollBack(ctx, s.failure(err))
	}
	return counts[:len(statements)], nil
}

// send does the statements in one round trip and says how many rows each changed.
func (s *postgresSession) send(ctx context.Context, statements []statement) ([]int64, error) {
	batch := &pgx.Batch{}
	for _, one := range statements {
		batch.Queue(one.query, one.args...)
	}
	results := s.conn.SendBatch(ctx, batch)
	counts := make([]int64, len(statements))
	for i := range statements {
		tag, err := results.Exec()
		if err != nil {
			_ = results.Close()
			return nil, err
		}
		counts[i] = tag.RowsAffected()
	}
	return counts, results.Close()
}

// failure says what a failed transaction means. When the server itself has
// refused a statement, it has not come to the commit behind it.
func (s *postgresSession) failure(err error) error {
	refusal, refused := errors.AsType[*pgconn.PgError](err)
	switch {
	case refused && s.conn.IsClosed():
		return fmt.Errorf("%w: the server has ended the session: %w", store.ErrFenced, refusal)
	case refused:
		return fmt.Errorf("writing into PostgreSQL: %w", err)
	}
	return fmt.Errorf("%w: %w", errInDoubt, err)
}

// rollBack ends a transaction that failed and gives its cause back. A session
// that cannot even do that is of no more use.
func (s *postgresSession) rollBack(ctx context.Context, cause error) error {
	if s.conn.IsClosed() || s.conn.PgConn().TxStatus() == 'I' {
		return cause
	}
	if _, err := s.conn.Exec(ctx, "ROLLBACK"); err != nil {
		return fmt.Errorf("%w: %w: %w", store.ErrFenced, cause, err)
	}
	return cause
}

// watch asks the session from time to time whether it is there.
func (s *postgresSession) watch(ctx context.Context, lost func(error)) {
	defer close(s.stopped)
	ticker := time.NewTicker(probeEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		// Not ended by ctx, which would end the connection too.
		if err := s.probe(context.WithoutCancel(ctx)); err != nil {
			lost(fmt.Errorf("the connection that holds the lock is lost: %w", err))
			return
		}
	}
}

func (s *postgresSession) probe(ctx context.Context) error {
	s.using.Lock()
	defer s.using.Unlock()
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	return s.conn.Ping(ctx)
}

// close ends the session, and with it the lock.
func (s *postgresSession) close() error {
	if s.stop != nil {
		s.stop()
		<-s.stopped
	}
	if s.conn != nil && !s.conn.IsClosed() {
		// Named here although the end of the session would do, so that the
		// lock is free when close returns.
		ctx, cancel := context.WithTimeout(context.Background(), probeLimit)
		defer cancel()
		_, _ = s.conn.Exec(ctx, `SELECT pg_advisory_unlock(`+lockKey+`)`)
	}
	if s.held != nil {
		_ = s.held.Close()
	}
	return s.db.Close()
}
