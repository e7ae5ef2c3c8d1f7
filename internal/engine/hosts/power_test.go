package hosts_test

import (
	"fmt"
	"strings"
	"testing"

	"vireo/internal/engine/sitetest"
	"vireo/internal/fault"
	"vireo/internal/model"
)

// TestAgentsOfStorage: one that cuts a host off from its storage says from what, others do
// not; the two do not work together.
func TestAgentsOfStorage(t *testing.T) {
	inBubble(t, sitetest.Options{}, func(w *world) {
		agents := func(kinds ...string) any {
			return edit(func(on *model.Host) {
				on.Power.Agents = nil
				for i, kind := range kinds {
					kind, says, _ := strings.Cut(kind, " ")
					agent := model.FenceAgent{ID: model.NewID(), Type: kind, Address: fmt.Sprint("192.0.2.", i), Order: 1, Concurrent: len(kinds) > 1}
					if says != "" {
						agent.Options = map[string]string{model.StorageOption: says}
					}
					on.Power.Agents = append(on.Power.Agents, agent)
				}
			})
		}
		id := sitetest.HostID(1)
		for sentence, kinds := range map[string][]string{
			"Say with the option storage_domains from which storage domains": {"fabric"},
			"The option storage_domains is for others":                       {"fake all"},
			"cannot be concurrent in one order":                              {"fake", "fabric all"},
			"there is no agent nothing":                                      {"nothing"},
		} {
			_, err := w.try("update", id, agents(kinds...))
			if err == nil || fault.Of(err).Code != fault.Invalid || !strings.Contains(fault.Of(err).Message(), sentence) {
				t.Errorf("%v: %v, want %q", kinds, err, sentence)
			}
		}
		w.must("update", id, agents("fabric all", "fabric-itself "+string(sitetest.DataDomain)))
		if agent := w.host(id).Power.Agents[1]; !agent.Before(sitetest.DataDomain) || agent.Before(sitetest.SpareDomain) || len(agent.Own()) != 0 {
			t.Errorf("it is %+v", agent)
		}
	})
}
