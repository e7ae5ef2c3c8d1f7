package files_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"vireo/internal/image"
	"vireo/internal/image/files"
	"vireo/internal/model"
)

func TestOverlaysOnDisk(t *testing.T) {
	f := newFiles(t)
	domain := formatted(t, f, model.StorageDomainData)
	for _, test := range []struct {
		format model.DiskFormat
		sparse bool
		tool   string
	}{
		{model.DiskCOW, true, "qcow2"},
		{model.DiskCOW, false, "qcow2"},
		{model.DiskRaw, true, "raw"},
		{model.DiskRaw, false, "raw"},
	} {
		disk := newDisk(t, f, domain, test.format, test.sparse)
		qemuIO(t, test.tool, volumeOf(domain, disk), "write -P 0x11 0 64k")
		before := group(t, domain, disk)

		path := overlaid(t, f, domain, disk)
		wantOwner(t, path, 0o660)
		if info := imageOf(t, path, "qcow2"); info.VirtualSize != 8<<20 {
			t.Errorf("%s: the overlay is %+v", test.tool, info)
		}
		meta, err := os.ReadFile(path + ".meta")
		must(t, err)
		want := `^DOMAIN=` + string(domain.ID) + "\nCTIME=[0-9]+\nFORMAT=COW\nDISKTYPE=2\nLEGALITY=LEGAL\nSIZE=16384\nVOLTYPE=LEAF\n" +
			"DESCRIPTION=.*\nIMAGE=" + string(disk.ID) + "\nPUUID=" + string(disk.Volume) + "\nMTIME=0\nPOOL_UUID=\nTYPE=SPARSE\nEOF\n$"
		if !regexp.MustCompile(want).Match(meta) {
			t.Errorf("the metadata is\n%s", meta)
		}
		wantNames(t, filepath.Dir(path), slices.Concat(names(string(disk.Volume)), names(filepath.Base(path)))...)

		// What the disk holds is seen through it, and what is written stays in it.
		qemuIO(t, "qcow2", path, "read -P 0x11 0 64k", "write -P 0x22 0 4M", "read -P 0x22 0 4M")
		must(t, f.RemoveOverlay(t.Context(), domain, disk, model.ID(filepath.Base(path))))
		if after := group(t, domain, disk); !bytes.Equal(before, after) {
			t.Errorf("%s, sparse %v: the disk's own files have changed", test.tool, test.sparse)
		}
	}
}

// overlaid makes an overlay and finds it.
func overlaid(t *testing.T, f *files.Files, domain *model.StorageDomain, disk *model.Disk) string {
	t.Helper()
	volume := model.NewID()
	must(t, f.Overlay(t.Context(), domain, disk, volume, owner()))
	path, err := f.OverlayPath(t.Context(), domain, disk, volume)
	must(t, err)
	return path
}

// names are the files of a volume.
func names(volume string) []string { return []string{volume, volume + ".lease", volume + ".meta"} }

// group is the text of all files of an image group, with their names.
func group(t *testing.T, domain *model.StorageDomain, disk *model.Disk) []byte {
	t.Helper()
	dir := filepath.Dir(volumeOf(domain, disk))
	entries, err := os.ReadDir(dir)
	must(t, err)
	var all []byte
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		must(t, err)
		all = append(append(all, entry.Name()...), text...)
	}
	return all
}

