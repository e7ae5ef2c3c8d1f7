package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/digitalocean/go-libvirt"
	"github.com/digitalocean/go-libvirt/socket/dialers"
	"github.com/google/uuid"
)

// hypervisor is a connection of our own to the libvirt of this machine, which
// says when things really happened. It shares nothing with the engine.
type hypervisor struct {
	rpc *libvirt.Libvirt
	uri string
	// moments are the lifecycle events, each with the time it came in.
	moments chan moment
}

// moment is something that libvirt reported.
type moment struct {
	guest uuid.UUID
	what  libvirt.DomainEventType
	at    time.Time
}

func openHypervisor(ctx context.Context) (*hypervisor, error) {
	h := &hypervisor{uri: "qemu:///system"}
	folder := "/run/libvirt"
	if os.Geteuid() != 0 {
		h.uri, folder = "qemu:///session", filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "libvirt")
	}
	path := filepath.Join(folder, "virtqemud-sock")
	if _, err := os.Stat(path); err != nil {
		path = filepath.Join(folder, "libvirt-sock")
	}
	h.rpc = libvirt.NewWithDialer(dialers.NewLocal(dialers.WithSocket(path)))
	if err := h.rpc.ConnectToURI(libvirt.ConnectURI(h.uri)); err != nil {
		return nil, fmt.Errorf("connecting to libvirt: %w", err)
	}
	if err := h.follow(ctx); err != nil {
		return nil, errors.Join(err, h.rpc.Disconnect())
	}
	return h, nil
}

// follow asks for the lifecycle events.
func (h *hypervisor) follow(ctx context.Context) error {
	events, err := h.rpc.LifecycleEvents(ctx)
	if err != nil {
		return err
	}
	h.moments = make(chan moment, 1024)
	go func() {
		defer close(h.moments)
		for event := range events {
			h.moments <- moment{uuid.UUID(event.Dom.UUID), libvirt.DomainEventType(event.Event), time.Now()}
		}
	}()
	return nil
}

func (h *hypervisor) close() { _ = h.rpc.Disconnect() }

// await gives the time at which libvirt reported something of a guest. What was
// reported before is passed over.
func (h *hypervisor) await(ctx context.Context, guest uuid.UUID, what libvirt.DomainEventType) (time.Time, error) {
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		select {
		case m, open := <-h.moments:
			if !open {
				return time.Time{}, errors.New("the connection to libvirt was lost")
			}
			if m.guest == guest && m.what == what {
				return m.at, nil
			}
		case <-bounded.Done():
			return time.Time{}, fmt.Errorf("libvirt never reported event %d of the guest: %w", what, bounded.Err())
		}
	}
}

func (h *hypervisor) domain(guest uuid.UUID) libvirt.Domain {
	return libvirt.Domain{UUID: libvirt.UUID(guest), Name: "by-uuid", ID: -1}
}

// definition is the XML that libvirt reports for a guest, with its secrets.
func (h *hypervisor) definition(guest uuid.UUID) (string, error) {
	return h.rpc.DomainGetXMLDesc(h.domain(guest), libvirt.DomainXMLInactive|libvirt.DomainXMLSecure)
}

// remove ends a guest and forgets it, if it is there.
func (h *hypervisor) remove(guest uuid.UUID) {
	_ = h.rpc.DomainDestroy(h.domain(guest))
	_ = h.rpc.DomainUndefine(h.domain(guest))
}
