package libvirt

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"vireo/internal/host"
	"vireo/internal/model"
)

const live = uint32(libvirt.DomainAffectLive)

// goneCheck is how often a device that is being unplugged is looked for.
const goneCheck = 100 * time.Millisecond

func sameMAC(a, b string) bool { return strings.EqualFold(a, b) }

// devices reads the devices of a guest that runs.
func (h *hypervisor) devices(ctx context.Context, id model.ID) (*libvirtxml.Domain, error) {
	definition, err := h.liveDefinition(ctx, domainOf(id))
	if err != nil {
		return nil, err
	}
	if definition.ID == nil || definition.Devices == nil || definition.OS == nil || definition.OS.Type == nil {
		return nil, refuse(host.RefusedState, "the guest does not run")
	}
	return definition, nil
}

// change makes one call that changes devices, with the device's XML.
func (h *hypervisor) change(ctx context.Context, id model.ID, doing string, device interface{ Marshal() (string, error) },
	f func(*libvirt.Libvirt, libvirt.Domain, string) error,
) error {
	text, err := device.Marshal()
	if err != nil {
		return refuse(host.RefusedOther, "%s: the device cannot be described: %v", doing, err)
	}
	defer h.names.forget(id)
	return h.plain(ctx, id, doing, func(rpc *libvirt.Libvirt, domain libvirt.Domain) error { return f(rpc, domain, text) })
}

func attach(rpc *libvirt.Libvirt, domain libvirt.Domain, text string) error {
	return rpc.DomainAttachDeviceFlags(domain, text, live)
}

// ChangeCDROM changes the medium by force: a guest that has locked its drive
// loses the medium, as if the drive's emergency hole had been used.
func (h *hypervisor) ChangeCDROM(ctx context.Context, id model.ID, path string) error {
	definition, err := h.devices(ctx, id)
	if err != nil {
		return err
	}
	drive := findCDROM(definition.Devices.Disks)
	if drive == nil {
		return refuse(host.RefusedUnsupported, "the guest has no CD drive")
	}
	if sourcePath(drive) == path && (drive.Target == nil || drive.Target.Tray != "open") {
		return nil
	}
	drive.Source, drive.BackingStore, drive.Boot = nil, nil, nil
	if path != "" {
		drive.Source = fileSource(path)
	}
	return h.change(ctx, id, "changing the CD", drive, func(rpc *libvirt.Libvirt, domain libvirt.Domain, text string) error {
		return rpc.DomainUpdateDeviceFlags(domain, text, libvirt.DomainDeviceModifyLive|libvirt.DomainDeviceModifyForce)
	})
}

// PlugDisk gives a running guest a disk.
func (h *hypervisor) PlugDisk(ctx context.Context, id model.ID, spec host.DiskSpec) error {
	definition, err := h.devices(ctx, id)
	if err != nil {
		return err
	}
	if findDisk(definition, spec.ID) != nil {
		return nil
	}
	builder := h.builder(&host.GuestSpec{ID: id})
	builder.machine = machineOf(definition.OS.Type.Machine)
	if busOf(spec.Interface, builder.machine) == builder.machine.bus {
		return refuse(host.RefusedUnsupported, "an IDE disk cannot be plugged into a running guest")
	}
	builder.layout = newDiskLayout()
	builder.layout.taken(definition.Devices.Disks, builder.machine)
	disk := builder.disk(spec, 0, nil)
	return h.change(ctx, id, "plugging the disk", &disk, attach)
}

func findDisk(definition *libvirtxml.Domain, id model.ID) *libvirtxml.DomainDisk {
	for i, disk := range definition.Devices.Disks {
		if disk.Alias != nil && disk.Alias.Name == diskAlias(id) {
			return &definition.Devices.Disks[i]
		}
	}
	return nil
}

// UnplugDisk asks the guest to let a disk go and waits until it has.
func (h *hypervisor) UnplugDisk(ctx context.Context, id, disk model.ID) error {
	return h.unplug(ctx, id, "unplugging the disk", func(definition *libvirtxml.Domain) string {
		if found := findDisk(definition, disk); found != nil {
			return found.Alias.Name
		}
		return ""
	})
}

// PlugNIC gives a running guest a NIC.
func (h *hypervisor) PlugNIC(ctx context.Context, id model.ID, spec host.NICSpec) error {
	definition, err := h.devices(ctx, id)
	if err != nil {
		return err
	}
	if findNIC(definition, spec.MAC) != nil {
		return nil
	}
	device := nic(spec, 0)
	return h.change(ctx, id, "plugging the NIC", &device, attach)
}

