package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestUpload: a disk with Debian is uploaded and booted, and sets itself up. What is
// downloaded again is the same, before and after.
func TestUpload(t *testing.T) {
	t.Parallel()
	e := newEngine(t, system, map[string]string{"GuestAgentStartupTimeout": "600s", "VmGracefulShutdownTimeout": "60s"})
	image := filepath.Join(cloudFolder(t), cloudDiskFile)
	id := strings.TrimSpace(e.moves(t, "upload", image, "--name", "cloud", "--storage-domain", "local-data"))
	back := filepath.Join(t.TempDir(), "back.qcow2")
	e.moves(t, "download", "cloud", back)
	same(t, image, "qcow2", back, "qcow2")

	v := e.createDebian(t)
	e.call(t, "POST", v.path()+"/disks", `<disk id="`+id+`"><interface>virtio</interface><bootable>true</bootable><active>true</active></disk>`)
	v.act(t, "start", `<vm><initialization><cloud_init>
		<host><address>uploaded.example.com</address></host>
	</cloud_init></initialization></vm>`)
	v.settled(t)
	v.shows(t, "hostname", "uploaded")
	if output, err := e.moving("download", "cloud", filepath.Join(t.TempDir(), "used")); err == nil || !strings.Contains(output, "is not down") {
		t.Errorf("a disk in use was downloaded: %s", output)
	}
	v.act(t, "shutdown")
	within(t, bootPatience, v.name+" to be down", func() (bool, string) {
		status := v.status(t)
		return status == "down", "it is " + status
	})
	used := filepath.Join(t.TempDir(), "used.raw")
	e.moves(t, "download", id, used, "--format", "raw")
	same(t, filepath.Join(e.group(t, id), e.volume(t, id)), "qcow2", used, "raw")
}

// moves runs vireo disk and gives what it prints.
func (e *engine) moves(t *testing.T, arguments ...string) string {
	t.Helper()
	output, err := e.moving(arguments...)
	if err != nil {
		t.Fatalf("vireo disk %s: %v: %s", strings.Join(arguments, " "), err, output)
	}
	lines := strings.Split(strings.TrimSpace(output), "\n")
	return lines[len(lines)-1]
}

func (e *engine) moving(arguments ...string) (string, error) {
	secret := filepath.Join(e.dataDir, "password-of-tests")
	if err := os.WriteFile(secret, []byte(password+"\n"), 0o600); err != nil {
		return "", err
	}
	return e.tool(append([]string{"disk"}, append(arguments, "--url", strings.TrimSuffix(e.url, "/api")+"/ovirt-engine/api", "--password-file", secret)...)...)
}

// same compares two images as QEMU sees them.
func same(t *testing.T, one, oneFormat, other, otherFormat string) {
	t.Helper()
	output, err := exec.Command("qemu-img", "compare", "-U", "-f", oneFormat, "-F", otherFormat, one, other).CombinedOutput()
	if err != nil {
		t.Errorf("comparing %s with %s: %v: %s", one, other, err, output)
	}
}
