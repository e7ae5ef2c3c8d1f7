package files_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"vireo/internal/image"
	"vireo/internal/image/files"
	"vireo/internal/model"
)

// sealer gives a files.Files whose virt-sysprep is a shell script.
func sealer(t *testing.T, script string) *files.Files {
	t.Helper()
	path := filepath.Join(t.TempDir(), "virt-sysprep")
	must(t, os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700))
	f, err := files.New(files.Options{Sysprep: path})
	must(t, err)
	return f
}

// TestSealTellsTheFormats: all disks of the guest are given at once, each with its
// declared format, and nothing is guessed.
func TestSealTellsTheFormats(t *testing.T) {
	said := filepath.Join(t.TempDir(), "said")
	f := sealer(t, "echo \"$@\" >"+said+"; env >>"+said)
	domain := formatted(t, f, model.StorageDomainData)
	first, second := newDisk(t, f, domain, model.DiskCOW, true), newDisk(t, f, domain, model.DiskRaw, true)
	must(t, f.Seal(t.Context(), []image.Source{{Domain: domain, Disk: first}, {Domain: domain, Disk: second}}))
	text, err := os.ReadFile(said)
	must(t, err)
	for _, want := range []string{
		"--format qcow2 -a " + volumeOf(domain, first) + " --format raw -a " + volumeOf(domain, second),
		"LIBGUESTFS_BACKEND=direct",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("it was told\n%sand not %s", text, want)
		}
	}
}

// TestSealFails: without the program, with one that fails, with one that takes too
// long, and for a disk that stands on a template's.
func TestSealFails(t *testing.T) {
	f := sealer(t, "echo 'no operating system was found' >&2; exit 1")
	domain := formatted(t, f, model.StorageDomainData)
	disk := newDisk(t, f, domain, model.DiskCOW, true)
	disks := []image.Source{{Domain: domain, Disk: disk}}
	if err := f.Seal(t.Context(), disks); err == nil || !strings.Contains(err.Error(), "no operating system was found") {
		t.Errorf("it failed with %v", err)
	}
	must(t, pathOf(t, f, domain, disk))

	absent, err := files.New(files.Options{Sysprep: filepath.Join(t.TempDir(), "none")})
	must(t, err)
	if absent.CanSeal() || absent.Seal(t.Context(), disks) == nil {
		t.Error("it can seal without the program")
	}

	started := filepath.Join(t.TempDir(), "started")
	must(t, syscall.Mkfifo(started, 0o600))
	slow := sealer(t, "echo >"+started+"; exec sleep 60")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_, _ = os.ReadFile(started) // until it writes
		cancel()
	}()
	wantError(t, slow.Seal(ctx, disks), context.Canceled)

	over := *disk
	over.Volume, over.Format = model.NewID(), model.DiskCOW
	must(t, f.Overlay(t.Context(), domain, disk, over.Volume, owner()))
	wantError(t, f.Seal(t.Context(), []image.Source{{Domain: domain, Disk: &over}}), image.ErrUnsafe)
}
