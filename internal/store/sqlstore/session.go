package sqlstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"time"

	"vireo/internal/store"
)

// statement is one SQL text with its parameters.
type statement struct {
	query string
	args  []any
}

// session is the one connection that writes, together with the lock that
// allows it to.
type session interface {
	// write does the statements in one transaction that begins with the claim,
	// and says how many rows each changed (the claim not counted). An error that
	// is store.ErrFenced says that nothing was written because the right to
	// write is lost; errInDoubt, that it is lost and nobody knows what was
	// written; any other, that nothing was written and the next may be.
	write(ctx context.Context, lastEvent int64, statements []statement) ([]int64, error)
	// close ends the connection and gives the lock back.
	close() error
}

// errInDoubt says that the connection ended between the request to commit and
// its answer.
var errInDoubt = errors.New("it is not known whether the last change was written")

// claimQuery begins every transaction: it proves that the token is still this
// writer's, holds the row until the end, and remembers the newest event id,
// which outlives the event.
const claimQuery = `UPDATE engine SET last_event = CASE WHEN last_event < $1 THEN $2 ELSE last_event END WHERE token = $3`

// takeQuery makes this writer the only one.
const takeQuery = `UPDATE engine SET token = $1, holder = $2, backend = $3 WHERE one = 1`

func claim(token string, lastEvent int64) statement {
	return statement{claimQuery, []any{lastEvent, lastEvent, token}}
}

func newToken() string { return rand.Text() }

// errTokenGone is what a claim without a row means.
func errTokenGone() error {
	return fmt.Errorf("%w: another engine has taken over the data", store.ErrFenced)
}

// holderText says who this process is, for those whom it keeps out.
func holderText() string {
	name, err := os.Hostname()
	if err != nil {
		name = "an unnamed host"
	}
	return fmt.Sprintf("process %d on %s, since %s", os.Getpid(), name, time.Now().UTC().Format(time.RFC3339))
}
