package vms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/image"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// savedData is what a suspend remembers.
type savedData struct {
	Saved *model.SavedState `json:"saved"`
}

// checkSuspend holds the preconditions beside the status (api-v3 3.6).
func (r *room) checkSuspend(tx *inventory.Tx, call *engine.Call) error {
	vm, _ := tx.VMs.Get(call.Target)
	if vm.Pool != "" {
		return fault.New(fault.SuspendInPool)
	}
	if vm.Effective().Stateless || len(vm.Run.Overlays) > 0 {
		return fault.New(fault.CannotSuspendStateless)
	}
	if len(engine.DataDomains(tx, vm)) == 0 {
		return fault.New(fault.NoSuitableDomain, call.Verb)
	}
	return nil
}

// prepareSave makes room for the memory in a data domain; the VM is still up.
func (r *room) prepareSave(ctx context.Context, w *job.Work) error {
	vm, err := r.vm(w)
	if err != nil {
		return err
	}
	on, ok := r.Inventory.Hosts.Get(vm.Run.Host)
	if !ok {
		return fault.New(fault.VMNotRunning, w.Job.Verb)
	}
	var data savedData
	if err := w.Data(&data); err != nil {
		return err
	}
	if data.Saved == nil {
		var domains []*model.StorageDomain
		err := w.Update(ctx, func(tx *inventory.Tx) error { domains = engine.DataDomains(tx, vm); return nil })
		if err != nil {
			return err
		}
		domain, err := r.Roomy(ctx, domains, engine.SavedSize(vm))
		if err != nil {
			return err
		}
		if domain == nil {
			return fault.New(fault.NoSuitableDomain, w.Job.Verb)
		}
		data.Saved = &model.SavedState{
			StorageDomain: domain.ID,
			MemoryImage:   model.NewID(), MemoryVolume: model.NewID(),
			ConfigImage: model.NewID(), ConfigVolume: model.NewID(),
			CDROM: vm.Run.CDROM, Host: vm.Run.Host,
		}
		if err := w.Remember(&data); err != nil {
			return err
		}
	}
	domain, ok := r.Inventory.StorageDomains.Get(data.Saved.StorageDomain)
	if !ok {
		return fault.New(fault.DomainNotFound, w.Job.Verb+" VM")
	}
	config, err := json.Marshal(vm)
	if err != nil {
		return fmt.Errorf("encoding the configuration: %w", err)
	}
	owner := image.Owner{UID: on.Facts.ImageUID, GID: on.Facts.ImageGID}
	_, err = r.Images.PrepareSaved(ctx, domain, data.Saved, engine.SavedSize(vm), config, owner)
	return engine.StorageFault(w.Job.Verb+" VM", domain, err)
}

func (r *room) unprepareSave(_ context.Context, w *job.Work) error {
	var data savedData
	if err := w.Data(&data); err != nil || data.Saved == nil {
		return err
	}
	domain, ok := r.Inventory.StorageDomains.Get(data.Saved.StorageDomain)
	if !ok {
		return nil
	}
	return r.Images.RemoveSaved(w.Steady(), domain, data.Saved)
}

// save writes the guest's memory. A guest that a crash of the engine found saved
// already is done.
func (r *room) save(_ context.Context, w *job.Work) error {
	var data savedData
	if err := w.Data(&data); err != nil {
		return err
	}
	domain, ok := r.Inventory.StorageDomains.Get(data.Saved.StorageDomain)
	if !ok {
		return fault.New(fault.DomainNotFound, w.Job.Verb+" VM")
	}
	if err := r.thawFirst(w); err != nil {
		return err
	}
	vm, err := r.vm(w)
	if err != nil {
		return err
	}
	err = w.Update(w.Steady(), func(tx *inventory.Tx) error {
		edited, ok := tx.VMs.Edit(vm.ID)
		if ok && edited.Run.Status == model.StatusUp {
			engine.SetStatus(edited, model.StatusSavingState, "")
		}
		return nil
	})
	if err != nil {
		return err
	}
	path := r.Images.SavedPath(domain, data.Saved)
	err = r.OnHost(w, vm.Run.Host, "SaveStateTimeout", func(ctx context.Context, conn host.Host) error {
		guest, err := conn.Guest(ctx, vm.ID)
		if err != nil {
			return err
		}
		if isSaved(vm, guest) {
			return nil
		}
		failure := conn.Save(ctx, vm.ID, path)
		if errors.Is(failure, host.ErrRefused) {
			// The memory is removed when the save has failed: be sure of it.
			if guest, err := conn.Guest(ctx, vm.ID); err == nil && isSaved(vm, guest) {
				return nil
			}
		}
		return failure
	})
	return r.HostFault(w.Job.Verb, vm.Run.Host, err)
}

// isSaved says whether the guest of this run has ended by being saved.
func isSaved(vm *model.VM, guest host.Guest) bool {
	return guest.State == host.Off && guest.End == host.EndSaved && guest.Epoch == vm.Run.Epoch
}

func (r *room) forgetSaved(ctx context.Context, w *job.Work) error { return r.forget(ctx, w) }

// suspended settles a suspend: the host is free and the state is kept; or the
// VM is what it is seen to be.
func (r *room) suspended(tx *inventory.Tx, w *job.Work, failure error) {
	vm, ok := tx.VMs.Edit(w.Job.Target.ID)
	if !ok {
		return
	}
	if failure != nil {
		if errors.Is(failure, host.ErrNotFound) || vm.Run.Status == model.StatusSavingState {
			engine.SetStatus(vm, model.StatusUp, "")
		}
		return
	}
	var data savedData
	_ = w.Data(&data)
	run := vm.Run
	vm.Run = model.Run{
		Status: run.Status, Since: run.Since, Epoch: run.Epoch, Suspended: data.Saved,
		StartTime: run.StartTime, AgentSeen: run.AgentSeen,
		Given: run.Given, Frozen: run.Frozen, FrozenTold: run.FrozenTold,
	}
	r.SetLive(vm.ID, nil)
}
