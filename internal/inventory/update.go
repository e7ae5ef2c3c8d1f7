package inventory

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"vireo/internal/model"
	"vireo/internal/store"
)

// Tx is a change under way. Everything it reads includes what it has staged;
// nothing it stages is seen by others before it is written.
type Tx struct {
	AffinityGroups Staged[*model.AffinityGroup]
	Clusters       Staged[*model.Cluster]
	DataCenters    Staged[*model.DataCenter]
	Disks          Staged[*model.Disk]
	Domains        Staged[*model.Domain]
	Groups         Staged[*model.Group]
	Hosts          Staged[*model.Host]
	ImageTransfers Staged[*model.ImageTransfer]
	MACPools       Staged[*model.MACPool]
	Networks       Staged[*model.Network]
	Attachments    Staged[*model.NetworkAttachment]
	Options        Staged[*model.Option]
	Permissions    Staged[*model.Permission]
	Roles          Staged[*model.Role]
	Snapshots      Staged[*model.Snapshot]
	StorageDomains Staged[*model.StorageDomain]
	Tags           Staged[*model.Tag]
	Templates      Staged[*model.Template]
	Users          Staged[*model.User]
	VMPools        Staged[*model.VMPool]
	VMs            Staged[*model.VM]
	VNICProfiles   Staged[*model.VNICProfile]

	inv    *Inventory
	staged map[model.Ref]model.Object // nil: deleted
	jobs   map[model.ID]*model.Job
	forget []model.ID
	events []model.Event
	erased []int64
}

// Update runs change as one transaction, alone. If it returns an error nothing
// happens. The error of the store is returned as it is: store.ErrFenced when
// this engine may not write any more.
func (inv *Inventory) Update(ctx context.Context, change func(*Tx) error) error {
	inv.write.Lock()
	defer inv.write.Unlock()
	return inv.transact(ctx, change)
}

// transact is Update for who holds the lock.
func (inv *Inventory) transact(ctx context.Context, change func(*Tx) error) error {
	tx := inv.begin()
	if err := change(tx); err != nil {
		return err
	}
	batch, err := tx.batch()
	if err != nil {
		return err
	}
	if batch.Empty() {
		return nil
	}
	// A transaction once begun is finished whatever becomes of the request.
	if err := inv.store.Commit(context.WithoutCancel(ctx), batch); err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	inv.publish(tx)
	return nil
}

func (inv *Inventory) begin() *Tx {
	tx := &Tx{inv: inv, staged: make(map[model.Ref]model.Object), jobs: make(map[model.ID]*model.Job)}
	tx.AffinityGroups = Staged[*model.AffinityGroup]{tx, inv.AffinityGroups, model.KindAffinityGroup, model.Clone[model.AffinityGroup]}
	tx.Clusters = Staged[*model.Cluster]{tx, inv.Clusters, model.KindCluster, model.Clone[model.Cluster]}
	tx.DataCenters = Staged[*model.DataCenter]{tx, inv.DataCenters, model.KindDataCenter, model.Clone[model.DataCenter]}
	tx.Disks = Staged[*model.Disk]{tx, inv.Disks, model.KindDisk, model.Clone[model.Disk]}
	tx.Domains = Staged[*model.Domain]{tx, inv.Domains, model.KindDomain, model.Clone[model.Domain]}
	tx.Groups = Staged[*model.Group]{tx, inv.Groups, model.KindGroup, model.Clone[model.Group]}
	tx.Hosts = Staged[*model.Host]{tx, inv.Hosts, model.KindHost, model.Clone[model.Host]}
	tx.ImageTransfers = Staged[*model.ImageTransfer]{tx, inv.ImageTransfers, model.KindImageTransfer, model.Clone[model.ImageTransfer]}
	tx.MACPools = Staged[*model.MACPool]{tx, inv.MACPools, model.KindMACPool, model.Clone[model.MACPool]}
	tx.Attachments = Staged[*model.NetworkAttachment]{tx, inv.Attachments, model.KindNetworkAttachment, model.Clone[model.NetworkAttachment]}
	tx.Networks = Staged[*model.Network]{tx, inv.Networks, model.KindNetwork, model.Clone[model.Network]}
	tx.Options = Staged[*model.Option]{tx, inv.Options, model.KindOption, model.Clone[model.Option]}
	tx.Permissions = Staged[*model.Permission]{tx, inv.Permissions, model.KindPermission, model.Clone[model.Permission]}
	tx.Roles = Staged[*model.Role]{tx, inv.Roles, model.KindRole, model.Clone[model.Role]}
	tx.Snapshots = Staged[*model.Snapshot]{tx, inv.Snapshots, model.KindSnapshot, model.Clone[model.Snapshot]}
	tx.StorageDomains = Staged[*model.StorageDomain]{tx, inv.StorageDomains, model.KindStorageDomain, model.Clone[model.StorageDomain]}
	tx.Tags = Staged[*model.Tag]{tx, inv.Tags, model.KindTag, model.Clone[model.Tag]}
	tx.Templates = Staged[*model.Template]{tx, inv.Templates, model.KindTemplate, model.Clone[model.Template]}
	tx.Users = Staged[*model.User]{tx, inv.Users, model.KindUser, model.Clone[model.User]}
	tx.VMPools = Staged[*model.VMPool]{tx, inv.VMPools, model.KindVMPool, model.Clone[model.VMPool]}
	tx.VMs = Staged[*model.VM]{tx, inv.VMs, model.KindVM, model.Clone[model.VM]}
	tx.VNICProfiles = Staged[*model.VNICProfile]{tx, inv.VNICProfiles, model.KindVNICProfile, model.Clone[model.VNICProfile]}
	return tx
}

