package vms

import (
	"time"

	"vireo/internal/engine/placement"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/model"
)

// conduct is how a VM's guest migrates: as the VM says, else its cluster, else the
// options of the engine.
type conduct struct {
	autoConverge, compressed bool
	// bandwidth is in MiB/s; 0 is no limit.
	bandwidth int
	// limit is for how long the guest may stand still, which schedule comes to by and by;
	// ceiling is what it may be stretched to when that does not help.
	limit, ceiling time.Duration
	schedule       schedule
	// postCopy says that it is ended in post-copy when it gets no further.
	postCopy bool
}

// conductOf reads the wishes for a migration. A migration that is tunnelled knows no
// post-copy: then the guest may stand still for longer.
func (r *room) conductOf(vm *model.VM, isTunnelled bool) conduct {
	config := vm.Effective()
	options := placement.MigrationOptions(r.clusterOf(vm), vm)
	c := conduct{
		autoConverge: r.wished(options.AutoConverge, "DefaultAutoConvergence"),
		compressed:   r.wished(options.Compressed, "DefaultMigrationCompression"),
		bandwidth:    options.Bandwidth.Limit(r.Values.Int("MigrationBandwidth")),
		limit:        r.milliseconds("DefaultMaximumMigrationDowntime"),
		schedule:     scheduleOf(options.Policy),
	}
	c.ceiling = max(c.limit, r.milliseconds("MigrationDowntimeCeiling"))
	switch options.Policy {
	case model.MigrationMinimal:
		c.autoConverge, c.ceiling = options.AutoConverge != "false", c.limit
	case model.MigrationSuspend:
		c.autoConverge = options.AutoConverge != "false"
	case model.MigrationPostCopy:
		c.postCopy = !isTunnelled
	}
	if config.MigrationDowntime >= 0 {
		c.limit = time.Duration(config.MigrationDowntime) * time.Millisecond
		c.ceiling = c.limit
	}
	return c
}

// clusterOf is a VM's cluster; nil if there is none.
func (r *room) clusterOf(vm *model.VM) *model.Cluster {
	cluster, _ := r.Inventory.Clusters.Get(vm.Cluster)
	return cluster
}

func (r *room) milliseconds(option string) time.Duration {
	return time.Duration(r.Values.Int(option)) * time.Millisecond
}

// wished reads true, false or inherit.
func (r *room) wished(wish, option string) bool {
	switch wish {
	case "true":
		return true
	case "false":
		return false
	}
	return r.Values.Bool(option)
}

// migration says how a guest goes to a host. vm is as it will be there.
func (r *room) migration(vm *model.VM, to model.ID, reception host.Reception) (host.Migration, error) {
	from, known := r.Inventory.Hosts.Get(vm.Run.Host)
	there, ok := r.Inventory.Hosts.Get(to)
	if !ok || !known {
		return host.Migration{}, fault.New(fault.NoHosts)
	}
	address, ok := placement.PeerAddress(there)
	if !ok {
		return host.Migration{}, fault.New(fault.StateConflict, "migrate VM", "The address of the host "+there.Name+" is one that other hosts cannot reach.")
	}
	carriage, ok := placement.Carry(from, there, r.clusterOf(vm), vm)
	if !ok {
		return host.Migration{}, fault.New(fault.StateConflict, "migrate VM", "Nothing that goes to the host "+there.Name+" is encrypted, as the VM wants it to be.")
	}
	how := r.conductOf(vm, carriage.Tunnelled)
	return host.Migration{
		To: address, Reception: reception, Bandwidth: how.bandwidth, Downtime: how.allowed(0),
		AutoConverge: how.autoConverge, Compressed: how.compressed, PostCopy: how.postCopy,
		Encrypted: carriage.Encrypted, Tunnelled: carriage.Tunnelled,
	}, nil
}
