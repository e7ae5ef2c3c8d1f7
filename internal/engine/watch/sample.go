package watch

import (
	"context"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// freshSample is how old figures may be before a reader has them taken anew.
const freshSample = time.Second

// sampleAll reads the figures of all guests at an interval, for searches and to
// notice monitors that do not answer.
func (w *Watcher) sampleAll() {
	ticker := time.NewTicker(max(w.values.Duration("StatisticsInterval"), time.Second))
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-w.base.Done():
			return
		}
		w.vmChanged() // what could not be moved away is tried again
		for _, known := range w.inventory.Hosts.All() {
			w.wait.Go(func() {
				if err := w.Sample(w.base, known.ID); err != nil && w.base.Err() == nil {
					w.Log.Debug("no figures from this host", "host", known.ID, "err", err)
				}
				w.sampleHost(w.base, known.ID)
				w.seeNetworks(w.base, known.ID)
			})
		}
	}
}

// Sample reads a host's figures of its guests, unless they are fresh.
func (w *Watcher) Sample(ctx context.Context, id model.ID) error {
	watched := w.machine(id)
	conn, err := w.Connected(id)
	if err != nil {
		return err
	}
	watched.mu.Lock()
	fresh := time.Since(watched.taken) < freshSample
	if !fresh {
		watched.taken = time.Now()
	}
	watched.mu.Unlock()
	if fresh {
		return nil
	}
	bounded, cancel := context.WithTimeout(ctx, w.values.Duration("HostCallTimeout"))
	defer cancel()
	samples, err := conn.Stats(bounded)
	if err != nil {
		return err
	}
	for _, sample := range samples {
		vm, ours := w.inventory.VMs.Get(sample.Guest)
		if !ours || vm.Run.Host != id {
			continue
		}
		watched.hear(sample)
		w.judgeMonitor(vm, sample)
		if vm.Run.Status == model.StatusPoweringUp || rebooting(vm) {
			// Waiting for an event that the host may have lost.
			w.looks.ask(vm.ID)
		}
		if !sample.Hung {
			w.keepSample(watched, vm, sample)
		}
	}
	return nil
}

// hear remembers which monitors do not answer.
func (m *machine) hear(sample host.Sample) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if sample.Hung {
		m.deaf[sample.Guest] = true
	} else {
		delete(m.deaf, sample.Guest)
	}
}

// hangs says whether the monitor of a VM's QEMU did not answer the last sample:
// that a host shows its guest says nothing then.
func (w *Watcher) hangs(vm *model.VM) bool {
	watched := w.machine(vm.Run.Host)
	if watched == nil {
		return false
	}
	watched.mu.Lock()
	defer watched.mu.Unlock()
	return watched.deaf[vm.ID]
}

// keepSample turns counters into figures, by the difference to the sample
// before: CPU in percent of one core (api-v3 2.6).
func (w *Watcher) keepSample(watched *machine, vm *model.VM, sample host.Sample) {
	watched.mu.Lock()
	before, has := watched.cpu[vm.ID]
	watched.cpu[vm.ID] = sample
	watched.mu.Unlock()
	w.Engine.EditLive(vm.ID, func(live *model.Live) {
		stats := &live.Stats
		stats.Taken, stats.CPUTime = sample.Taken, sample.CPUTime
		stats.MemoryInstalled = vm.Run.Memory
		if sample.MemoryInstalled > 0 {
			stats.MemoryInstalled = sample.MemoryInstalled
		}
		stats.MemoryFree = max(sample.MemoryUnused, 0)
		stats.MemoryBuffered = max(sample.MemoryBuffered, 0)
		stats.MemoryCached = max(sample.MemoryCached, 0)
		stats.MemoryUsed = max(sample.MemoryResident, 0)
		if sample.MemoryUnused >= 0 && stats.MemoryInstalled > 0 {
			stats.MemoryUsed = stats.MemoryInstalled - sample.MemoryUnused
		}
		engine.JoinMemory(live, sample.MemoryUnused >= 0)
		elapsed := sample.Taken.Sub(before.Taken)
		if !has || elapsed <= 0 || sample.CPUTime < before.CPUTime {
			return
		}
		percent := func(now, then time.Duration) float64 {
			return max(0, float64(now-then)/float64(elapsed)*100)
		}
		stats.CPUTotal = percent(sample.CPUTime, before.CPUTime)
		stats.CPUHypervisor = min(stats.CPUTotal,
			percent(sample.SystemTime+sample.UserTime, before.SystemTime+before.UserTime))
		stats.CPUGuest = stats.CPUTotal - stats.CPUHypervisor
	})
}

// judgeMonitor makes a VM whose QEMU does not answer not_responding (event 126),
// and restores it when it does.
func (w *Watcher) judgeMonitor(vm *model.VM, sample host.Sample) {
	hung := sample.Hung && sample.Since >= w.values.Duration("VmMonitorTimeout")
	if hung == (vm.Run.Status == model.StatusNotResponding) || vm.Run.Status == model.StatusUnknown {
		return
	}
	if !hung {
		if !sample.Hung {
			w.looks.ask(vm.ID)
		}
		return
	}
	w.edit(vm.ID, func(tx *inventory.Tx, edited *model.VM) bool {
		if _, held := tx.Holder(edited.Ref()); held || edited.Run.Status != vm.Run.Status {
			return false
		}
		engine.SetStatus(edited, model.StatusNotResponding, edited.Run.Detail)
		tx.Event(audit.New(audit.NotResponding, audit.About{VM: edited}))
		return true
	})
}
