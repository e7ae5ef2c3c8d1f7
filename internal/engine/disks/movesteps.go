package disks

import (
	"context"
	"errors"
	"slices"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/image"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// going is a disk on its way: as it is recorded, and both storage domains.
type going struct {
	disk     *model.Disk
	from, to *model.StorageDomain
}

// arrived says that the disk is recorded where it was to go.
func (g going) arrived() bool { return g.disk.StorageDomain == g.to.ID }

// onTheWay finds the disks of a move.
func (r *room) onTheWay(w *job.Work, params *MoveParams) ([]going, error) {
	if err := w.Params(params); err != nil {
		return nil, err
	}
	var all []going
	for _, each := range params.Moves {
		disk, known := r.Inventory.Disks.Get(each.Disk)
		from, hasFrom := r.Inventory.StorageDomains.Get(each.From)
		to, hasTo := r.Inventory.StorageDomains.Get(each.To)
		switch {
		case !known:
			return nil, fault.Missing(string(each.Disk))
		case !hasFrom || !hasTo:
			return nil, fault.New(fault.DomainNotFound, w.Job.Verb)
		}
		all = append(all, going{disk, from, to})
	}
	return all, nil
}

// freePlace removes what an earlier move has left where the disks are to go. It would
// be taken for what this one has copied: a volume that is there is complete. For the same
// reason this is a step of its own, which no restart repeats after the first copy.
func (r *room) freePlace(ctx context.Context, w *job.Work) error {
	var params MoveParams
	all, err := r.onTheWay(w, &params)
	if err != nil {
		return err
	}
	for _, each := range all {
		if !slices.Contains(each.disk.Left, each.to.ID) {
			continue
		}
		if err := r.Images.Remove(ctx, each.to, each.disk.ID, each.disk.WipeAfterDelete); err != nil {
			return engine.StorageFault(w.Job.Verb, each.to, err)
		}
		err := w.Update(ctx, func(tx *inventory.Tx) error {
			if disk, ok := tx.Disks.Edit(each.disk.ID); ok {
				disk.Left = without(disk.Left, each.to.ID)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// leave records that images are left in a domain; without takes it back.
func leave(disk *model.Disk, domain model.ID) {
	disk.Left = append(without(disk.Left, domain), domain)
}

func without(domains []model.ID, domain model.ID) []model.ID {
	return slices.DeleteFunc(slices.Clone(domains), func(id model.ID) bool { return id == domain })
}

// copyThere copies all volumes of the disks.
func (r *room) copyThere(ctx context.Context, w *job.Work) error {
	var params MoveParams
	all, err := r.onTheWay(w, &params)
	if err != nil {
		return err
	}
	var before, total int64
	for _, each := range all {
		total += each.disk.ProvisionedSize
	}
	data := moveData{Sizes: make(map[model.ID]int64)}
	for _, each := range all {
		size := each.disk.ProvisionedSize
		progress := func(done, of int64) { w.Progress(before+int64(float64(size)*float64(done)/float64(of)), total) }
		err := r.Images.CopyChain(ctx, image.Source{Domain: each.from, Disk: each.disk}, each.to, each.disk.ID, nil, params.Owner, progress)
		if err != nil {
			return engine.StorageFault(w.Job.Verb, each.to, err)
		}
		occupied, err := r.Images.Occupied(ctx, each.to, each.disk.ID)
		if err != nil {
			return engine.StorageFault(w.Job.Verb, each.to, err)
		}
		data.Sizes[each.disk.ID] = occupied
		before += size
	}
	return w.Remember(&data)
}

// uncopy takes away what was copied.
func (r *room) uncopy(ctx context.Context, w *job.Work) error {
	var params MoveParams
	all, err := r.onTheWay(w, &params)
	if err != nil {
		return err
	}
	var failures []error
	for _, each := range all {
		if !each.arrived() {
			failures = append(failures, r.Images.Remove(ctx, each.to, each.disk.ID, each.disk.WipeAfterDelete))
		}
	}
	return errors.Join(failures...)
}

// record writes that the disks are where they were to go.
func (r *room) record(_ context.Context, w *job.Work) error {
	var params MoveParams
	if err := w.Params(&params); err != nil {
		return err
	}
	return w.Update(w.Steady(), func(tx *inventory.Tx) error {
		arrive(tx, &params)
		return nil
	})
}

func arrive(tx *inventory.Tx, params *MoveParams) {
	for _, each := range params.Moves {
		disk, ok := tx.Disks.Edit(each.Disk)
		if !ok {
			continue
		}
		disk.StorageDomain = each.To
		for i := range disk.Chain {
			disk.Chain[i].Template = ""
		}
	}
}

// How often it is tried again to remove what was moved, and the rest between.
const (
	clearings    = 5
	clearingRest = time.Minute
)

func pause(ctx context.Context, period time.Duration) error {
	timer := time.NewTimer(period)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// clear removes what is left where the disks were. They stay locked meanwhile: moved
// back there they would be removed with it. A failure does not undo what has come to
// its end; when it persists it is told.
func (r *room) clear(_ context.Context, w *job.Work) error {
	var params MoveParams
	all, err := r.onTheWay(w, &params)
	if err != nil {
		return err
	}
	for _, each := range all {
		if !each.arrived() {
			return fault.New(fault.StorageFailed, w.Job.Verb, each.to.Name, "the disk has not arrived")
		}
		err := r.Images.Remove(w.Steady(), each.from, each.disk.ID, each.disk.WipeAfterDelete)
		if err == nil {
			continue
		}
		if w.Steady().Err() != nil {
			return err
		}
		if w.Attempt < clearings {
			return &job.BlockedError{Cause: err, Until: func(ctx context.Context) error { return pause(ctx, clearingRest) }}
		}
		r.Log.ErrorContext(w.Steady(), "a disk that was moved could not be removed where it was", "disk", each.disk.ID, "storage_domain", each.from.ID, "err", err)
		if err := r.tellLeft(w, each, engine.StorageFault(w.Job.Verb, each.from, err)); err != nil {
			return err
		}
	}
	return nil
}

func (r *room) tellLeft(w *job.Work, what going, cause error) error {
	return w.Update(w.Steady(), func(tx *inventory.Tx) error {
		about := engine.AboutJob(tx, w.Job)
		about.Disk, about.Domain, about.Detail = what.disk, what.from, fault.Of(cause).Message()
		if disk, ok := tx.Disks.Edit(what.disk.ID); ok {
			leave(disk, what.from.ID)
		}
		tx.Event(audit.New(audit.DiskLeftBehind, about))
		return nil
	})
}
