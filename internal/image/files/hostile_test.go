package files_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"vireo/internal/image"
	"vireo/internal/image/files"
	"vireo/internal/model"
)

func TestHostileImages(t *testing.T) {
	f := newFiles(t)
	for name, plant := range map[string]func(t *testing.T, volume string){
		"a backing file outside": func(t *testing.T, volume string) {
			qemuImg(t, "create", "-q", "-f", "qcow2", "-b", "/etc/passwd", "-F", "raw", volume)
		},
		"a backing file outside by a relative path": func(t *testing.T, volume string) {
			qemuImg(t, "create", "-q", "-u", "-f", "qcow2", "-b", "../../../passwd", "-F", "raw", volume, "1M")
		},
		"a backing file of no format": func(t *testing.T, volume string) {
			base := filepath.Join(filepath.Dir(volume), string(model.NewID()))
			qemuImg(t, "create", "-q", "-f", "qcow2", base, "1M")
			qemuImg(t, "create", "-q", "-f", "qcow2", "-b", filepath.Base(base), "-F", "qcow2", volume)
			hideBackingFormat(t, volume)
		},
		"a backing file that is a device description": func(t *testing.T, volume string) {
			qemuImg(t, "create", "-q", "-u", "-f", "qcow2", "-b", `json:{"driver":"raw","file":{"driver":"file","filename":"/etc/passwd"}}`, "-F", "raw", volume, "1M")
		},
		"a backing file on the network": func(t *testing.T, volume string) {
			qemuImg(t, "create", "-q", "-u", "-f", "qcow2", "-b", "nbd://127.0.0.1:1/x", "-F", "raw", volume, "1M")
		},
		"a backing file that leads out": func(t *testing.T, volume string) {
			base := string(model.NewID())
			must(t, os.Symlink("/etc/passwd", filepath.Join(filepath.Dir(volume), base)))
			qemuImg(t, "create", "-q", "-u", "-f", "qcow2", "-b", base, "-F", "raw", volume, "1M")
		},
		"itself as a backing file": func(t *testing.T, volume string) {
			qemuImg(t, "create", "-q", "-u", "-f", "qcow2", "-b", filepath.Base(volume), "-F", "qcow2", volume, "1M")
		},
		"an external data file": func(t *testing.T, volume string) {
			data := filepath.Join(t.TempDir(), "data")
			qemuImg(t, "create", "-q", "-f", "qcow2", "-o", "data_file="+data+",data_file_raw=on", volume, "1M")
		},
		"a header without content": func(t *testing.T, volume string) {
			var header [512]byte
			copy(header[:], "QFI\xfb\x00\x00\x00\x03")
			writeFile(t, volume, string(header[:]))
		},
		"tables of absurd size": func(t *testing.T, volume string) {
			qemuImg(t, "create", "-q", "-f", "qcow2", volume, "1M")
			patch(t, volume, 24, binary.BigEndian.AppendUint64(nil, 1<<62)) // virtual size
			patch(t, volume, 36, binary.BigEndian.AppendUint32(nil, 1<<31)) // entries of the L1 table
		},
		"a raw image declared qcow2": func(t *testing.T, volume string) { writeFile(t, volume, string(make([]byte, 1<<16))) },
		"an empty file":              func(t *testing.T, volume string) { writeFile(t, volume, "") },
		"a link":                     func(t *testing.T, volume string) { must(t, os.Symlink("/etc/passwd", volume)) },
		"a directory":                func(t *testing.T, volume string) { must(t, os.Mkdir(volume, 0o700)) },
		"a pipe":                     func(t *testing.T, volume string) { must(t, unix.Mkfifo(volume, 0o600)) },
	} {
		t.Run(name, func(t *testing.T) {
			domain, disk := planted(t, f, model.DiskCOW, plant)
			wantError(t, pathOf(t, f, domain, disk), image.ErrUnsafe)
			wantError(t, f.Resize(t.Context(), domain, disk, 2<<20), image.ErrUnsafe)
			must(t, f.Remove(t.Context(), domain, disk.ID, true))
			if info, err := os.Stat("/etc/passwd"); err != nil || info.Size() == 0 {
				t.Fatalf("removing the image harmed a file outside: %v", err)
			}
		})
	}
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
