package watch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/image"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// hastyInterval is how often storage is checked at least while some of it is not well.
const hastyInterval = 5 * time.Second

// checkStorage looks at every storage domain at an interval, and when something has
// stirred: one that is gone, full, or cannot be written is inactive until it is well
// again.
func (w *Watcher) checkStorage() {
	for {
		pause := max(w.values.Duration("StorageCheckInterval"), time.Second)
		for _, domain := range w.inventory.StorageDomains.All() {
			w.checks.ask(domain.ID)
			if domain.Status == model.StorageDomainInactive {
				pause = min(pause, hastyInterval)
			}
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-w.stirred:
			timer.Stop()
		case <-w.base.Done():
			timer.Stop()
			return
		}
	}
}

// stir has all storage checked soon.
func (w *Watcher) stir() {
	select {
	case w.stirred <- struct{}{}:
	default:
	}
}

// localDirectories are where the domains lie that can vanish without the kernel's
// table of mounts saying so.
func (w *Watcher) localDirectories() (roots []string) {
	for _, domain := range w.inventory.StorageDomains.All() {
		if domain.Mount == "" && domain.Status.Connected() {
			roots = append(roots, filepath.Join(domain.Dir(), string(domain.ID)))
		}
	}
	return roots
}

// remount connects what should be connected, before anything uses it: the machine may
// have been restarted. What does not answer soon is left to the checks.
func (w *Watcher) remount() {
	var wait sync.WaitGroup
	for _, domain := range w.inventory.StorageDomains.All() {
		if domain.Mount == "" || !domain.Status.Connected() {
			continue
		}
		wait.Go(func() {
			bounded, cancel := context.WithTimeout(w.base, remountPatience)
			defer cancel()
			if err := w.Engine.Connect(bounded, domain); err != nil {
				w.Log.Warn("a storage domain could not be connected", "storage_domain", domain.ID, "err", err)
			}
		})
	}
	wait.Wait()
}

// remountPatience is how long the start of an engine waits for storage.
const remountPatience = 10 * time.Second

// checkNow checks one domain. One that a job works on is the job's.
func (w *Watcher) checkNow(ctx context.Context, id model.ID) {
	domain, ok := w.inventory.StorageDomains.Get(id)
	if !ok || !domain.Status.Connected() {
		return
	}
	if _, held := w.inventory.Holder(domain.Ref()); held {
		return
	}
	bounded, cancel := context.WithTimeout(ctx, w.values.Duration("HostCallTimeout"))
	defer cancel()
	seen := w.seeDomain(bounded, domain)
	if w.base.Err() != nil {
		return
	}
	w.wrote(w.judgeDomain(domain, seen))
	if seen.failure != nil {
		w.Log.DebugContext(ctx, "a storage domain is not well", "storage_domain", id, "err", seen.failure)
		return
	}
	if err := w.Engine.DescribeActive(bounded, id); err != nil {
		w.Log.WarnContext(ctx, "the metadata of a storage domain could not be written", "storage_domain", id, "err", err)
	}
	w.sweepDomain(id)
	w.measureDisks(id)
	w.resumeOn(id)
}

// sight is what was seen of a storage domain.
type sight struct {
	failure error
	space   model.Space
	// full says that nothing more can be written; it is then a failure, too.
	full bool
}

// seeDomain looks at a domain, connecting it anew where its mount is gone. One that
// was full is so until there is room worth going on for.
func (w *Watcher) seeDomain(ctx context.Context, domain *model.StorageDomain) sight {
	images := w.Engine.Images
	if there, err := images.Connected(domain); err != nil || !there {
		if err := w.Engine.Connect(ctx, domain); err != nil {
			return sight{failure: err}
		}
	}
	seen := sight{failure: images.Check(ctx, domain)}
	seen.full = errors.Is(seen.failure, image.ErrNoSpace)
	if seen.failure != nil && !seen.full || domain.Type != model.StorageDomainData {
		return seen
	}
	space, err := images.Space(ctx, domain)
	if err != nil {
		return sight{failure: err}
	}
	seen.space = space
	if domain.Full && !seen.full && space.Available < worthResuming {
		seen.full, seen.failure = true, image.ErrNoSpace
	}
	return seen
}

// worthResuming is how many bytes must be free in a domain that was full.
const worthResuming = 16 << 20

