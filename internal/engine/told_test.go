package engine_test

import (
	"testing"
	"testing/synctest"

	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/engine/sitetest"
	"vireo/internal/model"
	"vireo/internal/store"
)

// TestEveryWriteIsTold: whatever somebody does is an event with who, from where and
// the correlation id; and so is what was refused to somebody.
func TestEveryWriteIsTold(t *testing.T) {
	for _, row := range some("told", table(t)) {
		switch row.Key() {
		case "group.add":
			continue // needs a directory, and has its test with one
		case "image_transfer.extend":
			continue // says that the client is there, every few seconds, and writes nothing
		}
		for i := range row.Paths {
			t.Run(row.Key()+"/"+row.Paths[i].Name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { tryTold(t, row, &row.Paths[i]) })
			})
		}
	}
}

func tryTold(t *testing.T, row *engine.Command, path *engine.Path) {
	site := sitetest.New(t, sitetest.Options{})
	people(site)
	tried := prepare(t, site, row, path)
	boss, _ := site.Inventory.Users.Get(bossID)
	caller := auth.CallerOf(site.Engine.Records(), boss).With("opensesame") // which a logon needs
	caller.Address = "192.0.2.9:4711"
	nobody := auth.Caller{User: aliceID, Name: "alice@internal", Address: "192.0.2.8:4711"}

	refused := *tried.call
	refused.Caller, refused.CorrelationID = &nobody, "refused"
	if _, err := site.Act(&refused); err == nil {
		t.Fatal("somebody without any role may do it")
	}
	if told := toldOf(t, site, "refused"); len(told) != 1 || told[0].Code != 20240 || told[0].User != aliceID || told[0].Address != "192.0.2.8" {
		t.Errorf("of the refusal is told: %+v", told)
	}

	tried.call.Caller, tried.call.CorrelationID = &caller, "done"
	if _, err := tried.run(); err != nil {
		t.Fatal(err)
	}
	told := toldOf(t, site, "done")
	if len(told) == 0 {
		t.Fatal("nothing is told of it")
	}
	for _, event := range told {
		if event.User != bossID || event.Address != "192.0.2.9" {
			t.Errorf("it is told as done by %q from %q: %s", event.User, event.Address, event.Description)
		}
	}
}

// toldOf are the events of a correlation id.
func toldOf(t *testing.T, site *sitetest.Site, correlation string) []model.Event {
	t.Helper()
	var told []model.Event
	err := site.Store.Events(t.Context(), store.EventQuery{CorrelationID: correlation}, func(event *model.Event) bool {
		told = append(told, *event)
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return told
}
