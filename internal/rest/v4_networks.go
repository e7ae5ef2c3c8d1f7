package rest

import (
	"vireo/internal/engine"
	"vireo/internal/engine/networks"
	"vireo/internal/model"
	"vireo/internal/rest/v4"
)

var (
	networkList4        = shown4(networkList, showNetwork4)
	oneNetwork4         = object("network", (*request).network, showNetwork4)
	oneCenterNetwork4   = object("network", (*request).centerNetwork, showNetwork4)
	clusterNetworkList4 = shown4(clusterNetworkList, showClusterNetwork4)
	oneClusterNetwork4  = object("network", (*request).clusterNetwork, showClusterNetwork4)
	profileList4        = shown4(profileList, showProfile4)
	networkProfileList4 = shown4(networkProfileList, showProfile4)
	oneProfile4         = object("vnic_profile", (*request).profile, showProfile4)
	poolList4           = shown4(poolList, showPool4)
	onePool4            = object("mac_pool", func(r *request) (*model.MACPool, error) { return r.view.MACPool(r.id("macpool")) }, showPool4)
)

func showNetwork4(r *request, network *model.Network) (any, error) {
	return r.page4.ShowNetwork(network), nil
}

func showClusterNetwork4(r *request, network *model.Network) (any, error) {
	in, reached := r.clusterState(network)
	return r.page4.ShowClusterNetwork(network, in, reached), nil
}

func showProfile4(r *request, profile *model.VNICProfile) (any, error) {
	return r.page4.ShowVNICProfile(profile), nil
}

func showPool4(r *request, pool *model.MACPool) (any, error) {
	return r.page4.ShowMACPool(pool), nil
}

// makes4 is makes with the answers of version 4.
func makes4[T model.Object](s *Server, on model.Kind, name, root string, read func(*request) (any, error),
	find func(*request, model.ID) (T, error), show func(*request, T) (any, *v4.Resource),
) *write {
	return s.writes(on, name, func(r *request) (*answer, error) {
		params, err := read(r)
		if err != nil {
			return nil, err
		}
		call := r.call(on, name)
		call.Params = params
		return r.create4(call, root, func(object model.Object) (any, *v4.Resource, error) {
			made, err := find(r, object.Ref().ID)
			if err != nil {
				return nil, nil, err
			}
			shape, resource := show(r, made)
			return shape, resource, nil
		})
	})
}

// removes4 answers the removal of an object, which exists is asked for first.
func (s *Server) removes4(on model.Kind, name string, exists func(*request) error, params func(*request) any) *write {
	return s.writes(on, name, func(r *request) (*answer, error) {
		if err := exists(r); err != nil {
			return nil, err
		}
		action := &v4.Action{}
		if err := r.readOptional("action", action); err != nil {
			return nil, err
		}
		call := r.call(on, name)
		call.Params = params(r)
		result, err := r.act(call, action.Async)
		if err != nil {
			return nil, err
		}
		return &answer{root: "action", shape: r.done4(&v4.Action{}, result)}, nil
	})
}

func noParams(*request) any { return nil }

// networkRoutes4 are those of networks, alone and in data centers and clusters.
func (s *Server) networkRoutes4() []*route {
	const kind = model.KindNetwork
	add := makes4(s, kind, "add", "network", readNewNetwork4,
		func(r *request, id model.ID) (*model.Network, error) { return r.view.Network(id) },
		func(r *request, made *model.Network) (any, *v4.Resource) {
			out := r.page4.ShowNetwork(made)
			return out, &out.Resource
		})
	return []*route{
		{path: "networks", get: networkList4.get, search: true, post: add},
		{
			path: "networks/{network}", get: oneNetwork4, noun: "network",
			put:    s.writes(kind, "update", edits(s, kind, "update", existing((*request).network), readNetwork4, oneNetwork4)),
			delete: s.removes4(kind, "remove", existing((*request).network), noParams),
		},
		{path: "datacenters/{datacenter}/networks", get: in(networkList4, func(n *model.Network) model.ID { return n.DataCenter }).get, post: add},
		{
			path: "datacenters/{datacenter}/networks/{network}", get: oneCenterNetwork4,
			put:    s.writes(kind, "update", edits(s, kind, "update", existing((*request).centerNetwork), readNetwork4, oneCenterNetwork4)),
			delete: s.removes4(kind, "remove", existing((*request).centerNetwork), noParams),
		},
		{path: "clusters/{cluster}/networks", get: clusterNetworkList4.get, post: makes4(s, kind, "attach", "network", readAttach4,
			func(r *request, _ model.ID) (*model.Network, error) { return r.clusterNetwork() },
			func(r *request, made *model.Network) (any, *v4.Resource) {
				in, reached := r.clusterState(made)
				out := r.page4.ShowClusterNetwork(made, in, reached)
				return out, &out.Resource
			})},
		{
			path: "clusters/{cluster}/networks/{network}", get: oneClusterNetwork4,
			put: s.writes(kind, "edit_attached", edits(s, kind, "edit_attached", existing((*request).clusterNetwork), readClusterNetwork4, oneClusterNetwork4)),
			delete: s.removes4(kind, "detach", existing((*request).clusterNetwork), func(r *request) any {
				return &networks.ClusterParams{Cluster: r.id("cluster")}
			}),
		},
	}
}

