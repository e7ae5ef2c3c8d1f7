package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"vireo/internal/fault"
	"vireo/internal/image"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// Copies are the disks that a command makes of others: part of its Params, kept with
// its job. The disks that are made are recorded, locked, when the command is accepted;
// CopyDisks and UncopyDisks are a step of the job, and SettleCopies its end.
type Copies struct {
	Disks []DiskCopy  `json:"copies,omitempty"`
	Owner image.Owner `json:"owner"`
}

// DiskCopy is one of them. A Thin one stands on the volume of the template's disk
// From; any other is a copy of what From holds. A Shared one is a template's.
type DiskCopy struct {
	From model.ID `json:"from"`
	// Volume is the one of From that is copied, with what it stands on; empty is the
	// active one.
	Volume model.ID `json:"volume,omitempty"`
	To     model.ID `json:"to"`
	Thin   bool     `json:"thin,omitempty"`
	Shared bool     `json:"shared,omitempty"`
}

// Copied makes the record of a disk that is to be made of another, and refuses what
// cannot be made: verb is the command in messages, dataCenter where it will be used.
func (e *Engine) Copied(tx *inventory.Tx, verb string, from *model.Disk, wish DiskWish, thin bool, dataCenter model.ID) (*model.Disk, error) {
	made := model.Clone(from)
	made.ID, made.Volume, made.Chain, made.ActualSize = model.NewID(), model.NewID(), nil, 0
	made.Shareable, made.Status, made.CreationTime = false, model.DiskLocked, time.Now().UTC()
	if thin {
		made.Format, made.Sparse = model.DiskCOW, true
		made.Chain = []model.Volume{{
			ID: from.Volume, Format: from.Format, Sparse: from.Sparse, Size: from.ProvisionedSize,
			Template: from.ID, CreationTime: from.CreationTime,
		}}
	}
	if wish.Alias != "" {
		made.Alias = wish.Alias
	}
	if wish.Description != nil {
		made.Description = *wish.Description
	}
	if wish.Format != "" {
		made.Format = wish.Format
	}
	if wish.Sparse != nil {
		made.Sparse = *wish.Sparse
	}
	if wish.StorageDomain != "" {
		made.StorageDomain = wish.StorageDomain
	}
	return made, checkCopied(tx, verb, from, made, thin, dataCenter)
}

func checkCopied(tx *inventory.Tx, verb string, from, made *model.Disk, thin bool, dataCenter model.ID) error {
	if err := CheckDiskTexts(verb, made); err != nil {
		return err
	}
	switch {
	case made.Format != model.DiskCOW && made.Format != model.DiskRaw:
		return fault.New(fault.Invalid, verb, "The format must be cow or raw.")
	case from.Status == model.DiskLocked:
		return fault.New(fault.DiskLocked, verb, from.Alias)
	case from.Status != model.DiskOK:
		return fault.New(fault.StateConflict, verb, fmt.Sprintf("The disk %s is illegal.", from.Alias))
	case thin && (made.Format != model.DiskCOW || !made.Sparse):
		return fault.New(fault.Invalid, verb, fmt.Sprintf("A disk that stands on the template's disk %s is of the format cow and sparse; clone the disks for another.", from.Alias))
	case thin && made.StorageDomain != from.StorageDomain:
		return fault.New(fault.Invalid, verb, fmt.Sprintf("A disk that stands on the template's disk %s is in the same storage domain; clone the disks for another.", from.Alias))
	}
	for _, id := range []model.ID{from.StorageDomain, made.StorageDomain} {
		domain, ok := tx.StorageDomains.Get(id)
		switch {
		case !ok:
			return fault.New(fault.DomainNotFound, verb)
		case domain.Type != model.StorageDomainData:
			return fault.New(fault.Invalid, verb, fmt.Sprintf("%s is not a data storage domain.", domain.Name))
		case domain.Status != model.StorageDomainActive:
			return fault.New(fault.DomainStatusIllegal, verb, string(domain.Status))
		case domain.DataCenter != dataCenter:
			return fault.New(fault.DataCenterMismatch, verb, domain.Name)
		}
	}
	return nil
}

// CheckRoomFor refuses copies for which a storage domain has not the room. The error
// may be one of Outside. The copies need not be recorded yet.
func (e *Engine) CheckRoomFor(tx *inventory.Tx, call *Call, copies []DiskCopy, made []*model.Disk) error {
	needed := make(map[model.ID]int64)
	var order []model.ID
	for i, disk := range made {
		if _, seen := needed[disk.StorageDomain]; !seen {
			order = append(order, disk.StorageDomain)
		}
		needed[disk.StorageDomain] += size(tx, copies[i], disk)
	}
	for _, id := range order {
		domain, _ := tx.StorageDomains.Get(id)
		if err := e.CheckRoom(call, domain, needed[id]); err != nil {
			return err
		}
	}
	return nil
}

