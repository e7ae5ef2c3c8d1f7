package sitetest

import (
	"context"
	"slices"
	"sync"
	"time"

	"vireo/internal/image"
	"vireo/internal/model"
)

// Images are real storage domains that take orders to go wrong.
type Images struct {
	image.Images

	mu     sync.Mutex
	orders []*ImageRule
	calls  []string
}

// ImageRule is an order for storage: fields are those of fake.Rule.
type ImageRule struct {
	// Call is a method of image.Images that changes something, Path, OverlayPath
	// or Space;
	// empty matches all of these.
	Call string
	// Nth strikes only the Nth matching call from now on; 0 strikes all.
	Nth int
	// Delay is waited first, or until the call's context ends.
	Delay time.Duration
	// Do is called when the rule strikes.
	Do func()
	// Error is the answer; nil lets the call go on.
	Error error
	// After does the call first and then strikes.
	After bool

	matched int
}

// Fail gives an order; the function it returns takes it back.
func (i *Images) Fail(rule ImageRule) (cancel func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	kept := &rule
	i.orders = append(i.orders, kept)
	return func() {
		i.mu.Lock()
		defer i.mu.Unlock()
		for at, each := range i.orders {
			if each == kept {
				i.orders = append(i.orders[:at:at], i.orders[at+1:]...)
				return
			}
		}
	}
}

// Clear takes all orders back.
func (i *Images) Clear() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.orders = nil
}

// Calls names the calls that orders could have struck, in their order.
func (i *Images) Calls() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.calls)
}

func (i *Images) call(ctx context.Context, name string, do func() error) error {
	before, after := i.strikes(name)
	if err := before.strike(ctx); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	return after.strike(ctx)
}

func (i *Images) strikes(name string) (before, after *ImageRule) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.calls = append(i.calls, name)
	for _, rule := range i.orders {
		if rule.Call != "" && rule.Call != name {
			continue
		}
		rule.matched++
		switch {
		case rule.Nth != 0 && rule.Nth != rule.matched:
		case rule.After && after == nil:
			after = rule
		case !rule.After && before == nil:
			before = rule
		}
	}
	return before, after
}

