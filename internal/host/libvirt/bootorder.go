package libvirt

import (
	"slices"

	"vireo/internal/host"
	"vireo/internal/model"
)

// bootOrder holds the place of each device in the boot sequence, from 1; 0 is
// not booted from. Devices carry it themselves, because libvirt does not allow
// the list in <os> beside them.
type bootOrder struct {
	cdrom uint
	disks map[model.ID]uint
	// nic is the place of the first NIC.
	nic uint
}

// planBoot turns the boot sequence into places: "hd" is the bootable disk, or
// the first one when none is marked, "network" the first NIC. With a kernel of
// its own a guest boots from no device.
func planBoot(spec *host.GuestSpec) bootOrder {
	order := bootOrder{disks: map[model.ID]uint{}}
	if spec.Kernel != "" {
		return order
	}
	next := uint(1)
	for _, device := range spec.Boot {
		switch {
		case device == model.BootCDROM && order.cdrom == 0:
			order.cdrom = next
		case device == model.BootNetwork && order.nic == 0 && len(spec.NICs) > 0:
			order.nic = next
		case device == model.BootHardDisk && len(order.disks) == 0 && len(spec.Disks) > 0:
			first := max(slices.IndexFunc(spec.Disks, func(d host.DiskSpec) bool { return d.Bootable }), 0)
			order.disks[spec.Disks[first].ID] = next
		default:
			continue
		}
		next++
	}
	return order
}
