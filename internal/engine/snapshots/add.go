package snapshots

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// maxDescription is how many bytes a description may have.
const maxDescription = 4000

// AddParams are the Params of add (api-v3 6.1).
type AddParams struct {
	Description string `json:"description"`
	// Memory keeps the memory of a guest too.
	Memory bool `json:"memory,omitempty"`
	// Disks are those that are kept; nil is all that can be.
	Disks []model.ID `json:"disks,omitempty"`

	// New are the volumes that are written from then on, Saved is where the memory goes;
	// both are filled in.
	New   []model.Overlay   `json:"new,omitempty"`
	Saved *model.SavedState `json:"saved,omitempty"`
}

// Durable keeps the parameters with the job.
func (*AddParams) Durable() {}

func addParams(call *engine.Call) *AddParams {
	params, ok := call.Params.(*AddParams)
	if !ok || params == nil {
		params = &AddParams{}
		call.Params = params
	}
	return params
}

// keepable says whether a snapshot can be taken of a disk as it is attached: who shares
// it could not follow, and nothing is written to one that is only read.
func keepable(disk *model.Disk, attachment model.DiskAttachment) bool {
	return !disk.Shareable && !attachment.ReadOnly
}

// kept are the disks of a VM that a snapshot is taken of.
func kept(tx *inventory.Tx, vm *model.VM, params *AddParams) []*model.Disk {
	var found []*model.Disk
	for _, attachment := range vm.Disks {
		disk, ok := tx.Disks.Get(attachment.Disk)
		if ok && keepable(disk, attachment) && (params.Disks == nil || slices.Contains(params.Disks, disk.ID)) {
			found = append(found, disk)
		}
	}
	return found
}

func (r *room) checkAdd(tx *inventory.Tx, call *engine.Call) error {
	vm, _ := tx.VMs.Get(call.Parent)
	params := addParams(call)
	if err := checkDescription(call.Verb, params.Description); err != nil {
		return err
	}
	if err := engine.CheckSettled(tx, call.Verb, vm); err != nil {
		return err
	}
	if len(vm.Run.Overlays) > 0 {
		return fault.New(fault.StateConflict, call.Verb, fmt.Sprintf("VM %s runs stateless, and nothing of what it writes is kept.", vm.Name))
	}
	if err := checkChosen(tx, call.Verb, vm, params); err != nil {
		return err
	}
	disks := kept(tx, vm, params)
	if limit := r.Values.Int("MaxSnapshotsInChain"); len(disks) == 0 && len(engine.SnapshotsOf(tx, vm.ID)) >= limit {
		return fault.New(fault.StateConflict, call.Verb, fmt.Sprintf("VM %s has %d snapshots already, and this one would hold no disk.", vm.Name, limit))
	}
	return r.checkDisks(tx, call.Verb, disks)
}

func checkDescription(verb, text string) error {
	switch {
	case text == "":
		return fault.New(fault.Invalid, verb, "A snapshot needs a description.")
	case len(text) > maxDescription:
		return fault.New(fault.Invalid, verb, fmt.Sprintf("The description may have at most %d bytes.", maxDescription))
	case strings.ContainsFunc(text, func(char rune) bool {
		return char < 0x20 && char != '\t' && char != '\n' && char != '\r' || char == 0x7f
	}):
		return fault.New(fault.Invalid, verb, "The description holds control characters.")
	}
	return nil
}

// checkChosen refuses disks that are not the VM's or of which no snapshot can be taken,
// and memory without some of the disks that it would have to fit.
func checkChosen(tx *inventory.Tx, verb string, vm *model.VM, params *AddParams) error {
	for _, id := range params.Disks {
		i := slices.IndexFunc(vm.Disks, func(a model.DiskAttachment) bool { return a.Disk == id })
		if i < 0 {
			return fault.Missing(string(id))
		}
		if disk, ok := tx.Disks.Get(id); ok && !keepable(disk, vm.Disks[i]) {
			return fault.New(fault.StateConflict, verb, fmt.Sprintf("The disk %s is shareable or only read, and no snapshot can be taken of it.", disk.Alias))
		}
	}
	if params.Memory && len(kept(tx, vm, params)) < len(kept(tx, vm, &AddParams{})) {
		return fault.New(fault.Invalid, verb, "The memory is kept with all disks or not at all: it would not fit what the others hold later.")
	}
	return nil
}

// checkDisks refuses disks that cannot be used, or have as many snapshots as they may.
func (r *room) checkDisks(tx *inventory.Tx, verb string, disks []*model.Disk) error {
	limit := r.Values.Int("MaxSnapshotsInChain")
	for _, disk := range disks {
		if own(disk) >= limit {
			return fault.New(fault.ChainTooLong, verb, disk.Alias, fmt.Sprint(own(disk)))
		}
	}
	return checkUsable(tx, verb, disks)
}

// checkUsable refuses disks that are at work or broken, or cannot be reached.
func checkUsable(tx *inventory.Tx, verb string, disks []*model.Disk) error {
	for _, disk := range disks {
		switch {
		case disk.Status == model.DiskLocked:
			return fault.New(fault.DiskLocked, verb, disk.Alias)
		case disk.Status != model.DiskOK:
			return fault.New(fault.StateConflict, verb, fmt.Sprintf("The disk %s is illegal.", disk.Alias))
		}
		domain, ok := tx.StorageDomains.Get(disk.StorageDomain)
		if !ok {
			return fault.New(fault.DomainNotFound, verb)
		}
		if domain.Status != model.StorageDomainActive {
			return fault.New(fault.DomainStatusIllegal, verb, string(domain.Status))
		}
	}
	return nil
}

// own counts the volumes in a disk's chain that are its own and no template's.
func own(disk *model.Disk) int {
	count := 0
	for _, volume := range disk.Chain {
		if volume.Template == "" {
			count++
		}
	}
	return count
}

// add records the snapshot, locked until its volumes are in use.
func (r *room) add(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	vm, _ := tx.VMs.Edit(call.Parent)
	params := addParams(call)
	guest := vm.Run.Status != model.StatusDown
	snapshot := &model.Snapshot{
		ID: model.NewID(), VM: vm.ID, Description: params.Description, CreationTime: time.Now().UTC(),
		Type: model.SnapshotRegular, Status: model.SnapshotLocked, Config: *model.Clone(&vm.VMConfig), Given: model.Clone(vm).Run.Given,
	}
	for _, disk := range kept(tx, vm, params) {
		snapshot.Volumes = append(snapshot.Volumes, model.SnapshotVolume{Disk: disk.ID, Volume: disk.Volume})
		params.New = append(params.New, model.Overlay{Disk: disk.ID, Volume: model.NewID(), StorageDomain: disk.StorageDomain})
	}
	params.Memory = params.Memory && guest
	if !guest {
		engine.SetStatus(vm, model.StatusImageLocked, "")
	}
	tx.Snapshots.Put(snapshot)
	return snapshot, nil
}
