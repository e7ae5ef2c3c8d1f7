package files

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"vireo/internal/image"
)

// runSysprep runs virt-sysprep to its end; nothing that it has started outlives it.
func (f *Files) runSysprep(ctx context.Context, disks []sealed, scratch string) error {
	args := []string{"--quiet"}
	hidden := []string{scratch, "its folder"}
	for _, disk := range disks {
		args = append(args, "--format", disk.format, "-a", disk.path)
		hidden = append(hidden, disk.path, "the disk")
	}
	ctx, cancel := context.WithTimeout(ctx, sealing)
	defer cancel()
	cmd := exec.CommandContext(ctx, f.sysprep, args...)
	cmd.Env = sysprepEnvironment(scratch)
	cmd.WaitDelay = 5 * time.Second
	// It must not go on to write when the engine has died: another will take the job
	// up. That is told by the end of the thread which has started it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	cmd.Cancel = func() error { return unix.Kill(-cmd.Process.Pid, unix.SIGKILL) }
	var problems bounded
	cmd.Stdout, cmd.Stderr = &problems, &problems
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting virt-sysprep: %w", err)
	}
	endGroup(cmd.Process.Pid)
	err := cmd.Wait()
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("virt-sysprep: %w", ctx.Err())
	case err != nil:
		said := strings.NewReplacer(hidden...).Replace(problems.String())
		return &image.SealError{Why: reason(said, err), Err: fmt.Errorf("%w: %s", err, oneLine(strings.TrimSpace(problems.String()), 2000))}
	}
	return nil
}

// endGroup waits for the end of a process that leads a group and kills the others of it:
// the machine in which virt-sysprep works lives on for a while when that was killed. Until
// somebody takes the leader's end notice its number is nobody else's.
func endGroup(leader int) {
	for {
		err := unix.Waitid(unix.P_PID, leader, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	_ = unix.Kill(-leader, unix.SIGKILL) // mostly there is nobody
}

// reason is what virt-sysprep says of its failure, or how it has ended.
func reason(said string, err error) string {
	for line := range strings.Lines(said) {
		if why, ok := strings.CutPrefix(line, "virt-sysprep: error: "); ok {
			return "virt-sysprep says: " + strings.TrimSuffix(oneLine(strings.TrimSpace(why), 300), ".")
		}
	}
	return "virt-sysprep has failed (" + err.Error() + ")"
}
