package libvirt

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/digitalocean/go-libvirt"

	"vireo/internal/host"
	"vireo/internal/model"
)

const (
	// agentTime is how long the agent may take to answer anything, in seconds.
	agentTime = 5
	// silenceTime is how long, in seconds, an order that has no answer is given
	// to be refused.
	silenceTime = 1
)

// AgentPing returns when the guest agent has answered.
func (h *hypervisor) AgentPing(ctx context.Context, id model.ID) error {
	_, err := h.agent(ctx, id, "asking whether the guest agent is there", "guest-ping", nil, agentSeconds(ctx))
	return err
}

// agentSeconds is the whole seconds that are left of ctx, within 1 and agentTime.
func agentSeconds(ctx context.Context) int32 {
	deadline, ok := ctx.Deadline()
	if !ok {
		return agentTime
	}
	return int32(min(max(time.Until(deadline)/time.Second, 1), agentTime))
}

// agent sends the guest agent one order
// (https://www.qemu.org/docs/master/interop/qemu-ga-ref.html).
func (h *hypervisor) agent(ctx context.Context, id model.ID, doing, order string, arguments any, seconds int32) (json.RawMessage, error) {
	text, err := json.Marshal(map[string]any{"execute": order, "arguments": arguments})
	if arguments == nil {
		text, err = json.Marshal(map[string]any{"execute": order})
	}
	if err != nil {
		return nil, refuse(host.RefusedOther, "%s: %v", doing, err)
	}
	answer, err := command(ctx, h, h.control, id, doing, func(rpc *libvirt.Libvirt) (libvirt.OptString, error) {
		return rpc.QEMUDomainAgentCommand(domainOf(id), string(text), seconds, 0)
	})
	if err != nil {
		return nil, agentRefusal(err)
	}
	if len(answer) == 0 {
		return nil, nil
	}
	return json.RawMessage(answer[0]), nil
}

// agentRefusal turns "this guest has no agent" into a refusal of the agent.
func agentRefusal(err error) error {
	var refused *host.RefusedError
	if errors.As(err, &refused) && refused.Code == host.RefusedUnsupported {
		return &host.RefusedError{Code: host.RefusedAgent, Reason: refused.Reason}
	}
	return err
}

// AgentShutdown asks the guest to power off or to reboot. A guest that obeys
// never answers, it can only refuse; so the agent is asked first whether it is
// there, and silence after the order means that it was taken.
func (h *hypervisor) AgentShutdown(ctx context.Context, id model.ID, reboot bool) error {
	if err := h.AgentPing(ctx, id); err != nil {
		return err
	}
	mode := "powerdown"
	if reboot {
		mode = "reboot"
	}
	const doing = "asking the guest agent for a shutdown"
	_, err := h.agent(ctx, id, doing, "guest-shutdown", map[string]string{"mode": mode}, silenceTime)
	switch {
	case err == nil, errors.Is(err, host.ErrNotFound), isSilence(err):
		return nil
	default:
		return err
	}
}
