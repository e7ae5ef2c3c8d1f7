package imagetest

import (
	"testing"

	"vireo/internal/image"
	"vireo/internal/model"
)

// metadataIsRead: what was asked for of a volume is what its metadata says.
func metadataIsRead(t *testing.T, g Target) {
	domain := g.formatted(t, model.StorageDomainExport)
	disk := g.disk(t, domain, model.DiskCOW, true)
	read, err := g.Images.Meta(t.Context(), domain, disk.ID, disk.Volume)
	must(t, "Meta", err)
	if read.Domain != domain.ID || read.Group != disk.ID || read.Parent != "" || read.Format != model.DiskCOW || !read.Sparse ||
		read.Size != disk.ProvisionedSize || read.Shared || read.Illegal || read.Created.IsZero() {
		t.Errorf("the metadata is %+v", read)
	}
	_, err = g.Images.Meta(t.Context(), domain, disk.ID, model.NewID())
	want(t, "Meta of a volume that is not there", err, image.ErrNotFound)
	_, err = g.Images.Meta(t.Context(), domain, "../..", disk.Volume)
	want(t, "Meta by a path", err, image.ErrUnsafe)
}

// volumesArePruned: those that are kept stay whole, the others go, and the group when none
// is left; done twice it is done once.
func volumesArePruned(t *testing.T, g Target) {
	domain := g.formatted(t, model.StorageDomainExport)
	disk := g.disk(t, domain, model.DiskRaw, true)
	other := *disk
	other.Volume = model.NewID()
	must(t, "Create", g.Images.Create(t.Context(), domain, g.spec(&other)))
	keep := func(volume model.ID) bool { return volume == disk.Volume }
	for range 2 {
		must(t, "Prune", g.Images.Prune(t.Context(), domain, disk.ID, keep, true))
	}
	_, err := g.Images.Path(t.Context(), domain, disk)
	must(t, "Path of what was kept", err)
	_, err = g.Images.Path(t.Context(), domain, &other)
	want(t, "Path of what was not kept", err, image.ErrNotFound)
	for range 2 {
		must(t, "Prune of all", g.Images.Prune(t.Context(), domain, disk.ID, func(model.ID) bool { return false }, false))
	}
	_, err = g.Images.Occupied(t.Context(), domain, disk.ID)
	want(t, "Occupied of what is gone", err, image.ErrNotFound)
	err = g.Images.Prune(t.Context(), domain, "../..", keep, false)
	want(t, "Prune by a path", err, image.ErrUnsafe)
	g.Lose(t, domain)
	err = g.Images.Prune(t.Context(), domain, disk.ID, keep, false)
	want(t, "Prune in a domain that is gone", err, image.ErrUnavailable)
}
