package engine

import (
	"context"
	"fmt"
	"sync"
	"time"

	"vireo/internal/audit"
	"vireo/internal/auth"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// refusedCall tells of a command that was refused for lack of a permit (event
// 20240).
func (e *Engine) refusedCall(ctx context.Context, command *Command, call *Call) {
	if call.Caller == nil {
		return
	}
	on := model.Ref{Kind: command.On, ID: call.Target}
	if call.Parent != "" {
		on = model.Ref{Kind: model.KindVM, ID: call.Parent}
	}
	e.tellDenied(ctx, call.Caller, call.CorrelationID, command.Verb, on)
}

// QueryDenied tells of a query that was refused for lack of a permit (event
// 20240). What names it, as a path does.
func (e *Engine) QueryDenied(ctx context.Context, caller *auth.Caller, correlation, what string) {
	e.tellDenied(ctx, caller, correlation, "read "+what, model.Ref{})
}

func (e *Engine) tellDenied(ctx context.Context, caller *auth.Caller, correlation, what string, on model.Ref) {
	missed, tell := e.denials.count(denial{caller.User, what, on}, time.Now())
	if !tell {
		return
	}
	err := e.Inventory.Update(ctx, func(tx *inventory.Tx) error {
		about := audit.About{
			CorrelationID: correlation, User: caller.User, UserName: caller.Name, Address: caller.Address, Detail: what,
		}
		if on.ID != "" {
			fillAbout(tx, &about, on)
			about.Detail += " (" + nameIn(tx, on) + ")"
		}
		about.Detail += "."
		if missed > 0 {
			about.Detail += fmt.Sprintf(" The same was tried %d more times since the last such event.", missed)
		}
		tx.Event(audit.New(audit.NotPermitted, about))
		return nil
	})
	if err != nil {
		e.Log.WarnContext(ctx, "a refusal could not be told of", "user", caller.Name, "err", err)
	}
}

// denial is what somebody was not permitted.
type denial struct {
	user model.ID
	what string
	on   model.Ref
}

// denials count what was refused, so that a script that tries the same for ever
// does not fill the audit log: the same is told once a minute. It holds what was
// refused in the last minutes only, and at most mostDenials.
type denials struct {
	mu   sync.Mutex
	last map[denial]*refusals
}

const mostDenials = 4096

func (d *denials) count(one denial, now time.Time) (missed int, tell bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.last == nil {
		d.last = make(map[denial]*refusals)
	}
	seen, known := d.last[one]
	if known && now.Sub(seen.told) < refusedPause {
		seen.missed++
		return 0, false
	}
	if known {
		missed = seen.missed
	}
	if len(d.last) >= mostDenials {
		for other, old := range d.last {
			if now.Sub(old.told) >= refusedPause {
				delete(d.last, other)
			}
		}
		if len(d.last) >= mostDenials {
			clear(d.last) // what follows is told again
		}
	}
	d.last[one] = &refusals{told: now}
	return missed, true
}
