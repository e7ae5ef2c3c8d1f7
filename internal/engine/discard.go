package engine

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"vireo/internal/audit"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// discarded are the parameters of vm.discard: what lies in one storage domain and is
// not needed any more, or is to be related. VM is the name of whose it was, who may be
// gone meanwhile.
type discarded struct {
	VM            string             `json:"vm"`
	StorageDomain model.ID           `json:"storage_domain"`
	Overlays      []model.Overlay    `json:"overlays,omitempty"`
	Saved         []model.SavedState `json:"saved,omitempty"`
	Related       []model.ID         `json:"related,omitempty"`
	// Lease says that the VM's lease is removed.
	Lease bool `json:"lease,omitempty"`
}

// discardData is what a vm.discard remembers: the last reason that was told of.
type discardData struct {
	Told string `json:"told,omitempty"`
}

// discardRow is the command that removes overlays. It is the engine's own: the
// run that has ended, or that has not come about, asks for it.
func (e *Engine) discardRow() Command {
	return Command{
		On: model.KindVM, Name: "discard", Verb: "remove the overlays of", Internal: true,
		Paths: []Path{{
			Name: "remove", Settle: e.discarded,
			Steps: []job.Step{{Name: "remove", Title: "Removing volumes", Do: e.discard, Lasting: true}},
		}},
	}
}

// Discard has the overlays of a VM's run removed, which no guest uses any more.
func (e *Engine) Discard(tx *inventory.Tx, vm *model.VM) {
	overlays := vm.Run.Overlays
	vm.Run.Overlays = nil
	e.Tidy(tx, vm, Tidying{Volumes: overlays})
}

// Tidying is what storage is to be tidied of when a transaction has been written.
type Tidying struct {
	// Volumes and Saved are removed: nothing refers to them any more.
	Volumes []model.Overlay
	Saved   []model.SavedState
	// Lease is the storage domain of a lease that the VM does not have any more.
	Lease model.ID
	// Related are disks whose volumes stand on each other in another way than before:
	// the metadata follows the record.
	Related []*model.Disk
}

// Tidy has storage follow the record: by jobs of their own that are written with the
// caller's transaction, one for each storage domain. They lock nothing, and hold up
// nothing, because nobody uses the same volumes again.
func (e *Engine) Tidy(tx *inventory.Tx, vm *model.VM, tidying Tidying) {
	lying := make(map[model.ID]*discarded)
	in := func(domain model.ID) *discarded {
		if lying[domain] == nil {
			lying[domain] = &discarded{VM: vm.Name, StorageDomain: domain}
		}
		return lying[domain]
	}
	for _, overlay := range tidying.Volumes {
		in(overlay.StorageDomain).Overlays = append(in(overlay.StorageDomain).Overlays, overlay)
	}
	for _, saved := range tidying.Saved {
		in(saved.StorageDomain).Saved = append(in(saved.StorageDomain).Saved, saved)
	}
	for _, disk := range tidying.Related {
		in(disk.StorageDomain).Related = append(in(disk.StorageDomain).Related, disk.ID)
	}
	if tidying.Lease != "" {
		in(tidying.Lease).Lease = true
	}
	row := e.discardRow()
	now := time.Now().UTC()
	for _, work := range lying {
		// Names and ids can always be written.
		params, _ := json.Marshal(work)
		tx.PutJob(&model.Job{
			ID: model.NewID(), Action: row.Key(), Path: row.Paths[0].Name, Verb: row.Verb, Target: vm.Ref(),
			Description: "Removing volumes that VM " + vm.Name + " does not need any more",
			Params:      params, Status: model.JobStarted, StartTime: now, LastUpdated: now,
			Steps: job.NewSteps(now), AutoCleared: true,
		})
	}
}

// begin starts an internal job when it has been written.
func (e *Engine) begin(_ model.Ref, object model.Object) {
	made, ok := object.(*model.Job)
	if !ok || made.Status != model.JobStarted {
		return
	}
	if command, known := e.commands[made.Action]; known && command.Internal {
		e.runner.Start(made)
	}
}

// discard removes the overlays. What cannot be removed now is tried again: when
// its storage domain is well again, or in a while.
func (e *Engine) discard(_ context.Context, w *job.Work) error {
	var params discarded
	if err := w.Params(&params); err != nil {
		return err
	}
	domain, known := e.Inventory.StorageDomains.Get(params.StorageDomain)
	if !known {
		return fault.New(fault.DomainNotFound, w.Job.Verb+" VM "+params.VM)
	}
	err := errors.Join(e.removeOverlays(w, domain, params.Overlays), e.removeSaved(w, domain, params.Saved),
		e.relate(w, domain, params.Related), e.removeLease(w, domain, params.Lease))
	if err == nil || w.Steady().Err() != nil {
		return err
	}
	if err := e.tellKept(w, StorageFault(w.Job.Verb+" VM "+params.VM, domain, err)); err != nil {
		return err
	}
	pause := min(max(e.Values.Duration("StorageCheckInterval"), time.Second)<<min(w.Attempt, 12), longestPause)
	return &job.BlockedError{Cause: err, Until: func(ctx context.Context) error { return e.untilWell(ctx, domain.ID, pause) }}
}

