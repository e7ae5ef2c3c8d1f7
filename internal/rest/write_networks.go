package rest

import (
	"net/http"

	"vireo/internal/engine"
	"vireo/internal/engine/networks"
	"vireo/internal/model"
	"vireo/internal/rest/v3"
)

// makes answers a request that makes an object with what was made; read reads it into
// the Params of the command.
func makes[T model.Object](s *Server, on model.Kind, root string, read func(*request) (any, error),
	find func(*engine.View, model.ID) (T, error), show func(*request, T) (any, *v3.Resource),
) handler {
	return func(r *request) (*answer, error) {
		params, err := read(r)
		if err != nil {
			return nil, err
		}
		call := r.call(on, "add")
		call.Target, call.Params = "", params
		return r.create(call, root, func(object model.Object) (any, *v3.Resource, error) {
			made, err := find(r.view, object.Ref().ID)
			if err != nil {
				return nil, nil, err
			}
			shape, resource := show(r, made)
			return shape, resource, nil
		})
	}
}

// edits answers a request that changes an object with the object as it is then; exists
// is asked first.
func edits(s *Server, on model.Kind, name string, exists func(*request) error, read func(*request) (any, error), get handler) handler {
	return func(r *request) (*answer, error) {
		params, err := read(r)
		if err != nil {
			return nil, err
		}
		if err := exists(r); err != nil {
			return nil, err
		}
		call := r.call(on, name)
		call.Params = params
		if _, err := r.act(call, nil); err != nil {
			return nil, err
		}
		return get(r)
	}
}

// changes is the Params of a command that changes an object, when the request can be
// read: what it says is tried on an object of no one first.
func changes[T any](edit engine.Edit[T]) (any, error) {
	var nothing T
	if err := edit(&nothing); err != nil {
		return nil, err
	}
	return edit, nil
}

// networkRoutes are those of networks, alone and in data centers, clusters and hosts.
func (s *Server) networkRoutes() []*route {
	edit := func(exists func(*request) error, get handler) *write {
		return s.writes(model.KindNetwork, "update", edits(s, model.KindNetwork, "update", exists, readNetwork, get))
	}
	remove := func(exists func(*request) error) *write {
		return s.writes(model.KindNetwork, "remove", s.removes(model.KindNetwork, exists))
	}
	add := s.writes(model.KindNetwork, "add", makes(s, model.KindNetwork, "network", readNewNetwork, (*engine.View).Network,
		func(r *request, made *model.Network) (any, *v3.Resource) {
			out := r.page.ShowNetwork(made)
			return out, &out.Resource
		}))
	table := []*route{
		{path: "networks", get: networkList.get, search: true, post: add},
		{
			path: "networks/{network}", get: oneNetwork, noun: "network",
			put: edit(existing((*request).network), oneNetwork), delete: remove(existing((*request).network)),
		},
		{path: "datacenters/{datacenter}/networks", get: in(networkList, func(n *model.Network) model.ID { return n.DataCenter }).get, post: add},
		{
			path: "datacenters/{datacenter}/networks/{network}", get: oneCenterNetwork,
			put: edit(existing((*request).centerNetwork), oneCenterNetwork), delete: remove(existing((*request).centerNetwork)),
		},
		{path: "clusters/{cluster}/networks", get: clusterNetworkList.get, post: s.writes(model.KindNetwork, "attach", s.attachNetwork)},
		{
			path: "clusters/{cluster}/networks/{network}", get: oneClusterNetwork, noun: "cluster_network",
			put: s.writes(model.KindNetwork, "edit_attached",
				edits(s, model.KindNetwork, "edit_attached", existing((*request).clusterNetwork), readClusterNetwork, oneClusterNetwork)),
			delete: s.writes(model.KindNetwork, "detach", s.detachNetwork),
		},
		{path: "hosts/{host}/nics", get: hostNICList.get},
		{path: "hosts/{host}/nics/{nic}", get: oneHostNIC, noun: "host_nic"},
		{path: "hosts/{host}/nics/{nic}/statistics", get: hostNICStatisticList.get},
		{path: "hosts/{host}/nics/{nic}/statistics/{statistic}", get: oneHostNICStatistic},
	}
	return append(table, s.attachmentRoutes()...)
}

