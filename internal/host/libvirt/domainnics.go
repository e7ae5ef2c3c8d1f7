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
	if spec.MTU > 0 && !unconnected(spec) {
		device.MTU = &libvirtxml.DomainInterfaceMTU{Size: uint(spec.MTU)}
	}
	if boot > 0 {
		device.Boot = &libvirtxml.DomainDeviceBoot{Order: boot}
	}
	return device
}

// unconnected says whether a network interface has only QEMU's user-mode network, or
// none at all.
func unconnected(spec host.NICSpec) bool { return spec.User || spec.Network == "" && spec.Bridge == "" }

func nicSource(spec host.NICSpec) *libvirtxml.DomainInterfaceSource {
	switch {
	case unconnected(spec):
		return &libvirtxml.DomainInterfaceSource{User: &libvirtxml.DomainInterfaceSourceUser{}}
	case spec.Bridge != "":
		return &libvirtxml.DomainInterfaceSource{Bridge: &libvirtxml.DomainInterfaceSourceBridge{Bridge: spec.Bridge}}
	}
	return &libvirtxml.DomainInterfaceSource{
		Network: &libvirtxml.DomainInterfaceSourceNetwork{Network: spec.Network},
	}
}

func linkState(spec host.NICSpec) string {
	if spec.Linked && (spec.User || !unconnected(spec)) {
		return "up"
	}
	return "down"
}
