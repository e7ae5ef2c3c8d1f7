package ovf

import (
	"slices"
	"strings"

	"vireo/internal/model"
)

// What the disks of a text may have at most.
const (
	mostVolumes = 4096
	// longestChain is how many volumes may stand on each other.
	longestChain = 64
	// largest is the virtual size of a volume, in bytes.
	largest = 1 << 50
)

// entry is one volume as it was read.
type entry struct {
	place
	parent   model.ID
	snapshot model.ID
	pool     model.ID
	size     int64
	// disk holds what the text says of the whole disk at this volume.
	disk       model.Disk
	attachment model.DiskAttachment
}

// place is where a volume is: the image group, and its own id.
type place struct{ group, id model.ID }

// readPlace reads group/volume, and nothing else that could be a path.
func readPlace(text string) (place, error) {
	group, id, found := strings.Cut(text, "/")
	if !found {
		return place{}, invalid("the file %.100q is no image of a disk", text)
	}
	var out place
	var err error
	if out.group, err = readID("the file of a disk", group); err != nil {
		return out, err
	}
	out.id, err = readID("the file of a disk", id)
	return out, err
}

func (r *reader) readDisks(top, hardware *element) error {
	section := top.section("DiskSection")
	if section == nil {
		return nil
	}
	files, items := filesOf(top), itemsOf(hardware)
	groups, order, count := map[model.ID]map[model.ID]*entry{}, []model.ID(nil), 0
	for _, e := range section.children {
		if e.name != "Disk" {
			continue
		}
		if count++; count > mostVolumes {
			return invalid("it has more than %d volumes", mostVolumes)
		}
		read, err := readEntry(e, files, items)
		if err != nil {
			return err
		}
		if groups[read.group] == nil {
			groups[read.group] = map[model.ID]*entry{}
			order = append(order, read.group)
		}
		if groups[read.group][read.id] != nil {
			return invalid("the volume %s of disk %s is there twice", read.id, read.group)
		}
		groups[read.group][read.id] = read
	}
	r.states = map[stateOf]model.ID{}
	for _, group := range order {
		if err := r.readChain(group, groups[group]); err != nil {
			return err
		}
	}
	return nil
}

// filesOf are the files by where they are.
func filesOf(top *element) map[string]*element {
	out := map[string]*element{}
	if references := top.first("References"); references != nil {
		for _, e := range references.children {
			if e.name == "File" {
				out[e.attribute("href")] = e
			}
		}
	}
	return out
}

// itemsOf are the disks among the hardware by where they are.
func itemsOf(hardware *element) map[string]*element {
	out := map[string]*element{}
	for _, e := range hardware.children {
		if e.name == "Item" && e.word("ResourceType") == "17" {
			out[e.word("HostResource")] = e
		}
	}
	return out
}

