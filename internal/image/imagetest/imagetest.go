package imagetest

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"vireo/internal/image"
	"vireo/internal/model"
)

// Target is an implementation to be tried.
type Target struct {
	Images image.Images
	// Domain makes a storage domain of the type, with room for 100 MiB, that has
	// not been formatted.
	Domain func(t *testing.T, kind model.StorageDomainType) *model.StorageDomain
	// Lose makes a formatted domain vanish, as when its mount has gone.
	Lose func(t *testing.T, domain *model.StorageDomain)
	// PutFile puts a file into a formatted ISO domain.
	PutFile func(t *testing.T, domain *model.StorageDomain, name, content string)
	// Fill makes the file that PrepareSaved has named, as Save does.
	Fill func(t *testing.T, path string)
	// Write puts length bytes of one value into an image at an offset; Holds fails
	// unless the image, with what it stands on, holds them.
	Write, Holds func(t *testing.T, path string, format model.DiskFormat, value byte, offset, length int64)
	// Owner is who images are given to.
	Owner image.Owner
}

// Run checks all promises.
func Run(t *testing.T, target Target) {
	t.Helper()
	for name, check := range map[string]func(*testing.T, Target){
		"a domain is formatted once":      formattedOnce,
		"a domain that is gone says so":   goneSaysSo,
		"another class is not the domain": otherClassIsNotTheDomain,
		"volumes are made and removed":    volumesAreMadeAndRemoved,
		"volumes grow":                    volumesGrow,
		"space is reserved":               spaceIsReserved,
		"overlays are made and removed":   overlaysAreMadeAndRemoved,
		"overlays and their disks":        overlaysAndTheirDisks,
		"links are shared":                linksAreShared,
		"images of others are adopted":    imagesAreAdopted,
		"links are left":                  linksAreLeft,
		"links are refused":               linksAreRefused,
		"copies hold the same":            copiesHoldTheSame,
		"copies are refused":              copiesAreRefused,
		"stretches hold the same":         stretchesHoldTheSame,
		"stretches are refused":           stretchesAreRefused,
		"chains are copied":               chainsAreCopied,
		"chains are refused":              chainsAreRefused,
		"chains are merged":               chainsAreMerged,
		"bad merges are refused":          badMergesAreRefused,
		"metadata is read":                metadataIsRead,
		"volumes are pruned":              volumesArePruned,
		"what is too large finds no room": tooLargeFindsNoRoom,
		"saved states are kept":           savedStatesAreKept,
		"files are listed and found":      filesAreListedAndFound,
		"ranges are moved":                rangesAreMoved,
		"images are taken":                imagesAreTaken,
		"parts come together":             partsComeTogether,
		"uploads go on":                   uploadsGoOn,
		"a cancelled context ends calls":  cancelledContextEnds,
		"ids are no way out":              idsAreNoWayOut,
	} {
		t.Run(name, func(t *testing.T) { check(t, target) })
	}
}

const mib = 1 << 20

// formatted makes a domain ready for use.
func (g Target) formatted(t *testing.T, kind model.StorageDomainType) *model.StorageDomain {
	t.Helper()
	domain := g.Domain(t, kind)
	must(t, "Format", g.Images.Format(t.Context(), domain))
	return domain
}

func (g Target) disk(t *testing.T, domain *model.StorageDomain, format model.DiskFormat, sparse bool) *model.Disk {
	t.Helper()
	disk := &model.Disk{
		ID: model.NewID(), Alias: "disk\nname", StorageDomain: domain.ID, Volume: model.NewID(),
		Format: format, Sparse: sparse, ProvisionedSize: 8 * mib,
	}
	must(t, "Create", g.Images.Create(t.Context(), domain, g.spec(disk)))
	return disk
}

func (g Target) spec(disk *model.Disk) image.VolumeSpec {
	return image.VolumeSpec{
		Disk: disk.ID, Volume: disk.Volume, Format: disk.Format, Sparse: disk.Sparse,
		Size: disk.ProvisionedSize, Alias: disk.Alias, Owner: g.Owner,
	}
}

