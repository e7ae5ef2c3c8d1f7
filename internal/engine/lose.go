package engine

import (
	"time"

	"vireo/internal/audit"
	"vireo/internal/inventory"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// Ended says whether what ran on a host is known to have ended, by a proof or by an
// operator's word, and the host has not been heard since.
func Ended(on *model.Host) bool { return on.Lost != nil && on.Lost.BootID == on.BootID }

// Lose records that what ran on a host has ended, for a reason that is a proof or an
// operator's word, and closes the runs of its VMs; highly available ones are started
// elsewhere. on is being edited. VMs that a job holds are closed when it has ended, by
// LoseHeld.
func (e *Engine) Lose(tx *inventory.Tx, on *model.Host, why string) {
	lost := on.Lost
	if lost == nil || lost.BootID != on.BootID {
		lost = &model.Lost{BootID: on.BootID, At: time.Now().UTC()}
	} else {
		lost = model.Clone(lost)
	}
	on.Lost = lost
	for _, vm := range RunsOn(tx, on.ID) {
		if _, held := tx.Holder(vm.Ref()); !held && vm.Run.Host == on.ID && !vm.Run.Astray {
			e.loseRun(tx, vm.ID, on, why)
		}
	}
}

// LoseHeld closes the run of a VM whose host is lost, and that a job held when the
// host was. It says whether there was anything to close.
func (e *Engine) LoseHeld(tx *inventory.Tx, id model.ID) bool {
	vm, ok := tx.VMs.Get(id)
	if !ok || vm.Run.Host == "" || vm.Run.Astray {
		return false
	}
	if _, held := tx.Holder(vm.Ref()); held {
		return false
	}
	on, ok := tx.Hosts.Get(vm.Run.Host)
	if !ok || !Ended(on) || !runs(vm) {
		return false
	}
	edited, _ := tx.Hosts.Edit(on.ID)
	edited.Lost = model.Clone(edited.Lost)
	e.loseRun(tx, id, edited, "Its host has ended.")
	return true
}

// LoseByLease closes the run of one VM whose lease has died with its holder: what else
// ran on its host may live. Whoever calls it has the proof that holder has ended, and
// it counts only if nothing has become known of the VM since that began. It says whether
// the run was closed.
func (e *Engine) LoseByLease(tx *inventory.Tx, id model.ID, epoch uint64, holder model.Holder) bool {
	vm, ok := tx.VMs.Get(id)
	if !ok || !MayBeLostByLease(tx, vm) || vm.Run.Epoch != epoch || *vm.Run.Lease.Holder != holder {
		return false
	}
	on, ok := tx.Hosts.Edit(vm.Run.Host)
	if !ok {
		return false
	}
	if on.Leased == nil || on.Leased.BootID != on.BootID {
		on.Leased = &model.Lost{BootID: on.BootID, Runs: make(map[model.ID]uint64)}
	} else {
		on.Leased = model.Clone(on.Leased)
	}
	on.Leased.At, on.Leased.Runs[id] = time.Now().UTC(), epoch
	edited, _ := tx.VMs.Edit(id)
	tx.Event(audit.New(audit.LeaseDied, audit.About{VM: edited, Host: on}))
	e.Down(tx, edited, lifecycle.CauseHostLost, "Its lease has died, and its guest with it.", audit.About{})
	return true
}

// MayBeLostByLease says whether the lease of a VM's run can prove that its guest has ended:
// it was read who holds it, nothing is heard of its host, and no job is at work on the
// guest, which may have brought it elsewhere or have stopped it. A guest that was paused
// when it was last seen had given its lease up.
func MayBeLostByLease(tx *inventory.Tx, vm *model.VM) bool {
	if vm.Run.Lease == nil || vm.Run.Lease.Holder == nil || vm.Run.Migration != nil || vm.Run.Suspended != nil ||
		vm.Run.Status != model.StatusUnknown || !HoldsLease(vm.Run.Before) {
		return false
	}
	if _, held := tx.Holder(vm.Ref()); held {
		return false
	}
	on, ok := tx.Hosts.Get(vm.Run.Host)
	return ok && on.Status == model.HostNonResponsive && on.BootID == vm.Run.BootID
}

// HoldsLease says whether a guest in a status holds its lease: one whose CPUs are stopped
// does not.
func HoldsLease(status model.Status) bool {
	switch status {
	case model.StatusUp, model.StatusPoweringUp, model.StatusPoweringDown, model.StatusRebootInProgress:
		return true
	default:
		return false
	}
}

func (e *Engine) loseRun(tx *inventory.Tx, id model.ID, on *model.Host, why string) {
	edited, ok := tx.VMs.Edit(id)
	if !ok {
		return
	}
	if on.Lost.Runs == nil {
		on.Lost.Runs = make(map[model.ID]uint64)
	}
	on.Lost.Runs[id] = edited.Run.Epoch
	e.WentWithHost(tx, edited, on, why)
}
