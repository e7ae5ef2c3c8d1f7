package libvirt

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
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
// (https://www.qemu.org/docs/master/interop/qemu-ga-ref.html) and gives its answer.
func (h *hypervisor) agent(ctx context.Context, id model.ID, doing, order string, arguments any, seconds int32) (json.RawMessage, error) {
	message := map[string]any{"execute": order}
	if arguments != nil {
		message["arguments"] = arguments
	}
	text, err := json.Marshal(message)
	if err != nil {
		return nil, refuse(host.RefusedOther, "%s: %v", doing, err)
	}
	answer, err := gated(ctx, h, h.control, gateKey{guest: id, kind: gateAgent}, doing, func(rpc *libvirt.Libvirt) (libvirt.OptString, error) {
		answer, err := rpc.QEMUDomainAgentCommand(domainOf(id), string(text), seconds, 0)
		if order == orderShutdown && isSilence(err) {
			return nil, nil
		}
		return answer, err
	})
	if err != nil {
		return nil, agentRefusal(err)
	}
	if len(answer) == 0 {
		return nil, nil
	}
	return json.RawMessage(answer[0]), nil
}

// orderShutdown is the one order that is never answered when it is obeyed.
const orderShutdown = "guest-shutdown"

// isSilence says that the agent took an order and gave no answer in time, or
// that the guest ended before it could. An agent that could not even be talked
// to is not silent. Older libvirt (9.0) has no code of its own for a time-out.
func isSilence(err error) bool {
	switch libvirtCode(err) {
	case libvirt.ErrAgentCommandTimeout:
		return true
	case libvirt.ErrAgentUnresponsive, libvirt.ErrInternalError, libvirt.ErrOperationFailed, libvirt.ErrOperationInvalid:
		for _, sign := range []string{"not available for now", "End of file from agent", "disappeared while executing", "domain is not running"} {
			if strings.Contains(err.Error(), sign) {
				return true
			}
		}
	}
	return false
}

// agentRefusal turns "this guest has no agent" into a refusal of the agent, and
// likewise that of an agent which does nothing else while it is frozen.
func agentRefusal(err error) error {
	var refused *host.RefusedError
	if errors.As(err, &refused) && (refused.Code == host.RefusedUnsupported || isFrozenAgent(refused)) {
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
	if !reboot && h.reboots.pending(id) {
		return h.shutdownInsteadOfReboot(ctx, id)
	}
	mode := "powerdown"
	if reboot {
		mode = "reboot"
	}
	const doing = "asking the guest agent for a shutdown"
	_, err := h.agent(ctx, id, doing, orderShutdown, map[string]string{"mode": mode}, silenceTime)
	return err
}

// shutdownInsteadOfReboot powers a guest off that has been asked to reboot by
// ACPI and has not: libvirt would take its power-off for the first half of the
// reboot. Its own request for a shutdown makes it forget that, but it waits for
// the guest's end, up to a minute, and keeps one of the daemon's workers.
func (h *hypervisor) shutdownInsteadOfReboot(ctx context.Context, id model.ID) error {
	short, cancel := context.WithTimeout(ctx, silenceTime*time.Second)
	defer cancel()
	_, err := gated(short, h, h.work, gateKey{guest: id, kind: gateAgent}, "asking the guest agent for a shutdown",
		func(rpc *libvirt.Libvirt) (struct{}, error) {
			err := rpc.DomainShutdownFlags(domainOf(id), libvirt.DomainShutdownGuestAgent)
			if isSilence(err) {
				err = nil
			}
			return struct{}{}, err
		})
	if short.Err() != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return agentRefusal(err)
}

// pendingReboots are the guests that were asked to reboot by ACPI and have not.
type pendingReboots struct {
	mu     sync.Mutex
	guests map[model.ID]bool
}

func (r *pendingReboots) ask(id model.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.guests == nil {
		r.guests = map[model.ID]bool{}
	}
	r.guests[id] = true
}

func (r *pendingReboots) pending(id model.ID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.guests[id]
}

func (r *pendingReboots) settle(id model.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.guests, id)
}