func formattedOnce(t *testing.T, g Target) {
	for _, kind := range []model.StorageDomainType{model.StorageDomainData, model.StorageDomainISO, model.StorageDomainExport} {
		domain := g.Domain(t, kind)
		want(t, "Check before Format", g.Images.Check(t.Context(), domain), image.ErrUnavailable)
		for range 2 {
			must(t, "Format", g.Images.Format(t.Context(), domain))
			must(t, "Check", g.Images.Check(t.Context(), domain))
		}
		space, err := g.Images.Space(t.Context(), domain)
		must(t, "Space", err)
		if space.Available < 100*mib || space.Used < 0 || space.Committed != 0 {
			t.Errorf("%s: space is %+v", kind, space)
		}
		// What is in it survives.
		if kind == model.StorageDomainData {
			disk := g.disk(t, domain, model.DiskCOW, true)
			domain.Name, domain.DataCenter, domain.Master = "renamed", model.NewID(), true
			must(t, "Format of a renamed domain", g.Images.Format(t.Context(), domain))
			must(t, "Check", g.Images.Check(t.Context(), domain))
			_, err := g.Images.Path(t.Context(), domain, disk)
			must(t, "Path", err)
		}
	}
}

func goneSaysSo(t *testing.T, g Target) {
	domain := g.formatted(t, model.StorageDomainData)
	disk := g.disk(t, domain, model.DiskRaw, true)
	g.Lose(t, domain)
	ctx := t.Context()
	_, space := g.Images.Space(ctx, domain)
	_, occupied := g.Images.Occupied(ctx, domain, disk.ID)
	_, path := g.Images.Path(ctx, domain, disk)
	_, saved := g.Images.PrepareSaved(ctx, domain, newSaved(domain), mib, nil, g.Owner)
	_, files := g.Images.Files(ctx, domain)
	_, file := g.Images.FilePath(ctx, domain, "file.iso")
	_, overlay := g.Images.OverlayPath(ctx, domain, disk, model.NewID())
	for name, err := range map[string]error{
		"Check": g.Images.Check(ctx, domain), "Space": space, "Occupied": occupied, "Path": path,
		"PrepareSaved": saved, "Files": files, "FilePath": file,
		"Create":        g.Images.Create(ctx, domain, g.spec(disk)),
		"Remove":        g.Images.Remove(ctx, domain, disk.ID, false),
		"Resize":        g.Images.Resize(ctx, domain, disk, 16*mib),
		"Reserve":       g.Images.Reserve(ctx, domain, &model.Disk{ID: disk.ID, Volume: disk.Volume, Format: model.DiskRaw}, 16*mib),
		"Overlay":       g.Images.Overlay(ctx, domain, disk, model.NewID(), g.Owner),
		"OverlayPath":   overlay,
		"RemoveOverlay": g.Images.RemoveOverlay(ctx, domain, disk, model.NewID()),
		"Link":          g.Images.Link(ctx, domain, disk, model.NewID()),
		"Copy":          g.Images.Copy(ctx, image.Source{Domain: domain, Disk: disk}, domain, g.spec(g.likeness(disk)), nil),
		"CopyChain":     g.Images.CopyChain(ctx, image.Source{Domain: domain, Disk: disk}, domain, model.NewID(), nil, g.Owner, nil),
	} {
		want(t, name, err, image.ErrUnavailable)
	}
}

func otherClassIsNotTheDomain(t *testing.T, g Target) {
	domain := g.formatted(t, model.StorageDomainData)
	domain.Type = model.StorageDomainISO
	want(t, "Check", g.Images.Check(t.Context(), domain), image.ErrUnavailable)
	want(t, "Format", g.Images.Format(t.Context(), domain), image.ErrUnavailable)
}

