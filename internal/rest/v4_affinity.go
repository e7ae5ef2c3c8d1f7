package rest

import (
	"vireo/internal/engine/affinitygroups"
	"vireo/internal/model"
	"vireo/internal/rest/v4"
)

var (
	affinityGroupList4   = shown4(affinityGroupList, showAffinityGroup4)
	oneAffinityGroup4    = object("affinity_group", (*request).affinityGroup, showAffinityGroup4)
	affinityGroupVMList4 = shown4(affinityGroupVMList, showMember4)
)

func showAffinityGroup4(r *request, group *model.AffinityGroup) (any, error) {
	return r.page4.ShowAffinityGroup(group), nil
}

func showMember4(r *request, m member) (any, error) { return r.page4.ShowGroupVM(m.group, m.vm), nil }

// affinityRoutes4 are the affinity groups of clusters, and their VMs.
func (s *Server) affinityRoutes4() []*route {
	const kind, list = model.KindAffinityGroup, "clusters/{cluster}/affinitygroups"
	group := existing((*request).affinityGroup)
	return []*route{
		{path: list, get: affinityGroupList4.get, post: makes4(s, kind, "add", "affinity_group", readNewAffinityGroup4,
			func(r *request, id model.ID) (*model.AffinityGroup, error) {
				return r.view.AffinityGroup(r.id("cluster"), id)
			},
			func(r *request, made *model.AffinityGroup) (any, *v4.Resource) {
				out := r.page4.ShowAffinityGroup(made)
				return out, &out.Resource
			})},
		{
			path: list + "/{affinitygroup}", get: oneAffinityGroup4, noun: "affinity_group",
			put:    s.writes(kind, "update", edits(s, kind, "update", group, readAffinityGroup4, oneAffinityGroup4)),
			delete: s.removes4(kind, "remove", group, noParams),
		},
		{path: list + "/{affinitygroup}/vms", get: affinityGroupVMList4.get, post: makes4(s, kind, "attach", "vm", readMember4,
			func(r *request, _ model.ID) (*model.VM, error) { return r.view.VM(r.id("vm")) },
			func(r *request, made *model.VM) (any, *v4.Resource) {
				group := &model.AffinityGroup{ID: r.id("affinitygroup"), Cluster: r.id("cluster")}
				out := r.page4.ShowGroupVM(group, made)
				return out, &out.Resource
			})},
		{
			path:   list + "/{affinitygroup}/vms/{vm}",
			delete: s.removes4(kind, "detach", group, func(r *request) any { return &affinitygroups.Member{VM: r.id("vm")} }),
		},
	}
}

func readNewAffinityGroup4(r *request) (any, error) {
	shape := &v4.AffinityGroup{}
	if err := r.read("affinity_group", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckAdd(); err != nil {
		return nil, err
	}
	if _, err := r.view.Cluster(r.id("cluster")); err != nil {
		return nil, err
	}
	if err := shape.Apply(&model.AffinityGroup{}); err != nil {
		return nil, err
	}
	return &affinitygroups.AddParams{Cluster: r.id("cluster"), Edit: shape.Apply}, nil
}

func readAffinityGroup4(r *request) (any, error) {
	shape := &v4.AffinityGroup{}
	if err := r.read("affinity_group", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckUpdate(r.id("affinitygroup")); err != nil {
		return nil, err
	}
	return changes(shape.Apply)
}

// readMember4 reads which VM the group of the path is to have.
func readMember4(r *request) (any, error) {
	shape := &v4.GroupVM{}
	if err := r.read("vm", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckAdd(); err != nil {
		return nil, err
	}
	if _, err := r.affinityGroup(); err != nil {
		return nil, err
	}
	id, err := shape.Reference().Resolve(model.KindVM, r.finder())
	r.ids["vm"] = string(id)
	return &affinitygroups.Member{VM: id}, err
}
