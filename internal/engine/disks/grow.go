package disks

import (
	"context"
	"errors"
	"fmt"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// grows says whether an update makes the disk larger.
func (r *room) grows(tx *inventory.Tx, call *engine.Call) bool {
	e, err := r.edited(tx, call)
	return err == nil && r.checkSize(call.Verb, e.disk) == nil && e.disk.ProvisionedSize > e.was.ProvisionedSize
}

// checkGrowth refuses to shrink a disk, or to grow one that cannot grow now.
func (r *room) checkGrowth(tx *inventory.Tx, call *engine.Call, e *edited) error {
	switch {
	case e.disk.ProvisionedSize == e.was.ProvisionedSize:
		return nil
	case e.disk.ProvisionedSize < e.was.ProvisionedSize:
		return fault.New(fault.Invalid, call.Verb, "A disk can only grow.")
	case e.was.Status != model.DiskOK:
		return fault.New(fault.StateConflict, call.Verb, fmt.Sprintf("The disk %s is illegal.", e.was.Alias))
	case e.vm != nil && e.from.Active != e.to.Active:
		return fault.New(fault.Invalid, call.Verb, "A disk cannot grow and be activated or deactivated at once.")
	}
	if err := checkGuests(tx, call.Verb, e.was); err != nil {
		return err
	}
	for _, vm := range users(tx, e.was.ID) {
		if err := r.Free(tx, call, vm.Ref()); err != nil {
			return err
		}
	}
	domain, err := checkDomain(tx, call.Verb, e.was, nil)
	if err != nil {
		return err
	}
	switch {
	case !e.was.Sparse:
		return r.CheckRoom(call, domain, e.disk.ProvisionedSize-e.was.ProvisionedSize)
	case len(guestsOf(tx, e.was.ID)) > 0:
		return r.CheckRoom(call, domain, growing)
	}
	return nil
}

// grow records the changes and locks the disk, whose image the job makes larger.
func (r *room) grow(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	e, err := r.edited(tx, call)
	if err != nil {
		return nil, err
	}
	if err := r.checkSize(call.Verb, e.disk); err != nil {
		return nil, err
	}
	e.params.Size = e.disk.ProvisionedSize
	if _, err := r.update(tx, call); err != nil {
		return nil, err
	}
	disk, _ := tx.Disks.Edit(e.was.ID)
	disk.Status = model.DiskLocked
	return disk, nil
}

func (r *room) resize(_ context.Context, w *job.Work) error {
	var params UpdateParams
	if err := w.Params(&params); err != nil {
		return err
	}
	disk, domain, err := r.image(w)
	if err != nil {
		return err
	}
	if err := r.Images.Resize(w.Steady(), domain, disk, params.Size); err != nil {
		return errors.Join(engine.StorageFault(w.Job.Verb, domain, err), r.measureGrown(w, domain, disk))
	}
	return nil
}

// growData is what a growth that has failed remembers: the size in bytes that the
// image has all the same.
type growData struct {
	Size int64 `json:"size,omitempty"`
}

// measureGrown looks, after a failure, whether the image has become larger, which
// cannot be taken back, and then sees to its metadata.
func (r *room) measureGrown(w *job.Work, domain *model.StorageDomain, disk *model.Disk) error {
	if w.Steady().Err() != nil {
		return nil
	}
	facts, err := r.Images.Inspect(w.Steady(), domain, disk.ID, disk.Volume, disk.Format)
	if err != nil || facts.Size <= disk.ProvisionedSize {
		return nil //nolint:nilerr // it is as it was, as far as anybody can say
	}
	_ = r.Images.Resize(w.Steady(), domain, disk, facts.Size) // the image counts, not what is said of it
	return w.Remember(&growData{Size: facts.Size})
}

// grown settles a growth; after a failure the disk has the size it had, or that
// which its image has come to all the same.
func (r *room) grown(tx *inventory.Tx, w *job.Work, failure error) {
	disk, ok := tx.Disks.Edit(w.Job.Target.ID)
	if !ok {
		return
	}
	disk.Status = model.DiskOK
	if failure == nil {
		var params UpdateParams
		_ = w.Params(&params)
		disk.ProvisionedSize = params.Size
		return
	}
	var data growData
	_ = w.Data(&data) // the step has written it
	disk.ProvisionedSize = max(disk.ProvisionedSize, data.Size)
	about := engine.AboutJob(tx, w.Job)
	about.Disk, about.Detail = disk, fault.Of(failure).Message()
	tx.Event(audit.New(audit.DiskUpdateFailed, about))
}
