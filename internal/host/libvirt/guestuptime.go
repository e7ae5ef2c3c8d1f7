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

// uptimeFile is where Linux says how long it has lived, in seconds.
const uptimeFile = "/proc/uptime"

// GuestUptime reads the guest's clock through its agent. An agent that may not
// read files, and a system that has no such file, cannot say.
func (h *hypervisor) GuestUptime(ctx context.Context, id model.ID) (time.Duration, error) {
	const doing = "asking the guest how long it has lived"
	if err := h.AgentPing(ctx, id); err != nil {
		return 0, err
	}
	text, err := h.guestFile(ctx, id, doing, uptimeFile)
	if errors.Is(err, host.ErrRefused) {
		return 0, refuse(host.RefusedUnsupported, "%s: %v", doing, err)
	}
	if err != nil {
		return 0, err
	}
	return readUptime(text)
}

// guestFile reads the beginning of a file inside the guest.
func (h *hypervisor) guestFile(ctx context.Context, id model.ID, doing, path string) (string, error) {
	order := func(name string, arguments, answer any) error {
		said, err := h.agent(ctx, id, doing, name, arguments, agentSeconds(ctx))
		if err != nil {
			return err
		}
		if err := json.Unmarshal(said, &struct {
			Return any `json:"return"`
		}{answer}); err != nil {
			return refuse(host.RefusedOther, "%s: %v", doing, err)
		}
		return nil
	}
	var handle int64
	if err := order("guest-file-open", map[string]string{"path": path, "mode": "r"}, &handle); err != nil {
		return "", err
	}
	var content struct {
		Text []byte `json:"buf-b64"`
	}
	err := order("guest-file-read", map[string]int64{"handle": handle, "count": 256}, &content)
	closed := order("guest-file-close", map[string]int64{"handle": handle}, &struct{}{})
	return string(content.Text), errors.Join(err, closed)
}

// readUptime reads what Linux writes: seconds with a fraction, and another number.
func readUptime(text string) (time.Duration, error) {
	seconds, _, _ := strings.Cut(text, " ")
	uptime, err := time.ParseDuration(seconds + "s")
	if err != nil || uptime < 0 {
		return 0, refuse(host.RefusedUnsupported, "the guest says that it has lived for %q", text)
	}
	return uptime, nil
}
