package cdroms

import (
	"context"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// UpdateParams are the Params of update and, without File, of remove.
type UpdateParams struct {
	// File is a file of the active ISO domain; empty ejects.
	File string `json:"file,omitempty"`
	// Current changes the medium of the running VM only; otherwise what the next
	// start finds is changed only, as the engine 3.6 did (api-v3 6.1).
	Current bool `json:"current,omitempty"`
}

// Durable keeps the parameters with the job.
func (*UpdateParams) Durable() {}

func params(call *engine.Call) *UpdateParams {
	given, ok := call.Params.(*UpdateParams)
	if !ok || given == nil {
		given = &UpdateParams{}
		call.Params = given
	}
	return given
}

// checkUpdate wants the file to be there.
func (r *room) checkUpdate(tx *inventory.Tx, call *engine.Call) error {
	vm, ok := tx.VMs.Get(call.Parent)
	if !ok {
		return fault.New(fault.VMNotFound, call.Verb+" of")
	}
	return r.CheckISOFile(call, vm, params(call).File, fault.NoISOFile)
}

// checkRemove ejects.
func (r *room) checkRemove(tx *inventory.Tx, call *engine.Call) error {
	params(call).File = ""
	return r.checkUpdate(tx, call)
}

// configure changes what the next start finds in the drive.
func (r *room) configure(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	wanted := params(call)
	vm, _ := tx.VMs.Edit(call.Parent)
	vm.CDROM = wanted.File
	engine.AlignNextRun(vm)
	about := audit.About{VM: vm, CorrelationID: call.CorrelationID}
	if call.Caller != nil {
		about.User, about.UserName = call.Caller.User, call.Caller.Name
	}
	tell(tx, wanted.File, about)
	return vm, nil
}

func tell(tx *inventory.Tx, file string, about audit.About) {
	code := audit.MediumChanged
	if file == "" {
		code = audit.MediumEjected
	}
	about.Detail = file
	tx.Event(audit.New(code, about))
}

// sameVM makes the VM the target of the job.
func sameVM(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	vm, _ := tx.VMs.Get(call.Parent)
	return vm, nil
}

// insert changes the medium. There is nothing to undo: a host that refuses has
// changed nothing, and after a doubt the guest is looked at (package watch).
func (r *room) insert(ctx context.Context, w *job.Work) error {
	var wanted UpdateParams
	if err := w.Params(&wanted); err != nil {
		return err
	}
	vm, ok := r.Inventory.VMs.Get(w.Job.Target.ID)
	if !ok {
		return fault.New(fault.VMNotFound, w.Job.Verb+" of")
	}
	if vm.Run.Host == "" {
		return fault.New(fault.VMNotRunning, w.Job.Verb+" of")
	}
	path, err := r.ISOPath(ctx, vm, wanted.File)
	if err != nil {
		return err
	}
	err = r.OnHostWhile(ctx, w, vm.Run.Host, "HostCallTimeout", func(ctx context.Context, conn host.Host) error {
		return conn.ChangeCDROM(ctx, vm.ID, path)
	})
	return r.HostFault(w.Job.Verb+" of", vm.Run.Host, err)
}

// inserted settles a change of the running VM's medium.
func (r *room) inserted(tx *inventory.Tx, w *job.Work, failure error) {
	vm, ok := tx.VMs.Edit(w.Job.Target.ID)
	if !ok || failure != nil {
		return
	}
	var wanted UpdateParams
	_ = w.Params(&wanted)
	vm.Run.CDROM = wanted.File
	tell(tx, wanted.File, engine.AboutJob(tx, w.Job))
}
