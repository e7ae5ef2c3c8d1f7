package files

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"vireo/internal/image"
)

// sealing is how long virt-sysprep may take at the most. lingering is how long the
// machine of one that was killed may live on: its guard looks every two seconds.
const (
	sealing   = time.Hour
	lingering = time.Minute
)

// CanSeal says whether virt-sysprep is installed.
func (f *Files) CanSeal() bool { return f.sysprep != "" }

// Seal runs virt-sysprep, which works in a small guest of its own.
func (f *Files) Seal(ctx context.Context, disks []image.Source) error {
	if err := f.seal(ctx, disks); err != nil {
		return fmt.Errorf("sealing %d disks: %w", len(disks), err)
	}
	return nil
}

// sealed is a disk that virt-sysprep is given.
type sealed struct{ path, format string }

func (f *Files) seal(ctx context.Context, disks []image.Source) error {
	if !f.CanSeal() {
		return &image.SealError{Why: "virt-sysprep is not installed", Err: image.ErrNotFound}
	}
	var given []sealed
	for _, disk := range disks {
		path, err := f.alone(ctx, disk)
		if err != nil {
			return fmt.Errorf("disk %s: %w", disk.Disk.ID, err)
		}
		given = append(given, sealed{path, formats[disk.Disk.Format]})
	}
	if len(given) == 0 {
		return nil
	}
	// The machine of a virt-sysprep whose engine was killed may still write.
	if err := f.unused(ctx, given); err != nil {
		return err
	}
	scratch, err := f.scratch(string(disks[0].Disk.Volume))
	if err != nil {
		return err
	}
	if err = f.runSysprep(ctx, given, scratch); err != nil {
		err = errors.Join(err, f.unused(context.WithoutCancel(ctx), given))
	}
	_ = os.RemoveAll(scratch) // if it cannot be, the next run of these disks tries again
	return err
}

// alone is the path of a disk that stands alone.
func (f *Files) alone(ctx context.Context, disk image.Source) (string, error) {
	dir, err := open(disk.Domain)
	if err != nil {
		return "", err
	}
	defer dir.Close()
	info, err := f.inspect(ctx, disk.Domain, dir, disk.Disk)
	if err != nil {
		return "", err
	}
	if info.BackingFilename != "" {
		return "", fmt.Errorf("it stands on another volume: %w", image.ErrUnsafe)
	}
	return f.Path(ctx, disk.Domain, disk.Disk)
}

// unused waits until no QEMU has the disks open for writing. Without -U qemu-img asks
// for the lock.
func (f *Files) unused(ctx context.Context, disks []sealed) error {
	ctx, cancel := context.WithTimeout(ctx, lingering)
	defer cancel()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for _, disk := range disks {
		for {
			err := f.run(ctx, looking, nil, "info", "--output=json", "-f", disk.format, disk.path)
			if err == nil {
				break
			}
			if !strings.Contains(err.Error(), " lock") {
				return err
			}
			select {
			case <-again.C:
			case <-ctx.Done():
				return err
			}
		}
	}
	return nil
}

// scratch makes an empty folder for one run, in place of one that a killed run left.
func (f *Files) scratch(name string) (string, error) {
	run, err := f.sockets.folder()
	if err != nil {
		return "", err
	}
	path := filepath.Join(run, "seal-"+name)
	if err := errors.Join(os.RemoveAll(path), os.Mkdir(path, 0o700)); err != nil {
		return "", fmt.Errorf("making a folder for virt-sysprep: %w", err)
	}
	return filepath.Abs(path)
}

// sysprepEnvironment is all that virt-sysprep is told by its environment: what the
// engine's own says of libguestfs and supermin counts.
func sysprepEnvironment(scratch string) []string {
	given := []string{"LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/nonexistent", "LIBGUESTFS_BACKEND=direct"}
	if !accelerated() {
		given = append(given, "LIBGUESTFS_BACKEND_SETTINGS=force_tcg")
	}
	for _, each := range os.Environ() {
		if strings.HasPrefix(each, "LIBGUESTFS_") || strings.HasPrefix(each, "SUPERMIN_") {
			given = append(given, each) // of two the last counts
		}
	}
	return append(given, "LIBGUESTFS_TMPDIR="+scratch)
}

// accelerated says whether this machine can run guests with KVM: a /dev/kvm alone
// does not say so.
func accelerated() bool {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(text)) {
		if key, flags, _ := strings.Cut(line, ":"); strings.TrimSpace(key) == "flags" {
			words := strings.Fields(flags)
			return slices.Contains(words, "vmx") || slices.Contains(words, "svm")
		}
	}
	return false
}
