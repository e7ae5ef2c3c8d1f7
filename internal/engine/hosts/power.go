package hosts

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/fence"
	"vireo/internal/model"
)

// mostAgents is how many fence agents a host may have.
const mostAgents = 8

// checkPower refuses fence agents that could not be used. Passwords are looked at by
// nobody here: what they may hold is checked when they are used. old is the host before,
// nil for a new one.
func (r *room) checkPower(call *engine.Call, old, on *model.Host) error {
	if len(on.Power.Agents) > mostAgents {
		return fault.New(fault.Invalid, call.Verb, fmt.Sprintf("A host may have at most %d fence agents.", mostAgents))
	}
	if on.Power.Enabled && len(on.Power.Agents) == 0 {
		return fault.New(fault.Invalid, call.Verb, "Power management without a fence agent cannot be enabled.")
	}
	for _, agent := range on.Power.Agents {
		if r.Fences == nil {
			return fault.New(fault.Invalid, call.Verb, "This engine has no fence agents.")
		}
		err := r.Fences.Check(fence.Agent{
			Type: agent.Type, Address: agent.Address, Port: agent.Port, Username: agent.Username, Options: checkedOptions(&agent),
		})
		if err != nil {
			return unusable(call, err)
		}
	}
	if old != nil && reflect.DeepEqual(old.Power.Agents, on.Power.Agents) {
		return nil
	}
	return r.checkReach(call, on)
}

// checkedOptions are an agent's options for a check of their names; secrets stay what they are.
func checkedOptions(agent *model.FenceAgent) map[string]string {
	options := agent.ShownOptions()
	delete(options, model.StorageOption)
	return options
}

func unusable(call *engine.Call, err error) error {
	sentence, _ := strings.CutPrefix(err.Error(), fence.ErrAgent.Error()+": ")
	return fault.New(fault.Invalid, call.Verb, "The fence agent cannot be used: "+sentence+".")
}

// checkReach asks the agents what they cut a host off from. One of storage must say which
// storage domains it stands before, for it proves nothing of what is in others.
func (r *room) checkReach(call *engine.Call, on *model.Host) error {
	for _, group := range on.Power.Groups() {
		storage := 0
		for _, agent := range group {
			reach, err := engine.Outside(call, "what a fence agent of type "+agent.Type+" does", func(ctx context.Context) (fence.Reach, error) {
				return r.Fences.Reach(ctx, agent.Type)
			})
			if engine.IsOutside(err) {
				return err
			}
			if err != nil {
				return unusable(call, err)
			}
			if reach.Storage {
				storage++
			}
			switch _, said := agent.Options[model.StorageOption]; {
			case reach.Storage && !said:
				return fault.New(fault.Invalid, call.Verb, "A fence agent of type "+agent.Type+" cuts the host off from its storage. "+
					"Say with the option "+model.StorageOption+" from which storage domains: their ids, or all.")
			case !reach.Storage && said:
				return fault.New(fault.Invalid, call.Verb, "A fence agent of type "+agent.Type+" cuts the host off from its power. The option "+model.StorageOption+" is for others.")
			}
		}
		if storage != 0 && storage != len(group) {
			return fault.New(fault.Invalid, call.Verb, "Fence agents that cut off power and such that cut off storage cannot be concurrent in one order.")
		}
	}
	return nil
}
