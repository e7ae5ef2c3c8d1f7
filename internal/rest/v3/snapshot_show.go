package v3

import (
	"slices"

	"vireo/internal/fault"
	"vireo/internal/model"
)

// ShowSnapshot shows a snapshot of a VM. There is nothing to be done with the active one,
// which is the VM itself.
func (p *Page) ShowSnapshot(snapshot *model.Snapshot) *Snapshot {
	then := &model.VM{ID: snapshot.VM, CreationTime: snapshot.CreationTime, VMConfig: snapshot.Config}
	out := &Snapshot{VM: *p.showConfiguration(then, &snapshot.Config)}
	out.Resource = p.resource("snapshot", p.snapshot(snapshot.VM, snapshot.ID), snapshot.ID)
	out.CreationTime = nil
	if snapshot.Type != model.SnapshotRegular {
		out.Actions = nil
	}
	out.Name = text(snapshot.Config.Name)
	out.Description = new(snapshot.Description)
	out.Type = new(string(snapshot.Type))
	out.Of = p.ref(model.KindVM, snapshot.VM)
	out.Date = new(snapshot.CreationTime)
	out.SnapshotStatus = new(string(snapshot.Status))
	out.PersistMemorystate = new(snapshot.Memory != nil)
	return out
}

func (p *Page) snapshot(vm, id model.ID) string {
	return below(p.Href(model.KindVM, vm), "snapshots", string(id))
}

// ShowSnapshotDisk shows a disk as it was at a snapshot.
func (p *Page) ShowSnapshotDisk(disk *model.Disk, attachment *model.DiskAttachment, snapshot *model.Snapshot) *Disk {
	out := p.ShowVMDisk(disk, attachment, snapshot.VM)
	p.within(&out.Resource, snapshot, "disks")
	out.Snapshot = &Reference{Href: p.snapshot(snapshot.VM, snapshot.ID), ID: new(string(snapshot.ID))}
	return out
}

// ShowSnapshotNIC shows a network interface as it was at a snapshot.
func (p *Page) ShowSnapshotNIC(nic *model.NIC, snapshot *model.Snapshot) *NIC {
	out := p.ShowNIC(nic, snapshot.VM, nil)
	p.within(&out.Resource, snapshot, "nics")
	return out
}

// ShowSnapshotCDROM shows the CD drive as it was at a snapshot.
func (p *Page) ShowSnapshotCDROM(snapshot *model.Snapshot, domain model.ID) *CDROM {
	out := p.ShowCDROM(snapshot.VM, snapshot.Config.CDROM, domain)
	p.within(&out.Resource, snapshot, "cdroms")
	return out
}

// within moves a part of a VM into a snapshot, where it can only be looked at.
func (p *Page) within(resource *Resource, snapshot *model.Snapshot, collection string) {
	resource.Href = below(p.snapshot(snapshot.VM, snapshot.ID), collection, *resource.ID)
	resource.Actions, resource.Link = nil, nil
}

// CheckAdd refuses a snapshot to be taken without a description.
func (s *Snapshot) CheckAdd() error {
	need := required{subject: "Snapshot", method: "add"}
	need.need(s.Description != nil && *s.Description != "", "description")
	return need.check()
}

// IDs are the ids of disks that a request names; nil if it names none.
func (s *Disks) IDs() ([]model.ID, error) {
	if s == nil || s.Disk == nil {
		return nil, nil
	}
	found := make([]model.ID, 0, len(s.Disk))
	for i := range s.Disk {
		if s.Disk[i].ID == nil {
			return nil, fault.Bad("Incomplete parameters", "Disk [id] required for snapshot")
		}
		id, err := model.ParseID(*s.Disk[i].ID)
		if err != nil {
			return nil, fault.Missing(shorten(*s.Disk[i].ID))
		}
		if !slices.Contains(found, id) {
			found = append(found, id)
		}
	}
	return found, nil
}

// One is the id of the snapshot that a VM is made of; empty for none.
func (s *SnapshotReferences) One() (model.ID, error) {
	switch {
	case s == nil || len(s.Snapshot) == 0:
		return "", nil
	case len(s.Snapshot) > 1:
		return "", unsupported("A VM can be created from one snapshot only.")
	case s.Snapshot[0].ID == nil:
		return "", fault.Bad("Incomplete parameters", "VM [snapshots.snapshot.id] required for add")
	}
	id, err := model.ParseID(*s.Snapshot[0].ID)
	if err != nil {
		return "", fault.Missing("Snapshot: id=" + shorten(*s.Snapshot[0].ID))
	}
	return id, nil
}
