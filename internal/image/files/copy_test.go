package files_test

import (
	"context"
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

func likeness(disk *model.Disk) *model.Disk {
	like := model.Clone(disk)
	like.ID, like.Volume, like.Chain = model.NewID(), model.NewID(), nil
	return like
}

// stacked puts a volume on top of a disk's own and answers the disk with it.
func stacked(t *testing.T, f *files.Files, domain *model.StorageDomain, disk *model.Disk) *model.Disk {
	t.Helper()
	top := model.Clone(disk)
	top.Chain = append(top.Chain, model.Volume{ID: disk.Volume, Format: disk.Format, Sparse: disk.Sparse, Size: disk.ProvisionedSize})
	top.Volume, top.Format, top.Sparse = model.ID(filepath.Base(overlaid(t, f, domain, disk))), model.DiskCOW, true
	return top
}

// Where files can share blocks all promises hold as well.
func TestPromisesWhereBlocksAreShared(t *testing.T) {
	onSharingFileSystem(t, func(t *testing.T, mount string) {
		promises(t, func(_ *testing.T, kind model.StorageDomainType) *model.StorageDomain {
			return domainAt(filepath.Join(mount, string(model.NewID())), kind)
		})
	})
}

func TestCopiesShareBlocks(t *testing.T) {
	onSharingFileSystem(t, func(t *testing.T, mount string) {
		f := newFiles(t)
		domain := domainAt(mount, model.StorageDomainData)
		must(t, f.Format(t.Context(), domain))
		taken := func(do func()) int64 {
			var before, after unix.Statfs_t
			must(t, unix.Statfs(mount, &before))
			do()
			must(t, unix.Statfs(mount, &after))
			return int64(before.Bfree-after.Bfree) * before.Bsize
		}
		for _, format := range []model.DiskFormat{model.DiskCOW, model.DiskRaw} {
			disk := newDisk(t, f, domain, format, true)
			disk.ProvisionedSize = 64 << 20
			must(t, f.Resize(t.Context(), domain, disk, disk.ProvisionedSize))
			qemuIO(t, toolFormats[format], volumeOf(domain, disk), "write -P 0x11 0 48M")
			source := image.Source{Domain: domain, Disk: disk}
			if bytes := taken(func() { must(t, f.Copy(t.Context(), source, domain, specOf(likeness(disk)), nil)) }); bytes > 4<<20 {
				t.Errorf("%s: a copy took %d bytes", format, bytes)
			}
			if bytes := taken(func() { must(t, f.CopyChain(t.Context(), source, domain, model.NewID(), nil, owner(), nil)) }); bytes > 4<<20 {
				t.Errorf("%s: a copied chain took %d bytes", format, bytes)
			}
			full := likeness(disk)
			full.Sparse = false
			if bytes := taken(func() { must(t, f.Copy(t.Context(), source, domain, specOf(full), nil)) }); bytes < 60<<20 {
				t.Errorf("%s: a preallocated copy took %d bytes only", format, bytes)
			}
		}
	})
}

// From one kind of file system to another nothing can be shared, nor copied by the
// kernel.
func TestCopyAcrossFileSystems(t *testing.T) {
	onSmallFileSystem(t, func(t *testing.T, mount string) {
		f := newFiles(t)
		here, there := domainAt(mount, model.StorageDomainData), formatted(t, f, model.StorageDomainData)
		must(t, f.Format(t.Context(), here))
		for _, format := range []model.DiskFormat{model.DiskCOW, model.DiskRaw} {
			disk := newDisk(t, f, here, format, true)
			qemuIO(t, toolFormats[format], volumeOf(here, disk), "write -P 0x11 1M 64k", "write -P 0 2M 64k", "write -P 0x22 3M 64k")
			made := likeness(disk)
			must(t, f.Copy(t.Context(), image.Source{Domain: here, Disk: disk}, there, specOf(made), nil))
			wantOwner(t, volumeOf(there, made), 0o660)
			qemuIO(t, toolFormats[format], volumeOf(there, made), "read -P 0x11 1M 64k", "read -P 0 2M 64k", "read -P 0x22 3M 64k")
			if format == model.DiskRaw && blocks(t, volumeOf(there, made)) > 2*64<<10/512 {
				t.Errorf("zeros were written: the copy has %d blocks", blocks(t, volumeOf(there, made)))
			}
			must(t, f.CopyChain(t.Context(), image.Source{Domain: here, Disk: disk}, there, disk.ID, nil, owner(), nil))
			qemuIO(t, toolFormats[format], volumeOf(there, disk), "read -P 0x11 1M 64k", "read -P 0x22 3M 64k")
			must(t, f.Remove(t.Context(), here, disk.ID, false))
		}
	})
}

func TestMetadataOfCopies(t *testing.T) {
	f := newFiles(t)
	domain := formatted(t, f, model.StorageDomainData)
	disk := stacked(t, f, domain, newDisk(t, f, domain, model.DiskRaw, true))
	source := image.Source{Domain: domain, Disk: disk}
	metaLike := func(volume string, pattern string) {
		t.Helper()
		meta, err := os.ReadFile(volume + ".meta")
		must(t, err)
		if !regexp.MustCompile(pattern).Match(meta) {
			t.Errorf("want %s, the metadata is\n%s", pattern, meta)
		}
	}
	for _, shared := range []bool{true, false} {
		made := likeness(disk)
		made.Format = model.DiskRaw
		spec := specOf(made)
		spec.Shared, spec.Alias, spec.Size = shared, "copy \"\nof", 16<<20
		must(t, f.Copy(t.Context(), source, domain, spec, nil))
		role := map[bool]string{true: "SHARED", false: "LEAF"}[shared]
		metaLike(volumeOf(domain, made), `FORMAT=RAW\n(?s:.*)SIZE=32768\nVOLTYPE=`+role+`\nDESCRIPTION=.*"copy \\" of".*"described".*\nIMAGE=`+
			string(made.ID)+"\nPUUID="+string(model.BlankID)+`\n(?s:.*)TYPE=SPARSE\n`)
		wantNames(t, filepath.Dir(volumeOf(domain, made)), names(string(made.Volume))...)
	}

	into, base := model.NewID(), model.NewID()
	must(t, f.CopyChain(t.Context(), source, domain, into, map[model.ID]model.ID{disk.Chain[0].ID: base}, owner(), nil))
	at := filepath.Join(rootOf(domain), "images", string(into))
	metaLike(filepath.Join(at, string(base)), `FORMAT=RAW\n(?s:.*)SIZE=16384\nVOLTYPE=INTERNAL\nDESCRIPTION=.*"alias".*\nIMAGE=`+
		string(into)+"\nPUUID="+string(model.BlankID)+`\n(?s:.*)TYPE=SPARSE\n`)
	metaLike(filepath.Join(at, string(disk.Volume)), `FORMAT=COW\n(?s:.*)SIZE=16384\nVOLTYPE=LEAF\nDESCRIPTION=.*"alias".*\nIMAGE=`+
		string(into)+"\nPUUID="+string(base)+`\n(?s:.*)TYPE=SPARSE\n`)
	wantOwner(t, filepath.Join(at, string(base)), 0o660)
	wantOwner(t, filepath.Join(at, string(disk.Volume)), 0o660)
	wantNames(t, at, slices.Concat(names(string(base)), names(string(disk.Volume)))...)
}

// What a stranger has put where a disk or its copy should be is neither read nor
// written.
func TestHostileCopies(t *testing.T) {
	f := newFiles(t)
	for name, plant := range map[string]func(t *testing.T, volume string){
		"on a file outside": func(t *testing.T, volume string) {
			qemuImg(t, "create", "-q", "-u", "-f", "qcow2", "-b", "/etc/passwd", "-F", "raw", volume, "8M")
		},
		"on an empty name": func(t *testing.T, volume string) {
			qemuImg(t, "create", "-q", "-f", "qcow2", volume, "8M")
			qemuImg(t, "rebase", "-q", "-u", "-f", "qcow2", "-b", "json:{\"driver\":\"raw\"}", "-F", "raw", volume)
		},
		"with its data elsewhere": func(t *testing.T, volume string) {
			qemuImg(t, "create", "-q", "-f", "qcow2", "-o", "data_file="+filepath.Join(t.TempDir(), "data")+",data_file_raw=on", volume, "8M")
		},
		"raw and not qcow2": func(t *testing.T, volume string) { writeFile(t, volume, string(make([]byte, 8<<20))) },
		"a link":            func(t *testing.T, volume string) { must(t, os.Symlink("/etc/passwd", volume)) },
		"a pipe":            func(t *testing.T, volume string) { must(t, unix.Mkfifo(volume, 0o600)) },
		"a directory":       func(t *testing.T, volume string) { must(t, os.Mkdir(volume, 0o700)) },
	} {
		t.Run(name, func(t *testing.T) {
			domain := formatted(t, f, model.StorageDomainData)
			disk := newDisk(t, f, domain, model.DiskCOW, true)
			must(t, os.Remove(volumeOf(domain, disk)))
			plant(t, volumeOf(domain, disk))
			made := likeness(disk)
			source := image.Source{Domain: domain, Disk: disk}
			wantError(t, f.Copy(t.Context(), source, domain, specOf(made), nil), image.ErrUnsafe)
			wantError(t, f.CopyChain(t.Context(), source, domain, made.ID, nil, owner(), nil), image.ErrUnsafe)
			wantNames(t, filepath.Join(rootOf(domain), "images"), string(disk.ID))
		})
	}
	t.Run("a group that leads out", func(t *testing.T) {
		domain, outside := formatted(t, f, model.StorageDomainData), t.TempDir()
		disk := newDisk(t, f, domain, model.DiskCOW, true)
		made := likeness(disk)
		must(t, os.Symlink(outside, filepath.Join(rootOf(domain), "images", string(made.ID))))
		source := image.Source{Domain: domain, Disk: disk}
		if f.Copy(t.Context(), source, domain, specOf(made), nil) == nil || f.CopyChain(t.Context(), source, domain, made.ID, nil, owner(), nil) == nil {
			t.Error("a copy was made")
		}
		wantNames(t, outside)
	})
	t.Run("a temporary name that leads out", func(t *testing.T) {
		domain := formatted(t, f, model.StorageDomainData)
		disk := newDisk(t, f, domain, model.DiskCOW, true)
		precious := filepath.Join(t.TempDir(), "precious")
		writeFile(t, precious, "precious")
		for _, made := range []*model.Disk{likeness(disk), likeness(disk)} {
			dir := filepath.Dir(volumeOf(domain, made))
			must(t, os.Mkdir(dir, 0o700))
			must(t, os.Symlink(precious, filepath.Join(dir, "."+string(made.Volume)+".part")))
			must(t, f.Copy(t.Context(), image.Source{Domain: domain, Disk: disk}, domain, specOf(made), nil))
		}
		if text, err := os.ReadFile(precious); err != nil || string(text) != "precious" {
			t.Errorf("the file outside is now %q, %v", text, err)
		}
	})
}

func TestCopiesGoOnAfterAnInterruption(t *testing.T) {
	f := newFiles(t)
	domain := formatted(t, f, model.StorageDomainData)
	disk := stacked(t, f, domain, newDisk(t, f, domain, model.DiskRaw, true))
	qemuIO(t, "qcow2", volumeOf(domain, disk), "write -P 0x11 0 64k")
	source := image.Source{Domain: domain, Disk: disk}
	made, into := likeness(disk), likeness(disk)
	into.Volume = disk.Volume
	for _, copied := range []*model.Disk{made, into} {
		do := func() {
			if copied == made {
				must(t, f.Copy(t.Context(), source, domain, specOf(made), nil))
			} else {
				must(t, f.CopyChain(t.Context(), source, domain, into.ID, nil, owner(), nil))
			}
		}
		do()
		volume := volumeOf(domain, copied)
		half := filepath.Join(filepath.Dir(volume), "."+filepath.Base(volume)+".part")
		must(t, os.Rename(volume, half))
		patch(t, half, 0, []byte("half-written"))
		do()
		qemuIO(t, "qcow2", volume, "read -P 0x11 0 64k")
		if _, err := os.Lstat(half); !os.IsNotExist(err) {
			t.Errorf("half a volume is left: %v", err)
		}
	}
}

func TestCopyToFullDomain(t *testing.T) {
	onSmallFileSystem(t, func(t *testing.T, mount string) {
		f := newFiles(t)
		here, there := formatted(t, f, model.StorageDomainData), domainAt(mount, model.StorageDomainData)
		must(t, f.Format(t.Context(), there))
		disk := newDisk(t, f, here, model.DiskRaw, true)
		qemuIO(t, "raw", volumeOf(here, disk), "write -P 0x11 0 64k")
		top := stacked(t, f, here, disk)
		qemuIO(t, "qcow2", volumeOf(here, top), "write -P 0x22 0 7M")
		source := image.Source{Domain: here, Disk: top}
		wantError(t, f.Copy(t.Context(), source, there, specOf(likeness(top)), nil), image.ErrNoSpace)
		wantError(t, f.CopyChain(t.Context(), source, there, top.ID, nil, owner(), nil), image.ErrNoSpace)
		patch(t, volumeOf(here, disk), 0, []byte(strings.Repeat("x", 7<<20)))
		wantError(t, f.Copy(t.Context(), image.Source{Domain: here, Disk: disk}, there, specOf(likeness(disk)), nil), image.ErrNoSpace)
		wantNames(t, filepath.Join(rootOf(there), "images"))
	})
}

// A conversion is stopped in the middle and leaves nothing.
func TestCancelledConversionLeavesNothing(t *testing.T) {
	f, err := files.New(files.Options{QEMUImg: slowConversion(t)})
	must(t, err)
	domain := formatted(t, f, model.StorageDomainData)
	disk := newDisk(t, f, domain, model.DiskRaw, true)
	made := likeness(disk)
	made.Format = model.DiskCOW
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var told []int64
	wantError(t, f.Copy(ctx, image.Source{Domain: domain, Disk: disk}, domain, specOf(made), func(done, total int64) {
		if told = append(told, done); done == total/2 {
			cancel()
		}
	}), context.Canceled)
	if want := []int64{0, 2 << 20, 4 << 20}; !slices.Equal(told, want) {
		t.Errorf("the progress was %v, want %v", told, want)
	}
	wantNames(t, filepath.Join(rootOf(domain), "images"), string(disk.ID))
}

// slowConversion is a qemu-img whose convert never gets beyond its half.
func slowConversion(t *testing.T) string {
	t.Helper()
	script := filepath.Join(t.TempDir(), "slow-qemu-img")
	must(t, os.WriteFile(script, []byte(`#!/bin/sh
[ "$1" = convert ] || exec qemu-img "$@"
printf '    (0.00/100%%)\r    (25.00/100%%)\r    (what/100%%)\r    (50.00/100%%)\r'
exec sleep 600
`), 0o700))
	return script
}
