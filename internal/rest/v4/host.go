package v4

import (
	"vireo/internal/model"
)

// Host is a host (api-v4 3.6). Its memory figures are in bytes.
type Host struct {
	Resource
	Address             *string              `wire:"address"`
	CPU                 *HostCPU             `wire:"cpu"`
	ExternalStatus      *string              `wire:"external_status"`
	HardwareInformation *HardwareInformation `wire:"hardware_information"`
	LibvirtVersion      *Version             `wire:"libvirt_version"`
	MaxSchedulingMemory *int64               `wire:"max_scheduling_memory"`
	Memory              *int64               `wire:"memory"`
	OS                  *HostOS              `wire:"os"`
	RootPassword        *string              `wire:"root_password"`
	SSH                 *SSH                 `wire:"ssh"`
	Status              *string              `wire:"status"`
	StatusDetail        *string              `wire:"status_detail"`
	Summary             *VMSummary           `wire:"summary"`
	Type                *string              `wire:"type"`
	Cluster             *Reference           `wire:"cluster"`
}

// Hosts is a list of hosts.
type Hosts struct {
	Collection
	Host []Host `wire:"host"`
}

// HostCPU is cpu of a host; Speed is in MHz.
type HostCPU struct {
	Name     *string   `wire:"name"`
	Speed    *float64  `wire:"speed"`
	Topology *Topology `wire:"topology"`
}

// Topology is cpu/topology.
type Topology struct {
	Cores   int `wire:"cores,keep"`
	Sockets int `wire:"sockets,keep"`
	Threads int `wire:"threads,keep"`
}

// HardwareInformation is hardware_information of a host.
type HardwareInformation struct {
	Manufacturer *string `wire:"manufacturer"`
	ProductName  *string `wire:"product_name"`
	SerialNumber *string `wire:"serial_number"`
	UUID         *string `wire:"uuid"`
}

// HostOS is os of a host.
type HostOS struct {
	Type    *string  `wire:"type"`
	Version *Version `wire:"version"`
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
}

// ShowHost shows a host.
func (p *Page) ShowHost(host *model.Host, load HostLoad) *Host {
	out := &Host{Resource: p.top(model.KindHost, host.ID)}
	out.describe(host.Name, host.Description, host.Comment)
	facts := &host.Facts
	out.Address = new(host.Address)
	out.CPU = &HostCPU{Name: text(facts.CPUModel), Topology: &Topology{
		Cores: facts.Topology.Cores, Sockets: facts.Topology.Sockets, Threads: facts.Topology.Threads,
	}}
	if facts.CPUSpeed > 0 {
		out.CPU.Speed = new(facts.CPUSpeed)
	}
	out.ExternalStatus = new("ok")
	out.HardwareInformation = &HardwareInformation{
		Manufacturer: text(facts.Manufacturer), ProductName: text(facts.ProductName),
		SerialNumber: text(facts.SerialNumber), UUID: text(facts.UUID),
	}
	out.LibvirtVersion = fullVersion(facts.LibvirtVersion)
	out.MaxSchedulingMemory, out.Memory = new(load.SchedulingMemory), new(facts.Memory)
	out.OS = &HostOS{Type: text(facts.OSType), Version: fullVersion(facts.OSVersion)}
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

func fullVersion(version string) *Version {
	if version == "" {
		return nil
	}
	return &Version{FullVersion: new(version)}
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