// removeOverlays removes as many as it can. Of a disk that is gone nothing is
// left, or its removal has failed and its whole image group is to be removed.
func (e *Engine) removeOverlays(w *job.Work, domain *model.StorageDomain, overlays []model.Overlay) error {
	var failures []error
	for _, overlay := range overlays {
		disk, known := e.Inventory.Disks.Get(overlay.Disk)
		if !known {
			disk = &model.Disk{ID: overlay.Disk}
		}
		if err := e.Images.RemoveOverlay(w.Steady(), domain, disk, overlay.Volume); err != nil {
			failures = append(failures, err)
		}
	}
	return errors.Join(failures...)
}

func (e *Engine) removeSaved(w *job.Work, domain *model.StorageDomain, states []model.SavedState) error {
	var failures []error
	for i := range states {
		failures = append(failures, e.Images.RemoveSaved(w.Steady(), domain, &states[i]))
	}
	return errors.Join(failures...)
}

// removeLease removes the lease of a VM, unless it has one in that domain again.
func (e *Engine) removeLease(w *job.Work, domain *model.StorageDomain, wanted bool) error {
	if vm, known := e.Inventory.VMs.Get(w.Job.Target.ID); !wanted || known && vm.Lease == domain.ID {
		return nil
	}
	return e.Leases.Remove(w.Steady(), domain, w.Job.Target.ID)
}

// relate lets metadata follow the record. Of a disk that changes meanwhile it is done
// again; one that has gone, or moved, has taken its metadata along.
func (e *Engine) relate(w *job.Work, domain *model.StorageDomain, disks []model.ID) error {
	var failures []error
	for _, id := range disks {
		for {
			disk, known := e.Inventory.Disks.Get(id)
			if !known || disk.StorageDomain != domain.ID {
				break
			}
			err := e.Images.Relate(w.Steady(), domain, disk)
			if now, _ := e.Inventory.Disks.Get(id); now == disk {
				failures = append(failures, err, e.measure(w, domain, id))
				break
			}
		}
	}
	return errors.Join(failures...)
}

// measure records what a disk occupies.
func (e *Engine) measure(w *job.Work, domain *model.StorageDomain, id model.ID) error {
	occupied, err := e.Images.Occupied(w.Steady(), domain, id)
	if err != nil {
		return nil // it is only a figure
	}
	return w.Update(w.Steady(), func(tx *inventory.Tx) error {
		if disk, ok := tx.Disks.Edit(id); ok {
			disk.ActualSize = occupied
		}
		return nil
	})
}

// tellKept writes the event that overlays could not be removed, once for each
// reason in turn.
func (e *Engine) tellKept(w *job.Work, failure error) error {
	var data discardData
	if err := w.Data(&data); err != nil {
		return err
	}
	why := fault.Of(failure).Message()
	if data.Told == why {
		return nil
	}
	err := w.Update(w.Steady(), func(tx *inventory.Tx) error {
		tx.Event(audit.New(audit.OverlaysKept, aboutDiscard(tx, w, why)))
		return nil
	})
	if err != nil {
		return err
	}
	data.Told = why
	return w.Remember(&data)
}

// longestPause is how long at the most the removal waits where the storage domain is
// well and it fails all the same.
const longestPause = time.Hour

// untilWell returns when a storage domain that has failed is active: after a pause,
// since it takes time to find out that it is not.
func (e *Engine) untilWell(ctx context.Context, id model.ID, pause time.Duration) error {
	if err := sleep(ctx, pause); err != nil {
		return err
	}
	for {
		changed := e.Inventory.Changed()
		domain, known := e.Inventory.StorageDomains.Get(id)
		if !known || domain.Status == model.StorageDomainActive {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// discarded settles the removal: it has only failed if nobody knows any more where
// the overlays are.
func (e *Engine) discarded(tx *inventory.Tx, w *job.Work, failure error) {
	if failure != nil {
		tx.Event(audit.New(audit.OverlaysKept, aboutDiscard(tx, w, fault.Of(failure).Message())))
	}
}

// aboutDiscard fills what an event says of the removal, also when its VM is gone.
func aboutDiscard(tx *inventory.Tx, w *job.Work, why string) audit.About {
	var params discarded
	_ = w.Params(&params) // the step has read them
	about := AboutJob(tx, w.Job)
	if about.VM == nil {
		about.VM = &model.VM{ID: w.Job.Target.ID, VMConfig: model.VMConfig{Name: params.VM}}
	}
	about.Domain, _ = tx.StorageDomains.Get(params.StorageDomain)
	about.Detail = why
	return about
}
