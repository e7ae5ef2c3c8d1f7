package v4

import (
	"strconv"
	"strings"

	"vireo/internal/model"
)

// Host is a host (api-v4 3.6). Its memory figures are in bytes.
type Host struct {
	Resource
	Address              *string              `wire:"address"`
	AutoNUMAStatus       *string              `wire:"auto_numa_status"`
	CPU                  *HostCPU             `wire:"cpu"`
	DevicePassthrough    *Enabled             `wire:"device_passthrough"`
	ExternalStatus       *string              `wire:"external_status"`
	HardwareInformation  *HardwareInformation `wire:"hardware_information"`
	ISCSI                *ISCSI               `wire:"iscsi"`
	KdumpStatus          *string              `wire:"kdump_status"`
	KSM                  *Enabled             `wire:"ksm"`
	LibvirtVersion       *Version             `wire:"libvirt_version"`
	MaxSchedulingMemory  *int64               `wire:"max_scheduling_memory"`
	Memory               *int64               `wire:"memory"`
	NUMASupported        *bool                `wire:"numa_supported"`
	OS                   *HostOS              `wire:"os"`
	PowerManagement      *Enabled             `wire:"power_management"`
	RootPassword         *string              `wire:"root_password"`
	SELinux              *SELinux             `wire:"se_linux"`
	SSH                  *SSH                 `wire:"ssh"`
	Status               *string              `wire:"status"`
	StatusDetail         *string              `wire:"status_detail"`
	Summary              *VMSummary           `wire:"summary"`
	TransparentHugePages *Enabled             `wire:"transparent_hugepages"`
	Type                 *string              `wire:"type"`
	Cluster              *Reference           `wire:"cluster"`
}

// Hosts is a list of hosts.
type Hosts struct {
	Collection
	Host []Host `wire:"host"`
}

// HostCPU is cpu of a host; Speed is in MHz.
type HostCPU struct {
	Architecture *string   `wire:"architecture"`
	Level        *int      `wire:"level"`
	Name         *string   `wire:"name"`
	Speed        *float64  `wire:"speed"`
	Topology     *Topology `wire:"topology"`
	Type         *string   `wire:"type"`
}

// Topology is cpu/topology.
type Topology struct {
	Cores   int `wire:"cores,keep"`
	Sockets int `wire:"sockets,keep"`
	Threads int `wire:"threads,keep"`
}

// HardwareInformation is hardware_information of a host.
type HardwareInformation struct {
	Family       *string `wire:"family"`
	Manufacturer *string `wire:"manufacturer"`
	ProductName  *string `wire:"product_name"`
	SerialNumber *string `wire:"serial_number"`
	UUID         *string `wire:"uuid"`
	Version      *string `wire:"version"`
}

// HostOS is os of a host.
type HostOS struct {
	ReportedKernelCmdline *string  `wire:"reported_kernel_cmdline"`
	Type                  *string  `wire:"type"`
	Version               *Version `wire:"version"`
}

// SSH is ssh of a host. The password is input only, and not used.
type SSH struct {
	AuthenticationMethod *string  `wire:"authentication_method"`
	Fingerprint          *string  `wire:"fingerprint"`
	Port                 *int     `wire:"port"`
	PublicKey            *string  `wire:"public_key"`
	User                 *SSHUser `wire:"user"`
}

// SSHUser is who the engine logs in as.
type SSHUser struct {
	Password *string `wire:"password"`
	UserName *string `wire:"user_name"`
}

// VMSummary counts the VMs of a host.
type VMSummary struct {
	Active    int `wire:"active,keep"`
	Migrating int `wire:"migrating,keep"`
	Total     int `wire:"total,keep"`
}

// HostLoad is what runs on a host, and the memory in bytes that may still be given to
// VMs.
type HostLoad struct {
	Active, Migrating, Total int
	SchedulingMemory         int64
	Merging                  *bool
}