func (r *ImageRule) strike(ctx context.Context) error {
	if r == nil {
		return nil
	}
	if r.Delay > 0 {
		timer := time.NewTimer(r.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if r.Do != nil {
		r.Do()
	}
	return r.Error
}

// Create makes a volume.
func (i *Images) Create(ctx context.Context, domain *model.StorageDomain, spec image.VolumeSpec) error {
	return i.call(ctx, "Create", func() error { return i.Images.Create(ctx, domain, spec) })
}

// Remove deletes an image group.
func (i *Images) Remove(ctx context.Context, domain *model.StorageDomain, disk model.ID, wipe bool) error {
	return i.call(ctx, "Remove", func() error { return i.Images.Remove(ctx, domain, disk, wipe) })
}

// Resize grows a volume.
func (i *Images) Resize(ctx context.Context, domain *model.StorageDomain, disk *model.Disk, size int64) error {
	return i.call(ctx, "Resize", func() error { return i.Images.Resize(ctx, domain, disk, size) })
}

// Reserve gives a volume space.
func (i *Images) Reserve(ctx context.Context, domain *model.StorageDomain, disk *model.Disk, size int64) error {
	return i.call(ctx, "Reserve", func() error { return i.Images.Reserve(ctx, domain, disk, size) })
}

// Path checks an image.
func (i *Images) Path(ctx context.Context, domain *model.StorageDomain, disk *model.Disk) (path string, err error) {
	err = i.call(ctx, "Path", func() error {
		path, err = i.Images.Path(ctx, domain, disk)
		return err
	})
	return path, err
}

// Overlay makes an overlay.
func (i *Images) Overlay(ctx context.Context, domain *model.StorageDomain, disk *model.Disk, volume model.ID, owner image.Owner) error {
	return i.call(ctx, "Overlay", func() error { return i.Images.Overlay(ctx, domain, disk, volume, owner) })
}

// OverlayPath checks an overlay.
func (i *Images) OverlayPath(ctx context.Context, domain *model.StorageDomain, disk *model.Disk, volume model.ID) (path string, err error) {
	err = i.call(ctx, "OverlayPath", func() error {
		path, err = i.Images.OverlayPath(ctx, domain, disk, volume)
		return err
	})
	return path, err
}

// RemoveOverlay deletes an overlay.
func (i *Images) RemoveOverlay(ctx context.Context, domain *model.StorageDomain, disk *model.Disk, volume model.ID) error {
	return i.call(ctx, "RemoveOverlay", func() error { return i.Images.RemoveOverlay(ctx, domain, disk, volume) })
}

// Copy copies what a disk holds.
func (i *Images) Copy(ctx context.Context, from image.Source, to *model.StorageDomain, spec image.VolumeSpec, progress image.Progress) error {
	return i.call(ctx, "Copy", func() error { return i.Images.Copy(ctx, from, to, spec, progress) })
}

// WriteStretch writes a disk to a file.
func (i *Images) WriteStretch(ctx context.Context, from image.Source, to image.Stretch, progress image.Progress) error {
	return i.call(ctx, "WriteStretch", func() error { return i.Images.WriteStretch(ctx, from, to, progress) })
}

// ReadStretch makes a volume of an image in a file.
func (i *Images) ReadStretch(ctx context.Context, from image.Stretch, to *model.StorageDomain, spec image.VolumeSpec, progress image.Progress) error {
	return i.call(ctx, "ReadStretch", func() error { return i.Images.ReadStretch(ctx, from, to, spec, progress) })
}

// Adopt passes on.
func (i *Images) Adopt(ctx context.Context, domain *model.StorageDomain, spec image.VolumeSpec, foreign image.Foreign) (found image.Found, err error) {
	err = i.call(ctx, "Adopt", func() (err error) {
		found, err = i.Images.Adopt(ctx, domain, spec, foreign)
		return err
	})
	return found, err
}

// GiveBack passes on.
func (i *Images) GiveBack(ctx context.Context, domain *model.StorageDomain, disk *model.Disk, kept image.Kept) error {
	return i.call(ctx, "GiveBack", func() error { return i.Images.GiveBack(ctx, domain, disk, kept) })
}

// Own passes on.
func (i *Images) Own(ctx context.Context, domain *model.StorageDomain, disk *model.Disk, owner image.Owner) error {
	return i.call(ctx, "Own", func() error { return i.Images.Own(ctx, domain, disk, owner) })
}

// Link links a template's volume.
func (i *Images) Link(ctx context.Context, domain *model.StorageDomain, template *model.Disk, group model.ID) error {
	return i.call(ctx, "Link", func() error { return i.Images.Link(ctx, domain, template, group) })
}

// CanSeal says yes: see Seal.
func (i *Images) CanSeal() bool { return true }

// Seal seals nothing, since the disks of these tests hold no guests.
func (i *Images) Seal(ctx context.Context, _ []image.Source) error {
	return i.call(ctx, "Seal", func() error { return ctx.Err() })
}

// Space measures a domain.
func (i *Images) Space(ctx context.Context, domain *model.StorageDomain) (space model.Space, err error) {
	err = i.call(ctx, "Space", func() error {
		space, err = i.Images.Space(ctx, domain)
		return err
	})
	return space, err
}

// Check looks at a domain. It is struck by orders that name it only, and not among
// Calls: it changes nothing, and is done all the time.
func (i *Images) Check(ctx context.Context, domain *model.StorageDomain) error {
	if err := i.ordered("Check").strike(ctx); err != nil {
		return err
	}
	return i.Images.Check(ctx, domain)
}

// ordered finds the first order that names a call.
func (i *Images) ordered(name string) *ImageRule {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, rule := range i.orders {
		if rule.Call == name {
			return rule
		}
	}
	return nil
}

// Connect mounts a domain.
func (i *Images) Connect(ctx context.Context, domain *model.StorageDomain) error {
	return i.call(ctx, "Connect", func() error { return i.Images.Connect(ctx, domain) })
}

// Disconnect unmounts a domain.
func (i *Images) Disconnect(ctx context.Context, domain *model.StorageDomain) error {
	return i.call(ctx, "Disconnect", func() error { return i.Images.Disconnect(ctx, domain) })
}

// Format makes a domain.
func (i *Images) Format(ctx context.Context, domain *model.StorageDomain) error {
	return i.call(ctx, "Format", func() error { return i.Images.Format(ctx, domain) })
}

// Describe writes the metadata of a domain.
func (i *Images) Describe(ctx context.Context, domain *model.StorageDomain) error {
	return i.call(ctx, "Describe", func() error { return i.Images.Describe(ctx, domain) })
}

// Erase deletes a domain.
func (i *Images) Erase(ctx context.Context, domain *model.StorageDomain) error {
	return i.call(ctx, "Erase", func() error { return i.Images.Erase(ctx, domain) })
}

// PrepareSaved makes the groups of a saved state.
func (i *Images) PrepareSaved(ctx context.Context, domain *model.StorageDomain, saved *model.SavedState, size int64, config []byte, owner image.Owner) (path string, err error) {
	err = i.call(ctx, "PrepareSaved", func() error {
		path, err = i.Images.PrepareSaved(ctx, domain, saved, size, config, owner)
		return err
	})
	return path, err
}

// RemoveSaved deletes a saved state.
func (i *Images) RemoveSaved(ctx context.Context, domain *model.StorageDomain, saved *model.SavedState) error {
	return i.call(ctx, "RemoveSaved", func() error { return i.Images.RemoveSaved(ctx, domain, saved) })
}

// OpenTransfer opens a disk; one that is struck afterwards is closed again.
func (i *Images) OpenTransfer(ctx context.Context, domain *model.StorageDomain, spec image.TransferSpec) (content image.Content, err error) {
	err = i.call(ctx, "OpenTransfer", func() error {
		content, err = i.Images.OpenTransfer(ctx, domain, spec)
		return err
	})
	if err != nil && content != nil {
		_ = content.Close()
		content = nil
	}
	return content, err
}

// FinishTransfer checks what was uploaded.
func (i *Images) FinishTransfer(ctx context.Context, domain *model.StorageDomain, spec image.TransferSpec) error {
	return i.call(ctx, "FinishTransfer", func() error { return i.Images.FinishTransfer(ctx, domain, spec) })
}

// AbandonTransfer removes what was uploaded.
func (i *Images) AbandonTransfer(ctx context.Context, domain *model.StorageDomain, spec image.TransferSpec) error {
	return i.call(ctx, "AbandonTransfer", func() error { return i.Images.AbandonTransfer(ctx, domain, spec) })
}

// Merge merges a volume into the one below.
func (i *Images) Merge(ctx context.Context, domain *model.StorageDomain, disk *model.Disk, volume model.ID, progress image.Progress) error {
	return i.call(ctx, "Merge", func() error { return i.Images.Merge(ctx, domain, disk, volume, progress) })
}

// Relate lets metadata follow the record.
func (i *Images) Relate(ctx context.Context, domain *model.StorageDomain, disk *model.Disk) error {
	return i.call(ctx, "Relate", func() error { return i.Images.Relate(ctx, domain, disk) })
}

// CopyChain copies all volumes of a disk.
func (i *Images) CopyChain(ctx context.Context, from image.Source, to *model.StorageDomain, group model.ID, rename map[model.ID]model.ID, owner image.Owner, progress image.Progress) error {
	return i.call(ctx, "CopyChain", func() error { return i.Images.CopyChain(ctx, from, to, group, rename, owner, progress) })
}
