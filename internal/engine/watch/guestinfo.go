package watch

import (
	"context"
	"time"

	"vireo/internal/model"
)

// soonAfterAgent are the pauses after which a guest that has just come up is
// asked again while it has no address yet: DHCP takes a moment.
var soonAfterAgent = []time.Duration{0, 500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second}

// asker is when a guest's agent is asked next. There is no goroutine that waits for it:
// of ten thousand their stacks would take more memory than all else.
type asker struct {
	timer *time.Timer
	// quick counts the pauses of soonAfterAgent that are over.
	quick int
}

// askGuest asks a guest's agent for addresses and names, now and then for as
// long as it runs. One asker per VM.
func (w *Watcher) askGuest(id model.ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.asking[id] != nil || w.base.Err() != nil {
		return
	}
	w.asking[id] = &asker{quick: 1, timer: time.AfterFunc(soonAfterAgent[0], func() { w.askDue(id) })}
}

// askDue begins to ask a guest whose time has come.
func (w *Watcher) askDue(id model.ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.base.Err() == nil {
		w.wait.Go(func() { w.askNow(id) })
	}
}

// askNow asks a guest and says when it is asked again; one that does not run any more is
// let go.
func (w *Watcher) askNow(id model.ID) {
	vm, exists := w.inventory.VMs.Get(id)
	runs := exists && vm.Run.Host != "" && vm.Run.Status == model.StatusUp
	addressed := runs && w.askOnce(vm)
	w.mu.Lock()
	defer w.mu.Unlock()
	if !runs {
		delete(w.asking, id)
		return
	}
	if w.base.Err() != nil {
		return
	}
	asked, pause := w.asking[id], w.values.Duration("GuestInfoInterval")
	if addressed {
		asked.quick = len(soonAfterAgent)
	}
	if asked.quick < len(soonAfterAgent) {
		pause = soonAfterAgent[asked.quick]
		asked.quick++
	}
	asked.timer.Reset(pause)
}

// askNobody stops all askers, when the watcher ends.
func (w *Watcher) askNobody() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, asked := range w.asking {
		asked.timer.Stop()
	}
}

// askOnce asks and says whether the guest had an address. The agent of a frozen
// guest would only refuse.
func (w *Watcher) askOnce(vm *model.VM) bool {
	if !vm.Run.Frozen.IsZero() {
		return false
	}
	conn, err := w.Connected(vm.Run.Host)
	if err != nil {
		return false
	}
	bounded, cancel := context.WithTimeout(w.base, w.values.Duration("HostCallTimeout"))
	defer cancel()
	info, err := conn.GuestInfo(bounded, vm.ID)
	if err != nil {
		w.Log.Debug("the guest agent did not answer", "vm", vm.ID, "err", err)
		return false
	}
	fresh, ok := w.inventory.VMs.Get(vm.ID)
	if !ok || fresh.Run.Epoch != vm.Run.Epoch || fresh.Run.Host == "" {
		return false
	}
	w.Engine.GuestAnswered(vm.ID, &model.GuestReport{
		IPs: info.IPs, FQDN: info.FQDN, Devices: info.Devices, OS: info.OS, TimeZone: info.TimeZone,
	})
	return len(info.IPs) > 0
}
