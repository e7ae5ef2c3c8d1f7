package libvirt

import (
	"context"
	"os"
	"time"

	"github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"vireo/internal/host"
	"vireo/internal/model"
)

// Save stops the guest and writes it to a file that must not exist. libvirt
// removes the file of a save that fails and lets the guest run on. When the
// context ends first, the save is aborted.
func (h *hypervisor) Save(ctx context.Context, id model.ID, path string) error {
	found, err := h.Guest(ctx, id)
	if err != nil {
		return err
	}
	there := h.profile.local && exists(path)
	switch {
	case found.State == host.Off && found.End == host.EndSaved && there:
		return nil
	case found.State != host.Running && found.State != host.Paused:
		return refuse(host.RefusedState, "the guest does not run")
	case there:
		return refuse(host.RefusedResource, "the file %s exists", path)
	}
	return h.save(ctx, id, path)
}

func (h *hypervisor) save(ctx context.Context, id model.ID, path string) error {
	const doing = "saving the guest"
	leave, err := h.gates.enter(ctx, gateKey{guest: id})
	if err != nil {
		return gaveUp(ctx, doing)
	}
	returned := make(chan struct{})
	over := func() { leave(); close(returned) }
	_, err = ask(ctx, h.work, doing, over, func(rpc *libvirt.Libvirt) (struct{}, error) {
		return struct{}{}, rpc.DomainSaveFlags(domainOf(id), path, nil, 0)
	})
	if err != nil && ctx.Err() != nil {
		h.inBackground(func() { h.abortJob(id, returned) })
	}
	return sortOut(doing, err)
}

// abortAgain is how often an abort is repeated: one that comes before libvirt has
// begun the job finds nothing to abort.
const abortAgain = 100 * time.Millisecond

// abortJob ends what a guest is being put through, for a caller that has given
// up, until the request has returned.
func (h *hypervisor) abortJob(id model.ID, returned <-chan struct{}) {
	ctx, cancel := context.WithTimeout(context.Background(), cleanUpTime)
	defer cancel()
	again := time.NewTicker(abortAgain)
	defer again.Stop()
	for {
		_, err := request(ctx, h, "aborting a save", func(rpc *libvirt.Libvirt) (struct{}, error) {
			return struct{}{}, rpc.DomainAbortJob(domainOf(id))
		})
		select {
		case <-returned:
			return
		case <-h.done:
			return
		case <-ctx.Done():
			h.log.Warn("a save that nobody waits for goes on", "vm", string(id), "error", err)
			return
		case <-again.C:
		}
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// Restore starts the guest from its saved state. What the guest sees must be as
// it was, so the definition is the one in the file, with what the spec may change:
// whose it is and which run, its images and networks, its display.
func (h *hypervisor) Restore(ctx context.Context, spec *host.GuestSpec, path string) error {
	flags := libvirt.DomainSaveRunning
	if spec.Paused {
		flags = libvirt.DomainSavePaused
	}
	redefine := func(builder *domainBuilder) (string, error) { return h.redefine(ctx, builder, path) }
	return h.launch(ctx, spec, redefine, func(definition string) error {
		_, err := command(ctx, h, h.work, spec.ID, "restoring the guest", func(rpc *libvirt.Libvirt) (struct{}, error) {
			if _, err := rpc.DomainDefineXMLFlags(definition, 0); err != nil {
				return struct{}{}, err
			}
			return struct{}{}, rpc.DomainRestoreFlags(path, libvirt.OptString{definition}, uint32(flags))
		})
		return err
	})
}

// redefine reads the definition in a saved state and brings it up to the spec.
func (h *hypervisor) redefine(ctx context.Context, builder *domainBuilder, path string) (string, error) {
	const doing = "reading the saved state"
	text, err := ask(ctx, h.work, doing, func() {}, func(rpc *libvirt.Libvirt) (string, error) {
		return rpc.DomainSaveImageGetXMLDesc(path, uint32(libvirt.DomainSaveImageXMLSecure))
	})
	if err != nil {
		return "", sortOut(doing, err)
	}
	var saved libvirtxml.Domain
	if err := saved.Unmarshal(text); err != nil {
		return "", refuse(host.RefusedOther, "the saved state's definition cannot be read: %v", err)
	}
	wanted, err := builder.build()
	if err != nil {
		return "", err
	}
	if err := bringUp(&saved, wanted); err != nil {
		return "", err
	}
	out, err := saved.Marshal()
	if err != nil {
		return "", refuse(host.RefusedOther, "the guest cannot be described: %v", err)
	}
	return out, nil
}

// bringUp changes in a saved definition what is not part of the machine that the
// guest sees. The name stays: libvirt refuses to restore under another one.
func bringUp(saved, wanted *libvirtxml.Domain) error {
	if saved.UUID != wanted.UUID {
		return refuse(host.RefusedExists, "the saved state is the one of guest %s", saved.UUID)
	}
	if saved.Devices == nil {
		return refuse(host.RefusedOther, "the saved state has no devices")
	}
	saved.Metadata, saved.SecLabel = wanted.Metadata, wanted.SecLabel
	for i := range saved.Devices.Disks {
		if now := sameDisk(saved.Devices.Disks[i], wanted.Devices.Disks); now != nil {
			saved.Devices.Disks[i].Source = now.Source
			saved.Devices.Disks[i].Driver = now.Driver
			saved.Devices.Disks[i].BackingStore = nil
		}
	}
	for i := range saved.Devices.Interfaces {
		if now := sameNIC(saved.Devices.Interfaces[i], wanted.Devices.Interfaces); now != nil {
			saved.Devices.Interfaces[i].Source = now.Source
			saved.Devices.Interfaces[i].Link = now.Link
			saved.Devices.Interfaces[i].Target = nil
		}
	}
	if sameGraphics(saved.Devices.Graphics, wanted.Devices.Graphics) {
		saved.Devices.Graphics = wanted.Devices.Graphics
	}
	return nil
}

func sameDisk(saved libvirtxml.DomainDisk, among []libvirtxml.DomainDisk) *libvirtxml.DomainDisk {
	for i := range among {
		if saved.Alias != nil && among[i].Alias != nil && saved.Alias.Name == among[i].Alias.Name {
			return &among[i]
		}
	}
	return nil
}

func sameNIC(saved libvirtxml.DomainInterface, among []libvirtxml.DomainInterface) *libvirtxml.DomainInterface {
	for i := range among {
		if saved.MAC != nil && sameMAC(saved.MAC.Address, among[i].MAC.Address) {
			return &among[i]
		}
	}
	return nil
}

// sameGraphics says that both have one display of the same type; the video card
// that belongs to it is part of the machine.
func sameGraphics(a, b []libvirtxml.DomainGraphic) bool {
	return len(a) == 1 && len(b) == 1 &&
		(a[0].VNC != nil) == (b[0].VNC != nil) && (a[0].Spice != nil) == (b[0].Spice != nil)
}
