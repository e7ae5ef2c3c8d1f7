package watch

import (
	"context"
	"slices"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// A VM whose storage is well and which is paused again all the same is let go on after
// pauses that grow, between these.
const (
	firstResume = 5 * time.Second
	lastResume  = 5 * time.Minute
)

// pausedAgain is when a VM may be let go on the next time.
type pausedAgain struct {
	next  time.Time
	pause time.Duration
}

// storageTrouble are the reasons of a pause that end with the storage's trouble.
var storageTrouble = []model.PauseDetail{model.PauseEIO, model.PauseENoSpc, model.PauseEPerm, model.PauseEOther}

// resumeOn lets VMs go on that were paused for trouble with a storage domain, which is
// well.
func (w *Watcher) resumeOn(domain model.ID) {
	for _, vm := range w.inventory.VMs.All() {
		if vm.Run.Status == model.StatusPaused && slices.Contains(storageTrouble, vm.Run.Detail) && w.uses(vm, domain) {
			w.resumes.ask(vm.ID)
		}
	}
}

func (w *Watcher) uses(vm *model.VM, domain model.ID) bool {
	return slices.ContainsFunc(vm.Disks, func(each model.DiskAttachment) bool {
		disk, ok := w.inventory.Disks.Get(each.Disk)
		return ok && each.Active && disk.StorageDomain == domain
	})
}

// wellStored says whether all storage that a VM uses is well.
func (w *Watcher) wellStored(vm *model.VM) bool {
	for _, each := range vm.Disks {
		disk, ok := w.inventory.Disks.Get(each.Disk)
		if !ok || !each.Active {
			continue
		}
		if domain, ok := w.inventory.StorageDomains.Get(disk.StorageDomain); !ok || domain.Status != model.StorageDomainActive {
			return false
		}
	}
	return true
}

// resumeNow lets one VM go on, if it still is as it was.
func (w *Watcher) resumeNow(ctx context.Context, id model.ID) {
	vm, ok := w.inventory.VMs.Get(id)
	if !ok || vm.Run.Status != model.StatusPaused || !slices.Contains(storageTrouble, vm.Run.Detail) || !w.wellStored(vm) || !w.mayResume(vm) {
		return
	}
	_, err := w.Engine.Act(ctx, &engine.Call{On: model.KindVM, Name: "start", Target: id, Async: new(false)})
	if err != nil {
		w.Log.WarnContext(ctx, "a VM could not be let go on though its storage is well", "vm", id, "err", err)
		return
	}
	w.wrote(w.inventory.Update(w.base, func(tx *inventory.Tx) error {
		if fresh, ok := tx.VMs.Get(id); ok {
			on, _ := tx.Hosts.Get(fresh.Run.Host)
			tx.Event(audit.New(audit.ResumedByEngine, audit.About{VM: fresh, Host: on}))
		}
		return nil
	}))
}

// mayResume says whether it is time to let a VM go on, and counts that it was.
func (w *Watcher) mayResume(vm *model.VM) bool {
	now := time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	before, again := w.pauses[vm.ID]
	if again && now.Before(before.next) {
		return false
	}
	pause := firstResume
	if again && vm.Run.Since.Before(before.next.Add(lastResume)) {
		pause = min(before.pause*2, lastResume)
	}
	w.pauses[vm.ID] = pausedAgain{next: now.Add(pause), pause: pause}
	return true
}
