package imagetest

import (
	"context"
	"testing"

	"vireo/internal/image"
	"vireo/internal/model"
)

// likeness is a disk of the same kind, which has not been made.
func (g Target) likeness(disk *model.Disk) *model.Disk {
	like := model.Clone(disk)
	like.ID, like.Volume, like.Chain = model.NewID(), model.NewID(), nil
	return like
}

func (g Target) write(t *testing.T, domain *model.StorageDomain, disk *model.Disk, value byte, offset, length int64) {
	t.Helper()
	path, err := g.Images.Path(t.Context(), domain, disk)
	must(t, "Path", err)
	g.Write(t, path, disk.Format, value, offset, length)
}

func (g Target) holds(t *testing.T, domain *model.StorageDomain, disk *model.Disk, value byte, offset, length int64) {
	t.Helper()
	path, err := g.Images.Path(t.Context(), domain, disk)
	must(t, "Path", err)
	g.Holds(t, path, disk.Format, value, offset, length)
}

// onTop makes a volume on top of the disk's own and answers the disk that has it as
// its active one.
func (g Target) onTop(t *testing.T, domain *model.StorageDomain, disk *model.Disk) *model.Disk {
	t.Helper()
	volume := model.NewID()
	must(t, "Overlay", g.Images.Overlay(t.Context(), domain, disk, volume, g.Owner))
	top := model.Clone(disk)
	top.Chain = append(top.Chain, model.Volume{ID: disk.Volume, Format: disk.Format, Sparse: disk.Sparse, Size: disk.ProvisionedSize})
	top.Volume, top.Format, top.Sparse = volume, model.DiskCOW, true
	return top
}

// chain makes a disk of three volumes: 0x11 at 0 in all, 0x22 at 2 MiB in the second,
// 0x33 at 4 MiB in the third, each of a MiB.
func (g Target) chain(t *testing.T, domain *model.StorageDomain, format model.DiskFormat, sparse bool) *model.Disk {
	t.Helper()
	disk := g.disk(t, domain, format, sparse)
	g.write(t, domain, disk, 0x11, 0, mib)
	disk = g.onTop(t, domain, disk)
	g.write(t, domain, disk, 0x22, 2*mib, mib)
	disk = g.onTop(t, domain, disk)
	g.write(t, domain, disk, 0x33, 4*mib, mib)
	return disk
}

var kinds = []struct {
	format model.DiskFormat
	sparse bool
}{{model.DiskCOW, true}, {model.DiskCOW, false}, {model.DiskRaw, true}, {model.DiskRaw, false}}

// progress fails unless it is told of steps forward, of one whole, to its end.
type progress struct{ done, total int64 }

func (p *progress) tell(t *testing.T) image.Progress {
	return func(done, total int64) {
		if total <= 0 || done < p.done || done > total || p.total != 0 && p.total != total {
			t.Errorf("progress went from %d of %d to %d of %d", p.done, p.total, done, total)
		}
		p.done, p.total = done, total
	}
}

// copiesHoldTheSame: of every kind to every kind, alone and with a chain, in the
// domain and to another; larger, too; done twice it is done once.
func copiesHoldTheSame(t *testing.T, g Target) {
	here, there := g.formatted(t, model.StorageDomainData), g.formatted(t, model.StorageDomainData)
	ctx := t.Context()
	for i, from := range kinds {
		alone := g.disk(t, here, from.format, from.sparse)
		g.write(t, here, alone, 0x11, 0, mib)
		top := g.chain(t, here, from.format, from.sparse)
		for j, to := range kinds {
			for _, source := range []*model.Disk{alone, top} {
				domain := []*model.StorageDomain{here, there}[(i+j)%2]
				made := g.likeness(source)
				made.Format, made.Sparse = to.format, to.sparse
				spec := g.spec(made)
				spec.Size = []int64{0, 16 * mib}[j%2]
				var told progress
				for range 2 {
					must(t, "Copy", g.Images.Copy(ctx, image.Source{Domain: here, Disk: source}, domain, spec, told.tell(t)))
				}
				if told.done == 0 || told.done != told.total {
					t.Errorf("%v to %v: at the end the progress was %d of %d", from, to, told.done, told.total)
				}
				g.holds(t, domain, made, 0x11, 0, mib)
				g.holds(t, domain, made, 0, 6*mib, max(spec.Size, 8*mib)-6*mib)
				if source == top {
					g.holds(t, domain, made, 0x22, 2*mib, mib)
					g.holds(t, domain, made, 0x33, 4*mib, mib)
				}
				occupied, err := g.Images.Occupied(ctx, domain, made.ID)
				must(t, "Occupied", err)
				if full := occupied >= max(spec.Size, 8*mib); full == to.sparse {
					t.Errorf("%v to %v: the copy occupies %d bytes", from, to, occupied)
				}
				// It is nobody's but its own.
				g.write(t, domain, made, 0x77, 0, mib)
				g.holds(t, here, source, 0x11, 0, mib)
			}
		}
	}
}

