package v3

import (
	"strings"

	"vireo/internal/fault"
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

// Apply changes a cluster by the elements that the request has.
func (s *Cluster) Apply(to *model.Cluster, find Finder) error {
	set(&to.Name, s.Name)
	set(&to.Description, s.Description)
	set(&to.Comment, s.Comment)
	set(&to.ThreadsAsCores, s.ThreadsAsCores)
	set(&to.Ballooning, s.BallooningEnabled)
	if s.Version != nil && s.Version.Major != nil && s.Version.Minor != nil {
		to.Version = model.Version{Major: int(*s.Version.Major), Minor: int(*s.Version.Minor)}
	}
	if s.CPU != nil {
		set(&to.CPUType, s.CPU.ID)
		if err := setMember(&to.Architecture, "Architecture", architectures, s.CPU.Architecture); err != nil {
			return err
		}
	}
	if s.MemoryPolicy != nil && s.MemoryPolicy.Overcommit != nil {
		to.OvercommitPercent = s.MemoryPolicy.Overcommit.Percent
	}
	if s.ErrorHandling != nil && s.ErrorHandling.OnError != nil {
		to.OnError = strings.ToLower(*s.ErrorHandling.OnError)
	}
	if s.GlusterService != nil && *s.GlusterService {
		return fault.Bad("", "Gluster is not supported.")
	}
	return setReference(&to.DataCenter, s.DataCenter, model.KindDataCenter, find)
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
