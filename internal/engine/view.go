package engine

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"vireo/internal/auth"
	"vireo/internal/fault"
	"vireo/internal/image"
	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/option"
)

// View is everything a caller may read. Values are immutable. A single object
// that does not exist, or that the caller may not see, is fault.NotFound.
//
// It belongs to one request: what the caller may see is worked out once.
type View struct {
	engine *Engine
	caller *auth.Caller
	scope  func() *scope
}

// View gives what the caller may read; nil is the engine itself.
func (e *Engine) View(caller *auth.Caller) *View {
	return &View{engine: e, caller: caller, scope: sync.OnceValue(func() *scope { return e.scopeOf(caller) })}
}

// seen is one, of what the caller may see.
func seen[P model.Object](v *View, table *inventory.Table[P], id model.ID) (P, error) {
	object, err := one(table, id)
	if err == nil && !v.scope().sees(object.Ref()) {
		var none P
		return none, fault.Missing(string(id))
	}
	return object, err
}

// allSeen are those of a table that the caller may see, by name.
func allSeen[P model.Object](v *View, table *inventory.Table[P]) []P {
	return onlySeen(v, table.All())
}

func onlySeen[P model.Object](v *View, all []P) []P {
	scope := v.scope()
	if scope.everything {
		return all
	}
	var found []P
	for _, object := range all {
		if scope.sees(object.Ref()) {
			found = append(found, object)
		}
	}
	return found
}

func one[P model.Object](table *inventory.Table[P], id model.ID) (P, error) {
	object, found := table.Get(id)
	if !found {
		return object, fault.Missing(string(id))
	}
	return object, nil
}

// VM finds one VM; VMs gives all, by name. The others are alike.
func (v *View) VM(id model.ID) (*model.VM, error) { return seen(v, v.engine.Inventory.VMs, id) }

// VMs gives all VMs, by name.
func (v *View) VMs() []*model.VM { return allSeen(v, v.engine.Inventory.VMs) }

// VMsNamed gives the VMs with exactly this name.
func (v *View) VMsNamed(name string) []*model.VM {
	return onlySeen(v, v.engine.Inventory.VMs.Named(name))
}

// VMPool finds one pool of VMs.
func (v *View) VMPool(id model.ID) (*model.VMPool, error) {
	return seen(v, v.engine.Inventory.VMPools, id)
}

// VMPools gives all pools of VMs, by name.
func (v *View) VMPools() []*model.VMPool { return allSeen(v, v.engine.Inventory.VMPools) }

// PoolSizes is how many VMs each pool has, whether the caller sees them or not.
func (v *View) PoolSizes() map[model.ID]int {
	sizes := make(map[model.ID]int)
	for _, vm := range v.engine.Inventory.VMs.All() {
		if vm.Pool != "" {
			sizes[vm.Pool]++
		}
	}
	return sizes
}

// Host finds one host.
func (v *View) Host(id model.ID) (*model.Host, error) { return seen(v, v.engine.Inventory.Hosts, id) }

// Hosts gives all hosts, by name.
func (v *View) Hosts() []*model.Host { return allSeen(v, v.engine.Inventory.Hosts) }

// Cluster finds one cluster.
func (v *View) Cluster(id model.ID) (*model.Cluster, error) {
	return seen(v, v.engine.Inventory.Clusters, id)
}

// Clusters gives all clusters, by name.
func (v *View) Clusters() []*model.Cluster { return allSeen(v, v.engine.Inventory.Clusters) }

// DataCenter finds one data center.
func (v *View) DataCenter(id model.ID) (*model.DataCenter, error) {
	return seen(v, v.engine.Inventory.DataCenters, id)
}

// DataCenters gives all data centers, by name.
func (v *View) DataCenters() []*model.DataCenter { return allSeen(v, v.engine.Inventory.DataCenters) }

// Network finds one network.
func (v *View) Network(id model.ID) (*model.Network, error) {
	return seen(v, v.engine.Inventory.Networks, id)
}

