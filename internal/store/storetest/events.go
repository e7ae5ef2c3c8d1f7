package storetest

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"vireo/internal/model"
	"vireo/internal/store"
)

func orderEvents(t *testing.T, state State) {
	opened := open(t, state)
	whole := model.Event{
		ID: 3, Code: 53, Severity: model.SeverityAlert, Time: epoch, Description: "it's \"so\"", CorrelationID: "c",
		Origin: "somebody", CustomID: 5, CustomData: "d", FloodRate: 6, User: "u", VM: "v", Host: "h",
		StorageDomain: "s", Template: "t", Cluster: "cl", DataCenter: "dc", Job: "j",
	}
	commit(t, opened, &store.Batch{Events: []model.Event{event(1), event(2), whole}})
	commit(t, opened, &store.Batch{Events: events(4, 5), DeleteEvents: []int64{2, 99}})
	opened = reopen(t, state, opened)
	want(t, "newest first", ids(t, opened, store.EventQuery{}), []int64{5, 4, 3, 1})
	want(t, "oldest first", ids(t, opened, store.EventQuery{Ascending: true}), []int64{1, 3, 4, 5})
	err := opened.Events(t.Context(), store.EventQuery{VM: "v"}, func(found *model.Event) bool {
		want(t, "event", *found, whole)
		return true
	})
	if err != nil {
		t.Error(err)
	}
}

// manyEvents makes events of which every attribute takes several values.
func manyEvents(count int64) []model.Event {
	severities := []model.Severity{model.SeverityNormal, model.SeverityNormal, model.SeverityWarning, model.SeverityError, model.SeverityAlert}
	out := events(1, count)
	for i := range out {
		one := &out[i]
		one.Code = i % 11
		one.Severity = severities[i%len(severities)]
		if i%3 != 0 {
			one.VM = model.ID(fmt.Sprintf("vm%d", i%4))
		}
		if i%4 != 0 {
			one.Host = model.ID(fmt.Sprintf("host%d", i%3))
		}
		if i%5 != 0 {
			one.User = model.ID(fmt.Sprintf("user%d", i%2))
		}
		one.CorrelationID = fmt.Sprintf("request %d", i/3)
	}
	return out
}

// matches says of one event what the query means.
func matches(query store.EventQuery, one *model.Event) bool {
	return (query.After == 0 || one.ID > query.After) && (query.Before == 0 || one.ID < query.Before) &&
		(query.Codes == nil || slices.Contains(query.Codes, one.Code)) &&
		(query.Severities == nil || slices.Contains(query.Severities, one.Severity)) &&
		(query.VM == "" || one.VM == query.VM) && (query.Host == "" || one.Host == query.Host) &&
		(query.User == "" || one.User == query.User) &&
		(query.CorrelationID == "" || one.CorrelationID == query.CorrelationID) &&
		(query.Since.IsZero() || !one.Time.Before(query.Since)) && (query.Until.IsZero() || !one.Time.After(query.Until))
}

// checkQueries asks every query, in both directions, and compares with what it
// means.
func checkQueries(t *testing.T, opened store.Store, all []model.Event, queries []store.EventQuery) {
	t.Helper()
	for _, query := range queries {
		for _, query.Ascending = range []bool{true, false} {
			var expected []int64
			for i := range all {
				if matches(query, &all[i]) {
					expected = append(expected, all[i].ID)
				}
			}
			if !query.Ascending {
				slices.Reverse(expected)
			}
			want(t, fmt.Sprintf("%+v", query), ids(t, opened, query), page(expected, query.Offset, query.Limit))
		}
	}
}

func filterEvents(t *testing.T, state State) {
	opened := open(t, state)
	all := manyEvents(1500)
	commit(t, opened, &store.Batch{Events: all})
	everyCode := make([]int, 200)
	for i := range everyCode {
		everyCode[i] = i + 5
	}
	checkQueries(t, opened, all, []store.EventQuery{
		{},
		{After: 1490},
		{Before: 10},
		{Before: 1},
		{After: 100, Before: 110},
		{After: 110, Before: 100},
		{After: math.MaxInt64},
		{Codes: []int{3}},
		{Codes: []int{9, 3, 9, 77}},
		{Codes: everyCode},
		{Codes: []int{77}},
		{Severities: []model.Severity{model.SeverityAlert}},
		{Severities: []model.Severity{model.SeverityError, model.SeverityAlert}, After: 700},
		{Severities: []model.Severity{model.SeverityError}, Codes: []int{2, 4}, Before: 900},
		{VM: "vm1"},
		{Host: "host2"},
		{User: "user1"},
		{CorrelationID: "request 7"},
		{VM: "vm1", Host: "host1", User: "user1", Codes: []int{1, 2, 3, 4, 5}, Severities: []model.Severity{model.SeverityNormal, model.SeverityError}},
		{VM: "vm2", CorrelationID: "request 7"},
		{VM: "nobody"},
		{User: "user0", Since: epoch.Add(100 * time.Second), Until: epoch.Add(200 * time.Second)},
	})
}

