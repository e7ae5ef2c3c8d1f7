package v3

import (
	"encoding/hex"
	"strings"

	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// ShowNIC shows a network interface of a VM with what the guest reports of it.
func (p *Page) ShowNIC(nic *model.NIC, vm model.ID, live *model.Live) *NIC {
	href := below(p.Href(model.KindVM, vm), "nics", string(nic.ID))
	out := p.showNIC(p.resource("nic", href, nic.ID), nic)
	out.VM = p.ref(model.KindVM, vm)
	out.MAC = &MAC{Address: nic.MAC}
	if live != nil {
		for i := range live.Devices {
			if strings.EqualFold(live.Devices[i].MAC, nic.MAC) {
				out.ReportedDevices = &ReportedDevices{ReportedDevice: []ReportedDevice{*p.ShowReportedDevice(&live.Devices[i], vm)}}
			}
		}
	}
	return out
}

func (p *Page) showNIC(resource Resource, nic *model.NIC) *NIC {
	out := &NIC{Resource: resource}
	out.Name = new(nic.Name)
	out.Network = p.ref(model.KindNetwork, nic.Network)
	out.VNICProfile = p.ref(model.KindVNICProfile, nic.Profile)
	out.Linked = new(nic.Linked)
	out.Interface = text(nic.Interface)
	out.Active = new(nic.Plugged)
	out.Plugged = new(nic.Plugged)
	return out
}

// CheckAdd refuses a network interface to be added without a name.
func (s *NIC) CheckAdd() error {
	need := required{subject: "NIC", method: "add"}
	need.need(s.Name != nil && *s.Name != "", "name")
	return need.check()
}

// Apply changes a network interface by the elements that the request has. An
// empty network or vnic_profile element disconnects it.
func (s *NIC) Apply(to *model.NIC, find Finder) error {
	set(&to.Name, s.Name)
	set(&to.Linked, s.Linked)
	set(&to.Plugged, s.Active)
	set(&to.Plugged, s.Plugged)
	if s.MAC != nil && s.MAC.Address != "" {
		to.MAC = strings.ToLower(s.MAC.Address)
	}
	for _, reference := range []*Reference{s.Network, s.VNICProfile} {
		if reference != nil && !reference.given() && reference.Href == "" {
			to.Network, to.Profile = "", ""
		}
	}
	if err := setReference(&to.Profile, s.VNICProfile, model.KindVNICProfile, find); err != nil {
		return err
	}
	if err := setReference(&to.Network, s.Network, model.KindNetwork, find); err != nil {
		return err
	}
	return setMember(&to.Interface, "NicInterface", nicInterfaces, s.Interface)
}

// ShowReportedDevice shows a network interface as the guest sees it.
func (p *Page) ShowReportedDevice(device *model.GuestDevice, vm model.ID) *ReportedDevice {
	id := model.NamedID(device.Name + device.MAC)
	href := below(p.Href(model.KindVM, vm), "reporteddevices", string(id))
	out := &ReportedDevice{Resource: p.resource("reported_device", href, id)}
	out.Name = new(device.Name)
	out.Description = new("guest reported data")
	out.Type = "network"
	if device.MAC != "" {
		out.MAC = &MAC{Address: device.MAC}
	}
	out.IPs = showIPs(device.IPs)
	out.VM = p.ref(model.KindVM, vm)
	return out
}

// ShowApplication shows something that is installed in the guest.
func (p *Page) ShowApplication(name string, vm model.ID) *Application {
	id := model.NamedID(name)
	out := &Application{Resource: p.resource("application", below(p.Href(model.KindVM, vm), "applications", string(id)), id)}
	out.Name = new(name)
	out.VM = p.ref(model.KindVM, vm)
	return out
}

// ShowSessions shows who sits before a VM: whoever was given its console, as the engine knows
// it, and whoever is logged on, as the guest says (api-v4 4.3). Console is nil for nobody.
func (p *Page) ShowSessions(vm model.ID, console *model.User, guestUser string) []*Session {
	var all []*Session
	add := func(id model.ID, user *SessionUser, isConsole bool) {
		out := &Session{Resource: p.resource("session", below(p.Href(model.KindVM, vm), "sessions", string(id)), id)}
		out.VM, out.User, out.ConsoleUser = p.ref(model.KindVM, vm), user, new(isConsole)
		all = append(all, out)
	}
	if console != nil {
		add(console.ID, &SessionUser{
			Href: p.Href(model.KindUser, console.ID), ID: new(string(console.ID)), UserName: new(console.ObjectName()),
		}, true)
	}
	if guestUser != "" {
		add(model.NamedID(guestUser), &SessionUser{UserName: new(guestUser)}, false)
	}
	return all
}

// ShowGraphicsConsoles shows the displays of a VM: the configured one, with what
// the running one listens on. Current asks for the running one only.
func (p *Page) ShowGraphicsConsoles(vm *model.VM, current bool) []GraphicsConsole {
	display := vm.Display.Type
	running := !lifecycle.Resting(vm.Run.Status)
	if running && vm.Run.DisplayType != "" {
		display = vm.Run.DisplayType
	}
	if display == "" || current && !running {
		return nil
	}
	protocol := strings.ToUpper(string(display))
	id := model.ID(hex.EncodeToString([]byte(protocol)))
	href := below(p.Href(model.KindVM, vm.ID), "graphicsconsoles", string(id))
	out := GraphicsConsole{Resource: p.resource("graphics_console", href, id)}
	out.VM = p.ref(model.KindVM, vm.ID)
	out.Protocol = new(protocol)
	if running {
		out.Address = text(vm.Run.Console.Address)
		if vm.Run.Console.Port > 0 {
			out.Port = new(vm.Run.Console.Port)
		}
		if vm.Run.Console.SecurePort > 0 {
			out.TLSPort = new(vm.Run.Console.SecurePort)
		}
	}
	return []GraphicsConsole{out}
}
