package watch

import (
	"context"
	"sync"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

const (
	// askingAround is how long a host may take to say whether it has a guest, and
	// askedAtOnce how many are asked at a time.
	askingAround = 5 * time.Second
	askedAtOnce  = 32
	// askedAgain is the pause after which they are asked again for a guest that must be somewhere.
	askedAgain = 30 * time.Second
)

// astray is what is known of a guest that its host does not have any more.
type astray string

// A guest that has gone is on no other host, was found on one, or must be on one that is
// not known.
const (
	astrayNowhere astray = "nowhere"
	astrayFound   astray = "found"
	astraySought  astray = "sought"
)

// hasGone says of a guest that its host does not say how it has ended: it may be on another,
// brought there by somebody's hand or before the data was restored.
func hasGone(guest host.Guest) bool {
	return guest.State == lifecycle.Absent || guest.State == host.Off && (guest.End == host.EndUnknown || hasMigrated(guest))
}

func hasMigrated(guest host.Guest) bool {
	return guest.State == host.Off && guest.End == host.EndMigrated
}

// findElsewhere looks on all other hosts for the guest of a run that its own has not any
// more, and records where it is. One of which its host says that it has migrated is
// somewhere, be it on a host that is not ours: nothing is started for its VM.
func (w *Watcher) findElsewhere(ctx context.Context, vm *model.VM, guest host.Guest) astray {
	if _, held := w.inventory.Holder(vm.Ref()); held || !lifecycle.HasGuest(vm.Run.Status) {
		return astrayNowhere // a job knows where it is
	}
	where, there := w.askAround(ctx, vm)
	if where == "" && !hasMigrated(guest) {
		return astrayNowhere
	}
	w.wrote(w.inventory.Update(ctx, func(tx *inventory.Tx) error {
		fresh, ok := tx.VMs.Get(vm.ID)
		_, held := tx.Holder(vm.Ref())
		switch on, known := tx.Hosts.Get(where); {
		case !ok || held || fresh != vm:
		case where == "":
			w.seek(tx, vm)
		case known && !isLeft(tx, vm.ID, where):
			edited, _ := tx.VMs.Edit(vm.ID)
			takeOver(tx, edited, on, there)
			edited.Run.BootID = on.BootID
			tx.Event(audit.New(audit.FoundElsewhere, audit.About{VM: edited, Host: on}))
		}
		return nil
	}))
	if where == "" {
		w.lookIn(vm.ID, askedAgain)
		return astraySought
	}
	w.looks.ask(vm.ID)
	return astrayFound
}

// seek makes a VM unknown that has migrated, nobody knows where to.
func (w *Watcher) seek(tx *inventory.Tx, vm *model.VM) {
	if vm.Run.Status == model.StatusUnknown {
		return
	}
	on, _ := tx.Hosts.Get(vm.Run.Host)
	edited, _ := tx.VMs.Edit(vm.ID)
	engine.SetStatus(edited, model.StatusUnknown, edited.Run.Detail)
	tx.Event(audit.New(audit.MovedAway, audit.About{VM: edited, Host: on}))
}

// askAround asks the other hosts for the guest of a VM's run. Those that do not answer in
// time are taken not to have it.
func (w *Watcher) askAround(ctx context.Context, vm *model.VM) (where model.ID, found host.Guest) {
	var mu sync.Mutex
	var wait sync.WaitGroup
	places := make(chan struct{}, askedAtOnce)
	for _, on := range w.inventory.Hosts.All() {
		conn, err := w.Connected(on.ID)
		if err != nil || on.ID == vm.Run.Host {
			continue
		}
		places <- struct{}{}
		wait.Go(func() {
			defer func() { <-places }()
			bounded, cancel := context.WithTimeout(ctx, askingAround)
			defer cancel()
			guest, err := conn.Guest(bounded, vm.ID)
			if err != nil || guest.State == host.Off || guest.PostCopy || guest.Epoch != vm.Run.Epoch || !w.Engine.Owns(vm, guest) {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			where, found = on.ID, guest
		})
	}
	wait.Wait()
	return where, found
}
