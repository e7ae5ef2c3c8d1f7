package v3

import (
	"strconv"
	"strings"

	"vireo/internal/model"
)

// Capabilities lists what each compatibility level knows (api-v3 1.10).
type Capabilities struct {
	Collection
	Version            []VersionCapabilities `wire:"version"`
	Permits            *Permits              `wire:"permits"`
	SchedulingPolicies *SchedulingPolicies   `wire:"scheduling_policies"`
}

// SchedulingPolicies is scheduling_policies; the list of words is the older form.
type SchedulingPolicies struct {
	Policy []string `wire:"policy"`
}

// VersionCapabilities is one compatibility level with its enumerations.
type VersionCapabilities struct {
	Href         string            `wire:"href,attr"`
	ID           *string           `wire:"id,attr"`
	Major        uint16            `wire:"major,attr,keep"`
	Minor        uint16            `wire:"minor,attr,keep"`
	Current      bool              `wire:"current,keep"`
	CPUs         *CPUs             `wire:"cpus"`
	StorageTypes *StorageTypes     `wire:"storage_types"`
	DomainTypes  *DomainTypes      `wire:"storage_domain_types"`
	VMTypes      *VMTypes          `wire:"vm_types"`
	BootDevices  *BootDevices      `wire:"boot_devices"`
	DisplayTypes *DisplayTypes     `wire:"display_types"`
	NICs         *NICInterfaces    `wire:"nic_interfaces"`
	OSTypes      *OSTypes          `wire:"os_types"`
	DiskFormats  *DiskFormats      `wire:"disk_formats"`
	Disks        *DiskInterfaces   `wire:"disk_interfaces"`
	Affinities   *Affinities       `wire:"vm_affinities"`
	Properties   *CustomProperties `wire:"custom_properties"`
	Protocols    *BootProtocols    `wire:"boot_protocols"`
	OnError      *OnErrorWords     `wire:"error_handling"`
	Formats      *StorageFormats   `wire:"storage_formats"`
	Creations    *CreationStates   `wire:"creation_states"`
	Hosts        *HostStates       `wire:"host_states"`
	Domains      *DomainStates     `wire:"storage_domain_states"`
	Templates    *TemplateStates   `wire:"template_states"`
	VMs          *VMStates         `wire:"vm_states"`
	Pauses       *PauseDetails     `wire:"vm_pause_details"`
	DiskStates   *DiskStates       `wire:"disk_states"`
	DataCenters  *DataCenterStates `wire:"data_center_states"`
	DeviceTypes  *DeviceTypes      `wire:"vm_device_types"`
	Permits      *Permits          `wire:"permits"`
	Usages       *Usages           `wire:"usages"`
	CPUModes     *CPUModes         `wire:"cpu_modes"`
	Steps        *StepTypes        `wire:"step_types"`
	Encodings    *PayloadEncodings `wire:"payload_encodings"`
	Reported     *ReportedTypes    `wire:"reported_device_types"`
	IPVersions   *IPVersions       `wire:"ip_versions"`
	Snapshots    *SnapshotStatuses `wire:"snapshot_statuses"`
	SSO          *SSOWords         `wire:"sso_methods"`
	Serials      *SerialPolicies   `wire:"serial_number_policies"`
	RNG          *RNGSources       `wire:"rng_sources"`
	Inheritables *Inheritables     `wire:"inheritable_booleans"`
	Disconnects  *DisconnectWords  `wire:"display_disconnect_actions"`
}

