package imagetest

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"vireo/internal/image"
	"vireo/internal/model"
)

// imagesAreAdopted: a file beside a domain becomes a volume, and stays what it is.
func imagesAreAdopted(t *testing.T, g Target) {
	domain := g.formatted(t, model.StorageDomainData)
	ctx := t.Context()
	path := filepath.Join(domain.Dir(), "somebody's.img")
	content := make([]byte, 4*mib)
	copy(content, "somebody's")
	must(t, "writing an image", os.WriteFile(path, content, 0o600))
	must(t, "giving it away", os.Chown(path, g.Owner.UID, g.Owner.GID))
	disk := &model.Disk{ID: model.NewID(), Volume: model.NewID(), Format: model.DiskRaw, Sparse: true, ProvisionedSize: 4 * mib, Alias: "web"}
	spec := g.spec(disk)
	foreign := image.Foreign{Path: path, Format: model.DiskRaw, UID: g.Owner.UID, Domains: []*model.StorageDomain{domain}}
	kept := image.Kept{Owner: g.Owner, Mode: 0o600}
	as := func(what string, found image.Found) {
		t.Helper()
		if found.Size != 4*mib || found.Kept != kept || string(found.Head) != string(content[:image.HeadSize]) {
			t.Errorf("%s: it has %d bytes, is kept with %+v and begins with %q", what, found.Size, found.Kept, found.Head[:16])
		}
	}
	found, err := g.Images.Look(ctx, domain, foreign)
	must(t, "Look", err)
	as("Look", found)
	_, err = g.Images.Path(ctx, domain, disk)
	want(t, "Path after Look", err, image.ErrNotFound)
	for range 2 {
		found, err := g.Images.Adopt(ctx, domain, spec, foreign)
		must(t, "Adopt", err)
		as("Adopt", found)
	}
	volume, err := g.Images.Path(ctx, domain, disk)
	must(t, "Path", err)
	same(t, path, volume)
	meta, err := g.Images.Meta(ctx, domain, disk.ID, disk.Volume)
	must(t, "Meta", err)
	if meta.Size != 4*mib || meta.Format != model.DiskRaw || meta.Alias != "web" {
		t.Errorf("its metadata is %+v", meta)
	}
	_, err = g.Images.Look(ctx, domain, foreign)
	want(t, "Look at what is a disk", err, image.ErrLinked)
	second := spec
	second.Disk = model.NewID()
	_, err = g.Images.Adopt(ctx, domain, second, foreign)
	want(t, "Adopt of what is a disk", err, image.ErrLinked)
	must(t, "Own", g.Images.Own(ctx, domain, disk, g.Owner))
	modeIs(t, path, 0o660)
	must(t, "GiveBack", g.Images.GiveBack(ctx, domain, disk, kept))
	modeIs(t, path, 0o600)
	must(t, "Remove", g.Images.Remove(ctx, domain, disk.ID, true))
	if !exists(path) {
		t.Error("the file is gone with its second name")
	}
	want(t, "Own of a removed disk", g.Images.Own(ctx, domain, disk, g.Owner), image.ErrNotFound)
	must(t, "GiveBack of a removed disk", g.Images.GiveBack(ctx, domain, disk, kept))
	adoptionsAreRefused(t, g, domain, spec, foreign)
}

// adoptionsAreRefused: by Look and by Adopt alike, and nothing is left of it.
func adoptionsAreRefused(t *testing.T, g Target, domain *model.StorageDomain, spec image.VolumeSpec, good image.Foreign) {
	ctx := t.Context()
	refused := func(what string, foreign image.Foreign, wanted error) {
		t.Helper()
		_, err := g.Images.Look(ctx, domain, foreign)
		want(t, "Look at "+what, err, wanted)
		_, err = g.Images.Adopt(ctx, domain, spec, foreign)
		want(t, "Adopt of "+what, err, wanted)
		_, err = g.Images.Path(ctx, domain, &model.Disk{ID: spec.Disk, Volume: spec.Volume, Format: spec.Format})
		want(t, "Path after "+what, err, image.ErrNotFound)
	}
	at := func(path string) image.Foreign {
		foreign := good
		foreign.Path = path
		return foreign
	}
	refused("nothing", at(good.Path+"x"), image.ErrNotFound)
	refused("what is below a file", at(good.Path+"/x"), image.ErrNotFound)
	refused("a relative path", at("somebody's.img"), image.ErrUnsafe)
	refused("a path with a way back", at(domain.Dir()+"/../"+filepath.Base(domain.Dir())+"/somebody's.img"), image.ErrUnsafe)
	refused("a directory", at(domain.Dir()), image.ErrUnsafe)
	refused("a file of another file system", at("/proc/version"), image.ErrElsewhere)
	cow := good
	cow.Format = model.DiskCOW
	refused("another format", cow, image.ErrUnsafe)
	other := good
	other.UID++
	refused("a file of another user", other, image.ErrOtherOwner)
	other.UID = 0
	refused("a file where QEMU is root", other, image.ErrOtherOwner)
	link := filepath.Join(domain.Dir(), "link.img")
	must(t, "making a link", os.Symlink(good.Path, link))
	refused("a symbolic link", at(link), image.ErrUnsafe)
	around := filepath.Join(domain.Dir(), "around")
	must(t, "making a link", os.Symlink(domain.Dir(), around))
	refused("a file behind a symbolic link", at(filepath.Join(around, filepath.Base(good.Path))), image.ErrUnsafe)
	hard := filepath.Join(domain.Dir(), "hard.img")
	must(t, "making a link", os.Link(good.Path, hard))
	refused("a file with two names", good, image.ErrLinked)
	must(t, "removing a link", os.Remove(hard))
	inside, err := g.Images.Path(ctx, domain, g.disk(t, domain, model.DiskRaw, true))
	must(t, "Path", err)
	refused("a volume", at(inside), image.ErrUnsafe)
	elsewhere := g.formatted(t, model.StorageDomainData)
	inside, err = g.Images.Path(ctx, elsewhere, g.disk(t, elsewhere, model.DiskRaw, true))
	must(t, "Path", err)
	foreign := at(inside)
	foreign.Domains = append(foreign.Domains, elsewhere)
	_, err = g.Images.Look(ctx, domain, foreign)
	if !errors.Is(err, image.ErrUnsafe) && !errors.Is(err, image.ErrElsewhere) {
		t.Errorf("Look at a volume of another domain: %v", err)
	}
	must(t, "nothing was left", alone(good.Path))
}

// alone says whether a file has one name.
func alone(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); !ok || stat.Nlink != 1 {
		return errors.New("it has another name")
	}
	return nil
}

func modeIs(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	must(t, "looking at the file", err)
	if info.Mode().Perm() != mode {
		t.Errorf("its mode is %v and not %v", info.Mode().Perm(), mode)
	}
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
