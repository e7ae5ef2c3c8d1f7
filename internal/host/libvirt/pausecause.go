package libvirt

import (
	"context"
	"sync"

	"github.com/digitalocean/go-libvirt"

	"vireo/internal/host"
	"vireo/internal/model"
)

// pauseReasons keeps what the last I/O error of each guest was, from its event
// until the guest runs again or ends. libvirt's state says only that there was one.
type pauseReasons struct {
	mu    sync.Mutex
	known map[model.ID]host.Pause
}

func (r *pauseReasons) set(id model.ID, pause host.Pause) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known == nil {
		r.known = map[model.ID]host.Pause{}
	}
	r.known[id] = pause
}

func (r *pauseReasons) get(id model.ID) host.Pause {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.known[id]
}

func (r *pauseReasons) forget(id model.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.known, id)
}

// errorReasons are the words that libvirt's event has for the kind of an I/O
// error. QEMU tells only a lack of space apart; an empty word is any other.
var errorReasons = map[string]host.Pause{
	"enospc": host.PauseNoSpace,
	"eperm":  host.PausePerm,
	"eio":    host.PauseIO,
	"eother": host.PauseOther,
	"":       host.PauseIO,
}

func errorReason(word string) host.Pause {
	if pause, ok := errorReasons[word]; ok {
		return pause
	}
	return host.PauseIO
}

// pauseCause says what kind of I/O error has paused a guest: the one that an
// event told of, else what QEMU says of its disks now.
func (h *hypervisor) pauseCause(ctx context.Context, id model.ID) host.Pause {
	if pause := h.reasons.get(id); pause != "" {
		return pause
	}
	ctx, cancel := context.WithTimeout(ctx, diskErrorTime)
	defer cancel()
	code, err := command(ctx, h, h.control, id, "asking for disk errors", firstDiskError(domainOf(id)))
	if err == nil && code == libvirt.DomainDiskErrorNoSpace {
		return host.PauseNoSpace
	}
	return host.PauseIO
}

// firstDiskError asks for one disk error. The library leaves the error's code out
// of what it decodes, and what follows in the answer is then taken for the number
// of errors: asked for one error at most, that is its code. A list without any
// entry has no code, and its number is really the number, 0.
func firstDiskError(domain libvirt.Domain) func(*libvirt.Libvirt) (libvirt.DomainDiskErrorCode, error) {
	return func(rpc *libvirt.Libvirt) (libvirt.DomainDiskErrorCode, error) {
		_, code, err := rpc.DomainGetDiskErrors(domain, 1, 0)
		return libvirt.DomainDiskErrorCode(code), err
	}
}