// attachmentRoutes are those of the networks of hosts.
func (s *Server) attachmentRoutes() []*route {
	const kind, list = model.KindNetworkAttachment, "hosts/{host}/networkattachments"
	return []*route{
		{path: list, get: attachmentList.get, post: s.writes(kind, "add", makes(s, kind, "network_attachment", readNewAttachment,
			(*engine.View).NetworkAttachment, func(r *request, made *model.NetworkAttachment) (any, *v3.Resource) {
				out := r.page.ShowNetworkAttachment(made)
				return out, &out.Resource
			}))},
		{
			path: list + "/{networkattachment}", get: oneAttachment, noun: "network_attachment",
			put:    s.writes(kind, "update", edits(s, kind, "update", existing((*request).attachment), readAttachment, oneAttachment)),
			delete: s.writes(kind, "remove", s.removes(kind, existing((*request).attachment))),
		},
	}
}

// profileRoutes are those of vNIC profiles, alone and of networks.
func (s *Server) profileRoutes() []*route {
	const kind = model.KindVNICProfile
	add := s.writes(kind, "add", makes(s, kind, "vnic_profile", readNewProfile, (*engine.View).VNICProfile,
		func(r *request, made *model.VNICProfile) (any, *v3.Resource) {
			out := r.page.ShowVNICProfile(made)
			return out, &out.Resource
		}))
	remove := s.writes(kind, "remove", s.removes(kind, existing((*request).profile)))
	return []*route{
		{path: "vnicprofiles", get: profileList.get, post: add},
		{
			path: "vnicprofiles/{vnicprofile}", get: oneProfile, noun: "vnic_profile", delete: remove,
			put: s.writes(kind, "update", edits(s, kind, "update", existing((*request).profile), readProfile, oneProfile)),
		},
		{path: "networks/{network}/vnicprofiles", get: networkProfileList.get, post: add},
		{path: "networks/{network}/vnicprofiles/{vnicprofile}", get: oneProfile, delete: remove},
	}
}

// poolRoutes are those of MAC pools.
func (s *Server) poolRoutes() []*route {
	const kind = model.KindMACPool
	return []*route{
		{path: "macpools", get: poolList.get, post: s.writes(kind, "add", makes(s, kind, "mac_pool", readNewPool, (*engine.View).MACPool,
			func(r *request, made *model.MACPool) (any, *v3.Resource) {
				out := r.page.ShowMACPool(made)
				return out, &out.Resource
			}))},
		{
			path: "macpools/{macpool}", get: onePool, noun: "mac_pool",
			put:    s.writes(kind, "update", edits(s, kind, "update", fetched(onePool), readPool, onePool)),
			delete: s.writes(kind, "remove", s.removes(kind, fetched(onePool))),
		},
	}
}

