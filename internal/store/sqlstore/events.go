package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"vireo/internal/model"
	"vireo/internal/store"
)

// pageLength is how many events are in memory at once.
const pageLength = 500

// Events calls each for the events selected, in the order of their ids, until
// it returns false. It reads a page at a time and holds nothing of the database
// meanwhile: each may be slow and may use the store.
func (r *Reader) Events(ctx context.Context, query store.EventQuery, each func(*model.Event) bool) error {
	if query.After == math.MaxInt64 {
		return nil
	}
	first, last := query.After+1, int64(math.MaxInt64)
	if query.Before != 0 {
		last = query.Before - 1
	}
	if !query.Since.IsZero() || !query.Until.IsZero() {
		from, to, err := idsBetween(ctx, r.db, query.Since, query.Until)
		if err != nil {
			return err
		}
		first, last = max(first, from), min(last, to)
	}
	offset := skipped(query.Offset)
	for left := query.Limit; first <= last; {
		limit := pageLength
		if query.Limit > 0 {
			limit = min(left, pageLength)
		}
		text, args := selectEvents(query, first, last).query(offset, int64(limit))
		page, err := documents[model.Event](ctx, r.db, text, args, limit)
		if err != nil {
			return fmt.Errorf("reading events: %w", err)
		}
		for _, event := range page {
			if !each(event) {
				return nil
			}
		}
		left -= len(page)
		if len(page) < limit || query.Limit > 0 && left == 0 {
			return nil
		}
		offset = 0
		if end := page[len(page)-1].ID; query.Ascending {
			first = end + 1
		} else {
			last = end - 1
		}
	}
	return nil
}

// skipped is an offset that can be added to.
func skipped(offset int) int64 { return min(max(int64(offset), 0), math.MaxInt32) }

// selectEvents selects the events with ids from first to last. The condition that is likely to leave the fewest is found by its index.
func selectEvents(query store.EventQuery, first, last int64) *selection {
	s := &selection{
		table: "events", columns: "id, document",
		order: []string{"id"}, descending: !query.Ascending,
	}
	var found bool
	s.equal("correlation_id", query.CorrelationID, &found)
	s.equal("vm", string(query.VM), &found)
	s.equal("user_id", string(query.User), &found)
	s.equal("host", string(query.Host), &found)
	s.among("code", "(code + 0)", codesOf(query.Codes), &found)
	s.among("severity", "(severity || '')", wordsOf(query.Severities), &found)
	if first > 1 {
		s.where("id", ">=", first)
	}
	if last < math.MaxInt64 {
		s.where("id", "<=", last)
	}
	if !query.Since.IsZero() {
		s.where("time", ">=", moment(query.Since))
	}
	if !query.Until.IsZero() {
		s.where("time", "<=", moment(query.Until))
	}
	return s
}

func codesOf(codes []int) []any {
	var out []any
	for _, code := range slices.Compact(slices.Sorted(slices.Values(codes))) {
		out = append(out, int64(code))
	}
	return out
}

func wordsOf[T ~string](words []T) []any {
	var out []any
	for _, word := range slices.Compact(slices.Sorted(slices.Values(words))) {
		out = append(out, text(word))
	}
	return out
}

// decode reads a document as it was written.
func decode[T any](document []byte) (*T, error) {
	value := new(T)
	if err := json.Unmarshal(document, value); err != nil {
		return nil, fmt.Errorf("reading a document: %w", err)
	}
	return value, nil
}
