package rest

import (
	"slices"

	"vireo/internal/engine/disks"
	"vireo/internal/engine/storage"
	"vireo/internal/fault"
	"vireo/internal/model"
	"vireo/internal/rest/v3"
)

// domainDiskList lists the disks of a storage domain, or those in a data domain that are
// not registered (api-v3 6.3).
var domainDiskList = collection[*model.Disk]{
	root: "disks", item: "disk", kind: diskKind, rows: (*request).domainDisks, show: showDisk,
}

func (r *request) domainDisks() ([]*model.Disk, error) {
	domain, err := r.storageDomain()
	if err != nil {
		return nil, err
	}
	unregistered, _, err := r.flag("unregistered")
	if err != nil {
		return nil, err
	}
	if unregistered {
		return r.view.UnregisteredDisks(r.context(), domain.ID)
	}
	return r.view.DisksIn(domain.ID), nil
}

var oneDomainDisk = object("disk", func(r *request) (*model.Disk, error) {
	all, err := r.domainDisks()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(disk *model.Disk) bool { return disk.ID == r.id("disk") })
	if i < 0 {
		return nil, fault.Missing(string(r.id("disk")))
	}
	return all[i], nil
}, showDisk)

// addDomainDisk makes a disk in the storage domain, or registers the one that lies in it
// and is named.
func (s *Server) addDomainDisk(r *request) (*answer, error) {
	shape := &v3.Disk{}
	if err := r.read("disk", shape); err != nil {
		return nil, err
	}
	domain, err := r.storageDomain()
	if err != nil {
		return nil, err
	}
	unregistered, _, err := r.flag("unregistered")
	if err != nil {
		return nil, err
	}
	if !unregistered {
		shape.StorageDomains = nil
		shape.StorageDomain = &v3.Reference{ID: new(string(domain.ID))}
		if err := shape.CheckAdd(); err != nil {
			return nil, err
		}
	}
	edit, attach := r.editDisk(shape)
	if err := edit(&model.Disk{}); err != nil {
		return nil, err
	}
	if !unregistered {
		call := r.call(model.KindDisk, "add")
		call.Params = &disks.AddParams{Edit: edit, Attach: attach}
		return r.create(call, "disk", r.showMade)
	}
	if shape.ID == nil || *shape.ID == "" {
		return nil, v3.Incomplete("Disk", "add", "id")
	}
	id, err := model.ParseID(*shape.ID)
	if err != nil {
		return nil, badID(*shape.ID)
	}
	call := r.call(model.KindDisk, "register")
	call.Params = &storage.RegisterParams{StorageDomain: domain.ID, Disk: id, Edit: edit}
	return r.create(call, "disk", r.showMade)
}
