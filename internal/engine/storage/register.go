package storage

import (
	"context"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// RegisterParams are the Params of register: a disk that lies in a data domain and is
// not known.
type RegisterParams struct {
	StorageDomain, Disk model.ID
	// Edit may change alias, description and interface; what else it changes does not
	// count.
	Edit engine.Edit[model.Disk]
}

func registerParams(call *engine.Call) *RegisterParams {
	if params, ok := call.Params.(*RegisterParams); ok && params != nil {
		return params
	}
	return &RegisterParams{}
}

func demandsOfRegister(_ *inventory.Tx, call *engine.Call) ([]engine.Demand, error) {
	return []engine.Demand{{
		Permit: "create_disk", On: model.Ref{Kind: model.KindStorageDomain, ID: registerParams(call).StorageDomain},
	}}, nil
}

// register records the disk.
func (r *room) register(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	params := registerParams(call)
	domain, ok := tx.StorageDomains.Get(params.StorageDomain)
	switch {
	case !ok:
		return nil, fault.New(fault.DomainNotFound, call.Verb)
	case domain.Type != model.StorageDomainData:
		return nil, fault.New(fault.Invalid, call.Verb, domain.Name+" is not a data storage domain.")
	case domain.Status != model.StorageDomainActive:
		return nil, fault.New(fault.DomainStatusIllegal, call.Verb, string(domain.Status))
	}
	if known, ok := tx.Disks.Get(params.Disk); ok {
		return nil, fault.New(fault.Duplicate, call.Verb, "The disk is known already, by the alias "+known.Alias+".")
	}
	found, err := engine.Outside(call, "disk "+string(params.Disk), func(ctx context.Context) (*model.Disk, error) {
		disk, err := r.UnregisteredDisk(ctx, domain, params.Disk)
		if err != nil && !isFault(err) {
			err = engine.StorageFault(call.Verb, domain, err)
		}
		return disk, err
	})
	if err != nil {
		return nil, err
	}
	disk := model.Clone(found)
	if params.Edit != nil {
		wanted := model.Clone(found)
		if err := params.Edit(wanted); err != nil {
			return nil, err
		}
		disk.Alias, disk.Description, disk.Interface = wanted.Alias, wanted.Description, wanted.Interface
	}
	if err := engine.CheckDiskTexts(call.Verb, disk); err != nil {
		return nil, err
	}
	tx.Disks.Put(disk)
	about := audit.About{Domain: domain, Disk: disk, CorrelationID: call.CorrelationID}
	if call.Caller != nil {
		about.User, about.UserName = call.Caller.User, call.Caller.Name
	}
	tx.Event(audit.New(audit.DiskRegistered, about))
	return disk, nil
}

func isFault(err error) bool { return fault.Of(err).Code != "INTERNAL" }
