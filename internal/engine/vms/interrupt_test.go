package vms_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"vireo/internal/engine"
	"vireo/internal/engine/sitetest"
	"vireo/internal/fault"
	"vireo/internal/host/fake"
	"vireo/internal/model"
)

// TestStopDuringAStart: the start is undone if its host keeps it waiting, and
// powered off again if it comes through first. Neither is an error.
func TestStopDuringAStart(t *testing.T) {
	for name, test := range map[string]struct {
		rule   fake.Rule
		events []int
	}{
		"the host waits":  {fake.Rule{Delay: 5 * time.Second}, []int{153, 32, 33, 61}},
		"the host is cut": {fake.Rule{Cut: true}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				site := sitetest.New(t, sitetest.Options{})
				site.Connected()
				id := site.Add("vm")
				test.rule.Call, test.rule.Nth = "Boot", 1
				site.World.Fail(test.rule)
				since := site.LastEvent()
				start := site.Begin(&engine.Call{On: model.KindVM, Name: "start", Target: id})
				synctest.Wait()
				site.Do("stop", id, nil)
				if site.Status(id) != model.StatusDown || len(site.World.Running(id)) > 0 {
					t.Errorf("it is %s and runs on %v", site.Status(id), site.World.Running(id))
				}
				ended, err := site.Engine.Wait(t.Context(), start.Job.ID)
				if err != nil {
					t.Fatal(err)
				}
				events := site.Events(id, since)
				if test.events == nil && (ended.Fault == nil || ended.Fault.Code != fault.Interrupted ||
					slices.Contains(events, 54) || !slices.Contains(events, 20007)) {
					t.Errorf("the start ended with %+v, events %v", ended.Fault, events)
				}
				slices.Sort(events)
				slices.Sort(test.events)
				if test.events != nil && !slices.Equal(events, test.events) {
					t.Errorf("events %v, want %v", events, test.events)
				}
				site.Whole(time.Minute)
				site.Tidy(time.Minute)
			})
		})
	}
}

// TestStopOfAStartThatHangs gives up after InterruptTimeout, and works when the
// host answers again.
func TestStopOfAStartThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := sitetest.New(t, sitetest.Options{})
		site.Connected()
		id := site.Add("vm")
		machine := site.World.Machine(sitetest.Host(1))
		site.World.Fail(fake.Rule{Call: "Boot", Nth: 1, Do: machine.Disappear})
		site.Begin(&engine.Call{On: model.KindVM, Name: "start", Target: id})
		synctest.Wait()
		began := time.Now()
		_, err := site.Act(&engine.Call{On: model.KindVM, Name: "stop", Target: id, Async: new(false)})
		if fault.Of(err).Code != fault.ObjectLocked || time.Since(began) != site.Values.Duration("InterruptTimeout") {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		machine.Answer()
		site.UntilStatus(id, 10*time.Second, model.StatusDown)
		site.Whole(sitetest.Soon)
		site.Tidy(time.Minute)
	})
}
