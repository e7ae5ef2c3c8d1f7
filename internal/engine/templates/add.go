package templates

import (
	"context"
	"errors"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/image"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// AddParams are the Params of add.
type AddParams struct {
	// Edit changes the new template, which begins as the VM is. It sets Name; a Base
	// makes it a version of that template.
	Edit engine.Edit[model.Template] `json:"-"`
	// Disks say how the template's disks are to differ from the VM's.
	Disks []engine.DiskWish `json:"-"`
	// Seal takes out of the copies what makes the guest that guest.
	Seal bool `json:"seal,omitempty"`
	// ClonePermissions gives everybody on the template what they have on the VM.
	ClonePermissions bool `json:"-"`

	// The rest is filled in, for the steps.
	Template model.ID `json:"template"`
	VM       model.ID `json:"vm"`
	engine.Copies
}

// Durable keeps the parameters with the job.
func (*AddParams) Durable() {}

func addParams(call *engine.Call) *AddParams {
	params, ok := call.Params.(*AddParams)
	if !ok || params == nil {
		params = &AddParams{}
		call.Params = params
	}
	if params.Template == "" {
		params.Template = model.NewID()
	}
	return params
}

func seals(_ *inventory.Tx, call *engine.Call) bool { return addParams(call).Seal }

// wanted is what an add is to make.
type wanted struct {
	template *model.Template
	disks    []*model.Disk
	copies   []engine.DiskCopy
}

// wanted finds out what a call asks for: what the VM is, changed by what was given,
// with a disk for each that is the VM's alone.
func (r *room) wanted(tx *inventory.Tx, call *engine.Call) (*wanted, error) {
	params := addParams(call)
	vm, ok := tx.VMs.Get(call.Parent)
	if !ok || params.Edit == nil {
		return nil, fault.New(fault.Invalid, call.Verb, "Nothing to add was given.")
	}
	if err := engine.CheckSettled(tx, call.Verb, vm); err != nil {
		return nil, err
	}
	template := &model.Template{
		ID: params.Template, CreationTime: time.Now().UTC(), Status: model.TemplateLocked, VMConfig: model.Clone(vm).VMConfig,
	}
	template.Name, template.Description, template.Comment, template.DeleteProtected = "", "", "", false
	template.Tags = nil
	if err := params.Edit(template); err != nil {
		return nil, err
	}
	template.ID, template.Template = params.Template, model.BlankID
	for i := range template.NICs {
		// What is made of it has addresses of its own.
		template.NICs[i].ID, template.NICs[i].MAC = model.NewID(), ""
	}
	if err := place(tx, call.Verb, template); err != nil {
		return nil, err
	}
	if err := r.check(tx, call.Verb, template); err != nil {
		return nil, err
	}
	if engine.DataCenterOf(tx, template.Cluster) != engine.DataCenterOf(tx, vm.Cluster) {
		return nil, fault.New(fault.Invalid, call.Verb, "The cluster is in another data center than the VM.")
	}
	made := &wanted{template: template}
	return made, r.wantDisks(tx, call, made, vm)
}

// wantDisks makes the records of the template's disks.
func (r *room) wantDisks(tx *inventory.Tx, call *engine.Call, made *wanted, vm *model.VM) error {
	own, params := engine.Own(tx, vm.Disks), addParams(call)
	if err := engine.CheckWishes(params.Disks, own); err != nil {
		return err
	}
	made.template.Disks = nil
	for _, attachment := range own {
		from, _ := tx.Disks.Get(attachment.Disk)
		disk, err := r.Copied(tx, call.Verb, from, engine.Wish(params.Disks, from.ID), false, engine.DataCenterOf(tx, vm.Cluster))
		if err != nil {
			return err
		}
		attachment.Disk = disk.ID
		made.template.Disks = append(made.template.Disks, attachment)
		made.disks = append(made.disks, disk)
		made.copies = append(made.copies, engine.DiskCopy{From: from.ID, To: disk.ID, Shared: true})
	}
	return nil
}

// check refuses a template that cannot be.
func (r *room) check(tx *inventory.Tx, verb string, template *model.Template) error {
	if err := checkName(tx, verb, template); err != nil {
		return err
	}
	if template.GuaranteedMemory == 0 || template.GuaranteedMemory > template.Memory {
		template.GuaranteedMemory = template.Memory
	}
	return vms.Check(r.Engine, tx, verb, &template.VMConfig)
}

// checkSeal refuses to seal where nothing can.
func (r *room) checkSeal(_ *inventory.Tx, call *engine.Call) error {
	if !r.Images.CanSeal() {
		return fault.New(fault.UnsupportedWish, call.Verb, "Templates cannot be sealed here: virt-sysprep is not installed on the engine's machine.")
	}
	return nil
}

// add records the template, locked until its disks are there; the VM is image_locked
// meanwhile (api-v3 4.2).
func (r *room) add(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	made, err := r.wanted(tx, call)
	if err != nil {
		return nil, err
	}
	if err := r.CheckRoomFor(tx, call, made.copies, made.disks); err != nil {
		return nil, err
	}
	for _, disk := range made.disks {
		tx.Disks.Put(disk)
	}
	tx.Templates.Put(made.template)
	vm, _ := tx.VMs.Edit(call.Parent)
	engine.SetStatus(vm, model.StatusImageLocked, "")
	params := addParams(call)
	params.VM, params.Copies.Disks = vm.ID, made.copies
	params.Owner = engine.ImageOwner(tx, engine.DataCenterOf(tx, vm.Cluster))
	if params.ClonePermissions {
		engine.CopyPermissions(tx, vm.Ref(), made.template.Ref())
	}
	return made.template, nil
}

func (r *room) copyDisks(ctx context.Context, w *job.Work) error {
	var params AddParams
	if err := w.Params(&params); err != nil {
		return err
	}
	return r.CopyDisks(ctx, w, &params.Copies)
}

func (r *room) uncopyDisks(ctx context.Context, w *job.Work) error {
	var params AddParams
	if err := w.Params(&params); err != nil {
		return err
	}
	return r.UncopyDisks(ctx, &params.Copies)
}

// seal seals the copies. Done again, after a crash, it finds less to do.
func (r *room) seal(ctx context.Context, w *job.Work) error {
	var params AddParams
	if err := w.Params(&params); err != nil {
		return err
	}
	var disks []image.Source
	for _, each := range params.Copies.Disks {
		disk, ok := r.Inventory.Disks.Get(each.To)
		if !ok {
			return fault.Missing("Disk: id=" + string(each.To))
		}
		domain, ok := r.Inventory.StorageDomains.Get(disk.StorageDomain)
		if !ok {
			return fault.New(fault.DomainNotFound, w.Job.Verb)
		}
		disks = append(disks, image.Source{Domain: domain, Disk: disk})
	}
	if len(disks) == 0 {
		return nil
	}
	if err := r.Images.Seal(ctx, disks); err != nil {
		why := "see the engine's log"
		if known, ok := errors.AsType[*image.SealError](err); ok {
			why = known.Why
		}
		return fault.New(fault.SealFailed, w.Job.Verb, why).Because(err)
	}
	return nil
}

// added settles an add: there is the template with all its disks, or nothing of it.
func (r *room) added(tx *inventory.Tx, w *job.Work, failure error) {
	var params AddParams
	_ = w.Params(&params) // the step has read them
	r.SettleCopies(tx, w, &params.Copies, failure)
	about := engine.AboutJob(tx, w.Job)
	if vm, ok := tx.VMs.Edit(params.VM); ok {
		engine.SetStatus(vm, model.StatusDown, "")
		about.VM = vm
	}
	template, ok := tx.Templates.Edit(params.Template)
	if !ok {
		return
	}
	about.Template = template
	if failure == nil {
		template.Status = model.TemplateOK
		tx.Event(audit.New(audit.TemplateAdded, about))
		return
	}
	about.Detail = fault.Of(failure).Message()
	tx.Event(audit.New(audit.TemplateAddFailed, about))
	tx.Templates.Delete(template.ID)
}
