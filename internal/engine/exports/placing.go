package exports

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/image"
	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/ovf"
)

// place decides for each disk which it becomes, where, and of what volumes.
func (r *room) place(tx *inventory.Tx, call *engine.Call, domain *model.StorageDomain, document *ovf.Document) error {
	params := importParams(call)
	if err := r.complete(call, domain, document); err != nil {
		return err
	}
	config := document.Config()
	if err := engine.CheckWishes(params.Disks, config.Disks); err != nil {
		return err
	}
	if len(document.Disks) == 0 && params.Target != "" {
		if _, err := target(tx, call, params.Target, config.Cluster); err != nil {
			return err
		}
	}
	if err := r.weigh(call, domain, document); err != nil {
		return err
	}
	params.Copies = nil
	needed := map[model.ID]int64{}
	for i := range document.Disks {
		disk := &document.Disks[i]
		copied, err := r.placeOne(tx, call, document, disk, i)
		if err != nil {
			return err
		}
		params.Copies = append(params.Copies, *copied)
		needed[disk.StorageDomain] += max(copied.From.ActualSize, 1<<20)
	}
	for _, id := range slices.Sorted(mapKeys(needed)) {
		to, err := target(tx, call, id, config.Cluster)
		if err != nil {
			return err
		}
		if err := r.checkRoom(call, call.Verb, to, needed[id]); err != nil {
			return err
		}
	}
	return nil
}

// weigh measures what disks occupy: their text says it in whole GiB, if it is true.
// What comes from no domain was weighed by who has read it.
func (r *room) weigh(call *engine.Call, domain *model.StorageDomain, document *ovf.Document) error {
	if domain == nil {
		return nil
	}
	sizes, err := engine.Outside(call, "sizes in "+string(domain.ID), func(ctx context.Context) (map[model.ID]int64, error) {
		sizes := map[model.ID]int64{}
		for i := range document.Disks {
			occupied, err := r.Images.Occupied(ctx, domain, document.Disks[i].ID)
			if err != nil && !errors.Is(err, image.ErrNotFound) { // who copies says what is missing
				return nil, err
			}
			sizes[document.Disks[i].ID] = occupied
		}
		return sizes, nil
	})
	if err != nil {
		return engine.OutsideFault(call.Verb, domain, err)
	}
	for i := range document.Disks {
		document.Disks[i].ActualSize = sizes[document.Disks[i].ID]
	}
	return nil
}

func (r *room) placeOne(tx *inventory.Tx, call *engine.Call, document *ovf.Document, disk *model.Disk, number int) (*taken, error) {
	params, config := importParams(call), document.Config()
	wish := engine.Wish(params.Disks, disk.ID)
	copied := &taken{From: *model.Clone(disk), To: disk.ID, Volumes: map[model.ID]model.ID{}, Shared: document.Template != nil}
	copied.Collapsed = params.Collapse || copied.Shared || len(disk.Chain) == 0
	if params.Clone {
		copied.To = model.NewID()
	}
	if _, known := tx.Disks.Get(copied.To); known || isMemory(tx, copied.To) {
		return nil, fault.New(fault.Duplicate, call.Verb, fmt.Sprintf("There is a disk with the id %s already; import it as a clone.", copied.To))
	}
	if disk.Alias == "" {
		disk.Alias = fmt.Sprintf("%s_Disk%d", config.Name, number+1)
	}
	disk.Alias = cmp.Or(wish.Alias, disk.Alias)
	disk.StorageDomain = cmp.Or(wish.StorageDomain, params.Target)
	to, err := target(tx, call, disk.StorageDomain, config.Cluster)
	if err != nil {
		return nil, err
	}
	if err := reshape(call, copied, disk, wish); err != nil {
		return nil, err
	}
	disk.Status, disk.Shareable = model.DiskLocked, false
	rename(document, disk, copied)
	if err := engine.CheckDiskTexts(call.Verb, disk); err != nil {
		return nil, err
	}
	return copied, r.checkFree(call, to, disk.ID)
}

// isMemory says whether an image group holds the memory of a VM: whoever writes texts may
// give a disk any id.
func isMemory(tx *inventory.Tx, group model.ID) bool {
	is := func(saved *model.SavedState) bool {
		return saved != nil && (saved.MemoryImage == group || saved.ConfigImage == group)
	}
	return slices.ContainsFunc(tx.VMs.All(), func(vm *model.VM) bool { return is(vm.Run.Suspended) }) ||
		slices.ContainsFunc(tx.Snapshots.All(), func(s *model.Snapshot) bool { return is(s.Memory) })
}

