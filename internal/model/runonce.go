package model

// RunOnce are the values of one run that override those of its VM (api-v3 3.2,
// "Run Once"). A nil pointer overrides nothing.
type RunOnce struct {
	// Stateless can only be switched on.
	Stateless      bool         `json:"stateless,omitempty"`
	DisplayType    *DisplayType `json:"display_type,omitempty"`
	KeyboardLayout *string      `json:"keyboard_layout,omitempty"`
	// Boot replaces the whole sequence; empty leaves it.
	Boot     []BootDevice `json:"boot,omitempty"`
	BootMenu *bool        `json:"boot_menu,omitempty"`
	Kernel   *string      `json:"kernel,omitempty"`
	Initrd   *string      `json:"initrd,omitempty"`
	Cmdline  *string      `json:"cmdline,omitempty"`
	// CDROM and Floppy are files of the ISO domain; an empty CDROM empties the
	// drive.
	CDROM  *string `json:"cdrom,omitempty"`
	Floppy string  `json:"floppy,omitempty"`
	// CustomProperties replaces the whole set.
	CustomProperties *[]CustomProperty `json:"custom_properties,omitempty"`
	CPUShares        *int              `json:"cpu_shares,omitempty"`
	CPUModel         *string           `json:"cpu_model,omitempty"`
	EmulatedMachine  *string           `json:"emulated_machine,omitempty"`
	// Host is the only one that is tried; empty is any.
	Host ID `json:"host,omitempty"`
	// Domain is what a Windows guest joins.
	Domain         *DomainJoin     `json:"domain,omitempty"`
	Initialization *Initialization `json:"initialization,omitempty"`
}

// DomainJoin is a Windows domain and who may join it: both user and password, or
// neither.
type DomainJoin struct {
	Name     string `json:"name"`
	User     string `json:"user,omitempty"`
	Password Secret `json:"password,omitempty"`
}

// Over is a configuration as it is for a run with these overrides. Neither value
// is changed.
func (o *RunOnce) Over(config VMConfig) VMConfig {
	if o == nil {
		return config
	}
	config.Stateless = config.Stateless || o.Stateless
	override(&config.Display.Type, o.DisplayType)
	override(&config.Display.KeyboardLayout, o.KeyboardLayout)
	if len(o.Boot) > 0 {
		config.OS.Boot = o.Boot
	}
	override(&config.BootMenu, o.BootMenu)
	override(&config.OS.Kernel, o.Kernel)
	override(&config.OS.Initrd, o.Initrd)
	override(&config.OS.Cmdline, o.Cmdline)
	override(&config.CDROM, o.CDROM)
	override(&config.CustomProperties, o.CustomProperties)
	override(&config.CPUShares, o.CPUShares)
	override(&config.CustomCPUModel, o.CPUModel)
	override(&config.CustomEmulatedMachine, o.EmulatedMachine)
	if o.Host != "" {
		config.Placement.Hosts = []ID{o.Host}
	}
	if o.Domain != nil {
		config.Domain = o.Domain.Name
	}
	if o.Initialization != nil {
		config.Initialization = o.Initialization
	}
	return config
}

func override[T any](to *T, by *T) {
	if by != nil {
		*to = *by
	}
}

// Effective is the configuration of the VM's present run: its own, overridden by
// what was asked for this run only.
func (v *VM) Effective() VMConfig { return v.Run.Overrides.Over(v.VMConfig) }