func volumesAreMadeAndRemoved(t *testing.T, g Target) {
	domain := g.formatted(t, model.StorageDomainData)
	ctx := t.Context()
	for _, format := range []model.DiskFormat{model.DiskCOW, model.DiskRaw} {
		for _, sparse := range []bool{true, false} {
			for _, wipe := range []bool{true, false} {
				disk := g.disk(t, domain, format, sparse)
				must(t, "Create again", g.Images.Create(ctx, domain, g.spec(disk)))
				path, err := g.Images.Path(ctx, domain, disk)
				must(t, "Path", err)
				if !filepath.IsAbs(path) {
					t.Errorf("the path %q is not absolute", path)
				}
				occupied, err := g.Images.Occupied(ctx, domain, disk.ID)
				must(t, "Occupied", err)
				if full := occupied >= disk.ProvisionedSize; full == sparse {
					t.Errorf("a volume of %d bytes, %s, sparse %v, occupies %d", disk.ProvisionedSize, format, sparse, occupied)
				}
				for range 2 {
					must(t, "Remove", g.Images.Remove(ctx, domain, disk.ID, wipe))
				}
				_, err = g.Images.Path(ctx, domain, disk)
				want(t, "Path of a removed disk", err, image.ErrNotFound)
				_, err = g.Images.Occupied(ctx, domain, disk.ID)
				want(t, "Occupied of a removed disk", err, image.ErrNotFound)
				want(t, "Resize of a removed disk", g.Images.Resize(ctx, domain, disk, 16*mib), image.ErrNotFound)
			}
		}
	}
}

func tooLargeFindsNoRoom(t *testing.T, g Target) {
	domain := g.formatted(t, model.StorageDomainData)
	disk := &model.Disk{ID: model.NewID(), Volume: model.NewID(), Format: model.DiskRaw, ProvisionedSize: 1 << 60}
	want(t, "Create", g.Images.Create(t.Context(), domain, g.spec(disk)), image.ErrNoSpace)
	_, err := g.Images.Path(t.Context(), domain, disk)
	want(t, "Path", err, image.ErrNotFound)
	_, err = g.Images.PrepareSaved(t.Context(), domain, newSaved(domain), 1<<60, nil, g.Owner)
	want(t, "PrepareSaved", err, image.ErrNoSpace)
}

func newSaved(domain *model.StorageDomain) *model.SavedState {
	return &model.SavedState{
		StorageDomain: domain.ID, MemoryImage: model.NewID(), MemoryVolume: model.NewID(),
		ConfigImage: model.NewID(), ConfigVolume: model.NewID(),
	}
}

func savedStatesAreKept(t *testing.T, g Target) {
	domain := g.formatted(t, model.StorageDomainData)
	ctx := t.Context()
	saved := newSaved(domain)
	var path string
	for range 2 {
		var err error
		path, err = g.Images.PrepareSaved(ctx, domain, saved, 16*mib, []byte("<vm/>"), g.Owner)
		must(t, "PrepareSaved", err)
		if path != g.Images.SavedPath(domain, saved) || !filepath.IsAbs(path) {
			t.Errorf("prepared at %q, known at %q", path, g.Images.SavedPath(domain, saved))
		}
	}
	g.Fill(t, path)
	for _, id := range []model.ID{saved.MemoryImage, saved.ConfigImage} {
		_, err := g.Images.Occupied(ctx, domain, id)
		must(t, "Occupied", err)
	}
	for range 2 {
		must(t, "RemoveSaved", g.Images.RemoveSaved(ctx, domain, saved))
	}
	for _, id := range []model.ID{saved.MemoryImage, saved.ConfigImage} {
		_, err := g.Images.Occupied(ctx, domain, id)
		want(t, "Occupied after RemoveSaved", err, image.ErrNotFound)
	}
}