func readEntry(e *element, files, items map[string]*element) (*entry, error) {
	path := e.attribute("fileRef")
	where, err := readPlace(path)
	if err != nil {
		return nil, err
	}
	out := &entry{place: where}
	if out.size, err = readSize(e, files[path]); err != nil {
		return nil, err
	}
	if out.snapshot, err = optionalID("vm_snapshot_id", e.attribute("vm_snapshot_id")); err != nil {
		return nil, err
	}
	if err := out.readDisk(e); err != nil {
		return nil, err
	}
	if err := out.readItem(items[path]); err != nil {
		return nil, err
	}
	if _, above, found := strings.Cut(e.attribute("parentRef"), "/"); found && out.parent == "" {
		if out.parent, err = readID("parentRef", above); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// readSize finds the virtual size in bytes. Engines write it with the file, and only
// whole gigabytes, rounded up, with the disk; converters write it as the capacity and with
// the file what that takes up.
func readSize(e, file *element) (int64, error) {
	capacity, err := number("the capacity of a disk", e.attribute("capacity"), 0, largest)
	if err != nil {
		return 0, err
	}
	declared, err := number("the size of a disk", e.attribute("size"), 0, largest)
	if err != nil {
		return 0, err
	}
	exact, err := number("the size of a file", file.attribute("size"), 0, largest)
	if err != nil {
		return 0, err
	}
	const mostGigabytes = largest / gigabyte
	size := declared
	switch {
	case capacity > 0:
		size = capacity
	case exact > 0 && (exact+gigabyte-1)/gigabyte == declared || declared == 0:
		size = exact
	case declared <= mostGigabytes:
		size = declared * gigabyte
	}
	if size <= 0 {
		return 0, invalid("a disk has no size")
	}
	return size, nil
}

func (out *entry) readDisk(e *element) error {
	disk := &out.disk
	disk.ID, disk.Volume, disk.ProvisionedSize = out.group, out.id, out.size
	disk.Alias, disk.Description = e.attribute("disk-alias"), e.attribute("disk-description")
	if max(len(disk.Alias), len(disk.Description)) > 4*longestName {
		return invalid("the name of a disk is longer than %d bytes", 4*longestName)
	}
	var ok bool
	if disk.Format, ok = volumeFormats.read(e.attribute("volume-format")); !ok {
		return invalid("the format of a disk is %.32q", e.attribute("volume-format"))
	}
	if disk.Sparse, ok = volumeTypes.read(e.attribute("volume-type")); !ok {
		disk.Sparse = true
	}
	if disk.Interface, ok = diskInterfaces.read(e.attribute("disk-interface")); !ok {
		disk.Interface = model.DiskVirtio
	}
	actual, err := number("the actual size of a disk", e.attribute("actual_size"), 0, largest)
	if err != nil {
		return err
	}
	if disk.ActualSize = actual; actual <= largest/gigabyte {
		disk.ActualSize = actual * gigabyte
	}
	for name, field := range map[string]*bool{
		"boot": &disk.Bootable, "wipe-after-delete": &disk.WipeAfterDelete,
		"shareable": &disk.Shareable, "propagate-errors": &disk.PropagateErrors,
	} {
		if err := readFlag(field, name, e.attribute(name)); err != nil {
			return err
		}
	}
	out.attachment = model.DiskAttachment{Disk: disk.ID, Interface: disk.Interface, Bootable: disk.Bootable, Active: true}
	return nil
}

// readItem reads what stands among the hardware; old texts may lack it.
func (out *entry) readItem(item *element) error {
	if item == nil {
		return nil
	}
	var err error
	if out.parent, err = optionalID("Parent", item.word("Parent")); err != nil {
		return err
	}
	if out.parent == model.BlankID {
		out.parent = ""
	}
	// Where the disk was; what is no id is of no use.
	out.disk.StorageDomain, _ = model.ParseID(item.word("StorageId"))
	out.pool, _ = model.ParseID(item.word("StoragePoolId"))
	out.disk.CreationTime = readDate(item.word("CreationDate"))
	if err := readFlag(&out.attachment.Active, "IsPlugged", item.word("IsPlugged")); err != nil {
		return err
	}
	return readFlag(&out.attachment.ReadOnly, "IsReadOnly", item.word("IsReadOnly"))
}

// readChain puts the volumes of a disk on each other. There is one on which none stands,
// and from it all must be met on the way down.
func (r *reader) readChain(group model.ID, entries map[model.ID]*entry) error {
	below := map[model.ID]bool{}
	for _, each := range entries {
		below[each.parent] = true
	}
	var top *entry
	for id, each := range entries {
		if !below[id] {
			if top != nil {
				return invalid("disk %s has two states that nothing stands on", group)
			}
			top = each
		}
	}
	if top == nil || len(entries) > longestChain {
		return invalid("the volumes of disk %s stand on each other in a circle, or are more than %d", group, longestChain)
	}
	disk, met := top.disk, 1
	for at := top; at.parent != ""; {
		next := entries[at.parent]
		if next == nil { // a template's
			disk.Chain = append(disk.Chain, model.Volume{ID: at.parent})
			break
		}
		if met++; met > len(entries) {
			break
		}
		disk.Chain = append(disk.Chain, model.Volume{
			ID: next.id, Format: next.disk.Format, Sparse: next.disk.Sparse, Size: next.size, CreationTime: next.disk.CreationTime,
		})
		at = next
	}
	if met != len(entries) {
		return invalid("the volumes of disk %s are not one chain", group)
	}
	slices.Reverse(disk.Chain)
	for id, each := range entries {
		if id == top.id || each.snapshot == "" {
			continue // the present state is no snapshot's
		}
		state := stateOf{each.snapshot, group}
		if _, twice := r.states[state]; twice {
			return invalid("snapshot %s has two volumes of disk %s", each.snapshot, group)
		}
		r.states[state] = id
	}
	r.document.Disks = append(r.document.Disks, disk)
	if top.pool != model.BlankID {
		r.document.DataCenter = top.pool
	}
	r.attachments = append(r.attachments, top.attachment)
	return nil
}
