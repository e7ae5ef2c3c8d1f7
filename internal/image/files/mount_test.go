package files_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// inside tells a test that it runs again in namespaces of its own.
const inside = "VIREO_TEST_INSIDE_NAMESPACES"

// onSmallFileSystem runs a test on a file system of 4 MiB. Who may not mount
// runs it in a user namespace, as root of which everybody may.
func onSmallFileSystem(t *testing.T, test func(t *testing.T, mount string)) {
	t.Helper()
	if os.Getuid() != 0 {
		again(t)
		return
	}
	mount := t.TempDir()
	if err := unix.Mount("tmpfs", mount, "tmpfs", 0, "size=4m"); err != nil {
		t.Fatalf("mounting a small file system: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(mount, unix.MNT_DETACH); err != nil && err != unix.EINVAL {
			t.Errorf("unmounting: %v", err)
		}
	})
	test(t, mount)
}

func again(t *testing.T) {
	t.Helper()
	if os.Getenv(inside) != "" {
		t.Fatal("the user namespace has no root")
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), inside+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("in namespaces of its own: %v\n%s", err, out)
	}
}

// onSharingFileSystem runs a test on a file system where files can share blocks.
// Nobody but root may mount one.
func onSharingFileSystem(t *testing.T, test func(t *testing.T, mount string)) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Fatal("only root can mount a file system where files share blocks")
	}
	mount, disk := t.TempDir(), filepath.Join(t.TempDir(), "disk")
	tool(t, "truncate", "-s", "1G", disk)
	tool(t, "mkfs.xfs", "-q", "-m", "reflink=1", disk)
	tool(t, "mount", "-o", "loop", disk, mount)
	t.Cleanup(func() {
		if err := unix.Unmount(mount, unix.MNT_DETACH); err != nil {
			t.Errorf("unmounting: %v", err)
		}
	})
	test(t, mount)
}