func TestHostileOverlays(t *testing.T) {
	f := newFiles(t)
	for name, plant := range map[string]func(t *testing.T, own, overlay string){
		"on a file outside": func(t *testing.T, own, overlay string) {
			qemuImg(t, "create", "-q", "-u", "-f", "qcow2", "-b", "/etc/passwd", "-F", "raw", overlay, "8M")
		},
		"on the disk by a path": func(t *testing.T, own, overlay string) {
			qemuImg(t, "create", "-q", "-u", "-f", "qcow2", "-b", own, "-F", "qcow2", overlay, "8M")
		},
		"on a way out": func(t *testing.T, own, overlay string) {
			back := filepath.Join("..", filepath.Base(filepath.Dir(own)), filepath.Base(own))
			qemuImg(t, "create", "-q", "-u", "-f", "qcow2", "-b", back, "-F", "qcow2", overlay, "8M")
		},
		"on a description of a device": func(t *testing.T, own, overlay string) {
			device := `json:{"driver":"raw","file":{"driver":"file","filename":"/etc/passwd"}}`
			qemuImg(t, "create", "-q", "-u", "-f", "qcow2", "-b", device, "-F", "raw", overlay, "8M")
		},
		"on another volume of the group": func(t *testing.T, own, overlay string) {
			other := string(model.NewID())
			qemuImg(t, "create", "-q", "-f", "qcow2", filepath.Join(filepath.Dir(own), other), "8M")
			qemuImg(t, "create", "-q", "-u", "-f", "qcow2", "-b", other, "-F", "qcow2", overlay, "8M")
		},
		"on itself": func(t *testing.T, own, overlay string) {
			qemuImg(t, "create", "-q", "-u", "-f", "qcow2", "-b", filepath.Base(overlay), "-F", "qcow2", overlay, "8M")
		},
		"on nothing": func(t *testing.T, own, overlay string) {
			qemuImg(t, "create", "-q", "-f", "qcow2", overlay, "8M")
		},
		"on the disk as raw": func(t *testing.T, own, overlay string) {
			qemuImg(t, "create", "-q", "-u", "-f", "qcow2", "-b", filepath.Base(own), "-F", "raw", overlay, "8M")
		},
		"on the disk in no declared format": func(t *testing.T, own, overlay string) {
			qemuImg(t, "create", "-q", "-u", "-f", "qcow2", "-b", filepath.Base(own), "-F", "qcow2", overlay, "8M")
			hideBackingFormat(t, overlay)
		},
		"larger than the disk": func(t *testing.T, own, overlay string) {
			qemuImg(t, "create", "-q", "-u", "-f", "qcow2", "-b", filepath.Base(own), "-F", "qcow2", overlay, "9M")
		},
		"with its data elsewhere": func(t *testing.T, own, overlay string) {
			data := filepath.Join(t.TempDir(), "data")
			qemuImg(t, "create", "-q", "-f", "qcow2", "-o", "data_file="+data+",data_file_raw=on", overlay, "8M")
		},
		"of another format": func(t *testing.T, own, overlay string) { writeFile(t, overlay, string(make([]byte, 8<<20))) },
		"a link":            func(t *testing.T, own, overlay string) { must(t, os.Symlink("/etc/passwd", overlay)) },
		"a directory": func(t *testing.T, own, overlay string) {
			must(t, os.Mkdir(overlay, 0o700))
			writeFile(t, filepath.Join(overlay, "file"), "")
		},
		"a pipe": func(t *testing.T, own, overlay string) { must(t, unix.Mkfifo(overlay, 0o600)) },
	} {
		t.Run(name, func(t *testing.T) {
			domain := formatted(t, f, model.StorageDomainData)
			disk := newDisk(t, f, domain, model.DiskCOW, true)
			disk.WipeAfterDelete = true
			volume := model.NewID()
			overlay := filepath.Join(filepath.Dir(volumeOf(domain, disk)), string(volume))
			plant(t, volumeOf(domain, disk), overlay)
			_, err := f.OverlayPath(t.Context(), domain, disk, volume)
			wantError(t, err, image.ErrUnsafe)
			// The disk is none the worse for it, and it can be removed.
			must(t, pathOf(t, f, domain, disk))
			must(t, f.RemoveOverlay(t.Context(), domain, disk, volume))
			if _, err := os.Lstat(overlay); !os.IsNotExist(err) {
				t.Errorf("the overlay is still there: %v", err)
			}
			must(t, pathOf(t, f, domain, disk))
			if info, err := os.Stat("/etc/passwd"); err != nil || info.Size() == 0 {
				t.Fatalf("removing the overlay harmed a file outside: %v", err)
			}
		})
	}
}

// Nothing is put on top of a disk that is not safe itself, and none that was there
// is used.
func TestOverlayOfHostileDisk(t *testing.T) {
	f := newFiles(t)
	domain := formatted(t, f, model.StorageDomainData)
	disk := newDisk(t, f, domain, model.DiskCOW, true)
	overlay := filepath.Base(overlaid(t, f, domain, disk))
	must(t, os.Remove(volumeOf(domain, disk)))
	qemuImg(t, "create", "-q", "-u", "-f", "qcow2", "-b", "/etc/passwd", "-F", "raw", volumeOf(domain, disk), "8M")

	_, err := f.OverlayPath(t.Context(), domain, disk, model.ID(overlay))
	wantError(t, err, image.ErrUnsafe)
	wantError(t, f.Overlay(t.Context(), domain, disk, model.NewID(), owner()), image.ErrUnsafe)
	wantNames(t, filepath.Dir(volumeOf(domain, disk)), slices.Concat(names(string(disk.Volume)), names(overlay))...)
}

