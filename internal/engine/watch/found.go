package watch

import (
	"context"
	"fmt"

	"vireo/internal/audit"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// doomedError names guests that must end before their host is used: their runs were
// closed when the host was taken to have ended, and their VMs have begun others since.
type doomedError struct {
	guests []host.Guest
	// surprising says that they were taken to have ended.
	surprising bool
}

func (e *doomedError) Error() string {
	return fmt.Sprintf("%d guests run whose VMs may run elsewhere", len(e.guests))
}

// foundAlive deals with a host that was taken to have ended, and was compared. If it has
// started anew all is as expected. Else the proof was false, or the operator was wrong:
// guests whose VMs have gone on elsewhere are ended, before anything else is done with
// the host, and the others are found again like any guest that was lost sight of.
//
// The same is done with single guests that had a lease which died. That their host lives is
// no surprise; that they do is one. Nor is it one of a host that was cut off from its storage. ended says that some were ended by this comparison.
func (w *Watcher) foundAlive(tx *inventory.Tx, on *model.Host, bootID string, guests []host.Guest, ended bool) error {
	cutOff := on.Barred != nil && on.Barred.Closed && on.Barred.BootID == bootID && bootID != ""
	if cutOff && on.Barred.Confirmed {
		// Somebody has said that it was restarted, and it was not.
		on.Barred = model.Clone(on.Barred)
		on.Barred.Confirmed, ended = false, true
	}
	alive := ended || !cutOff && on.Lost != nil && on.Lost.BootID == bootID && bootID != ""
	var doomed []host.Guest
	for _, proof := range []*model.Lost{on.Lost, on.Leased} {
		if proof == nil || proof.BootID != bootID || bootID == "" {
			continue
		}
		for _, guest := range guests {
			epoch, closed := proof.Runs[guest.ID]
			if guest.State == host.Off || !guest.Ours || guest.Engine != w.Engine.ID || !closed || epoch != guest.Epoch {
				continue
			}
			alive = alive || !cutOff || proof == on.Leased
			// Without its storage no guest is of use, and its VM may be about to be started elsewhere.
			if vm, known := tx.VMs.Get(guest.ID); !known || vm.Run.Epoch != guest.Epoch || cutOff && proof == on.Lost {
				doomed = append(doomed, guest)
			}
		}
	}
	if len(doomed) > 0 {
		return &doomedError{doomed, alive}
	}
	if alive {
		tx.Event(audit.New(audit.HostAliveAfterAll, audit.About{Host: on}))
	}
	on.Lost, on.Leased = nil, nil
	return nil
}

// end ends guests that must not be. The definition of one that was only adopted stays.
func (w *Watcher) end(ctx context.Context, conn host.Host, on model.ID, doomed *doomedError) error {
	for _, guest := range doomed.guests {
		w.Log.WarnContext(ctx, "a guest is ended whose VM was started elsewhere", "host", on, "vm", guest.ID)
		if err := conn.Destroy(ctx, guest.ID); err != nil {
			return fmt.Errorf("ending a guest whose VM was started elsewhere: %w", err)
		}
		if err := w.leave(ctx, conn, guest); err != nil {
			return fmt.Errorf("forgetting a guest whose VM was started elsewhere: %w", err)
		}
	}
	return nil
}
