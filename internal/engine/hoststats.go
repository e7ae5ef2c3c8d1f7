package engine

import "vireo/internal/model"

// HostStats are the latest figures of a host; nil when it is not connected. They are
// sampled at an interval, and nobody waits for them.
func (e *Engine) HostStats(on model.ID) *model.HostStats {
	e.liveMu.RLock()
	defer e.liveMu.RUnlock()
	return e.loads[on]
}

// SetHostStats keeps the figures of a host; nil forgets them.
func (e *Engine) SetHostStats(on model.ID, stats *model.HostStats) {
	e.liveMu.Lock()
	defer e.liveMu.Unlock()
	if stats == nil {
		delete(e.loads, on)
		return
	}
	e.loads[on] = stats
}

// HostStats gives a host's figures as they were sampled last. Of a host that is not
// connected only the memory that it has is known.
func (v *View) HostStats(id model.ID) (*model.HostStats, error) {
	on, err := v.Host(id)
	if err != nil {
		return nil, err
	}
	return v.StatsOf(on), nil
}

// StatsOf is HostStats of a host that the caller has been shown.
func (v *View) StatsOf(on *model.Host) *model.HostStats {
	if stats := v.engine.HostStats(on.ID); stats != nil {
		return stats
	}
	return &model.HostStats{MemoryTotal: on.Facts.Memory}
}
