package rest

import (
	"net/http"
	"slices"

	"vireo/internal/engine"
	"vireo/internal/engine/fencing"
	"vireo/internal/fault"
	"vireo/internal/model"
	"vireo/internal/rest/v3"
)

// agentList lists the fence agents of a host.
var agentList = collection[*model.FenceAgent]{
	root: "agents", item: "agent",
	rows: func(r *request) ([]*model.FenceAgent, error) {
		on, err := r.view.Host(r.id("host"))
		if err != nil {
			return nil, err
		}
		var agents []*model.FenceAgent
		for i := range on.Power.Agents {
			agents = append(agents, &on.Power.Agents[i])
		}
		return agents, nil
	},
	show: showAgent,
}

var oneAgent = object("agent", (*request).fenceAgent, showAgent)

func showAgent(r *request, agent *model.FenceAgent) (any, error) {
	return r.page.ShowAgent(agent, r.id("host")), nil
}

func (r *request) fenceAgent() (*model.FenceAgent, error) {
	on, err := r.view.Host(r.id("host"))
	if err != nil {
		return nil, err
	}
	if i := agentAt(on, r.id("fenceagent")); i >= 0 {
		return &on.Power.Agents[i], nil
	}
	return nil, fault.Missing(string(r.id("fenceagent")))
}

func agentAt(on *model.Host, id model.ID) int {
	return slices.IndexFunc(on.Power.Agents, func(agent model.FenceAgent) bool { return agent.ID == id })
}

// editAgents changes the fence agents of a host: they are part of it.
func (r *request) editAgents(change func(*model.PowerManagement) error) error {
	call := r.call(model.KindHost, "update")
	call.Params = engine.Edit[model.Host](func(on *model.Host) error {
		on.Power.Agents = slices.Clone(on.Power.Agents)
		return change(&on.Power)
	})
	_, err := r.act(call, nil)
	return err
}

// makeAgent adds a fence agent that apply fills in.
func (r *request) makeAgent(apply func(*model.FenceAgent)) (*model.FenceAgent, error) {
	made := model.FenceAgent{ID: model.NewID()}
	apply(&made)
	return &made, r.editAgents(func(power *model.PowerManagement) error {
		power.Agents = append(power.Agents, made)
		return nil
	})
}

// changeAgent has apply change the agent of the path.
func (r *request) changeAgent(apply func(*model.FenceAgent)) error {
	id := r.id("fenceagent")
	return r.editAgents(func(power *model.PowerManagement) error {
		at := slices.IndexFunc(power.Agents, func(agent model.FenceAgent) bool { return agent.ID == id })
		if at < 0 {
			return fault.Missing(string(id))
		}
		apply(&power.Agents[at])
		return nil
	})
}

// dropAgent takes away the agent of the path.
func (r *request) dropAgent() error {
	id := r.id("fenceagent")
	return r.editAgents(func(power *model.PowerManagement) error {
		at := slices.IndexFunc(power.Agents, func(agent model.FenceAgent) bool { return agent.ID == id })
		if at < 0 {
			return fault.Missing(string(id))
		}
		power.Agents = slices.Delete(power.Agents, at, at+1)
		return nil
	})
}

// addAgent gives a host a fence agent (3.6, hosts/fenceagents).
func (s *Server) addAgent(r *request) (*answer, error) {
	shape := &v3.Agent{}
	if err := r.read("agent", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckAdd(); err != nil {
		return nil, err
	}
	made, err := r.makeAgent(func(agent *model.FenceAgent) { shape.Apply(agent, r.finder()) })
	if err != nil {
		return nil, err
	}
	out := r.page.ShowAgent(made, r.id("host"))
	return &answer{code: http.StatusCreated, root: "agent", shape: out, location: out.Href}, nil
}

// updateAgent changes a fence agent of a host.
func (s *Server) updateAgent(r *request) (*answer, error) {
	shape := &v3.Agent{}
	if err := r.read("agent", shape); err != nil {
		return nil, err
	}
	seal := r.finder()
	if err := r.changeAgent(func(agent *model.FenceAgent) { shape.Apply(agent, seal) }); err != nil {
		return nil, err
	}
	return oneAgent(r)
}

// removeAgent takes a fence agent from a host.
func (s *Server) removeAgent(r *request) (*answer, error) {
	if err := r.dropAgent(); err != nil {
		return nil, err
	}
	return &answer{}, nil
}

// readFence reads fence (api-v3 6.3).
func readFence(_ *request, action *v3.Action) (any, error) {
	if action.FenceType == nil || *action.FenceType == "" {
		return nil, v3.Incomplete("Action", "fence", "fenceType")
	}
	return &fencing.Params{Type: model.FenceType(*action.FenceType)}, nil
}