func filesAreListedAndFound(t *testing.T, g Target) {
	domain := g.formatted(t, model.StorageDomainISO)
	files, err := g.Images.Files(t.Context(), domain)
	must(t, "Files", err)
	if len(files) != 0 {
		t.Errorf("a new domain has files: %+v", files)
	}
	for _, name := range []string{"vmlinuz", "disk with blanks.iso", "floppy.vfd", ".hidden"} {
		g.PutFile(t, domain, name, "content")
	}
	files, err = g.Images.Files(t.Context(), domain)
	must(t, "Files", err)
	wanted := []model.File{
		{Name: "disk with blanks.iso", Type: "iso", Size: 7, StorageDomain: domain.ID},
		{Name: "floppy.vfd", Type: "vfd", Size: 7, StorageDomain: domain.ID},
		{Name: "vmlinuz", Type: "iso", Size: 7, StorageDomain: domain.ID},
	}
	if len(files) != len(wanted) {
		t.Fatalf("files: %+v", files)
	}
	for i, file := range files {
		if file != wanted[i] {
			t.Errorf("file %+v, want %+v", file, wanted[i])
		}
		path, err := g.Images.FilePath(t.Context(), domain, file.Name)
		must(t, "FilePath", err)
		if !filepath.IsAbs(path) {
			t.Errorf("the path %q is not absolute", path)
		}
	}
	_, err = g.Images.FilePath(t.Context(), domain, "missing.iso")
	want(t, "FilePath of a missing file", err, image.ErrNotFound)
	for _, name := range []string{"", ".", "..", ".hidden", "../vmlinuz", "/etc/passwd", "a/b", `a\b`, "a\nb", "a\x00b", "\xff"} {
		_, err := g.Images.FilePath(t.Context(), domain, name)
		want(t, "FilePath of an unsafe name", err, image.ErrUnsafe)
	}
}

func cancelledContextEnds(t *testing.T, g Target) {
	domain := g.formatted(t, model.StorageDomainData)
	disk := g.disk(t, domain, model.DiskCOW, true)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	other := *disk
	other.ID, other.Volume = model.NewID(), model.NewID()
	want(t, "Check", g.Images.Check(ctx, domain), context.Canceled)
	want(t, "Create", g.Images.Create(ctx, domain, g.spec(&other)), context.Canceled)
	want(t, "Remove", g.Images.Remove(ctx, domain, disk.ID, true), context.Canceled)
	want(t, "Overlay", g.Images.Overlay(ctx, domain, disk, other.Volume, g.Owner), context.Canceled)
	want(t, "RemoveOverlay", g.Images.RemoveOverlay(ctx, domain, disk, other.Volume), context.Canceled)
	_, err := g.Images.Path(ctx, domain, disk)
	want(t, "Path", err, context.Canceled)

	_, err = g.Images.Path(t.Context(), domain, disk)
	must(t, "Path of the disk whose removal was cancelled", err)
	_, err = g.Images.Path(t.Context(), domain, &other)
	want(t, "Path of the disk whose making was cancelled", err, image.ErrNotFound)
	must(t, "Create after all", g.Images.Create(t.Context(), domain, g.spec(&other)))
}

func idsAreNoWayOut(t *testing.T, g Target) {
	domain := g.formatted(t, model.StorageDomainData)
	ctx := t.Context()
	for _, bad := range []model.ID{"", ".", "..", "../x", "/etc", "11111111-1111-1111-1111-11111111111/"} {
		disk := &model.Disk{ID: bad, Volume: model.NewID(), Format: model.DiskRaw, Sparse: true, ProvisionedSize: mib}
		want(t, "Create", g.Images.Create(ctx, domain, g.spec(disk)), image.ErrUnsafe)
		want(t, "Remove", g.Images.Remove(ctx, domain, bad, false), image.ErrUnsafe)
		_, err := g.Images.Path(ctx, domain, disk)
		want(t, "Path", err, image.ErrUnsafe)
		_, err = g.Images.Occupied(ctx, domain, bad)
		want(t, "Occupied", err, image.ErrUnsafe)
		want(t, "Overlay", g.Images.Overlay(ctx, domain, disk, model.NewID(), g.Owner), image.ErrUnsafe)
		want(t, "RemoveOverlay", g.Images.RemoveOverlay(ctx, domain, disk, model.NewID()), image.ErrUnsafe)
		volume := *disk
		volume.ID, volume.Volume = model.NewID(), bad
		want(t, "Create", g.Images.Create(ctx, domain, g.spec(&volume)), image.ErrUnsafe)
		sound := *disk
		sound.ID, sound.Volume = model.NewID(), model.NewID()
		want(t, "Overlay", g.Images.Overlay(ctx, domain, &sound, bad, g.Owner), image.ErrUnsafe)
		want(t, "RemoveOverlay", g.Images.RemoveOverlay(ctx, domain, &sound, bad), image.ErrUnsafe)
	}
}

func must(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func want(t *testing.T, what string, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("%s: got %v, want %v", what, err, target)
	}
}
