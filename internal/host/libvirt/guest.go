package libvirt

import (
	"context"
	"errors"
	"time"

	"github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"vireo/internal/host"
	"vireo/internal/model"
)

// Guest looks at one guest, without asking its QEMU (except for the cause of an
// I/O error), so that one which hangs can be looked at too.
func (h *hypervisor) Guest(ctx context.Context, id model.ID) (host.Guest, error) {
	return h.look(ctx, domainOf(id))
}

// Guests looks at all of them. One that vanishes meanwhile is left out.
func (h *hypervisor) Guests(ctx context.Context) ([]host.Guest, error) {
	domains, err := request(ctx, h, "listing the guests", func(rpc *libvirt.Libvirt) ([]libvirt.Domain, error) {
		all, _, err := rpc.ConnectListAllDomains(1, 0)
		return all, err
	})
	if err != nil {
		return nil, err
	}
	guests := make([]host.Guest, 0, len(domains))
	for _, domain := range domains {
		guest, err := h.look(ctx, domain)
		if errors.Is(err, host.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		guests = append(guests, guest)
	}
	return guests, nil
}

// view is what libvirt says of a domain.
type view struct {
	state, reason int32
	xml           string
}

func (h *hypervisor) look(ctx context.Context, domain libvirt.Domain) (host.Guest, error) {
	seen, err := request(ctx, h, "looking at the guest", func(rpc *libvirt.Libvirt) (v view, err error) {
		if v.xml, err = rpc.DomainGetXMLDesc(domain, 0); err != nil {
			return v, err
		}
		// The state last: between the two calls the guest may have ended, and
		// what the XML says of a running one is then left out.
		v.state, v.reason, err = rpc.DomainGetState(domain, 0)
		return v, err
	})
	if err != nil {
		return host.Guest{}, err
	}
	var definition libvirtxml.Domain
	if err := definition.Unmarshal(seen.xml); err != nil {
		return host.Guest{}, refuse(host.RefusedOther, "the guest's definition cannot be read: %v", err)
	}
	guest := describe(&definition)
	guest.State, guest.Pause, guest.End = stateOf(seen.state, seen.reason)
	guest.PostCopy = inPostCopy(seen.state, seen.reason)
	if guest.State == host.Off {
		guest.Console, guest.AgentConnected = model.Console{}, false
	}
	if guest.Pause == host.PauseIO {
		guest.Pause = h.pauseCause(ctx, guest.ID)
	}
	return guest, nil
}

// describe reads what a definition says of a guest.
func describe(definition *libvirtxml.Domain) host.Guest {
	guest := host.Guest{ID: model.ID(definition.UUID), Name: definition.Name}
	if definition.Metadata != nil {
		if owner, ok := readOwnership(definition.Metadata.XML); ok {
			guest.Ours, guest.Engine, guest.Epoch, guest.Given = true, owner.engine(), owner.Epoch, owner.given()
		}
	}
	if memory := definition.CurrentMemory; memory != nil {
		guest.Memory = bytesOf(uint64(memory.Value), memory.Unit)
	}
	if cpus := definition.VCPU; cpus != nil {
		guest.CPUs = int(cpus.Value)
		if cpus.Current > 0 {
			guest.CPUs = int(cpus.Current)
		}
	}
	if definition.Devices != nil {
		describeDevices(&guest, definition.Devices)
	}
	return guest
}

func describeDevices(guest *host.Guest, devices *libvirtxml.DomainDeviceList) {
	for _, graphics := range devices.Graphics {
		switch {
		case graphics.VNC != nil:
			guest.DisplayType = model.DisplayVNC
			guest.Console = model.Console{
				Address: listenAddress(graphics.VNC.Listen, graphics.VNC.Listeners), Port: max(graphics.VNC.Port, 0),
			}
		case graphics.Spice != nil:
			guest.DisplayType = model.DisplaySPICE
			guest.Console = model.Console{
				Address: listenAddress(graphics.Spice.Listen, graphics.Spice.Listeners),
				Port:    max(graphics.Spice.Port, 0), SecurePort: max(graphics.Spice.TLSPort, 0),
			}
		}
	}
	if drive := findCDROM(devices.Disks); drive != nil {
		guest.CDROM = sourcePath(drive)
	}
	for _, channel := range devices.Channels {
		if channel.Target != nil && channel.Target.VirtIO != nil && channel.Target.VirtIO.Name == agentChannel {
			guest.AgentConnected = channel.Target.VirtIO.State == "connected"
		}
	}
}

func listenAddress(attribute string, listeners []libvirtxml.DomainGraphicListener) string {
	for _, listener := range listeners {
		if listener.Address != nil && listener.Address.Address != "" {
			return listener.Address.Address
		}
	}
	return attribute
}

// findCDROM finds our CD drive, or the first one of a guest that is not ours.
func findCDROM(disks []libvirtxml.DomainDisk) *libvirtxml.DomainDisk {
	var first *libvirtxml.DomainDisk
	for i := range disks {
		if disks[i].Device != "cdrom" {
			continue
		}
		if disks[i].Alias != nil && disks[i].Alias.Name == cdromAlias {
			return &disks[i]
		}
		if first == nil {
			first = &disks[i]
		}
	}
	return first
}

func sourcePath(disk *libvirtxml.DomainDisk) string {
	if disk.Source == nil || disk.Source.File == nil {
		return ""
	}
	return disk.Source.File.File
}

// units of sizes in libvirt's XML.
var units = map[string]int64{
	"": 1 << 10, "b": 1, "bytes": 1, "k": 1 << 10, "KiB": 1 << 10, "KB": 1000,
	"M": 1 << 20, "MiB": 1 << 20, "MB": 1000 * 1000, "G": 1 << 30, "GiB": 1 << 30, "GB": 1000 * 1000 * 1000,
}

func bytesOf(value uint64, unit string) int64 { return int64(value) * units[unit] }

// diskErrorTime is how long QEMU may take to say which error a disk has.
const diskErrorTime = 2 * time.Second
