package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"vireo/internal/image"
	"vireo/internal/model"
)

// Merge has qemu-img write the volume into its backing file and leave it as it is.
// Only when all is written the volume above is told of its new backing file; until then
// it reads through the volume, which hides whatever is written below.
func (f *Files) Merge(ctx context.Context, domain *model.StorageDomain, disk *model.Disk, volume model.ID, progress image.Progress) error {
	if err := f.merge(ctx, domain, disk, volume, progress); err != nil {
		return fmt.Errorf("merging volume %s of disk %s in storage domain %q: %w", volume, disk.ID, domain.Name, err)
	}
	return nil
}

func (f *Files) merge(ctx context.Context, domain *model.StorageDomain, disk *model.Disk, volume model.ID, progress image.Progress) error {
	below, above, err := neighbours(disk, volume)
	if err != nil {
		return err
	}
	dir, err := open(domain)
	if err != nil {
		return err
	}
	defer dir.Close()
	if _, err := f.inspect(ctx, domain, dir, disk); err != nil {
		return err
	}
	place := func(id model.ID) string { return filepath.Join(group(disk.ID), string(id)) }
	if above != "" {
		top, err := f.inspectOne(ctx, domain, dir, place(above), formats[model.DiskCOW])
		if err != nil || top.BackingFilename == string(below.ID) {
			return err // it stands there already
		}
		if top.BackingFilename != string(volume) {
			return fmt.Errorf("volume %s stands on %.100q: %w", above, top.BackingFilename, image.ErrUnsafe)
		}
	}
	upper, err := f.inspectOne(ctx, domain, dir, place(volume), formats[model.DiskCOW])
	switch {
	case err != nil:
		return err
	case upper.BackingFilename != string(below.ID) || upper.BackingFormat != formats[below.Format]:
		return fmt.Errorf("it stands on %.100q, a %.20q: %w", upper.BackingFilename, upper.BackingFormat, image.ErrUnsafe)
	}
	err = f.follow(ctx, making, func(out io.Reader) {
		readPercents(out, func(percent float64) { heard(progress)(int64(percent*100), 100*100) })
	}, "commit", "-p", "-d", "-f", formats[model.DiskCOW], filepath.Join(root(domain), place(volume)))
	if err != nil {
		return err
	}
	if above == "" {
		return nil
	}
	return f.run(ctx, looking, nil, "rebase", "-q", "-u", "-f", formats[model.DiskCOW], "-b", string(below.ID), "-F", formats[below.Format],
		filepath.Join(root(domain), place(above)))
}

// neighbours are the volumes below and above one of a disk's; above is empty for the
// active one.
func neighbours(disk *model.Disk, volume model.ID) (below model.Volume, above model.ID, err error) {
	ids := []model.ID{disk.ID, disk.Volume}
	for _, each := range disk.Chain {
		ids = append(ids, each.ID)
	}
	if err := checkIDs(ids...); err != nil {
		return below, "", err
	}
	at := slices.Index(ids[2:], volume)
	switch {
	case volume == disk.Volume:
		at = len(disk.Chain)
	case at == len(disk.Chain)-1:
		above = disk.Volume
	case at >= 0:
		above = disk.Chain[at+1].ID
	}
	if at <= 0 {
		return below, "", fmt.Errorf("there is nothing below it: %w", image.ErrUnsafe)
	}
	if below = disk.Chain[at-1]; below.Template != "" {
		return below, "", fmt.Errorf("what is below it belongs to a template: %w", image.ErrUnsafe)
	}
	return below, above, nil
}

// Relate rewrites those lines of the metadata that are not so.
func (f *Files) Relate(ctx context.Context, domain *model.StorageDomain, disk *model.Disk) error {
	if err := relate(ctx, domain, disk); err != nil {
		return fmt.Errorf("relating the volumes of disk %s in storage domain %q: %w", disk.ID, domain.Name, err)
	}
	return nil
}

func relate(ctx context.Context, domain *model.StorageDomain, disk *model.Disk) error {
	if err := errors.Join(ctx.Err(), checkIDs(disk.ID, disk.Volume)); err != nil {
		return err
	}
	dir, err := open(domain)
	if err != nil {
		return err
	}
	defer dir.Close()
	parent := model.BlankID
	chain := append(slices.Clone(disk.Chain), model.Volume{ID: disk.Volume, Size: disk.ProvisionedSize})
	for i, volume := range chain {
		if err := checkIDs(volume.ID); err != nil {
			return err
		}
		if volume.Template == "" {
			kind := "INTERNAL"
			if i == len(chain)-1 {
				kind = "LEAF"
			}
			lines := map[string]string{"PUUID": string(parent), "VOLTYPE": kind, "SIZE": number((volume.Size + sector - 1) / sector)}
			if err := changeMeta(dir, filepath.Join(group(disk.ID), string(volume.ID)), lines); err != nil {
				return err
			}
		}
		parent = volume.ID
	}
	return nil
}
