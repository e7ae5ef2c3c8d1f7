package vms

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/image"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// AdoptParams are the Params of adopt, of a host.
type AdoptParams struct {
	// Guest is the name or the id of a guest that runs on the host and is not Vireo's.
	Guest string `json:"guest"`
	// StorageDomain is where its disks are to be; empty is the first that can have them.
	StorageDomain model.ID `json:"storage_domain,omitempty"`

	// What follows is filled in: the VM that is to be, its disks, the path of the image of
	// each, whose each is and was, and whose they are to be.
	VM    *model.VM     `json:"vm,omitempty"`
	Disks []*model.Disk `json:"disks,omitempty"`
	Paths []string      `json:"paths,omitempty"`
	Kept  []image.Kept  `json:"kept,omitempty"`
	Owner image.Owner   `json:"owner"`
}

// Durable keeps the parameters with the job.
func (*AdoptParams) Durable() {}

// adoptRow takes a guest over that somebody else has made, as it runs: its images get
// another name in a storage domain, and it gets the mark of a VM (docs/adoption.md).
func (r *room) adoptRow() engine.Command {
	return engine.Command{
		On: model.KindHost, Name: "adopt", Verb: "adopt", Needs: "create_vm", Demands: r.demandsOfAdopt,
		Locks: locksOfAdopt,
		Paths: []engine.Path{{
			Name: "adopt", Title: "Adopting a guest of Host {name}", Apply: r.planAdoption, Settle: r.adopted,
			Steps: []job.Step{
				{Name: "images", Title: "Giving its images names in the storage domain", Do: r.adoptImages, Undo: r.leaveImages},
				{Name: "mark", Title: "Marking the guest", Do: r.markGuest, Undo: r.unmarkGuest},
				{Name: "own", Title: "Taking its images over", Do: r.ownImages, Undo: r.giveImagesBack},
			},
		}},
	}
}

// locksOfAdopt are what the guest is called; the VM that is to be is held beside it. The
// host is left free: it may have to be cut off.
func locksOfAdopt(_ *inventory.Tx, call *engine.Call) []model.Ref {
	params, _ := call.Params.(*AdoptParams)
	if params == nil {
		return nil
	}
	return []model.Ref{{Kind: model.KindVM, ID: model.ID(params.Guest)}}
}

// foreigner is what a host says of a guest, and for how long it has lived if its agent
// says so.
type foreigner struct {
	spec   *host.GuestSpec
	uptime time.Duration
}

// planAdoption decides what the VM is to be, and refuses what cannot be one.
func (r *room) planAdoption(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	params, ok := call.Params.(*AdoptParams)
	if !ok || params == nil || params.Guest == "" {
		return nil, fault.New(fault.Invalid, call.Verb+" VM", "The guest must be named.")
	}
	on, _ := tx.Hosts.Get(call.Target)
	if err := r.plan(tx, call, on, params); err != nil {
		return nil, err
	}
	call.Holds = nil
	if ref := params.VM.Ref(); params.Guest != string(ref.ID) {
		call.Holds = []model.Ref{ref}
	}
	return on, nil
}

// plan fills the parameters in. Nothing is changed by it, nowhere.
func (r *room) plan(tx *inventory.Tx, call *engine.Call, on *model.Host, params *AdoptParams) error {
	if on.Status != model.HostUp {
		return fault.New(fault.HostStatusIllegal, call.Verb)
	}
	found, err := engine.Outside(call, "guest", func(ctx context.Context) (foreigner, error) {
		return r.seek(ctx, on.ID, params.Guest)
	})
	if engine.IsOutside(err) {
		return err
	}
	if err != nil {
		return refuseForeign(call.Verb, params.Guest, on, err)
	}
	if vm, known := tx.VMs.Get(found.spec.ID); known {
		return fault.New(fault.StateConflict, call.Verb+" VM", fmt.Sprintf("Its id is that of the VM %s.", vm.Name))
	}
	if _, held := tx.Holder(model.Ref{Kind: model.KindVM, ID: found.spec.ID}); held {
		return fault.New(fault.StateConflict, call.Verb+" VM", "It is being adopted already.")
	}
	if params.VM, err = r.planVM(tx, call, on, found); err != nil {
		return err
	}
	return r.planDisks(tx, call, on, found.spec, params)
}

