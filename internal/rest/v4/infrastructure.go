package v4

import "vireo/internal/model"

// DataCenter is a data center (api-v4 3.6).
type DataCenter struct {
	Resource
	Local             *bool              `wire:"local"`
	QuotaMode         *string            `wire:"quota_mode"`
	Status            *string            `wire:"status"`
	StorageFormat     *string            `wire:"storage_format"`
	SupportedVersions *SupportedVersions `wire:"supported_versions"`
	Version           *Version           `wire:"version"`
}

// DataCenters is a list of data centers.
type DataCenters struct {
	Collection
	DataCenter []DataCenter `wire:"data_center"`
}

// SupportedVersions lists compatibility levels.
type SupportedVersions struct {
	Version []Version `wire:"version"`
}

// Cluster is a cluster (api-v4 3.6).
type Cluster struct {
	Resource
	BallooningEnabled *bool         `wire:"ballooning_enabled"`
	CPU               *CPU          `wire:"cpu"`
	GlusterService    *bool         `wire:"gluster_service"`
	MemoryPolicy      *MemoryPolicy `wire:"memory_policy"`
	Migration         *Migration    `wire:"migration"`
	ThreadsAsCores    *bool         `wire:"threads_as_cores"`
	TunnelMigration   *bool         `wire:"tunnel_migration"`
	Version           *Version      `wire:"version"`
	VirtService       *bool         `wire:"virt_service"`
	DataCenter        *Reference    `wire:"data_center"`
	SchedulingPolicy  *Reference    `wire:"scheduling_policy"`
}

// Clusters is a list of clusters.
type Clusters struct {
	Collection
	Cluster []Cluster `wire:"cluster"`
}

// CPU is cpu of a cluster.
type CPU struct {
	Architecture *string `wire:"architecture"`
	Type         *string `wire:"type"`
}

// MemoryPolicy is memory_policy of a cluster.
type MemoryPolicy struct {
	OverCommit *OverCommit `wire:"over_commit"`
}

// OverCommit is over_commit, in percent.
type OverCommit struct {
	Percent int `wire:"percent,keep"`
}

// ShowDataCenter shows a data center; domains are its storage domains, from which its
// status follows.
func (p *Page) ShowDataCenter(dc *model.DataCenter, domains []*model.StorageDomain) *DataCenter {
	out := &DataCenter{Resource: p.top(model.KindDataCenter, dc.ID)}
	out.describe(dc.Name, dc.Description, dc.Comment)
	out.Local = new(dc.Local)
	out.QuotaMode = new("disabled")
	out.Status = new(dataCenterStatus(dc.ID, domains))
	out.StorageFormat = new("v3")
	out.SupportedVersions = &SupportedVersions{Version: []Version{*level()}}
	out.Version = level()
	return out
}

func dataCenterStatus(id model.ID, domains []*model.StorageDomain) string {
	status := "uninitialized"
	for _, domain := range domains {
		if domain.DataCenter != id || domain.Type != model.StorageDomainData {
			continue
		}
		if domain.Status == model.StorageDomainActive {
			return "up"
		}
		status = "not_operational"
	}
	return status
}

// ShowCluster shows a cluster.
func (p *Page) ShowCluster(cluster *model.Cluster) *Cluster {
	out := &Cluster{Resource: p.top(model.KindCluster, cluster.ID)}
	out.describe(cluster.Name, cluster.Description, cluster.Comment)
	out.BallooningEnabled = new(cluster.Ballooning)
	out.CPU = &CPU{Architecture: text(cluster.Architecture), Type: text(cluster.CPUType)}
	out.GlusterService = new(false)
	out.MemoryPolicy = &MemoryPolicy{OverCommit: &OverCommit{Percent: cluster.OvercommitPercent}}
	out.Migration = showMigration(cluster.Migration)
	out.ThreadsAsCores = new(cluster.ThreadsAsCores)
	out.TunnelMigration = new(cluster.TunnelMigration)
	out.Version = level()
	out.VirtService = new(true)
	out.DataCenter = p.Ref(model.KindDataCenter, cluster.DataCenter)
	out.SchedulingPolicy = &Reference{ID: text(cluster.Scheduling.Name().ID())}
	return out
}

// level is the compatibility level that version 4 shows: it knows no older one than
// 4.2, and this engine has one only.
func level() *Version { return &Version{Major: new(4), Minor: new(7)} }
