package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"vireo/internal/auth"
	"vireo/internal/fault"
	"vireo/internal/image"
	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/store"
)

// View is everything a caller may read. Values are immutable. A single object
// that does not exist, or that the caller may not see, is fault.NotFound.
type View struct {
	engine *Engine
	caller *auth.Caller
}

// View gives what the caller may read.
func (e *Engine) View(caller *auth.Caller) *View { return &View{engine: e, caller: caller} }

func one[P model.Object](table *inventory.Table[P], id model.ID) (P, error) {
	object, found := table.Get(id)
	if !found {
		return object, fault.Missing(string(id))
	}
	return object, nil
}

// VM finds one VM; VMs gives all, by name. The others are alike.
func (v *View) VM(id model.ID) (*model.VM, error) { return one(v.engine.Inventory.VMs, id) }

// VMs gives all VMs, by name.
func (v *View) VMs() []*model.VM { return v.engine.Inventory.VMs.All() }

// VMsNamed gives the VMs with exactly this name.
func (v *View) VMsNamed(name string) []*model.VM { return v.engine.Inventory.VMs.Named(name) }

// Host finds one host.
func (v *View) Host(id model.ID) (*model.Host, error) { return one(v.engine.Inventory.Hosts, id) }

// Hosts gives all hosts, by name.
func (v *View) Hosts() []*model.Host { return v.engine.Inventory.Hosts.All() }

// Cluster finds one cluster.
func (v *View) Cluster(id model.ID) (*model.Cluster, error) {
	return one(v.engine.Inventory.Clusters, id)
}

// Clusters gives all clusters, by name.
func (v *View) Clusters() []*model.Cluster { return v.engine.Inventory.Clusters.All() }

// DataCenter finds one data center.
func (v *View) DataCenter(id model.ID) (*model.DataCenter, error) {
	return one(v.engine.Inventory.DataCenters, id)
}

// DataCenters gives all data centers, by name.
func (v *View) DataCenters() []*model.DataCenter { return v.engine.Inventory.DataCenters.All() }

// Network finds one network.
func (v *View) Network(id model.ID) (*model.Network, error) {
	return one(v.engine.Inventory.Networks, id)
}

// Networks gives all networks, by name.
func (v *View) Networks() []*model.Network { return v.engine.Inventory.Networks.All() }

// StorageDomain finds one storage domain.
func (v *View) StorageDomain(id model.ID) (*model.StorageDomain, error) {
	return one(v.engine.Inventory.StorageDomains, id)
}

// StorageDomains gives all storage domains, by name.
func (v *View) StorageDomains() []*model.StorageDomain {
	return v.engine.Inventory.StorageDomains.All()
}

// Template finds one template.
func (v *View) Template(id model.ID) (*model.Template, error) {
	return one(v.engine.Inventory.Templates, id)
}

// Templates gives all templates, by name.
func (v *View) Templates() []*model.Template { return v.engine.Inventory.Templates.All() }

// Tag finds one tag.
func (v *View) Tag(id model.ID) (*model.Tag, error) { return one(v.engine.Inventory.Tags, id) }

// Tags gives all tags, by name.
func (v *View) Tags() []*model.Tag { return v.engine.Inventory.Tags.All() }

// Disk finds one disk.
func (v *View) Disk(id model.ID) (*model.Disk, error) { return one(v.engine.Inventory.Disks, id) }

// Disks gives all disks, by alias.
func (v *View) Disks() []*model.Disk { return v.engine.Inventory.Disks.All() }

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

// User finds one user.
func (v *View) User(id model.ID) (*model.User, error) { return one(v.engine.Inventory.Users, id) }

// Users gives all users, by login.
func (v *View) Users() []*model.User { return v.engine.Inventory.Users.All() }

// Role finds one role.
func (v *View) Role(id model.ID) (*model.Role, error) { return one(v.engine.Inventory.Roles, id) }

// Roles gives all roles, by name.
func (v *View) Roles() []*model.Role { return v.engine.Inventory.Roles.All() }

// Permission finds one permission.
func (v *View) Permission(id model.ID) (*model.Permission, error) {
	return one(v.engine.Inventory.Permissions, id)
}

// Permissions gives all permissions.
func (v *View) Permissions() []*model.Permission { return v.engine.Inventory.Permissions.All() }

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

// Events calls each for the events selected until it returns false.
func (v *View) Events(ctx context.Context, query store.EventQuery, each func(*model.Event) bool) error {
	return read(v.engine.Inventory.Store().Events(ctx, query, each))
}

// Event finds one event.
func (v *View) Event(ctx context.Context, id int64) (*model.Event, error) {
	var wanted *model.Event
	query := store.EventQuery{After: id - 1, Before: id + 1}
	err := v.engine.Inventory.Store().Events(ctx, query, func(event *model.Event) bool {
		wanted = event
		return false
	})
	if err != nil {
		return nil, read(err)
	}
	if wanted == nil {
		return nil, fault.Missing(fmt.Sprint(id))
	}
	return wanted, nil
}

// Jobs gives the monitored jobs selected, newest first.
func (v *View) Jobs(ctx context.Context, query store.JobQuery) ([]*model.Job, error) {
	jobs, err := v.engine.Inventory.Store().Jobs(ctx, query)
	return jobs, read(err)
}

// Job finds one job, running or ended, monitored or not.
func (v *View) Job(ctx context.Context, id model.ID) (*model.Job, error) {
	if job, running := v.engine.Inventory.Job(id); running {
		return job, nil
	}
	job, err := v.engine.Inventory.Store().Job(ctx, id)
	if err != nil {
		return nil, read(err)
	}
	if job == nil {
		return nil, fault.Missing(string(id))
	}
	return job, nil
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
