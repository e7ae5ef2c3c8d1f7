package vms

import (
	"context"
	"fmt"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// ReleaseParams are the Params of release.
type ReleaseParams struct {
	// Host is where a VM that is down is to be defined; one that runs is where it runs.
	Host model.ID `json:"host,omitempty"`
}

// Durable keeps the parameters with the job.
func (*ReleaseParams) Durable() {}

// releaseRow gives a VM up: it becomes a plain guest of libvirt, as it runs, and its
// images stay where they are (docs/adoption.md).
func (r *room) releaseRow() engine.Command {
	return engine.Command{
		On: model.KindVM, Name: "release", Verb: "release", Needs: "delete_vm", Demands: demandsOfRelease, Locks: locksOfRelease, Check: r.checkRelease,
		Paths: []engine.Path{{
			Name: "release", From: []model.Status{model.StatusUp, model.StatusPoweringUp, model.StatusPaused, model.StatusDown},
			Title: "Releasing VM {name}", Settle: r.released,
			Steps: []job.Step{
				{Name: "define", Title: "Defining the guest on its host", Do: r.defineReleased, Undo: r.takeBackReleased},
				{Name: "forget", Title: "Removing its description from the storage domains", Do: r.undescribeReleased, Lasting: true},
			},
		}},
	}
}

func releaseParams(call *engine.Call) *ReleaseParams {
	params, ok := call.Params.(*ReleaseParams)
	if !ok || params == nil {
		params = &ReleaseParams{}
		call.Params = params
	}
	return params
}

// locksOfRelease are its disks too: they are not known when it is over.
func locksOfRelease(tx *inventory.Tx, call *engine.Call) []model.Ref {
	refs := []model.Ref{{Kind: model.KindVM, ID: call.Target}}
	if vm, ok := tx.VMs.Get(call.Target); ok {
		refs = append(refs, diskRefs(tx, vm)...)
	}
	return refs
}

// demandsOfRelease: whoever releases removes the VM here, and works on its host.
func demandsOfRelease(tx *inventory.Tx, call *engine.Call) ([]engine.Demand, error) {
	demands := []engine.Demand{{Permit: "delete_vm", On: model.Ref{Kind: model.KindVM, ID: call.Target}}}
	on := releaseParams(call).Host
	if vm, ok := tx.VMs.Get(call.Target); ok && vm.Run.Host != "" {
		on = vm.Run.Host
	}
	if on != "" {
		demands = append(demands, engine.Demand{Permit: "manipulate_host", On: model.Ref{Kind: model.KindHost, ID: on}})
	}
	return demands, nil
}

// checkRelease refuses a VM that is more than a guest of libvirt can be.
func (r *room) checkRelease(tx *inventory.Tx, call *engine.Call) error {
	vm, _ := tx.VMs.Get(call.Target)
	params := releaseParams(call)
	if vm.Run.Host != "" {
		params.Host = vm.Run.Host
	}
	on, known := tx.Hosts.Get(params.Host)
	refuse := func(why string) error { return fault.New(fault.StateConflict, call.Verb+" VM", why) }
	switch {
	case params.Host == "":
		return refuse("It does not run: name the host where it is to be defined.")
	case !known:
		return fault.New(fault.InvalidHost, call.Verb)
	case on.Status != model.HostUp:
		return fault.New(fault.HostStatusIllegal, call.Verb)
	case vm.Pool != "":
		return refuse("It belongs to a pool.")
	case vm.DeleteProtected:
		return fault.New(fault.DeleteProtected, call.Verb)
	case len(vm.Run.Overlays) > 0 || vm.Stateless:
		return refuse("It is stateless.")
	}
	if err := checkUnlocked(tx, call, vm); err != nil {
		return err
	}
	if err := r.checkDisksUnheld(tx, call, vm); err != nil {
		return err
	}
	for _, snapshot := range tx.Snapshots.All() {
		if snapshot.VM == vm.ID {
			return refuse("It has snapshots, which libvirt would not know of: remove them first.")
		}
	}
	for _, attachment := range vm.Disks {
		disk, ok := tx.Disks.Get(attachment.Disk)
		switch {
		case !ok:
		case len(disk.Chain) > 0:
			return refuse(fmt.Sprintf("Its disk %s stands on other volumes, of a template or of a snapshot.", disk.Alias))
		case usedElsewhere(tx, vm.ID, disk.ID):
			return refuse(fmt.Sprintf("Its disk %s is one of another VM too.", disk.Alias))
		}
	}
	return nil
}

// defineReleased defines the guest on its host, which takes the mark of the VM away.
func (r *room) defineReleased(_ context.Context, w *job.Work) error {
	var params ReleaseParams
	if err := w.Params(&params); err != nil {
		return err
	}
	vm, err := r.vm(w)
	if err != nil {
		return err
	}
	err = r.OnHost(w, params.Host, "HostCallTimeout", func(ctx context.Context, conn host.Host) error {
		spec, err := r.spec(ctx, vm, params.Host)
		if err != nil {
			return err
		}
		spec.Seeds = nil
		if err := conn.Release(ctx, spec); err != nil {
			return err
		}
		return r.seeForeign(ctx, conn, params.Host, vm.ID)
	})
	return r.HostFault(w.Job.Verb, params.Host, err)
}

// undescribeReleased removes the description of what is no VM any more: the watcher would
// do that soon, if the engine is there then.
func (r *room) undescribeReleased(ctx context.Context, w *job.Work) error {
	var described []model.ID
	err := w.Update(ctx, func(tx *inventory.Tx) error {
		if vm, ok := tx.VMs.Get(w.Job.Target.ID); ok {
			described = describedIn(tx, vm)
		}
		return nil
	})
	if err == nil {
		r.Undescribe(w, described)
	}
	return err
}

// takeBackReleased marks the guest again, or forgets the definition of one that is off.
func (r *room) takeBackReleased(_ context.Context, w *job.Work) error {
	var params ReleaseParams
	if err := w.Params(&params); err != nil {
		return err
	}
	vm, err := r.vm(w)
	if err != nil {
		return err
	}
	return r.OnHost(w, params.Host, "HostCallTimeout", func(ctx context.Context, conn host.Host) error {
		if vm.Run.Host == "" {
			return conn.Forget(ctx, vm.ID)
		}
		return conn.Adopt(ctx, vm.ID, host.Mark{Engine: r.ID, Epoch: vm.Run.Epoch, Given: openly(vm.Run.Given), Autostart: vm.Autostart})
	})
}

// released settles a release: the VM and its disks are not known here any more. Their
// images stay.
func (r *room) released(tx *inventory.Tx, w *job.Work, failure error) {
	about := engine.AboutJob(tx, w.Job)
	vm, ok := tx.VMs.Get(w.Job.Target.ID)
	if !ok {
		return
	}
	var params ReleaseParams
	_ = w.Params(&params)
	about.VM = vm
	about.Host, _ = tx.Hosts.Get(params.Host)
	if failure != nil {
		about.Detail = fault.Of(failure).Message()
		tx.Event(audit.New(audit.ReleaseFailed, about))
		return
	}
	for _, attachment := range vm.Disks {
		tx.Disks.Delete(attachment.Disk)
	}
	engine.LeaveGroups(tx, vm)
	tx.VMs.Delete(vm.ID)
	r.SetLive(vm.ID, nil)
	tx.Event(audit.New(audit.VMReleased, about))
}
