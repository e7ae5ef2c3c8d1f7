package vms

import (
	"slices"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// MigrateParams are the Params of migrate (api-v3 3.10).
type MigrateParams struct {
	// Host is the destination; empty leaves it to the engine.
	Host model.ID `json:"host,omitempty"`
	// Force also moves a VM that is user_migratable.
	Force bool `json:"force,omitempty"`
	// Cluster is where the VM is to be afterwards; empty is where it is.
	Cluster model.ID `json:"cluster,omitempty"`
}

// Durable keeps the parameters with the job.
func (*MigrateParams) Durable() {}

func migrateParams(call *engine.Call) *MigrateParams {
	if params, ok := call.Params.(*MigrateParams); ok && params != nil {
		return params
	}
	return &MigrateParams{}
}

// demandsOfMigrate: whoever brings a VM into another cluster changes it, and makes one
// there (api-v3 3.10).
func demandsOfMigrate(tx *inventory.Tx, call *engine.Call) ([]engine.Demand, error) {
	on := model.Ref{Kind: model.KindVM, ID: call.Target}
	demands := []engine.Demand{{Permit: "migrate_vm", On: on}}
	vm, ok := tx.VMs.Get(call.Target)
	if to := migrateParams(call).Cluster; ok && to != "" && to != vm.Cluster {
		demands = append(demands, engine.Demand{Permit: "edit_vm_properties", On: on},
			engine.Demand{Permit: "create_vm", On: model.Ref{Kind: model.KindCluster, ID: to}})
	}
	return demands, nil
}

// firstMigrate refuses what comes before the status (api-v3 3.10).
func firstMigrate(tx *inventory.Tx, call *engine.Call) error {
	params := migrateParams(call)
	vm, ok := tx.VMs.Get(call.Target)
	if !ok {
		return nil
	}
	if params.Host != "" {
		to, known := tx.Hosts.Get(params.Host)
		if !known {
			return fault.New(fault.InvalidHost, call.Verb)
		}
		if to.Status != model.HostUp {
			return fault.New(fault.HostStatusIllegal, call.Verb)
		}
	}
	switch vm.Placement.Affinity {
	case model.AffinityPinned:
		return fault.New(fault.PinnedToHost, call.Verb)
	case model.AffinityUserMigratable:
		if !params.Force {
			return fault.New(fault.NotMigratable, call.Verb)
		}
	}
	return nil
}

// refuseMigrate is the refusal by status (api-v3 3.10).
func refuseMigrate(verb string, status model.Status) *fault.Fault {
	switch status {
	case model.StatusMigrating:
		return fault.New(fault.MigrationInProgress, verb)
	case model.StatusNotResponding:
		return fault.New(fault.VMStatusIllegal, verb, lifecycle.Label(status))
	default:
		return fault.New(fault.VMNotRunning, verb)
	}
}

// checkMigrate holds the preconditions beside the status, up to placement.
func (r *room) checkMigrate(tx *inventory.Tx, call *engine.Call) error {
	vm, _ := tx.VMs.Get(call.Target)
	params := migrateParams(call)
	if vm.Run.Status == model.StatusPaused && vm.Run.Detail == model.PauseEIO {
		return fault.New(fault.MigrationAfterIOError, call.Verb)
	}
	if err := checkOtherCluster(tx, call.Verb, vm, params.Cluster); err != nil {
		return err
	}
	// A host that is being emptied is one to migrate from.
	on, ok := tx.Hosts.Get(vm.Run.Host)
	if !ok || !on.Leavable() {
		return fault.New(fault.HostStatusIllegal, call.Verb)
	}
	if err := checkDisks(tx, call.Verb, vm); err != nil {
		return err
	}
	to, named := tx.Hosts.Get(params.Host)
	switch {
	case !named:
		return nil
	case params.Cluster != "" && to.Cluster != params.Cluster:
		return fault.New(fault.MigrationClusterHost, call.Verb, to.Name)
	case to.ID == vm.Run.Host:
		return fault.New(fault.MigrationToSameHost, call.Verb)
	case params.Cluster == "" && to.Cluster != vm.Cluster:
		return fault.New(fault.MigrationElsewhere, call.Verb, to.Name)
	}
	return nil
}

// checkOtherCluster: a VM stays in its data center, and with its architecture.
func checkOtherCluster(tx *inventory.Tx, verb string, vm *model.VM, to model.ID) error {
	if to == "" || to == vm.Cluster {
		return nil
	}
	there, ok := tx.Clusters.Get(to)
	if !ok {
		return fault.Missing("Cluster: id=" + string(to))
	}
	here, ok := tx.Clusters.Get(vm.Cluster)
	if ok && (here.DataCenter != there.DataCenter || here.Architecture != there.Architecture) {
		return fault.New(fault.StateConflict, verb+" VM", "The cluster "+there.Name+" is of another data center or architecture.")
	}
	return nil
}

// enterMigration chooses the destination, and keeps the room there.
func (r *room) enterMigration(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	params := migrateParams(call)
	edited, _ := tx.VMs.Edit(call.Target)
	moved := inCluster(edited, params.Cluster)
	unseen, err := r.Unseen(tx, call, moved)
	if err != nil {
		return nil, err
	}
	chosen, err := r.destination(tx, call.Verb, moved, params, nil, unseen)
	if err != nil {
		return nil, err
	}
	edited.Run.Migration = &model.Migration{To: chosen.ID, Asked: time.Now().UTC(), Detail: edited.Run.Detail}
	return edited, nil
}

// openMigration says where a VM goes, in the event that tells that it does.
func openMigration(tx *inventory.Tx, call *engine.Call, about *audit.About) {
	if vm, ok := tx.VMs.Get(call.Target); ok && vm.Run.Migration != nil {
		about.To, _ = tx.Hosts.Get(vm.Run.Migration.To)
	}
}

// describeMigration is the title of the job when a host was named (api-v3 3.1).
func (r *room) describeMigration(call *engine.Call) string {
	if to, ok := r.Inventory.Hosts.Get(migrateParams(call).Host); ok {
		return "Migrating VM {name} to Host " + to.Name
	}
	return ""
}

// inCluster is a VM as it will be when it has moved.
func inCluster(vm *model.VM, cluster model.ID) *model.VM {
	if cluster == "" || cluster == vm.Cluster {
		return vm
	}
	moved := *vm
	moved.Cluster = cluster
	return &moved
}

// destination finds the host that a VM is to go to: the one that was named, or the best
// one that was not tried. vm is as it will be there.
func (r *room) destination(tx *inventory.Tx, verb string, vm *model.VM, params *MigrateParams, tried []model.ID, unseen map[model.ID]string) (*model.Host, error) {
	needs := r.needs(vm, verb)
	needs.Unseen, needs.Only = unseen, vm.Placement.Hosts
	// Who may have it moved was asked before.
	needs.From, needs.Forced = vm.Run.Host, true
	needs.Not = append(slices.Clone(tried), vm.Run.Host)
	if params.Host != "" {
		if len(needs.Only) > 0 && !slices.Contains(needs.Only, params.Host) {
			to, _ := tx.Hosts.Get(params.Host)
			return nil, fault.New(fault.AllHostsFiltered, verb).With(
				fault.New(fault.HostFiltered, to.Name, "PinToHost", "the VM is to run on other hosts"))
		}
		needs.Only = []model.ID{params.Host}
	}
	return r.Placement.Choose(tx, needs, r.limits())
}

// isTurn says whether a migration may begin: each host sends and takes only a few at
// a time, those that were asked for first before others.
func (r *room) isTurn(all []*model.VM, vm *model.VM) bool {
	out, in := r.Values.Int("MaxConcurrentOutgoingMigrations"), r.Values.Int("MaxConcurrentIncomingMigrations")
	mine := vm.Run.Migration
	for _, other := range all {
		theirs := other.Run.Migration
		if theirs == nil || other.ID == vm.ID || !theirs.Going && !before(other, vm) {
			continue
		}
		if other.Run.Host == vm.Run.Host {
			out--
		}
		if theirs.To == mine.To {
			in--
		}
	}
	return out > 0 && in > 0
}

// before says which of two migrations was asked for first.
func before(a, b *model.VM) bool {
	if order := a.Run.Migration.Asked.Compare(b.Run.Migration.Asked); order != 0 {
		return order < 0
	}
	return a.ID < b.ID
}
