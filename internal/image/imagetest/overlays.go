package imagetest

import (
	"path/filepath"
	"testing"

	"vireo/internal/image"
	"vireo/internal/model"
)

// overlaysAreMadeAndRemoved: on every kind of volume, several at once, each once.
func overlaysAreMadeAndRemoved(t *testing.T, g Target) {
	domain := g.formatted(t, model.StorageDomainData)
	ctx := t.Context()
	for _, format := range []model.DiskFormat{model.DiskCOW, model.DiskRaw} {
		for _, sparse := range []bool{true, false} {
			disk := g.disk(t, domain, format, sparse)
			own, err := g.Images.Path(ctx, domain, disk)
			must(t, "Path", err)
			alone, err := g.Images.Occupied(ctx, domain, disk.ID)
			must(t, "Occupied", err)

			older, overlay := model.NewID(), model.NewID()
			for _, volume := range []model.ID{older, overlay, overlay} {
				must(t, "Overlay", g.Images.Overlay(ctx, domain, disk, volume, g.Owner))
			}
			path, err := g.Images.OverlayPath(ctx, domain, disk, overlay)
			must(t, "OverlayPath", err)
			if !filepath.IsAbs(path) || filepath.Dir(path) != filepath.Dir(own) || path == own {
				t.Errorf("the overlay of %q is at %q", own, path)
			}
			both, err := g.Images.Occupied(ctx, domain, disk.ID)
			must(t, "Occupied with overlays", err)
			if both <= alone {
				t.Errorf("%s, sparse %v: alone it occupies %d bytes, with overlays %d", format, sparse, alone, both)
			}

			for range 2 {
				must(t, "RemoveOverlay", g.Images.RemoveOverlay(ctx, domain, disk, older))
			}
			_, err = g.Images.OverlayPath(ctx, domain, disk, older)
			want(t, "OverlayPath of a removed overlay", err, image.ErrNotFound)
			_, err = g.Images.OverlayPath(ctx, domain, disk, overlay)
			must(t, "OverlayPath of the other", err)
			must(t, "RemoveOverlay", g.Images.RemoveOverlay(ctx, domain, disk, overlay))
			after, err := g.Images.Occupied(ctx, domain, disk.ID)
			must(t, "Occupied", err)
			if after != alone {
				t.Errorf("%s, sparse %v: it occupied %d bytes, and after the overlays %d", format, sparse, alone, after)
			}
			_, err = g.Images.Path(ctx, domain, disk)
			must(t, "Path after the overlays", err)
		}
	}
}

// overlaysAndTheirDisks: what happens to the disk while something is on top of it.
func overlaysAndTheirDisks(t *testing.T, g Target) {
	domain := g.formatted(t, model.StorageDomainData)
	ctx := t.Context()
	disk := g.disk(t, domain, model.DiskRaw, true)
	overlay := model.NewID()

	// The disk's own volume is no overlay.
	want(t, "Overlay", g.Images.Overlay(ctx, domain, disk, disk.Volume, g.Owner), image.ErrUnsafe)
	_, err := g.Images.OverlayPath(ctx, domain, disk, disk.Volume)
	want(t, "OverlayPath", err, image.ErrUnsafe)
	want(t, "RemoveOverlay", g.Images.RemoveOverlay(ctx, domain, disk, disk.Volume), image.ErrUnsafe)
	_, err = g.Images.Path(ctx, domain, disk)
	must(t, "Path", err)

	// An overlay is as large as its disk was: after growing it is of no use, and
	// can be removed all the same.
	must(t, "Overlay", g.Images.Overlay(ctx, domain, disk, overlay, g.Owner))
	must(t, "Resize", g.Images.Resize(ctx, domain, disk, 16*mib))
	_, err = g.Images.OverlayPath(ctx, domain, disk, overlay)
	want(t, "OverlayPath after growing", err, image.ErrUnsafe)
	must(t, "RemoveOverlay", g.Images.RemoveOverlay(ctx, domain, disk, overlay))

	// It goes with its disk.
	must(t, "Overlay", g.Images.Overlay(ctx, domain, disk, overlay, g.Owner))
	must(t, "Remove", g.Images.Remove(ctx, domain, disk.ID, false))
	_, err = g.Images.OverlayPath(ctx, domain, disk, overlay)
	want(t, "OverlayPath after Remove", err, image.ErrNotFound)
	must(t, "RemoveOverlay after Remove", g.Images.RemoveOverlay(ctx, domain, disk, overlay))
	must(t, "RemoveOverlay of a forgotten disk", g.Images.RemoveOverlay(ctx, domain, &model.Disk{ID: disk.ID}, overlay))
	want(t, "Overlay of a removed disk", g.Images.Overlay(ctx, domain, disk, overlay, g.Owner), image.ErrNotFound)
	_, err = g.Images.Occupied(ctx, domain, disk.ID)
	want(t, "Occupied", err, image.ErrNotFound)
}
