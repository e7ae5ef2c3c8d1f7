package files_test

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"vireo/internal/image"
	"vireo/internal/model"
)

// TestStretchFlood: an image of some megabytes in which one cluster stands for terabytes
// is not copied to a domain that has no room for them.
func TestStretchFlood(t *testing.T) {
	domain, images := newDomain(t, model.StorageDomainData), newFiles(t)
	must(t, images.Format(t.Context(), domain))
	space, err := images.Space(t.Context(), domain)
	must(t, err)
	// More than there is room for, in tables of tables: each stands for half a terabyte.
	const table = 512 << 30
	tables := max(8, space.Available/table+2)
	size := tables * table
	path := filepath.Join(t.TempDir(), "flood")
	qemuImg(t, "create", "-q", "-f", "qcow2", "-o", "cluster_size=2M", path, strconv.FormatInt(size, 10))
	tool(t, "qemu-io", "-f", "qcow2", "-c", "write -P 7 0 2M", path)
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	defer file.Close()
	word := func(at int64) int64 {
		var b [8]byte
		_, err := file.ReadAt(b[:], at)
		must(t, err)
		return int64(binary.BigEndian.Uint64(b[:]))
	}
	// All entries of the table of tables become the first one, and all of that table too.
	repeat := func(at, entries int64) {
		all := make([]byte, 0, entries*8)
		for range entries {
			all = binary.BigEndian.AppendUint64(all, uint64(word(at)))
		}
		_, err := file.WriteAt(all, at)
		must(t, err)
	}
	top := word(40)
	second := word(top) & 0x00fffffffffffe00
	repeat(second, 1<<18)
	repeat(top, tables)
	info, err := file.Stat()
	must(t, err)
	from := image.Stretch{File: file, Length: info.Size(), Format: image.FileQCOW2}
	if got, err := images.InspectStretch(t.Context(), from); err != nil || got != size || info.Size() > 32<<20 {
		t.Fatalf("it has %d bytes and a size of %d (%v)", info.Size(), got, err)
	}
	disk := model.NewID()
	err = images.ReadStretch(t.Context(), from, domain, image.VolumeSpec{
		Disk: disk, Volume: model.NewID(), Format: model.DiskCOW, Sparse: true, Owner: image.Owner{UID: -1, GID: -1},
	}, nil)
	if !errors.Is(err, image.ErrNoSpace) {
		t.Errorf("it was answered %v", err)
	}
	if _, err := images.Occupied(t.Context(), domain, disk); !errors.Is(err, image.ErrNotFound) {
		t.Errorf("it has left something: %v", err)
	}
}
