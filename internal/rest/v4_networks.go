package rest

import "vireo/internal/model"

var (
	networkList4        = shown4(networkList, showNetwork4)
	oneNetwork4         = object("network", (*request).network, showNetwork4)
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
