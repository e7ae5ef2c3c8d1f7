package files

import (
	"context"
	"os"

	"vireo/internal/image"
	"vireo/internal/model"
)

// mostVolumes is more than any image group holds.
const mostVolumes = 1000

// Group reads the metadata of every file in the group that is called by a UUID.
func (f *Files) Group(ctx context.Context, domain *model.StorageDomain, disk model.ID) (map[model.ID]image.VolumeMeta, error) {
	if err := checkIDs(disk); err != nil {
		return nil, err
	}
	result := make(chan map[model.ID]image.VolumeMeta, 1)
	err := within(ctx, domain, func() error {
		dir, err := open(domain)
		if err != nil {
			return err
		}
		defer dir.Close()
		if err := folder(dir, group(disk)); err != nil {
			return err
		}
		found, err := volumesIn(ctx, dir, domain, disk)
		result <- found
		return err
	})
	if err != nil {
		return nil, err
	}
	return <-result, nil
}

func volumesIn(ctx context.Context, dir *os.Root, domain *model.StorageDomain, disk model.ID) (map[model.ID]image.VolumeMeta, error) {
	names, err := someNames(dir, group(disk))
	if err != nil {
		return nil, err
	}
	found := make(map[model.ID]image.VolumeMeta)
	for _, name := range names {
		id, err := model.ParseID(name)
		if err != nil || string(id) != name || len(found) >= mostVolumes {
			continue
		}
		if meta, err := readMeta(ctx, domain, disk, id); err == nil {
			found[id] = meta
		}
	}
	return found, nil
}
