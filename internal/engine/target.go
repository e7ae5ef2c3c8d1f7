package engine

import (
	"vireo/internal/audit"
	"vireo/internal/auth"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// target finds the object of a call and, for a VM, its status. Rows of other
// kinds check what they contain themselves.
func (e *Engine) target(tx *inventory.Tx, command *Command, call *Call) (model.Status, bool, error) {
	if call.Parent != "" {
		vm, found := tx.VMs.Get(call.Parent)
		if !found {
			return "", false, fault.New(fault.VMNotFound, command.onVM())
		}
		return vm.Run.Status, true, nil
	}
	if call.Target == "" {
		return "", false, nil
	}
	if command.On == model.KindVM {
		vm, found := tx.VMs.Get(call.Target)
		if !found {
			return "", false, fault.New(fault.VMNotFound, command.Verb)
		}
		return vm.Run.Status, true, nil
	}
	if _, found := objectIn(tx, model.Ref{Kind: command.On, ID: call.Target}); !found {
		return "", false, fault.Missing(string(call.Target))
	}
	return "", false, nil
}

// objectIn finds an object of any kind that has a name.
func objectIn(tx *inventory.Tx, ref model.Ref) (model.Object, bool) {
	switch ref.Kind {
	case model.KindVM:
		return found(tx.VMs.Get(ref.ID))
	case model.KindVMPool:
		return found(tx.VMPools.Get(ref.ID))
	case model.KindDisk:
		return found(tx.Disks.Get(ref.ID))
	case model.KindDomain:
		return found(tx.Domains.Get(ref.ID))
	case model.KindHost:
		return found(tx.Hosts.Get(ref.ID))
	case model.KindAffinityGroup:
		return found(tx.AffinityGroups.Get(ref.ID))
	case model.KindTag:
		return found(tx.Tags.Get(ref.ID))
	case model.KindCluster:
		return found(tx.Clusters.Get(ref.ID))
	case model.KindDataCenter:
		return found(tx.DataCenters.Get(ref.ID))
	case model.KindNetworkAttachment:
		return found(tx.Attachments.Get(ref.ID))
	case model.KindVNICProfile:
		return found(tx.VNICProfiles.Get(ref.ID))
	case model.KindMACPool:
		return found(tx.MACPools.Get(ref.ID))
	case model.KindNetwork:
		return found(tx.Networks.Get(ref.ID))
	case model.KindImageTransfer:
		return found(tx.ImageTransfers.Get(ref.ID))
	case model.KindStorageDomain:
		return found(tx.StorageDomains.Get(ref.ID))
	case model.KindTemplate:
		return found(tx.Templates.Get(ref.ID))
	case model.KindUser:
		return found(tx.Users.Get(ref.ID))
	case model.KindGroup:
		if ref.ID == auth.Everyone {
			return EveryoneGroup(), true
		}
		return found(tx.Groups.Get(ref.ID))
	case model.KindRole:
		return found(tx.Roles.Get(ref.ID))
	case model.KindPermission:
		return found(tx.Permissions.Get(ref.ID))
	case model.KindSnapshot:
		return found(tx.Snapshots.Get(ref.ID))
	case model.KindJob:
		return found(tx.Job(ref.ID))
	}
	return nil, false
}

func found[P model.Object](object P, ok bool) (model.Object, bool) {
	if !ok {
		return nil, false
	}
	return object, true
}

// object finds an object as it is now.
func (e *Engine) object(ref model.Ref) (model.Object, bool) {
	switch ref.Kind {
	case model.KindVM:
		return found(e.Inventory.VMs.Get(ref.ID))
	case model.KindVMPool:
		return found(e.Inventory.VMPools.Get(ref.ID))
	case model.KindDisk:
		return found(e.Inventory.Disks.Get(ref.ID))
	case model.KindStorageDomain:
		return found(e.Inventory.StorageDomains.Get(ref.ID))
	case model.KindTemplate:
		return found(e.Inventory.Templates.Get(ref.ID))
	case model.KindImageTransfer:
		return found(e.Inventory.ImageTransfers.Get(ref.ID))
	case model.KindSnapshot:
		return found(e.Inventory.Snapshots.Get(ref.ID))
	case model.KindHost:
		return found(e.Inventory.Hosts.Get(ref.ID))
	}
	return nil, false
}

func nameIn(tx *inventory.Tx, ref model.Ref) string {
	if object, ok := objectIn(tx, ref); ok {
		return object.ObjectName()
	}
	return string(ref.ID)
}

// nameOf is what messages call the object of a call: "VM web1", "of VM web1" for
// what belongs to a VM.
func (e *Engine) nameOf(call *Call) string {
	if vm, ok := e.Inventory.VMs.Get(call.Parent); ok {
		return "of VM " + vm.Name
	}
	if vm, ok := e.Inventory.VMs.Get(call.Target); ok && call.On == model.KindVM {
		return "VM " + vm.Name
	}
	if call.On == model.KindExportedVM || call.On == model.KindExportedTemplate {
		return "of the export domain"
	}
	if call.On == model.KindExternalVM || call.On == model.KindExternalTemplate {
		return "of the OVA file"
	}
	if pool, ok := e.Inventory.VMPools.Get(call.Target); ok {
		return pool.Name
	}
	if disk, ok := e.Inventory.Disks.Get(call.Target); ok {
		return disk.Alias
	}
	if domain, ok := e.Inventory.StorageDomains.Get(call.Target); ok {
		return "storage domain " + domain.Name
	}
	if template, ok := e.Inventory.Templates.Get(call.Target); ok {
		return "template " + template.Name
	}
	if on, ok := e.Inventory.Hosts.Get(call.Target); ok {
		return "host " + on.Name
	}
	return string(call.On) + " " + string(call.Target)
}

// nameOfHeld is nameOf for a call that makes something of what is held.
func (e *Engine) nameOfHeld(tx *inventory.Tx, call *Call, held model.Ref) string {
	if call.Parent == "" && call.Target == "" {
		return nameIn(tx, held)
	}
	return e.nameOf(call)
}

// AboutCaller begins what an event says of a call: who asked, and from where.
func AboutCaller(call *Call) audit.About {
	about := audit.About{CorrelationID: call.CorrelationID}
	if call.Caller != nil {
		about.User, about.UserName, about.Address = call.Caller.User, call.Caller.Name, call.Caller.Address
	}
	return about
}

// stamp adds to the events of what somebody has asked for who it was, and from where.
func stamp(tx *inventory.Tx, by audit.About) {
	tx.Amend(func(event *model.Event) {
		if event.CorrelationID != by.CorrelationID || event.User != "" && event.User != by.User {
			return
		}
		event.User, event.Address = by.User, audit.Host(by.Address)
	})
}

// aboutCall fills what an event says of a call.
func aboutCall(tx *inventory.Tx, call *Call, target model.Ref) audit.About {
	about := AboutCaller(call)
	fillAbout(tx, &about, target)
	if vm, ok := tx.VMs.Get(call.Parent); ok {
		about.VM = vm
	}
	return about
}

func fillAbout(tx *inventory.Tx, about *audit.About, target model.Ref) {
	switch target.Kind {
	case model.KindVM:
		if vm, ok := tx.VMs.Get(target.ID); ok {
			about.VM = vm
			about.Host, _ = tx.Hosts.Get(vm.Run.Host)
		}
	case model.KindVMPool:
		// Of one that is being removed what was filled in before stands.
		if pool, ok := tx.VMPools.Get(target.ID); ok {
			about.Pool = pool
		}
	case model.KindDisk:
		about.Disk, _ = tx.Disks.Get(target.ID)
	case model.KindSnapshot:
		// Of one that is being removed what was filled in before stands.
		if snapshot, ok := tx.Snapshots.Get(target.ID); ok {
			about.Snapshot = snapshot
			about.VM, _ = tx.VMs.Get(snapshot.VM)
		}
	case model.KindHost:
		about.Host, _ = tx.Hosts.Get(target.ID)
	case model.KindStorageDomain:
		about.Domain, _ = tx.StorageDomains.Get(target.ID)
	case model.KindTemplate:
		about.Template, _ = tx.Templates.Get(target.ID)
	case model.KindImageTransfer:
		if transfer, ok := tx.ImageTransfers.Get(target.ID); ok {
			about.Disk, _ = tx.Disks.Get(transfer.Disk)
		}
	}
}

// AboutJob fills what an event says of a job.
func AboutJob(tx *inventory.Tx, job *model.Job) audit.About {
	about := audit.About{CorrelationID: job.CorrelationID, User: job.Owner, UserName: job.OwnerName, Address: job.OwnerAddress, Job: job.ID}
	fillAbout(tx, &about, job.Target)
	return about
}
