package files

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"vireo/internal/image"
)

var (
	errDataFile = fmt.Errorf("its data is in another file: %w", image.ErrUnsafe)
	errTooLarge = fmt.Errorf("it claims to be larger than any disk: %w", image.ErrUnsafe)
)

// The parts of a qcow2 header that are looked at, by offset (QEMU,
// docs/interop/qcow2.txt).
const (
	qcowMagic           = 0x514649fb
	qcowVersion         = 4
	qcowClusterBits     = 20
	qcowSize            = 24
	qcowEncryption      = 32
	qcowL1Entries       = 36
	qcowL1              = 40
	qcowRefcountTable   = 48
	qcowRefcounts       = 56 // clusters of the table of reference counts
	qcowSnapshots       = 60
	qcowIncompatible    = 72 // since version 3
	qcowExternalDataBit = 1 << 2
	qcowHeader          = qcowIncompatible + 8
)

// The largest tables that are read, in bytes: QEMU's own bounds.
const (
	largestL1        = 32 << 20
	largestRefcounts = 8 << 20
)

// header is the beginning of a qcow2 image, and size the length of its file in bytes.
type header struct {
	bytes [qcowHeader]byte
	size  uint64
}

func (h *header) short(offset int) uint64 { return uint64(binary.BigEndian.Uint32(h.bytes[offset:])) }
func (h *header) long(offset int) uint64  { return binary.BigEndian.Uint64(h.bytes[offset:]) }

// headerRules refuse what must not even be shown to qemu-img, which would open an
// external data file in order to describe the image, and what no image of ours has: it
// would be lost, or could not be read, where the image is copied.
var headerRules = []struct {
	breaks func(*header) bool
	err    error
}{
	{func(h *header) bool { return h.short(0) != qcowMagic }, errors.New("it is no qcow2 image")},
	{func(h *header) bool { return h.short(qcowVersion) < 2 || h.short(qcowVersion) > 3 }, errors.New("it is of an unknown version")},
	{func(h *header) bool {
		return h.short(qcowVersion) >= 3 && h.long(qcowIncompatible)&qcowExternalDataBit != 0
	}, errDataFile},
	{func(h *header) bool { return h.short(qcowClusterBits) < 9 || h.short(qcowClusterBits) > 21 }, errors.New("the size of its clusters is not allowed")},
	{func(h *header) bool { return h.long(qcowSize) > largestVolume }, errTooLarge},
	{func(h *header) bool { return h.short(qcowL1Entries)*8 > largestL1 }, errors.New("its tables are larger than any image needs")},
	{func(h *header) bool {
		return h.short(qcowRefcounts)<<h.short(qcowClusterBits) > largestRefcounts
	}, errors.New("its tables of reference counts are larger than any image needs")},
	{func(h *header) bool {
		return h.long(qcowL1) > h.size || h.long(qcowL1)+h.short(qcowL1Entries)*8 > h.size || h.long(qcowRefcountTable) > h.size
	}, errors.New("its tables lie beyond its end")},
	{func(h *header) bool { return h.short(qcowEncryption) != 0 }, errors.New("it is encrypted")},
	{func(h *header) bool { return h.short(qcowSnapshots) != 0 }, errors.New("it has snapshots inside")},
}

// checkHeader reads the header of a volume that is a qcow2 image and applies the rules.
func checkHeader(dir *os.Root, volume string) error {
	file, err := dir.Open(volume)
	if err != nil {
		return explain(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return explain(err)
	}
	return checkQCOW2(file, info.Size())
}

// checkQCOW2 applies the rules to an image of so many bytes.
func checkQCOW2(file io.ReaderAt, size int64) error {
	read := header{size: uint64(max(size, 0))}
	if _, err := io.ReadFull(io.NewSectionReader(file, 0, size), read.bytes[:]); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("it is too short for a qcow2 image: %w", image.ErrUnsafe)
		}
		return explain(err)
	}
	for _, rule := range headerRules {
		if rule.breaks(&read) {
			if errors.Is(rule.err, image.ErrUnsafe) {
				return rule.err
			}
			return fmt.Errorf("%w: %w", rule.err, image.ErrUnsafe)
		}
	}
	return nil
}
