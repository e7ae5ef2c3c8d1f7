package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"vireo/internal/fault"
	"vireo/internal/image"
	"vireo/internal/model"
)

// longestChain is how many volumes a disk of a stranger may have.
const longestChain = 100

// UnregisteredDisk makes the disk that an image group of a data domain holds, by the
// metadata of its volumes. The error says in a sentence for people why it is none.
func (e *Engine) UnregisteredDisk(ctx context.Context, domain *model.StorageDomain, id model.ID) (*model.Disk, error) {
	volumes, err := e.Images.Group(ctx, domain, id)
	if errors.Is(err, image.ErrNotFound) {
		return nil, fault.Missing(string(id))
	}
	if err != nil {
		return nil, err
	}
	leaf, err := leafOf(volumes)
	if err != nil {
		return nil, err
	}
	meta := volumes[leaf]
	disk := &model.Disk{
		ID: id, Alias: meta.Alias, Description: meta.Description, StorageDomain: domain.ID, Volume: leaf,
		Format: meta.Format, Sparse: meta.Sparse, ProvisionedSize: meta.Size, Interface: model.DiskVirtio,
		Status: model.DiskOK, CreationTime: meta.Created,
	}
	if disk.Alias == "" {
		disk.Alias = string(id)
	}
	for below := meta.Parent; below != ""; {
		under, there := volumes[below]
		if !there || len(disk.Chain) >= longestChain {
			return nil, problem("a volume that it stands on is missing")
		}
		disk.Chain = append(disk.Chain, model.Volume{ID: below, Format: under.Format, Sparse: under.Sparse, Size: under.Size, CreationTime: under.Created})
		below = under.Parent
	}
	slices.Reverse(disk.Chain)
	disk.ActualSize, err = e.Images.Occupied(ctx, domain, id)
	return disk, err
}

// leafOf finds the one volume that no other stands on.
func leafOf(volumes map[model.ID]image.VolumeMeta) (model.ID, error) {
	parents := make(map[model.ID]bool)
	for _, meta := range volumes {
		if meta.Illegal {
			return "", problem("a volume of it is illegal")
		}
		parents[meta.Parent] = true
	}
	var leaves []model.ID
	for id := range volumes {
		if !parents[id] {
			leaves = append(leaves, id)
		}
	}
	if len(leaves) != 1 {
		return "", problem(fmt.Sprintf("%d volumes of it could be the active one", len(leaves)))
	}
	return leaves[0], nil
}

func problem(why string) error {
	return fault.New(fault.StateConflict, "register disk", "What lies there is no disk: "+why+".")
}

// UnregisteredDisks gives the disks in a data domain that are not known here; other
// domains, and one that is not active, have none.
func (v *View) UnregisteredDisks(ctx context.Context, id model.ID) ([]*model.Disk, error) {
	domain, err := v.StorageDomain(id)
	if err != nil || domain.Type != model.StorageDomainData || domain.Status != model.StorageDomainActive || !v.seesStrangers(domain, "create_disk") {
		return nil, err
	}
	groups, err := v.engine.Images.Groups(ctx, domain)
	if err != nil {
		return nil, StorageFault("list unregistered disks", domain, err)
	}
	saved := v.savedGroups()
	var found []*model.Disk
	for _, group := range groups {
		if _, known := v.engine.Inventory.Disks.Get(group); known || saved[group] {
			continue
		}
		disk, err := v.engine.UnregisteredDisk(ctx, domain, group)
		if err != nil {
			v.engine.Log.DebugContext(ctx, "an image group is no disk that could be registered", "group", group, "err", err)
			continue
		}
		found = append(found, disk)
	}
	return found, nil
}

// savedGroups are the image groups that hold the memory of guests.
func (v *View) savedGroups() map[model.ID]bool {
	groups := make(map[model.ID]bool)
	add := func(saved *model.SavedState) {
		if saved != nil {
			groups[saved.MemoryImage], groups[saved.ConfigImage] = true, true
		}
	}
	for _, vm := range v.engine.Inventory.VMs.All() {
		add(vm.Run.Suspended)
	}
	for _, snapshot := range v.engine.Inventory.Snapshots.All() {
		add(snapshot.Memory)
	}
	return groups
}

// DisksIn gives the disks of a storage domain, by alias.
func (v *View) DisksIn(domain model.ID) []*model.Disk {
	return slices.DeleteFunc(slices.Clone(v.Disks()), func(disk *model.Disk) bool { return disk.StorageDomain != domain })
}