// Networks gives all networks, by name.
func (v *View) Networks() []*model.Network { return allSeen(v, v.engine.Inventory.Networks) }

// VNICProfile finds one vNIC profile.
func (v *View) VNICProfile(id model.ID) (*model.VNICProfile, error) {
	return seen(v, v.engine.Inventory.VNICProfiles, id)
}

// VNICProfiles gives all vNIC profiles, by name.
func (v *View) VNICProfiles() []*model.VNICProfile {
	return allSeen(v, v.engine.Inventory.VNICProfiles)
}

// NetworkAttachments gives the networks of a host that its administrator has attached.
func (v *View) NetworkAttachments(host model.ID) ([]*model.NetworkAttachment, error) {
	if _, err := v.Host(host); err != nil {
		return nil, err
	}
	all := v.engine.Inventory.Attachments.All()
	return slices.DeleteFunc(slices.Clone(all), func(a *model.NetworkAttachment) bool { return a.Host != host }), nil
}

// NetworkAttachment finds one network of a host.
func (v *View) NetworkAttachment(id model.ID) (*model.NetworkAttachment, error) {
	found, err := one(v.engine.Inventory.Attachments, id)
	if err == nil {
		_, err = v.Host(found.Host)
	}
	return found, err
}

// AllHosts and AllAttachments are everything that decides where a network is reached,
// for those who show no more of it than that.
func (v *View) AllHosts() []*model.Host { return v.engine.Inventory.Hosts.All() }

// AllAttachments is as AllHosts.
func (v *View) AllAttachments() []*model.NetworkAttachment {
	return v.engine.Inventory.Attachments.All()
}

// MACPool finds one MAC pool, with the ranges that it has at present.
func (v *View) MACPool(id model.ID) (*model.MACPool, error) {
	pool, err := one(v.engine.Inventory.MACPools, id)
	if err != nil {
		return nil, err
	}
	if ranges, err := v.engine.PoolRanges(pool); err == nil && len(pool.Ranges) == 0 {
		pool = model.Clone(pool)
		for _, each := range ranges {
			pool.Ranges = append(pool.Ranges, model.MACRange{From: option.MAC(each.First), To: option.MAC(each.Last)})
		}
	}
	return pool, nil
}

// MACPools gives all MAC pools, by name.
func (v *View) MACPools() []*model.MACPool {
	var pools []*model.MACPool
	for _, pool := range v.engine.Inventory.MACPools.All() {
		if shown, err := v.MACPool(pool.ID); err == nil {
			pools = append(pools, shown)
		}
	}
	return pools
}

// StorageDomain finds one storage domain.
func (v *View) StorageDomain(id model.ID) (*model.StorageDomain, error) {
	return seen(v, v.engine.Inventory.StorageDomains, id)
}

// StorageDomains gives all storage domains, by name.
func (v *View) StorageDomains() []*model.StorageDomain {
	return allSeen(v, v.engine.Inventory.StorageDomains)
}

// Template finds one template.
func (v *View) Template(id model.ID) (*model.Template, error) {
	return seen(v, v.engine.Inventory.Templates, id)
}

// Templates gives all templates, by name.
func (v *View) Templates() []*model.Template { return allSeen(v, v.engine.Inventory.Templates) }

// Disk finds one disk.
func (v *View) Disk(id model.ID) (*model.Disk, error) { return seen(v, v.engine.Inventory.Disks, id) }

// Disks gives all disks, by alias.
func (v *View) Disks() []*model.Disk { return allSeen(v, v.engine.Inventory.Disks) }

// ImageTransfer finds one image transfer of a disk that the caller may edit.
func (v *View) ImageTransfer(id model.ID) (*model.ImageTransfer, error) {
	transfer, err := one(v.engine.Inventory.ImageTransfers, id)
	if err == nil && !v.mayTransfer(transfer) {
		return nil, fault.Missing(string(id))
	}
	return transfer, err
}

