package libvirt

import (
	"libvirt.org/go/libvirtxml"

	"vireo/internal/host"
	"vireo/internal/model"
)

// nicModels are QEMU's names. The model with two faces was never more than
// virtio for guests with drivers, which all have by now.
var nicModels = map[model.NICInterface]string{
	model.NICVirtio:        "virtio",
	model.NICE1000:         "e1000",
	model.NICRTL8139:       "rtl8139",
	model.NICRTL8139Virtio: "virtio",
}

// nic describes one network interface. One without a network is a user-mode one
// whose link stays down, since libvirt before 8.7 knows no unconnected NICs.
func nic(spec host.NICSpec, boot uint) libvirtxml.DomainInterface {
	kind := nicModels[spec.Model]
	if kind == "" {
		kind = "virtio"
	}
	device := libvirtxml.DomainInterface{
		MAC:    &libvirtxml.DomainInterfaceMAC{Address: spec.MAC},
		Source: nicSource(spec),
		Model:  &libvirtxml.DomainInterfaceModel{Type: kind},
		Link:   &libvirtxml.DomainInterfaceLink{State: linkState(spec)},
		Alias:  &libvirtxml.DomainAlias{Name: aliasPrefix + string(spec.ID)},
	}
	if boot > 0 {
		device.Boot = &libvirtxml.DomainDeviceBoot{Order: boot}
	}
	return device
}

func nicSource(spec host.NICSpec) *libvirtxml.DomainInterfaceSource {
	if spec.Network != "" && !spec.User {
		return &libvirtxml.DomainInterfaceSource{
			Network: &libvirtxml.DomainInterfaceSourceNetwork{Network: spec.Network},
		}
	}
	return &libvirtxml.DomainInterfaceSource{User: &libvirtxml.DomainInterfaceSourceUser{}}
}

func linkState(spec host.NICSpec) string {
	if spec.Linked && (spec.Network != "" || spec.User) {
		return "up"
	}
	return "down"
}