// size is about how many bytes a copy will take up. What a file system shares with
// the source is not known before.
func size(tx *inventory.Tx, of DiskCopy, made *model.Disk) int64 {
	const tables = 1 << 20
	from, ok := tx.Disks.Get(of.From)
	switch {
	case of.Thin || !ok:
		return tables
	case !made.Sparse:
		return made.ProvisionedSize
	}
	sum := from.ActualSize
	for _, below := range from.Chain {
		if template, ok := tx.Disks.Get(below.Template); ok {
			sum += template.ActualSize
		}
	}
	return min(sum, made.ProvisionedSize) + tables
}

// copied is what the step remembers: what the disks occupy.
type copied struct {
	Sizes map[model.ID]int64 `json:"sizes"`
}

// CopyDisks is the step that makes the disks. What was made before is found, so that
// it can be done again.
func (e *Engine) CopyDisks(ctx context.Context, w *job.Work, copies *Copies) error {
	var total, done int64
	for _, each := range copies.Disks {
		if made, ok := e.Inventory.Disks.Get(each.To); ok {
			total += made.ProvisionedSize
		}
	}
	data := copied{Sizes: make(map[model.ID]int64)}
	for _, each := range copies.Disks {
		made, ok := e.Inventory.Disks.Get(each.To)
		from, known := e.Inventory.Disks.Get(each.From)
		if !ok || !known {
			return fault.Missing("Disk: id=" + string(each.From))
		}
		if from, ok = from.Standing(cmp.Or(each.Volume, from.Volume)); !ok {
			return fault.Missing("Disk: id=" + string(each.From))
		}
		progress := func(part, whole int64) {
			if whole > 0 {
				w.Progress(done+int64(float64(made.ProvisionedSize)*float64(part)/float64(whole)), total)
			}
		}
		occupied, err := e.copyDisk(ctx, each, from, made, copies.Owner, progress)
		if err != nil {
			domain, _ := e.Inventory.StorageDomains.Get(made.StorageDomain)
			return StorageFault(w.Job.Verb, domain, err)
		}
		data.Sizes[made.ID] = occupied
		done += made.ProvisionedSize
	}
	return w.Remember(&data)
}

func (e *Engine) copyDisk(ctx context.Context, what DiskCopy, from, made *model.Disk, owner image.Owner, progress image.Progress) (int64, error) {
	to, ok := e.Inventory.StorageDomains.Get(made.StorageDomain)
	if !ok {
		return 0, image.ErrNotFound
	}
	source, ok := e.Inventory.StorageDomains.Get(from.StorageDomain)
	if !ok {
		return 0, image.ErrNotFound
	}
	var err error
	if what.Thin {
		err = e.thinDisk(ctx, to, from, made, owner)
	} else {
		err = e.Images.Copy(ctx, image.Source{Domain: source, Disk: from}, to, image.VolumeSpec{
			Disk: made.ID, Volume: made.Volume, Format: made.Format, Sparse: made.Sparse, Size: made.ProvisionedSize,
			Alias: made.Alias, Description: made.Description, Owner: owner, Shared: what.Shared,
		}, progress)
	}
	if err != nil {
		return 0, err
	}
	return e.Images.Occupied(ctx, to, made.ID)
}

func (e *Engine) thinDisk(ctx context.Context, domain *model.StorageDomain, from, made *model.Disk, owner image.Owner) error {
	if err := e.Images.Link(ctx, domain, from, made.ID); err != nil {
		return err
	}
	below, ok := made.Standing(from.Volume)
	if !ok {
		return fmt.Errorf("disk %s does not stand on the template's volume: %w", made.ID, image.ErrUnsafe)
	}
	return e.Images.Overlay(ctx, domain, below, made.Volume, owner)
}

// UncopyDisks takes away what CopyDisks has made.
func (e *Engine) UncopyDisks(ctx context.Context, copies *Copies) error {
	var failures []error
	for _, each := range copies.Disks {
		made, ok := e.Inventory.Disks.Get(each.To)
		if !ok {
			continue
		}
		if domain, ok := e.Inventory.StorageDomains.Get(made.StorageDomain); ok {
			failures = append(failures, e.Images.Remove(ctx, domain, made.ID, made.WipeAfterDelete))
		}
	}
	return errors.Join(failures...)
}

// SettleCopies settles the disks: they are there, or they are forgotten. Those whose
// images could not be taken away again are kept as illegal ones, to be removed.
func (e *Engine) SettleCopies(tx *inventory.Tx, w *job.Work, copies *Copies, failure error) {
	var data copied
	_ = w.Data(&data) // without it the sizes are measured later
	for _, each := range copies.Disks {
		made, ok := tx.Disks.Edit(each.To)
		switch {
		case !ok:
		case failure == nil:
			made.Status, made.ActualSize = model.DiskOK, data.Sizes[made.ID]
		case w.Dirty:
			made.Status = model.DiskIllegal
		default:
			tx.Disks.Delete(made.ID)
		}
	}
}
