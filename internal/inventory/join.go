package inventory

import (
	"context"
	"sync"
)

// line are the changes that wait to be written together.
type line struct {
	mu      sync.Mutex
	waiting []*joined
}

// joined is one of them; written and err are guarded by the inventory's lock for writing.
type joined struct {
	change  func(*Tx)
	written bool
	err     error
}

// mostJoined is how many changes are written as one transaction at most: others are not to
// wait for long.
const mostJoined = 100

// Join is Update for a change that is never refused and that nobody needs to have alone. Those
// that wait at the same time are written as one transaction: each sees what the ones before it
// have staged, and when that cannot be written, it fails for all of them. Writing costs much
// the same for one and for many, so what happens to many guests at once is shown sooner; a
// change that comes alone is written at once.
func (inv *Inventory) Join(ctx context.Context, change func(*Tx)) error {
	mine := &joined{change: change}
	inv.line.mu.Lock()
	inv.line.waiting = append(inv.line.waiting, mine)
	inv.line.mu.Unlock()
	for {
		if written, err := inv.joinTurn(ctx, mine); written {
			return err
		}
	}
}

// joinTurn writes some of what waits, unless mine is written. Others may come in between.
func (inv *Inventory) joinTurn(ctx context.Context, mine *joined) (written bool, err error) {
	inv.write.Lock()
	defer inv.write.Unlock()
	if !mine.written {
		inv.writeJoined(ctx)
	}
	return mine.written, mine.err
}

// writeJoined writes the changes that have waited longest.
func (inv *Inventory) writeJoined(ctx context.Context) {
	inv.line.mu.Lock()
	count := min(len(inv.line.waiting), mostJoined)
	together := inv.line.waiting[:count:count]
	if inv.line.waiting = inv.line.waiting[count:]; len(inv.line.waiting) == 0 {
		inv.line.waiting = nil
	}
	inv.line.mu.Unlock()
	// Whoever writes may be about to give up; the others are not.
	err := inv.transact(context.WithoutCancel(ctx), func(tx *Tx) error {
		for _, each := range together {
			each.change(tx)
		}
		return nil
	})
	for _, each := range together {
		each.written, each.err = true, err
	}
}
