package files

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"vireo/internal/image"
)

// The parts of the header of a sparse VMDK that are looked at, by offset (VMware,
// Virtual Disk Format 5.0). Numbers are little-endian and sizes in sectors.
const (
	vmdkMagic       = "KDMV"
	vmdkVersion     = 4
	vmdkCapacity    = 12
	vmdkGrain       = 20
	vmdkTableLength = 44
	vmdkHeader      = 512
)

// checkVMDK wants a file that is a sparse image by itself, as archives have it: a
// descriptor alone, and a header without a capacity, name other files, which qemu-img
// would open.
func checkVMDK(file io.ReaderAt, size int64) error {
	var header [vmdkHeader]byte
	if _, err := io.ReadFull(io.NewSectionReader(file, 0, size), header[:]); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("it is too short for a VMDK image: %w", image.ErrUnsafe)
		}
		return explain(err)
	}
	version := binary.LittleEndian.Uint32(header[vmdkVersion:])
	capacity := binary.LittleEndian.Uint64(header[vmdkCapacity:])
	grain := binary.LittleEndian.Uint64(header[vmdkGrain:])
	switch {
	case string(header[:len(vmdkMagic)]) != vmdkMagic:
		return fmt.Errorf("it is no sparse VMDK image: %w", image.ErrUnsafe)
	case version < 1 || version > 3:
		return fmt.Errorf("it is of an unknown version: %w", image.ErrUnsafe)
	case capacity == 0:
		return fmt.Errorf("it only describes other files: %w", errDataFile)
	case capacity > largestVolume/512:
		return errTooLarge
	case grain < 8 || grain > 2048 || grain&(grain-1) != 0:
		return fmt.Errorf("the size of its grains is not allowed: %w", image.ErrUnsafe)
	case binary.LittleEndian.Uint32(header[vmdkTableLength:]) != 512:
		return fmt.Errorf("the size of its tables is not allowed: %w", image.ErrUnsafe)
	}
	return nil
}
