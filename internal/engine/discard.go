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

// discarded are the parameters of vm.discard: overlays that lie in one storage
// domain. VM is the name of whose they were, who may be gone meanwhile.
type discarded struct {
	VM            string          `json:"vm"`
	StorageDomain model.ID        `json:"storage_domain"`
	Overlays      []model.Overlay `json:"overlays"`
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
			Steps: []job.Step{{Name: "remove", Title: "Removing what a stateless run has written", Do: e.discard, Lasting: true}},
		}},
	}
}

// Discard has the overlays of a VM's run removed, which no guest uses any more: by
// jobs of their own that are written with the caller's transaction, one for each
// storage domain. They lock nothing, and hold up nothing, because no later run
// uses the same overlays.
func (e *Engine) Discard(tx *inventory.Tx, vm *model.VM) {
	lying := make(map[model.ID][]model.Overlay)
	for _, overlay := range vm.Run.Overlays {
		lying[overlay.StorageDomain] = append(lying[overlay.StorageDomain], overlay)
	}
	vm.Run.Overlays = nil
	row := e.discardRow()
	now := time.Now().UTC()
	for domain, overlays := range lying {
		// Names and ids can always be written.
		params, _ := json.Marshal(discarded{VM: vm.Name, StorageDomain: domain, Overlays: overlays})
		tx.PutJob(&model.Job{
			ID: model.NewID(), Action: row.Key(), Path: row.Paths[0].Name, Verb: row.Verb, Target: vm.Ref(),
			Description: "Removing what a stateless run of VM " + vm.Name + " has written",
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
	err := e.removeOverlays(w, domain, params.Overlays)
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
