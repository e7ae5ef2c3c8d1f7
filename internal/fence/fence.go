package fence

import (
	"context"
	"errors"
)

// Fences reach the agents that cut machines off.
type Fences interface {
	// Types are the kinds of agent that can be used here, sorted: "ipmilan".
	Types() []string
	// Check says why an agent could not be used as it is described; nil is no
	// reason. Nothing is asked of the machine.
	Check(agent Agent) error
	// Reach asks what agents of a type cut a machine off from. An error says that this
	// is not known: such an agent must not be used.
	Reach(ctx context.Context, kind string) (Reach, error)
	// Status asks whether the machine has power; of agents that cut it off from its
	// storage, whether it has that.
	Status(ctx context.Context, agent Agent) (Power, error)
	// TurnOff cuts the machine off and returns when its agent says that it has no
	// power. A machine without power is success.
	TurnOff(ctx context.Context, agent Agent) error
	// TurnOn gives the machine power. One that has it is success.
	TurnOn(ctx context.Context, agent Agent) error
}

// Reach is what agents of a type cut a machine off from: its power, if nothing is said.
type Reach struct {
	// Storage: it runs on, and can write no more to what the agent stands before.
	Storage bool
	// Itself: nobody but the machine itself can undo that.
	Itself bool
}

// Agent is what cuts one machine off, and how it is reached.
type Agent struct {
	// Type is the kind of agent, as in the name of its program: "ipmilan".
	Type string
	// Address is its host name or IP address; Port is its TCP or UDP port, 0 the
	// agent's usual one.
	Address string
	Port    int
	// Username and Password are sent to it in clear to the program alone, not on
	// its command line.
	Username, Password string
	// Encrypt asks for a connection that cannot be read on its way, where the kind
	// of agent can do without.
	Encrypt bool
	// Options are the kind's own, by name.
	Options map[string]string
}

// Power is whether a machine runs, as its agent says.
type Power string

// What an agent can say.
const (
	PowerOn  Power = "on"
	PowerOff Power = "off"
)

// ErrAgent is wrapped by every failure that an agent has told, and by an agent that
// is not there. Anything else is the context's error or the engine's own.
var ErrAgent = errors.New("the fence agent failed")
