package sitetest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"vireo/internal/engine/sitetest"
	"vireo/internal/model"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestEveryStatusCanBeReached is the harness's own test: every status has its
// way, and everything is whole again when its hold has ended.
func TestEveryStatusCanBeReached(t *testing.T) {
	for _, status := range model.Statuses {
		t.Run(string(status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				site := sitetest.New(t, sitetest.Options{})
				site.Connected()
				site.Reach("vm", status)
				site.Whole(time.Minute)
			})
		})
	}
}

func TestEngineIsStartedAgainAfterAKill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := sitetest.New(t, sitetest.Options{})
		site.Connected()
		id := site.Reach("vm", model.StatusUp)
		site.Kill()
		site.Start()
		if site.Status(id) != model.StatusUp {
			t.Errorf("the VM is %s", site.Status(id))
		}
		site.Whole(sitetest.Soon)
	})
}
