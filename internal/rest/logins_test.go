package rest_test

import (
	"context"
	"slices"
	"testing"

	"vireo/internal/model"
	"vireo/internal/store"
)

// logins are the events of logins since the one of that id, oldest first, as
// code and correlation id.
func (e *edge) logins(after int64) []string {
	e.t.Helper()
	var told []string
	codes := map[int]string{30: "in", 31: "out", 114: "refused"}
	err := e.engine.Store.Events(context.Background(), store.EventQuery{After: after, Ascending: true}, func(event *model.Event) bool {
		if word, is := codes[event.Code]; is {
			if event.Address == "" {
				e.t.Errorf("event %d does not say from where", event.Code)
			}
			told = append(told, word+" "+event.CorrelationID)
		}
		return true
	})
	if err != nil {
		e.t.Fatal(err)
	}
	return told
}

// TestLoginsAreTold: a session that is opened, one that its client ends, and
// refused credentials; not each request with good ones.
func TestLoginsAreTold(t *testing.T) {
	e := newEdge(t)
	since, err := e.engine.Store.LastEvent(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const keep, none = "Prefer: persistent-auth", "Authorization:"
	for range 20 {
		e.want(200, "GET", "/api/vms", "")
	}
	cookie := "Cookie: JSESSIONID=" + sessionOf(t, e.do("GET", "/api", "", keep, "Correlation-Id: a"))
	e.check(e.do("GET", "/api/vms", "", keep, none, cookie, "Correlation-Id: b"), 200, "the session goes on")
	next := sessionOf(t, e.do("GET", "/api", "", "Prefer: persistent-auth, new-auth", cookie, "Correlation-Id: c"))
	cookie = "Cookie: JSESSIONID=" + next
	e.check(e.do("GET", "/api/vms", "", none, cookie, "Correlation-Id: d"), 200, "the last request of the session")
	e.check(e.do("GET", "/api/vms", "", none, cookie, "Correlation-Id: e"), 401, "a session that is over")
	e.check(e.do("GET", "/api/vms", "", none, "Correlation-Id: f"), 401, "nothing given")
	for range 20 {
		e.check(e.do("GET", "/api/vms", "", basic("admin@internal", "guess"), "Correlation-Id: g"), 401, "a guess")
	}
	want := []string{"in a", "out c", "in c", "out d", "refused g"}
	if told := e.logins(since); !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}
