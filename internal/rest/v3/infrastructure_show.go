package v3

import (
	"strings"

	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// describe fills what people wrote about an object.
func (r *Resource) describe(name, description, comment string) {
	r.Name = new(name)
	r.Description = new(description)
	r.Comment = new(comment)
}

// ShowDataCenter shows a data center; domains are its storage domains, from
// which its state follows.
func (p *Page) ShowDataCenter(dc *model.DataCenter, domains []*model.StorageDomain) *DataCenter {
	out := &DataCenter{Resource: p.top(model.KindDataCenter, dc.ID)}
	out.describe(dc.Name, dc.Description, dc.Comment)
	out.Local = new(dc.Local)
	out.StorageFormat = new("v3")
	out.Version = version(dc.Version)
	out.SupportedVersions = &SupportedVersions{Version: []Version{*version(dc.Version)}}
	out.Status = &Status{State: dataCenterState(dc.ID, domains)}
	out.MACPool = p.ref(model.KindMACPool, dc.MACPool)
	if dc.MACPool == "" {
		out.MACPool = p.ref(model.KindMACPool, model.DefaultMACPool)
	}
	out.QuotaMode = new("disabled")
	return out
}

func dataCenterState(id model.ID, domains []*model.StorageDomain) string {
	state := "uninitialized"
	for _, domain := range domains {
		if domain.DataCenter != id || domain.Type != model.StorageDomainData {
			continue
		}
		if domain.Status == model.StorageDomainActive {
			return "up"
		}
		state = "not_operational"
	}
	return state
}

// ShowCluster shows a cluster.
func (p *Page) ShowCluster(cluster *model.Cluster) *Cluster {
	out := &Cluster{Resource: p.top(model.KindCluster, cluster.ID)}
	out.describe(cluster.Name, cluster.Description, cluster.Comment)
	out.CPU = &CPU{ID: text(cluster.CPUType), Architecture: text(strings.ToUpper(string(cluster.Architecture)))}
	if kind, known := model.CPUTypeNamed(cluster.CPUType); known {
		out.CPU.Level = new(kind.Level)
	}
	out.DataCenter = p.ref(model.KindDataCenter, cluster.DataCenter)
	out.MemoryPolicy = &MemoryPolicy{
		Overcommit:           &Overcommit{Percent: cluster.OvercommitPercent},
		TransparentHugepages: &Enabled{Enabled: new(true)},
	}
	out.SchedulingPolicy = showScheduling(cluster.Scheduling)
	out.Version = version(cluster.Version)
	out.ErrorHandling = &ErrorHandling{OnError: text(cluster.OnError)}
	out.VirtService = new(true)
	out.GlusterService = new(false)
	out.ThreadsAsCores = new(cluster.ThreadsAsCores)
	out.TunnelMigration = new(cluster.TunnelMigration)
	out.TrustedService = new(false)
	out.HAReservation = new(false)
	out.OptionalReason = new(false)
	out.BallooningEnabled = new(cluster.Ballooning)
	out.Migration = showMigration(cluster.Migration)
	return out
}

// HostLoad is what runs on a host: the counts of its summary and the memory in
// bytes that may still be given to VMs.
type HostLoad struct {
	Active, Migrating, Total int
	SchedulingMemory         int64
	// Merging says whether its kernel looks for pages of memory that are alike; nil is not known.
	Merging *bool
}

// ShowHost shows a host. The detail of its state says why it is not up or, when
// it is, whether it accelerates guests.
func (p *Page) ShowHost(host *model.Host, load HostLoad) *Host {
	out := &Host{Resource: p.top(model.KindHost, host.ID)}
	out.describe(host.Name, host.Description, host.Comment)
	facts := &host.Facts
	out.Address = new(host.Address)
	out.Status = &Status{State: string(host.Status), Detail: text(host.StatusDetail)}
	if host.Status == model.HostUp && host.StatusDetail == "" {
		out.Status.Detail = new(acceleration(facts))
	}
	out.ExternalStatus = &Status{State: "ok"}
	out.Cluster = p.ref(model.KindCluster, host.Cluster)
	out.Type = new("rhel")
	out.HardwareInformation = &HardwareInformation{
		Manufacturer: text(facts.Manufacturer), SerialNumber: text(facts.SerialNumber),
		ProductName: text(facts.ProductName), UUID: text(facts.UUID),
		Family: text(facts.Family), Version: text(facts.ProductVersion),
	}
	if host.BySSH() {
		out.SSH = showSSH(host)
	}
	out.CPU = showHostCPU(facts)
	out.showSystem(facts, load.Merging)
	out.Memory = new(facts.Memory)
	out.MaxSchedulingMemory = new(load.SchedulingMemory)
	out.Summary = &VMSummary{Active: load.Active, Migrating: load.Migrating, Total: load.Total}
	out.OS = &OS{Type: text(facts.OSType), Version: versionText(facts.OSVersion)}
	out.LibvirtVersion = versionText(facts.LibvirtVersion)
	out.LiveSnapshotSupport = new(true)
	out.PowerManagement = p.showPower(host)
	return out
}

func acceleration(facts *model.HostFacts) string {
	if facts.Accelerated {
		return "kvm"
	}
	if facts.AccelerationDetail == "" {
		return "emulation"
	}
	return "emulation: " + facts.AccelerationDetail
}

// Loads sums up what runs on each host. Memory may be given out up to the
// overcommit of the host's cluster; that of a VM which migrates is taken on both hosts.
func Loads(hosts []*model.Host, vms []*model.VM, clusters []*model.Cluster) map[model.ID]HostLoad {
	loads := make(map[model.ID]HostLoad, len(hosts))
	overcommit := make(map[model.ID]int64, len(clusters))
	for _, cluster := range clusters {
		overcommit[cluster.ID] = int64(cluster.OvercommitPercent)
	}
	for _, host := range hosts {
		loads[host.ID] = HostLoad{SchedulingMemory: host.Facts.Memory * max(overcommit[host.Cluster], 100) / 100}
	}
	for _, vm := range vms {
		load, known := loads[vm.Run.Host]
		if !known || lifecycle.Resting(vm.Run.Status) {
			continue
		}
		load.Total++
		if vm.Run.Status == model.StatusMigrating {
			load.Migrating++
		}
		load.Active++
		memory := max(vm.Run.Memory, vm.Memory)
		load.SchedulingMemory = max(load.SchedulingMemory-memory, 0)
		loads[vm.Run.Host] = load
		if coming := vm.Run.Migration; coming != nil {
			there := loads[coming.To]
			there.SchedulingMemory = max(there.SchedulingMemory-memory, 0)
			loads[coming.To] = there
		}
	}
	return loads
}

// ShowTag shows a tag.
func (p *Page) ShowTag(tag *model.Tag) *Tag {
	return p.showTag(tag, p.Href(model.KindTag, tag.ID))
}

// ShowTagOf shows a tag of an object.
func (p *Page) ShowTagOf(tag *model.Tag, on model.Ref) *Tag {
	out := p.showTag(tag, below(p.Href(on.Kind, on.ID), "tags", string(tag.ID)))
	reference := p.ref(on.Kind, on.ID)
	switch on.Kind {
	case model.KindVM:
		out.VM = reference
	case model.KindTemplate:
		out.Template = reference
	case model.KindHost:
		out.Host = reference
	case model.KindUser:
		out.User = reference
	case model.KindGroup:
		out.Group = reference
	}
	return out
}

func (p *Page) showTag(tag *model.Tag, href string) *Tag {
	out := &Tag{Resource: p.resource("tag", href, tag.ID)}
	out.Name = new(tag.Name)
	out.Description = new(tag.Description)
	if tag.Parent != "" {
		out.Parent = &TagParent{Tag: p.ref(model.KindTag, tag.Parent)}
	}
	return out
}

// CheckAdd refuses a tag to be made without a name.
func (s *Tag) CheckAdd() error {
	need := required{subject: "Tag", method: "add"}
	need.need(s.Name != nil && *s.Name != "", "name")
	return need.check()
}

// CheckAttach refuses a tag to be attached that is not named.
func (s *Tag) CheckAttach() error {
	need := required{subject: "Tag", method: "add"}
	need.need(s.Reference().given(), "id|name")
	return need.check()
}

// Apply changes a tag by the elements that the request has.
func (s *Tag) Apply(to *model.Tag, find Finder) error {
	set(&to.Name, s.Name)
	set(&to.Description, s.Description)
	if s.Parent == nil {
		return nil
	}
	return setReference(&to.Parent, s.Parent.Tag, model.KindTag, find)
}
