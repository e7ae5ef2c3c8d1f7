package files

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"vireo/internal/image"
	"vireo/internal/model"
)

// longestChain is how many volumes an image group may have on top of each other.
const longestChain = 64

// imageInfo is the part of qemu-img's answer that matters.
type imageInfo struct {
	Format          string `json:"format"`
	VirtualSize     int64  `json:"virtual-size"`
	BackingFilename string `json:"backing-filename"`
	BackingFormat   string `json:"backing-filename-format"`
	Encrypted       bool   `json:"encrypted"`
	FormatSpecific  struct {
		Data struct {
			DataFile string `json:"data-file"`
		} `json:"data"`
	} `json:"format-specific"`
}

// Path checks the volume and whatever it stands on.
func (f *Files) Path(ctx context.Context, domain *model.StorageDomain, disk *model.Disk) (string, error) {
	dir, err := open(domain)
	if err != nil {
		return "", err
	}
	defer dir.Close()
	if _, err := f.inspect(ctx, domain, dir, disk); err != nil {
		return "", fmt.Errorf("disk %s in storage domain %q: %w", disk.ID, domain.Name, err)
	}
	return filepath.Join(root(domain), group(disk.ID), string(disk.Volume)), nil
}

// inspect follows the chain of volumes down from the disk's own and answers what
// the topmost is. Each must be a regular file of the group and of the format
// that was declared for it; formats are never guessed from content.
func (f *Files) inspect(ctx context.Context, domain *model.StorageDomain, dir *os.Root, disk *model.Disk) (imageInfo, error) {
	var top imageInfo
	if err := checkIDs(disk.ID, disk.Volume); err != nil {
		return top, err
	}
	if err := folder(dir, group(disk.ID)); err != nil {
		return top, err
	}
	name, format := string(disk.Volume), formats[disk.Format]
	for depth := range longestChain {
		info, err := f.inspectOne(ctx, domain, dir, filepath.Join(group(disk.ID), name), format)
		if err != nil {
			return top, err
		}
		if depth == 0 {
			top = info
		}
		if info.BackingFilename == "" {
			return top, nil
		}
		if checkIDs(model.ID(info.BackingFilename)) != nil {
			return top, fmt.Errorf("its backing file %.100q is not in its image group: %w", info.BackingFilename, image.ErrUnsafe)
		}
		if info.BackingFormat != "qcow2" && info.BackingFormat != "raw" {
			return top, fmt.Errorf("the format %.20q of its backing file is not to be used: %w", info.BackingFormat, image.ErrUnsafe)
		}
		name, format = info.BackingFilename, info.BackingFormat
	}
	return top, fmt.Errorf("more than %d volumes stand on each other: %w", longestChain, image.ErrUnsafe)
}

func (f *Files) inspectOne(ctx context.Context, domain *model.StorageDomain, dir *os.Root, volume, format string) (imageInfo, error) {
	var info imageInfo
	if format == "" {
		return info, fmt.Errorf("no format is declared: %w", image.ErrUnsafe)
	}
	if _, err := regular(dir, volume); err != nil {
		return info, err
	}
	if format == "qcow2" {
		if err := checkHeader(dir, volume); err != nil {
			return info, err
		}
	}
	return f.ask(ctx, filepath.Join(root(domain), volume), format)
}

// ask has qemu-img describe a file, of the format that is declared.
func (f *Files) ask(ctx context.Context, path, format string) (info imageInfo, err error) {
	if format == "" {
		return info, fmt.Errorf("no format is declared: %w", image.ErrUnsafe)
	}
	err = f.run(ctx, looking, &info, "info", "--output=json", "-U", "-f", format, path)
	var failed *toolError
	switch {
	case errors.As(err, &failed) && !errors.Is(err, image.ErrUnavailable):
		return info, fmt.Errorf("it cannot be read as %s: %w: %w", format, image.ErrUnsafe, err)
	case err != nil:
		return info, err
	case info.Format != format:
		return info, fmt.Errorf("its format is %.20q and not %s: %w", info.Format, format, image.ErrUnsafe)
	case info.FormatSpecific.Data.DataFile != "":
		return info, errDataFile
	case info.VirtualSize > largestVolume:
		return info, errTooLarge
	}
	return info, nil
}
