package vms

import (
	"context"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// AddParams are the Params of add (api-v3 6.1); an engine.Edit of the VM alone will do.
type AddParams struct {
	// Edit changes the new VM, which begins as its template is. It sets Name, Template
	// and Cluster.
	Edit engine.Edit[model.VM] `json:"-"`
	// Clone copies the template's disks. Otherwise the VM's stand on them, and it
	// depends on the template from then on.
	Clone bool `json:"-"`
	// Disks say how the VM's disks are to differ from the template's.
	Disks []engine.DiskWish `json:"-"`
	// Snapshot is what the VM is made of in place of its template: it gets that
	// configuration, and copies of what the disks held.
	Snapshot model.ID `json:"snapshot,omitempty"`
	// ClonePermissions gives everybody on the VM what they have on the template.
	ClonePermissions bool `json:"-"`
	// Copies are filled in.
	engine.Copies
}

// Durable keeps the parameters with the job.
func (*AddParams) Durable() {}

func addParams(call *engine.Call) *AddParams {
	switch typed := call.Params.(type) {
	case *AddParams:
		return typed
	case engine.Edit[model.VM]:
		params := &AddParams{Edit: typed}
		call.Params = params
		return params
	}
	return &AddParams{}
}

// wanted is what an add is to make.
type wanted struct {
	vm       *model.VM
	template *model.Template
	disks    []*model.Disk
	copies   []engine.DiskCopy
}

// wanted finds out what a call asks for: the template's configuration, changed by what
// was given, and a disk for each of the template's.
func (r *room) wanted(tx *inventory.Tx, call *engine.Call) (*wanted, error) {
	params := addParams(call)
	if params.Snapshot != "" {
		return r.wantedOf(tx, call, params)
	}
	template, err := chosenTemplate(tx, call, params.Edit)
	if err != nil {
		return nil, err
	}
	vm := &model.VM{ID: model.NewID(), CreationTime: time.Now().UTC(), VMConfig: model.Clone(template).VMConfig}
	vm.Name, vm.Description, vm.Comment, vm.DeleteProtected = "", "", "", false
	vm.Origin, vm.Tags = "ovirt", nil
	renewNICs(vm)
	if params.Edit != nil {
		if err := params.Edit(vm); err != nil {
			return nil, err
		}
	}
	vm.Template = template.ID
	made := &wanted{vm: vm, template: template}
	if params.Clone && len(template.Disks) > 0 {
		vm.Template = model.BlankID // it stands on nothing
	}
	if vm.GuaranteedMemory == 0 || vm.GuaranteedMemory > vm.Memory {
		vm.GuaranteedMemory = vm.Memory
	}
	if err := r.check(tx, "add VM", vm.ID, &vm.VMConfig); err != nil {
		return nil, err
	}
	if err := engine.CheckWishes(params.Disks, template.Disks); err != nil {
		return nil, err
	}
	if err := r.addressNICs(tx, call.Verb+" VM", vm); err != nil {
		return nil, err
	}
	return made, r.wantDisks(tx, call.Verb+" VM", made, template.Disks, params.Disks, !params.Clone)
}

// hasDisks says whether an add makes disks: then it is work in the background.
func (r *room) hasDisks(tx *inventory.Tx, call *engine.Call) bool {
	if id := addParams(call).Snapshot; id != "" {
		snapshot, ok := tx.Snapshots.Get(id)
		return ok && len(snapshot.Volumes) > 0
	}
	template, err := chosenTemplate(tx, call, addParams(call).Edit)
	return err == nil && len(template.Disks) > 0
}

// add makes a VM, which waits in image_locked for its disks if it has any.
func (r *room) add(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	made, err := r.wanted(tx, call)
	if err != nil {
		return nil, err
	}
	vm := made.vm
	if vm.CDROM != "" {
		if err := r.CheckISOFile(call, vm, vm.CDROM, fault.NoISOFile); err != nil {
			return nil, err
		}
	}
	if err := r.checkLease(tx, call, &model.VM{}, vm); err != nil {
		return nil, err
	}
	if err := r.record(tx, call, made, &addParams(call).Copies); err != nil {
		return nil, err
	}
	if err := r.holdSnapshot(tx, call, made); err != nil {
		return nil, err
	}
	if addParams(call).ClonePermissions && made.template != nil {
		engine.CopyPermissions(tx, made.template.Ref(), vm.Ref())
	}
	code := audit.Created
	if len(made.disks) > 0 {
		code = audit.AddBegun
	}
	tx.Event(audit.New(code, about(call, vm)))
	return vm, nil
}

// record keeps a new VM and its disks, and what the job is to know of them.
func (r *room) record(tx *inventory.Tx, call *engine.Call, made *wanted, copies *engine.Copies) error {
	if len(tx.VMs.All()) >= r.Values.Int("MaxVmsInSystem") {
		return fault.New(fault.Invalid, call.Verb+" VM", "The engine has as many VMs as it may (option MaxVmsInSystem).")
	}
	if err := r.CheckRoomFor(tx, call, made.copies, made.disks); err != nil {
		return err
	}
	made.vm.Run.Status, made.vm.Run.Since = model.StatusDown, made.vm.CreationTime
	if len(made.disks) > 0 {
		made.vm.Run.Status = model.StatusImageLocked
	}
	for _, disk := range made.disks {
		tx.Disks.Put(disk)
	}
	tx.VMs.Put(made.vm)
	copies.Disks = made.copies
	copies.Owner = engine.ImageOwner(tx, engine.DataCenterOf(tx, made.vm.Cluster))
	return nil
}

func (r *room) makeDisks(ctx context.Context, w *job.Work) error {
	var params AddParams
	if err := w.Params(&params); err != nil {
		return err
	}
	return r.CopyDisks(ctx, w, &params.Copies)
}

func (r *room) unmakeDisks(ctx context.Context, w *job.Work) error {
	var params AddParams
	if err := w.Params(&params); err != nil {
		return err
	}
	return r.UncopyDisks(ctx, &params.Copies)
}

// added settles an add whose VM has disks. Without all of them there is no VM.
func (r *room) added(tx *inventory.Tx, w *job.Work, failure error) {
	var params AddParams
	_ = w.Params(&params) // the step has read them
	if snapshot, ok := tx.Snapshots.Edit(params.Snapshot); ok {
		snapshot.Status = model.SnapshotOK
	}
	r.settleMade(tx, w, w.Job.Target.ID, &params.Copies, failure)
}

// settleMade settles the making of a VM with its disks.
func (r *room) settleMade(tx *inventory.Tx, w *job.Work, id model.ID, copies *engine.Copies, failure error) {
	r.SettleCopies(tx, w, copies, failure)
	vm, ok := tx.VMs.Edit(id)
	if !ok {
		return
	}
	about := engine.AboutJob(tx, w.Job)
	about.VM = vm
	if failure == nil {
		engine.SetStatus(vm, model.StatusDown, "")
		tx.Event(audit.New(audit.AddFinished, about))
		return
	}
	about.Detail = fault.Of(failure).Message()
	tx.Event(audit.New(audit.AddFailed, about))
	tx.VMs.Delete(id)
}

func about(call *engine.Call, vm *model.VM) audit.About {
	about := audit.About{VM: vm, CorrelationID: call.CorrelationID}
	if call.Caller != nil {
		about.User, about.UserName = call.Caller.User, call.Caller.Name
	}
	return about
}
