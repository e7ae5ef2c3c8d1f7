package ovf

import (
	"slices"
	"strconv"
	"time"

	"vireo/internal/model"
)

// volume is one image in a text: what stands of it in References, in the list of disks
// and among the hardware.
type volume struct {
	disk       *model.Disk
	attachment model.DiskAttachment
	id, parent model.ID
	// template is the volume of a template that the whole disk stands on; empty for none.
	template model.ID
	snapshot model.ID
	format   model.DiskFormat
	sparse   bool
	// size is virtual, actual what it takes up; both in bytes.
	size, actual int64
	created      time.Time
	// description says whose state it holds.
	description string
}

// path is HostResource, fileRef and href.
func (v volume) path() string { return string(v.disk.ID) + "/" + string(v.id) }

// volumes are those of all attached disks, the base of each first. Those of templates
// are not the VM's and stand in the template's own text.
func (d *Document) volumes() []volume {
	disks := map[model.ID]*model.Disk{}
	for i := range d.Disks {
		disks[d.Disks[i].ID] = &d.Disks[i]
	}
	holders := map[model.SnapshotVolume]*model.Snapshot{}
	for i := range d.Snapshots {
		for _, each := range d.Snapshots[i].Volumes {
			holders[each] = &d.Snapshots[i]
		}
	}
	var out []volume
	for _, attachment := range d.Config().Disks {
		if disk := disks[attachment.Disk]; disk != nil {
			out = append(out, d.volumesOf(disk, attachment, holders)...)
		}
	}
	return out
}

func (d *Document) volumesOf(disk *model.Disk, attachment model.DiskAttachment, holders map[model.SnapshotVolume]*model.Snapshot) []volume {
	chain := append(slices.Clip(disk.Chain), model.Volume{
		ID: disk.Volume, Format: disk.Format, Sparse: disk.Sparse, Size: disk.ProvisionedSize, CreationTime: disk.CreationTime,
	})
	var out []volume
	var below, template model.ID
	for i, each := range chain {
		if each.Format == "" || each.Template != "" {
			below, template = each.ID, each.ID
			continue
		}
		v := volume{
			disk: disk, attachment: attachment, id: each.ID, parent: below, template: template,
			format: each.Format, sparse: each.Sparse, size: each.Size, created: each.CreationTime,
			// A volume that no snapshot knows is named after itself: the dialect wants each to have one.
			snapshot: derived(each.ID, "state"), description: "",
		}
		if holder := holders[model.SnapshotVolume{Disk: disk.ID, Volume: each.ID}]; holder != nil {
			v.snapshot, v.description = holder.ID, holder.Description
		} else if i == len(chain)-1 {
			v.snapshot, v.description, v.actual = d.activeSnapshot(), "Active VM", disk.ActualSize
		}
		below = each.ID
		out = append(out, v)
	}
	return out
}

// activeSnapshot is the id of what the dialect calls a snapshot and is the present state.
func (d *Document) activeSnapshot() model.ID { return derived(d.ID(), "active") }

func references(c *config, volumes []volume) *element {
	out := node("References")
	for _, v := range volumes {
		out.add(node("File").with("ovf:href", v.path(), "ovf:id", string(v.id), "ovf:size", strconv.FormatInt(v.size, 10),
			"ovf:description", v.description, "ovf:disk_storage_type", "IMAGE", "ovf:cinder_volume_type", ""))
	}
	for _, nic := range c.NICs {
		out.add(node("Nic").with("ovf:id", string(nic.ID)))
	}
	return out
}

func diskSection(volumes []volume) *element {
	out := section("DiskSection", "List of Virtual Disks")
	known := map[string]bool{}
	for _, v := range volumes {
		known[v.path()] = true
		parent := string(v.disk.ID) + "/" + string(v.parent)
		if !known[parent] {
			parent = ""
		}
		out.add(v.entry(parent))
	}
	return out
}

func (v volume) entry(parent string) *element {
	address, _ := formatAddresses.written(v.format)
	format, _ := volumeFormats.written(v.format)
	kind, _ := volumeTypes.written(v.sparse)
	link, _ := diskInterfaces.written(v.attachment.Interface)
	return node("Disk").with(
		"ovf:diskId", string(v.id), "ovf:size", gigabytes(v.size), "ovf:actual_size", gigabytes(v.actual),
		"ovf:vm_snapshot_id", string(v.snapshot), "ovf:parentRef", parent, "ovf:fileRef", v.path(),
		"ovf:format", address, "ovf:volume-format", format, "ovf:volume-type", kind, "ovf:disk-interface", link,
		"ovf:boot", strconv.FormatBool(v.attachment.Bootable),
		"ovf:disk-alias", v.disk.Alias, "ovf:disk-description", v.disk.Description,
		"ovf:wipe-after-delete", strconv.FormatBool(v.disk.WipeAfterDelete),
		// What follows is no word of the dialect.
		"ovf:shareable", strconv.FormatBool(v.disk.Shareable),
		"ovf:propagate-errors", strconv.FormatBool(v.disk.PropagateErrors))
}

// gigabytes rounds up, as the dialect does: what has content is never 0.
func gigabytes(size int64) string { return strconv.FormatInt((size+gigabyte-1)/gigabyte, 10) }

// item is the volume among the hardware.
func (v volume) item(d *Document) *element {
	parent, template := v.parent, v.template
	if parent == "" {
		parent = model.BlankID
	}
	if template == "" {
		template = model.BlankID
	}
	order := 0
	if v.attachment.Bootable {
		order = 1
	}
	created := date(v.created)
	out := node("Item",
		leaf("rasd:Caption", v.disk.Alias), leaf("rasd:InstanceId", string(v.id)), leaf("rasd:ResourceType", "17"),
		leaf("rasd:HostResource", v.path()), leaf("rasd:Parent", string(parent)), leaf("rasd:Template", string(template)),
		leaf("rasd:ApplicationList", ""))
	if v.disk.StorageDomain != "" {
		out.add(leaf("rasd:StorageId", string(v.disk.StorageDomain)))
	}
	if d.DataCenter != "" {
		out.add(leaf("rasd:StoragePoolId", string(d.DataCenter)))
	}
	out.add(leaf("rasd:CreationDate", created), leaf("rasd:LastModified", created), leaf("rasd:last_modified_date", created))
	out.add(device("disk", "disk", order, v.attachment.Active, v.attachment.ReadOnly)...)
	return out
}
