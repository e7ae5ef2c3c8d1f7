package inventory

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"vireo/internal/model"
	"vireo/internal/store"
)

// Inventory is everything that exists, in memory, kept in step with a store.
type Inventory struct {
	AffinityGroups *Table[*model.AffinityGroup]
	Clusters       *Table[*model.Cluster]
	DataCenters    *Table[*model.DataCenter]
	Disks          *Table[*model.Disk]
	Domains        *Table[*model.Domain]
	Groups         *Table[*model.Group]
	Hosts          *Table[*model.Host]
	ImageTransfers *Table[*model.ImageTransfer]
	MACPools       *Table[*model.MACPool]
	Networks       *Table[*model.Network]
	Attachments    *Table[*model.NetworkAttachment]
	Options        *Table[*model.Option]
	Permissions    *Table[*model.Permission]
	Roles          *Table[*model.Role]
	Snapshots      *Table[*model.Snapshot]
	StorageDomains *Table[*model.StorageDomain]
	Tags           *Table[*model.Tag]
	Templates      *Table[*model.Template]
	Users          *Table[*model.User]
	VMPools        *Table[*model.VMPool]
	VMs            *Table[*model.VM]
	VNICProfiles   *Table[*model.VNICProfile]

	kinds map[model.Kind]keeper
	store store.Store

	write     sync.Mutex // held by the one transaction under way
	lastEvent int64      // guarded by write
	line      line

	mu      sync.RWMutex
	running map[model.ID]*model.Job
	locks   map[model.Ref]model.ID // object → the job that holds it
	changed chan struct{}          // closed and replaced at each commit

	followers []func(model.Ref, model.Object)
}

// keeper is a table without its type.
type keeper interface {
	decode(document []byte) (model.Object, error)
	loadAll(objects []model.Object)
	keep(objects []model.Object)
	drop(id model.ID)
}

type kept[T any, P interface {
	*T
	model.Object
}] struct{ table *Table[P] }

func (k kept[T, P]) decode(document []byte) (model.Object, error) {
	object := P(new(T))
	if err := json.Unmarshal(document, object); err != nil {
		return nil, err
	}
	return object, nil
}

// typedAs gives an object the type that its kind stands for; any other is a
// mistake of the program.
func typedAs[P model.Object](object model.Object) P {
	typed, ok := object.(P)
	if !ok {
		panic(fmt.Sprintf("inventory: a %T stands where a %T belongs", object, typed))
	}
	return typed
}

func allTypedAs[P model.Object](objects []model.Object) []P {
	typed := make([]P, len(objects))
	for i, object := range objects {
		typed[i] = typedAs[P](object)
	}
	return typed
}

func (k kept[T, P]) loadAll(objects []model.Object) { k.table.load(allTypedAs[P](objects)) }
func (k kept[T, P]) keep(objects []model.Object)    { k.table.put(allTypedAs[P](objects)...) }
func (k kept[T, P]) drop(id model.ID)               { k.table.remove(id) }

