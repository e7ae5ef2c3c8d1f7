package v4

import (
	"strings"

	"vireo/internal/fault"
	"vireo/internal/model"
)

// VMPool is a pool of VMs (api-v4 3.7).
type VMPool struct {
	Resource
	MaxUserVMs               *int       `wire:"max_user_vms"`
	PrestartedVMs            *int       `wire:"prestarted_vms"`
	Size                     *int       `wire:"size"`
	SoundcardEnabled         *bool      `wire:"soundcard_enabled"`
	Stateful                 *bool      `wire:"stateful"`
	Type                     *string    `wire:"type"`
	UseLatestTemplateVersion *bool      `wire:"use_latest_template_version"`
	Cluster                  *Reference `wire:"cluster"`
	Template                 *Reference `wire:"template"`
}

// VMPools is a list of pools of VMs.
type VMPools struct {
	Collection
	VMPool []VMPool `wire:"vm_pool"`
}

var poolTypes = []model.VMPoolType{model.VMPoolAutomatic, model.VMPoolManual}

// ShowVMPool shows a pool with so many VMs.
func (p *Page) ShowVMPool(pool *model.VMPool, size int) *VMPool {
	out := &VMPool{Resource: p.top(model.KindVMPool, pool.ID)}
	out.describe(pool.Name, pool.Description, pool.Comment)
	out.MaxUserVMs, out.PrestartedVMs, out.Size = new(pool.MaxUserVMs), new(pool.Prestarted), new(size)
	out.SoundcardEnabled, out.Stateful = pool.SoundcardEnabled, new(pool.Stateful)
	out.Type, out.UseLatestTemplateVersion = text(pool.Type), new(pool.UseLatestTemplateVersion)
	out.Cluster, out.Template = p.Ref(model.KindCluster, pool.Cluster), p.Ref(model.KindTemplate, pool.Template)
	return out
}

// CheckAdd refuses a pool to be made that lacks a mandatory parameter (api-v4 appendix B).
func (s *VMPool) CheckAdd() error {
	need := required{subject: "VmPool", method: "add"}
	need.need(s.Name != nil && *s.Name != "", "name")
	need.need(s.Cluster.given(), "cluster.id|name")
	need.need(s.Template.given(), "template.id|name")
	return need.check()
}

// CheckUpdate refuses a body that means another pool than the path.
func (s *VMPool) CheckUpdate(id model.ID) error {
	if s.ID != nil && !strings.EqualFold(*s.ID, string(id)) {
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
	set(&to.Stateful, s.Stateful)
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
