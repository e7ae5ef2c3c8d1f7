package engine

import (
	"slices"

	"vireo/internal/inventory"
	"vireo/internal/model"
)

// tree is where objects stand below one another: the system above data centers,
// these above clusters, networks and storage domains, these above hosts, VMs, pools
// of VMs and templates, disks below the storage domain and the VM that has them (api-v3 appendix C),
// snapshots below their VM, image transfers below their disk, vNIC profiles below their
// network and the networks of a host below it. It reads the
// inventory, or a transaction on it.
type tree struct {
	vm        func(model.ID) (*model.VM, bool)
	pool      func(model.ID) (*model.VMPool, bool)
	host      func(model.ID) (*model.Host, bool)
	template  func(model.ID) (*model.Template, bool)
	snapshot  func(model.ID) (*model.Snapshot, bool)
	disk      func(model.ID) (*model.Disk, bool)
	transfer  func(model.ID) (*model.ImageTransfer, bool)
	domain    func(model.ID) (*model.StorageDomain, bool)
	cluster   func(model.ID) (*model.Cluster, bool)
	network   func(model.ID) (*model.Network, bool)
	profile   func(model.ID) (*model.VNICProfile, bool)
	attached  func(model.ID) (*model.NetworkAttachment, bool)
	vms       func() []*model.VM
	templates func() []*model.Template
	// has, if it is set, is what has each disk.
	has map[model.ID][]model.Ref
}

func treeOf(tx *inventory.Tx) *tree {
	return &tree{
		vm: tx.VMs.Get, pool: tx.VMPools.Get, host: tx.Hosts.Get, template: tx.Templates.Get, snapshot: tx.Snapshots.Get, disk: tx.Disks.Get, transfer: tx.ImageTransfers.Get,
		domain: tx.StorageDomains.Get, cluster: tx.Clusters.Get, network: tx.Networks.Get, profile: tx.VNICProfiles.Get, attached: tx.Attachments.Get, vms: tx.VMs.All, templates: tx.Templates.All,
	}
}

// treeNow reads what is committed, and looks up at once what has which disk.
func treeNow(inv *inventory.Inventory) *tree {
	t := &tree{
		vm: inv.VMs.Get, pool: inv.VMPools.Get, host: inv.Hosts.Get, template: inv.Templates.Get, snapshot: inv.Snapshots.Get, disk: inv.Disks.Get, transfer: inv.ImageTransfers.Get,
		domain: inv.StorageDomains.Get, cluster: inv.Clusters.Get, network: inv.Networks.Get, profile: inv.VNICProfiles.Get, attached: inv.Attachments.Get, vms: inv.VMs.All, templates: inv.Templates.All,
		has: make(map[model.ID][]model.Ref),
	}
	for _, vm := range inv.VMs.All() {
		for _, attachment := range vm.Disks {
			t.has[attachment.Disk] = append(t.has[attachment.Disk], vm.Ref())
		}
	}
	for _, template := range inv.Templates.All() {
		for _, attachment := range template.Disks {
			t.has[attachment.Disk] = append(t.has[attachment.Disk], template.Ref())
		}
	}
	return t
}

// holders are the VMs and templates that have a disk.
func (t *tree) holders(disk model.ID) []model.Ref {
	if t.has != nil {
		return t.has[disk]
	}
	var found []model.Ref
	is := func(a model.DiskAttachment) bool { return a.Disk == disk }
	for _, vm := range t.vms() {
		if slices.ContainsFunc(vm.Disks, is) {
			found = append(found, vm.Ref())
		}
	}
	for _, template := range t.templates() {
		if slices.ContainsFunc(template.Disks, is) {
			found = append(found, template.Ref())
		}
	}
	return found
}

// above is everything that an object stands below, the system excepted.
func (t *tree) above(ref model.Ref) []model.Ref {
	switch ref.Kind {
	case model.KindVM:
		if vm, ok := t.vm(ref.ID); ok {
			return t.andAbove(model.KindCluster, vm.Cluster)
		}
	case model.KindVMPool:
		if pool, ok := t.pool(ref.ID); ok {
			return t.andAbove(model.KindCluster, pool.Cluster)
		}
	case model.KindHost:
		if host, ok := t.host(ref.ID); ok {
			return t.andAbove(model.KindCluster, host.Cluster)
		}
	case model.KindTemplate:
		if template, ok := t.template(ref.ID); ok {
			return t.andAbove(model.KindCluster, template.Cluster)
		}
	case model.KindSnapshot:
		if snapshot, ok := t.snapshot(ref.ID); ok {
			return t.andAbove(model.KindVM, snapshot.VM)
		}
	case model.KindDisk:
		return t.aboveDisk(ref.ID)
	case model.KindImageTransfer:
		if transfer, ok := t.transfer(ref.ID); ok {
			return t.andAbove(model.KindDisk, transfer.Disk)
		}
	case model.KindStorageDomain:
		if domain, ok := t.domain(ref.ID); ok {
			return t.andAbove(model.KindDataCenter, domain.DataCenter)
		}
	case model.KindNetwork:
		if network, ok := t.network(ref.ID); ok {
			return t.andAbove(model.KindDataCenter, network.DataCenter)
		}
	case model.KindVNICProfile:
		if profile, ok := t.profile(ref.ID); ok {
			return t.andAbove(model.KindNetwork, profile.Network)
		}
	case model.KindNetworkAttachment:
		if attachment, ok := t.attached(ref.ID); ok {
			return t.andAbove(model.KindHost, attachment.Host)
		}
	case model.KindCluster:
		if cluster, ok := t.cluster(ref.ID); ok {
			return t.andAbove(model.KindDataCenter, cluster.DataCenter)
		}
	}
	return nil
}

// aboveDisk leaves out the VMs that share a disk: what is given on one of them
// must not count for what the others need.
func (t *tree) aboveDisk(id model.ID) []model.Ref {
	var found []model.Ref
	if disk, ok := t.disk(id); ok {
		found = t.andAbove(model.KindStorageDomain, disk.StorageDomain)
	}
	if holders := t.holders(id); len(holders) == 1 {
		found = append(found, t.andAbove(holders[0].Kind, holders[0].ID)...)
	}
	return found
}

func (t *tree) andAbove(kind model.Kind, id model.ID) []model.Ref {
	if id == "" {
		return nil
	}
	ref := model.Ref{Kind: kind, ID: id}
	return append([]model.Ref{ref}, t.above(ref)...)
}