func TestOverlayInGroupThatLeadsOut(t *testing.T) {
	f := newFiles(t)
	domain := formatted(t, f, model.StorageDomainData)
	outside := t.TempDir()
	disk := &model.Disk{ID: model.NewID(), Volume: model.NewID(), Format: model.DiskRaw, WipeAfterDelete: true}
	volume := model.NewID()
	writeFile(t, filepath.Join(outside, string(volume)), "precious")
	must(t, os.Symlink(outside, filepath.Join(rootOf(domain), "images", string(disk.ID))))
	wantError(t, f.RemoveOverlay(t.Context(), domain, disk, volume), image.ErrUnsafe)
	if text, err := os.ReadFile(filepath.Join(outside, string(volume))); err != nil || string(text) != "precious" {
		t.Errorf("the file outside is now %q, %v", text, err)
	}
}

func TestOverlayGoesOnAfterAnInterruption(t *testing.T) {
	f := newFiles(t)
	domain := formatted(t, f, model.StorageDomainData)
	disk := newDisk(t, f, domain, model.DiskRaw, true)
	path := overlaid(t, f, domain, disk)
	volume := model.ID(filepath.Base(path))
	half := filepath.Join(filepath.Dir(path), "."+string(volume)+".part")

	// Its making, between the metadata and its name.
	must(t, os.Rename(path, half))
	patch(t, half, 0, []byte("half-written"))
	_, err := f.OverlayPath(t.Context(), domain, disk, volume)
	wantError(t, err, image.ErrNotFound)
	must(t, f.Overlay(t.Context(), domain, disk, volume, owner()))
	_, err = f.OverlayPath(t.Context(), domain, disk, volume)
	must(t, err)

	// Its removal, with and without an image that was never finished.
	must(t, os.Rename(path, half))
	must(t, f.RemoveOverlay(t.Context(), domain, disk, volume))
	must(t, os.WriteFile(path+".meta", nil, 0o600))
	must(t, f.RemoveOverlay(t.Context(), domain, disk, volume))
	wantNames(t, filepath.Dir(path), names(string(disk.Volume))...)
}

func TestOverlayIsOverwrittenWhereTheDiskSaysSo(t *testing.T) {
	f := newFiles(t)
	for _, wipe := range []bool{true, false} {
		domain := formatted(t, f, model.StorageDomainData)
		disk := newDisk(t, f, domain, model.DiskCOW, true)
		disk.WipeAfterDelete = wipe
		path := overlaid(t, f, domain, disk)
		patch(t, path, 1<<20, []byte("a secret"))
		witness, err := os.Open(path)
		must(t, err)
		defer witness.Close()
		must(t, f.RemoveOverlay(t.Context(), domain, disk, model.ID(filepath.Base(path))))
		text, err := io.ReadAll(witness)
		must(t, err)
		if kept := strings.Contains(string(text), "a secret"); kept == wipe {
			t.Errorf("wipe %v: the secret is kept: %v", wipe, kept)
		}
	}
}

func TestOverlayInFullDomain(t *testing.T) {
	onSmallFileSystem(t, func(t *testing.T, mount string) {
		f := newFiles(t)
		domain := domainAt(mount, model.StorageDomainData)
		must(t, f.Format(t.Context(), domain))
		disk := newDisk(t, f, domain, model.DiskCOW, true)
		full := filepath.Join(mount, "filler")
		fill(t, full)
		wantError(t, f.Overlay(t.Context(), domain, disk, model.NewID(), owner()), image.ErrNoSpace)
		wantNames(t, filepath.Dir(volumeOf(domain, disk)), names(string(disk.Volume))...)
		must(t, os.Remove(full))
		overlaid(t, f, domain, disk)
	})
}

// qemuIO does reads and writes on an image; a read that finds something else fails.
func qemuIO(t *testing.T, format, path string, commands ...string) {
	t.Helper()
	args := []string{"-f", format}
	for _, command := range commands {
		args = append(args, "-c", command)
	}
	tool(t, "qemu-io", append(args, path)...)
}
