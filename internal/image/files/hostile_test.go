package files_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"vireo/internal/image"
	"vireo/internal/image/files"
	"vireo/internal/model"
)

// hostile are images that somebody else has put where a disk of the format cow is
// expected. says is part of the reason with which they are refused.
var hostile = map[string]struct {
	plant func(t *testing.T, volume string)
	says  string
}{
	"a backing file outside": {func(t *testing.T, volume string) {
		qemuImg(t, "create", "-q", "-u", "-f", "qcow2", "-b", "/etc/shadow", "-F", "raw", volume, "1M")
	}, "is not in its image group"},
	"a backing file outside by a relative path": {func(t *testing.T, volume string) {
		qemuImg(t, "create", "-q", "-u", "-f", "qcow2", "-b", "../../../passwd", "-F", "raw", volume, "1M")
	}, "is not in its image group"},
	"a backing file in the group of another disk": {func(t *testing.T, volume string) {
		id := string(model.NewID())
		qemuImg(t, "create", "-q", "-u", "-f", "qcow2", "-b", "../"+id+"/"+id, "-F", "raw", volume, "1M")
	}, "is not in its image group"},
	"a backing file of no format": {func(t *testing.T, volume string) {
		base := filepath.Join(filepath.Dir(volume), string(model.NewID()))
		qemuImg(t, "create", "-q", "-f", "qcow2", base, "1M")
		qemuImg(t, "create", "-q", "-f", "qcow2", "-b", filepath.Base(base), "-F", "qcow2", volume)
		hideBackingFormat(t, volume)
	}, "of its backing file is not to be used"},
	"a backing file of another format": {func(t *testing.T, volume string) {
		base := filepath.Join(filepath.Dir(volume), string(model.NewID()))
		qemuImg(t, "create", "-q", "-f", "vmdk", base, "1M")
		qemuImg(t, "create", "-q", "-u", "-f", "qcow2", "-b", filepath.Base(base), "-F", "vmdk", volume, "1M")
	}, "of its backing file is not to be used"},
	"a backing file that is a device description": {func(t *testing.T, volume string) {
		qemuImg(t, "create", "-q", "-u", "-f", "qcow2", "-b", `json:{"driver":"raw","file":{"driver":"file","filename":"/etc/passwd"}}`, "-F", "raw", volume, "1M")
	}, "is not in its image group"},
	"a backing file on the network": {func(t *testing.T, volume string) {
		qemuImg(t, "create", "-q", "-u", "-f", "qcow2", "-b", "nbd://127.0.0.1:1/x", "-F", "raw", volume, "1M")
	}, "is not in its image group"},
	"a backing file that leads out": {func(t *testing.T, volume string) {
		base := string(model.NewID())
		must(t, os.Symlink("/etc/passwd", filepath.Join(filepath.Dir(volume), base)))
		qemuImg(t, "create", "-q", "-u", "-f", "qcow2", "-b", base, "-F", "raw", volume, "1M")
	}, "is no regular file"},
	"itself as a backing file": {func(t *testing.T, volume string) {
		qemuImg(t, "create", "-q", "-u", "-f", "qcow2", "-b", filepath.Base(volume), "-F", "qcow2", volume, "1M")
	}, "stand on each other"},
	"an external data file": {func(t *testing.T, volume string) {
		data := filepath.Join(t.TempDir(), "data")
		qemuImg(t, "create", "-q", "-f", "qcow2", "-o", "data_file="+data+",data_file_raw=on", volume, "1M")
	}, "its data is in another file"},
	"a header without content": {func(t *testing.T, volume string) {
		var header [512]byte
		copy(header[:], "QFI\xfb\x00\x00\x00\x03")
		writeFile(t, volume, string(header[:]))
	}, "the size of its clusters"},
	"an unknown version":                {patched(4, 4, 9), "unknown version"},
	"an absurd size":                    {patched(24, 8, 1<<62), "larger than any disk"},
	"a size that claims to be negative": {patched(24, 8, 1<<63), "larger than any disk"},
	"clusters of absurd size":           {patched(20, 4, 40), "the size of its clusters"},
	"tables of absurd size":             {patched(36, 4, 1<<31), "its tables are larger"},
	"tables beyond the file":            {patched(40, 8, 1<<50), "beyond its end"},
	"reference counts of absurd size":   {patched(56, 4, 1<<31), "reference counts are larger"},
	"many snapshots inside":             {patched(60, 4, 1<<31), "snapshots inside"},
	"a snapshot inside": {func(t *testing.T, volume string) {
		qemuImg(t, "create", "-q", "-f", "qcow2", volume, "1M")
		qemuImg(t, "snapshot", "-c", "inside", volume)
	}, "snapshots inside"},
	"old encryption":             {patched(32, 4, 1), "encrypted"},
	"encryption":                 {patched(32, 4, 2), "encrypted"},
	"a raw image declared qcow2": {func(t *testing.T, volume string) { writeFile(t, volume, string(make([]byte, 1<<16))) }, "no qcow2 image"},
	"an image of another format": {func(t *testing.T, volume string) { qemuImg(t, "create", "-q", "-f", "vmdk", volume, "1M") }, "no qcow2 image"},
	"an empty file":              {func(t *testing.T, volume string) { writeFile(t, volume, "") }, "too short"},
	"a link":                     {func(t *testing.T, volume string) { must(t, os.Symlink("/etc/passwd", volume)) }, "is no regular file"},
	"a link to a device":         {func(t *testing.T, volume string) { must(t, os.Symlink("/dev/zero", volume)) }, "is no regular file"},
	"a directory":                {func(t *testing.T, volume string) { must(t, os.Mkdir(volume, 0o700)) }, "is no regular file"},
	"a pipe":                     {func(t *testing.T, volume string) { must(t, unix.Mkfifo(volume, 0o600)) }, "is no regular file"},
	"a socket": {func(t *testing.T, volume string) {
		must(t, unix.Mknod(volume, unix.S_IFSOCK|0o600, 0))
	}, "is no regular file"},
	"a device": {func(t *testing.T, volume string) {
		if err := unix.Mknod(volume, unix.S_IFCHR|0o600, int(unix.Mkdev(1, 5))); err != nil {
			must(t, unix.Mkfifo(volume, 0o600)) // who may not make one meets none
		}
	}, "is no regular file"},
}

