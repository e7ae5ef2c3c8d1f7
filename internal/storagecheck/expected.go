package storagecheck

import (
	"cmp"
	"slices"

	"vireo/internal/inventory"
	"vireo/internal/model"
)

// expectation is what the records say of one volume.
type expectation struct {
	// of is what it belongs to, as people know it.
	of string
	// format is the declared one; empty for what is no image of a disk.
	format model.DiskFormat
	// size is the virtual size in bytes; 0 is not compared.
	size int64
	// parent is what it stands on, parentFormat of which format that is.
	parent       model.ID
	parentFormat model.DiskFormat
	// detour is what it may stand on as well: what lies below its parent, when that was
	// being merged away, which has failed.
	detour       model.ID
	detourFormat model.DiskFormat
	// kinds are what VOLTYPE may say.
	kinds []string
	// link is the template's disk whose volume this is another name of; empty for one
	// that is the group's own.
	link model.ID
}

// group is what the records say of an image group.
type group struct {
	of string
	// loose groups are known to be broken: they may hold anything, or be gone.
	loose   bool
	volumes map[model.ID]expectation
}

// place is an image group in a storage domain.
type place struct{ domain, group model.ID }

// expected is everything that must lie in storage domains.
type expected map[place]*group

// collectors say what the objects of each kind keep in storage domains.
var collectors = []func(*inventory.Inventory, expected){
	fromDisks, fromRuns, fromSnapshots,
}

// collect asks all collectors.
func collect(inv *inventory.Inventory) expected {
	all := make(expected)
	for _, from := range collectors {
		from(inv, all)
	}
	return all
}

func (e expected) group(domain, id model.ID, of string) *group {
	at := place{domain, id}
	if e[at] == nil {
		e[at] = &group{of: of, volumes: make(map[model.ID]expectation)}
	}
	return e[at]
}

// The words of VOLTYPE.
var (
	leaf     = []string{"LEAF"}
	internal = []string{"INTERNAL"}
	shared   = []string{"SHARED"}
)

// fromDisks: each disk has its chain, and its own volume on top.
func fromDisks(inv *inventory.Inventory, all expected) {
	templates, merging := templateDisks(inv), mergingVolumes(inv)
	for _, disk := range inv.Disks.All() {
		of := "disk " + cmp.Or(disk.Alias, string(disk.ID))
		g := all.group(disk.StorageDomain, disk.ID, of)
		g.loose = disk.Status != model.DiskOK
		for i, volume := range chainOf(disk, of) {
			switch {
			case volume.link != "" || templates[disk.ID]:
				volume.kinds = shared
			case i < len(disk.Chain):
				volume.kinds = internal
			default:
				volume.kinds = leaf
			}
			if i >= 2 && merging[disk.Chain[i-2].ID] {
				volume.detour, volume.detourFormat = disk.Chain[i-2].ID, disk.Chain[i-2].Format
			}
			g.volumes[volume.id] = volume.expectation
		}
	}
}

// mergingVolumes are those that the removal of a snapshot has begun to write to.
func mergingVolumes(inv *inventory.Inventory) map[model.ID]bool {
	ids := make(map[model.ID]bool)
	for _, snapshot := range inv.Snapshots.All() {
		for _, volume := range snapshot.Volumes {
			if volume.Merging {
				ids[volume.Volume] = true
			}
		}
	}
	return ids
}

type chained struct {
	id model.ID
	expectation
}

// chainOf is the chain of a disk, the base first, and its own volume.
func chainOf(disk *model.Disk, of string) []chained {
	var all []chained
	below := expectation{}
	for _, volume := range append(slices.Clone(disk.Chain), model.Volume{
		ID: disk.Volume, Format: disk.Format, Size: disk.ProvisionedSize,
	}) {
		all = append(all, chained{volume.ID, expectation{
			of: of, format: volume.Format, size: volume.Size,
			parent: below.parent, parentFormat: below.parentFormat, link: volume.Template,
		}})
		below = expectation{parent: volume.ID, parentFormat: volume.Format}
	}
	return all
}

func templateDisks(inv *inventory.Inventory) map[model.ID]bool {
	ids := make(map[model.ID]bool)
	for _, template := range inv.Templates.All() {
		for _, attachment := range template.Disks {
			ids[attachment.Disk] = true
		}
	}
	return ids
}

// fromRuns: a stateless run has an overlay for each disk, a suspended VM its memory.
func fromRuns(inv *inventory.Inventory, all expected) {
	for _, vm := range inv.VMs.All() {
		for _, overlay := range vm.Run.Overlays {
			disk, known := inv.Disks.Get(overlay.Disk)
			if !known {
				continue
			}
			of := "stateless run of VM " + vm.Name
			all.group(overlay.StorageDomain, overlay.Disk, of).volumes[overlay.Volume] = expectation{
				of: of, format: model.DiskCOW, size: disk.ProvisionedSize,
				parent: disk.Volume, parentFormat: disk.Format, kinds: leaf,
			}
		}
		all.state(vm.Run.Suspended, "saved state of VM "+vm.Name)
	}
}

// fromSnapshots: a snapshot may have kept the memory of the guest, and while one is
// previewed the disks keep the branches that were left. What the metadata says there of
// leaves is nobody's care.
func fromSnapshots(inv *inventory.Inventory, all expected) {
	for _, snapshot := range inv.Snapshots.All() {
		of := "snapshot " + cmp.Or(snapshot.Description, string(snapshot.ID))
		all.state(snapshot.Memory, of)
		for i := range snapshot.Disks {
			before := &snapshot.Disks[i]
			if _, known := inv.Disks.Get(before.ID); !known {
				continue
			}
			g := all.group(before.StorageDomain, before.ID, of)
			for _, volume := range chainOf(before, of) {
				if _, there := g.volumes[volume.id]; !there {
					g.volumes[volume.id] = volume.expectation
				}
			}
		}
	}
}

// state expects the two image groups of a saved state.
func (e expected) state(saved *model.SavedState, of string) {
	if saved == nil {
		return
	}
	e.group(saved.StorageDomain, saved.MemoryImage, of).volumes[saved.MemoryVolume] = expectation{of: of, kinds: leaf}
	e.group(saved.StorageDomain, saved.ConfigImage, of).volumes[saved.ConfigVolume] = expectation{of: of, kinds: leaf}
}
