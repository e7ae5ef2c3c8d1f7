package exports

import (
	"context"
	"iter"
	"maps"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/image"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

func mapKeys[K comparable, V any](m map[K]V) iter.Seq[K] { return maps.Keys(m) }

// received is what an import works with; domain is nil for what comes from none.
type received struct {
	params ImportParams
	domain *model.StorageDomain
}

func (r *room) received(w *job.Work) (*received, error) {
	s := &received{}
	if err := w.Params(&s.params); err != nil {
		return nil, err
	}
	var ok bool
	if s.params.StorageDomain == "" {
		return s, nil // it comes from elsewhere
	}
	if s.domain, ok = r.Inventory.StorageDomains.Get(s.params.StorageDomain); !ok {
		return nil, fault.New(fault.DomainNotFound, w.Job.Verb)
	}
	return s, nil
}

// each does something with every disk that is made, in its domain.
func (r *room) each(w *job.Work, do func(s *received, copied *taken, disk *model.Disk, to *model.StorageDomain) error) error {
	s, err := r.received(w)
	if err != nil {
		return err
	}
	for i := range s.params.Copies {
		copied := &s.params.Copies[i]
		disk, ok := r.Inventory.Disks.Get(copied.To)
		if !ok {
			return fault.Missing("Disk: id=" + string(copied.To))
		}
		to, ok := r.Inventory.StorageDomains.Get(disk.StorageDomain)
		if !ok {
			return fault.New(fault.DomainNotFound, w.Job.Verb)
		}
		if err := do(s, copied, disk, to); err != nil {
			return err
		}
	}
	return nil
}

// clearWay removes images that belong to nothing and lie where disks are to be: the
// command has asked for that.
func (r *room) clearWay(ctx context.Context, w *job.Work) error {
	return r.each(w, func(s *received, _ *taken, disk *model.Disk, to *model.StorageDomain) error {
		if !s.params.Exclusive {
			return nil
		}
		return failed(ctx, w.Job.Verb, to, r.Images.Remove(ctx, to, disk.ID, false))
	})
}

func (r *room) copyIn(ctx context.Context, w *job.Work) error {
	s, err := r.received(w)
	if err != nil {
		return err
	}
	var sources []*model.Disk
	for i := range s.params.Copies {
		sources = append(sources, &s.params.Copies[i].From)
	}
	told := newTold(w, sources)
	return r.each(w, func(s *received, copied *taken, disk *model.Disk, to *model.StorageDomain) error {
		source := image.Source{Domain: s.domain, Disk: &copied.From}
		progress := told.next(&copied.From)
		if copied.Collapsed {
			err = r.Images.Copy(ctx, source, to, image.VolumeSpec{
				Disk: disk.ID, Volume: disk.Volume, Format: disk.Format, Sparse: disk.Sparse,
				Alias: disk.Alias, Description: disk.Description, Owner: s.params.Owner, Shared: copied.Shared,
			}, progress)
		} else {
			err = r.Images.CopyChain(ctx, source, to, disk.ID, copied.Volumes, s.params.Owner, progress)
		}
		return failed(ctx, w.Job.Verb, to, err)
	})
}

func (r *room) uncopyIn(ctx context.Context, w *job.Work) error {
	return r.each(w, func(_ *received, _ *taken, disk *model.Disk, to *model.StorageDomain) error {
		return r.Images.Remove(ctx, to, disk.ID, false)
	})
}

// measured is what an import remembers: of each disk what it occupies, and of each volume
// how large it is. Of what was declared nothing is believed.
type measured struct {
	Occupied map[model.ID]int64 `json:"occupied"`
	Sizes    map[model.ID]int64 `json:"sizes"`
}

func (r *room) measure(ctx context.Context, w *job.Work) error {
	data := measured{Occupied: map[model.ID]int64{}, Sizes: map[model.ID]int64{}}
	err := r.each(w, func(_ *received, _ *taken, disk *model.Disk, to *model.StorageDomain) error {
		occupied, err := r.Images.Occupied(ctx, to, disk.ID)
		if err != nil {
			return failed(ctx, w.Job.Verb, to, err)
		}
		data.Occupied[disk.ID] = occupied
		volumes := []model.ID{disk.Volume}
		for _, below := range disk.Chain {
			volumes = append(volumes, below.ID)
		}
		for _, volume := range volumes {
			meta, err := r.Images.Meta(ctx, to, disk.ID, volume)
			if err != nil {
				return failed(ctx, w.Job.Verb, to, err)
			}
			data.Sizes[volume] = meta.Size
		}
		return nil
	})
	if err != nil {
		return err
	}
	return w.Remember(&data)
}

// imported settles an import: it is there with all its disks, or nothing of it is.
func (r *room) imported(tx *inventory.Tx, w *job.Work, failure error) {
	var params ImportParams
	var data measured
	_, _ = w.Params(&params), w.Data(&data) // the steps have read them
	about := engine.AboutJob(tx, w.Job)
	var ok bool
	if about.Domain, ok = tx.StorageDomains.Get(params.StorageDomain); ok {
		about.Detail = fromDomain(about.Domain)
	} else {
		about.Detail = r.fromArchive(w)
	}
	for i := range params.Copies {
		settleDisk(tx, w, &data, params.Copies[i].To, failure)
	}
	done, bad := audit.Imported, audit.ImportFailed
	if w.Job.Target.Kind == model.KindTemplate {
		done, bad = audit.TemplateImported, audit.TemplateImportFailed
		about.Template, _ = tx.Templates.Get(w.Job.Target.ID)
		settleTemplate(tx, w.Job.Target.ID, failure)
	} else {
		settleVM(tx, w.Job.Target.ID, failure)
	}
	if failure != nil {
		about.Detail, done = about.Detail+": "+fault.Of(failure).Message(), bad
	}
	tx.Event(audit.New(done, about))
}

// settleDisk keeps a disk that could not be taken away again as an illegal floating one.
func settleDisk(tx *inventory.Tx, w *job.Work, data *measured, id model.ID, failure error) {
	disk, ok := tx.Disks.Edit(id)
	switch {
	case !ok:
	case failure == nil:
		disk.Status, disk.ActualSize, disk.ProvisionedSize = model.DiskOK, data.Occupied[id], data.Sizes[disk.Volume]
		for i := range disk.Chain {
			disk.Chain[i].Size = data.Sizes[disk.Chain[i].ID]
		}
	case w.Dirty:
		disk.Status = model.DiskIllegal
	default:
		tx.Disks.Delete(id)
	}
}

func settleTemplate(tx *inventory.Tx, id model.ID, failure error) {
	if failure != nil {
		tx.Templates.Delete(id)
		return
	}
	if template, ok := tx.Templates.Edit(id); ok {
		template.Status = model.TemplateOK
	}
}

func settleVM(tx *inventory.Tx, id model.ID, failure error) {
	for _, snapshot := range tx.Snapshots.All() {
		if snapshot.VM != id {
			continue
		}
		if failure != nil {
			tx.Snapshots.Delete(snapshot.ID)
		} else if edited, ok := tx.Snapshots.Edit(snapshot.ID); ok {
			edited.Status = model.SnapshotOK
		}
	}
	if failure != nil {
		tx.VMs.Delete(id)
	} else if vm, ok := tx.VMs.Edit(id); ok {
		engine.SetStatus(vm, model.StatusDown, "")
	}
}
