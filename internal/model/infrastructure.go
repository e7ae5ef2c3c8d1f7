package model

import "time"

// DataCenter is a data center.
type DataCenter struct {
	ID          ID     `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Comment     string `json:"comment,omitempty"`
	// Local says that its storage belongs to one host.
	Local   bool    `json:"local,omitempty"`
	Version Version `json:"version"`
}

// Ref names the data center.
func (d *DataCenter) Ref() Ref { return Ref{KindDataCenter, d.ID} }

// ObjectName is its name.
func (d *DataCenter) ObjectName() string { return d.Name }

// Version is a compatibility level such as 3.6.
type Version struct {
	Major int `json:"major"`
	Minor int `json:"minor"`
}

// Cluster is a cluster of hosts.
type Cluster struct {
	ID           ID           `json:"id"`
	Name         string       `json:"name"`
	Description  string       `json:"description,omitempty"`
	Comment      string       `json:"comment,omitempty"`
	DataCenter   ID           `json:"data_center"`
	Version      Version      `json:"version"`
	CPUType      string       `json:"cpu_type,omitempty"`
	Architecture Architecture `json:"architecture"`
	// OvercommitPercent is memory_policy/overcommit: 100 is none.
	OvercommitPercent int  `json:"overcommit_percent"`
	Ballooning        bool `json:"ballooning,omitempty"`
	ThreadsAsCores    bool `json:"threads_as_cores,omitempty"`
	// OnError is error_handling/on_error.
	OnError string `json:"on_error,omitempty"`
	// Scheduling is scheduling_policy.
	Scheduling SchedulingPolicy `json:"scheduling,omitzero"`
}

// Ref names the cluster.
func (c *Cluster) Ref() Ref { return Ref{KindCluster, c.ID} }

// ObjectName is its name.
func (c *Cluster) ObjectName() string { return c.Name }

// Host is a machine with libvirt.
type Host struct {
	ID          ID     `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Comment     string `json:"comment,omitempty"`
	// Address is a libvirt URI or a host name (then ssh).
	Address string `json:"address"`
	Cluster ID     `json:"cluster"`

	// What was observed of it.
	Status HostStatus `json:"status"`
	// StatusDetail says in a sentence why it is not up.
	StatusDetail string    `json:"status_detail,omitempty"`
	Since        time.Time `json:"since"`
	// BootID is the kernel's boot id, or another text that changes when the
	// host restarts and only then.
	BootID string    `json:"boot_id,omitempty"`
	Facts  HostFacts `json:"facts"`
}

// Ref names the host.
func (h *Host) Ref() Ref { return Ref{KindHost, h.ID} }

// ObjectName is its name.
func (h *Host) ObjectName() string { return h.Name }

// Reachable says whether work can be given to the host: it is up, or its connection
// was lost a moment ago and is being made anew. One that has never answered is not.
func (h *Host) Reachable() bool {
	return h.Status == HostUp || h.Status == HostConnecting && h.BootID != ""
}

// HostFacts is what a host says of itself when it is connected.
type HostFacts struct {
	Hostname string `json:"hostname,omitempty"`
	UUID     string `json:"uuid,omitempty"`
	CPUModel string `json:"cpu_model,omitempty"`
	// CPUFlags are the features of its CPU, by libvirt's names; none is unknown.
	CPUFlags []string `json:"cpu_flags,omitempty"`
	// CPUModels are the named CPU models of libvirt that its guests can have; none
	// is unknown.
	CPUModels []string `json:"cpu_models,omitempty"`
	// CPUSpeed is in MHz.
	CPUSpeed float64  `json:"cpu_speed,omitempty"`
	Topology Topology `json:"topology"`
	// Memory is in bytes.
	Memory int64 `json:"memory"`
	// Accelerated says that guests run under KVM; else they are emulated, and
	// AccelerationDetail says why.
	Accelerated        bool          `json:"accelerated"`
	AccelerationDetail string        `json:"acceleration_detail,omitempty"`
	LibvirtVersion     string        `json:"libvirt_version,omitempty"`
	QEMUVersion        string        `json:"qemu_version,omitempty"`
	KernelVersion      string        `json:"kernel_version,omitempty"`
	OSType             string        `json:"os_type,omitempty"`
	OSVersion          string        `json:"os_version,omitempty"`
	Displays           []DisplayType `json:"displays,omitempty"`
	// MachineTypes are QEMU's, canonical names.
	MachineTypes []string `json:"machine_types,omitempty"`
	// Networks are the libvirt networks that are active.
	Networks     []string `json:"networks,omitempty"`
	Manufacturer string   `json:"manufacturer,omitempty"`
	ProductName  string   `json:"product_name,omitempty"`
	SerialNumber string   `json:"serial_number,omitempty"`
	// Session says that libvirt runs without root: guests get user-mode networks.
	Session bool `json:"session,omitempty"`
	// Local says that it is the engine's own machine.
	Local bool `json:"local,omitempty"`
	// ImageOwner is the user and group id that QEMU runs as; -1 when it is the
	// engine's own user.
	ImageUID int `json:"image_uid"`
	ImageGID int `json:"image_gid"`
}

// Network is a logical network.
type Network struct {
	ID          ID     `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Comment     string `json:"comment,omitempty"`
	DataCenter  ID     `json:"data_center"`
	// Usages holds "vm", "management", "display", "migration".
	Usages []string `json:"usages,omitempty"`
	MTU    int      `json:"mtu,omitempty"`
	// VLAN is a VLAN tag; 0 is none.
	VLAN int  `json:"vlan,omitempty"`
	STP  bool `json:"stp,omitempty"`
}

// Ref names the network.
func (n *Network) Ref() Ref { return Ref{KindNetwork, n.ID} }

// ObjectName is its name.
func (n *Network) ObjectName() string { return n.Name }

// Template is a template; only Blank has no disks. Its disks are recorded like those
// of a VM, and are only read.
type Template struct {
	ID           ID             `json:"id"`
	CreationTime time.Time      `json:"creation_time"`
	Status       TemplateStatus `json:"status,omitempty"`
	// Base is the template of which this is a version; its own id for the first one.
	// VersionNumber counts from 1.
	Base          ID     `json:"base,omitempty"`
	VersionName   string `json:"version_name,omitempty"`
	VersionNumber int    `json:"version_number,omitempty"`
	VMConfig
}

// Ref names the template.
func (t *Template) Ref() Ref { return Ref{KindTemplate, t.ID} }

// ObjectName is its name.
func (t *Template) ObjectName() string { return t.Name }

// Tag is a tag; tags form a tree under the root tag.
type Tag struct {
	ID          ID     `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	// Parent is empty for the root tag only.
	Parent ID `json:"parent,omitempty"`
}

// Ref names the tag.
func (t *Tag) Ref() Ref { return Ref{KindTag, t.ID} }

// ObjectName is its name.
func (t *Tag) ObjectName() string { return t.Name }