// profileRoutes4 are those of vNIC profiles and MAC pools.
func (s *Server) profileRoutes4() []*route {
	const kind, pool = model.KindVNICProfile, model.KindMACPool
	add := makes4(s, kind, "add", "vnic_profile", readNewProfile4,
		func(r *request, id model.ID) (*model.VNICProfile, error) { return r.view.VNICProfile(id) },
		func(r *request, made *model.VNICProfile) (any, *v4.Resource) {
			out := r.page4.ShowVNICProfile(made)
			return out, &out.Resource
		})
	remove := s.removes4(kind, "remove", existing((*request).profile), noParams)
	return []*route{
		{path: "vnicprofiles", get: profileList4.get, post: add},
		{
			path: "vnicprofiles/{vnicprofile}", get: oneProfile4, noun: "vnic_profile", delete: remove,
			put: s.writes(kind, "update", edits(s, kind, "update", existing((*request).profile), readProfile4, oneProfile4)),
		},
		{path: "networks/{network}/vnicprofiles", get: networkProfileList4.get, post: add},
		{path: "networks/{network}/vnicprofiles/{vnicprofile}", get: oneProfile4, delete: remove},
		{path: "macpools", get: poolList4.get, post: makes4(s, pool, "add", "mac_pool", readNewPool4,
			func(r *request, id model.ID) (*model.MACPool, error) { return r.view.MACPool(id) },
			func(r *request, made *model.MACPool) (any, *v4.Resource) {
				out := r.page4.ShowMACPool(made)
				return out, &out.Resource
			})},
		{
			path: "macpools/{macpool}", get: onePool4, noun: "mac_pool",
			put:    s.writes(pool, "update", edits(s, pool, "update", fetched(onePool4), readPool4, onePool4)),
			delete: s.removes4(pool, "remove", fetched(onePool4), noParams),
		},
	}
}

func readNewNetwork4(r *request) (any, error) {
	shape := &v4.Network{}
	if err := r.read("network", shape); err != nil {
		return nil, err
	}
	if center := r.id("datacenter"); center != "" {
		shape.DataCenter = &v4.Reference{ID: new(string(center))}
	}
	if err := shape.CheckAdd(); err != nil {
		return nil, err
	}
	find := r.finder()
	edit := func(network *model.Network) error { return shape.Apply(network, find) }
	if err := edit(&model.Network{}); err != nil {
		return nil, err
	}
	return &networks.AddParams{Edit: edit, NoProfile: shape.ProfileRequired != nil && !*shape.ProfileRequired}, nil
}

func readNetwork4(r *request) (any, error) {
	shape := &v4.Network{}
	if err := r.read("network", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckUpdate(r.id("network")); err != nil {
		return nil, err
	}
	find := r.finder()
	return changes(func(network *model.Network) error { return shape.Apply(network, find) })
}

// readAttach4 reads which network the cluster of the path is to have.
func readAttach4(r *request) (any, error) {
	shape := &v4.Network{}
	if err := r.read("network", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckAttach(); err != nil {
		return nil, err
	}
	cluster, err := r.view.Cluster(r.id("cluster"))
	if err != nil {
		return nil, err
	}
	id, err := shape.Reference().Resolve(model.KindNetwork, r.finder().within(cluster.DataCenter))
	if err != nil {
		return nil, err
	}
	r.ids["network"] = string(id)
	return r.clusterParams4(shape)
}

func readClusterNetwork4(r *request) (any, error) {
	shape := &v4.Network{}
	if err := r.read("network", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckUpdate(r.id("network")); err != nil {
		return nil, err
	}
	return r.clusterParams4(shape)
}

func (r *request) clusterParams4(shape *v4.Network) (any, error) {
	network, err := r.network()
	if err != nil {
		return nil, err
	}
	edit := func(in *model.ClusterNetwork) error { return shape.ApplyCluster(in, network) }
	if err := edit(&model.ClusterNetwork{}); err != nil {
		return nil, err
	}
	return &networks.ClusterParams{Cluster: r.id("cluster"), Edit: edit}, nil
}

func readNewProfile4(r *request) (any, error) { return r.readProfile4(true) }

func readProfile4(r *request) (any, error) { return r.readProfile4(false) }

// readProfile4 reads a vNIC profile, of the network of the path if there is one.
func (r *request) readProfile4(isNew bool) (any, error) {
	shape := &v4.VNICProfile{}
	if err := r.read("vnic_profile", shape); err != nil {
		return nil, err
	}
	check := func() error { return shape.CheckUpdate(r.id("vnicprofile")) }
	if isNew {
		check = shape.CheckAdd
	}
	if network := r.id("network"); network != "" {
		shape.Network = &v4.Reference{ID: new(string(network))}
	}
	if err := check(); err != nil {
		return nil, err
	}
	find := r.finder()
	return changes(func(profile *model.VNICProfile) error { return shape.Apply(profile, find) })
}

func readNewPool4(r *request) (any, error) {
	shape := &v4.MACPool{}
	if err := r.read("mac_pool", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckAdd(); err != nil {
		return nil, err
	}
	return changes(shape.Apply)
}

func readPool4(r *request) (any, error) {
	shape := &v4.MACPool{}
	if err := r.read("mac_pool", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckUpdate(r.id("macpool")); err != nil {
		return nil, err
	}
	return engine.Edit[model.MACPool](shape.Apply), nil
}
