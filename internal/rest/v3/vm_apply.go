package v3

import (
	"strings"

	"vireo/internal/fault"
	"vireo/internal/model"
)

// CheckAdd refuses a VM to be created that lacks a mandatory parameter, or asks
// for a way of creation that does not exist (api-v3 6.1).
func (s *VM) CheckAdd() error {
	need := required{subject: "VM", method: "add"}
	need.need(s.Name != nil && *s.Name != "", "name")
	fromSnapshot := s.Snapshots != nil && len(s.Snapshots.Snapshot) > 0
	need.need(s.Template.given() || fromSnapshot, "template.id|name")
	need.need(s.Cluster.given(), "cluster.id|name")
	if err := need.check(); err != nil {
		return err
	}
	if s.Initialization != nil && s.Initialization.Configuration != nil {
		return unsupported("Creating a VM from an OVF text is not supported.")
	}
	return nil
}

// Apply changes a configuration by the elements that the request has; what is
// read-only is ignored. It refuses unknown words and references.
func (s *VM) Apply(to *model.VMConfig, find Finder) error {
	if err := s.checkAbsent(); err != nil {
		return err
	}
	if err := setReference(&to.Template, s.Template, model.KindTemplate, find); err != nil {
		return err
	}
	if s.NUMATuneMode != nil && *s.NUMATuneMode != "" {
		if err := setMember(&to.NUMATuneMode, "NumaTuneMode", numaTuneModes, s.NUMATuneMode); err != nil {
			return err
		}
	}
	set(&to.UseLatestTemplateVersion, s.UseLatestTemplateVersion)
	if err := s.PlacementPolicy.apply(&to.Placement, find); err != nil {
		return err
	}
	if err := s.Initialization.apply(&to.Initialization, find); err != nil {
		return err
	}
	if err := s.Payloads.apply(&to.Payloads, find); err != nil {
		return err
	}
	return s.apply(to, find)
}

// ApplyLease changes in which storage domain a VM has a lease; an empty element takes it
// away.
func (s *VM) ApplyLease(to *model.ID, find Finder) error {
	switch {
	case s.Lease == nil:
		return nil
	case !s.Lease.StorageDomain.given():
		*to = ""
		return nil
	}
	return setReference(to, s.Lease.StorageDomain, model.KindStorageDomain, find)
}

