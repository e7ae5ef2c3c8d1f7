package v3

import (
	"strings"

	"vireo/internal/model"
)

// CheckAdd refuses a data center to be made that lacks a mandatory parameter (api-v3
// 6.3). storage_type says as much as local, as it did before 3.4.
func (s *DataCenter) CheckAdd() error {
	need := required{subject: "DataCenter", method: "add"}
	need.need(filled(s.Name), "name")
	need.need(s.Local != nil || filled(s.StorageType), "local")
	return need.check()
}

// CheckAdd refuses a cluster to be made that lacks a mandatory parameter (api-v3 6.3).
// The id of the CPU may be empty: then hosts of any kind will do.
func (s *Cluster) CheckAdd() error {
	need := required{subject: "Cluster", method: "add"}
	need.need(s.DataCenter.given(), "dataCenter.id|name")
	need.need(filled(s.Name), "name")
	need.need(s.Version != nil && s.Version.Major != nil, "version.major")
	need.need(s.Version != nil && s.Version.Minor != nil, "version.minor")
	need.need(s.CPU != nil && s.CPU.ID != nil, "cpu.id")
	return need.check()
}

// ApplyAdd fills in a new cluster.
func (s *Cluster) ApplyAdd(to *model.Cluster, find Finder) error {
	if s.GlusterService != nil && *s.GlusterService {
		return unsupported("Gluster is not supported.")
	}
	if s.Version != nil && s.Version.Major != nil && s.Version.Minor != nil {
		to.Version = model.Version{Major: int(*s.Version.Major), Minor: int(*s.Version.Minor)}
	}
	set(&to.Ballooning, s.BallooningEnabled)
	if err := setReference(&to.DataCenter, s.DataCenter, model.KindDataCenter, find); err != nil {
		return err
	}
	return s.Apply(to)
}

// ShowCPUTypes shows the types of CPU that clusters can ask for.
func (p *Page) ShowCPUTypes() []CPU {
	out := make([]CPU, len(model.CPUTypes))
	for i, kind := range model.CPUTypes {
		out[i] = CPU{ID: new(kind.Name), Level: new(kind.Level), Architecture: text(strings.ToUpper(string(kind.Architecture)))}
	}
	return out
}

// ApplyAdd fills in a new data center.
func (s *DataCenter) ApplyAdd(to *model.DataCenter, find Finder) error {
	if s.Local == nil && s.StorageType != nil {
		to.Local = strings.EqualFold(*s.StorageType, string(model.StorageLocalFS))
	}
	return s.Apply(to, find)
}
