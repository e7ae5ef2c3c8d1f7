package imagetest

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"vireo/internal/image"
	"vireo/internal/model"
)

// linksAreShared: a thin disk stands on a template's volume in its own group, whose
// bytes count for the template.
func linksAreShared(t *testing.T, g Target) {
	domain := g.formatted(t, model.StorageDomainData)
	ctx := t.Context()
	for _, format := range []model.DiskFormat{model.DiskCOW, model.DiskRaw} {
		template := g.template(t, domain, format, false)
		alone, err := g.Images.Occupied(ctx, domain, template.ID)
		must(t, "Occupied", err)
		thin := g.thin(t, domain, template)
		path, err := g.Images.Path(ctx, domain, thin)
		must(t, "Path", err)
		if want := filepath.Join(filepath.Dir(path), string(template.Volume)); !exists(want) {
			t.Errorf("%s is not there", want)
		}
		small, err := g.Images.Occupied(ctx, domain, thin.ID)
		must(t, "Occupied", err)
		if small >= alone {
			t.Errorf("the template occupies %d bytes and the thin disk %d", alone, small)
		}
		after, err := g.Images.Occupied(ctx, domain, template.ID)
		must(t, "Occupied", err)
		if after != alone {
			t.Errorf("the template occupied %d bytes and occupies %d", alone, after)
		}
	}
}

// linksAreLeft: either group goes without a trace in the other, also when what is
// removed is overwritten first.
func linksAreLeft(t *testing.T, g Target) {
	domain := g.formatted(t, model.StorageDomainData)
	ctx := t.Context()
	for _, wipe := range []bool{false, true} {
		template := g.template(t, domain, model.DiskRaw, true)
		path, err := g.Images.Path(ctx, domain, template)
		must(t, "Path", err)
		words := bytes.Repeat([]byte("words"), 1000)
		file, err := os.OpenFile(path, os.O_WRONLY, 0)
		must(t, "opening the volume", err)
		_, err = file.Write(words)
		must(t, "writing", err)
		must(t, "closing", file.Close())

		first, second := g.thin(t, domain, template), g.thin(t, domain, template)
		must(t, "Remove of a thin disk", g.Images.Remove(ctx, domain, first.ID, wipe))
		_, err = g.Images.Path(ctx, domain, first)
		want(t, "Path of the removed disk", err, image.ErrNotFound)
		_, err = g.Images.Path(ctx, domain, second)
		must(t, "Path of the other thin disk", err)
		holds(t, path, words)
		must(t, "Remove of the template", g.Images.Remove(ctx, domain, template.ID, wipe))
		below, err := g.Images.Path(ctx, domain, second)
		must(t, "Path without the template", err)
		holds(t, filepath.Join(filepath.Dir(below), string(template.Volume)), words)
		must(t, "Remove of the last", g.Images.Remove(ctx, domain, second.ID, wipe))
	}
}

// linksAreRefused: of what is not there, does not stand alone, or would be itself.
func linksAreRefused(t *testing.T, g Target) {
	domain := g.formatted(t, model.StorageDomainData)
	ctx := t.Context()
	template := g.template(t, domain, model.DiskCOW, true)
	thin := g.thin(t, domain, template)
	to := model.NewID()
	want(t, "Link into its own group", g.Images.Link(ctx, domain, template, template.ID), image.ErrUnsafe)
	want(t, "Link of what stands on another", g.Images.Link(ctx, domain, thin, to), image.ErrUnsafe)
	want(t, "Link into no group", g.Images.Link(ctx, domain, template, "../x"), image.ErrUnsafe)
	want(t, "Link of nothing", g.Images.Link(ctx, domain, &model.Disk{
		ID: model.NewID(), Volume: model.NewID(), Format: model.DiskRaw,
	}, to), image.ErrNotFound)
	_, err := g.Images.Occupied(ctx, domain, to)
	want(t, "Occupied of what was not made", err, image.ErrNotFound)
}

// template makes a disk of a template.
func (g Target) template(t *testing.T, domain *model.StorageDomain, format model.DiskFormat, sparse bool) *model.Disk {
	t.Helper()
	disk := &model.Disk{
		ID: model.NewID(), Alias: "template", StorageDomain: domain.ID, Volume: model.NewID(),
		Format: format, Sparse: sparse, ProvisionedSize: 8 * mib,
	}
	spec := g.spec(disk)
	spec.Shared = true
	must(t, "Create", g.Images.Create(t.Context(), domain, spec))
	return disk
}

// thin makes a disk that stands on a template's, each step twice.
func (g Target) thin(t *testing.T, domain *model.StorageDomain, template *model.Disk) *model.Disk {
	t.Helper()
	base := *template
	base.ID = model.NewID()
	thin := base
	thin.Volume, thin.Format, thin.Sparse = model.NewID(), model.DiskCOW, true
	thin.Chain = []model.Volume{{
		ID: template.Volume, Format: template.Format, Sparse: template.Sparse, Size: template.ProvisionedSize, Template: template.ID,
	}}
	for range 2 {
		must(t, "Link", g.Images.Link(t.Context(), domain, template, thin.ID))
	}
	for range 2 {
		must(t, "Overlay", g.Images.Overlay(t.Context(), domain, &base, thin.Volume, g.Owner))
	}
	must(t, "Link after all", g.Images.Link(t.Context(), domain, template, thin.ID))
	return &thin
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func holds(t *testing.T, path string, words []byte) {
	t.Helper()
	found, err := os.ReadFile(path)
	must(t, "reading", err)
	if !bytes.HasPrefix(found, words) {
		t.Errorf("%s does not hold what was written", path)
	}
}
