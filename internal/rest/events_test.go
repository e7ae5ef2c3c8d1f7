package rest_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"vireo/internal/inventory"
	"vireo/internal/model"
)

// addEvents writes events: every tenth is an error.
func (e *edge) addEvents(count int) {
	e.t.Helper()
	err := e.engine.Inventory.Update(context.Background(), func(tx *inventory.Tx) error {
		for i := range count {
			event := model.Event{Code: 30, Severity: model.SeverityNormal, Time: time.Now().UTC(), Origin: "oVirt", Description: fmt.Sprintf("event %05d", i)}
			if i%10 == 0 {
				event.Severity = model.SeverityError
			}
			tx.Event(event)
		}
		return nil
	})
	if err != nil {
		e.t.Fatal(err)
	}
}

var eventIDs = regexp.MustCompile(`<event href="[^"]*" id="(\d+)"`)

func TestEventsAreReadInBatches(t *testing.T) {
	e := newEdge(t)
	e.addEvents(3000)
	count := func(path string) int { return len(eventIDs.FindAllString(e.want(200, "GET", path, ""), -1)) }
	all := count("/api/events")
	if all < 3000 {
		t.Fatalf("%d events are listed", all)
	}
	for path, want := range map[string]int{
		"/api/events;max=7":                       7,
		"/api/events;max=0":                       0,
		"/api/events;max=1234":                    1234,
		"/api/events?search=page%202":             100,
		"/api/events?search=page%20999":           0,
		"/api/events?search=page%2099999999":      0,
		"/api/events;max=5?search=page%202":       5,
		"/api/events?search=severity%3Derror":     300,
		"/api/events?search=severity%21%3Dnormal": 300,
		"/api/events?search=severity%3Dnormal%20and%20message%3D%22event%2001*%22": 900,
		"/api/events?search=message%3D%22event%2000042%22":                         1,
		"/api/events?search=type%3D30":                                             3000,
		"/api/events?search=type%3D31":                                             0,
		"/api/events?search=sortby%20message%20asc%20page%201":                     100,
		"/api/events;from=" + fmt.Sprint(all-10):                                   10,
		"/api/events;from=nonsense":                                                all,
		"/api/events?from=" + fmt.Sprint(all-3):                                    3,
		"/api/events?search=sortby%20id%20asc%20page%2030":                         100,
	} {
		if got := count(path); got != want {
			t.Errorf("%s lists %d instead of %d", path, got, want)
		}
	}
	e.want(200, "GET", "/api/events;detail=-main+size", "", fmt.Sprintf("<size>%d</size>", all))
	first := eventIDs.FindStringSubmatch(e.want(200, "GET", "/api/events", ""))[1]
	if first != fmt.Sprint(all) {
		t.Errorf("the first is %s and not the newest, %d", first, all)
	}
	if first = eventIDs.FindStringSubmatch(e.want(200, "GET", "/api/events?search=sortby%20id%20asc", ""))[1]; first != "1" {
		t.Errorf("the first is %s and not the oldest", first)
	}
}

// TestLongListsAreSentAsTheyAreMade: without their length, and whole.
func TestLongListsAreSentAsTheyAreMade(t *testing.T) {
	e := newEdge(t)
	e.addEvents(8000)
	server := httptest.NewServer(e.api)
	defer server.Close()
	for _, method := range []string{"GET", "HEAD"} {
		for _, format := range []string{"xml", "json"} {
			request := e.request(method, "/api/events", "", "Accept: application/"+format)
			request.RequestURI = ""
			request.URL.Scheme, request.URL.Host = "http", server.Listener.Addr().String()
			answer, err := server.Client().Do(request)
			if err != nil {
				t.Fatal(err)
			}
			body := readAll(t, answer.Body)
			_ = answer.Body.Close()
			if answer.StatusCode != 200 || !strings.HasPrefix(answer.Header.Get("Content-Type"), "application/"+format) {
				t.Errorf("%s %s: %d %v", method, format, answer.StatusCode, answer.Header)
			}
			if method == "HEAD" {
				continue
			}
			if answer.ContentLength >= 0 || len(body) < 1<<20 {
				t.Errorf("%s: length %d, %d bytes came", format, answer.ContentLength, len(body))
			}
			if end := map[string]string{"xml": "</events>\n", "json": "]}"}[format]; !strings.HasSuffix(body, end) {
				t.Errorf("%s ends with %q", format, body[len(body)-20:])
			}
		}
	}
}