// Open reads everything from the store.
func Open(ctx context.Context, from store.Store) (*Inventory, error) {
	inv := &Inventory{
		AffinityGroups: newTable[*model.AffinityGroup](),
		Clusters:       newTable[*model.Cluster](),
		DataCenters:    newTable[*model.DataCenter](),
		Disks:          newTable[*model.Disk](),
		Domains:        newTable[*model.Domain](),
		Groups:         newTable[*model.Group](),
		Hosts:          newTable[*model.Host](),
		ImageTransfers: newTable[*model.ImageTransfer](),
		MACPools:       newTable[*model.MACPool](),
		Networks:       newTable[*model.Network](),
		Attachments:    newTable[*model.NetworkAttachment](),
		Options:        newTable[*model.Option](),
		Permissions:    newTable[*model.Permission](),
		Roles:          newTable[*model.Role](),
		Snapshots:      newTable[*model.Snapshot](),
		StorageDomains: newTable[*model.StorageDomain](),
		Tags:           newTable[*model.Tag](),
		Templates:      newTable[*model.Template](),
		Users:          newTable[*model.User](),
		VMPools:        newTable[*model.VMPool](),
		VMs:            newTable[*model.VM](),
		VNICProfiles:   newTable[*model.VNICProfile](),
		store:          from,
		running:        make(map[model.ID]*model.Job),
		locks:          make(map[model.Ref]model.ID),
		changed:        make(chan struct{}),
	}
	inv.kinds = map[model.Kind]keeper{
		model.KindAffinityGroup: kept[model.AffinityGroup, *model.AffinityGroup]{inv.AffinityGroups},
		model.KindCluster:       kept[model.Cluster, *model.Cluster]{inv.Clusters},
		model.KindDataCenter:    kept[model.DataCenter, *model.DataCenter]{inv.DataCenters},
		model.KindDisk:          kept[model.Disk, *model.Disk]{inv.Disks},
		model.KindDomain:        kept[model.Domain, *model.Domain]{inv.Domains},
		model.KindGroup:         kept[model.Group, *model.Group]{inv.Groups},
		model.KindHost:          kept[model.Host, *model.Host]{inv.Hosts},
		model.KindImageTransfer: kept[model.ImageTransfer, *model.ImageTransfer]{inv.ImageTransfers},
		model.KindMACPool:       kept[model.MACPool, *model.MACPool]{inv.MACPools},
		model.KindNetwork:       kept[model.Network, *model.Network]{inv.Networks},
		model.KindOption:        kept[model.Option, *model.Option]{inv.Options},
		model.KindPermission:    kept[model.Permission, *model.Permission]{inv.Permissions},
		model.KindRole:          kept[model.Role, *model.Role]{inv.Roles},
		model.KindSnapshot:      kept[model.Snapshot, *model.Snapshot]{inv.Snapshots},
		model.KindStorageDomain: kept[model.StorageDomain, *model.StorageDomain]{inv.StorageDomains},
		model.KindTag:           kept[model.Tag, *model.Tag]{inv.Tags},
		model.KindTemplate:      kept[model.Template, *model.Template]{inv.Templates},
		model.KindUser:          kept[model.User, *model.User]{inv.Users},
		model.KindVMPool:        kept[model.VMPool, *model.VMPool]{inv.VMPools},
		model.KindVM:            kept[model.VM, *model.VM]{inv.VMs},
		model.KindVNICProfile:   kept[model.VNICProfile, *model.VNICProfile]{inv.VNICProfiles},

		model.KindNetworkAttachment: kept[model.NetworkAttachment, *model.NetworkAttachment]{inv.Attachments},
	}
	if err := inv.load(ctx); err != nil {
		return nil, fmt.Errorf("reading the inventory: %w", err)
	}
	return inv, nil
}

func (inv *Inventory) load(ctx context.Context) error {
	read := make(map[model.Kind][]model.Object)
	err := inv.store.Load(ctx, func(record store.Record) error {
		keeper, known := inv.kinds[record.Kind]
		if !known {
			return fmt.Errorf("unknown kind %q", record.Kind)
		}
		object, err := keeper.decode(record.Document)
		if err != nil {
			return fmt.Errorf("%s %s: %w", record.Kind, record.ID, err)
		}
		read[record.Kind] = append(read[record.Kind], object)
		return nil
	})
	if err != nil {
		return err
	}
	for kind, objects := range read {
		inv.kinds[kind].loadAll(objects)
	}
	jobs, err := inv.store.RunningJobs(ctx)
	if err != nil {
		return err
	}
	for _, job := range jobs {
		inv.track(job)
	}
	inv.lastEvent, err = inv.store.LastEvent(ctx)
	return err
}

// track follows a job's state: a running one holds its locks, an ended one none.
func (inv *Inventory) track(job *model.Job) {
	if old, ok := inv.running[job.ID]; ok {
		for _, ref := range old.Locks {
			if inv.locks[ref] == job.ID {
				delete(inv.locks, ref)
			}
		}
	}
	if job.Status != model.JobStarted {
		delete(inv.running, job.ID)
		return
	}
	inv.running[job.ID] = job
	for _, ref := range job.Locks {
		inv.locks[ref] = job.ID
	}
}

// Job finds a job that has not ended.
func (inv *Inventory) Job(id model.ID) (*model.Job, bool) {
	inv.mu.RLock()
	defer inv.mu.RUnlock()
	job, ok := inv.running[id]
	return job, ok
}

// Jobs gives the jobs that have not ended, in no order.
func (inv *Inventory) Jobs() []*model.Job {
	inv.mu.RLock()
	defer inv.mu.RUnlock()
	jobs := make([]*model.Job, 0, len(inv.running))
	for _, job := range inv.running {
		jobs = append(jobs, job)
	}
	return jobs
}

// Holder finds the running job that holds the lock on an object.
func (inv *Inventory) Holder(ref model.Ref) (*model.Job, bool) {
	inv.mu.RLock()
	defer inv.mu.RUnlock()
	id, ok := inv.locks[ref]
	if !ok {
		return nil, false
	}
	return inv.running[id], true
}

// Changed gives a channel that is closed at the next commit. Ask for it before
// looking, then look, then wait.
func (inv *Inventory) Changed() <-chan struct{} {
	inv.mu.RLock()
	defer inv.mu.RUnlock()
	return inv.changed
}

// Store is what the inventory is kept in: events and ended jobs are read there.
func (inv *Inventory) Store() store.Store { return inv.store }