// reshape gives a disk of one volume the format that is wished.
func reshape(call *engine.Call, copied *taken, disk *model.Disk, wish engine.DiskWish) error {
	changes := wish.Format != "" && wish.Format != disk.Format || wish.Sparse != nil && *wish.Sparse != disk.Sparse
	if changes && !copied.Collapsed {
		return fault.New(fault.Invalid, call.Verb, "The format of a disk with snapshots can be changed only when they are collapsed.")
	}
	if copied.Collapsed {
		disk.Format, disk.Sparse = collapsed(disk)
		disk.Format = cmp.Or(wish.Format, disk.Format)
		if wish.Sparse != nil {
			disk.Sparse = *wish.Sparse
		}
		disk.Chain = nil
	}
	return nil
}

// rename gives the disk and its volumes their names here, wherever they stand.
func rename(document *ovf.Document, disk *model.Disk, copied *taken) {
	from := disk.ID
	for i := range disk.Chain {
		name := model.NewID()
		copied.Volumes[disk.Chain[i].ID], disk.Chain[i].ID = name, name
	}
	name := model.NewID()
	copied.Volumes[disk.Volume], disk.Volume, disk.ID = name, name, copied.To
	configs := []*model.VMConfig{document.Config()}
	for i := range document.Snapshots {
		s := &document.Snapshots[i]
		configs = append(configs, &s.Config)
		for j := range s.Volumes {
			if v := &s.Volumes[j]; v.Disk == from {
				v.Disk, v.Volume = copied.To, copied.Volumes[v.Volume]
			}
		}
	}
	for _, config := range configs {
		for i := range config.Disks {
			if config.Disks[i].Disk == from {
				config.Disks[i].Disk = copied.To
			}
		}
	}
}

// target finds a data domain for disks of a cluster.
func target(tx *inventory.Tx, call *engine.Call, id, cluster model.ID) (*model.StorageDomain, error) {
	domain, ok := tx.StorageDomains.Get(id)
	switch {
	case !ok:
		return nil, fault.New(fault.DomainNotFound, call.Verb)
	case domain.Status != model.StorageDomainActive:
		return nil, fault.New(fault.DomainStatusIllegal, call.Verb, string(domain.Status))
	case domain.Type != model.StorageDomainData:
		return nil, fault.New(fault.Invalid, call.Verb, fmt.Sprintf("%s is not a data storage domain.", domain.Name))
	case domain.DataCenter != engine.DataCenterOf(tx, cluster):
		return nil, fault.New(fault.DataCenterMismatch, call.Verb, domain.Name)
	}
	return domain, nil
}

// checkFree wants that no image lies where a disk is to be, unless it may be overwritten.
func (r *room) checkFree(call *engine.Call, domain *model.StorageDomain, disk model.ID) error {
	if params := importParams(call); params.Exclusive || params.Clone {
		return nil
	}
	there, err := engine.Outside(call, "group "+string(disk), func(ctx context.Context) (bool, error) {
		_, err := r.Images.Occupied(ctx, domain, disk)
		if errors.Is(err, image.ErrNotFound) {
			return false, nil
		}
		return err == nil, err
	})
	if err != nil {
		return engine.OutsideFault(call.Verb, domain, err)
	}
	if there {
		return fault.New(fault.Duplicate, call.Verb, fmt.Sprintf(
			"An image of the disk %s lies in storage domain %s and belongs to nothing; import with exclusive to overwrite it.", disk, domain.Name))
	}
	return nil
}

// complete describes the volumes that the text only names, by their metadata: those of a
// template on which the disks of a VM stand lie in its image groups too.
func (r *room) complete(call *engine.Call, domain *model.StorageDomain, document *ovf.Document) error {
	for i := range document.Disks {
		disk := &document.Disks[i]
		if len(disk.Chain) == 0 || disk.Chain[0].Format != "" {
			continue
		}
		base := &disk.Chain[0]
		known, err := engine.Outside(call, "base of "+string(disk.ID), func(ctx context.Context) (image.VolumeMeta, error) {
			return r.Images.Meta(ctx, domain, disk.ID, base.ID)
		})
		if engine.IsOutside(err) {
			return err
		}
		if err != nil || known.Parent != "" {
			return fault.New(fault.StateConflict, call.Verb, fmt.Sprintf(
				"The disk %s stands on the volume of a template that is not in storage domain %s.", disk.Alias, domain.Name)).Because(err)
		}
		base.Format, base.Sparse, base.Size, base.CreationTime = known.Format, known.Sparse, known.Size, known.Created
	}
	return nil
}
