package engine

import (
	"cmp"
	"slices"

	"vireo/internal/host"
	"vireo/internal/model"
)

// Foreign are the guests of a host that are not this engine's, by name, as they were seen
// last; nothing of a host that is not connected.
func (e *Engine) Foreign(on model.ID) []host.Guest {
	e.liveMu.RLock()
	defer e.liveMu.RUnlock()
	return e.foreign[on]
}

// SetForeign keeps those of all guests of a host that are not this engine's; nil forgets
// them.
func (e *Engine) SetForeign(on model.ID, guests []host.Guest) {
	e.editForeign(on, func([]host.Guest) []host.Guest {
		return slices.DeleteFunc(slices.Clone(guests), e.isMine)
	})
}

// SeeForeign keeps what was seen of one guest of a host: one that is this engine's by now
// is not foreign any more.
func (e *Engine) SeeForeign(on model.ID, guest host.Guest) {
	e.editForeign(on, func(known []host.Guest) []host.Guest {
		known = without(known, guest.ID)
		if !e.isMine(guest) {
			known = append(known, guest)
		}
		return known
	})
}

// ForgetForeign forgets a guest that is gone.
func (e *Engine) ForgetForeign(on, guest model.ID) {
	e.editForeign(on, func(known []host.Guest) []host.Guest { return without(known, guest) })
}

func (e *Engine) isMine(guest host.Guest) bool { return guest.Ours && guest.Engine == e.ID }

// without copies a list, which may be read meanwhile.
func without(known []host.Guest, id model.ID) []host.Guest {
	return slices.DeleteFunc(slices.Clone(known), func(guest host.Guest) bool { return guest.ID == id })
}

func (e *Engine) editForeign(on model.ID, edit func([]host.Guest) []host.Guest) {
	e.liveMu.Lock()
	defer e.liveMu.Unlock()
	now := edit(e.foreign[on])
	slices.SortFunc(now, func(a, b host.Guest) int { return cmp.Compare(a.Name, b.Name) })
	if len(now) == 0 {
		delete(e.foreign, on)
		return
	}
	e.foreign[on] = now
}

// foreignStatus is what the state of a guest would make of a VM.
var foreignStatus = map[host.State]model.Status{
	host.Running: model.StatusUp, host.Paused: model.StatusPaused, host.ShuttingDown: model.StatusPoweringDown,
	host.Crashed: model.StatusPaused, host.Off: model.StatusDown,
}

// ForeignGuests gives the guests of a host that are nobody's here, by name.
func (v *View) ForeignGuests(id model.ID) ([]model.ForeignGuest, error) {
	if _, err := v.Host(id); err != nil {
		return nil, err
	}
	var all []model.ForeignGuest
	for _, guest := range v.engine.Foreign(id) {
		all = append(all, model.ForeignGuest{
			ID: guest.ID, Name: guest.Name, Status: foreignStatus[guest.State], Memory: guest.Memory, CPUs: guest.CPUs,
		})
	}
	return all, nil
}
