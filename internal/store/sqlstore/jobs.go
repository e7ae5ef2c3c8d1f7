package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"

	"vireo/internal/model"
	"vireo/internal/store"
)

// RunningJobs gives the jobs that have not ended, oldest first.
func (r *Reader) RunningJobs(ctx context.Context) ([]*model.Job, error) {
	jobs, err := documents[model.Job](ctx, r.db,
		`SELECT id, document FROM jobs WHERE end_time IS NULL ORDER BY start_time, id`, nil, 0)
	if err != nil {
		return nil, fmt.Errorf("reading the running jobs: %w", err)
	}
	return jobs, nil
}

// Jobs gives the monitored jobs selected, newest first.
func (r *Reader) Jobs(ctx context.Context, query store.JobQuery) ([]*model.Job, error) {
	limit := int64(query.Limit)
	if limit <= 0 {
		limit = math.MaxInt32
	}
	text, args := selectJobs(query).query(skipped(query.Offset), limit)
	jobs, err := documents[model.Job](ctx, r.db, text, args, query.Limit)
	if err != nil {
		return nil, fmt.Errorf("reading jobs: %w", err)
	}
	return jobs, nil
}

func selectJobs(query store.JobQuery) *selection {
	s := &selection{
		table: "jobs", columns: "start_time, id, document",
		order: []string{"start_time", "id"}, descending: true,
		// Written out and not a parameter, because the indexes have it as their condition.
		conditions: []string{"monitored = 1"},
	}
	var found bool
	s.equal("correlation_id", query.CorrelationID, &found)
	s.equal("target", string(query.Target), &found)
	s.among("status", "(status || '')", wordsOf(query.Statuses), &found)
	return s
}

// Job gives one job by id, monitored or not; nil if there is none.
func (r *Reader) Job(ctx context.Context, id model.ID) (*model.Job, error) {
	var document []byte
	err := r.db.QueryRowContext(ctx, `SELECT document FROM jobs WHERE id = $1`, text(id)).Scan(&document)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading job %s: %w", id, err)
	}
	return decode[model.Job](document)
}
