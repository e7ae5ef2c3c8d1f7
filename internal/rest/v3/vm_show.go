package v3

import (
	"strings"

	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// ShowVM shows a VM as it is now; live is what its guest reports of itself, and
// may be nil. Elements marked "run" in api-v3 2.2 are there only while it runs.
func (p *Page) ShowVM(vm *model.VM, live *model.Live) *VM {
	out := p.showConfiguration(vm, &vm.VMConfig)
	out.Status = showStatus(&vm.Run)
	out.NextRunConfigurationExists = new(vm.NextRun != nil)
	if vm.Run.ExitReason != "" && lifecycle.Resting(vm.Run.Status) {
		out.StopReason = new(vm.Run.ExitReason)
	}
	if lifecycle.Resting(vm.Run.Status) {
		if !vm.Run.StopTime.IsZero() {
			out.StopTime = new(vm.Run.StopTime)
		}
		return out
	}
	p.showRun(out, vm)
	showGuest(out, live)
	return out
}

// ShowListedVM shows a VM as it stands in a list, where payloads are among the
// expensive elements (api-v3 2.2).
func (p *Page) ShowListedVM(vm *model.VM, live *model.Live) *VM {
	out := p.ShowVM(vm, live)
	if !p.AllContent {
		out.Payloads = nil
	}
	return out
}

// ShowNextRun shows the configuration that will apply after the next restart
// (api-v3 1.7, next_run): the stored one, or the present one if none is waiting.
func (p *Page) ShowNextRun(vm *model.VM) *VM {
	config := &vm.VMConfig
	if vm.NextRun != nil {
		config = vm.NextRun
	}
	out := p.showConfiguration(vm, config)
	out.Status = showStatus(&vm.Run)
	out.NextRunConfigurationExists = new(vm.NextRun != nil)
	return out
}

func (p *Page) showConfiguration(vm *model.VM, config *model.VMConfig) *VM {
	out := &VM{VMBase: p.showBase(p.top(model.KindVM, vm.ID), config)}
	out.CreationTime = new(vm.CreationTime)
	out.Template = p.ref(model.KindTemplate, config.Template)
	out.VMPool = p.ref(model.KindVMPool, vm.Pool)
	out.NUMATuneMode = text(config.NUMATuneMode)
	if vm.Lease != "" {
		out.Lease = &StorageDomainLease{StorageDomain: p.ref(model.KindStorageDomain, vm.Lease)}
	}
	out.Initialization = p.showInitialization(config.Initialization)
	out.Payloads = p.showPayloads(config.Payloads)
	if config.Stateless {
		out.UseLatestTemplateVersion = new(config.UseLatestTemplateVersion)
	}
	if !p.Filtered {
		out.PlacementPolicy = p.showPlacement(&config.Placement)
	}
	return out
}

// showBase shows what VMs and templates have in common.
func (p *Page) showBase(resource Resource, config *model.VMConfig) VMBase {
	resource.Name = new(config.Name)
	resource.Description = new(config.Description)
	resource.Comment = new(config.Comment)
	base := VMBase{
		Resource:          resource,
		Type:              text(config.Type),
		Memory:            new(config.Memory),
		CPU:               showCPU(&config.CPU),
		CPUShares:         new(config.CPUShares),
		BIOS:              &BIOS{BootMenu: &Enabled{Enabled: new(config.BootMenu)}},
		OS:                showOS(&config.OS),
		Cluster:           p.ref(model.KindCluster, config.Cluster),
		Origin:            text(config.Origin),
		Stateless:         new(config.Stateless),
		DeleteProtected:   new(config.DeleteProtected),
		HighAvailability:  &HighAvailability{Enabled: new(config.HA.Enabled), Priority: new(config.HA.Priority)},
		Display:           showDisplay(&config.Display),
		SSO:               showSSO(config.SSOMethods),
		Timezone:          text(config.TimeZone),
		USB:               &USB{Enabled: new(config.USB.Enabled), Type: text(config.USB.Type)},
		TunnelMigration:   new(config.TunnelMigration),
		MigrationDowntime: new(config.MigrationDowntime),
		StartPaused:       new(config.StartPaused),
		IO:                &IO{Threads: new(config.IOThreads)},
		CustomProperties:  showProperties(config.CustomProperties),
		CustomCPUModel:    text(config.CustomCPUModel),
		MemoryPolicy:      &MemoryPolicy{Guaranteed: new(config.GuaranteedMemory), Ballooning: new(config.Ballooning)},

		CustomEmulatedMachine: text(config.CustomEmulatedMachine),
	}
	if config.Domain != "" {
		base.Domain = &Domain{Name: new(config.Domain)}
	}
	if config.TimeZone != "" {
		base.TimeZone = &TimeZone{Name: new(config.TimeZone)}
	}
	if config.SerialNumber != nil {
		base.SerialNumber = &SerialNumber{Policy: new(string(config.SerialNumber.Policy)), Value: text(config.SerialNumber.Value)}
	}
	base.Migration = showMigration(config.Migration)
	if p.AllContent {
		base.RNGDevice = showRNG(config.RNG)
		base.Console = &EnabledAttribute{Enabled: new(config.Console)}
		base.SoundcardEnabled = new(config.SoundcardEnabled)
		base.VirtioSCSI = &EnabledAttribute{Enabled: new(config.VirtioSCSI)}
	}
	return base
}

// showStatus leaves a status that has no word in the API out (api-v3 4.1).
func showStatus(run *model.Run) *Status {
	if run.Status == model.StatusImageIllegal {
		return nil
	}
	status := &Status{State: string(run.Status)}
	if run.Status == model.StatusPaused {
		detail := run.Detail
		if detail == "" {
			detail = model.PauseNone
		}
		status.Detail = new(string(detail))
	}
	return status
}

func showCPU(cpu *model.CPU) *CPU {
	out := &CPU{
		Topology:     showTopology(cpu.Topology),
		Mode:         text(cpu.Mode),
		Architecture: text(model.Architecture(strings.ToUpper(string(cpu.Architecture)))),
	}
	if len(cpu.Pins) > 0 {
		out.Tune = &CPUTune{}
		for _, pin := range cpu.Pins {
			out.Tune.VCPUPin = append(out.Tune.VCPUPin, VCPUPin{VCPU: pin.VCPU, CPUSet: pin.CPUSet})
		}
	}
	return out
}

func showTopology(topology model.Topology) *Topology {
	return &Topology{
		Sockets: new(max(topology.Sockets, 1)),
		Cores:   new(max(topology.Cores, 1)),
		Threads: new(max(topology.Threads, 1)),
	}
}

func showOS(os *model.OS) *OS {
	return &OS{
		Type: new(os.Type), Boot: showBoot(os.Boot),
		Kernel: text(os.Kernel), Initrd: text(os.Initrd), Cmdline: text(os.Cmdline),
	}
}

func showBoot(devices []model.BootDevice) []Boot {
	out := make([]Boot, len(devices))
	for i, device := range devices {
		out[i].Dev = string(device)
	}
	return out
}

// showDisplay leaves the element out when the VM has no graphics device.
func showDisplay(display *model.Display) *Display {
	if display.Type == "" {
		return nil
	}
	return &Display{
		Type:                new(string(display.Type)),
		Monitors:            new(max(display.Monitors, 1)),
		SingleQXLPCI:        new(display.SingleQXLPCI),
		AllowOverride:       new(display.AllowOverride),
		SmartcardEnabled:    new(display.SmartcardEnabled),
		KeyboardLayout:      text(display.KeyboardLayout),
		FileTransferEnabled: new(display.FileTransferEnabled),
		CopyPasteEnabled:    new(display.CopyPasteEnabled),
		DisconnectAction:    text(model.DisconnectAction(strings.ToUpper(string(display.DisconnectAction)))),
	}
}

func showSSO(methods []string) *SSO {
	out := &SSO{Methods: &SSOMethods{}}
	for _, method := range methods {
		out.Methods.Method = append(out.Methods.Method, SSOMethod{ID: method})
	}
	return out
}

func showRNG(device *model.RNGDevice) *RNGDevice {
	if device == nil {
		return nil
	}
	out := &RNGDevice{Source: new(device.Source)}
	if device.Bytes > 0 {
		out.Rate = &Rate{Bytes: device.Bytes}
		if device.Period > 0 {
			out.Rate.Period = new(device.Period)
		}
	}
	return out
}

func showProperties(properties []model.CustomProperty) *CustomProperties {
	if len(properties) == 0 {
		return nil
	}
	out := &CustomProperties{}
	for _, property := range properties {
		out.CustomProperty = append(out.CustomProperty, CustomProperty{Name: property.Name, Value: new(property.Value)})
	}
	return out
}

// showPlacement names the host in an element of its own when there is exactly one.
func (p *Page) showPlacement(policy *model.PlacementPolicy) *PlacementPolicy {
	out := &PlacementPolicy{Affinity: text(policy.Affinity)}
	if len(policy.Hosts) == 0 {
		return out
	}
	out.Hosts = &HostReferences{}
	for _, id := range policy.Hosts {
		out.Hosts.Host = append(out.Hosts.Host, *p.ref(model.KindHost, id))
	}
	if len(policy.Hosts) == 1 {
		out.Host = p.ref(model.KindHost, policy.Hosts[0])
	}
	return out
}