func filterPeriods(t *testing.T, state State) {
	opened := open(t, state)
	all := events(1, 4000)
	for i := range all {
		switch {
		case i%13 == 0: // a little late, as when two are written at once
			all[i].Time = all[i].Time.Add(-5 * time.Second)
		case i >= 2500 && i < 2600: // a clock that was set back, for a while
			all[i].Time = all[i].Time.Add(-2000 * time.Second)
		}
	}
	for part := range slices.Chunk(all, 700) {
		commit(t, opened, &store.Batch{Events: part})
	}
	at := func(second int) time.Time { return epoch.Add(time.Duration(second) * time.Second) }
	checkQueries(t, opened, all, []store.EventQuery{
		{Since: at(3990)},
		{Since: at(1000), Until: at(1010)},
		{Since: at(500), Until: at(600)},
		{Until: at(20)},
		{Until: at(700), Limit: 30},
		{Since: at(2499), Until: at(2499)},
		{Since: at(5000)},
		{Until: at(-100)},
		{Since: at(1000), Until: at(900)},
		{Since: at(100), Until: at(3000), Codes: []int{1}, After: 50, Offset: 10, Limit: 700},
		{Since: time.Date(-200000, 1, 1, 0, 0, 0, 0, time.UTC), Until: time.Date(200000, 1, 1, 0, 0, 0, 0, time.UTC), Limit: 3},
	})
}

func pageEvents(t *testing.T, state State) {
	opened := open(t, state)
	all := manyEvents(2300)
	commit(t, opened, &store.Batch{Events: all})
	checkQueries(t, opened, all, []store.EventQuery{
		{Limit: 1},
		{Limit: 100},
		{Limit: 1100},
		{Limit: 5000},
		{Offset: 1000, Limit: 100},
		{Offset: 2299},
		{Offset: 2300},
		{Offset: math.MaxInt},
		{Offset: 100, Limit: math.MaxInt},
		{After: 50, Offset: 700, Limit: 600},
		{VM: "vm2", Offset: 20, Limit: 15},
		{Codes: []int{1, 5, 9}, Offset: 20, Limit: 15},
		{Codes: []int{1, 5, 9}, Offset: 3},
		{Severities: []model.Severity{model.SeverityNormal, model.SeverityWarning}, Limit: 1200},
	})
}

// stopEvents also uses the store while it reads.
func stopEvents(t *testing.T, state State) {
	opened := open(t, state)
	commit(t, opened, &store.Batch{Events: events(1, 1200)})
	var seen int
	err := opened.Events(t.Context(), store.EventQuery{}, func(one *model.Event) bool {
		seen++
		if seen == 3 {
			commit(t, opened, &store.Batch{Events: events(1201, 1201)})
			want(t, "read while reading", ids(t, opened, store.EventQuery{Limit: 1}), []int64{1201})
		}
		return seen < 700
	})
	if err != nil || seen != 700 {
		t.Errorf("reading ended after %d events, %v; want 700", seen, err)
	}
}

func rememberLastEvent(t *testing.T, state State) {
	opened := open(t, state)
	check := func(wanted int64) {
		t.Helper()
		last, err := opened.LastEvent(t.Context())
		if err != nil || last != wanted {
			t.Errorf("the last event is %d, %v; want %d", last, err, wanted)
		}
	}
	check(0)
	commit(t, opened, &store.Batch{Events: events(1, 7)})
	check(7)
	commit(t, opened, &store.Batch{DeleteEvents: []int64{7}})
	check(7)
	if _, err := opened.Prune(t.Context(), epoch.Add(time.Hour), time.Time{}); err != nil {
		t.Fatal(err)
	}
	want(t, "events", ids(t, opened, store.EventQuery{}), nil)
	opened = reopen(t, state, opened)
	check(7)
}