func copiesAreRefused(t *testing.T, g Target) {
	domain := g.formatted(t, model.StorageDomainData)
	disk := g.disk(t, domain, model.DiskRaw, true)
	source := image.Source{Domain: domain, Disk: disk}
	try := func(what string, ctx context.Context, source image.Source, change func(*image.VolumeSpec), target error) {
		t.Helper()
		made := g.likeness(disk)
		spec := g.spec(made)
		change(&spec)
		want(t, what, g.Images.Copy(ctx, source, domain, spec, nil), target)
		_, err := g.Images.Occupied(t.Context(), domain, made.ID)
		want(t, "Occupied after "+what, err, image.ErrNotFound)
	}
	nothing := func(*image.VolumeSpec) {}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	try("a cancelled copy", cancelled, source, nothing, context.Canceled)
	try("a copy that is smaller", t.Context(), source, func(s *image.VolumeSpec) { s.Size = 4 * mib }, image.ErrUnsafe)
	try("a copy that is too large", t.Context(), source, func(s *image.VolumeSpec) { s.Size, s.Sparse = 1<<60, false }, image.ErrNoSpace)
	try("a copy of nothing", t.Context(), image.Source{Domain: domain, Disk: g.likeness(disk)}, nothing, image.ErrNotFound)
	try("a copy to nowhere", t.Context(), source, func(s *image.VolumeSpec) { s.Volume = "../x" }, image.ErrUnsafe)
	try("a copy of nowhere", t.Context(), image.Source{Domain: domain, Disk: &model.Disk{ID: "..", Volume: disk.Volume, Format: model.DiskRaw}}, nothing, image.ErrUnsafe)
}

// chainsAreCopied: to another domain under the same names, and beside the first disk
// under others; each volume holds what it held; done twice it is done once.
func chainsAreCopied(t *testing.T, g Target) {
	here, there := g.formatted(t, model.StorageDomainData), g.formatted(t, model.StorageDomainData)
	ctx := t.Context()
	for _, kind := range kinds {
		disk := g.chain(t, here, kind.format, kind.sparse)
		source := image.Source{Domain: here, Disk: disk}
		moved, beside := model.Clone(disk), model.Clone(disk)
		beside.ID, beside.Volume, beside.Chain[0].ID = model.NewID(), model.NewID(), model.NewID()
		rename := map[model.ID]model.ID{disk.Volume: beside.Volume, disk.Chain[0].ID: beside.Chain[0].ID}
		for range 2 {
			var told, other progress
			must(t, "CopyChain", g.Images.CopyChain(ctx, source, there, disk.ID, nil, g.Owner, told.tell(t)))
			must(t, "CopyChain", g.Images.CopyChain(ctx, source, here, beside.ID, rename, g.Owner, other.tell(t)))
			if told.done == 0 || told.done != told.total || other.done == 0 || other.done != other.total {
				t.Errorf("at the end the progress was %+v and %+v", told, other)
			}
		}
		must(t, "Remove", g.Images.Remove(ctx, here, disk.ID, false))
		for domain, copied := range map[*model.StorageDomain]*model.Disk{there: moved, here: beside} {
			g.holds(t, domain, copied, 0x11, 0, mib)
			g.holds(t, domain, copied, 0x22, 2*mib, mib)
			g.holds(t, domain, copied, 0x33, 4*mib, mib)
			second, _ := copied.Standing(copied.Chain[1].ID)
			g.holds(t, domain, second, 0x22, 2*mib, mib)
			g.holds(t, domain, second, 0, 4*mib, mib)
			base, _ := copied.Standing(copied.Chain[0].ID)
			g.holds(t, domain, base, 0x11, 0, mib)
			g.holds(t, domain, base, 0, 2*mib, 3*mib)
			occupied, err := g.Images.Occupied(ctx, domain, copied.ID)
			must(t, "Occupied", err)
			if full := occupied >= 8*mib; full == kind.sparse {
				t.Errorf("%v: the copied chain occupies %d bytes", kind, occupied)
			}
		}
	}
}

func chainsAreRefused(t *testing.T, g Target) {
	domain := g.formatted(t, model.StorageDomainData)
	disk := g.chain(t, domain, model.DiskRaw, true)
	other := g.disk(t, domain, model.DiskCOW, true)
	try := func(what string, ctx context.Context, change func(*model.Disk), into model.ID, rename map[model.ID]model.ID, target error) {
		t.Helper()
		changed := model.Clone(disk)
		change(changed)
		err := g.Images.CopyChain(ctx, image.Source{Domain: domain, Disk: changed}, domain, into, rename, g.Owner, nil)
		want(t, what, err, target)
		if into != disk.ID && target != nil {
			_, err := g.Images.Path(t.Context(), domain, &model.Disk{ID: into, Volume: disk.Volume, Format: model.DiskCOW})
			if err == nil {
				t.Errorf("%s has left a volume", what)
			}
		}
	}
	nothing := func(*model.Disk) {}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	try("a cancelled copy", cancelled, nothing, model.NewID(), nil, context.Canceled)
	try("a copy into itself", t.Context(), nothing, disk.ID, nil, image.ErrUnsafe)
	try("a copy to nowhere", t.Context(), nothing, "../x", nil, image.ErrUnsafe)
	try("volumes that get a bad name", t.Context(), nothing, model.NewID(), map[model.ID]model.ID{disk.Volume: "../x"}, image.ErrUnsafe)
	try("volumes that get one name", t.Context(), nothing, model.NewID(), map[model.ID]model.ID{disk.Volume: disk.Chain[0].ID}, image.ErrUnsafe)
	try("a chain that is declared too short", t.Context(), func(d *model.Disk) { d.Chain = d.Chain[1:] }, model.NewID(), nil, image.ErrUnsafe)
	try("a chain in another order", t.Context(), func(d *model.Disk) { d.Chain[0], d.Chain[1] = d.Chain[1], d.Chain[0] }, model.NewID(), nil, image.ErrUnsafe)
	try("a chain of other formats", t.Context(), func(d *model.Disk) { d.Chain[0].Format = model.DiskCOW }, model.NewID(), nil, image.ErrUnsafe)
	try("a chain without its base", t.Context(), func(d *model.Disk) { d.Chain[0].ID = other.Volume }, model.NewID(), nil, image.ErrNotFound)
	g.holds(t, domain, disk, 0x33, 4*mib, mib)
}
