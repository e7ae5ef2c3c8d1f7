package engine

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// Limits of what hosts see: how long one look may take, and how long one that found
// nothing counts.
const (
	sightLimit  = 4 * time.Second
	blindPeriod = 10 * time.Second
)

// sights are what hosts were found to see of storage domains: for as long as the
// connection lasts, or until the domain is connected anew.
type sights struct {
	mu   sync.Mutex
	seen map[sightKey]sight
	// looking lets one caller look, and mount, while others wait for what it finds.
	looking singleflight.Group
}

type sightKey struct{ host, domain model.ID }

type sight struct {
	through host.Host
	// why says what the host does not see; empty when it sees the domain.
	why   string
	taken time.Time
}

func (s *sights) get(key sightKey, through host.Host) (sight, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.seen[key]
	return found, ok && found.through == through && (found.why == "" || time.Since(found.taken) < blindPeriod)
}

func (s *sights) put(key sightKey, found sight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil {
		s.seen = make(map[sightKey]sight)
	}
	s.seen[key] = found
}

// ForgetSights has all hosts looked at again for a storage domain.
func (e *Engine) ForgetSights(domain model.ID) {
	e.sights.mu.Lock()
	defer e.sights.mu.Unlock()
	for key := range e.sights.seen {
		if key.domain == domain {
			delete(e.sights.seen, key)
		}
	}
}

// See finds out whether a host sees a storage domain, and has it mounted there if need
// be. why is the reason for which it does not; empty also when that is not known,
// because the host does not answer.
func (e *Engine) See(ctx context.Context, on *model.Host, domain *model.StorageDomain) (why string) {
	conn, err := e.Machines.Connected(on.ID)
	if err != nil {
		return ""
	}
	key := sightKey{on.ID, domain.ID}
	if found, ok := e.sights.get(key, conn); ok {
		return found.why
	}
	found, _, _ := e.sights.looking.Do(string(on.ID)+string(domain.ID), func() (any, error) {
		// Others wait for it too, who may have more time.
		return e.look(context.WithoutCancel(ctx), on, domain, conn), nil
	})
	why, _ = found.(string)
	return why
}

// look is See where nobody has looked.
func (e *Engine) look(ctx context.Context, on *model.Host, domain *model.StorageDomain, conn host.Host) (why string) {
	key := sightKey{on.ID, domain.ID}
	if found, ok := e.sights.get(key, conn); ok {
		return found.why
	}
	bounded, cancel := context.WithTimeout(ctx, sightLimit)
	defer cancel()
	err := sees(bounded, conn, domain)
	if errors.Is(err, host.ErrRefused) && domain.Mount != "" && !on.Facts.Local {
		if err = conn.MountStorage(bounded, mountOf(domain)); err == nil {
			err = sees(bounded, conn, domain)
		}
	}
	if err != nil && !errors.Is(err, host.ErrRefused) {
		return ""
	}
	if err != nil {
		why = fmt.Sprintf("it does not see the storage domain %s at %s", domain.Name, domain.Dir())
		if refused, ok := errors.AsType[*host.RefusedError](err); ok && refused.Code == host.RefusedUnsupported {
			why += ": " + refused.Reason
		}
	}
	e.sights.put(key, sight{through: conn, why: why, taken: time.Now()})
	return why
}

// sees reads the metadata of a domain through a host: it must be the domain's own.
func sees(ctx context.Context, conn host.Host, domain *model.StorageDomain) error {
	text, err := conn.ReadFile(ctx, filepath.Join(domain.Dir(), string(domain.ID), "dom_md", "metadata"))
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		if strings.TrimSpace(line) == "SDUUID="+string(domain.ID) {
			return nil
		}
	}
	return &host.RefusedError{Code: host.RefusedResource, Reason: "another storage domain is there"}
}

// mountOf says how a host that is not the engine's own mounts a domain.
func mountOf(domain *model.StorageDomain) host.StorageMount {
	mount := host.StorageMount{Path: domain.Mount, Address: domain.Address, Source: domain.Path, Type: domain.VFSType}
	if domain.StorageType == model.StorageNFS {
		mount.Type = "nfs"
		mount.Options = []string{"soft", "nosharecache"}
		mount.NFSVersion = strings.ReplaceAll(strings.TrimPrefix(strings.Replace(domain.NFSVersion, "auto", "", 1), "v"), "_", ".")
	}
	if domain.MountOptions != "" {
		mount.Options = append(mount.Options, strings.Split(domain.MountOptions, ",")...)
	}
	return mount
}

