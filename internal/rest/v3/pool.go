package v3

import (
	"vireo/internal/fault"
	"vireo/internal/model"
)

// VMPool is a pool of VMs (api-v3 6.2).
type VMPool struct {
	Resource
	Size                     *int       `wire:"size"`
	Cluster                  *Reference `wire:"cluster"`
	Template                 *Reference `wire:"template"`
	PrestartedVMs            *int       `wire:"prestarted_vms"`
	MaxUserVMs               *int       `wire:"max_user_vms"`
	SoundcardEnabled         *bool      `wire:"soundcard_enabled"`
	Type                     *string    `wire:"type"`
	UseLatestTemplateVersion *bool      `wire:"use_latest_template_version"`
}

// VMPools is a list of pools of VMs.
type VMPools struct {
	Collection
	VMPool []VMPool `wire:"vmpool"`
}

var poolTypes = []model.VMPoolType{model.VMPoolAutomatic, model.VMPoolManual}

// ShowVMPool shows a pool with so many VMs.
func (p *Page) ShowVMPool(pool *model.VMPool, size int) *VMPool {
	out := &VMPool{Resource: p.top(model.KindVMPool, pool.ID)}
	out.Name, out.Description, out.Comment = new(pool.Name), new(pool.Description), new(pool.Comment)
	out.Size = new(size)
	out.Cluster = p.ref(model.KindCluster, pool.Cluster)
	out.Template = p.ref(model.KindTemplate, pool.Template)
	out.PrestartedVMs, out.MaxUserVMs = new(pool.Prestarted), new(pool.MaxUserVMs)
	out.SoundcardEnabled = pool.SoundcardEnabled
	out.Type = text(pool.Type)
	out.UseLatestTemplateVersion = new(pool.UseLatestTemplateVersion)
	return out
}

// CheckAdd refuses a pool to be made that lacks a mandatory parameter.
func (s *VMPool) CheckAdd() error {
	need := required{subject: "VmPool", method: "add"}
	need.need(s.Name != nil && *s.Name != "", "name")
	need.need(s.Template.given(), "template.id|name")
	need.need(s.Cluster.given(), "cluster.id|name")
	return need.check()
}

// CheckUpdate refuses a body that means another pool than the path.
func (s *VMPool) CheckUpdate(id model.ID) error {
	if s.ID != nil && *s.ID != string(id) {
		return &fault.Fault{
			Kind: fault.Conflict, Code: "IMMUTABLE", Reason: "Broken immutability constraint",
			Messages: []string{"Attempt to set immutable field: id"},
		}
	}
	return nil
}

// Apply changes a pool by the elements that the request has.
func (s *VMPool) Apply(to *model.VMPool, find Finder) error {
	set(&to.Name, s.Name)
	set(&to.Description, s.Description)
	set(&to.Comment, s.Comment)
	set(&to.Prestarted, s.PrestartedVMs)
	set(&to.MaxUserVMs, s.MaxUserVMs)
	set(&to.UseLatestTemplateVersion, s.UseLatestTemplateVersion)
	if s.SoundcardEnabled != nil {
		to.SoundcardEnabled = new(*s.SoundcardEnabled)
	}
	if err := setMember(&to.Type, "VmPoolType", poolTypes, s.Type); err != nil {
		return err
	}
	if err := setReference(&to.Cluster, s.Cluster, model.KindCluster, find); err != nil {
		return err
	}
	return setReference(&to.Template, s.Template, model.KindTemplate, find)
}
