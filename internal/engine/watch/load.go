package watch

import (
	"context"
	"time"

	"vireo/internal/host"
	"vireo/internal/model"
)

// sampleHost reads what a host is doing.
func (w *Watcher) sampleHost(ctx context.Context, id model.ID) {
	watched := w.machine(id)
	conn, err := w.Connected(id)
	if err != nil {
		return
	}
	bounded, cancel := context.WithTimeout(ctx, w.values.Duration("HostCallTimeout"))
	defer cancel()
	load, err := conn.Load(bounded)
	if err != nil {
		w.Log.DebugContext(ctx, "no figures of this host", "host", id, "err", err)
		return
	}
	watched.mu.Lock()
	defer watched.mu.Unlock()
	if watched.conn != conn {
		return // it was lost, and its figures with it
	}
	w.Engine.SetHostStats(id, statsOf(watched.load, load))
	watched.load = load
}

// statsOf makes figures of counters: by the difference to the sample before, or, of the
// first, by what there was since the host was switched on.
func statsOf(before, now host.Load) *model.HostStats {
	stats := &model.HostStats{
		Taken: now.Taken, MemoryTotal: now.MemoryTotal, MemoryFree: now.MemoryFree, MemoryBuffers: now.MemoryBuffers,
		MemoryCached: now.MemoryCached, MemoryShared: now.MemoryShared,
		Known: now.Known, SwapTotal: now.SwapTotal, SwapFree: now.SwapFree, SwapCached: now.SwapCached,
		Load5: now.Load5, Booted: now.Booted, Merging: now.Merging,
	}
	if now.CPUIdle < before.CPUIdle || now.CPUUser < before.CPUUser || now.CPUSystem < before.CPUSystem {
		before = host.Load{} // it was restarted
	}
	user, system, idle := now.CPUUser-before.CPUUser, now.CPUSystem-before.CPUSystem, now.CPUIdle-before.CPUIdle
	if all := float64(user + system + idle); all > 0 {
		stats.CPUUser, stats.CPUSystem, stats.CPUIdle = 100*float64(user)/all, 100*float64(system)/all, 100*float64(idle)/all
	}
	for _, nic := range now.NICs {
		if stats.NICs == nil {
			stats.NICs = make(map[string]model.NICStats, len(now.NICs))
		}
		stats.NICs[nic.Name] = nicStats(before, nic, now.NICsTaken.Sub(before.NICsTaken))
	}
	return stats
}

// nicStats gives no rate to the first sample, nor to counters that have begun anew.
func nicStats(before host.Load, now host.NICLoad, elapsed time.Duration) model.NICStats {
	stats := model.NICStats{ReceivedErrors: now.ReceivedErrors, SentErrors: now.SentErrors}
	for _, nic := range before.NICs {
		if nic.Name != now.Name || elapsed <= 0 || now.ReceivedBytes < nic.ReceivedBytes || now.SentBytes < nic.SentBytes {
			continue
		}
		stats.ReceivedRate = float64(now.ReceivedBytes-nic.ReceivedBytes) / elapsed.Seconds()
		stats.SentRate = float64(now.SentBytes-nic.SentBytes) / elapsed.Seconds()
	}
	return stats
}
