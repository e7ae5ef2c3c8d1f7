package engine

import (
	"context"
	"sync"

	"vireo/internal/inventory"
	"vireo/internal/model"
)

// describing keeps those who write the metadata of one storage domain apart.
type describing struct {
	mu    sync.Mutex
	locks map[model.ID]*sync.Mutex
}

func (d *describing) of(domain model.ID) *sync.Mutex {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.locks == nil {
		d.locks = make(map[model.ID]*sync.Mutex)
	}
	if d.locks[domain] == nil {
		d.locks[domain] = new(sync.Mutex)
	}
	return d.locks[domain]
}

// Connect mounts a storage domain, where it needs to be.
func (e *Engine) Connect(ctx context.Context, domain *model.StorageDomain) error {
	e.ForgetSights(domain.ID)
	return e.Images.Connect(ctx, domain)
}

// Disconnect unmounts it, on hosts too.
func (e *Engine) Disconnect(ctx context.Context, domain *model.StorageDomain) error {
	e.unmountHosts(ctx, domain)
	return e.Images.Disconnect(ctx, domain)
}

// Describe writes name, data center and role of a storage domain into its metadata:
// for the job that holds the domain.
func (e *Engine) Describe(ctx context.Context, domain *model.StorageDomain) error {
	lock := e.describing.of(domain.ID)
	lock.Lock()
	defer lock.Unlock()
	return e.Images.Describe(ctx, domain)
}

// DescribeActive is Describe for a domain that no job holds, as it is recorded now; of
// one that is held, or not active, the metadata is its job's.
func (e *Engine) DescribeActive(ctx context.Context, id model.ID) error {
	lock := e.describing.of(id)
	lock.Lock()
	defer lock.Unlock()
	domain, ok := e.Inventory.StorageDomains.Get(id)
	if !ok || domain.Status != model.StorageDomainActive {
		return nil
	}
	if _, held := e.Inventory.Holder(domain.Ref()); held {
		return nil
	}
	return e.Images.Describe(ctx, domain)
}

// NextMaster is the active data domain that becomes the master of its data center when
// this one is not used any more; nil if there is none.
func NextMaster(tx *inventory.Tx, domain *model.StorageDomain) *model.StorageDomain {
	for _, other := range tx.StorageDomains.All() {
		if other.ID != domain.ID && other.DataCenter == domain.DataCenter &&
			other.Type == model.StorageDomainData && other.Status == model.StorageDomainActive {
			return other
		}
	}
	return nil
}

// MoveMaster makes another data domain the master in place of this one, if there is
// one; that the metadata of both says so follows when they are active. domain is the
// one that is being edited.
func MoveMaster(tx *inventory.Tx, domain *model.StorageDomain) *model.StorageDomain {
	if !domain.Master {
		return nil
	}
	next := NextMaster(tx, domain)
	if next == nil {
		return nil
	}
	heir, _ := tx.StorageDomains.Edit(next.ID)
	heir.Master, domain.Master = true, false
	return heir
}
