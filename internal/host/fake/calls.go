package fake

import (
	"slices"
	"time"

	"vireo/internal/model"
)

// Call is one call that a machine received.
type Call struct {
	// Host is the machine's address, Name the method of host.Host,
	// "Connect" or WriteSeeds.
	Host, Name string
	// Guest and GuestName are the guest concerned, if any and if known.
	Guest     model.ID
	GuestName string
	// Started and Ended (zero: not yet) are when.
	Started, Ended time.Time
	// Error is the answer once it has ended.
	Error error
}

// Calls lists the calls of all machines in the order in which they came; only
// the latest when there were more than Options.KeepCalls.
func (w *World) Calls() []Call {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := make([]Call, len(w.calls))
	for i, c := range w.calls {
		out[i] = *c
	}
	return out
}

// CountCalls counts the calls of that name for the guest of that name or id; ""
// matches all.
func (w *World) CountCalls(name, guest string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	count := 0
	for _, c := range w.calls {
		if (name == "" || c.Name == name) && (guest == "" || guest == c.GuestName || guest == string(c.Guest)) {
			count++
		}
	}
	return count
}

func (w *World) record(c *Call) {
	c.Started = time.Now()
	if len(w.calls) >= 2*w.options.KeepCalls {
		w.calls = slices.Clone(w.calls[w.options.KeepCalls:])
	}
	w.calls = append(w.calls, c)
}