func (s *VMBase) apply(to *model.VMConfig, find Finder) error {
	set(&to.Name, s.Name)
	set(&to.Description, s.Description)
	set(&to.Comment, s.Comment)
	set(&to.Memory, s.Memory)
	set(&to.CPUShares, s.CPUShares)
	set(&to.Origin, s.Origin)
	set(&to.Stateless, s.Stateless)
	set(&to.DeleteProtected, s.DeleteProtected)
	set(&to.SoundcardEnabled, s.SoundcardEnabled)
	set(&to.TunnelMigration, s.TunnelMigration)
	set(&to.MigrationDowntime, s.MigrationDowntime)
	set(&to.StartPaused, s.StartPaused)
	set(&to.CustomEmulatedMachine, s.CustomEmulatedMachine)
	set(&to.CustomCPUModel, s.CustomCPUModel)
	set(&to.TimeZone, s.Timezone)
	if s.TimeZone != nil {
		set(&to.TimeZone, s.TimeZone.Name)
	}
	if s.BIOS != nil && s.BIOS.BootMenu != nil {
		set(&to.BootMenu, s.BIOS.BootMenu.Enabled)
	}
	if s.Console != nil {
		set(&to.Console, s.Console.Enabled)
	}
	if s.VirtioSCSI != nil {
		set(&to.VirtioSCSI, s.VirtioSCSI.Enabled)
	}
	if s.Domain != nil {
		set(&to.Domain, s.Domain.Name)
	}
	if s.HighAvailability != nil {
		set(&to.HA.Enabled, s.HighAvailability.Enabled)
		set(&to.HA.Priority, s.HighAvailability.Priority)
	}
	if s.IO != nil {
		set(&to.IOThreads, s.IO.Threads)
	}
	if s.MemoryPolicy != nil {
		set(&to.GuaranteedMemory, s.MemoryPolicy.Guaranteed)
		set(&to.Ballooning, s.MemoryPolicy.Ballooning)
	}
	s.CustomProperties.apply(&to.CustomProperties)
	for _, step := range []func() error{
		func() error { return setMember(&to.Type, "VmType", vmTypes, s.Type) },
		func() error { return setReference(&to.Cluster, s.Cluster, model.KindCluster, find) },
		func() error { return s.CPU.apply(&to.CPU) },
		func() error { return s.OS.apply(&to.OS) },
		func() error { return s.Display.apply(&to.Display) },
		func() error { return s.SSO.apply(&to.SSOMethods) },
		func() error { return s.RNGDevice.apply(&to.RNG) },
		func() error { return s.USB.apply(&to.USB) },
		func() error { return s.SerialNumber.apply(&to.SerialNumber) },
		func() error { return s.Migration.apply(&to.Migration) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (s *CPU) apply(to *model.CPU) error {
	if s == nil {
		return nil
	}
	if t := s.Topology; t != nil {
		set(&to.Topology.Sockets, t.Sockets)
		set(&to.Topology.Cores, t.Cores)
		set(&to.Topology.Threads, t.Threads)
	}
	if s.Tune != nil {
		to.Pins = nil
		for _, pin := range s.Tune.VCPUPin {
			to.Pins = append(to.Pins, model.VCPUPin{VCPU: pin.VCPU, CPUSet: pin.CPUSet})
		}
	}
	if s.Mode != nil && *s.Mode == "" {
		to.Mode = ""
	} else if err := setMember(&to.Mode, "CpuMode", cpuModes, s.Mode); err != nil {
		return err
	}
	return setMember(&to.Architecture, "Architecture", architectures, s.Architecture)
}

// apply maps the type "unassigned" to other (api-v3 2.2).
func (s *OS) apply(to *model.OS) error {
	if s == nil {
		return nil
	}
	set(&to.Type, s.Type)
	if to.Type == "unassigned" {
		to.Type = "other"
	}
	set(&to.Kernel, s.Kernel)
	set(&to.Initrd, s.Initrd)
	set(&to.Cmdline, s.Cmdline)
	if len(s.Boot) == 0 {
		return nil
	}
	boot, err := s.boot()
	if err == nil && len(boot) > 0 {
		to.Boot = boot
	}
	return err
}

// boot reads the boot sequence.
func (s *OS) boot() ([]model.BootDevice, error) {
	var devices []model.BootDevice
	for _, boot := range s.Boot {
		if boot.Dev == "" {
			continue
		}
		device, err := member("BootDevice", bootDevices, boot.Dev)
		if err != nil {
			return nil, err
		}
		devices = append(devices, device)
	}
	return devices, nil
}

func (s *Display) apply(to *model.Display) error {
	if s == nil {
		return nil
	}
	set(&to.Monitors, s.Monitors)
	set(&to.SingleQXLPCI, s.SingleQXLPCI)
	set(&to.AllowOverride, s.AllowOverride)
	set(&to.SmartcardEnabled, s.SmartcardEnabled)
	set(&to.KeyboardLayout, s.KeyboardLayout)
	set(&to.FileTransferEnabled, s.FileTransferEnabled)
	set(&to.CopyPasteEnabled, s.CopyPasteEnabled)
	if err := setMember(&to.Type, "DisplayType", displayTypes, s.Type); err != nil {
		return err
	}
	return setMember(&to.DisconnectAction, "DisplayDisconnectAction", disconnectActions, s.DisconnectAction)
}

// apply reads sso: empty methods switch it off.
func (s *SSO) apply(to *[]string) error {
	if s == nil || s.Methods == nil {
		return nil
	}
	var methods []string
	for _, method := range s.Methods.Method {
		word, err := member("SsoMethod", ssoMethods, method.ID)
		if err != nil {
			return err
		}
		methods = append(methods, word)
	}
	*to = methods
	return nil
}

// apply reads rng_device; an empty one takes the device away.
func (s *RNGDevice) apply(to **model.RNGDevice) error {
	if s == nil {
		return nil
	}
	if s.Source == nil && s.Rate == nil {
		*to = nil
		return nil
	}
	device := model.RNGDevice{Source: rngSources[0]}
	if *to != nil {
		device = **to
	}
	if err := setMember(&device.Source, "RngSource", rngSources, s.Source); err != nil {
		return err
	}
	if s.Rate != nil {
		device.Bytes = s.Rate.Bytes
		set(&device.Period, s.Rate.Period)
	}
	*to = &device
	return nil
}

func (s *USB) apply(to *model.USB) error {
	if s == nil {
		return nil
	}
	set(&to.Enabled, s.Enabled)
	return setMember(&to.Type, "UsbType", usbTypes, s.Type)
}

func (s *SerialNumber) apply(to **model.SerialNumber) error {
	if s == nil {
		return nil
	}
	if s.Policy == nil && s.Value == nil {
		*to = nil
		return nil
	}
	number := model.SerialNumber{}
	if *to != nil {
		number = **to
	}
	if err := setMember(&number.Policy, "SerialNumberPolicy", serialPolicies, s.Policy); err != nil {
		return err
	}
	set(&number.Value, s.Value)
	*to = &number
	return nil
}

// apply replaces the whole set; values may hold their property's name already.
func (s *CustomProperties) apply(to *[]model.CustomProperty) {
	if s == nil {
		return
	}
	*to = s.read()
}

func (s *CustomProperties) read() []model.CustomProperty {
	var properties []model.CustomProperty
	for _, property := range s.CustomProperty {
		value := ""
		set(&value, property.Value)
		properties = append(properties, model.CustomProperty{Name: strings.TrimSpace(property.Name), Value: value})
	}
	return properties
}

// apply reads placement_policy: hosts win over host, and an empty one of either
// means any host.
func (s *PlacementPolicy) apply(to *model.PlacementPolicy, find Finder) error {
	if s == nil {
		return nil
	}
	if err := setMember(&to.Affinity, "VmAffinity", affinities, s.Affinity); err != nil {
		return err
	}
	references, given := s.hosts()
	if !given {
		return nil
	}
	var hosts []model.ID
	for _, reference := range references {
		id, err := reference.Resolve(model.KindHost, find)
		if err != nil {
			return err
		}
		hosts = append(hosts, id)
	}
	to.Hosts = hosts
	return nil
}

// hosts gives the references of either form, and whether there was one at all.
func (s *PlacementPolicy) hosts() ([]*Reference, bool) {
	var references []*Reference
	if s.Hosts != nil {
		for i := range s.Hosts.Host {
			if reference := &s.Hosts.Host[i]; reference.given() {
				references = append(references, reference)
			}
		}
		return references, true
	}
	if s.Host.given() {
		references = append(references, s.Host)
	}
	return references, s.Host != nil
}

// CheckUpdate refuses an attempt to change the id (api-v3 5.2).
func (r *Resource) CheckUpdate(id model.ID) error {
	if r.ID == nil || *r.ID == "" || strings.EqualFold(*r.ID, string(id)) {
		return nil
	}
	return &fault.Fault{
		Kind: fault.Conflict, Code: "BROKEN_IMMUTABILITY", Reason: "Broken immutability constraint",
		Messages: []string{"Attempt to set immutable field: id"},
	}
}
