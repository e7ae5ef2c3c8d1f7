package networks

import (
	"vireo/internal/audit"
	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// room is what the verbs share.
type room struct{ *engine.Engine }

// AddParams are the Params of adding a network.
type AddParams struct {
	Edit engine.Edit[model.Network]
	// NoProfile makes no vNIC profile with it.
	NoProfile bool
}

// ClusterParams are the Params of what is done to a network in a cluster.
type ClusterParams struct {
	Cluster model.ID
	// Edit says how the cluster has the network, for attach and edit_attached; nil leaves
	// it as it is.
	Edit engine.Edit[model.ClusterNetwork]
}

// Commands are the rows for networks. Params of add and update are an engine.Edit of the
// object, but for adding a network AddParams; those of a network's attach, edit_attached
// and detach are ClusterParams; the others have none. Result.Object is the object.
func Commands(e *engine.Engine) []engine.Command {
	r := &room{e}
	row := func(on model.Kind, name, verb string, needs model.Permit, apply func(*inventory.Tx, *engine.Call) (model.Object, error)) engine.Command {
		return engine.Command{On: on, Name: name, Verb: verb, Needs: needs, Locks: nothing, Paths: []engine.Path{{Name: name, Apply: apply}}}
	}
	demanding := func(demands func(*inventory.Tx, *engine.Call) ([]engine.Demand, error), command engine.Command) engine.Command {
		command.Demands = demands
		return command
	}
	return []engine.Command{
		demanding(inDataCenter, row(model.KindNetwork, "add", "add Network", auth.CreateStoragePoolNetwork, r.addNetwork)),
		row(model.KindNetwork, "update", "edit Network", auth.ConfigureStoragePoolNetwork, r.updateNetwork),
		row(model.KindNetwork, "remove", "remove Network", auth.DeleteStoragePoolNetwork, r.removeNetwork),
		demanding(onCluster, row(model.KindNetwork, "attach", "attach Network", auth.AssignClusterNetwork, r.attach)),
		demanding(onCluster, row(model.KindNetwork, "edit_attached", "edit Network", auth.ConfigureClusterNetwork, r.editAttached)),
		demanding(onCluster, row(model.KindNetwork, "detach", "detach Network", auth.AssignClusterNetwork, r.detach)),
		demanding(onNetwork, row(model.KindVNICProfile, "add", "add vNIC profile", auth.CreateNetworkVNICProfile, r.addProfile)),
		row(model.KindVNICProfile, "update", "edit vNIC profile", auth.ConfigureNetworkVNICProfile, r.updateProfile),
		row(model.KindVNICProfile, "remove", "remove vNIC profile", auth.DeleteNetworkVNICProfile, r.removeProfile),
		demanding(onHost, row(model.KindNetworkAttachment, "add", "attach Network to Host", auth.ConfigureHostNetwork, r.addAttachment)),
		row(model.KindNetworkAttachment, "update", "edit Network of Host", auth.ConfigureHostNetwork, r.updateAttachment),
		row(model.KindNetworkAttachment, "remove", "detach Network from Host", auth.ConfigureHostNetwork, r.removeAttachment),
		demanding(onSystem(auth.CreateMACPool), row(model.KindMACPool, "add", "add MAC Pool", auth.CreateMACPool, r.addPool)),
		row(model.KindMACPool, "update", "edit MAC Pool", auth.EditMACPool, r.updatePool),
		row(model.KindMACPool, "remove", "remove MAC Pool", auth.DeleteMACPool, r.removePool),
		demanding(r.onDataCenter, row(model.KindDataCenter, "update", "edit Data Center", auth.EditStoragePoolConfiguration, r.updateDataCenter)),
	}
}

// nothing: networks change beside whatever jobs do to VMs and hosts.
func nothing(*inventory.Tx, *engine.Call) []model.Ref { return nil }

// edited is what the Params of add or update make of an object, whose id stays.
func edited[T any, P interface {
	*T
	model.Object
}](call *engine.Call, from T) (P, error) {
	edit, ok := call.Params.(engine.Edit[T])
	if !ok || edit == nil {
		return nil, fault.New(fault.Invalid, call.Verb, "Nothing to change was given.")
	}
	return apply[T, P](edit, from)
}

func apply[T any, P interface {
	*T
	model.Object
}](edit engine.Edit[T], from T) (P, error) {
	wanted := P(model.Clone(&from))
	if err := edit((*T)(wanted)); err != nil {
		return nil, err
	}
	if wanted.Ref() != P(&from).Ref() {
		return nil, &fault.Fault{
			Kind: fault.Conflict, Code: "IMMUTABLE", Reason: "Broken immutability constraint",
			Messages: []string{"Attempt to set immutable field: id"},
		}
	}
	return wanted, nil
}

// made is what the Params of adding a network make of one.
func made(call *engine.Call, from model.Network) (*model.Network, error) {
	params := addParams(call)
	if params.Edit == nil {
		return nil, fault.New(fault.Invalid, call.Verb, "Nothing to add was given.")
	}
	return apply[model.Network](params.Edit, from)
}

func addParams(call *engine.Call) *AddParams {
	if params, ok := call.Params.(*AddParams); ok && params != nil {
		return params
	}
	return &AddParams{}
}

func demand(permit model.Permit, kind model.Kind, id model.ID) []engine.Demand {
	if id == "" {
		return []engine.Demand{{Permit: permit}}
	}
	return []engine.Demand{{Permit: permit, On: model.Ref{Kind: kind, ID: id}}}
}

func onSystem(permit model.Permit) func(*inventory.Tx, *engine.Call) ([]engine.Demand, error) {
	return func(*inventory.Tx, *engine.Call) ([]engine.Demand, error) { return demand(permit, "", ""), nil }
}

func inDataCenter(_ *inventory.Tx, call *engine.Call) ([]engine.Demand, error) {
	wanted, err := made(call, model.Network{})
	if err != nil {
		return nil, err
	}
	return demand(auth.CreateStoragePoolNetwork, model.KindDataCenter, wanted.DataCenter), nil
}

func onCluster(_ *inventory.Tx, call *engine.Call) ([]engine.Demand, error) {
	permit := auth.AssignClusterNetwork
	if call.Name == "edit_attached" {
		permit = auth.ConfigureClusterNetwork
	}
	return demand(permit, model.KindCluster, clusterParams(call).Cluster), nil
}

func onNetwork(_ *inventory.Tx, call *engine.Call) ([]engine.Demand, error) {
	wanted, err := edited[model.VNICProfile](call, model.VNICProfile{})
	if err != nil {
		return nil, err
	}
	return demand(auth.CreateNetworkVNICProfile, model.KindNetwork, wanted.Network), nil
}

func onHost(_ *inventory.Tx, call *engine.Call) ([]engine.Demand, error) {
	wanted, err := edited[model.NetworkAttachment](call, model.NetworkAttachment{})
	if err != nil {
		return nil, err
	}
	return demand(auth.ConfigureHostNetwork, model.KindHost, wanted.Host), nil
}

// onDataCenter: who gives a data center another pool must be let use that.
func (r *room) onDataCenter(tx *inventory.Tx, call *engine.Call) ([]engine.Demand, error) {
	demands := demand(auth.EditStoragePoolConfiguration, model.KindDataCenter, call.Target)
	old, ok := tx.DataCenters.Get(call.Target)
	if !ok {
		return demands, nil
	}
	wanted, err := edited[model.DataCenter](call, *old)
	if err != nil {
		return nil, err
	}
	if wanted.MACPool != old.MACPool && wanted.MACPool != "" {
		demands = append(demands, demand(auth.ConfigureMACPool, model.KindMACPool, wanted.MACPool)...)
	}
	return demands, nil
}

func clusterParams(call *engine.Call) *ClusterParams {
	if params, ok := call.Params.(*ClusterParams); ok && params != nil {
		return params
	}
	return &ClusterParams{}
}

// tell says what was done to what; the words are in {detail}.
func tell(tx *inventory.Tx, code audit.Code, call *engine.Call, on *model.Host, words string) {
	about := engine.AboutCaller(call)
	about.Host, about.Detail = on, words
	tx.Event(audit.New(code, about))
}
