package e2e

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// secretsAfterKills kills the engine at steps of a run, and anywhere.
func secretsAfterKills(t *testing.T, s *secrecy) {
	v := s.v
	for _, crash := range []struct {
		point, action string
		from          []string
	}{
		{point: "launch/boot", action: "start"},
		{point: "launch/boot/done", action: "start"},
		{point: "save/save/done", action: "suspend", from: []string{"start"}},
		{point: "restore/restore/done", action: "start", from: []string{"start", "suspend"}},
		{point: "destroy/destroy/done", action: "stop", from: []string{"start"}},
	} {
		t.Run(crash.point, func(t *testing.T) {
			s.bring(t, crash.from)
			s.restart(t, s.e.stop, "VIREO_CRASH_AT="+crash.point)
			body := "<action/>"
			if len(crash.from) == 0 {
				body = s.run("")
			}
			_, _ = s.e.try("POST", v.path()+"/"+crash.action, body)
			s.afterDeath(t)
		})
	}
	for _, point := range []string{"launch/boot/undo", "launch/boot/undo/done"} {
		t.Run(point, func(t *testing.T) {
			s.takeName(t)
			s.restart(t, s.e.stop, "VIREO_CRASH_AT="+point)
			_, _ = s.e.try("POST", v.path()+"/start", s.run(""))
			s.e.awaitEnd(t)
			s.nowhere(t, "after the engine's death")
			s.restart(t, func(*testing.T) {})
			v.await(t, "down")
			s.p.must(t, "undefine", v.name)
			s.noSeeds(t, v)
			s.nowhere(t, "after the recovery")
		})
	}
	rounds := 2
	if soak {
		rounds = 30
	}
	for range rounds {
		delay := rand.N(150 * time.Millisecond)
		t.Run(fmt.Sprint("after ", delay), func(t *testing.T) {
			asked := make(chan struct{})
			go func() {
				defer close(asked)
				_, _ = s.e.try("POST", v.path()+"/start", s.run(""))
			}()
			<-time.After(delay)
			s.e.kill(t)
			<-asked
			s.afterDeath(t)
		})
	}
}

// bring starts the VM with secrets, and goes on from there.
func (s *secrecy) bring(t *testing.T, actions []string) {
	t.Helper()
	for _, action := range actions {
		if action == "start" {
			s.accepted(t, "POST", s.v.path()+"/start", s.run(""))
			s.v.await(t, "up")
		} else {
			s.v.act(t, action)
			s.v.await(t, "suspended")
		}
	}
}

// afterDeath searches behind an engine that has died, and behind the next one.
func (s *secrecy) afterDeath(t *testing.T) {
	t.Helper()
	s.e.awaitEnd(t)
	s.nowhere(t, "after the engine's death", s.v)
	s.restart(t, func(*testing.T) {})
	s.v.recovers(t, nil)
	s.noSeeds(t, s.v)
	s.nowhere(t, "after the recovery")
}
