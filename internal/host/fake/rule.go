package fake

import (
	"slices"
	"time"

	"vireo/internal/host"
	"vireo/internal/model"
)

// Rule is an order to go wrong. Empty fields match everything.
type Rule struct {
	// Host is an address, Guest a name or id, Call a method of host.Host,
	// "Connect", WriteSeeds or SecureDisplay.
	Host, Guest, Call string
	// Nth strikes only the Nth matching call from now on (the first is 1); 0
	// strikes all.
	Nth int

	// Delay is waited first (with After: when the call is done).
	Delay time.Duration
	// Do is called when the rule strikes, before the call is done or, with
	// After, when it is done. It may use the world.
	Do func()
	// Cut loses the connection that the call came by.
	Cut bool
	// Hang never answers: the call ends with its context or its connection.
	Hang bool
	// Error is the answer; nil lets the call go on.
	Error error
	// After does the call first and then strikes: it is done, and its caller
	// does not learn so.
	After bool
}

type rule struct {
	Rule
	seen int
}

// Fail gives an order; the function it returns takes it back.
func (w *World) Fail(r Rule) (cancel func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	kept := &rule{Rule: r}
	w.rules = append(w.rules, kept)
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.rules = slices.DeleteFunc(w.rules, func(r *rule) bool { return r == kept })
	}
}

// ClearRules takes all orders back.
func (w *World) ClearRules() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rules = nil
}

// Refuse is a host's no, for Rule.Error.
func Refuse(code host.RefusalCode, reason string) error {
	return &host.RefusedError{Code: code, Reason: reason}
}

// strikes are the orders that apply to a call: the first of each kind.
func (w *World) strikes(address, call string, id model.ID, name string) (before, after *Rule) {
	for _, r := range w.rules {
		if r.Host != "" && r.Host != address ||
			r.Call != "" && r.Call != call ||
			r.Guest != "" && r.Guest != string(id) && r.Guest != name {
			continue
		}
		r.seen++
		if r.Nth != 0 && r.Nth != r.seen {
			continue
		}
		if r.After && after == nil {
			after = &r.Rule
		}
		if !r.After && before == nil {
			before = &r.Rule
		}
	}
	return before, after
}
