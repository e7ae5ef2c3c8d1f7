package hosts

import (
	"fmt"
	"strings"

	"vireo/internal/fault"
	"vireo/internal/fence"
	"vireo/internal/model"
)

// mostAgents is how many fence agents a host may have.
const mostAgents = 8

// checkPower refuses fence agents that could not be used. Passwords are looked at by
// nobody here: what they may hold is checked when they are used.
func (r *room) checkPower(verb string, on *model.Host) error {
	if len(on.Power.Agents) > mostAgents {
		return fault.New(fault.Invalid, verb, fmt.Sprintf("A host may have at most %d fence agents.", mostAgents))
	}
	if on.Power.Enabled && len(on.Power.Agents) == 0 {
		return fault.New(fault.Invalid, verb, "Power management without a fence agent cannot be enabled.")
	}
	for _, agent := range on.Power.Agents {
		if r.Fences == nil {
			return fault.New(fault.Invalid, verb, "This engine has no fence agents.")
		}
		err := r.Fences.Check(fence.Agent{
			Type: agent.Type, Address: agent.Address, Port: agent.Port, Username: agent.Username, Options: agent.Options,
		})
		if err != nil {
			sentence, _ := strings.CutPrefix(err.Error(), fence.ErrAgent.Error()+": ")
			return fault.New(fault.Invalid, verb, "The fence agent cannot be used: "+sentence+".")
		}
	}
	return nil
}
