package libvirt

import (
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"
)

// asUser is set in the process that these tests start as an ordinary user.
const asUser = "VIREO_TEST_AS_USER"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestPromisesInASession checks the promises on the daemon of an ordinary user,
// which the driver has to start. This process is root's, so another one is made.
func TestPromisesInASession(t *testing.T) {
	if os.Getenv(asUser) != "" {
		checkSession(t)
		return
	}
	nobody, err := user.Lookup("nobody")
	must(t, err)
	uid, err := strconv.Atoi(nobody.Uid)
	must(t, err)
	gid, err := strconv.Atoi(nobody.Gid)
	must(t, err)
	home, err := os.MkdirTemp("/tmp", "u") //nolint:usetesting // libvirt makes sockets deep below, and their paths have a limit
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(home) })
	must(t, os.Chmod(home, 0o711))
	for _, folder := range []string{home, filepath.Join(home, "run"), filepath.Join(home, "tmp")} {
		must(t, os.MkdirAll(folder, 0o711))
		must(t, os.Chown(folder, uid, gid))
	}
	program := copyOf(t, "/proc/self/exe")
	must(t, os.Chmod(program, 0o755))

	child := exec.CommandContext(t.Context(), program, "-test.run=^TestPromisesInASession$", "-test.v", "-test.timeout=9m")
	child.Dir = home
	child.Env = []string{
		asUser + "=1", "HOME=" + home, "XDG_RUNTIME_DIR=" + filepath.Join(home, "run"), "TMPDIR=" + filepath.Join(home, "tmp"),
		"PATH=" + os.Getenv("PATH"), "VIREO_TEST_GUEST=" + filepath.Dir(guestFile(t, "vmlinuz-guest")),
	}
	child.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	output, err := child.CombinedOutput()
	endSessionDaemon(t, filepath.Join(home, "run"))
	if err != nil {
		t.Errorf("as an ordinary user: %v\n%s", err, output)
	}
}

// endSessionDaemon ends the daemon that the test has made the driver start.
func endSessionDaemon(t *testing.T, runtime string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(runtime, "libvirt", "libvirtd.pid"))
	must(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	must(t, err)
	must(t, syscall.Kill(pid, syscall.SIGTERM))
}

func checkSession(t *testing.T) {
	connected, err := testDriver(t).Connect(testContext(t), "qemu:///session")
	must(t, err)
	t.Cleanup(func() { connected.Close() })
	h := connected.(*hypervisor)
	facts, err := h.Facts(testContext(t))
	must(t, err)
	if !facts.Session || facts.ImageUID != -1 || facts.ImageGID != -1 {
		t.Errorf("the facts of a session are %+v", facts)
	}
	checkPromises(t, h, localSockets(true))
	t.Run("seeds outlive the daemon", func(t *testing.T) { seedsOutliveTheDaemon(t, h) })
}
