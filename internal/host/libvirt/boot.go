package libvirt

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/digitalocean/go-libvirt"

	"vireo/internal/host"
	"vireo/internal/model"
)

// cleanUpTime is how long the removal of a refused guest may take, counted
// apart from the context of the boot, which may have been used up.
const cleanUpTime = 10 * time.Second

// Boot defines the guest and starts it. The definition stays until Forget, so
// that the host remembers why the guest ended (docs/decisions/domain-lifetime.md).
func (h *hypervisor) Boot(ctx context.Context, spec *host.GuestSpec) error {
	var flags libvirt.DomainCreateFlags
	if spec.Paused {
		flags = libvirt.DomainStartPaused
	}
	return h.launch(ctx, spec, define, func(definition string) error {
		_, err := command(ctx, h, h.control, spec.ID, "starting the guest", func(rpc *libvirt.Libvirt) (libvirt.Domain, error) {
			domain, err := rpc.DomainDefineXMLFlags(definition, 0)
			if err != nil {
				return domain, err
			}
			return rpc.DomainCreateWithFlags(domain, uint32(flags))
		})
		return err
	})
}

// launch is what Boot and Restore have in common: describe makes the definition,
// start uses it when the seeds are in place. Two starts of a guest at once would
// write over each other's seeds, so the second waits.
func (h *hypervisor) launch(ctx context.Context, spec *host.GuestSpec,
	describe func(*domainBuilder) (string, error), start func(definition string) error,
) error {
	if err := checkSpec(spec); err != nil {
		return err
	}
	leave, err := h.gates.enter(ctx, gateKey{guest: spec.ID, kind: gateStart})
	if err != nil {
		return gaveUp(ctx, "starting the guest")
	}
	defer leave()
	found, err := h.lookFirst(ctx, spec)
	if found == settled || err != nil {
		return err
	}
	builder := h.builder(spec)
	definition, err := describe(builder)
	if err != nil {
		return err
	}
	// What another request is starting has its seeds.
	if found == absent {
		err = h.writeSeeds(ctx, spec, builder.seeds)
	}
	if err == nil {
		err = untilPortIsFree(func() error { return start(definition) })
	}
	return h.concludeStart(ctx, spec, err)
}

// portTries is how many times a start is tried whose display finds its port taken.
const portTries = 3

// untilPortIsFree starts again when somebody else on the host has taken the port
// that libvirt had just found free for the display; it finds another one then.
func untilPortIsFree(start func() error) (err error) {
	for range portTries {
		if err = start(); err == nil {
			return nil
		}
		refused, ok := errors.AsType[*host.RefusedError](err)
		if !ok || !strings.Contains(refused.Reason, "Address already in use") {
			return err
		}
	}
	return err
}

func checkSpec(spec *host.GuestSpec) error {
	if _, err := model.ParseID(string(spec.ID)); err != nil {
		return refuse(host.RefusedUnsupported, "the guest's id: %v", err)
	}
	return spec.CheckSeeds()
}

// define makes the definition's text. It may hold a display's password and is
// never logged.
func define(builder *domainBuilder) (string, error) {
	domain, err := builder.build()
	if err != nil {
		return "", err
	}
	text, err := domain.Marshal()
	if err != nil {
		return "", refuse(host.RefusedUnsupported, "the guest cannot be described: %v", err)
	}
	return text, nil
}

func (h *hypervisor) builder(spec *host.GuestSpec) *domainBuilder {
	return &domainBuilder{
		spec: spec, owner: h.labelOwner(), cache: h.cacheMode, password: lockedPassword(), seeds: h.newSeedPlace(spec.ID),
	}
}

// labelOwner is the label for guests; a session's QEMU is the user's own anyway.
func (h *hypervisor) labelOwner() string {
	if h.profile.session {
		return ""
	}
	return h.profile.owner
}

// lockedPassword makes a password that is never told to anybody. VNC looks at no
// more than eight characters.
func lockedPassword() string { return rand.Text()[:8] }

// finding is what is there before a start.
type finding string

const (
	// absent: nothing is in the way.
	absent finding = "absent"
	// starting: another request for the same start is under way. Starting once
	// more waits for it, and then is refused.
	starting finding = "starting"
	// settled: the guest runs already as it should.
	settled finding = "settled"
)

// lookFirst finds what is there before a start. A definition that is left over is
// removed.
func (h *hypervisor) lookFirst(ctx context.Context, spec *host.GuestSpec) (finding, error) {
	now := absent
	found, err := h.Guest(ctx, spec.ID)
	switch {
	case errors.Is(err, host.ErrNotFound):
	case err != nil:
		return "", err
	case found.State == host.Off:
		if err := h.forget(ctx, spec.ID); err != nil {
			return "", err
		}
	case !found.Ours || found.Epoch != spec.Epoch || found.State == host.ShuttingDown:
		return "", refuse(host.RefusedExists, "a guest with the id %s runs already, in its run %d", spec.ID, found.Epoch)
	case found.State == host.Paused && found.Pause == host.PauseStarting:
		now = starting
	default:
		return settled, nil
	}
	return now, h.nameIsFree(ctx, spec)
}

func (h *hypervisor) nameIsFree(ctx context.Context, spec *host.GuestSpec) error {
	other, err := request(ctx, h, "looking for a guest of the same name", func(rpc *libvirt.Libvirt) (libvirt.Domain, error) {
		return rpc.DomainLookupByName(spec.Name)
	})
	switch {
	case errors.Is(err, host.ErrNotFound):
		return nil
	case err != nil:
		return err
	case idOf(other) == spec.ID:
		return nil
	default:
		return refuse(host.RefusedExists, "a guest named %q exists with the id %s", spec.Name, idOf(other))
	}
}

// concludeStart sorts out how a start has ended. After a refusal the guest is
// looked at again: somebody may have started it between our look and our start.
// What does not run is removed.
func (h *hypervisor) concludeStart(ctx context.Context, spec *host.GuestSpec, err error) error {
	if err == nil || !errors.Is(err, host.ErrRefused) {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTime)
	defer cancel()
	found, lookErr := h.Guest(ctx, spec.ID)
	if lookErr == nil && found.State != host.Off {
		if found.Ours && found.Epoch == spec.Epoch && found.State != host.ShuttingDown {
			return nil
		}
		return refuse(host.RefusedExists, "a guest with the id %s runs already, in its run %d", spec.ID, found.Epoch)
	}
	if forgetErr := h.forget(ctx, spec.ID); forgetErr != nil {
		h.log.WarnContext(ctx, "a guest that did not start could not be removed",
			slog.String("vm", string(spec.ID)), slog.Any("error", forgetErr))
	}
	return err
}
