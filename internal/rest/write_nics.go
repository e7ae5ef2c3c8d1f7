package rest

import (
	"vireo/internal/engine/nics"
	"vireo/internal/model"
	"vireo/internal/rest/v3"
)

// addNIC adds a network interface to a VM (api-v3 6.1).
func (s *Server) addNIC(r *request) (*answer, error) {
	shape := &v3.NIC{}
	if err := r.read("nic", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckAdd(); err != nil {
		return nil, err
	}
	edit := r.editNIC(shape)
	if err := edit(&model.NIC{}); err != nil {
		return nil, err
	}
	params := &nics.Params{Edit: edit}
	call := r.call(model.KindNIC, "add")
	call.Params = params
	return r.create(call, "nic", func(model.Object) (any, *v3.Resource, error) {
		made, err := r.view.VMNIC(r.id("vm"), params.Change.New.ID)
		if err != nil {
			return nil, nil, err
		}
		out := r.page.ShowNIC(made, r.id("vm"), r.view.Live(r.id("vm")))
		return out, &out.Resource, nil
	})
}

func (r *request) editNIC(shape *v3.NIC) func(*model.NIC) error {
	find := r.finder()
	if vm, err := r.vm(); err == nil {
		if cluster, err := r.view.Cluster(vm.Cluster); err == nil {
			find = find.within(cluster.DataCenter)
		}
	}
	return func(nic *model.NIC) error { return shape.Apply(nic, find) }
}

// updateNIC changes a network interface of a VM.
func (s *Server) updateNIC(r *request) (*answer, error) {
	shape := &v3.NIC{}
	if err := r.read("nic", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckUpdate(r.id("nic")); err != nil {
		return nil, err
	}
	edit := r.editNIC(shape)
	if err := edit(&model.NIC{}); err != nil {
		return nil, err
	}
	found, err := r.nic()
	if err != nil {
		return nil, err
	}
	live := r.view.Live(r.id("vm"))
	v3.ForgetUnchanged(shape, r.page.ShowNIC(found, r.id("vm"), live))
	call := r.call(model.KindNIC, "update")
	call.Params = &nics.Params{Edit: edit}
	if _, err := r.act(call, nil); err != nil {
		return nil, err
	}
	if found, err = r.nic(); err != nil {
		return nil, err
	}
	return &answer{root: "nic", shape: r.page.ShowNIC(found, r.id("vm"), live)}, nil
}

// removeNIC takes a network interface from a VM.
func (s *Server) removeNIC(r *request) (*answer, error) {
	action := &v3.Action{}
	if err := r.readOptional("action", action); err != nil {
		return nil, err
	}
	return r.remove(r.call(model.KindNIC, "remove"), action)
}
