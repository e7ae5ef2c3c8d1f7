package image

import (
	"context"
	"os"

	"vireo/internal/model"
)

// FileFormat is the format of an image that lies outside of all storage domains.
type FileFormat string

// The formats that are read; what is written is qcow2.
const (
	FileQCOW2 FileFormat = "qcow2"
	FileVMDK  FileFormat = "vmdk"
)

// Stretch is an image that is a part of an open file, such as a member of an archive.
// The file is used by its descriptor, so no name can be exchanged meanwhile.
type Stretch struct {
	File *os.File
	// Offset and Length are in bytes. The former is a multiple of 512, and what is
	// missing of the latter to one can be read too.
	Offset, Length int64
	// Format is declared, and nothing else is tried.
	Format FileFormat
}

// Stretches moves what disks hold to and from files outside of storage domains.
type Stretches interface {
	// MeasureStretch says how long a stretch must be for what the source holds. The
	// errors are those of Path.
	MeasureStretch(ctx context.Context, from Source) (int64, error)
	// WriteStretch writes what the source holds, through all that it stands on, as a
	// qcow2 image that stands alone into a stretch that is as long as MeasureStretch
	// has said, where the file has nothing but zeros. After a failure a part of it is
	// there.
	WriteStretch(ctx context.Context, from Source, to Stretch, progress Progress) error
	// InspectStretch looks at an image that a stranger has made, and gives its virtual size
	// in bytes. One that is not of its
	// declared format, stands on something, has its data elsewhere, is encrypted, or is
	// larger than any disk, is a RefusedError.
	InspectStretch(ctx context.Context, from Stretch) (int64, error)
	// ReadStretch makes a volume of a stretch, as Copy does of a disk, after the look of
	// InspectStretch. What it holds must fit into the domain before the first byte is
	// written: little can stand for a lot.
	ReadStretch(ctx context.Context, from Stretch, to *model.StorageDomain, spec VolumeSpec, progress Progress) error
}