// The enumerations of the capabilities. Each is a list of words under a name of
// its own, and is named for what it lists.
type (
	// CPUs lists the types of CPU that clusters may have.
	CPUs struct {
		CPU []CPU `wire:"cpu"`
	}
	// StorageTypes lists words.
	StorageTypes struct {
		Words []string `wire:"storage_type"`
	}
	// DomainTypes lists words.
	DomainTypes struct {
		Words []string `wire:"storage_domain_type"`
	}
	// VMTypes lists words.
	VMTypes struct {
		Words []string `wire:"vm_type"`
	}
	// BootDevices lists words.
	BootDevices struct {
		Words []string `wire:"boot_device"`
	}
	// DisplayTypes lists words.
	DisplayTypes struct {
		Words []string `wire:"display_type"`
	}
	// NICInterfaces lists words.
	NICInterfaces struct {
		Words []string `wire:"nic_interface"`
	}
	// OSTypes lists words.
	OSTypes struct {
		Words []string `wire:"os_type"`
	}
	// DiskFormats lists words.
	DiskFormats struct {
		Words []string `wire:"disk_format"`
	}
	// DiskInterfaces lists words.
	DiskInterfaces struct {
		Words []string `wire:"disk_interface"`
	}
	// Affinities lists words.
	Affinities struct {
		Words []string `wire:"affinity"`
	}
	// BootProtocols lists words.
	BootProtocols struct {
		Words []string `wire:"boot_protocol"`
	}
	// OnErrorWords lists words.
	OnErrorWords struct {
		Words []string `wire:"on_error"`
	}
	// StorageFormats lists words.
	StorageFormats struct {
		Words []string `wire:"format"`
	}
	// CreationStates lists words.
	CreationStates struct {
		Words []string `wire:"creation_state"`
	}
	// HostStates lists words.
	HostStates struct {
		Words []string `wire:"host_state"`
	}
	// DomainStates lists words.
	DomainStates struct {
		Words []string `wire:"storage_domain_state"`
	}
	// TemplateStates lists words.
	TemplateStates struct {
		Words []string `wire:"template_state"`
	}
	// VMStates lists words.
	VMStates struct {
		Words []string `wire:"vm_state"`
	}
	// PauseDetails lists words.
	PauseDetails struct {
		Words []string `wire:"vm_pause_detail"`
	}
	// SnapshotStatuses lists words.
	SnapshotStatuses struct {
		SnapshotStatus []string `wire:"snapshot_status"`
	}
	// DiskStates lists words.
	DiskStates struct {
		Words []string `wire:"disk_state"`
	}
	// DataCenterStates lists words.
	DataCenterStates struct {
		Words []string `wire:"data_center_state"`
	}
	// DeviceTypes lists words.
	DeviceTypes struct {
		Words []string `wire:"vm_device_types"`
	}
	// CPUModes lists words.
	CPUModes struct {
		Words []string `wire:"cpu_mode"`
	}
	// StepTypes lists words.
	StepTypes struct {
		Words []string `wire:"step_type"`
	}
	// PayloadEncodings lists words; the schema has the name twice.
	PayloadEncodings struct {
		Words []string `wire:"payload_encodings"`
	}
	// ReportedTypes lists words.
	ReportedTypes struct {
		Words []string `wire:"reported_device_type"`
	}
	// IPVersions lists words.
	IPVersions struct {
		Words []string `wire:"ip_version"`
	}
	// SSOWords lists words.
	SSOWords struct {
		Words []string `wire:"sso_method"`
	}
	// SerialPolicies lists words.
	SerialPolicies struct {
		Words []string `wire:"serial_number_policy"`
	}
	// RNGSources lists words.
	RNGSources struct {
		Words []string `wire:"source"`
	}
	// Inheritables lists words.
	Inheritables struct {
		Words []string `wire:"inheritable_boolean"`
	}
	// DisconnectWords lists words.
	DisconnectWords struct {
		Words []string `wire:"display_disconnect_action"`
	}
)

// osTypes are the operating systems of the engine 3.6 (api-v3 2.2); the engine
// takes any.
var osTypes = strings.Fields(`other other_linux other_ppc64 debian_7 rhel_3 rhel_3x64 rhel_4 rhel_4x64 rhel_5 rhel_5x64
	rhel_6 rhel_6x64 rhel_6_ppc64 rhel_7x64 rhel_7_ppc64 sles_11 sles_11_ppc64 ubuntu_12_04 ubuntu_12_10 ubuntu_13_04
	ubuntu_13_10 ubuntu_14_04 ubuntu_14_04_ppc64 windows_xp windows_2003 windows_2003x64 windows_2008 windows_2008x64
	windows_2008R2x64 windows_7 windows_7x64 windows_8 windows_8x64 windows_2012x64 windows_2012R2x64 windows_10 windows_10x64`)

