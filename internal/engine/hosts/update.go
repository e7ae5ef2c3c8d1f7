package hosts

import (
	"reflect"
	"slices"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// unused are the statuses in which nothing is done on a host, so that where it is
// and what it belongs to can be changed.
var unused = []model.HostStatus{model.HostMaintenance, model.HostInstallFailed, model.HostDown}

// update changes what people have written of a host; its address, its cluster and its
// pinned key only while it is not used.
func (r *room) update(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	edit, ok := call.Params.(engine.Edit[model.Host])
	if !ok || edit == nil {
		return nil, fault.New(fault.Invalid, call.Verb, "Nothing to change was given.")
	}
	old, _ := tx.Hosts.Get(call.Target)
	wanted := model.Clone(old)
	if err := edit(wanted); err != nil {
		return nil, err
	}
	on := model.Clone(old)
	on.Name, on.Description, on.Comment = wanted.Name, wanted.Description, wanted.Comment
	on.Address, on.Cluster, on.SSHFingerprint = wanted.Address, wanted.Cluster, wanted.SSHFingerprint
	on.Power = wanted.Power
	moved, repinned := on.URI() != old.URI(), on.SSHFingerprint != old.SSHFingerprint
	if moved && !repinned {
		on.SSHFingerprint = "" // of another machine
	}
	if moved || repinned {
		on.SSHKey = ""
	}
	if reflect.DeepEqual(on, old) {
		return old, nil
	}
	if err := check(tx, call.Verb, on); err != nil {
		return nil, err
	}
	if err := r.checkPower(call, old, on); err != nil {
		return nil, err
	}
	if err := checkChange(tx, call, old, moved || on.Cluster != old.Cluster, repinned); err != nil {
		return nil, err
	}
	tx.Hosts.Put(on)
	tell(tx, audit.HostUpdated, call, on, "")
	return on, nil
}

// barred refuses to lose sight of a host that was cut off from its storage: its record would be
// let back for another machine, while its own guests live on.
func barred(call *engine.Call, on *model.Host) error {
	return fault.New(fault.HostStatusWrong, call.Verb, on.Name, lifecycle.HostLabel(on.Status),
		"It was cut off from its storage, and what ran there may run on. Restart it; if it does not answer, confirm that (fence with fence_type manual).")
}

// checkChange refuses to change a host beneath its VMs. Another key may be pinned
// whenever the engine does not use the host, since that it shows another one is why.
func checkChange(tx *inventory.Tx, call *engine.Call, old *model.Host, place, key bool) error {
	_, lost := lifecycle.HostMove(old.Status, lifecycle.HostAnswered)
	idle := slices.Contains(unused, old.Status)
	switch {
	case place && old.Barred != nil && !old.MayReturn():
		return barred(call, old)
	case place && !idle:
		return fault.New(fault.HostStatusWrong, call.Verb, old.Name, lifecycle.HostLabel(old.Status), "Address and cluster can be changed while it is in maintenance.")
	case key && !idle && !lost:
		return fault.New(fault.HostStatusWrong, call.Verb, old.Name, lifecycle.HostLabel(old.Status), "Another key can be pinned while it is not used.")
	case place && len(engine.RunsOn(tx, old.ID)) > 0:
		return fault.New(fault.HostHasVMs, call.Verb, old.Name, list(engine.RunsOn(tx, old.ID)))
	}
	return nil
}