func findNIC(definition *libvirtxml.Domain, mac string) *libvirtxml.DomainInterface {
	for i, nic := range definition.Devices.Interfaces {
		if nic.MAC != nil && sameMAC(nic.MAC.Address, mac) {
			return &definition.Devices.Interfaces[i]
		}
	}
	return nil
}

// UnplugNIC asks the guest to let a NIC go and waits until it has.
func (h *hypervisor) UnplugNIC(ctx context.Context, id model.ID, mac string) error {
	return h.unplug(ctx, id, "unplugging the NIC", func(definition *libvirtxml.Domain) string {
		if found := findNIC(definition, mac); found != nil && found.Alias != nil {
			return found.Alias.Name
		}
		return ""
	})
}

// UpdateNIC changes link, network and MTU. Another MTU, a change between a network and
// user mode, and what libvirt cannot do in place, which is any change to or from a port of
// Open vSwitch, is a new device to QEMU: the NIC is unplugged and plugged again.
func (h *hypervisor) UpdateNIC(ctx context.Context, id model.ID, spec host.NICSpec) error {
	definition, err := h.devices(ctx, id)
	if err != nil {
		return err
	}
	found := findNIC(definition, spec.MAC)
	if found == nil {
		return refuse(host.RefusedState, "the guest has no NIC with the address %s", spec.MAC)
	}
	wanted := nicSource(spec)
	if found.Source != nil && (found.Source.User != nil) != (wanted.User != nil) || mtuOf(found.MTU) != mtuOf(nic(spec, 0).MTU) {
		return h.replugNIC(ctx, id, spec)
	}
	found.Link = &libvirtxml.DomainInterfaceLink{State: linkState(spec)}
	if !sameSource(found.Source, wanted) {
		// The tag is the network's, or the bridge's; so is the port, which only has to be the same one.
		found.Source, found.VLan = wanted, nil
		if wanted.Network == nil {
			found.VirtualPort = nil
		}
	}
	err = h.change(ctx, id, "changing the NIC", found, func(rpc *libvirt.Libvirt, domain libvirt.Domain, text string) error {
		return rpc.DomainUpdateDeviceFlags(domain, text, libvirt.DomainDeviceModifyLive)
	})
	if refused, ok := errors.AsType[*host.RefusedError](err); ok && refused.Code == host.RefusedUnsupported {
		return h.replugNIC(ctx, id, spec)
	}
	return err
}

// sameSource says whether a NIC is connected to what is wanted: then it keeps what else its
// definition says of its port, which of a guest that was adopted is its owner's.
func sameSource(now, wanted *libvirtxml.DomainInterfaceSource) bool {
	switch {
	case now == nil:
		return false
	case wanted.Network != nil:
		return now.Network != nil && now.Network.Network == wanted.Network.Network
	case wanted.Bridge != nil:
		return now.Bridge != nil && now.Bridge.Bridge == wanted.Bridge.Bridge
	}
	return wanted.User != nil && now.User != nil
}

func (h *hypervisor) replugNIC(ctx context.Context, id model.ID, spec host.NICSpec) error {
	if err := h.UnplugNIC(ctx, id, spec.MAC); err != nil {
		return err
	}
	return h.PlugNIC(ctx, id, spec)
}

func mtuOf(mtu *libvirtxml.DomainInterfaceMTU) uint {
	if mtu == nil {
		return 0
	}
	return mtu.Size
}

// unplug detaches the device whose alias find gives, and waits until it is gone
// from the guest. A guest that never lets go makes it last until ctx ends; that
// is a refusal, as the host has answered all along.
func (h *hypervisor) unplug(ctx context.Context, id model.ID, doing string, find func(*libvirtxml.Domain) string) error {
	defer h.names.forget(id)
	alias := ""
	again := time.NewTicker(goneCheck)
	defer again.Stop()
	for {
		definition, err := h.devices(ctx, id)
		if err != nil {
			return err
		}
		now := find(definition)
		if now == "" {
			return nil
		}
		if alias == "" {
			alias = now
			err = h.plain(ctx, id, doing, func(rpc *libvirt.Libvirt, domain libvirt.Domain) error {
				return rpc.DomainDetachDeviceAlias(domain, alias, live)
			})
			if err != nil && !isGone(err) {
				return err
			}
			continue
		}
		select {
		case <-again.C:
		case <-h.done:
			return unreachable(doing, errors.New("the connection was lost"))
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return refuse(host.RefusedState, "%s: the guest has not let go of the device", doing)
			}
			return gaveUp(ctx, doing)
		}
	}
}

// isGone says that an unplug was refused because the device is not there, or is
// on its way out already.
func isGone(err error) bool {
	var refused *host.RefusedError
	return errors.As(err, &refused) && (strings.Contains(refused.Reason, "not found") ||
		strings.Contains(refused.Reason, "already in the process of unplug"))
}
