package files

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"vireo/internal/image"
)

// sealing is how long virt-sysprep may take at the most.
const sealing = time.Hour

// CanSeal says whether virt-sysprep is installed.
func (f *Files) CanSeal() bool { return f.sysprep != "" }

// Seal runs virt-sysprep, which works in a small guest of its own.
func (f *Files) Seal(ctx context.Context, disks []image.Source) error {
	args := []string{"--quiet"}
	for _, disk := range disks {
		path, err := f.alone(ctx, disk)
		if err != nil {
			return fmt.Errorf("sealing disk %s: %w", disk.Disk.ID, err)
		}
		args = append(args, "--format", formats[disk.Disk.Format], "-a", path)
	}
	if err := f.runSysprep(ctx, args); err != nil {
		return fmt.Errorf("sealing %d disks: %w", len(disks), err)
	}
	return nil
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

func (f *Files) runSysprep(ctx context.Context, args []string) error {
	if !f.CanSeal() {
		return &toolError{"virt-sysprep is not installed"}
	}
	ctx, cancel := context.WithTimeout(ctx, sealing)
	defer cancel()
	cmd := exec.CommandContext(ctx, f.sysprep, args...)
	cmd.Env = []string{"LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/nonexistent", "LIBGUESTFS_BACKEND=direct"}
	if !accelerated() {
		cmd.Env = append(cmd.Env, "LIBGUESTFS_BACKEND_SETTINGS=force_tcg")
	}
	cmd.WaitDelay = 5 * time.Second
	// It must not go on to write when the engine has died: another will take the job
	// up. That is told by the end of the thread which has started it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var problems bounded
	cmd.Stdout, cmd.Stderr = &problems, &problems
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("virt-sysprep: %w", ctx.Err())
	case err != nil:
		return complaint("virt-sysprep: "+strings.TrimSpace(problems.String()), err)
	}
	return nil
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
			words := " " + strings.TrimSpace(flags) + " "
			return strings.Contains(words, " vmx ") || strings.Contains(words, " svm ")
		}
	}
	return false
}
