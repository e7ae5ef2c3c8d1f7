package v3

import (
	"maps"
	"slices"

	"vireo/internal/fault"
	"vireo/internal/model"
)

// PowerManagement is power_management of a host. Type, address, user name, password
// and options are those of its only agent, as clients of before 3.5 have it.
type PowerManagement struct {
	Type     *string  `wire:"type,attr"`
	Enabled  *bool    `wire:"enabled"`
	Address  *string  `wire:"address"`
	Username *string  `wire:"username"`
	Password *string  `wire:"password"`
	Options  *Options `wire:"options"`
	Status   *Status  `wire:"status"`
	Agents   *Agents  `wire:"agents"`
}

// Agent is a fence agent of a host. The password is input only.
type Agent struct {
	Resource
	Type           *string    `wire:"type,attr"`
	Address        *string    `wire:"address"`
	Username       *string    `wire:"username"`
	Password       *string    `wire:"password"`
	Options        *Options   `wire:"options"`
	EncryptOptions *bool      `wire:"encrypt_options"`
	Concurrent     *bool      `wire:"concurrent"`
	Order          *int       `wire:"order"`
	Port           *uint16    `wire:"port"`
	Host           *Reference `wire:"host"`
}

// Agents is a list of fence agents.
type Agents struct {
	Collection
	Agent []Agent `wire:"agent"`
}

// Options are named values.
type Options struct {
	Option []Option `wire:"option"`
}

// Option is one of them.
type Option struct {
	Name  string `wire:"name,attr"`
	Value string `wire:"value,attr"`
}

// CheckAdd refuses an agent to be added that lacks a mandatory parameter (3.6, hosts/
// fenceagents). User name and password are none: not every agent has them.
func (s *Agent) CheckAdd() error {
	need := required{subject: "Agent", method: "add"}
	need.need(filled(s.Type), "type")
	need.need(filled(s.Address), "address")
	need.need(s.Order != nil, "order")
	return need.check()
}

// Apply changes an agent by the elements that the request has.
func (s *Agent) Apply(to *model.FenceAgent, seal Sealer) {
	set(&to.Type, s.Type)
	set(&to.Address, s.Address)
	set(&to.Username, s.Username)
	setSecret(&to.Password, s.Password, seal)
	if s.Options != nil {
		to.SetOptions(s.Options.named(), seal)
	}
	set(&to.Encrypt, s.EncryptOptions)
	set(&to.Concurrent, s.Concurrent)
	set(&to.Order, s.Order)
	if s.Port != nil {
		to.Port = int(*s.Port)
	}
}

func (s *Options) named() map[string]string {
	if s == nil || len(s.Option) == 0 {
		return nil
	}
	named := make(map[string]string, len(s.Option))
	for _, option := range s.Option {
		named[option.Name] = option.Value
	}
	return named
}

func showOptions(named map[string]string) *Options {
	if len(named) == 0 {
		return nil
	}
	out := &Options{}
	for _, name := range slices.Sorted(maps.Keys(named)) {
		out.Option = append(out.Option, Option{Name: name, Value: named[name]})
	}
	return out
}

// apply changes the power management of a host. A list of agents replaces those that
// there are; the elements of a single agent change the first one, or make it.
func (s *PowerManagement) apply(to *model.PowerManagement, seal Sealer) error {
	if s == nil {
		return nil
	}
	set(&to.Enabled, s.Enabled)
	if s.Agents != nil {
		old := to.Agents
		to.Agents = nil
		for i := range s.Agents.Agent {
			agent := model.FenceAgent{ID: model.NewID(), Order: i + 1}
			if given := s.Agents.Agent[i].ID; given != nil {
				if known := slices.IndexFunc(old, func(a model.FenceAgent) bool { return string(a.ID) == *given }); known >= 0 {
					agent = old[known]
				}
			}
			if agent.Type == "" && s.Agents.Agent[i].Type == nil {
				return fault.Bad("Incomplete parameters", "a fence agent needs a type")
			}
			s.Agents.Agent[i].Apply(&agent, seal)
			to.Agents = append(to.Agents, agent)
		}
		return nil
	}
	single := Agent{Type: s.Type, Address: s.Address, Username: s.Username, Password: s.Password, Options: s.Options}
	if !filled(s.Type) && s.Address == nil && s.Username == nil && s.Password == nil && s.Options == nil {
		return nil
	}
	if len(to.Agents) == 0 {
		to.Agents = []model.FenceAgent{{ID: model.NewID(), Order: 1}}
	} else {
		to.Agents = slices.Clone(to.Agents)
	}
	single.Apply(&to.Agents[0], seal)
	return nil
}

// ShowAgent shows a fence agent of a host.
func (p *Page) ShowAgent(agent *model.FenceAgent, host model.ID) *Agent {
	out := &Agent{
		Resource: p.resource("agent", below(p.Href(model.KindHost, host), "fenceagents", string(agent.ID)), agent.ID),
		Type:     text(agent.Type), Address: text(agent.Address), Username: text(agent.Username),
		Options: showOptions(agent.ShownOptions()), EncryptOptions: new(agent.Encrypt), Concurrent: new(agent.Concurrent),
		Order: new(agent.Order), Host: p.ref(model.KindHost, host),
	}
	if agent.Port != 0 {
		out.Port = new(uint16(agent.Port))
	}
	return out
}

// showPower shows how a host can be cut off.
func (p *Page) showPower(host *model.Host) *PowerManagement {
	out := &PowerManagement{Enabled: new(host.Power.Enabled)}
	if len(host.Power.Agents) == 0 {
		return out
	}
	first := &host.Power.Agents[0]
	out.Type, out.Address, out.Username, out.Options = text(first.Type), text(first.Address), text(first.Username), showOptions(first.ShownOptions())
	out.Agents = &Agents{}
	for i := range host.Power.Agents {
		out.Agents.Agent = append(out.Agents.Agent, *p.ShowAgent(&host.Power.Agents[i], host.ID))
	}
	return out
}

// PowerStatus is what fence of type status answers.
func PowerStatus(power string) *PowerManagement {
	return &PowerManagement{Status: &Status{State: power}}
}
