package ovf

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"

	"vireo/internal/model"
)

// snapshots is the section of the snapshots. The dialect counts the present state as
// one, of type ACTIVE, and has a configuration for all others: a text like the whole
// one, with the volumes as they were, in base64.
func (d *Document) snapshots() *element {
	out := node("Section").with("xsi:type", "ovf:SnapshotsSection_Type")
	for i := range d.Snapshots {
		if s := &d.Snapshots[i]; s.Type == model.SnapshotRegular {
			out.add(d.snapshot(s))
		}
	}
	if d.VM != nil {
		out.add(node("Snapshot", leaf("Type", "ACTIVE"), leaf("Description", "Active VM"), leaf("CreationDate", date(d.Created()))).
			with("ovf:id", string(d.activeSnapshot())))
	}
	return out
}

func (d *Document) snapshot(s *model.Snapshot) *element {
	out := node("Snapshot", leaf("Type", "REGULAR"), leaf("Description", s.Description), leaf("CreationDate", date(s.CreationTime)))
	if s.Memory != nil {
		out.add(leaf("Memory", d.memory(s.Memory)))
	}
	var text bytes.Buffer
	d.asAt(s).envelope().write(&text, "")
	out.add(leaf("VmConfiguration", base64.StdEncoding.EncodeToString(text.Bytes())))
	return out.with("ovf:id", string(s.ID))
}

// asAt is the VM as it was at a snapshot.
func (d *Document) asAt(s *model.Snapshot) *Document {
	at := &Document{
		Exported: d.Exported, VM: &model.VM{ID: d.ID(), CreationTime: d.Created(), VMConfig: s.Config},
		TemplateName: d.TemplateName, Cluster: d.Cluster, DataCenter: d.DataCenter,
	}
	for i := range d.Disks {
		for _, volume := range s.Volumes {
			if volume.Disk != d.Disks[i].ID {
				continue
			}
			if disk, ok := d.Disks[i].Standing(volume.Volume); ok {
				at.Disks = append(at.Disks, *disk)
			}
		}
	}
	return at
}

// memory is the handle of a saved state: six ids with commas between them.
func (d *Document) memory(saved *model.SavedState) string {
	pool := d.DataCenter
	if pool == "" {
		pool = model.BlankID
	}
	ids := []model.ID{saved.StorageDomain, pool, saved.MemoryImage, saved.MemoryVolume, saved.ConfigImage, saved.ConfigVolume}
	var out []string
	for _, id := range ids {
		out = append(out, string(id))
	}
	return strings.Join(out, ",")
}

func readMemory(text string) (*model.SavedState, error) {
	if text == "" {
		return nil, nil
	}
	parts := strings.Split(text, ",")
	if len(parts) != 6 {
		return nil, invalid("the memory of a snapshot is %.64q", text)
	}
	ids := make([]model.ID, len(parts))
	for i, part := range parts {
		id, err := readID("the memory of a snapshot", strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		ids[i] = id
	}
	return &model.SavedState{StorageDomain: ids[0], MemoryImage: ids[2], MemoryVolume: ids[3], ConfigImage: ids[4], ConfigVolume: ids[5]}, nil
}

// mostSnapshots is how many a text may have.
const mostSnapshots = 256

// readSnapshots reads the regular snapshots; at says which of them each volume belongs
// to.
func (r *reader) readSnapshots(section *element) error {
	if section == nil {
		return nil
	}
	seen := map[model.ID]bool{}
	for _, e := range section.children {
		if e.name != "Snapshot" || !strings.EqualFold(e.word("Type"), "REGULAR") {
			continue
		}
		s, err := r.readSnapshot(e)
		if err != nil {
			return err
		}
		if seen[s.ID] || len(seen) >= mostSnapshots {
			return invalid("snapshot %s is there twice, or there are more than %d", s.ID, mostSnapshots)
		}
		seen[s.ID] = true
		r.document.Snapshots = append(r.document.Snapshots, s)
	}
	return nil
}

func (r *reader) readSnapshot(e *element) (model.Snapshot, error) {
	out := model.Snapshot{
		VM: r.document.ID(), CreationTime: readDate(e.word("CreationDate")),
		Type: model.SnapshotRegular, Status: model.SnapshotOK,
	}
	if description := e.first("Description"); description != nil {
		out.Description = description.text
	}
	if len(out.Description) > longestInit {
		return out, invalid("the description of a snapshot is longer than %d bytes", longestInit)
	}
	var err error
	if out.ID, err = readID("a snapshot", e.attribute("id")); err != nil {
		return out, err
	}
	if out.Memory, err = readMemory(e.word("Memory")); err != nil {
		return out, err
	}
	for i := range r.document.Disks {
		disk := &r.document.Disks[i]
		if volume, ok := r.states[stateOf{out.ID, disk.ID}]; ok {
			out.Volumes = append(out.Volumes, model.SnapshotVolume{Disk: disk.ID, Volume: volume})
		}
	}
	out.Config, err = r.readSnapshotConfig(e.word("VmConfiguration"))
	// What the snapshot has no volume of was not in it.
	out.Config.Disks = nothing(slices.DeleteFunc(out.Config.Disks, func(a model.DiskAttachment) bool {
		return !slices.ContainsFunc(out.Volumes, func(v model.SnapshotVolume) bool { return v.Disk == a.Disk })
	}))
	return out, err
}

// readSnapshotConfig reads a configuration inside. Without one the present one stands
// for it, as old engines had it.
func (r *reader) readSnapshotConfig(text string) (model.VMConfig, error) {
	if text == "" {
		return *model.Clone(r.document.Config()), nil
	}
	decoded, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		// Engines have written it as plain text, too.
		decoded = []byte(text)
	}
	inner := &reader{inner: true}
	if err := inner.read(decoded); err != nil {
		return model.VMConfig{}, err
	}
	return *inner.document.Config(), nil
}
