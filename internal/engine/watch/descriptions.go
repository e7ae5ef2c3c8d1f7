package watch

import (
	"context"
	"crypto/sha256"
	"slices"
	"sync"
	"time"

	"vireo/internal/model"
)

// How long changes of VMs are gathered before their descriptions are written, how long
// what could not be written waits, and how long the writing of one may take.
const (
	gatherPause   = time.Second
	retryPause    = 30 * time.Second
	describeLimit = 20 * time.Second
)

// descriptions keeps the description of each VM and template beside its disks: soon
// after each change, for many changes at once, and without anybody waiting for it. What
// is written follows what is recorded, and never the other way.
type descriptions struct {
	mu sync.Mutex
	// dirty are the objects whose description may have changed. It holds each once,
	// so that it is never larger than what there is.
	dirty map[model.Ref]bool
	wake  chan struct{}

	// kept is what was written: by object and storage domain the sum of the text.
	// It belongs to the one who writes.
	kept map[model.ID]map[model.ID][sha256.Size]byte
}

func newDescriptions() *descriptions {
	return &descriptions{
		dirty: make(map[model.Ref]bool), wake: make(chan struct{}, 1),
		kept: make(map[model.ID]map[model.ID][sha256.Size]byte),
	}
}

// mark has something described anew; it is quick.
func (d *descriptions) mark(refs ...model.Ref) {
	d.mu.Lock()
	for _, ref := range refs {
		d.dirty[ref] = true
	}
	d.mu.Unlock()
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

func (d *descriptions) take() map[model.Ref]bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	taken := d.dirty
	d.dirty = make(map[model.Ref]bool)
	return taken
}

// describedKinds are the kinds of object that a change of which is a change of
// descriptions.
var describedKinds = []model.Kind{model.KindVM, model.KindTemplate, model.KindDisk, model.KindSnapshot, model.KindStorageDomain}

// followDescriptions takes a change of the inventory.
func (w *Watcher) followDescriptions(ref model.Ref, object model.Object) {
	switch changed := object.(type) {
	case *model.Snapshot:
		ref = model.Ref{Kind: model.KindVM, ID: changed.VM}
	case *model.StorageDomain:
		if changed.Status != model.StorageDomainActive {
			return
		}
	}
	if slices.Contains(describedKinds, ref.Kind) {
		w.descriptions.mark(ref)
	}
}

// keepDescriptions writes descriptions until the watcher is closed.
func (w *Watcher) keepDescriptions() {
	for _, vm := range w.inventory.VMs.All() {
		w.descriptions.mark(vm.Ref())
	}
	for _, template := range w.inventory.Templates.All() {
		w.descriptions.mark(template.Ref())
	}
	for pause := gatherPause; ; {
		select {
		case <-w.descriptions.wake:
		case <-w.base.Done():
			return
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-w.base.Done():
			timer.Stop()
			return
		}
		pause = gatherPause
		if failed := w.describeAll(w.descriptions.take()); len(failed) > 0 && w.base.Err() == nil {
			pause = retryPause
			w.descriptions.mark(failed...)
		}
	}
}

// describeAll writes what has changed and gives what is to be tried again.
func (w *Watcher) describeAll(dirty map[model.Ref]bool) (failed []model.Ref) {
	for ref := range w.affected(dirty) {
		if w.base.Err() != nil {
			return nil
		}
		if err := w.describeOne(ref); err != nil {
			w.Log.Warn("a description could not be written; it is tried again", "object", ref, "err", err)
			failed = append(failed, ref)
		}
	}
	return failed
}

// affected are the VMs and templates that a change of these concerns.
func (w *Watcher) affected(dirty map[model.Ref]bool) map[model.Ref]bool {
	all := make(map[model.Ref]bool)
	disks := make(map[model.ID]bool)
	for ref := range dirty {
		switch ref.Kind {
		case model.KindVM, model.KindTemplate:
			all[ref] = true
		case model.KindDisk:
			disks[ref.ID] = true
		case model.KindStorageDomain:
			// Nothing is known any more of what the texts in it say.
			for _, kept := range w.descriptions.kept {
				if _, written := kept[ref.ID]; written {
					kept[ref.ID] = [sha256.Size]byte{}
				}
			}
			for _, disk := range w.inventory.Disks.All() {
				if disk.StorageDomain == ref.ID {
					disks[disk.ID] = true
				}
			}
		}
	}
	if len(disks) == 0 {
		return all
	}
	has := func(config *model.VMConfig) bool {
		return slices.ContainsFunc(config.Disks, func(each model.DiskAttachment) bool { return disks[each.Disk] })
	}
	for _, vm := range w.inventory.VMs.All() {
		if has(&vm.VMConfig) {
			all[vm.Ref()] = true
		}
	}
	for _, template := range w.inventory.Templates.All() {
		if has(&template.VMConfig) {
			all[template.Ref()] = true
		}
	}
	return all
}

// describeOne writes one description where it belongs, and removes it from where it
// was before.
func (w *Watcher) describeOne(ref model.Ref) error {
	describe := w.Engine.DescribeVM
	if ref.Kind == model.KindTemplate {
		describe = w.Engine.DescribeTemplate
	}
	made, exists := describe(ref.ID)
	kept := w.descriptions.kept[ref.ID]
	sum := sha256.Sum256(made.Text)
	for _, domain := range w.inventory.StorageDomains.All() {
		belongs := exists && slices.Contains(made.Domains, domain.ID)
		known, written := kept[domain.ID]
		if belongs && written && known == sum || !belongs && exists && !written && kept != nil {
			continue // what an earlier engine has written elsewhere is not known at first
		}
		text := made.Text
		if !belongs {
			text = nil
		}
		bounded, cancel := context.WithTimeout(w.base, describeLimit)
		done, err := w.Engine.KeepDescription(bounded, domain.ID, ref.ID, text)
		cancel()
		switch {
		case err != nil:
			return err
		case done && belongs:
			if kept == nil {
				kept = make(map[model.ID][sha256.Size]byte)
				w.descriptions.kept[ref.ID] = kept
			}
			kept[domain.ID] = sum
		case done:
			delete(kept, domain.ID)
		}
	}
	if !exists {
		delete(w.descriptions.kept, ref.ID)
	}
	return nil
}
