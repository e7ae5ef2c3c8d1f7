package rest

import (
	"vireo/internal/engine/placement"
	"vireo/internal/fault"
	"vireo/internal/model"
)

var networkList = collection[*model.Network]{
	root: "networks", item: "network", kind: networkKind,
	rows: func(r *request) ([]*model.Network, error) { return r.view.Networks(), nil },
	show: showNetwork,
}

var oneNetwork = object("network", (*request).network, showNetwork)

func (r *request) network() (*model.Network, error) { return r.view.Network(r.id("network")) }

func showNetwork(r *request, network *model.Network) (any, error) {
	return r.page.ShowNetwork(network), nil
}

// oneCenterNetwork shows a network of the data center in the path.
var oneCenterNetwork = object("network", (*request).centerNetwork, showNetwork)

func (r *request) centerNetwork() (*model.Network, error) {
	within, err := r.dataCenter()
	if err != nil {
		return nil, err
	}
	found, err := r.network()
	if err == nil && found.DataCenter != within.ID {
		return nil, fault.Missing(string(found.ID))
	}
	return found, err
}

// clusterNetworkList lists the networks that a cluster has.
var clusterNetworkList = collection[*model.Network]{
	root: "networks", item: "network",
	rows: func(r *request) ([]*model.Network, error) {
		cluster, err := r.view.Cluster(r.id("cluster"))
		if err != nil {
			return nil, err
		}
		var found []*model.Network
		for _, network := range r.view.Networks() {
			if _, has := network.In(cluster.ID); has && network.DataCenter == cluster.DataCenter {
				found = append(found, network)
			}
		}
		return found, nil
	},
	show: showClusterNetwork,
}

var oneClusterNetwork = object("network", (*request).clusterNetwork, showClusterNetwork)

func (r *request) clusterNetwork() (*model.Network, error) {
	all, err := clusterNetworkList.rows(r)
	if err != nil {
		return nil, err
	}
	for _, network := range all {
		if network.ID == r.id("network") {
			return network, nil
		}
	}
	return nil, fault.Missing(string(r.id("network")))
}

func showClusterNetwork(r *request, network *model.Network) (any, error) {
	in, reached := r.clusterState(network)
	return r.page.ShowClusterNetwork(network, in, reached), nil
}

// clusterState is how the cluster of the path has a network, and whether its hosts that
// are up reach it.
func (r *request) clusterState(network *model.Network) (model.ClusterNetwork, bool) {
	in, _ := network.In(r.id("cluster"))
	for _, host := range r.view.AllHosts() {
		if host.Cluster != in.Cluster || host.Status != model.HostUp {
			continue
		}
		if _, ok := placement.Attachment(network, host, r.view.AllAttachments()); !ok {
			return in, false
		}
	}
	return in, true
}

var profileList = collection[*model.VNICProfile]{
	root: "vnic_profiles", item: "vnic_profile",
	rows: func(r *request) ([]*model.VNICProfile, error) { return r.view.VNICProfiles(), nil },
	show: showProfile,
}

// networkProfileList lists the profiles of a network.
var networkProfileList = collection[*model.VNICProfile]{
	root: "vnic_profiles", item: "vnic_profile", show: showProfile,
	rows: func(r *request) ([]*model.VNICProfile, error) {
		network, err := r.network()
		if err != nil {
			return nil, err
		}
		var found []*model.VNICProfile
		for _, profile := range r.view.VNICProfiles() {
			if profile.Network == network.ID {
				found = append(found, profile)
			}
		}
		return found, nil
	},
}

var oneProfile = object("vnic_profile", (*request).profile, showProfile)

// profile finds the profile of the path, below its network if that is named.
func (r *request) profile() (*model.VNICProfile, error) {
	found, err := r.view.VNICProfile(r.id("vnicprofile"))
	if network := r.id("network"); err == nil && network != "" && found.Network != network {
		return nil, fault.Missing(string(found.ID))
	}
	return found, err
}

func showProfile(r *request, profile *model.VNICProfile) (any, error) {
	return r.page.ShowVNICProfile(profile), nil
}

var poolList = collection[*model.MACPool]{
	root: "mac_pools", item: "mac_pool",
	rows: func(r *request) ([]*model.MACPool, error) { return r.view.MACPools(), nil },
	show: showPool,
}

var onePool = object("mac_pool", func(r *request) (*model.MACPool, error) { return r.view.MACPool(r.id("macpool")) }, showPool)

func showPool(r *request, pool *model.MACPool) (any, error) { return r.page.ShowMACPool(pool), nil }

// hostNICList lists the network interfaces of a host, its bridges among them.
var hostNICList = collection[model.HostNIC]{
	root: "host_nics", item: "host_nic", show: showHostNIC,
	rows: func(r *request) ([]model.HostNIC, error) {
		host, err := r.host()
		if err != nil {
			return nil, err
		}
		return host.Facts.NICs, nil
	},
}

func (r *request) host() (*model.Host, error) { return r.view.Host(r.id("host")) }

var oneHostNIC = object("host_nic", (*request).hostNIC, showHostNIC)

// hostNIC is the network interface of the path.
func (r *request) hostNIC() (model.HostNIC, error) {
	all, err := hostNICList.rows(r)
	if err != nil {
		return model.HostNIC{}, err
	}
	for _, nic := range all {
		if model.HostNICID(r.id("host"), nic.Name) == r.id("nic") {
			return nic, nil
		}
	}
	return model.HostNIC{}, fault.Missing(string(r.id("nic")))
}

func showHostNIC(r *request, nic model.HostNIC) (any, error) {
	reached, err := r.reachedBy(nic)
	if err != nil {
		return nil, err
	}
	return r.page.ShowHostNIC(&nic, r.id("host"), reached), nil
}

// reachedBy is the first network, by name, that guests of the host reach by one of its
// interfaces; none is empty.
func (r *request) reachedBy(nic model.HostNIC) (model.ID, error) {
	host, err := r.host()
	if err != nil || !nic.Bridge {
		return "", err
	}
	for _, network := range r.view.Networks() {
		link, ok := placement.Attachment(network, host, r.view.AllAttachments())
		if _, has := network.In(host.Cluster); has && ok && link.Bridge == nic.Name {
			return network.ID, nil
		}
	}
	return "", nil
}

var attachmentList = collection[*model.NetworkAttachment]{
	root: "network_attachments", item: "network_attachment",
	rows: func(r *request) ([]*model.NetworkAttachment, error) { return r.view.NetworkAttachments(r.id("host")) },
	show: showAttachment,
}

var oneAttachment = object("network_attachment", (*request).attachment, showAttachment)

func (r *request) attachment() (*model.NetworkAttachment, error) {
	found, err := r.view.NetworkAttachment(r.id("networkattachment"))
	if err == nil && found.Host != r.id("host") {
		return nil, fault.Missing(string(found.ID))
	}
	return found, err
}

func showAttachment(r *request, attachment *model.NetworkAttachment) (any, error) {
	return r.page.ShowNetworkAttachment(attachment), nil
}
