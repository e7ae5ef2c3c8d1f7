package guests_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vireo/internal/engine/sitetest"
	"vireo/internal/host/fake"
	"vireo/internal/model"
)

// talking is a site with a VM whose guest has the engine's own agent, and the other one if
// both is set.
func talking(t *testing.T, both bool) (*sitetest.Site, model.ID) {
	t.Helper()
	site := sitetest.New(t, sitetest.Options{})
	site.World.Behave("web1", fake.Behavior{EngineAgent: true, NoAgent: !both})
	site.Connected()
	vm := site.Add("web1")
	return site, vm
}

// up starts a VM and waits until its agent is heard.
func up(site *sitetest.Site, vm model.ID) {
	site.Do("start", vm, nil)
	site.UntilStatus(vm, sitetest.Soon, model.StatusUp)
	heard(site, vm)
}

func heard(site *sitetest.Site, vm model.ID) {
	site.Until(10*time.Second, "the agent is heard", func() bool {
		return site.Engine.HearsAgent(vm) && site.Engine.Live(vm) != nil && site.Engine.Live(vm).Told != nil
	})
}

func machine(site *sitetest.Site, number int) *fake.Machine {
	return site.World.Machine(sitetest.Host(number))
}

// calls counts the calls of that name for a guest.
func calls(site *sitetest.Site, name string, vm model.ID) (count int) {
	for _, call := range site.World.Calls() {
		if call.Name == name && call.Guest == vm {
			count++
		}
	}
	return count
}

func inBubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}

// greetings counts how often the agent was asked to say everything.
func greetings(lines []string) string {
	counts := map[string]int{}
	for _, line := range lines {
		counts[line]++
	}
	return strings.TrimSpace(fmt.Sprint(counts))
}

func contextFor(t *testing.T, period time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), period)
}
