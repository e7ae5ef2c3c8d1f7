package imagetest

import (
	"testing"

	"vireo/internal/image"
	"vireo/internal/model"
)

func volumesGrow(t *testing.T, g Target) {
	domain := g.formatted(t, model.StorageDomainData)
	for _, format := range []model.DiskFormat{model.DiskCOW, model.DiskRaw} {
		for _, sparse := range []bool{true, false} {
			disk := g.disk(t, domain, format, sparse)
			before, err := g.Images.Occupied(t.Context(), domain, disk.ID)
			must(t, "Occupied", err)
			for _, size := range []int64{16 * mib, 16 * mib, 4 * mib} {
				must(t, "Resize", g.Images.Resize(t.Context(), domain, disk, size))
			}
			after, err := g.Images.Occupied(t.Context(), domain, disk.ID)
			must(t, "Occupied", err)
			if grown := after-before >= 8*mib; grown == sparse {
				t.Errorf("%s, sparse %v: it occupied %d bytes and occupies %d", format, sparse, before, after)
			}
			_, err = g.Images.Path(t.Context(), domain, disk)
			must(t, "Path", err)
		}
	}
}

func spaceIsReserved(t *testing.T, g Target) {
	ctx, domain := t.Context(), g.formatted(t, model.StorageDomainData)
	disk := g.disk(t, domain, model.DiskRaw, false)
	occupied := func() int64 {
		bytes, err := g.Images.Occupied(ctx, domain, disk.ID)
		must(t, "Occupied", err)
		return bytes
	}
	before := occupied()
	want(t, "Reserve of too much", g.Images.Reserve(ctx, domain, disk, 1<<60), image.ErrNoSpace)
	if after := occupied(); after != before {
		t.Errorf("after a reservation that failed it occupies %d bytes, before %d", after, before)
	}
	for range 2 {
		must(t, "Reserve", g.Images.Reserve(ctx, domain, disk, 16*mib))
		if after := occupied(); after < 16*mib {
			t.Errorf("it occupies %d bytes", after)
		}
	}
	must(t, "Resize", g.Images.Resize(ctx, domain, disk, 16*mib))
	for _, other := range []*model.Disk{g.disk(t, domain, model.DiskRaw, true), g.disk(t, domain, model.DiskCOW, false)} {
		if err := g.Images.Reserve(ctx, domain, other, 16*mib); err == nil {
			t.Errorf("space was reserved for a disk of the format %s, sparse %v", other.Format, other.Sparse)
		}
	}
}