// seek finds a guest by id or name.
func (r *room) seek(ctx context.Context, on model.ID, named string) (found foreigner, err error) {
	conn, err := r.Machines.Connected(on)
	if err != nil {
		return found, err
	}
	all, err := conn.Guests(ctx)
	if err != nil {
		return found, err
	}
	i := slices.IndexFunc(all, func(guest host.Guest) bool { return string(guest.ID) == named || guest.Name == named })
	if i < 0 {
		return found, host.ErrNotFound
	}
	if found.spec, err = conn.Foreign(ctx, all[i].ID); err != nil {
		return found, err
	}
	if uptime, err := conn.GuestUptime(ctx, all[i].ID); err == nil {
		found.uptime = uptime
	}
	return found, nil
}

func refuseForeign(verb, guest string, on *model.Host, err error) error {
	why := "The host does not answer."
	if errors.Is(err, host.ErrNotFound) {
		return fault.Missing("Guest: name=" + guest)
	}
	if refused, ok := errors.AsType[*host.RefusedError](err); ok {
		why = refused.Reason
		if refused.Code == host.RefusedState {
			why = "It does not run: start it first."
		}
	}
	return fault.New(fault.StateConflict, verb+" VM", why).Because(err)
}

func (r *room) markGuest(_ context.Context, w *job.Work) error {
	var params AdoptParams
	if err := w.Params(&params); err != nil {
		return err
	}
	err := r.OnHost(w, w.Job.Target.ID, "HostCallTimeout", func(ctx context.Context, conn host.Host) error {
		mark := host.Mark{Engine: r.ID, Epoch: params.VM.Run.Epoch, Given: params.VM.Run.Given, Autostart: params.VM.Autostart}
		if err := conn.Adopt(ctx, params.VM.ID, mark); err != nil {
			return err
		}
		r.ForgetForeign(w.Job.Target.ID, params.VM.ID)
		return nil
	})
	return r.HostFault(w.Job.Verb, w.Job.Target.ID, err)
}

func (r *room) unmarkGuest(_ context.Context, w *job.Work) error {
	var params AdoptParams
	if err := w.Params(&params); err != nil {
		return err
	}
	return r.OnHost(w, w.Job.Target.ID, "HostCallTimeout", func(ctx context.Context, conn host.Host) error {
		if err := conn.Disown(ctx, params.VM.ID); err != nil {
			return err
		}
		return r.seeForeign(ctx, conn, w.Job.Target.ID, params.VM.ID)
	})
}

// seeForeign keeps that a guest is nobody's here.
func (r *room) seeForeign(ctx context.Context, conn host.Host, on, id model.ID) error {
	guest, err := conn.Guest(ctx, id)
	if errors.Is(err, host.ErrNotFound) {
		return nil
	}
	if err == nil {
		r.SeeForeign(on, guest)
	}
	return err
}

// adopted settles an adoption: the VM is there, as it runs. What became of its guest
// meanwhile is seen by the look that follows.
func (r *room) adopted(tx *inventory.Tx, w *job.Work, failure error) {
	var params AdoptParams
	_ = w.Params(&params)
	about := engine.AboutJob(tx, w.Job)
	about.Host, _ = tx.Hosts.Get(w.Job.Target.ID)
	if failure != nil || params.VM == nil {
		about.Detail = fault.Of(failure).Message()
		tx.Event(audit.New(audit.AdoptFailed, about))
		return
	}
	vm := params.VM
	if about.Host != nil {
		vm.Run.BootID = about.Host.BootID
	}
	for _, disk := range params.Disks {
		tx.Disks.Put(disk)
	}
	tx.VMs.Put(vm)
	about.VM = vm
	tx.Event(audit.New(audit.VMAdopted, about))
}
