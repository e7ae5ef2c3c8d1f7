package engine

import (
	"time"

	"vireo/internal/inventory"
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
		if _, held := tx.Holder(vm.Ref()); !held && vm.Run.Host == on.ID {
			e.loseRun(tx, vm.ID, on, why)
		}
	}
}

// LoseHeld closes the run of a VM whose host is lost, and that a job held when the
// host was. It says whether there was anything to close.
func (e *Engine) LoseHeld(tx *inventory.Tx, id model.ID) bool {
	vm, ok := tx.VMs.Get(id)
	if !ok || vm.Run.Host == "" {
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
