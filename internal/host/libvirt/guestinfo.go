package libvirt

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/digitalocean/go-libvirt"

	"vireo/internal/model"
)

const infoWanted = libvirt.DomainGuestInfoOs | libvirt.DomainGuestInfoTimezone |
	libvirt.DomainGuestInfoHostname | libvirt.DomainGuestInfoInterfaces

// GuestInfo asks the agent for all that the API shows, in one request. An agent
// that lacks one of the orders is asked for what it has.
func (h *hypervisor) GuestInfo(ctx context.Context, id model.ID) (model.Live, error) {
	const doing = "asking the guest agent about the guest"
	domain := domainOf(id)
	params, err := gated(ctx, h, h.control, gateKey{guest: id, kind: gateAgent}, doing, func(rpc *libvirt.Libvirt) ([]libvirt.TypedParam, error) {
		// Without this the agent may keep libvirt waiting for ever.
		if _, err := rpc.DomainAgentSetResponseTimeout(domain, agentTime, 0); err != nil && libvirtCode(err) != libvirt.ErrNoSupport {
			return nil, err
		}
		params, err := rpc.DomainGetGuestInfo(domain, uint32(infoWanted), 0)
		if code := libvirtCode(err); code == libvirt.ErrArgumentUnsupported || code == libvirt.ErrAgentCommandFailed || code == libvirt.ErrOperationUnsupported {
			params, err = rpc.DomainGetGuestInfo(domain, 0, 0)
		}
		return params, err
	})
	if err != nil {
		return model.Live{}, agentRefusal(err)
	}
	return readInfo(newFields(params)), nil
}

func readInfo(f fields) model.Live {
	info := model.Live{AgentAlive: true, FQDN: f.text(libvirt.DomainGuestInfoHostnameHostname)}
	if f.has(libvirt.DomainGuestInfoOsID) || f.has(libvirt.DomainGuestInfoOsName) {
		info.OS = &model.GuestOS{
			Architecture: f.text(libvirt.DomainGuestInfoOsMachine),
			Codename:     codename(f),
			Distribution: f.text(libvirt.DomainGuestInfoOsName),
			Family:       family(f.text(libvirt.DomainGuestInfoOsID)),
			Version:      f.text(libvirt.DomainGuestInfoOsVersionID),
			Kernel:       f.text(libvirt.DomainGuestInfoOsKernelRelease),
		}
	}
	if f.has(libvirt.DomainGuestInfoTimezoneOffset) {
		info.TimeZone = &model.GuestTimeZone{
			Name:      f.text(libvirt.DomainGuestInfoTimezoneName),
			UTCOffset: utcOffset(f.number(libvirt.DomainGuestInfoTimezoneOffset, 0)),
		}
	}
	for i := range f.count(libvirt.DomainGuestInfoIfCount) {
		prefix := fmt.Sprintf("%s%d", libvirt.DomainGuestInfoIfPrefix, i)
		device := model.GuestDevice{
			Name: f.text(prefix + libvirt.DomainGuestInfoIfSuffixName),
			MAC:  strings.ToLower(f.text(prefix + libvirt.DomainGuestInfoIfSuffixHwaddr)),
		}
		for j := range f.count(prefix + libvirt.DomainGuestInfoIfSuffixAddrCount) {
			text := f.text(fmt.Sprintf("%s%s%d%s", prefix, libvirt.DomainGuestInfoIfSuffixAddrPrefix, j, libvirt.DomainGuestInfoIfSuffixAddrSuffixAddr))
			if ip, ok := guestIP(text); ok {
				device.IPs = append(device.IPs, ip)
			}
		}
		if device.Name == "lo" || device.MAC == "" || device.MAC == "00:00:00:00:00:00" {
			continue
		}
		info.Devices = append(info.Devices, device)
		info.IPs = append(info.IPs, device.IPs...)
	}
	return info
}

// guestIP leaves out what is of no use outside the guest, and what is no address.
func guestIP(text string) (model.GuestIP, bool) {
	address, err := netip.ParseAddr(text)
	if err != nil || address.IsLoopback() || address.IsLinkLocalUnicast() || address.IsUnspecified() {
		return model.GuestIP{}, false
	}
	version := "v6"
	if address.Is4() {
		version = "v4"
	}
	return model.GuestIP{Address: address.WithZone("").String(), Version: version}, true
}

// utcOffset writes seconds east of Greenwich as +01:00.
func utcOffset(seconds int64) string {
	sign := '+'
	if seconds < 0 {
		sign, seconds = '-', -seconds
	}
	return fmt.Sprintf("%c%02d:%02d", sign, seconds/3600, seconds/60%60)
}

// family is Windows or Linux.
func family(id string) string {
	if id == "mswindows" {
		return "Windows"
	}
	return "Linux"
}

// codename is the word in brackets of a version such as "12 (bookworm)".
func codename(f fields) string {
	_, rest, ok := strings.Cut(f.text(libvirt.DomainGuestInfoOsVersion), "(")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, ")")
	return name
}
