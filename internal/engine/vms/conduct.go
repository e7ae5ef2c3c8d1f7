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
	// downtime is for how long the guest may stand still at first, ceiling in the end.
	downtime, ceiling time.Duration
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
		downtime:     r.milliseconds("DefaultMaximumMigrationDowntime"),
	}
	c.ceiling = max(c.downtime, r.milliseconds("MigrationDowntimeCeiling"))
	switch options.Policy {
	case model.MigrationMinimal:
		c.autoConverge, c.ceiling = options.AutoConverge != "false", c.downtime
	case model.MigrationSuspend:
		c.autoConverge = options.AutoConverge != "false"
	case model.MigrationPostCopy:
		c.postCopy = !isTunnelled
	}
	if config.MigrationDowntime >= 0 {
		c.downtime = time.Duration(config.MigrationDowntime) * time.Millisecond
		c.ceiling = c.downtime
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
		To: address, Reception: reception, Bandwidth: how.bandwidth, Downtime: how.downtime,
		AutoConverge: how.autoConverge, Compressed: how.compressed, PostCopy: how.postCopy,
		Encrypted: carriage.Encrypted, Tunnelled: carriage.Tunnelled,
	}, nil
}

// pace notices that a migration gets no further. Its guest may then stand still for
// longer in the end, as long as its conduct lets it; or it is ended in post-copy.
type pace struct {
	conduct
	// least is the least that was left, since when.
	least int64
	since time.Time
	stall time.Duration
}

func (r *room) newPace(vm *model.VM, to model.ID) *pace {
	var carriage placement.Carriage
	from, known := r.Inventory.Hosts.Get(vm.Run.Host)
	if there, ok := r.Inventory.Hosts.Get(to); ok && known {
		carriage, _ = placement.Carry(from, there, r.clusterOf(vm), vm)
	}
	return &pace{conduct: r.conductOf(vm, carriage.Tunnelled), since: time.Now(), stall: r.Values.Duration("MigrationStallTime")}
}

// measure is what is to be done about a migration now.
type measure string

// The measures: nothing, to let the guest stand still for longer, to end it in post-copy,
// and to give it up.
const (
	goOn      measure = ""
	stretch   measure = "stretch"
	finish    measure = "finish"
	surrender measure = "surrender"
)

// look says what to do, now that a migration is so far.
func (p *pace) look(progress host.MigrationProgress) measure {
	if progress.Total > 0 && (p.least == 0 || progress.Left < p.least) {
		p.least, p.since = progress.Left, time.Now()
	}
	if time.Since(p.since) < p.stall {
		return goOn
	}
	p.since = time.Now()
	switch {
	case p.postCopy:
		return finish
	case p.downtime >= p.ceiling:
		return surrender
	}
	p.downtime = min(2*p.downtime, p.ceiling)
	return stretch
}
