package files

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"vireo/internal/image"
)

// limits are how much a run of qemu-img may use.
type limits struct {
	// memory is in bytes of address space, cpu in seconds; 0 is no limit.
	memory, cpu uint64
	// time is the longest a run may take; 0 leaves that to the context.
	time time.Duration
}

// looking is for images from strangers: a crafted one can make qemu-img take
// gigabytes or run for ever. making is for our own.
// converting is for images from strangers that have been looked at.
var (
	looking    = limits{memory: 1 << 30, cpu: 20, time: time.Minute}
	making     = limits{}
	converting = limits{memory: 4 << 30}
)

// longestAnswer bounds what is kept of the tool's output, in bytes.
const longestAnswer = 1 << 20

// toolError is a run of qemu-img that failed by itself.
type toolError struct{ text string }

func (e *toolError) Error() string { return "qemu-img: " + e.text }

// run runs qemu-img and reads its JSON into answer, if that is not nil.
func (f *Files) run(ctx context.Context, limit limits, answer any, args ...string) error {
	return f.runOn(ctx, limit, nil, answer, args...)
}

// runOn is run with an open file, which the tool finds under the name theFile.
func (f *Files) runOn(ctx context.Context, limit limits, file *os.File, answer any, args ...string) error {
	var out bounded
	err := f.followOn(ctx, limit, file, func(answer io.Reader) { _, _ = io.Copy(&out, answer) }, args...)
	if err != nil || answer == nil {
		return err
	}
	if err := json.Unmarshal(out.Bytes(), answer); err != nil {
		return &toolError{fmt.Sprintf("its answer cannot be read: %v", err)}
	}
	return nil
}

// follow runs qemu-img while read takes in what it answers, to the end.
func (f *Files) follow(ctx context.Context, limit limits, read func(io.Reader), args ...string) error {
	return f.followOn(ctx, limit, nil, read, args...)
}

// theFile is the name of a file that is handed to the tool open.
const theFile = "/proc/self/fd/3"

func (f *Files) followOn(ctx context.Context, limit limits, file *os.File, read func(io.Reader), args ...string) error {
	if limit.time > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit.time)
		defer cancel()
	}
	cmd := exec.CommandContext(ctx, f.qemuImg, args...)
	cmd.Env = []string{"LC_ALL=C", "PATH=/usr/bin:/bin"}
	cmd.WaitDelay = 5 * time.Second
	if file != nil {
		cmd.ExtraFiles = []*os.File{file}
	}
	// What is made for an engine that was killed would be made twice at once with the
	// next one. The signal is that of the thread's death, which must not end before.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var problems bounded
	cmd.Stderr = &problems
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("starting qemu-img: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting qemu-img: %w", err)
	}
	limited := limit.impose(cmd.Process.Pid)
	read(out)
	err = cmd.Wait()
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("qemu-img %s: %w", args[0], ctx.Err())
	case err != nil:
		return complaint(strings.TrimSpace(problems.String()), err)
	case limited != nil:
		return fmt.Errorf("limiting qemu-img: %w", limited)
	}
	return nil
}

// impose sets the limits of a process that has just been started; one that has
// ended already needs none.
func (l limits) impose(pid int) error {
	for resource, value := range map[int]uint64{unix.RLIMIT_AS: l.memory, unix.RLIMIT_CPU: l.cpu} {
		if value == 0 {
			continue
		}
		err := unix.Prlimit(pid, resource, &unix.Rlimit{Cur: value, Max: value}, nil)
		if err != nil && err != unix.ESRCH {
			return err
		}
	}
	return nil
}

// complaint makes an error of the tool's words.
func complaint(text string, err error) error {
	if text == "" {
		text = err.Error()
	}
	failed := &toolError{oneLine(text, 500)}
	for _, known := range []struct {
		words string
		err   error
	}{
		{"No space left on device", image.ErrNoSpace},
		{"Disk quota exceeded", image.ErrNoSpace},
		{"Input/output error", image.ErrUnavailable},
		{"Stale file handle", image.ErrUnavailable},
		{"Read-only file system", image.ErrUnavailable},
		{"Permission denied", image.ErrUnavailable},
	} {
		if strings.Contains(text, known.words) {
			return fmt.Errorf("%w: %w", known.err, failed)
		}
	}
	return failed
}

// bounded keeps the beginning of what is written to it.
type bounded struct{ bytes.Buffer }

func (b *bounded) Write(p []byte) (int, error) {
	if room := longestAnswer - b.Len(); room > 0 {
		b.Buffer.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}
