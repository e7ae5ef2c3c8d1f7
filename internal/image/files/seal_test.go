package files_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"vireo/internal/image"
	"vireo/internal/image/files"
	"vireo/internal/model"
)

// sealer gives a files.Files whose virt-sysprep is a shell script.
func sealer(t *testing.T, script string) *files.Files {
	t.Helper()
	path := filepath.Join(t.TempDir(), "virt-sysprep")
	must(t, os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700))
	f, err := files.New(files.Options{Sysprep: path, RunDir: filepath.Join(t.TempDir(), "run")})
	must(t, err)
	return f
}

// TestSealTellsTheFormats: all disks of the guest are given at once, each with its
// declared format, and nothing is guessed. What the engine's environment says of
// libguestfs is passed on, and the folder it works in is gone afterwards.
func TestSealTellsTheFormats(t *testing.T) {
	t.Setenv("LIBGUESTFS_MEMSIZE", "999")
	t.Setenv("SUPERMIN_KERNEL", "/some/kernel")
	t.Setenv("VIREO_ADMIN_PASSWORD", "not for others")
	said := filepath.Join(t.TempDir(), "said")
	f := sealer(t, "echo \"$@\" >"+said+"; env >>"+said)
	domain := formatted(t, f, model.StorageDomainData)
	first, second := newDisk(t, f, domain, model.DiskCOW, true), newDisk(t, f, domain, model.DiskRaw, true)
	must(t, f.Seal(t.Context(), []image.Source{{Domain: domain, Disk: first}, {Domain: domain, Disk: second}}))
	text, err := os.ReadFile(said)
	must(t, err)
	for _, want := range []string{
		"--format qcow2 -a " + volumeOf(domain, first) + " --format raw -a " + volumeOf(domain, second),
		"LIBGUESTFS_BACKEND=direct", "LIBGUESTFS_MEMSIZE=999", "SUPERMIN_KERNEL=/some/kernel",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("it was told\n%sand not %s", text, want)
		}
	}
	if strings.Contains(string(text), "not for others") {
		t.Errorf("it was told\n%s", text)
	}
	_, folder, _ := strings.Cut(string(text), "LIBGUESTFS_TMPDIR=")
	folder, _, _ = strings.Cut(folder, "\n")
	if _, err := os.Stat(folder); !filepath.IsAbs(folder) || !os.IsNotExist(err) {
		t.Errorf("its folder %s: %v", folder, err)
	}
}

// TestSealFails: without the program, with one that fails, with one that takes too
// long, and for a disk that stands on a template's.
func TestSealFails(t *testing.T) {
	f := sealer(t, `echo "virt-sysprep: warning: one moment" >&2; echo "virt-sysprep: error: there is nothing on $5." >&2; exit 1`)
	domain := formatted(t, f, model.StorageDomainData)
	disk := newDisk(t, f, domain, model.DiskCOW, true)
	disks := []image.Source{{Domain: domain, Disk: disk}}
	wantReason(t, f.Seal(t.Context(), disks), "virt-sysprep says: there is nothing on the disk")
	must(t, pathOf(t, f, domain, disk))
	wantReason(t, sealer(t, "kill -9 $$").Seal(t.Context(), disks), "virt-sysprep has failed (signal: killed)")

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

func wantReason(t *testing.T, err error, want string) {
	t.Helper()
	if why, ok := errors.AsType[*image.SealError](err); !ok || why.Why != want {
		t.Errorf("it failed with %v, want %s", err, want)
	}
}

// TestSealLeavesNobody: the machine that virt-sysprep works in does not outlive it,
// whether it was killed or given up.
func TestSealLeavesNobody(t *testing.T) {
	for name, ends := range map[string]string{"killed": "kill -9 $$", "given up": "wait"} {
		t.Run(name, func(t *testing.T) {
			pipe := filepath.Join(t.TempDir(), "pipe")
			must(t, syscall.Mkfifo(pipe, 0o600))
			f := sealer(t, "sleep 600 >/dev/null 2>&1 & echo $! >'"+pipe+"'; "+ends)
			domain := formatted(t, f, model.StorageDomainData)
			disk := newDisk(t, f, domain, model.DiskCOW, true)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			machine := make(chan int, 1)
			go func() {
				said, _ := os.ReadFile(pipe) // until it writes
				number, _ := strconv.Atoi(strings.TrimSpace(string(said)))
				machine <- number
				if name == "given up" {
					cancel()
				}
			}()
			if err := f.Seal(ctx, []image.Source{{Domain: domain, Disk: disk}}); err == nil {
				t.Error("it did not fail")
			}
			number := <-machine
			for deadline := time.Now().Add(time.Minute); alive(number); {
				if time.Now().After(deadline) {
					_ = syscall.Kill(number, syscall.SIGKILL)
					t.Fatal("its machine works on")
				}
			}
		})
	}
}

// TestSealWaits: while the machine of an engine that was killed still has the disk open,
// nothing is begun.
func TestSealWaits(t *testing.T) {
	begun := filepath.Join(t.TempDir(), "begun")
	f := sealer(t, "echo >"+begun)
	domain := formatted(t, f, model.StorageDomainData)
	disk := newDisk(t, f, domain, model.DiskCOW, true)
	held := exec.CommandContext(t.Context(), "qemu-io", "-f", "qcow2", volumeOf(domain, disk))
	input, err := held.StdinPipe()
	must(t, err)
	output, err := held.StdoutPipe()
	must(t, err)
	must(t, held.Start())
	_, err = input.Write([]byte("length\n"))
	must(t, err)
	_, err = output.Read(make([]byte, 100)) // it has the disk
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	disks := []image.Source{{Domain: domain, Disk: disk}}
	if err := f.Seal(ctx, disks); err == nil {
		t.Error("it did not wait")
	}
	if _, err := os.Stat(begun); err == nil {
		t.Error("it was begun")
	}
	done := make(chan error)
	go func() { done <- f.Seal(t.Context(), disks) }()
	must(t, input.Close())
	_ = held.Wait()
	must(t, <-done)
}