// patched is an image with a field of its header changed; size is in bytes.
func patched(offset int64, size int, value uint64) func(*testing.T, string) {
	return func(t *testing.T, volume string) {
		t.Helper()
		qemuImg(t, "create", "-q", "-f", "qcow2", volume, "1M")
		patch(t, volume, offset, binary.BigEndian.AppendUint64(nil, value)[8-size:])
	}
}

// TestHostileImages: each is refused with its reason by whatever would open it, soon,
// and nothing is touched, neither it nor what it points to.
func TestHostileImages(t *testing.T) {
	f := newFiles(t)
	for name, c := range hostile {
		t.Run(name, func(t *testing.T) {
			domain, disk := planted(t, f, model.DiskCOW, c.plant)
			before, outside := content(t, volumeOf(domain, disk)), content(t, "/etc/passwd")
			like := likeness(disk)
			for did, err := range map[string]error{
				"Path":    pathOf(t, f, domain, disk),
				"Resize":  f.Resize(t.Context(), domain, disk, 2<<20),
				"Overlay": f.Overlay(t.Context(), domain, disk, model.NewID(), owner()),
				"Copy":    f.Copy(t.Context(), image.Source{Domain: domain, Disk: disk}, domain, specOf(like), nil),
			} {
				wantError(t, err, image.ErrUnsafe)
				if err != nil && !strings.Contains(err.Error(), c.says) {
					t.Errorf("%s says %v, and not %q", did, err, c.says)
				}
			}
			if content(t, volumeOf(domain, disk)) != before {
				t.Error("the image has changed")
			}
			wantNames(t, filepath.Join(rootOf(domain), "images"), string(disk.ID))
			must(t, f.Remove(t.Context(), domain, disk.ID, true))
			if content(t, "/etc/passwd") != outside {
				t.Fatal("removing the image harmed a file outside")
			}
		})
	}
}

// content is what a regular file holds, of another its type.
func content(t *testing.T, path string) string {
	t.Helper()
	info, err := os.Lstat(path)
	must(t, err)
	if !info.Mode().IsRegular() {
		return info.Mode().String()
	}
	text, err := os.ReadFile(path)
	must(t, err)
	return string(text)
}

// TestHardLinkFromOutside: a name for somebody else's file is not told from a template's
// volume. It is not written to when it is removed.
func TestHardLinkFromOutside(t *testing.T) {
	f := newFiles(t)
	outside := filepath.Join(t.TempDir(), "outside")
	writeFile(t, outside, "precious")
	domain, disk := planted(t, f, model.DiskRaw, func(t *testing.T, volume string) { must(t, os.Link(outside, volume)) })
	must(t, f.Remove(t.Context(), domain, disk.ID, true))
	if content(t, outside) != "precious" {
		t.Error("the file outside was overwritten")
	}
}

// TestRawImageOfAbsurdSize: a file may claim to be as large as it likes.
func TestRawImageOfAbsurdSize(t *testing.T) {
	f := newFiles(t)
	limited := toolOf(t, `echo '{"format":"raw","virtual-size":4611686018427387904}'`)
	domain, disk := planted(t, f, model.DiskRaw, func(t *testing.T, volume string) { writeFile(t, volume, "") })
	wantError(t, pathOf(t, limited, domain, disk), image.ErrUnsafe)
}

// hideBackingFormat hides the header extension with the format of the backing file,
// so that QEMU would have to guess it.
func hideBackingFormat(t *testing.T, volume string) {
	t.Helper()
	text, err := os.ReadFile(volume)
	must(t, err)
	place := bytes.Index(text, []byte("\xe2\x79\x2a\xca"))
	if place < 0 {
		t.Fatal("the image names no format of its backing file")
	}
	patch(t, volume, int64(place), []byte("hide"))
}

