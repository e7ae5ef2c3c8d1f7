package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"vireo/internal/model"
)

// spanLength is how many event ids share a row of event_spans. It is part of
// the schema.
const spanLength = 1024

const putSpan = `INSERT INTO event_spans (span, earliest, latest) VALUES ($1, $2, $3)
ON CONFLICT (span) DO UPDATE SET
earliest = CASE WHEN excluded.earliest < event_spans.earliest THEN excluded.earliest ELSE event_spans.earliest END,
latest = CASE WHEN excluded.latest > event_spans.latest THEN excluded.latest ELSE event_spans.latest END`

// spanStatements widens the spans of the events to hold their times.
func spanStatements(events []model.Event) []statement {
	type bounds struct{ earliest, latest int64 }
	spans := map[int64]bounds{}
	for i := range events {
		span, at := events[i].ID/spanLength, moment(events[i].Time)
		known, ok := spans[span]
		if !ok {
			known = bounds{at, at}
		}
		spans[span] = bounds{min(known.earliest, at), max(known.latest, at)}
	}
	var out []statement
	for _, span := range slices.Sorted(maps.Keys(spans)) {
		out = append(out, statement{putSpan, []any{span, spans[span].earliest, spans[span].latest}})
	}
	return out
}

// idsBetween gives the ids, both included, outside of which no event has a time
// from since to until. It reads a row for each thousand events, so that the
// table of events needs no index by time and a period long ago is found
// without reading everything after it. first is greater than last when there
// is no such event.
func idsBetween(ctx context.Context, db *sql.DB, since, until time.Time) (first, last int64, err error) {
	from, to := int64(math.MinInt64), int64(math.MaxInt64)
	if !since.IsZero() {
		from = moment(since)
	}
	if !until.IsZero() {
		to = moment(until)
	}
	var lowest, highest sql.NullInt64
	err = db.QueryRowContext(ctx, `SELECT MIN(span), MAX(span) FROM event_spans WHERE latest >= $1 AND earliest <= $2`,
		from, to).Scan(&lowest, &highest)
	if err != nil {
		return 0, 0, fmt.Errorf("finding the events of a period: %w", err)
	}
	if !lowest.Valid {
		return 1, 0, nil
	}
	return lowest.Int64 * spanLength, (highest.Int64+1)*spanLength - 1, nil
}
