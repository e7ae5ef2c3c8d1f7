package libvirt

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"time"

	"github.com/digitalocean/go-libvirt"

	"vireo/internal/host"
	"vireo/internal/model"
)

// undefineFlags remove a definition together with what libvirt may keep beside
// it. A driver that does not know all of these things refuses to remove them, and
// is asked for less.
var undefineFlags = []libvirt.DomainUndefineFlagsValues{
	libvirt.DomainUndefineManagedSave | libvirt.DomainUndefineSnapshotsMetadata |
		libvirt.DomainUndefineNvram | libvirt.DomainUndefineCheckpointsMetadata,
	libvirt.DomainUndefineManagedSave | libvirt.DomainUndefineSnapshotsMetadata | libvirt.DomainUndefineNvram,
	libvirt.DomainUndefineManagedSave | libvirt.DomainUndefineSnapshotsMetadata,
	0,
}

func undefine(rpc *libvirt.Libvirt, domain libvirt.Domain) (err error) {
	for _, flags := range undefineFlags {
		err = rpc.DomainUndefineFlags(domain, flags)
		if libvirtCode(err) != libvirt.ErrInvalidArg {
			return err
		}
	}
	return err
}

// cleanUpTime is how long the removal of a refused guest may take, counted
// apart from the context of the boot, which may have been used up.
const cleanUpTime = 10 * time.Second

// Boot defines the guest and starts it. The definition stays until Forget, so
// that the host remembers why the guest ended (docs/decisions/domain-lifetime.md).
func (h *hypervisor) Boot(ctx context.Context, spec *host.GuestSpec) error {
	settled, err := h.lookFirst(ctx, spec)
	if settled || err != nil {
		return err
	}
	definition, err := h.define(spec)
	if err != nil {
		return err
	}
	var flags libvirt.DomainCreateFlags
	if spec.Paused {
		flags = libvirt.DomainStartPaused
	}
	_, err = command(ctx, h, h.control, spec.ID, "starting the guest", func(rpc *libvirt.Libvirt) (libvirt.Domain, error) {
		domain, err := rpc.DomainDefineXMLFlags(definition, 0)
		if err != nil {
			return domain, err
		}
		return rpc.DomainCreateWithFlags(domain, uint32(flags))
	})
	return h.concludeStart(ctx, spec, err)
}

// define makes the definition's text. It may hold a display's password and is
// never logged.
func (h *hypervisor) define(spec *host.GuestSpec) (string, error) {
	if _, err := model.ParseID(string(spec.ID)); err != nil {
		return "", refuse(host.RefusedUnsupported, "the guest's id: %v", err)
	}
	builder := h.builder(spec)
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
	return &domainBuilder{spec: spec, owner: h.labelOwner(), cache: h.cacheMode, password: lockedPassword()}
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

// lookFirst finds what is there before a start. settled says that the guest runs
// already as it should. A definition that is left over is removed.
func (h *hypervisor) lookFirst(ctx context.Context, spec *host.GuestSpec) (settled bool, err error) {
	found, err := h.Guest(ctx, spec.ID)
	switch {
	case errors.Is(err, host.ErrNotFound):
	case err != nil:
		return false, err
	case found.State == host.Off:
		if err := h.Forget(ctx, spec.ID); err != nil {
			return false, err
		}
	case !found.Ours || found.Epoch != spec.Epoch || found.State == host.ShuttingDown:
		return false, refuse(host.RefusedExists, "a guest with the id %s runs already, in its run %d", spec.ID, found.Epoch)
	case found.State == host.Paused && found.Pause == host.PauseStarting:
		// Another request for the same start is under way: starting once more
		// waits for it, and then is refused.
		return false, nil
	default:
		return true, nil
	}
	return false, h.nameIsFree(ctx, spec)
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
	if forgetErr := h.Forget(ctx, spec.ID); forgetErr != nil {
		h.log.WarnContext(ctx, "a guest that did not start could not be removed",
			slog.String("vm", string(spec.ID)), slog.Any("error", forgetErr))
	}
	return err
}

// Forget removes the definition of a guest that is off.
func (h *hypervisor) Forget(ctx context.Context, id model.ID) error {
	domain := domainOf(id)
	_, err := command(ctx, h, h.control, id, "forgetting the guest", func(rpc *libvirt.Libvirt) (struct{}, error) {
		state, _, err := rpc.DomainGetState(domain, 0)
		if err != nil {
			return struct{}{}, err
		}
		if libvirt.DomainState(state) != libvirt.DomainShutoff {
			// Undefining would succeed and leave a guest that vanishes with its end.
			return struct{}{}, refuse(host.RefusedState, "the guest runs")
		}
		return struct{}{}, undefine(rpc, domain)
	})
	if errors.Is(err, host.ErrNotFound) {
		return nil
	}
	return err
}
