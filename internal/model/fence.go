package model

import (
	"cmp"
	"slices"
	"time"
)

// PowerManagement is how a host can be cut off from its power (api-v3 6.3,
// power_management).
type PowerManagement struct {
	// Enabled allows the agents to be used, by the engine itself too.
	Enabled bool         `json:"enabled,omitempty"`
	Agents  []FenceAgent `json:"agents,omitempty"`
}

// FenceAgent is what cuts a host off: a management processor, a switched power strip.
type FenceAgent struct {
	ID ID `json:"id"`
	// Type is the kind of agent, as in the name of its program: "ipmilan".
	Type     string `json:"type"`
	Address  string `json:"address,omitempty"`
	Username string `json:"username,omitempty"`
	Password Secret `json:"password,omitempty"`
	// Port is the agent's TCP or UDP port; 0 is its usual one.
	Port int `json:"port,omitempty"`
	// Order says which agent is tried first: those with less. Concurrent agents of the
	// same order belong together, as for a host with two power supplies: it is off when
	// all of them are.
	Order      int  `json:"order"`
	Concurrent bool `json:"concurrent,omitempty"`
	// Encrypt is encrypt_options.
	Encrypt bool              `json:"encrypt,omitempty"`
	Options map[string]string `json:"options,omitempty"`
	// Secrets are the options that are secrets.
	Secrets map[string]Secret `json:"secrets,omitempty"`
}

// Groups are the agents in the order in which they are tried; those of a group work
// together.
func (p *PowerManagement) Groups() [][]FenceAgent {
	agents := slices.Clone(p.Agents)
	slices.SortStableFunc(agents, func(a, b FenceAgent) int { return cmp.Compare(a.Order, b.Order) })
	var groups [][]FenceAgent
	for _, agent := range agents {
		last := len(groups) - 1
		if last >= 0 && agent.Concurrent && groups[last][0].Concurrent && groups[last][0].Order == agent.Order {
			groups[last] = append(groups[last], agent)
			continue
		}
		groups = append(groups, []FenceAgent{agent})
	}
	return groups
}

// Barred says that fence agents may have cut a host off from its storage. It is kept
// until they have let it back.
type Barred struct {
	// BootID is that of the host's run that was cut off: its guests may run, and what
	// they have written may be in its memory. Agents are those that did it.
	BootID string `json:"boot_id"`
	Agents []ID   `json:"agents"`
	// Closed says that they have done it, so that its VMs may run elsewhere.
	Closed bool `json:"closed,omitempty"`
	// Confirmed says that an operator has confirmed that the host was restarted.
	Confirmed bool `json:"confirmed,omitempty"`
}

// MayReturn says whether a host that is barred can be let back: nothing of the run that
// was cut off is there any more, or nobody has relied on its being cut off.
func (h *Host) MayReturn() bool {
	return h.Barred != nil && (!h.Barred.Closed || h.Barred.Confirmed || h.Barred.BootID != h.BootID)
}

// Lost is the proof, or an operator's word, that what ran on a host has ended, kept
// until the host has started anew; or that some runs have (Host.Leased).
type Lost struct {
	// BootID is that of the host's run that has ended, At when this was known.
	BootID string    `json:"boot_id"`
	At     time.Time `json:"at"`
	// Runs are the epochs of the VMs' runs that were closed because of it. Should the
	// host turn out to be alive after all, its guests of those runs are ended.
	Runs map[ID]uint64 `json:"runs,omitempty"`
}

// FenceType says what is to be done to a host (fence_type).
type FenceType string

// The fence types (api-v3 6.3).
const (
	FenceManual  FenceType = "manual"
	FenceRestart FenceType = "restart"
	FenceStart   FenceType = "start"
	FenceStop    FenceType = "stop"
	FenceStatus  FenceType = "status"
)
