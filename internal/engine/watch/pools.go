package watch

import (
	"context"
	"sync"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// How long a pool waits after a VM could not be prestarted: longer each time, up to a
// bound. After a run that was over within shortRun it waits too, so that a guest that
// cannot live is not started all the time.
const (
	firstPoolPause = 5 * time.Second
	lastPoolPause  = 10 * time.Minute
	shortRun       = time.Minute
)

// pools keeps VMs of pools running for those who will come. A pool is looked at when it,
// one of its VMs or a permission has changed.
type pools struct {
	looks *keyed

	mu    sync.Mutex
	pause map[model.ID]poolPause
}

// poolPause is until when a pool is left alone, and for how long it was.
type poolPause struct {
	until time.Time
	long  time.Duration
}

// followPools takes a change of the inventory.
func (w *Watcher) followPools(ref model.Ref, object model.Object) {
	switch changed := object.(type) {
	case *model.VMPool:
		w.pools.looks.ask(changed.ID)
		return
	case nil:
		if ref.Kind == model.KindVMPool {
			w.pools.mu.Lock()
			defer w.pools.mu.Unlock()
			delete(w.pools.pause, ref.ID)
		}
	case *model.VM:
		if changed.Pool != "" && changed.Run.Status == model.StatusDown {
			w.pools.looks.ask(changed.Pool)
		}
		return
	}
	if ref.Kind == model.KindPermission || ref.Kind == model.KindTemplate {
		w.lookAtPools()
	}
}

// lookAtPools has all pools looked at that want something.
func (w *Watcher) lookAtPools() {
	for _, pool := range w.inventory.VMPools.All() {
		if pool.Prestarted > 0 || pool.UseLatestTemplateVersion {
			w.pools.looks.ask(pool.ID)
		}
	}
}

// keepPool makes VMs of a pool anew that are to follow their template, and starts others
// until as many run as are wanted, one after the other. What cannot be done now is tried
// again, each time later.
func (w *Watcher) keepPool(ctx context.Context, id model.ID) {
	for ctx.Err() == nil {
		pool, ok := w.inventory.VMPools.Get(id)
		if !ok || w.poolRests(id) {
			return
		}
		if next := w.Engine.ToRenew(pool); next != "" {
			vm, _ := w.inventory.VMs.Get(next)
			if _, err := w.Engine.Own(ctx, &engine.Call{On: model.KindVM, Name: "renew", Target: next, Async: new(false)}); err != nil {
				w.pausePool(ctx, id, vm, audit.PoolVMNotRenewed, fault.Of(err).Message())
				return
			}
			continue
		}
		next := w.Engine.ToPrestart(pool)
		if next == "" {
			return
		}
		vm, ok := w.inventory.VMs.Get(next)
		if !ok {
			return
		}
		if w.endedAtOnce(vm) {
			w.lookAtPoolLater(id, firstPoolPause)
			return
		}
		_, err := w.Engine.Act(ctx, &engine.Call{On: model.KindVM, Name: "start", Target: next, Async: new(false)})
		if err != nil {
			w.pausePool(ctx, id, vm, audit.PrestartFailed, fault.Of(err).Message())
			return
		}
	}
}

// endedAtOnce says whether a VM was started and has gone down again at once, a moment ago.
func (w *Watcher) endedAtOnce(vm *model.VM) bool {
	run := vm.Run
	return run.StopTime.After(w.begun) && time.Since(run.StopTime) < firstPoolPause && run.StopTime.Sub(run.StartTime) < shortRun
}

func (w *Watcher) poolRests(id model.ID) bool {
	w.pools.mu.Lock()
	defer w.pools.mu.Unlock()
	return time.Now().Before(w.pools.pause[id].until)
}

// pausePool leaves a pool alone for a while, has it looked at again afterwards, and tells
// why.
func (w *Watcher) pausePool(ctx context.Context, id model.ID, vm *model.VM, code audit.Code, why string) {
	if ctx.Err() != nil {
		return
	}
	w.pools.mu.Lock()
	before := w.pools.pause[id]
	long := firstPoolPause
	if time.Since(before.until) < 2*lastPoolPause {
		long = min(2*before.long, lastPoolPause)
	}
	w.pools.pause[id] = poolPause{time.Now().Add(long), max(long, firstPoolPause)}
	w.pools.mu.Unlock()
	err := w.inventory.Update(ctx, func(tx *inventory.Tx) error {
		if pool, ok := tx.VMPools.Get(id); ok {
			tx.Event(audit.New(code, audit.About{VM: vm, Pool: pool, Detail: why}))
		}
		return nil
	})
	w.wrote(err)
	w.lookAtPoolLater(id, long)
}

func (w *Watcher) lookAtPoolLater(id model.ID, pause time.Duration) {
	w.wait.Go(func() {
		timer := time.NewTimer(pause)
		defer timer.Stop()
		select {
		case <-timer.C:
			w.pools.looks.ask(id)
		case <-w.base.Done():
		}
	})
}
