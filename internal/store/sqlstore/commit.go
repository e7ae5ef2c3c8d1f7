package sqlstore

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"vireo/internal/model"
	"vireo/internal/store"
)

const (
	deleteObject = `DELETE FROM objects WHERE kind = $1 AND id = $2`
	putObject    = `INSERT INTO objects (kind, id, name, status, document) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (kind, id) DO UPDATE SET name = excluded.name, status = excluded.status, document = excluded.document`

	deleteJob = `DELETE FROM jobs WHERE id = $1`
	putJob    = `INSERT INTO jobs (id, action, target_kind, target, status, monitored, correlation_id, start_time, end_time, document)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (id) DO UPDATE SET action = excluded.action, target_kind = excluded.target_kind, target = excluded.target,
status = excluded.status, monitored = excluded.monitored, correlation_id = excluded.correlation_id,
start_time = excluded.start_time, end_time = excluded.end_time, document = excluded.document`

	deleteEvent = `DELETE FROM events WHERE id = $1`
	putEvent    = `INSERT INTO events (id, code, severity, time, correlation_id, vm, host, user_id, document)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`
)

// statementsOf turns a batch into what is to be done, removals first: a record
// that is both deleted and put is there afterwards. It refuses what only one
// of the dialects would take.
func statementsOf(batch *store.Batch) ([]statement, error) {
	var out []statement
	add := func(query string, args ...any) { out = append(out, statement{query, args}) }
	for _, ref := range batch.Delete {
		add(deleteObject, string(ref.Kind), string(ref.ID))
	}
	for _, id := range batch.ForgetJobs {
		add(deleteJob, string(id))
	}
	for _, id := range batch.DeleteEvents {
		add(deleteEvent, id)
	}
	for i := range batch.Put {
		record := &batch.Put[i]
		if err := checkRecord(record); err != nil {
			return nil, err
		}
		add(putObject, string(record.Kind), string(record.ID), text(record.Name), text(record.Status), string(record.Document))
	}
	for _, job := range batch.Jobs {
		one, err := jobStatement(job)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	for i := range batch.Events {
		one, err := eventStatement(&batch.Events[i])
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return append(out, spanStatements(batch.Events)...), nil
}

func checkRecord(record *store.Record) error {
	if !keyable(record.Kind) || !keyable(record.ID) {
		return fmt.Errorf("an object with the kind %.40q and the id %.40q cannot be kept", record.Kind, record.ID)
	}
	if !json.Valid(record.Document) || !utf8.Valid(record.Document) {
		return fmt.Errorf("the document of %s/%s is not JSON", record.Kind, record.ID)
	}
	return nil
}

// keyable says whether a text is the same in every dialect, as a key must be.
func keyable[T ~string](key T) bool { return key != "" && text(key) == string(key) }

func jobStatement(job *model.Job) (statement, error) {
	if job == nil || !keyable(job.ID) {
		return statement{}, errors.New("a job without a proper id cannot be kept")
	}
	document, err := json.Marshal(job)
	if err != nil {
		return statement{}, fmt.Errorf("writing the document of job %s: %w", job.ID, err)
	}
	return statement{putJob, []any{
		string(job.ID), text(job.Action), text(job.Target.Kind), text(job.Target.ID), text(job.Status),
		flag(job.Monitored), text(job.CorrelationID), moment(job.StartTime), ending(job), string(document),
	}}, nil
}

func eventStatement(event *model.Event) (statement, error) {
	if event.ID <= 0 {
		return statement{}, fmt.Errorf("an event with the id %d cannot be kept", event.ID)
	}
	document, err := json.Marshal(event)
	if err != nil {
		return statement{}, fmt.Errorf("writing the document of event %d: %w", event.ID, err)
	}
	return statement{putEvent, []any{
		event.ID, int64(event.Code), text(event.Severity), moment(event.Time), optional(event.CorrelationID),
		optional(event.VM), optional(event.Host), optional(event.User), string(document),
	}}, nil
}

// newestEvent is the greatest id among the events; 0 if there are none.
func newestEvent(events []model.Event) int64 {
	if len(events) == 0 {
		return 0
	}
	return slices.MaxFunc(events, func(a, b model.Event) int { return int(min(max(a.ID-b.ID, -1), 1)) }).ID
}
