package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine/sitetest"
	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/store"
)

// toldSince gives the sentences of the events of a code, oldest first.
func toldSince(t *testing.T, site *sitetest.Site, after int64, code audit.Code) []string {
	t.Helper()
	var told []string
	err := site.Store.Events(context.Background(), store.EventQuery{After: after, Ascending: true}, func(event *model.Event) bool {
		if event.Code == int(code) {
			told = append(told, event.Description)
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return told
}

func withUser(t *testing.T, test func(t *testing.T, site *sitetest.Site)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		site := sitetest.New(t, sitetest.Options{})
		site.Edit(func(tx *inventory.Tx) {
			tx.Users.Put(&model.User{ID: "anna", Name: "anna", Domain: "internal"})
		})
		test(t, site)
	})
}

// TestFailedLoginsAreBounded: whoever guesses fills no log, and what was not told
// is counted.
func TestFailedLoginsAreBounded(t *testing.T) {
	withUser(t, func(t *testing.T, site *sitetest.Site) {
		since := site.LastEvent()
		for i := range 1000 {
			site.Engine.LoginFailed(t.Context(), "anna@internal", "192.0.2.1:4000", "")
			site.Engine.LoginFailed(t.Context(), fmt.Sprintf("guess%d@internal", i), "192.0.2.2:4000", "")
		}
		want := []string{
			"A login failed: as anna@internal, from 192.0.2.1.",
			"A login failed: as an unknown user, from 192.0.2.2.",
		}
		if told := toldSince(t, site, since, audit.LoginFailed); !slices.Equal(told, want) {
			t.Errorf("told %q", told)
		}
		since = site.LastEvent()
		site.Pass(time.Minute)
		site.Engine.LoginFailed(t.Context(), "anna@internal", "192.0.2.3:4000", "")
		want = []string{"A login failed: as anna@internal, from 192.0.2.3. Since the last such event 999 more have failed."}
		if told := toldSince(t, site, since, audit.LoginFailed); !slices.Equal(told, want) {
			t.Errorf("a minute later %q", told)
		}
	})
}

// TestUnknownNamesAreNotTold: a password typed as the name of a user does not get
// into the log.
func TestUnknownNamesAreNotTold(t *testing.T) {
	withUser(t, func(t *testing.T, site *sitetest.Site) {
		since := site.LastEvent()
		for _, login := range []string{"hunter2", "hunter2@internal", `internal\hunter2`, "anna@hunter2", ""} {
			site.Engine.LoginFailed(t.Context(), login, "192.0.2.1:4000", "")
			site.Pass(2 * time.Minute)
		}
		told := toldSince(t, site, since, audit.LoginFailed)
		if len(told) != 5 || strings.Contains(strings.Join(told, " "), "hunter2") {
			t.Errorf("told %q", told)
		}
	})
}
