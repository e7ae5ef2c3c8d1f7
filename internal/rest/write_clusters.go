package rest

import (
	"net/http"

	"vireo/internal/engine"
	"vireo/internal/engine/affinitygroups"
	"vireo/internal/fault"
	"vireo/internal/model"
	"vireo/internal/rest/v3"
)

// updateCluster changes what can be changed of a cluster.
func (s *Server) updateCluster(r *request) (*answer, error) {
	shape := &v3.Cluster{}
	if err := r.read("cluster", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckUpdate(r.id("cluster")); err != nil {
		return nil, err
	}
	call := r.call(model.KindCluster, "update")
	call.Params = engine.Edit[model.Cluster](shape.Apply)
	if _, err := r.act(call, nil); err != nil {
		return nil, err
	}
	return oneCluster(r)
}

var affinityGroupList = collection[*model.AffinityGroup]{
	root: "affinity_groups", item: "affinity_group", show: showAffinityGroup,
	rows: func(r *request) ([]*model.AffinityGroup, error) { return r.view.AffinityGroups(r.id("cluster")) },
}

var oneAffinityGroup = object("affinity_group", (*request).affinityGroup, showAffinityGroup)

func (r *request) affinityGroup() (*model.AffinityGroup, error) {
	return r.view.AffinityGroup(r.id("cluster"), r.id("affinitygroup"))
}

func showAffinityGroup(r *request, group *model.AffinityGroup) (any, error) {
	return r.page.ShowAffinityGroup(group), nil
}

// member is a VM as an affinity group shows it.
type member struct {
	group *model.AffinityGroup
	vm    *model.VM
}

var affinityGroupVMList = collection[member]{
	root: "vms", item: "vm", rows: (*request).members, show: showMember,
}

// members are those that the caller may see.
func (r *request) members() ([]member, error) {
	group, err := r.affinityGroup()
	if err != nil {
		return nil, err
	}
	var found []member
	for _, id := range group.VMs {
		if vm, err := r.view.VM(id); err == nil {
			found = append(found, member{group, vm})
		}
	}
	return found, nil
}

var oneAffinityGroupVM = object("vm", func(r *request) (member, error) {
	all, err := r.members()
	if err != nil {
		return member{}, err
	}
	for _, each := range all {
		if each.vm.ID == r.id("vm") {
			return each, nil
		}
	}
	return member{}, fault.Missing(string(r.id("vm")))
}, showMember)

func showMember(r *request, m member) (any, error) {
	return r.page.ShowAffinityGroupVM(m.group, m.vm), nil
}

// addAffinityGroup makes a group in a cluster.
func (s *Server) addAffinityGroup(r *request) (*answer, error) {
	shape := &v3.AffinityGroup{}
	if err := r.read("affinity_group", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckAdd(); err != nil {
		return nil, err
	}
	if _, err := r.view.Cluster(r.id("cluster")); err != nil {
		return nil, err
	}
	call := r.call(model.KindAffinityGroup, "add")
	call.Params = &affinitygroups.AddParams{Cluster: r.id("cluster"), Edit: editAffinityGroup(shape)}
	return r.create(call, "affinity_group", func(object model.Object) (any, *v3.Resource, error) {
		made, err := r.view.AffinityGroup(r.id("cluster"), object.Ref().ID)
		if err != nil {
			return nil, nil, err
		}
		out := r.page.ShowAffinityGroup(made)
		return out, &out.Resource, nil
	})
}

func editAffinityGroup(shape *v3.AffinityGroup) engine.Edit[model.AffinityGroup] {
	return func(group *model.AffinityGroup) error {
		shape.Apply(group)
		return nil
	}
}

// updateAffinityGroup changes name, texts and rule.
func (s *Server) updateAffinityGroup(r *request) (*answer, error) {
	shape := &v3.AffinityGroup{}
	if err := r.read("affinity_group", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckUpdate(r.id("affinitygroup")); err != nil {
		return nil, err
	}
	if _, err := r.affinityGroup(); err != nil {
		return nil, err
	}
	call := r.call(model.KindAffinityGroup, "update")
	call.Params = editAffinityGroup(shape)
	if _, err := r.act(call, nil); err != nil {
		return nil, err
	}
	return oneAffinityGroup(r)
}

// removeAffinityGroup removes a group.
func (s *Server) removeAffinityGroup(r *request) (*answer, error) {
	return r.leave("remove", nil)
}

// attachMember takes a VM into a group.
func (s *Server) attachMember(r *request) (*answer, error) {
	shape := &v3.AffinityGroupVM{}
	if err := r.read("vm", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckAdd(); err != nil {
		return nil, err
	}
	group, err := r.affinityGroup()
	if err != nil {
		return nil, err
	}
	id, err := shape.Reference().Resolve(model.KindVM, r.finder())
	if err != nil {
		return nil, err
	}
	call := r.call(model.KindAffinityGroup, "attach")
	call.Params = &affinitygroups.Member{VM: id}
	if _, err := r.act(call, nil); err != nil {
		return nil, err
	}
	vm, err := r.view.VM(id)
	if err != nil {
		return nil, err
	}
	out := r.page.ShowAffinityGroupVM(group, vm)
	return &answer{code: http.StatusCreated, root: "vm", shape: out, location: out.Href}, nil
}

// detachMember takes a VM out of a group.
func (s *Server) detachMember(r *request) (*answer, error) {
	return r.leave("detach", &affinitygroups.Member{VM: r.id("vm")})
}

// leave runs a command that takes something away from the cluster's groups.
func (r *request) leave(name string, params any) (*answer, error) {
	action := &v3.Action{}
	if err := r.readOptional("action", action); err != nil {
		return nil, err
	}
	if _, err := r.affinityGroup(); err != nil {
		return nil, err
	}
	call := r.call(model.KindAffinityGroup, name)
	call.Params = params
	return r.remove(call, action)
}