// highestLevel is the minor number of the newest compatibility level, 3.6.
const highestLevel = 6

// ShowCapabilities shows all levels; properties are the custom properties that
// VMs may have and their regular expressions, cpus the CPU types of clusters.
func (p *Page) ShowCapabilities(properties []CustomProperty, cpus []CPU) *Capabilities {
	out := &Capabilities{
		Permits:            &Permits{Permit: p.ShowPermits(nil)},
		SchedulingPolicies: &SchedulingPolicies{Policy: texts(model.SchedulingPolicies)},
	}
	for minor := range highestLevel + 1 {
		out.Version = append(out.Version, p.showLevel(uint16(minor), properties, cpus))
	}
	return out
}

func (p *Page) showLevel(minor uint16, properties []CustomProperty, cpus []CPU) VersionCapabilities {
	id := string(model.NamedID("3." + strconv.Itoa(int(minor))))
	out := VersionCapabilities{
		Href: p.Prefix + "/capabilities/" + id, ID: new(id), Major: 3, Minor: minor, Current: minor == highestLevel,
		StorageTypes: &StorageTypes{texts(storageTypes)},
		DomainTypes:  &DomainTypes{texts(domainTypes)},
		VMTypes:      &VMTypes{texts(vmTypes)},
		BootDevices:  &BootDevices{texts(bootDevices)},
		DisplayTypes: &DisplayTypes{texts(displayTypes)},
		NICs:         &NICInterfaces{texts(nicInterfaces)},
		OSTypes:      &OSTypes{osTypes},
		DiskFormats:  &DiskFormats{texts(diskFormats)},
		Disks:        &DiskInterfaces{texts(diskInterfaces)},
		Affinities:   &Affinities{texts(affinities)},
		Protocols:    &BootProtocols{texts(bootProtocols)},
		OnError:      &OnErrorWords{onErrorWords},
		Formats:      &StorageFormats{[]string{"v1", "v2", "v3"}},
		Creations:    &CreationStates{[]string{"complete", "failed", "in_progress", "pending"}},
		Hosts:        &HostStates{texts(hostStatuses)},
		Domains:      &DomainStates{texts(domainStatuses)},
		Templates:    &TemplateStates{[]string{"illegal", "locked", "ok"}},
		VMs:          &VMStates{vmStates()},
		Pauses:       &PauseDetails{texts(pauseDetails)},
		DiskStates:   &DiskStates{texts(diskStatuses)},
		DataCenters:  &DataCenterStates{[]string{"uninitialized", "up", "not_operational"}},
		DeviceTypes:  &DeviceTypes{texts(payloadTypes)},
		Permits:      &Permits{Permit: p.ShowPermits(nil)},
		Usages:       &Usages{[]string{"display", "management", "migration", "vm"}},
		CPUModes:     &CPUModes{texts(cpuModes)},
		Steps:        &StepTypes{texts(stepTypes)},
		Encodings:    &PayloadEncodings{payloadEncodings},
		Reported:     &ReportedTypes{[]string{"network"}},
		IPVersions:   &IPVersions{[]string{"v4", "v6"}},
		Snapshots:    &SnapshotStatuses{[]string{"ok", "locked", "in_preview"}},
		SSO:          &SSOWords{ssoMethods},
		Serials:      &SerialPolicies{texts(serialPolicies)},
		RNG:          &RNGSources{rngSources},
		Inheritables: &Inheritables{inheritableBooleans},
		Disconnects:  &DisconnectWords{upper(disconnectActions)},
	}
	if len(cpus) > 0 {
		out.CPUs = &CPUs{CPU: cpus}
	}
	if len(properties) > 0 {
		out.Properties = &CustomProperties{CustomProperty: properties}
	}
	return out
}

// vmStates are the statuses that have a word in the API.
func vmStates() []string {
	var states []string
	for _, status := range model.Statuses {
		if status != model.StatusImageIllegal {
			states = append(states, string(status))
		}
	}
	return states
}

func upper[T ~string](words []T) []string {
	out := texts(words)
	for i := range out {
		out[i] = strings.ToUpper(out[i])
	}
	return out
}
