package auth

import (
	"context"
	"sync/atomic"

	"golang.org/x/sync/semaphore"
)

// hashesAtOnce is how many passwords are hashed at the same time. Each takes
// 19 MiB, and the whole engine is to stay under 100 MB.
const hashesAtOnce = 2

// gate lets a few pass at a time and a limited number wait; the others are sent
// away. So a flood of logins costs neither memory nor a queue without end.
type gate struct {
	passing *semaphore.Weighted
	inside  atomic.Int64 // passing or waiting
	limit   int64
}

func newGate(atOnce, waiting int) *gate {
	return &gate{passing: semaphore.NewWeighted(int64(atOnce)), limit: int64(atOnce + waiting)}
}

// enter waits for its turn; leave is to be called afterwards. The error is
// ErrBusy when too many wait, or the context's.
func (g *gate) enter(ctx context.Context) (leave func(), err error) {
	if g.inside.Add(1) > g.limit {
		g.inside.Add(-1)
		return nil, ErrBusy
	}
	if err := g.passing.Acquire(ctx, 1); err != nil {
		g.inside.Add(-1)
		return nil, err
	}
	return func() {
		g.passing.Release(1)
		g.inside.Add(-1)
	}, nil
}
