package imagetest

import (
	"os"
	"slices"
	"strings"
	"testing"

	"vireo/internal/image"
	"vireo/internal/model"
)

// chainsAreMerged: any volume into the one below, each read as before, and the metadata
// says what is so.
func chainsAreMerged(t *testing.T, g Target) {
	domain := g.formatted(t, model.StorageDomainData)
	for _, format := range []model.DiskFormat{model.DiskCOW, model.DiskRaw} {
		for merged := range 3 { // which volume goes: those above the base
			disk := g.disk(t, domain, format, true)
			g.writeLayer(t, domain, disk, 0)
			for layer := 1; layer <= 3; layer++ {
				disk = g.onTop(t, domain, disk)
				g.writeLayer(t, domain, disk, layer)
			}
			ctx := t.Context()
			all := volumesOf(disk)
			volume := all[merged+1]
			for range 2 {
				must(t, "Merge", g.Images.Merge(ctx, domain, disk, volume, nil))
				g.holdsLayers(t, domain, disk, 3)
			}
			disk = without(disk, volume)
			must(t, "RemoveOverlay", g.Images.RemoveOverlay(ctx, domain, disk, volume))
			for range 2 {
				must(t, "Relate", g.Images.Relate(ctx, domain, disk))
			}
			g.holdsLayers(t, domain, disk, 3)
			g.related(t, domain, disk)
			at, _ := disk.Standing(all[merged])
			g.holdsLayers(t, domain, at, merged+1)
		}
	}
}

// badMergesAreRefused: the base, a template's volume, a stranger.
func badMergesAreRefused(t *testing.T, g Target) {
	domain := g.formatted(t, model.StorageDomainData)
	disk := g.disk(t, domain, model.DiskCOW, true)
	upper := g.onTop(t, domain, disk)
	ctx := t.Context()
	want(t, "Merge of the base", g.Images.Merge(ctx, domain, upper, disk.Volume, nil), image.ErrUnsafe)
	want(t, "Merge of a stranger", g.Images.Merge(ctx, domain, upper, model.NewID(), nil), image.ErrUnsafe)
	want(t, "Merge of a volume that is alone", g.Images.Merge(ctx, domain, disk, disk.Volume, nil), image.ErrUnsafe)
	of := model.Clone(upper)
	of.Chain[0].Template = model.NewID()
	want(t, "Merge into a template's volume", g.Images.Merge(ctx, domain, of, of.Volume, nil), image.ErrUnsafe)
	confused := g.onTop(t, domain, upper)
	confused.Chain[0], confused.Chain[1] = confused.Chain[1], confused.Chain[0]
	want(t, "Merge of what stands on something else", g.Images.Merge(ctx, domain, confused, confused.Volume, nil), image.ErrUnsafe)
}

func volumesOf(disk *model.Disk) []model.ID {
	var all []model.ID
	for _, volume := range disk.Chain {
		all = append(all, volume.ID)
	}
	return append(all, disk.Volume)
}

// without is the disk when a volume has been merged into the one below.
func without(disk *model.Disk, volume model.ID) *model.Disk {
	left := model.Clone(disk)
	if volume == disk.Volume {
		last := left.Chain[len(left.Chain)-1]
		left.Volume, left.Format, left.Sparse = last.ID, last.Format, last.Sparse
		left.Chain = left.Chain[:len(left.Chain)-1]
		return left
	}
	left.Chain = slices.DeleteFunc(left.Chain, func(v model.Volume) bool { return v.ID == volume })
	return left
}

// Each layer is written to two places: one of its own, and one that all write to.
func places(layer int) []int { return []int{0, 1 + layer} }

func (g Target) writeLayer(t *testing.T, domain *model.StorageDomain, disk *model.Disk, layer int) {
	t.Helper()
	for _, at := range places(layer) {
		g.write(t, domain, disk, byte(16+layer), int64(at)*mib, mib)
	}
}

// holds wants the disk to hold what was written up to a layer.
func (g Target) holdsLayers(t *testing.T, domain *model.StorageDomain, disk *model.Disk, layer int) {
	t.Helper()
	g.holds(t, domain, disk, byte(16+layer), 0, mib)
	for each := range layer + 1 {
		g.holds(t, domain, disk, byte(16+each), int64(1+each)*mib, mib)
	}
	g.holds(t, domain, disk, 0, int64(2+layer)*mib, mib)
}

// related compares the metadata with the record.
func (g Target) related(t *testing.T, domain *model.StorageDomain, disk *model.Disk) {
	t.Helper()
	path, err := g.Images.Path(t.Context(), domain, disk)
	must(t, "Path", err)
	parent := model.BlankID
	for _, volume := range volumesOf(disk) {
		text, err := os.ReadFile(strings.TrimSuffix(path, string(disk.Volume)) + string(volume) + ".meta")
		must(t, "reading the metadata", err)
		kind := "INTERNAL"
		if volume == disk.Volume {
			kind = "LEAF"
		}
		for _, line := range []string{"PUUID=" + string(parent), "VOLTYPE=" + kind, "IMAGE=" + string(disk.ID)} {
			if !strings.Contains(string(text), line+"\n") {
				t.Errorf("volume %s has no %s in %s", volume, line, text)
			}
		}
		parent = volume
	}
}
