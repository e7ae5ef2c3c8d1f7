package v4

import (
	"maps"
	"slices"

	"vireo/internal/model"
)

// Sealer makes secrets of texts; a vault is one.
type Sealer interface {
	// Seal makes a secret of a text; of the empty text the empty secret.
	Seal(text string) model.Secret
	// Same says whether two secrets hold the same text.
	Same(a, b model.Secret) bool
}

// Agent is a fence agent of a host. The password is input only.
type Agent struct {
	Resource
	Address        *string    `wire:"address"`
	Concurrent     *bool      `wire:"concurrent"`
	EncryptOptions *bool      `wire:"encrypt_options"`
	Options        *Options   `wire:"options"`
	Order          *int       `wire:"order"`
	Password       *string    `wire:"password"`
	Port           *uint16    `wire:"port"`
	Type           *string    `wire:"type"`
	Username       *string    `wire:"username"`
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
	Name  string `wire:"name,keep"`
	Value string `wire:"value,keep"`
}

// CheckAdd refuses an agent to be added that lacks what every agent needs.
func (s *Agent) CheckAdd() error {
	need := required{subject: "Agent", method: "add"}
	need.need(filled(s.Type), "type")
	need.need(filled(s.Address), "address")
	need.need(s.Order != nil, "order")
	return need.check()
}

// Apply changes an agent by the elements that the request has. A password that is stored
// already stays as it is: sealing it again would look like a change.
func (s *Agent) Apply(to *model.FenceAgent, seal Sealer) {
	set(&to.Type, s.Type)
	set(&to.Address, s.Address)
	set(&to.Username, s.Username)
	if s.Password != nil {
		if sealed := seal.Seal(*s.Password); !seal.Same(to.Password, sealed) {
			to.Password = sealed
		}
	}
	if s.Options != nil {
		named := make(map[string]string, len(s.Options.Option))
		for _, option := range s.Options.Option {
			named[option.Name] = option.Value
		}
		to.SetOptions(named, seal)
	}
	set(&to.Encrypt, s.EncryptOptions)
	set(&to.Concurrent, s.Concurrent)
	set(&to.Order, s.Order)
	if s.Port != nil {
		to.Port = int(*s.Port)
	}
}

// ShowAgent shows a fence agent of a host.
func (p *Page) ShowAgent(agent *model.FenceAgent, host model.ID) *Agent {
	out := &Agent{
		Resource: p.resource("agent", below(p.Href(model.KindHost, host), "fenceagents", string(agent.ID)), agent.ID),
		Address:  text(agent.Address), Concurrent: new(agent.Concurrent), EncryptOptions: new(agent.Encrypt),
		Order: new(agent.Order), Type: text(agent.Type), Username: text(agent.Username), Host: p.Ref(model.KindHost, host),
	}
	if agent.Port != 0 {
		out.Port = new(uint16(agent.Port))
	}
	if shown := agent.ShownOptions(); len(shown) > 0 {
		out.Options = &Options{}
		for _, name := range slices.Sorted(maps.Keys(shown)) {
			out.Options.Option = append(out.Options.Option, Option{Name: name, Value: shown[name]})
		}
	}
	return out
}
