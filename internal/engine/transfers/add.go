package transfers

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// AddParams are the Params of add: a transfer to or from a disk (api-v4 7.1).
type AddParams struct {
	Disk model.ID
	// Direction is upload where it is empty, Format the disk's own, Policy legacy.
	Direction model.TransferDirection
	Format    model.DiskFormat
	Policy    model.TimeoutPolicy
	// Host is shown with the transfer; empty takes one that is up.
	Host model.ID
	// InactivityTimeout is in seconds, 0 is never; nil is the engine option.
	InactivityTimeout *int
}

func (p *AddParams) direction() model.TransferDirection {
	return cmp.Or(p.Direction, model.TransferUpload)
}

// longestTimeout is the longest time in seconds that a client may be silent.
const longestTimeout = 7 * 24 * 3600

func (r *Room) checkAdd(tx *inventory.Tx, call *engine.Call) error {
	params, ok := call.Params.(*AddParams)
	if !ok {
		return fault.New(fault.Invalid, call.Verb, "No disk was given.")
	}
	disk, ok := tx.Disks.Get(params.Disk)
	if !ok {
		return fault.Missing(string(params.Disk))
	}
	for _, check := range []func() error{
		func() error { return checkState(tx, call, params, disk) },
		func() error { return checkUse(tx, call, params, disk) },
		func() error { return checkFormat(call, params, disk) },
	} {
		if err := check(); err != nil {
			return err
		}
	}
	switch timeout := params.InactivityTimeout; {
	case timeout != nil && (*timeout < 0 || *timeout > longestTimeout):
		return fault.New(fault.Invalid, call.Verb, fmt.Sprintf("The inactivity timeout must be between 0 and %d seconds.", longestTimeout))
	case params.Host == "":
	default:
		if _, ok := tx.Hosts.Get(params.Host); !ok {
			return fault.Missing("Hosts: id=" + string(params.Host))
		}
	}
	return nil
}

// checkState refuses a disk that cannot be opened now. An upload may mend one that is
// illegal.
func checkState(tx *inventory.Tx, call *engine.Call, params *AddParams, disk *model.Disk) error {
	switch {
	case disk.Status == model.DiskLocked:
		return fault.New(fault.DiskLocked, call.Verb, disk.Alias)
	case disk.Status == model.DiskIllegal && params.direction() == model.TransferDownload:
		return fault.New(fault.StateConflict, call.Verb, fmt.Sprintf("The disk %s is illegal.", disk.Alias))
	}
	domain, ok := tx.StorageDomains.Get(disk.StorageDomain)
	switch {
	case !ok:
		return fault.New(fault.DomainNotFound, call.Verb)
	case domain.Status != model.StorageDomainActive:
		return fault.New(fault.DomainStatusIllegal, call.Verb, string(domain.Status))
	}
	return nil
}

// checkUse refuses a disk that a guest uses, or will when it is restored, and to
// change what others stand on.
func checkUse(tx *inventory.Tx, call *engine.Call, params *AddParams, disk *model.Disk) error {
	for _, vm := range usersOf(tx, disk.ID) {
		if vm.Run.Status != model.StatusDown {
			return fault.New(fault.StateConflict, call.Verb, fmt.Sprintf("VM %s is not down and has the disk %s.", vm.Name, disk.Alias))
		}
	}
	if params.direction() == model.TransferDownload {
		return nil
	}
	switch {
	case ofTemplate(tx, disk.ID):
		return fault.New(fault.StateConflict, call.Verb, fmt.Sprintf("The disk %s is a template's and cannot be written.", disk.Alias))
	case len(disk.Chain) > 0:
		return fault.New(fault.StateConflict, call.Verb, fmt.Sprintf("The disk %s stands on snapshots or on a template and cannot be written from outside.", disk.Alias))
	}
	return nil
}

// checkFormat: what a guest sees of it can be had of every disk, the image file only
// of one that is such a file.
func checkFormat(call *engine.Call, params *AddParams, disk *model.Disk) error {
	format := cmp.Or(params.Format, disk.Format)
	switch {
	case format == model.DiskRaw:
		return nil
	case disk.Format != model.DiskCOW:
		return fault.New(fault.StateConflict, call.Verb, fmt.Sprintf("The disk %s is raw and can be transferred as raw only.", disk.Alias))
	case len(disk.Chain) > 0:
		return fault.New(fault.StateConflict, call.Verb,
			fmt.Sprintf("The image of disk %s stands on snapshots or on a template; transfer it in the format raw.", disk.Alias))
	}
	return nil
}

func usersOf(tx *inventory.Tx, disk model.ID) (found []*model.VM) {
	for _, vm := range tx.VMs.All() {
		if slices.ContainsFunc(vm.Disks, func(a model.DiskAttachment) bool { return a.Disk == disk }) {
			found = append(found, vm)
		}
	}
	return found
}

func ofTemplate(tx *inventory.Tx, disk model.ID) bool {
	return slices.ContainsFunc(tx.Templates.All(), func(t *model.Template) bool {
		return slices.ContainsFunc(t.Disks, func(a model.DiskAttachment) bool { return a.Disk == disk })
	})
}

// add records the transfer, with its ticket, and locks the disk. Transfers that ended
// long ago are forgotten then.
func (r *Room) add(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	for _, old := range tx.ImageTransfers.All() {
		if r.Forgotten(old) {
			tx.ImageTransfers.Delete(old.ID)
		}
	}
	params, _ := call.Params.(*AddParams) // checked
	disk, _ := tx.Disks.Edit(params.Disk)
	before := disk.Status
	disk.Status = model.DiskLocked
	timeout := int(r.Values.Duration("TransferImageClientInactivityTimeoutInSeconds") / time.Second)
	if params.InactivityTimeout != nil {
		timeout = *params.InactivityTimeout
	}
	transfer := &model.ImageTransfer{
		ID: model.NewID(), Disk: disk.ID, DiskAlias: disk.Alias, Direction: params.direction(),
		Format: cmp.Or(params.Format, disk.Format), Host: params.Host, InactivityTimeout: timeout,
		TimeoutPolicy: cmp.Or(params.Policy, model.TimeoutLegacy), Phase: model.TransferInitializing, Before: before,
		Ticket: model.NewID(), CorrelationID: call.CorrelationID, Started: time.Now().UTC(),
	}
	if call.Caller != nil {
		transfer.Owner = call.Caller.User
	}
	if transfer.Host == "" {
		transfer.Host = anyHost(tx, disk)
	}
	tx.ImageTransfers.Put(transfer)
	return transfer, nil
}

// anyHost is a host that is up and sees the disk; empty if there is none.
func anyHost(tx *inventory.Tx, disk *model.Disk) model.ID {
	domain, _ := tx.StorageDomains.Get(disk.StorageDomain)
	for _, host := range tx.Hosts.All() {
		cluster, ok := tx.Clusters.Get(host.Cluster)
		if ok && domain != nil && host.Status == model.HostUp && cluster.DataCenter == domain.DataCenter {
			return host.ID
		}
	}
	return ""
}

// Forgotten says whether a transfer ended so long ago that it is not shown any more
// (api-v4 7.1).
func (r *Room) Forgotten(transfer *model.ImageTransfer) bool {
	kept := "FailedImageTransferCleanupTimeInMinutes"
	if transfer.Phase == model.TransferFinishedSuccess {
		kept = "SucceededImageTransferCleanupTimeInMinutes"
	}
	return transfer.Over() && time.Since(transfer.Ended) > time.Duration(r.Values.Int(kept))*time.Minute
}
