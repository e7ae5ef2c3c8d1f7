package disks

import (
	"fmt"
	"reflect"
	"slices"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// UpdateParams are the Params of update. With Parent the attachment to that VM
// is changed too.
type UpdateParams struct {
	// Edit changes the disk, Attach the attachment; nil changes nothing. A whole
	// representation that was read before may be given back.
	Edit   engine.Edit[model.Disk]           `json:"-"`
	Attach engine.Edit[model.DiskAttachment] `json:"-"`

	// The rest is filled in, for the steps. Size is the new one in bytes; Guest is
	// the VM whose guest has the disk that grows.
	Size  int64    `json:"size,omitempty"`
	Guest model.ID `json:"guest,omitempty"`
	ChangeParams
}

// Durable keeps the parameters with the job.
func (*UpdateParams) Durable() {}

// edited is what an update makes of a disk and of its attachment.
type edited struct {
	params    *UpdateParams
	was, disk *model.Disk
	vm        *model.VM // nil for a disk that is changed by itself
	from, to  *model.DiskAttachment
}

func (r *room) edited(tx *inventory.Tx, call *engine.Call) (*edited, error) {
	params, ok := call.Params.(*UpdateParams)
	if !ok || params == nil {
		return nil, fault.New(fault.Invalid, call.Verb, "Nothing to change was given.")
	}
	was, ok := tx.Disks.Get(call.Target)
	if !ok {
		return nil, fault.Missing(string(call.Target))
	}
	e := &edited{params: params, was: was, disk: model.Clone(was)}
	if params.Edit != nil {
		if err := params.Edit(e.disk); err != nil {
			return nil, err
		}
	}
	if call.Parent == "" {
		return e, nil
	}
	var err error
	if e.vm, _, e.from, err = ofVM(tx, call); err != nil {
		return nil, err
	}
	changed := *e.from
	if params.Attach != nil {
		if err := params.Attach(&changed); err != nil {
			return nil, err
		}
	}
	e.to = &changed
	// For a disk of a VM these two say how it is attached there.
	if params.Attach == nil && e.disk.Interface != was.Interface {
		e.to.Interface = e.disk.Interface
	}
	if params.Attach == nil && e.disk.Bootable != was.Bootable {
		e.to.Bootable = e.disk.Bootable
	}
	return e, nil
}

// switches says whether an update plugs the disk or unplugs it.
func (r *room) switches(tx *inventory.Tx, call *engine.Call) bool {
	e, err := r.edited(tx, call)
	return err == nil && e.vm != nil && e.from.Active != e.to.Active
}

// checkUpdate refuses what cannot be changed, or not now.
func (r *room) checkUpdate(tx *inventory.Tx, call *engine.Call) error {
	e, err := r.edited(tx, call)
	if err != nil {
		return err
	}
	if err := checkFree(call.Verb, e.was); err != nil {
		return err
	}
	if err := engine.CheckNoTemplate(tx, call.Verb, e.was); err != nil {
		return err
	}
	for _, rule := range []func(*inventory.Tx, *engine.Call, *edited) error{r.checkFixed, r.checkGrowth, r.checkUse} {
		if err := rule(tx, call, e); err != nil {
			return err
		}
	}
	if e.vm == nil {
		return nil
	}
	if err := checkAttachment(call.Verb, e.vm, e.to); err != nil {
		return err
	}
	return checkPlug(call.Verb, e.vm, e.from, e.to)
}

// checkFixed refuses what a disk keeps for its life.
func (r *room) checkFixed(_ *inventory.Tx, call *engine.Call, e *edited) error {
	if e.disk.ID != e.was.ID || e.to != nil && e.to.Disk != e.was.ID {
		return &fault.Fault{
			Kind: fault.Conflict, Code: "IMMUTABLE", Reason: "Broken immutability constraint",
			Messages: []string{"Attempt to set immutable field: id"},
		}
	}
	if e.disk.Format != e.was.Format || e.disk.Sparse != e.was.Sparse || e.disk.StorageDomain != e.was.StorageDomain {
		return fault.New(fault.IllegalField, call.Verb, "Format, allocation and storage domain of a disk cannot be changed.")
	}
	return r.checkDisk(call.Verb, e.disk)
}

// checkUse refuses changes that a guest which has the disk would not see.
func (r *room) checkUse(tx *inventory.Tx, call *engine.Call, e *edited) error {
	all := users(tx, e.was.ID)
	if !e.disk.Shareable && len(all) > 1 {
		return fault.New(fault.StateConflict, call.Verb, "Several VMs share the disk.")
	}
	for _, vm := range all {
		if vm.Run.Status == model.StatusDown || !isActive(attachment(vm, e.was.ID)) {
			continue
		}
		if e.disk.Shareable != e.was.Shareable {
			return inUse(call.Verb, vm, e.was)
		}
		if e.vm != nil && e.vm.ID == vm.ID && (e.to.Interface != e.from.Interface || e.to.Bootable != e.from.Bootable || e.to.ReadOnly != e.from.ReadOnly) {
			return inUse(call.Verb, vm, e.was)
		}
	}
	if e.vm != nil && e.from.Active != e.to.Active && vmElsewhere(e.vm) {
		return refuseStatus(call.Verb, e.vm.Run.Status)
	}
	return nil
}

// vmElsewhere says whether the VM is neither down nor live.
func vmElsewhere(vm *model.VM) bool {
	return !slices.Contains(resting, vm.Run.Status) && !slices.Contains(live, vm.Run.Status)
}

func inUse(verb string, vm *model.VM, disk *model.Disk) error {
	return fault.New(fault.StateConflict, verb,
		fmt.Sprintf("VM %s is not down and uses the disk %s, so how it is used cannot change; deactivate it first, or stop the VM.", vm.Name, disk.Alias))
}

// update records the changes; whether the disk is active in a guest that runs is
// left to the job.
func (r *room) update(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	e, err := r.edited(tx, call)
	if err != nil {
		return nil, err
	}
	if reflect.DeepEqual(e.disk, e.was) && reflect.DeepEqual(e.from, e.to) {
		return e.was, nil
	}
	disk, _ := tx.Disks.Edit(e.was.ID)
	copyEditable(disk, e.disk)
	if e.vm != nil {
		e.params.Change = Change{VM: e.vm.ID, Disk: disk.ID, Old: e.from, New: e.to}
		r.applyChange(tx, e.params.Change)
	}
	tell(tx, audit.DiskUpdated, call, disk)
	return disk, nil
}

// copyEditable takes over what can be changed beside the size.
func copyEditable(to, from *model.Disk) {
	to.Alias, to.Description = from.Alias, from.Description
	to.Interface, to.Bootable, to.Shareable = from.Interface, from.Bootable, from.Shareable
	to.WipeAfterDelete, to.PropagateErrors = from.WipeAfterDelete, from.PropagateErrors
}

func (r *room) switched(tx *inventory.Tx, w *job.Work, failure error) {
	change, err := changeOf(w)
	if err != nil {
		return
	}
	if isActive(change.New) {
		r.activated(tx, w, failure)
		return
	}
	r.deactivated(tx, w, failure)
}
