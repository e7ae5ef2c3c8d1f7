package v3

import (
	"vireo/internal/model"
)

// showRun adds what a running VM really uses.
func (p *Page) showRun(out *VM, vm *model.VM) {
	run := &vm.Run
	out.RunOnce = new(run.Overrides != nil)
	if !p.Filtered {
		out.Host = p.ref(model.KindHost, run.Host)
	}
	if !run.StartTime.IsZero() {
		out.StartTime = new(run.StartTime)
	}
	if len(run.Boot) > 0 {
		out.OS.Boot = showBoot(run.Boot)
	}
	if run.Memory > 0 {
		out.Memory = new(run.Memory)
	}
	if run.Topology != (model.Topology{}) {
		out.CPU.Topology = showTopology(run.Topology)
	}
	if run.DisplayType != "" {
		if out.Display == nil {
			out.Display = &Display{}
		}
		out.Display.Type = new(string(run.DisplayType))
	}
	if out.Display != nil {
		out.Display.Address = text(run.Console.Address)
		out.Display.Port = port(run.Console.Port)
		out.Display.SecurePort = port(run.Console.SecurePort)
	}
}

// port leaves out what is no port.
func port(number int) *uint16 {
	if number <= 0 || number > 65535 {
		return nil
	}
	return new(uint16(number))
}

// showGuest adds what the guest reports of itself.
func showGuest(out *VM, live *model.Live) {
	if live == nil {
		return
	}
	if len(live.IPs) > 0 || live.FQDN != "" {
		out.GuestInfo = &GuestInfo{IPs: showIPs(live.IPs), FQDN: text(live.FQDN)}
	}
	if live.TimeZone != nil {
		out.GuestTimeZone = &TimeZone{Name: text(live.TimeZone.Name), UTCOffset: text(live.TimeZone.UTCOffset)}
	}
	if os := live.OS; os != nil {
		out.GuestOperatingSystem = &GuestOS{
			Architecture: text(os.Architecture),
			Codename:     text(os.Codename),
			Distribution: text(os.Distribution),
			Family:       text(os.Family),
			Version:      versionText(os.Version),
		}
		if os.Kernel != "" {
			out.GuestOperatingSystem.Kernel = &Kernel{Version: versionText(os.Kernel)}
		}
	}
}

func showIPs(addresses []model.GuestIP) *IPs {
	if len(addresses) == 0 {
		return nil
	}
	out := &IPs{}
	for _, ip := range addresses {
		out.IP = append(out.IP, IP{Address: new(ip.Address), Version: text(ip.Version)})
	}
	return out
}
