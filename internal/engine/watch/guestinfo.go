package watch

import (
	"context"
	"slices"
	"time"

	"vireo/internal/model"
)

// soonAfterAgent are the pauses after which a guest that has just come up is
// asked again while it has no address yet: DHCP takes a moment.
var soonAfterAgent = []time.Duration{0, 500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second}

// askGuest asks a guest's agent for addresses and names, now and then for as
// long as it runs. One asker per VM.
func (w *Watcher) askGuest(id model.ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.asking[id] || w.base.Err() != nil {
		return
	}
	w.asking[id] = true
	w.wait.Go(func() {
		defer func() {
			w.mu.Lock()
			delete(w.asking, id)
			w.mu.Unlock()
		}()
		w.keepAsking(id)
	})
}

func (w *Watcher) keepAsking(id model.ID) {
	quick := slices.Clone(soonAfterAgent)
	for {
		pause := w.values.Duration("GuestInfoInterval")
		if len(quick) > 0 {
			pause, quick = quick[0], quick[1:]
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-w.base.Done():
			timer.Stop()
			return
		}
		vm, exists := w.inventory.VMs.Get(id)
		if !exists || vm.Run.Host == "" || vm.Run.Status != model.StatusUp {
			return
		}
		if w.askOnce(vm) && len(quick) > 0 {
			quick = nil
		}
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
