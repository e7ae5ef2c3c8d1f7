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
	// MACPool is the pool that its VMs get their addresses from; empty is the default one.
	MACPool ID `json:"mac_pool,omitempty"`
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
	// Migration is how guests of its VMs go to other hosts, and TunnelMigration that they
	// go through libvirt's own connection; VMs may say otherwise.
	Migration       MigrationOptions `json:"migration,omitzero"`
	TunnelMigration bool             `json:"tunnel_migration,omitempty"`
}

// Ref names the cluster.
func (c *Cluster) Ref() Ref { return Ref{KindCluster, c.ID} }

// ObjectName is its name.
func (c *Cluster) ObjectName() string { return c.Name }

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