// planted makes a disk whose volume somebody else has put there.
func planted(t *testing.T, f *files.Files, format model.DiskFormat, plant func(*testing.T, string)) (*model.StorageDomain, *model.Disk) {
	t.Helper()
	domain := formatted(t, f, model.StorageDomainData)
	disk := newDisk(t, f, domain, format, true)
	must(t, os.Remove(volumeOf(domain, disk)))
	plant(t, volumeOf(domain, disk))
	return domain, disk
}

func patch(t *testing.T, path string, offset int64, bytes []byte) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	must(t, err)
	defer file.Close()
	_, err = file.WriteAt(bytes, offset)
	must(t, err)
}

// A guest can write a qcow2 header into its raw disk; it stays a raw disk.
func TestRawImageIsNeverProbed(t *testing.T) {
	f := newFiles(t)
	domain, disk := planted(t, f, model.DiskRaw, func(t *testing.T, volume string) {
		qemuImg(t, "create", "-q", "-f", "qcow2", "-b", "/etc/passwd", "-F", "raw", volume)
	})
	must(t, pathOf(t, f, domain, disk))
	info, err := os.Stat(volumeOf(domain, disk))
	must(t, err)
	must(t, f.Resize(t.Context(), domain, disk, 1<<20))
	if got := imageOf(t, volumeOf(domain, disk), "raw"); got.VirtualSize != 1<<20 || info.Size() >= 1<<20 {
		t.Errorf("it had %d bytes and is %+v", info.Size(), got)
	}
}

func TestChainInsideTheGroupIsFollowed(t *testing.T) {
	f := newFiles(t)
	domain, disk := planted(t, f, model.DiskCOW, func(t *testing.T, volume string) {
		base := filepath.Join(filepath.Dir(volume), string(model.NewID()))
		qemuImg(t, "create", "-q", "-f", "qcow2", base, "1M")
		qemuImg(t, "create", "-q", "-f", "qcow2", "-b", filepath.Base(base), "-F", "qcow2", volume)
	})
	must(t, pathOf(t, f, domain, disk))

	disk.Format = "vmdk"
	wantError(t, pathOf(t, f, domain, disk), image.ErrUnsafe)
}

func TestImageGroupThatLeadsOut(t *testing.T) {
	f := newFiles(t)
	domain := formatted(t, f, model.StorageDomainData)
	outside := t.TempDir()
	disk := &model.Disk{ID: model.NewID(), Volume: model.NewID(), Format: model.DiskRaw, Sparse: true, ProvisionedSize: 1 << 20}
	writeFile(t, filepath.Join(outside, string(disk.Volume)), "precious")
	must(t, os.Symlink(outside, filepath.Join(rootOf(domain), "images", string(disk.ID))))

	if err := pathOf(t, f, domain, disk); err == nil {
		t.Error("Path followed a link out of the domain")
	}
	if err := f.Create(t.Context(), domain, specOf(disk)); err == nil {
		t.Error("Create followed a link out of the domain")
	}
	_ = f.Remove(t.Context(), domain, disk.ID, true)
	if text, err := os.ReadFile(filepath.Join(outside, string(disk.Volume))); err != nil || string(text) != "precious" {
		t.Errorf("the file outside is now %q, %v", text, err)
	}
}

func TestFilesThatLeadOut(t *testing.T) {
	f := newFiles(t)
	domain := formatted(t, f, model.StorageDomainISO)
	dir := isoFolder(domain)
	writeFile(t, filepath.Join(dir, "real.iso"), "content")
	must(t, os.Symlink("real.iso", filepath.Join(dir, "alias.iso")))
	must(t, os.Symlink("/etc/passwd", filepath.Join(dir, "out.iso")))
	must(t, os.Symlink("../../dom_md/metadata", filepath.Join(dir, "up.iso")))
	must(t, os.Symlink("nowhere.iso", filepath.Join(dir, "dangling.iso")))
	must(t, os.Mkdir(filepath.Join(dir, "folder.iso"), 0o755))
	must(t, unix.Mkfifo(filepath.Join(dir, "pipe.iso"), 0o600))

	listed, err := f.Files(t.Context(), domain)
	must(t, err)
	if len(listed) != 2 || listed[0].Name != "alias.iso" || listed[1].Name != "real.iso" {
		t.Errorf("files: %+v", listed)
	}
	for name, want := range map[string]error{
		"out.iso": image.ErrUnsafe, "up.iso": image.ErrUnsafe,
		"dangling.iso": image.ErrNotFound, "folder.iso": image.ErrNotFound, "pipe.iso": image.ErrNotFound,
	} {
		if _, err := f.FilePath(t.Context(), domain, name); err == nil {
			t.Errorf("%s was found", name)
		} else {
			wantError(t, err, want)
		}
	}
}
