package rest

import (
	"vireo/internal/engine"
	"vireo/internal/model"
	"vireo/internal/rest/v3"
)

// addCluster makes a cluster (api-v3 6.3).
func (s *Server) addCluster(r *request) (*answer, error) {
	shape := &v3.Cluster{}
	if err := r.read("cluster", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckAdd(); err != nil {
		return nil, err
	}
	find := r.finder()
	params, err := changes(engine.Edit[model.Cluster](func(cluster *model.Cluster) error { return shape.ApplyAdd(cluster, find) }))
	if err != nil {
		return nil, err
	}
	call := r.call(model.KindCluster, "add")
	call.Params = params
	return r.create(call, "cluster", func(object model.Object) (any, *v3.Resource, error) {
		made, err := r.view.Cluster(object.Ref().ID)
		if err != nil {
			return nil, nil, err
		}
		out := r.page.ShowCluster(made)
		return out, &out.Resource, nil
	})
}

// addDataCenter makes a data center (api-v3 6.3).
func (s *Server) addDataCenter(r *request) (*answer, error) {
	shape := &v3.DataCenter{}
	if err := r.read("data_center", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckAdd(); err != nil {
		return nil, err
	}
	find := r.finder()
	params, err := changes(engine.Edit[model.DataCenter](func(center *model.DataCenter) error {
		return shape.ApplyAdd(center, find)
	}))
	if err != nil {
		return nil, err
	}
	call := r.call(model.KindDataCenter, "add")
	call.Params = params
	return r.create(call, "data_center", func(object model.Object) (any, *v3.Resource, error) {
		made, err := r.view.DataCenter(object.Ref().ID)
		if err != nil {
			return nil, nil, err
		}
		out := r.page.ShowDataCenter(made, r.view.StorageDomains())
		return out, &out.Resource, nil
	})
}