// ImageTransfers gives the image transfers of disks that the caller may edit: their
// tickets are for nobody else.
func (v *View) ImageTransfers() []*model.ImageTransfer {
	all := v.engine.Inventory.ImageTransfers.All()
	return slices.DeleteFunc(slices.Clone(all), func(t *model.ImageTransfer) bool { return !v.mayTransfer(t) })
}

// mayTransfer says whether the caller has the permit of the commands.
func (v *View) mayTransfer(transfer *model.ImageTransfer) bool {
	return v.engine.Permits(v.caller, auth.EditDiskProperties, model.Ref{Kind: model.KindDisk, ID: transfer.Disk})
}

// Domain finds one domain.
func (v *View) Domain(id model.ID) (*model.Domain, error) {
	if own := InternalDomain(); id == own.ID {
		return own, nil
	}
	return one(v.engine.Inventory.Domains, id)
}

// Domains gives all domains, by name, that of the engine's own users among them.
func (v *View) Domains() []*model.Domain {
	all := append([]*model.Domain{InternalDomain()}, v.engine.Inventory.Domains.All()...)
	slices.SortFunc(all, func(a, b *model.Domain) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// Role finds one role.
func (v *View) Role(id model.ID) (*model.Role, error) { return seen(v, v.engine.Inventory.Roles, id) }

// Roles gives all roles, by name.
func (v *View) Roles() []*model.Role { return allSeen(v, v.engine.Inventory.Roles) }

// Live gives what a VM's guest reports of itself; nil when nothing is known.
func (v *View) Live(vm model.ID) *model.Live { return v.engine.Live(vm) }

// Stats gives a VM's figures, sampled now if its host answers. A VM without a
// guest has only its installed memory.
func (v *View) Stats(ctx context.Context, id model.ID) (model.VMStats, error) {
	vm, err := v.VM(id)
	if err != nil {
		return model.VMStats{}, err
	}
	if vm.Run.Host != "" {
		// Without an answer the last sample stands.
		_ = v.engine.Machines.Sample(ctx, vm.Run.Host)
	}
	if live := v.engine.Live(id); live != nil && !live.Stats.Taken.IsZero() {
		return live.Stats, nil
	}
	return model.VMStats{MemoryInstalled: vm.Memory}, nil
}

// Files lists the files of an ISO domain, by name; other domains have none.
func (v *View) Files(ctx context.Context, domain model.ID) ([]model.File, error) {
	found, err := v.StorageDomain(domain)
	if err != nil {
		return nil, err
	}
	if found.Type != model.StorageDomainISO {
		return nil, nil
	}
	files, err := v.engine.Images.Files(ctx, found)
	if err != nil {
		return nil, fault.New(fault.StorageFailed, "list files", found.Name, "its folder cannot be read").Because(err)
	}
	return files, nil
}

// Space measures a storage domain; what is not there, or not mounted, has no size.
func (v *View) Space(ctx context.Context, domain model.ID) (model.Space, error) {
	found, err := v.StorageDomain(domain)
	if err != nil {
		return model.Space{}, err
	}
	var space model.Space
	if found.Mount == "" || found.Status.Connected() {
		space, err = v.engine.Images.Space(ctx, found)
	}
	if errors.Is(err, image.ErrUnavailable) {
		space, err = model.Space{}, nil
	}
	for _, disk := range v.Disks() {
		if disk.StorageDomain == domain {
			space.Committed += committed(disk)
		}
	}
	return space, read(err)
}

// committed is what a disk may come to take up: of itself and of each volume that it
// stands on and that is its own, the whole size.
func committed(disk *model.Disk) int64 {
	size := disk.ProvisionedSize
	for _, below := range disk.Chain {
		if below.Template == "" {
			size += below.Size
		}
	}
	return size
}

// SearchLimit is the size of a page in searches.
func (v *View) SearchLimit() int { return v.engine.Values.Int("SearchResultsLimit") }

func read(err error) error {
	if err == nil {
		return nil
	}
	return fault.Of(err)
}