func (tx *Tx) batch() (*store.Batch, error) {
	batch := &store.Batch{ForgetJobs: tx.forget, DeleteEvents: tx.erased}
	for ref, object := range tx.staged {
		if object == nil {
			batch.Delete = append(batch.Delete, ref)
			continue
		}
		document, err := json.Marshal(object)
		if err != nil {
			return nil, fmt.Errorf("encoding %s: %w", ref, err)
		}
		record := store.Record{Kind: ref.Kind, ID: ref.ID, Name: object.ObjectName(), Document: document}
		switch typed := object.(type) {
		case *model.VM:
			record.Status = string(typed.Run.Status)
		case *model.Host:
			record.Status = string(typed.Status)
		case *model.ImageTransfer:
			record.Status = string(typed.Phase)
		case *model.Disk:
			record.Status = string(typed.Status)
		}
		batch.Put = append(batch.Put, record)
	}
	for _, job := range tx.jobs {
		batch.Jobs = append(batch.Jobs, job)
	}
	for i := range tx.events {
		tx.events[i].ID = tx.inv.lastEvent + int64(i) + 1
	}
	batch.Events = tx.events
	return batch, nil
}

func (inv *Inventory) publish(tx *Tx) {
	inv.lastEvent += int64(len(tx.events))
	put := make(map[model.Kind][]model.Object)
	for ref, object := range tx.staged {
		if object == nil {
			inv.kinds[ref.Kind].drop(ref.ID)
		} else {
			put[ref.Kind] = append(put[ref.Kind], object)
		}
	}
	for kind, objects := range put {
		inv.kinds[kind].keep(objects)
	}
	inv.mu.Lock()
	for _, job := range tx.jobs {
		inv.track(job)
	}
	close(inv.changed)
	inv.changed = make(chan struct{})
	followers := inv.followers
	inv.mu.Unlock()
	for _, follow := range followers {
		for ref, object := range tx.staged {
			follow(ref, object)
		}
		for _, job := range tx.jobs {
			follow(job.Ref(), job)
		}
	}
}

// Follow calls follow for each object and each job of every commit from now on,
// after it is visible; an object that was removed is nil. It is called by the one
// who commits: it must be quick and must not change anything.
func (inv *Inventory) Follow(follow func(model.Ref, model.Object)) {
	inv.mu.Lock()
	defer inv.mu.Unlock()
	inv.followers = append(slices.Clone(inv.followers), follow)
}

// FollowFrom is Follow for those who keep something in step with the inventory: look
// is called first, and no commit comes between it and what follow is told of.
func (inv *Inventory) FollowFrom(look func(), follow func(model.Ref, model.Object)) {
	inv.write.Lock()
	defer inv.write.Unlock()
	look()
	inv.Follow(follow)
}

// Event appends a line to the audit log.
func (tx *Tx) Event(event model.Event) { tx.events = append(tx.events, event) }

// Amend lets change complete the lines that the transaction has appended to the audit
// log.
func (tx *Tx) Amend(change func(*model.Event)) {
	for i := range tx.events {
		change(&tx.events[i])
	}
}

// Silent says whether the transaction changes something and has appended no line to
// the audit log.
func (tx *Tx) Silent() bool { return len(tx.events) == 0 && len(tx.staged)+len(tx.jobs) > 0 }

// EraseEvent removes a line of the audit log.
func (tx *Tx) EraseEvent(id int64) { tx.erased = append(tx.erased, id) }

// Job finds a running job, or one that this transaction has staged.
func (tx *Tx) Job(id model.ID) (*model.Job, bool) {
	if job, ok := tx.jobs[id]; ok {
		return job, true
	}
	return tx.inv.Job(id)
}

// PutJob stages a job; its locks are those of the value given.
func (tx *Tx) PutJob(job *model.Job) { tx.jobs[job.ID] = job }

// ForgetJob removes an ended job.
func (tx *Tx) ForgetJob(id model.ID) { tx.forget = append(tx.forget, id) }

// Holder finds the running job that holds the lock on an object, with what this
// transaction has staged.
func (tx *Tx) Holder(ref model.Ref) (*model.Job, bool) {
	for _, job := range tx.jobs {
		if job.Status == model.JobStarted && holds(job, ref) {
			return job, true
		}
	}
	job, ok := tx.inv.Holder(ref)
	if !ok {
		return nil, false
	}
	if staged, ok := tx.jobs[job.ID]; ok && (staged.Status != model.JobStarted || !holds(staged, ref)) {
		return nil, false
	}
	return job, true
}

func holds(job *model.Job, ref model.Ref) bool {
	return slices.Contains(job.Locks, ref)
}
