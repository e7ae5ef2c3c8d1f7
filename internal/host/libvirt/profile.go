package libvirt

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"vireo/internal/host"
)

// profile is what a guest's definition depends on. It is read once per connection.
type profile struct {
	capabilities libvirtxml.Caps
	// session says that the daemon runs as an ordinary user.
	session bool
	// owner is the user and group that QEMU runs as, in the form of a label
	// (+64055:+64055); empty for a session.
	owner string
	// local says that files of the host can be looked at.
	local bool
}

func (h *hypervisor) readProfile(ctx context.Context) (profile, error) {
	p := profile{session: h.target.session, local: h.target.local()}
	text, err := request(ctx, h, "reading the host's capabilities", (*libvirt.Libvirt).ConnectGetCapabilities)
	if err != nil {
		return p, err
	}
	if err := p.capabilities.Unmarshal(text); err != nil {
		return p, refuse(host.RefusedUnsupported, "the host's capabilities cannot be read: %v", err)
	}
	if p.capabilities.Host.SecModel != nil {
		p.owner = dacLabel(p.capabilities.Host.SecModel)
	}
	return p, nil
}

// dacLabel finds the label that QEMU processes have by default.
func dacLabel(models []libvirtxml.CapsHostSecModel) string {
	for _, model := range models {
		if model.Name != "dac" {
			continue
		}
		for _, kind := range []string{"kvm", "qemu"} {
			for _, label := range model.Labels {
				if label.Type == kind {
					return label.Value
				}
			}
		}
	}
	return ""
}

// imageOwner takes the label apart: -1 where QEMU runs as the engine's own user.
func (p profile) imageOwner() (uid, gid int) {
	user, group, ok := strings.Cut(p.owner, ":")
	if !ok || p.session {
		return -1, -1
	}
	uid, uidErr := strconv.Atoi(strings.TrimPrefix(user, "+"))
	gid, gidErr := strconv.Atoi(strings.TrimPrefix(group, "+"))
	if uidErr != nil || gidErr != nil {
		return -1, -1
	}
	return uid, gid
}

// guestMachines are QEMU's machine types for 64-bit PCs, by canonical name.
func (p profile) guestMachines() []string {
	var names []string
	for _, guest := range p.capabilities.Guests {
		if guest.OSType != "hvm" || guest.Arch.Name != "x86_64" {
			continue
		}
		for _, machine := range guest.Arch.Machines {
			if machine.Canonical != "" {
				names = append(names, machine.Canonical)
			} else {
				names = append(names, machine.Name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// offersKVM says that libvirt lists KVM, which it also does where it hangs.
func (p profile) offersKVM() bool {
	for _, guest := range p.capabilities.Guests {
		for _, domain := range guest.Arch.Domains {
			if guest.Arch.Name == "x86_64" && domain.Type == "kvm" {
				return true
			}
		}
	}
	return false
}
