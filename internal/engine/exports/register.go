package exports

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/image"
	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/ovf"
)

// dataDomain finds a data domain that can be used.
func dataDomain(tx *inventory.Tx, what string, id model.ID) (*model.StorageDomain, error) {
	domain, ok := tx.StorageDomains.Get(id)
	switch {
	case !ok:
		return nil, fault.New(fault.DomainNotFound, what)
	case domain.Status != model.StorageDomainActive:
		return nil, fault.New(fault.DomainStatusIllegal, what, string(domain.Status))
	case domain.Type != model.StorageDomainData:
		return nil, fault.New(fault.Invalid, what, fmt.Sprintf("%s is not a data storage domain.", domain.Name))
	}
	return domain, nil
}

// register records a VM or template that a data domain describes, with its disks, which
// are there (api-v3 6.3).
func (r *room) register(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	params := importParams(call)
	domain, err := dataDomain(tx, call.Verb, params.StorageDomain)
	if err != nil {
		return nil, err
	}
	if cluster, ok := tx.Clusters.Get(params.Cluster); ok && cluster.DataCenter != domain.DataCenter {
		return nil, fault.New(fault.StateConflict, call.Verb, fmt.Sprintf("The cluster %s is in another data center than the storage domain %s.", cluster.Name, domain.Name))
	}
	document, err := r.wanted(tx, call, domain)
	if err != nil {
		return nil, err
	}
	if err := r.keepMemory(tx, call, domain, document); err != nil {
		return nil, err
	}
	document.Complete(templateDisks(tx))
	if err := r.complete(call, domain, document); err != nil {
		return nil, err
	}
	for i := range document.Disks {
		if err := r.registerDisk(tx, call, domain, document, &document.Disks[i]); err != nil {
			return nil, err
		}
	}
	if err := r.fit(tx, call, document); err != nil {
		return nil, err
	}
	about := aboutCall(call)
	about.Domain = domain
	if document.Template != nil {
		document.Template.Status = model.TemplateOK
		tx.Templates.Put(document.Template)
		about.Template = document.Template
		tx.Event(audit.New(audit.TemplateRegistered, about))
		return document.Template, nil
	}
	document.VM.Run = model.Run{Status: model.StatusDown, Since: time.Now().UTC()}
	tx.VMs.Put(document.VM)
	for i := range document.Snapshots {
		document.Snapshots[i].Status = model.SnapshotOK
		tx.Snapshots.Put(&document.Snapshots[i])
	}
	about.VM = document.VM
	tx.Event(audit.New(audit.VMRegistered, about))
	return document.VM, nil
}

// keepMemory gives snapshots the memory of their guests again, which stays where it is
// and is not kept by what is imported.
func (r *room) keepMemory(tx *inventory.Tx, call *engine.Call, domain *model.StorageDomain, document *ovf.Document) error {
	found, err := r.lookAt(call, domain, importParams(call).ID)
	if err != nil {
		return err
	}
	for i := range document.Snapshots {
		memory := found.Document.Snapshots[i].Memory
		if memory == nil {
			continue
		}
		if _, ok := tx.StorageDomains.Get(memory.StorageDomain); !ok {
			continue
		}
		// Whoever removes the snapshot removes these groups.
		for _, group := range []model.ID{memory.MemoryImage, memory.ConfigImage} {
			if _, known := tx.Disks.Get(group); known || isMemory(tx, group) {
				return fault.New(fault.StateConflict, call.Verb, fmt.Sprintf(
					"The memory of its snapshot %q would lie in the image group %s, which belongs to something else.", document.Snapshots[i].Description, group))
			}
		}
		document.Snapshots[i].Memory = model.Clone(memory)
	}
	return nil
}

// remembers says whether an image group holds the memory of one of a document's own
// snapshots.
func remembers(document *ovf.Document, group model.ID) bool {
	return slices.ContainsFunc(document.Snapshots, func(s model.Snapshot) bool {
		return s.Memory != nil && (s.Memory.MemoryImage == group || s.Memory.ConfigImage == group)
	})
}

func templateDisks(tx *inventory.Tx) (disks []model.Disk) {
	for _, template := range tx.Templates.All() {
		for _, each := range template.Disks {
			if disk, ok := tx.Disks.Get(each.Disk); ok {
				disks = append(disks, *disk)
			}
		}
	}
	return disks
}

// registerDisk records one disk, whose volumes must be there. One that is known already,
// because several VMs share it or it was registered alone, keeps its record.
func (r *room) registerDisk(tx *inventory.Tx, call *engine.Call, domain *model.StorageDomain, document *ovf.Document, disk *model.Disk) error {
	if isMemory(tx, disk.ID) || remembers(document, disk.ID) {
		return fault.New(fault.StateConflict, call.Verb, fmt.Sprintf("Its disk %s would be the memory of a VM.", disk.ID))
	}
	if known, ok := tx.Disks.Get(disk.ID); ok {
		if err := engine.CheckNoTemplate(tx, call.Verb, known); err != nil {
			return err
		}
		if at := cmp.Or(disk.StorageDomain, domain.ID); known.StorageDomain != at || known.Status != model.DiskOK {
			return fault.New(fault.StateConflict, call.Verb, fmt.Sprintf(
				"The disk %s is known here already, and lies in another storage domain or cannot be used now.", known.Alias))
		}
		for _, vm := range tx.VMs.All() {
			if !known.Shareable && slices.ContainsFunc(vm.Disks, func(a model.DiskAttachment) bool { return a.Disk == disk.ID }) {
				return fault.New(fault.StateConflict, call.Verb, fmt.Sprintf("The disk %s belongs to VM %s, and cannot be shared.", known.Alias, vm.Name))
			}
		}
		return nil
	}
	if disk.StorageDomain == "" {
		disk.StorageDomain = domain.ID
	}
	in, err := dataDomain(tx, call.Verb, disk.StorageDomain)
	if err != nil {
		return fault.New(fault.StateConflict, call.Verb, fmt.Sprintf(
			"Its disk %s is in the storage domain %s, which is not an active data domain here.", disk.Alias, disk.StorageDomain)).Because(err)
	}
	occupied, err := engine.Outside(call, "volumes of "+string(disk.ID), func(ctx context.Context) (int64, error) {
		return r.volumesThere(ctx, in, disk)
	})
	if errors.Is(err, image.ErrNotFound) {
		return fault.New(fault.StateConflict, call.Verb, fmt.Sprintf("Its disk %s is not whole in the storage domain %s: a volume is missing.", disk.Alias, in.Name)).Because(err)
	}
	if err != nil {
		return engine.OutsideFault(call.Verb, in, err)
	}
	if disk.Alias == "" {
		disk.Alias = document.Config().Name + "_" + string(disk.ID)[:8]
	}
	if err := engine.CheckDiskTexts(call.Verb, disk); err != nil {
		return err
	}
	disk.ActualSize, disk.Status = occupied, model.DiskOK
	tx.Disks.Put(disk)
	return nil
}

// volumesThere wants every volume of a disk to be there with its metadata, and measures
// them.
func (r *room) volumesThere(ctx context.Context, in *model.StorageDomain, disk *model.Disk) (int64, error) {
	volumes := []model.ID{disk.Volume}
	for _, below := range disk.Chain {
		volumes = append(volumes, below.ID)
	}
	for _, volume := range volumes {
		meta, err := r.Images.Meta(ctx, in, disk.ID, volume)
		if err != nil {
			return 0, err
		}
		if meta.Illegal {
			return 0, image.ErrUnsafe
		}
	}
	return r.Images.Occupied(ctx, in, disk.ID)
}
