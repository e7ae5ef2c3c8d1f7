package agents

import (
	"context"
	"encoding/xml"
	"fmt"

	"vireo/internal/fence"
)

// metadata is what an agent says of itself, as far as it matters here (the agents' API).
type metadata struct {
	XMLName xml.Name `xml:"resource-agent"`
	Actions []struct {
		Name      string `xml:"name,attr"`
		Automatic int    `xml:"automatic,attr"`
		OnTarget  int    `xml:"on_target,attr"`
	} `xml:"actions>action"`
}

// Reach implements [fence.Fences]. An agent of power can restart a machine. One of the
// fabric kind cannot, or says that a machine is to be let back when it has started
// (automatic), perhaps by itself (on_target).
func (p *Programs) Reach(ctx context.Context, kind string) (fence.Reach, error) {
	agent := fence.Agent{Type: kind}
	said, err := p.run(ctx, asking, agent, "metadata")
	if err != nil {
		return fence.Reach{}, err
	}
	var about metadata
	if err := xml.Unmarshal(said, &about); err != nil {
		return fence.Reach{}, fmt.Errorf("%w: what %s says of itself (action metadata) cannot be read: %w", fence.ErrAgent, kind, err)
	}
	var reach fence.Reach
	off, reboot := false, false
	for _, action := range about.Actions {
		switch action.Name {
		case "off":
			off = true
		case "reboot":
			reboot = true
		case "on":
			reach.Storage, reach.Itself = action.Automatic != 0, action.OnTarget != 0
		}
	}
	if !off {
		return fence.Reach{}, fmt.Errorf("%w: %s cannot switch anything off", fence.ErrAgent, kind)
	}
	reach.Storage = reach.Storage || !reboot
	return reach, nil
}
