package libvirt

import (
	"context"
	"errors"
	"time"

	"github.com/digitalocean/go-libvirt"

	"vireo/internal/host"
	"vireo/internal/model"
)

// Forget removes the seeds of a guest that is off, and its definition. A start that
// is under way is waited for, so that its seeds are not taken for those of the run
// before.
func (h *hypervisor) Forget(ctx context.Context, id model.ID) error {
	leave, err := h.gates.enter(ctx, gateKey{guest: id, kind: gateStart})
	if err != nil {
		return gaveUp(ctx, "forgetting the guest")
	}
	defer leave()
	return h.forget(ctx, id)
}

// forget removes the seeds first: an engine that dies in between finds the
// definition again, and comes back for the rest. Of a guest that the host does not
// know there may be seeds left.
func (h *hypervisor) forget(ctx context.Context, id model.ID) error {
	seeded, err := h.forgettable(ctx, id)
	unknown := errors.Is(err, host.ErrNotFound)
	if err != nil && !unknown {
		return err
	}
	if seeded || unknown {
		if err := h.removeSeeds(ctx, id); err != nil {
			return err
		}
	}
	if unknown {
		return nil
	}
	bounded, cancel := context.WithTimeout(ctx, undefineTime)
	defer cancel()
	_, err = command(bounded, h, h.control, id, "forgetting the guest", func(rpc *libvirt.Libvirt) (struct{}, error) {
		if err := refuseRunning(rpc, domainOf(id)); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, undefine(rpc, domainOf(id))
	})
	switch {
	case errors.Is(err, host.ErrNotFound):
		return nil
	case err != nil && bounded.Err() != nil && ctx.Err() == nil:
		return refuse(host.RefusedResource, "libvirt does not come to an end with what it does with the guest; restarting its daemon helps, and no guest notices")
	}
	return err
}

// undefineTime is how long libvirt may take to remove a definition, which is done at once unless
// it is at other work on the guest. libvirt 9.0 can stay so for ever, when QEMU dies at the source of a
// migration in post-copy. The gate of the guest stays closed until the call has ended indeed: a
// definition that is made later is not removed by it.
const undefineTime = 10 * time.Second

// forgettable refuses a guest that runs; of another one it says whether it has
// seeds.
func (h *hypervisor) forgettable(ctx context.Context, id model.ID) (seeded bool, err error) {
	return command(ctx, h, h.control, id, "forgetting the guest", func(rpc *libvirt.Libvirt) (bool, error) {
		if err := refuseRunning(rpc, domainOf(id)); err != nil {
			return false, err
		}
		definition, err := rpc.DomainGetXMLDesc(domainOf(id), libvirt.DomainXMLInactive)
		return h.mentionsSeeds(id, definition), err
	})
}

// refuseRunning: undefining would succeed and leave a guest that vanishes with its
// end.
func refuseRunning(rpc *libvirt.Libvirt, domain libvirt.Domain) error {
	state, _, err := rpc.DomainGetState(domain, 0)
	if err == nil && libvirt.DomainState(state) != libvirt.DomainShutoff {
		return refuse(host.RefusedState, "the guest runs")
	}
	return err
}

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
