package rest

import (
	"slices"

	"vireo/internal/engine"
	"vireo/internal/model"
	"vireo/internal/rest/v3"
	"vireo/internal/vault"
)

// finder looks up what a request names, among what the caller may see, and seals
// what only a guest is to learn.
type finder struct {
	view *engine.View
	*vault.Vault
	// center, if it is set, is the only data center whose networks are found.
	center model.ID
}

func (r *request) finder() finder { return finder{view: r.view, Vault: r.server.options.Vault} }

// within finds networks of one data center only: their names are unique in it.
func (f finder) within(dataCenter model.ID) finder {
	f.center = dataCenter
	return f
}

// Find gives the id of the object of that name.
func (f finder) Find(kind model.Kind, name string) (model.ID, error) {
	for _, object := range f.all(kind) {
		if object.ObjectName() == name {
			return object.Ref().ID, nil
		}
	}
	return "", v3.NotNamed(kind, name)
}

// Exists says whether the object exists.
func (f finder) Exists(kind model.Kind, id model.ID) bool {
	for _, object := range f.all(kind) {
		if object.Ref().ID == id {
			return true
		}
	}
	return false
}

func (f finder) all(kind model.Kind) []model.Object {
	switch kind {
	case model.KindCluster:
		return objects(f.view.Clusters())
	case model.KindDataCenter:
		return objects(f.view.DataCenters())
	case model.KindHost:
		return objects(f.view.Hosts())
	case model.KindStorageDomain:
		return objects(f.view.StorageDomains())
	case model.KindTemplate:
		return objects(f.view.Templates())
	case model.KindNetwork:
		all := f.view.Networks()
		if f.center != "" {
			all = slices.DeleteFunc(slices.Clone(all), func(n *model.Network) bool { return n.DataCenter != f.center })
		}
		return objects(all)
	case model.KindVNICProfile:
		return objects(f.view.VNICProfiles())
	case model.KindMACPool:
		return objects(f.view.MACPools())
	case model.KindTag:
		return objects(f.view.Tags())
	case model.KindDisk:
		return objects(f.view.Disks())
	case model.KindVMPool:
		return objects(f.view.VMPools())
	case model.KindVM:
		return objects(f.view.VMs())
	case model.KindUser:
		return append(objects(f.view.Users()), objects(f.view.Accounts())...)
	case model.KindGroup:
		return objects(f.view.Groups())
	case model.KindRole:
		return objects(f.view.Roles())
	}
	return nil
}

func objects[T model.Object](all []T) []model.Object {
	out := make([]model.Object, len(all))
	for i, one := range all {
		out[i] = one
	}
	return out
}
