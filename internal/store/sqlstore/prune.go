package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// pruneLength is how many jobs one transaction of Prune removes; of events, a
// span of ids. Commits of the engine come in between.
const pruneLength = 500

const (
	nextSpan = `SELECT span FROM event_spans WHERE earliest < $1 ORDER BY span LIMIT 1`

	pruneEvents = `DELETE FROM events WHERE id >= $1 AND id < $2 AND time < $3`
	dropSpan    = `DELETE FROM event_spans WHERE span = $1 AND NOT EXISTS (SELECT 1 FROM events WHERE id >= $2 AND id < $3)`
	shrinkSpan  = `UPDATE event_spans SET earliest = (SELECT MIN(time) FROM events WHERE id >= $1 AND id < $2) WHERE span = $3`

	pruneJobs = `DELETE FROM jobs WHERE id IN
(SELECT id FROM jobs WHERE end_time IS NOT NULL AND end_time < $1 ORDER BY end_time LIMIT $2)`
)

// Prune removes the events before the one time and the jobs that ended before
// the other, in transactions of bounded size, and says how many it removed. A
// zero time removes nothing. It ends early, with what it has done so far, when
// ctx is done.
func (e *engine) Prune(ctx context.Context, eventsBefore, jobsBefore time.Time) (int, error) {
	events, err := e.pruneEvents(ctx, eventsBefore)
	if err != nil {
		return events, fmt.Errorf("removing old events: %w", err)
	}
	jobs, err := e.pruneJobs(ctx, jobsBefore)
	if err != nil {
		return events + jobs, fmt.Errorf("removing old jobs: %w", err)
	}
	return events + jobs, nil
}

func (e *engine) pruneEvents(ctx context.Context, before time.Time) (removed int, err error) {
	for !before.IsZero() {
		var span int64
		err := e.db.QueryRowContext(ctx, nextSpan, moment(before)).Scan(&span)
		if errors.Is(err, sql.ErrNoRows) {
			break
		}
		if err != nil {
			return removed, err
		}
		first, end := span*spanLength, (span+1)*spanLength
		counts, err := e.write(ctx, 0, []statement{
			{pruneEvents, []any{first, end, moment(before)}},
			{dropSpan, []any{span, first, end}},
			{shrinkSpan, []any{first, end, span}},
		})
		if err != nil {
			return removed, err
		}
		removed += int(counts[0])
	}
	return removed, nil
}

func (e *engine) pruneJobs(ctx context.Context, before time.Time) (removed int, err error) {
	for !before.IsZero() {
		if err := ctx.Err(); err != nil {
			return removed, err
		}
		counts, err := e.write(ctx, 0, []statement{{pruneJobs, []any{moment(before), int64(pruneLength)}}})
		if err != nil {
			return removed, err
		}
		removed += int(counts[0])
		if counts[0] < pruneLength {
			break
		}
	}
	return removed, nil
}
