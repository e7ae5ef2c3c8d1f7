package imagetest

import (
	"os"
	"path/filepath"
	"testing"

	"vireo/internal/image"
	"vireo/internal/model"
)

// imagesAreAdopted: a file beside a domain becomes a volume, and stays what it is.
func imagesAreAdopted(t *testing.T, g Target) {
	domain := g.formatted(t, model.StorageDomainData)
	ctx := t.Context()
	path := filepath.Join(domain.Dir(), "somebody's.img")
	must(t, "writing an image", os.WriteFile(path, make([]byte, 4*mib), 0o600))
	disk := &model.Disk{ID: model.NewID(), Volume: model.NewID(), Format: model.DiskRaw, Sparse: true, ProvisionedSize: 4 * mib, Alias: "web"}
	spec := g.spec(disk)
	for range 2 {
		size, err := g.Images.Adopt(ctx, domain, spec, path)
		must(t, "Adopt", err)
		if size != 4*mib {
			t.Errorf("the image has %d bytes", size)
		}
	}
	volume, err := g.Images.Path(ctx, domain, disk)
	must(t, "Path", err)
	same(t, path, volume)
	meta, err := g.Images.Meta(ctx, domain, disk.ID, disk.Volume)
	must(t, "Meta", err)
	if meta.Size != 4*mib || meta.Format != model.DiskRaw || meta.Alias != "web" {
		t.Errorf("its metadata is %+v", meta)
	}
	must(t, "Own", g.Images.Own(ctx, domain, disk, g.Owner))
	must(t, "Remove", g.Images.Remove(ctx, domain, disk.ID, true))
	if !exists(path) {
		t.Error("the file is gone with its second name")
	}
	want(t, "Own of a removed disk", g.Images.Own(ctx, domain, disk, g.Owner), image.ErrNotFound)

	refused := func(what, path string, spec image.VolumeSpec, wanted error) {
		t.Helper()
		_, err := g.Images.Adopt(ctx, domain, spec, path)
		want(t, what, err, wanted)
		_, err = g.Images.Path(ctx, domain, disk)
		want(t, "Path after "+what, err, image.ErrNotFound)
	}
	refused("nothing", path+"x", spec, image.ErrNotFound)
	refused("a directory", domain.Dir(), spec, image.ErrUnsafe)
	refused("a file of another file system", "/proc/version", spec, image.ErrElsewhere)
	cow := spec
	cow.Format = model.DiskCOW
	refused("another format", path, cow, image.ErrUnsafe)
	link := filepath.Join(domain.Dir(), "link.img")
	must(t, "making a link", os.Symlink(path, link))
	refused("a symbolic link", link, spec, image.ErrUnsafe)
	other := g.disk(t, domain, model.DiskRaw, true)
	inside, err := g.Images.Path(ctx, domain, other)
	must(t, "Path", err)
	refused("a volume", inside, spec, image.ErrUnsafe)
}

func same(t *testing.T, one, other string) {
	t.Helper()
	first, err := os.Stat(one)
	must(t, "looking at the file", err)
	second, err := os.Stat(other)
	must(t, "looking at the volume", err)
	if !os.SameFile(first, second) {
		t.Errorf("%s and %s are two files", one, other)
	}
}