// SeeAll looks at every storage domain that is used through one host.
func (e *Engine) SeeAll(ctx context.Context, id model.ID) {
	on, ok := e.Inventory.Hosts.Get(id)
	if !ok {
		return
	}
	cluster, _ := e.Inventory.Clusters.Get(on.Cluster)
	for _, domain := range e.Inventory.StorageDomains.All() {
		if cluster != nil && domain.DataCenter == cluster.DataCenter && domain.Status == model.StorageDomainActive {
			e.See(ctx, on, domain)
		}
	}
}

// Unmount takes the mount of a domain away from all hosts that are not the engine's
// own machine.
func (e *Engine) unmountHosts(ctx context.Context, domain *model.StorageDomain) {
	e.ForgetSights(domain.ID)
	if domain.Mount == "" {
		return
	}
	for _, on := range e.Inventory.Hosts.All() {
		conn, err := e.Machines.Connected(on.ID)
		if err != nil || on.Facts.Local {
			continue
		}
		bounded, cancel := context.WithTimeout(ctx, sightLimit)
		if err := conn.UnmountStorage(bounded, domain.Mount); err != nil {
			e.Log.WarnContext(ctx, "a storage domain could not be unmounted on a host", "host", on.ID, "storage_domain", domain.ID, "err", err)
		}
		cancel()
	}
}

// Unseen says, by host, which hosts of a VM's cluster do not see all the storage that
// it needs, and what they do not see. The error may be one of Outside.
func (e *Engine) Unseen(tx *inventory.Tx, call *Call, vm *model.VM) (map[model.ID]string, error) {
	domains := storageOf(vm, tx.Disks.Get, tx.StorageDomains.Get)
	hosts := tx.Hosts.All()
	for _, on := range hosts {
		for _, domain := range domains {
			if on.Cluster == vm.Cluster && !e.known(on, domain) {
				return Outside(call, "hosts' sight of storage", func(ctx context.Context) (map[model.ID]string, error) {
					return e.unseen(ctx, hosts, vm.Cluster, domains), nil
				})
			}
		}
	}
	return e.remembered(hosts, vm.Cluster, domains), nil
}

// remembered is unseen without looking.
func (e *Engine) remembered(hosts []*model.Host, cluster model.ID, domains []*model.StorageDomain) map[model.ID]string {
	reasons := make(map[model.ID]string)
	for _, on := range hosts {
		conn, err := e.Machines.Connected(on.ID)
		if err != nil || on.Cluster != cluster {
			continue
		}
		for _, domain := range domains {
			if found, ok := e.sights.get(sightKey{on.ID, domain.ID}, conn); ok && found.why != "" {
				reasons[on.ID] = found.why
			}
		}
	}
	return reasons
}

// UnseenNow is Unseen for those who can wait.
func (e *Engine) UnseenNow(ctx context.Context, vm *model.VM) map[model.ID]string {
	domains := storageOf(vm, e.Inventory.Disks.Get, e.Inventory.StorageDomains.Get)
	return e.unseen(ctx, e.Inventory.Hosts.All(), vm.Cluster, domains)
}

// known says whether no look is needed.
func (e *Engine) known(on *model.Host, domain *model.StorageDomain) bool {
	conn, err := e.Machines.Connected(on.ID)
	if err != nil {
		return true
	}
	_, ok := e.sights.get(sightKey{on.ID, domain.ID}, conn)
	return ok
}

func (e *Engine) unseen(ctx context.Context, hosts []*model.Host, cluster model.ID, domains []*model.StorageDomain) map[model.ID]string {
	var mu sync.Mutex
	var wait sync.WaitGroup
	reasons := make(map[model.ID]string)
	for _, on := range hosts {
		if on.Cluster != cluster {
			continue
		}
		wait.Go(func() {
			for _, domain := range domains {
				if why := e.See(ctx, on, domain); why != "" {
					mu.Lock()
					reasons[on.ID] = why
					mu.Unlock()
					return
				}
			}
		})
	}
	wait.Wait()
	return reasons
}

// storageOf are the storage domains of a VM's active disks.
func storageOf(vm *model.VM, disk func(model.ID) (*model.Disk, bool), domain func(model.ID) (*model.StorageDomain, bool)) []*model.StorageDomain {
	var found []*model.StorageDomain
	seen := make(map[model.ID]bool)
	for _, each := range vm.Disks {
		image, ok := disk(each.Disk)
		if !ok || !each.Active || seen[image.StorageDomain] {
			continue
		}
		seen[image.StorageDomain] = true
		if in, ok := domain(image.StorageDomain); ok {
			found = append(found, in)
		}
	}
	return found
}