// judgeDomain writes what was seen of a domain that was as in domain.
func (w *Watcher) judgeDomain(domain *model.StorageDomain, seen sight) error {
	status := model.StorageDomainActive
	if seen.failure != nil {
		status = model.StorageDomainInactive
	}
	low := w.lowSpace(seen)
	if status == domain.Status && seen.full == domain.Full && low == domain.LowSpace {
		return nil
	}
	return w.inventory.Update(w.base, func(tx *inventory.Tx) error {
		edited, ok := tx.StorageDomains.Edit(domain.ID)
		if !ok || edited.Status != domain.Status {
			return nil
		}
		if _, held := tx.Holder(edited.Ref()); held {
			return nil
		}
		about := audit.About{Domain: edited, Detail: troubleOf(seen.failure)}
		room := fmt.Sprintf("%d MiB are free.", seen.space.Available>>20)
		if low && !edited.LowSpace && !seen.full {
			tx.Event(audit.New(audit.DomainLowSpace, audit.About{Domain: edited, Detail: room}))
		}
		switch {
		case seen.full && !edited.Full:
			tx.Event(audit.New(audit.DomainFull, audit.About{Domain: edited, Detail: room}))
		case seen.failure != nil && !seen.full && (edited.Full || edited.Status == model.StorageDomainActive):
			tx.Event(audit.New(audit.DomainInactive, about))
		case seen.failure == nil && edited.Status == model.StorageDomainInactive:
			tx.Event(audit.New(audit.DomainActive, about))
		}
		if edited.Status != status {
			edited.Status, edited.Since = status, time.Now().UTC()
		}
		edited.StatusDetail, edited.Full, edited.LowSpace = about.Detail, seen.full, low
		if status == model.StorageDomainInactive {
			if heir := engine.MoveMaster(tx, edited); heir != nil {
				tx.Event(audit.New(audit.MasterMoved, audit.About{Domain: heir}))
			}
		}
		return nil
	})
}

// troubles are what people read of errors of the system.
var troubles = []struct {
	err  error
	said string
}{
	{image.ErrNoSpace, "no space is left"},
	{syscall.EROFS, "it is read-only"},
	{fs.ErrNotExist, "its directory is gone"},
	{fs.ErrPermission, "the engine may not use it"},
	{syscall.EIO, "its device has errors"},
	{syscall.ESTALE, "its server does not know it any more"},
	{syscall.ENOTCONN, "its server is gone"},
	{context.DeadlineExceeded, "it does not answer"},
}

// troubleOf says for people what is wrong with a domain; paths stay in the log.
func troubleOf(failure error) string {
	if failure == nil {
		return ""
	}
	if place, ok := errors.AsType[*image.PlaceError](failure); ok {
		return place.Why
	}
	for _, each := range troubles {
		if errors.Is(failure, each.err) {
			return each.said
		}
	}
	_, why, _ := strings.Cut(failure.Error(), image.ErrUnavailable.Error()+": ")
	return cmp.Or(why, "it is not available")
}

// lowSpace says whether so little is free that it is to be warned of.
func (w *Watcher) lowSpace(seen sight) bool {
	whole := seen.space.Available + seen.space.Used
	return whole > 0 && seen.space.Available/(whole/100+1) < int64(w.values.Int("WarningLowSpaceIndicator"))
}

// measureDisks keeps the sizes that disks really take (actual_size) true. A disk
// that is being made or changed is its job's.
func (w *Watcher) measureDisks(id model.ID) {
	domain, ok := w.inventory.StorageDomains.Get(id)
	if !ok || domain.Status != model.StorageDomainActive || domain.Type != model.StorageDomainData {
		return
	}
	sizes := make(map[model.ID]int64)
	for _, disk := range w.inventory.Disks.All() {
		if disk.StorageDomain != id || disk.Status != model.DiskOK || w.base.Err() != nil {
			continue
		}
		bounded, cancel := context.WithTimeout(w.base, w.values.Duration("HostCallTimeout"))
		occupied, err := w.Engine.Images.Occupied(bounded, domain, disk.ID)
		cancel()
		if err != nil {
			w.Log.Debug("a disk could not be measured", "disk", disk.ID, "err", err)
			continue
		}
		if occupied != disk.ActualSize {
			sizes[disk.ID] = occupied
		}
	}
	if len(sizes) == 0 {
		return
	}
	w.wrote(w.inventory.Update(w.base, func(tx *inventory.Tx) error {
		for disk, size := range sizes {
			if edited, ok := tx.Disks.Edit(disk); ok && edited.Status == model.DiskOK {
				edited.ActualSize = size
			}
		}
		return nil
	}))
}
