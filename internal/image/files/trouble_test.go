package files_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"vireo/internal/image"
	"vireo/internal/image/files"
	"vireo/internal/model"
)

func TestWipeOverwritesBeforeDeleting(t *testing.T) {
	f := newFiles(t)
	for _, wipe := range []bool{true, false} {
		domain := formatted(t, f, model.StorageDomainData)
		disk := newDisk(t, f, domain, model.DiskRaw, true)
		patch(t, volumeOf(domain, disk), 5<<20, []byte("a secret"))
		// Whoever has the file open sees what became of it.
		witness, err := os.Open(volumeOf(domain, disk))
		must(t, err)
		defer witness.Close()
		seen := fmt.Sprintf("/proc/self/fd/%d", witness.Fd())
		before := blocks(t, seen)

		must(t, f.Remove(t.Context(), domain, disk.ID, wipe))
		wantNames(t, filepath.Join(rootOf(domain), "images"))
		text, err := io.ReadAll(witness)
		must(t, err)
		if kept := strings.Contains(string(text), "a secret"); kept == wipe {
			t.Errorf("wipe %v: the secret is kept: %v", wipe, kept)
		}
		if len(text) != 8<<20 || blocks(t, seen) > before {
			t.Errorf("wipe %v: %d bytes in %d blocks, were %d", wipe, len(text), blocks(t, seen), before)
		}
	}
}

// TestWipeLeavesWhatHasAnotherName: the volume of a template is another name in the
// groups of the disks that stand on it.
func TestWipeLeavesWhatHasAnotherName(t *testing.T) {
	f := newFiles(t)
	domain := formatted(t, f, model.StorageDomainData)
	template, disk := newDisk(t, f, domain, model.DiskRaw, true), newDisk(t, f, domain, model.DiskCOW, true)
	patch(t, volumeOf(domain, template), 5<<20, []byte("of all"))
	must(t, os.Link(volumeOf(domain, template), filepath.Join(filepath.Dir(volumeOf(domain, disk)), string(template.Volume))))
	must(t, f.Remove(t.Context(), domain, disk.ID, true))
	if text, err := os.ReadFile(volumeOf(domain, template)); err != nil || !strings.Contains(string(text), "of all") {
		t.Errorf("the template has lost what it held: %v", err)
	}
}

func blocks(t *testing.T, path string) int64 {
	t.Helper()
	var stat unix.Stat_t
	must(t, unix.Stat(path, &stat))
	return stat.Blocks
}

func TestRemovalGoesOnAfterAnInterruption(t *testing.T) {
	f := newFiles(t)
	domain := formatted(t, f, model.StorageDomainData)
	disk := newDisk(t, f, domain, model.DiskCOW, true)
	images := filepath.Join(rootOf(domain), "images")
	must(t, os.Rename(filepath.Join(images, string(disk.ID)), filepath.Join(images, "_remove_me_"+string(disk.ID))))
	wantError(t, pathOf(t, f, domain, disk), image.ErrNotFound)
	must(t, f.Remove(t.Context(), domain, disk.ID, true))
	wantNames(t, images)
}

func TestCreationGoesOnAfterAnInterruption(t *testing.T) {
	f := newFiles(t)
	domain := formatted(t, f, model.StorageDomainData)
	disk := newDisk(t, f, domain, model.DiskCOW, true)
	volume := volumeOf(domain, disk)
	half := filepath.Join(filepath.Dir(volume), "."+string(disk.Volume)+".part")
	must(t, os.Rename(volume, half))
	patch(t, half, 0, []byte("half-written"))
	wantError(t, pathOf(t, f, domain, disk), image.ErrNotFound)
	must(t, f.Create(t.Context(), domain, specOf(disk)))
	must(t, pathOf(t, f, domain, disk))
	wantNames(t, filepath.Dir(volume), string(disk.Volume), string(disk.Volume)+".lease", string(disk.Volume)+".meta")
}

func TestCreatedAgainKeepsItsContent(t *testing.T) {
	f := newFiles(t)
	domain := formatted(t, f, model.StorageDomainData)
	disk := newDisk(t, f, domain, model.DiskRaw, true)
	patch(t, volumeOf(domain, disk), 100, []byte("data"))
	must(t, f.Create(t.Context(), domain, specOf(disk)))
	text, err := os.ReadFile(volumeOf(domain, disk))
	must(t, err)
	if string(text[100:104]) != "data" {
		t.Error("creating a volume again has emptied it")
	}
}

func TestCancelledMakingLeavesNothing(t *testing.T) {
	script := filepath.Join(t.TempDir(), "slow-qemu-img")
	pipe := filepath.Join(t.TempDir(), "pipe")
	must(t, unix.Mkfifo(pipe, 0o600))
	must(t, os.WriteFile(script, []byte("#!/bin/sh\n: > '"+pipe+"'\nexec sleep 600\n"), 0o700))
	f, err := files.New(files.Options{QEMUImg: script})
	must(t, err)
	domain := formatted(t, f, model.StorageDomainData)
	disk := &model.Disk{ID: model.NewID(), Volume: model.NewID(), Format: model.DiskRaw, Sparse: true, ProvisionedSize: 1 << 20}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		_, _ = os.ReadFile(pipe) // returns when the tool has started
		cancel()
	}()
	wantError(t, f.Create(ctx, domain, specOf(disk)), context.Canceled)
	if _, err := os.Stat(volumeOf(domain, disk)); !os.IsNotExist(err) {
		t.Errorf("the volume is there: %v", err)
	}
}

