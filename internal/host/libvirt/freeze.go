package libvirt

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"vireo/internal/host"
	"vireo/internal/model"
)

// The orders about file systems. The agent is given them as they are, and not
// through libvirt's own calls for them: those wait for as long as any other
// request has last set for this guest, and each of these has its own time.
const (
	orderFreeze = "guest-fsfreeze-freeze"
	orderThaw   = "guest-fsfreeze-thaw"
	orderStatus = "guest-fsfreeze-status"
)

// wordFrozen is the agent's word for the state of file systems that are frozen.
const wordFrozen = "frozen"

// AgentFreeze freezes all file systems that can be. The agent refuses to do it
// twice, so it is asked first.
func (h *hypervisor) AgentFreeze(ctx context.Context, id model.ID) error {
	frozen, err := h.AgentFrozen(ctx, id)
	if err != nil || frozen {
		return err
	}
	_, err = h.agent(ctx, id, "freezing the file systems of the guest", orderFreeze, nil, freezeSeconds(ctx))
	return orderRefusal(err)
}

// AgentThaw thaws them.
func (h *hypervisor) AgentThaw(ctx context.Context, id model.ID) error {
	_, err := h.agent(ctx, id, "thawing the file systems of the guest", orderThaw, nil, freezeSeconds(ctx))
	return orderRefusal(err)
}

// AgentFrozen asks the agent whether they are frozen.
func (h *hypervisor) AgentFrozen(ctx context.Context, id model.ID) (bool, error) {
	const doing = "asking whether the file systems of the guest are frozen"
	said, err := h.agent(ctx, id, doing, orderStatus, nil, agentSeconds(ctx))
	if err != nil {
		return false, orderRefusal(err)
	}
	var answer struct {
		Return string `json:"return"`
	}
	if err := json.Unmarshal(said, &answer); err != nil {
		return false, refuse(host.RefusedOther, "%s: %v", doing, err)
	}
	return answer.Return == wordFrozen, nil
}

// freezeSeconds is nearly all that is left of ctx, so that libvirt gives up before
// its caller does, in whole seconds.
func freezeSeconds(ctx context.Context) int32 {
	deadline, ok := ctx.Deadline()
	if !ok {
		return agentTime
	}
	return int32(max((time.Until(deadline)-time.Second)/time.Second, 1))
}

// orderRefusal tells an agent that has answered, and does not know the order or
// could not obey, from one that has not.
func orderRefusal(err error) error {
	refused, ok := errors.AsType[*host.RefusedError](err)
	if !ok || isFrozenAgent(refused) || !strings.Contains(refused.Reason, "unable to execute QEMU agent command") {
		return err
	}
	code := host.RefusedOther
	for _, sign := range []string{"has not been found", "has been disabled", "not currently supported"} {
		if strings.Contains(refused.Reason, sign) {
			code = host.RefusedUnsupported
		}
	}
	return &host.RefusedError{Code: code, Reason: refused.Reason}
}

// isFrozenAgent finds an agent that has refused an order because it is frozen.
// Neither libvirt nor the agent has a code for that.
func isFrozenAgent(refused *host.RefusedError) bool {
	return strings.Contains(refused.Reason, "the agent is in frozen state")
}
