package watch

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// evacuatePause is how long a VM is left alone that could not be moved away.
const evacuatePause = time.Minute

// leaving is what is known of a host's way into maintenance.
type leaving struct {
	// tried is when each VM was last told to move, refused why it could not.
	tried   map[model.ID]time.Time
	refused map[model.ID]string
	// told is what the last event has said.
	told string
}

// empty has the VMs of a host that is to go into maintenance moved away, tells of those
// that stay, and moves the host there when no VM runs on it any more.
func (w *Watcher) empty(ctx context.Context, id model.ID) {
	on, exists := w.inventory.Hosts.Get(id)
	if !exists || on.Status != model.HostPreparingForMaintenance {
		w.forgetLeaving(id)
		return
	}
	w.mu.Lock()
	known, begun := w.leaving[id]
	w.mu.Unlock()
	if !begun {
		known = leaving{tried: make(map[model.ID]time.Time), refused: make(map[model.ID]string)}
	}
	w.moveAway(ctx, on, &known)
	told := w.stays(on, known)
	err := w.inventory.Update(ctx, func(tx *inventory.Tx) error {
		now, exists := tx.Hosts.Get(id)
		if !exists || now.Status != model.HostPreparingForMaintenance {
			return nil
		}
		if len(engine.RunsOn(tx, id)) == 0 {
			edited, _ := tx.Hosts.Edit(id)
			engine.MoveHost(edited, lifecycle.HostEmptied, "")
			tx.Event(audit.New(audit.HostInMaintenance, audit.About{Host: edited}))
			return nil
		}
		if told != "" && told != known.told {
			tx.Event(audit.New(audit.HostStaysInUse, audit.About{Host: now, Detail: told}))
		}
		return nil
	})
	w.wrote(err)
	if err == nil {
		known.told = told
	}
	w.mu.Lock()
	w.leaving[id] = known
	w.mu.Unlock()
}

func (w *Watcher) forgetLeaving(id model.ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.leaving, id)
}

// moveAway begins to migrate what can go and is not on its way.
func (w *Watcher) moveAway(ctx context.Context, on *model.Host, known *leaving) {
	for _, vm := range w.inventory.VMs.All() {
		if vm.Run.Host != on.ID || lifecycle.Resting(vm.Run.Status) || w.Engine.Stays(vm) != "" ||
			time.Since(known.tried[vm.ID]) < evacuatePause {
			continue
		}
		if _, held := w.inventory.Holder(vm.Ref()); held {
			continue
		}
		known.tried[vm.ID] = time.Now()
		delete(known.refused, vm.ID)
		if err := w.Engine.Evacuate(ctx, vm.ID); err != nil && ctx.Err() == nil {
			known.refused[vm.ID] = fault.Of(err).Message()
		}
	}
}

// stays names what keeps a host from maintenance, with why; empty when all is on its
// way.
func (w *Watcher) stays(on *model.Host, known leaving) string {
	why := make(map[string]string)
	for _, vm := range w.inventory.VMs.All() {
		if vm.Run.Host != on.ID || lifecycle.Resting(vm.Run.Status) {
			continue
		}
		if stays := w.Engine.Stays(vm); stays != "" {
			why[vm.Name] = stays
		} else if refused := known.refused[vm.ID]; refused != "" {
			why[vm.Name] = refused
		}
	}
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(why)) {
		lines = append(lines, fmt.Sprintf("VM %s stays: %s.", name, strings.TrimSuffix(why[name], ".")))
	}
	return strings.Join(lines, " ")
}