func TestFullDomain(t *testing.T) {
	onSmallFileSystem(t, func(t *testing.T, mount string) {
		f := newFiles(t)
		domain := domainAt(mount, model.StorageDomainData)
		must(t, f.Format(t.Context(), domain))

		large := &model.Disk{ID: model.NewID(), Volume: model.NewID(), Format: model.DiskRaw, ProvisionedSize: 64 << 20}
		wantError(t, f.Create(t.Context(), domain, specOf(large)), image.ErrNoSpace)

		disk := newDisk(t, f, domain, model.DiskCOW, true)
		full := filepath.Join(mount, "filler")
		fill(t, full)
		wantError(t, f.Check(t.Context(), domain), image.ErrNoSpace)
		space, err := f.Space(t.Context(), domain)
		if err != nil || space.Available > 64<<10 || space.Used < 1<<20 {
			t.Errorf("space of a full domain is %+v, %v", space, err)
		}
		other := &model.Disk{ID: model.NewID(), Volume: model.NewID(), Format: model.DiskCOW, Sparse: true, ProvisionedSize: 1 << 20}
		wantError(t, f.Create(t.Context(), domain, specOf(other)), image.ErrNoSpace)
		wantError(t, pathOf(t, f, domain, other), image.ErrNotFound)
		must(t, pathOf(t, f, domain, disk))

		must(t, os.Remove(full))
		must(t, f.Create(t.Context(), domain, specOf(other)))
	})
}

func TestReadOnlyAndVanishedDomain(t *testing.T) {
	onSmallFileSystem(t, func(t *testing.T, mount string) {
		f := newFiles(t)
		domain := domainAt(mount, model.StorageDomainData)
		must(t, f.Format(t.Context(), domain))
		disk := newDisk(t, f, domain, model.DiskCOW, true)

		must(t, unix.Mount("", mount, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
		wantError(t, f.Check(t.Context(), domain), image.ErrUnavailable)
		wantError(t, f.Remove(t.Context(), domain, disk.ID, false), image.ErrUnavailable)
		must(t, pathOf(t, f, domain, disk))

		must(t, unix.Unmount(mount, 0))
		wantError(t, f.Check(t.Context(), domain), image.ErrUnavailable)
		wantError(t, pathOf(t, f, domain, disk), image.ErrUnavailable)
		wantError(t, f.Remove(t.Context(), domain, disk.ID, false), image.ErrUnavailable)
		wantNames(t, mount)
	})
}

// fill writes until the file system is full.
func fill(t *testing.T, path string) {
	t.Helper()
	file, err := os.Create(path)
	must(t, err)
	defer file.Close()
	for chunk := make([]byte, 4096); ; {
		if _, err := file.Write(chunk); err != nil {
			return
		}
	}
}

// TestMergeOnFullDisk: a merge that finds no space leaves all that stood on the volume as
// it was, and succeeds when there is some again.
func TestMergeOnFullDisk(t *testing.T) {
	onSmallFileSystem(t, func(t *testing.T, mount string) {
		f, err := files.New(files.Options{})
		if err != nil {
			t.Fatal(err)
		}
		domain := &model.StorageDomain{ID: model.NewID(), Name: "small", Type: model.StorageDomainData, StorageType: model.StorageLocalFS, Path: mount, Format: "v3"}
		ctx := t.Context()
		must(t, f.Format(ctx, domain))
		owner := image.Owner{UID: -1, GID: -1}
		disk := &model.Disk{ID: model.NewID(), Volume: model.NewID(), Format: model.DiskCOW, Sparse: true, ProvisionedSize: 8 << 20}
		must(t, f.Create(ctx, domain, image.VolumeSpec{Disk: disk.ID, Volume: disk.Volume, Format: disk.Format, Sparse: true, Size: disk.ProvisionedSize, Owner: owner}))
		for range 2 {
			volume := model.NewID()
			must(t, f.Overlay(ctx, domain, disk, volume, owner))
			disk.Chain = append(disk.Chain, model.Volume{ID: disk.Volume, Format: disk.Format, Sparse: disk.Sparse, Size: disk.ProvisionedSize})
			disk.Volume, disk.Format, disk.Sparse = volume, model.DiskCOW, true
		}
		middle := disk.Chain[1].ID
		at, _ := disk.Standing(middle)
		io := func(disk *model.Disk, command string) {
			t.Helper()
			path, err := f.Path(ctx, domain, disk)
			must(t, err)
			if out, err := exec.CommandContext(ctx, "qemu-io", "-f", "qcow2", "-c", command, path).CombinedOutput(); err != nil || strings.Contains(string(out), "failed") {
				t.Fatalf("%s: %v: %s", command, err, out)
			}
		}
		io(at, "write -P 7 0 1M")
		filler := filepath.Join(mount, "filler")
		file, err := os.Create(filler)
		must(t, err)
		for err == nil {
			_, err = file.Write(make([]byte, 1<<16))
		}
		must(t, file.Close())
		if err := f.Merge(ctx, domain, disk, middle, nil); !errors.Is(err, image.ErrNoSpace) {
			t.Errorf("a merge on a full disk gave %v", err)
		}
		io(disk, "read -P 7 0 1M")
		must(t, os.Remove(filler))
		must(t, f.Merge(ctx, domain, disk, middle, nil))
		disk.Chain = disk.Chain[:1]
		must(t, f.RemoveOverlay(ctx, domain, disk, middle))
		io(disk, "read -P 7 0 1M")
	})
}