// readNewNetwork reads a network to be made, in the data center of the path if there is
// one (api-v3 6.4).
func readNewNetwork(r *request) (any, error) {
	shape := &v3.Network{}
	if err := r.read("network", shape); err != nil {
		return nil, err
	}
	if center := r.id("datacenter"); center != "" {
		shape.DataCenter = &v3.Reference{ID: new(string(center))}
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

func readNetwork(r *request) (any, error) {
	shape := &v3.Network{}
	if err := r.read("network", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckUpdate(r.id("network")); err != nil {
		return nil, err
	}
	find := r.finder()
	return changes(func(network *model.Network) error { return shape.Apply(network, find) })
}

// attachNetwork gives a network to the cluster of the path.
func (s *Server) attachNetwork(r *request) (*answer, error) {
	shape := &v3.Network{}
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
	params, err := clusterParams(r, shape)
	if err != nil {
		return nil, err
	}
	call := r.call(model.KindNetwork, "attach")
	call.Params = params
	if _, err := r.act(call, nil); err != nil {
		return nil, err
	}
	made, err := r.clusterNetwork()
	if err != nil {
		return nil, err
	}
	in, reached := r.clusterState(made)
	out := r.page.ShowClusterNetwork(made, in, reached)
	return &answer{code: http.StatusCreated, root: "network", shape: out, location: out.Href}, nil
}

func clusterParams(r *request, shape *v3.Network) (*networks.ClusterParams, error) {
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

func readClusterNetwork(r *request) (any, error) {
	shape := &v3.Network{}
	if err := r.read("network", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckUpdate(r.id("network")); err != nil {
		return nil, err
	}
	return clusterParams(r, shape)
}

// detachNetwork takes a network from the cluster of the path.
func (s *Server) detachNetwork(r *request) (*answer, error) {
	action := &v3.Action{}
	if err := r.readOptional("action", action); err != nil {
		return nil, err
	}
	if _, err := r.clusterNetwork(); err != nil {
		return nil, err
	}
	call := r.call(model.KindNetwork, "detach")
	call.Params = &networks.ClusterParams{Cluster: r.id("cluster")}
	return r.remove(call, action)
}

// readNewProfile reads a vNIC profile to be made, of the network of the path if there
// is one.
func readNewProfile(r *request) (any, error) {
	shape := &v3.VNICProfile{}
	if err := r.read("vnic_profile", shape); err != nil {
		return nil, err
	}
	if network := r.id("network"); network != "" {
		shape.Network = &v3.Reference{ID: new(string(network))}
	}
	if err := shape.CheckAdd(); err != nil {
		return nil, err
	}
	find := r.finder()
	return changes(func(profile *model.VNICProfile) error { return shape.Apply(profile, find) })
}

func readProfile(r *request) (any, error) {
	shape := &v3.VNICProfile{}
	if err := r.read("vnic_profile", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckUpdate(r.id("vnicprofile")); err != nil {
		return nil, err
	}
	find := r.finder()
	return changes(func(profile *model.VNICProfile) error { return shape.Apply(profile, find) })
}

func readNewPool(r *request) (any, error) {
	shape := &v3.MACPool{}
	if err := r.read("mac_pool", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckAdd(); err != nil {
		return nil, err
	}
	return changes(func(pool *model.MACPool) error { return shape.Apply(pool, nil) })
}

func readPool(r *request) (any, error) {
	shape := &v3.MACPool{}
	if err := r.read("mac_pool", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckUpdate(r.id("macpool")); err != nil {
		return nil, err
	}
	return engine.Edit[model.MACPool](func(pool *model.MACPool) error { return shape.Apply(pool, nil) }), nil
}

func readNewAttachment(r *request) (any, error) { return r.readAttachment(true) }

func readAttachment(r *request) (any, error) { return r.readAttachment(false) }

func (r *request) readAttachment(isNew bool) (any, error) {
	shape := &v3.NetworkAttachment{}
	if err := r.read("network_attachment", shape); err != nil {
		return nil, err
	}
	if isNew {
		if err := shape.CheckAdd(); err != nil {
			return nil, err
		}
	}
	if err := shape.CheckUpdate(r.id("networkattachment")); err != nil && !isNew {
		return nil, err
	}
	on, find, err := r.attachedTo()
	if err != nil {
		return nil, err
	}
	return changes(func(attachment *model.NetworkAttachment) error { return shape.Apply(attachment, on, find) })
}

// attachedTo is the host of the path, with what finds networks of its data center.
func (r *request) attachedTo() (*model.Host, finder, error) {
	on, err := r.host()
	if err != nil {
		return nil, finder{}, err
	}
	find := r.finder()
	if cluster, err := r.view.Cluster(on.Cluster); err == nil {
		find = find.within(cluster.DataCenter)
	}
	return on, find, nil
}

// readDataCenter reads what is to change of a data center.
func readDataCenter(r *request) (any, error) {
	shape := &v3.DataCenter{}
	if err := r.read("data_center", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckUpdate(r.id("datacenter")); err != nil {
		return nil, err
	}
	find := r.finder()
	return changes(func(center *model.DataCenter) error { return shape.Apply(center, find) })
}
