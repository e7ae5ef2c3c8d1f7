package disks

import (
	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/image"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// MoveParams are the Params of move, of a disk and of a VM: all its disks.
type MoveParams struct {
	// StorageDomain is where the disks are to go.
	StorageDomain model.ID `json:"storage_domain"`

	// The rest is filled in, for the steps. VM is the one whose guest has the disk.
	Moves []Move      `json:"moves"`
	Owner image.Owner `json:"owner"`
	VM    model.ID    `json:"vm,omitempty"`
}

// Durable keeps the parameters with the job.
func (*MoveParams) Durable() {}

// Move is a disk that goes from one storage domain to another. Its ids stay.
type Move struct {
	Disk model.ID `json:"disk"`
	From model.ID `json:"from"`
	To   model.ID `json:"to"`
}

// moveData is what a move remembers: what the disks occupy where they have gone, and
// that the guest was told to use the new place.
type moveData struct {
	Sizes    map[model.ID]int64 `json:"sizes,omitempty"`
	Pivoting bool               `json:"pivoting,omitempty"`
}

func moveParams(call *engine.Call) (*MoveParams, error) {
	params, ok := call.Params.(*MoveParams)
	if !ok || params == nil || params.StorageDomain == "" {
		return nil, fault.New(fault.Invalid, call.Verb, "No storage domain was given.")
	}
	return params, nil
}

// demandsOfMove: the disk is taken from one domain, and another one is filled.
func demandsOfMove(_ *inventory.Tx, call *engine.Call) ([]engine.Demand, error) {
	taken := engine.Demand{Permit: "configure_disk_storage", On: model.Ref{Kind: model.KindDisk, ID: call.Target}}
	if call.Parent != "" {
		taken = engine.Demand{Permit: "configure_vm_storage", On: model.Ref{Kind: model.KindVM, ID: call.Parent}}
	}
	if call.On == model.KindVM {
		taken = engine.Demand{Permit: "move_vm", On: model.Ref{Kind: model.KindVM, ID: call.Target}}
	}
	return append(filled(call), taken), nil
}

// filled is the demand on the storage domain that a call names.
func filled(call *engine.Call) []engine.Demand {
	var id model.ID
	switch params := call.Params.(type) {
	case *MoveParams:
		id = params.StorageDomain
	case *CopyParams:
		id = params.StorageDomain
	}
	return []engine.Demand{{Permit: "create_disk", On: model.Ref{Kind: model.KindStorageDomain, ID: id}}}
}

// move locks the disks and keeps for the steps where they go.
func (r *room) move(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	params, err := moveParams(call)
	if err != nil {
		return nil, err
	}
	params.Moves = nil
	for _, disk := range r.toMove(tx, call) {
		var vm *model.VM
		if guests := guestsOf(tx, disk.ID); len(guests) > 0 {
			vm = guests[0]
			params.VM = vm.ID
		}
		params.Owner = owner(tx, &model.Disk{StorageDomain: params.StorageDomain}, vm)
		params.Moves = append(params.Moves, Move{Disk: disk.ID, From: disk.StorageDomain, To: params.StorageDomain})
		edited, _ := tx.Disks.Edit(disk.ID)
		edited.Status = model.DiskLocked
		about := aboutCall(tx, call, edited)
		about.VM = userOf(tx, edited.ID)
		about.Domain, _ = tx.StorageDomains.Get(params.StorageDomain)
		tx.Event(audit.New(audit.DiskMoveBegun, about))
	}
	if call.On == model.KindVM {
		return nil, nil // the object is the VM
	}
	disk, _ := tx.Disks.Get(call.Target)
	return disk, nil
}

// userOf is the first VM that a disk is attached to; nil if there is none.
func userOf(tx *inventory.Tx, disk model.ID) *model.VM {
	for _, vm := range users(tx, disk) {
		return vm
	}
	return nil
}

// moved settles a move: the disks are where they were, or where they were to go, and
// what was a template's volume there is the disk's own.
func (r *room) moved(tx *inventory.Tx, w *job.Work, failure error) {
	var params MoveParams
	var data moveData
	_, _ = w.Params(&params), w.Data(&data)
	for _, each := range params.Moves {
		disk, ok := tx.Disks.Edit(each.Disk)
		if !ok {
			continue
		}
		disk.Status = model.DiskOK
		about := engine.AboutJob(tx, w.Job)
		about.Disk, about.VM = disk, userOf(tx, disk.ID)
		about.Domain, _ = tx.StorageDomains.Get(each.To)
		if failure == nil {
			disk.ActualSize = data.Sizes[disk.ID]
			tx.Event(audit.New(audit.DiskMoved, about))
			continue
		}
		about.Detail = fault.Of(failure).Message()
		tx.Event(audit.New(audit.DiskMoveFailed, about))
		if w.Dirty {
			leave(disk, each.To)
			about.Detail = "see the engine's log"
			tx.Event(audit.New(audit.DiskLeftBehind, about))
		}
	}
}