// ShowHost shows a host.
func (p *Page) ShowHost(host *model.Host, load HostLoad) *Host {
	out := &Host{Resource: p.top(model.KindHost, host.ID)}
	out.describe(host.Name, host.Description, host.Comment)
	facts := &host.Facts
	out.Address = new(host.Address)
	out.CPU = showHostCPU(facts)
	out.showSystem(facts, load.Merging)
	out.ExternalStatus = new("ok")
	out.HardwareInformation = &HardwareInformation{
		Manufacturer: text(facts.Manufacturer), ProductName: text(facts.ProductName),
		SerialNumber: text(facts.SerialNumber), UUID: text(facts.UUID),
		Family: text(facts.Family), Version: text(facts.ProductVersion),
	}
	out.LibvirtVersion = fullVersion(facts.LibvirtVersion)
	out.MaxSchedulingMemory, out.Memory = new(load.SchedulingMemory), new(facts.Memory)
	out.OS = &HostOS{
		ReportedKernelCmdline: text(facts.System.CommandLine), Type: text(facts.OSType), Version: fullVersion(facts.OSVersion),
	}
	out.PowerManagement = &Enabled{Enabled: new(host.Power.Enabled)}
	if host.BySSH() {
		user, port := host.SSHLogin()
		out.SSH = &SSH{
			AuthenticationMethod: new("publickey"), Fingerprint: text(host.SSHFingerprint), Port: new(port),
			PublicKey: text(host.SSHKey), User: &SSHUser{UserName: new(user)},
		}
	}
	out.Status, out.StatusDetail = new(string(host.Status)), text(host.StatusDetail)
	out.Summary = &VMSummary{Active: load.Active, Migrating: load.Migrating, Total: load.Total}
	out.Type = new("rhel")
	out.Cluster = p.Ref(model.KindCluster, host.Cluster)
	return out
}

// fullVersion shows the version of some program: the numbers it begins with, and all of it.
func fullVersion(version string) *Version {
	if version == "" {
		return nil
	}
	out, rest := &Version{FullVersion: new(version)}, version
	for _, part := range []**int{&out.Major, &out.Minor, &out.Build, &out.Revision} {
		digits, after, more := strings.Cut(rest, ".")
		number, err := strconv.Atoi(digits)
		if err != nil {
			break
		}
		*part, rest = new(number), after
		if !more {
			break
		}
	}
	return out
}

// CheckAdd refuses a host to be added that lacks a mandatory parameter.
func (s *Host) CheckAdd() error {
	need := required{subject: "Host", method: "add"}
	need.need(s.Name != nil && *s.Name != "", "name")
	need.need(s.Address != nil && *s.Address != "", "address")
	return need.check()
}

// defaultCluster is where hosts belong whose cluster is not said.
const defaultCluster = "Default"

// ApplyNew fills in a new host.
func (s *Host) ApplyNew(to *model.Host, find Finder) error {
	if !s.Cluster.given() {
		s.Cluster = &Reference{Name: new(defaultCluster)}
	}
	return s.Apply(to, find)
}

// Apply changes a host by the elements that the request has.
func (s *Host) Apply(to *model.Host, find Finder) error {
	set(&to.Name, s.Name)
	set(&to.Description, s.Description)
	set(&to.Comment, s.Comment)
	set(&to.Address, s.Address)
	if s.PowerManagement != nil {
		set(&to.Power.Enabled, s.PowerManagement.Enabled)
	}
	if s.SSH != nil {
		user, port := "", 0
		if s.SSH.User != nil {
			set(&user, s.SSH.User.UserName)
		}
		set(&port, s.SSH.Port)
		set(&to.SSHFingerprint, s.SSH.Fingerprint)
		to.Address = model.SSHAddress(to.Address, user, port)
	}
	return setReference(&to.Cluster, s.Cluster, model.KindCluster, find)
}

// Fence is the fence_type of an action, which it must have.
func (a *Action) Fence() (kind string, err error) {
	need := required{subject: "Action", method: "fence"}
	need.need(a.FenceType != nil && *a.FenceType != "", "fenceType")
	set(&kind, a.FenceType)
	return kind, need.check()
}
