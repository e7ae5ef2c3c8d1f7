package libvirt

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"vireo/internal/host"
	"vireo/internal/host/hosttest"
	"vireo/internal/model"
)

// TestPromisesOnRealQEMU checks what every driver promises on the machine's own
// daemon, through a proxy that can lose the connection.
func TestPromisesOnRealQEMU(t *testing.T) {
	checkPromises(t, connect(t), systemSockets)
}

// checkPromises runs the suite on the daemon that h is connected to.
func checkPromises(t *testing.T, h *hypervisor, sockets []string) {
	line := newProxy(t, sockets...)
	hosttest.Run(t, hosttest.Target{
		Driver:   testDriver(t),
		Address:  h.target.uri + "?socket=" + line.path,
		HasAgent: true,
		Patience: 2 * patience,
		SaveDir:  imageFolder(t),
		Spec: func(t *testing.T, name string) *host.GuestSpec {
			spec := linuxSpec(t, h)
			spec.Name += "-" + name
			spec.Disks = []host.DiskSpec{newDisk(t, h, model.DiskCOW)}
			spec.Cmdline += " vireo.format"
			spec.NICs = []host.NICSpec{{
				ID: model.NewID(), MAC: newMAC(spec.ID), Model: model.NICVirtio, User: true, Linked: true,
			}}
			return spec
		},
		Talks:     func(_ *testing.T, spec *host.GuestSpec) { spec.Cmdline += " vireo.engine_agent" },
		Media:     [2]string{guestFile(t, "vireo-guest.iso"), copyOf(t, guestFile(t, "vireo-guest.iso"))},
		SpareDisk: func(t *testing.T) host.DiskSpec { return newDisk(t, h, model.DiskRaw) },
		Above:     func(t *testing.T, disk host.DiskSpec) host.DiskSpec { return above(t, h, disk) },
		SpareNIC: func(*testing.T) host.NICSpec {
			id := model.NewID()
			return host.NICSpec{ID: id, MAC: newMAC(id), Model: model.NICVirtio, User: true, Linked: true}
		},
		Bridges: newBridges(t, h),
		Counter: func(t *testing.T, id model.ID) int64 { return counter(t, h, id) },
		Enter: func(t *testing.T, id model.ID, password string) (<-chan struct{}, bool) {
			return enterDisplay(t, look(t, h, id).Console, password)
		},
		Seeds: func(t *testing.T, id model.ID) map[string][]byte { return seedsOf(t, h, id) },
		Kill:  func(t *testing.T, id model.ID) { must(t, syscall.Kill(qemuPID(t, id), syscall.SIGKILL)) },
		Cut:   func(*testing.T) { line.cut() },
	})
}

// newMAC makes an address out of an id.
func newMAC(id model.ID) string {
	return fmt.Sprintf("52:54:00:%s:%s:%s", id[0:2], id[2:4], id[4:6])
}

// newBridges makes two bridges that nothing else is connected to; a session has none.
func newBridges(t *testing.T, h *hypervisor) [2]string {
	t.Helper()
	var names [2]string
	if h.profile.session || os.Getuid() != 0 {
		return names
	}
	for i := range names {
		names[i] = fmt.Sprintf("vireot%d-%d", os.Getpid()%100000, i)
		for _, words := range [][]string{{"add", names[i], "type", "bridge"}, {"set", names[i], "up"}} {
			if output, err := exec.CommandContext(testContext(t), "ip", append([]string{"link"}, words...)...).CombinedOutput(); err != nil {
				t.Fatalf("making a bridge: %v: %s", err, output)
			}
			if words[0] == "add" {
				t.Cleanup(func() {
					if output, err := exec.Command("ip", "link", "del", names[i]).CombinedOutput(); err != nil {
						t.Errorf("removing a bridge: %v: %s", err, output)
					}
				})
			}
		}
	}
	return names
}

// newDisk makes an empty image of 64 MiB that QEMU may write.
func newDisk(t *testing.T, h *hypervisor, format model.DiskFormat) host.DiskSpec {
	t.Helper()
	disk := host.DiskSpec{
		ID: model.NewID(), Path: filepath.Join(imageFolder(t), "image"), Format: format, Interface: model.DiskVirtio,
	}
	output, err := exec.CommandContext(testContext(t), "qemu-img", "create", "-q", "-f", imageFormat(format), disk.Path, "64M").CombinedOutput()
	if err != nil {
		t.Fatalf("making an image: %v: %s", err, output)
	}
	give(t, h, disk.Path)
	return disk
}

// above makes an image on top of another one, which it names without its folder.
func above(t *testing.T, h *hypervisor, disk host.DiskSpec) host.DiskSpec {
	t.Helper()
	upper := disk
	upper.Path, upper.Format = filepath.Join(filepath.Dir(disk.Path), string(model.NewID())), model.DiskCOW
	output, err := exec.CommandContext(testContext(t), "qemu-img", "create", "-q", "-u", "-f", "qcow2",
		"-b", filepath.Base(disk.Path), "-F", imageFormat(disk.Format), upper.Path, "64M").CombinedOutput()
	if err != nil {
		t.Fatalf("making an image: %v: %s", err, output)
	}
	give(t, h, upper.Path)
	return upper
}

// imageFolder is a folder that QEMU's user may enter, which t.TempDir is not.
func imageFolder(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for directory := folder; directory != filepath.Dir(os.TempDir()) && directory != os.TempDir(); directory = filepath.Dir(directory) {
		must(t, os.Chmod(directory, 0o711))
	}
	return folder
}

// give makes QEMU's user the owner of a file, as the engine does with its images.
func give(t *testing.T, h *hypervisor, path string) {
	t.Helper()
	uid, gid := h.profile.imageOwner()
	if uid >= 0 {
		must(t, os.Chown(path, uid, gid))
	}
	must(t, os.Chmod(path, 0o660))
}

func copyOf(t *testing.T, path string) string {
	t.Helper()
	from, err := os.Open(path)
	must(t, err)
	defer from.Close()
	to, err := os.Create(filepath.Join(imageFolder(t), "copy-"+filepath.Base(path)))
	must(t, err)
	_, err = io.Copy(to, from)
	must(t, err)
	must(t, to.Close())
	return to.Name()
}

// qemuPID finds the process of a guest by the UUID on its command line.
func qemuPID(t *testing.T, id model.ID) int {
	t.Helper()
	processes, err := filepath.Glob("/proc/[0-9]*/cmdline")
	must(t, err)
	for _, process := range processes {
		text, err := os.ReadFile(process)
		if err != nil || !strings.HasPrefix(string(text), "/usr/bin/qemu-system") || !strings.Contains(string(text), "-uuid\x00"+string(id)+"\x00") {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(process)))
		must(t, err)
		return pid
	}
	t.Fatalf("no QEMU runs the guest %s", id)
	return 0
}

// counter reads how far the small guest has counted; 0 while it has not begun.
func counter(t *testing.T, h *hypervisor, id model.ID) int64 {
	t.Helper()
	text, err := guestFileText(testContext(t), h, id, "/run/vireo/count")
	if err != nil {
		return 0
	}
	number, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil {
		return 0
	}
	return number
}

// guestFileText reads a file inside a guest through its agent.
func guestFileText(ctx context.Context, h *hypervisor, id model.ID, path string) (string, error) {
	answer, err := h.agent(ctx, id, "opening", "guest-file-open", map[string]string{"path": path}, agentTime)
	if err != nil {
		return "", err
	}
	var opened struct {
		Return int `json:"return"`
	}
	if err := json.Unmarshal(answer, &opened); err != nil {
		return "", err
	}
	defer h.agent(ctx, id, "closing", "guest-file-close", map[string]int{"handle": opened.Return}, agentTime)
	answer, err = h.agent(ctx, id, "reading", "guest-file-read", map[string]int{"handle": opened.Return}, agentTime)
	if err != nil {
		return "", err
	}
	var read struct {
		Return struct {
			Text string `json:"buf-b64"`
		} `json:"return"`
	}
	if err := json.Unmarshal(answer, &read); err != nil {
		return "", err
	}
	text, err := base64.StdEncoding.DecodeString(read.Return.Text)
	return string(text), err
}

// runInGuest runs a shell command inside a guest through its agent, without
// waiting for its end.
func runInGuest(t *testing.T, h *hypervisor, id model.ID, command string) {
	t.Helper()
	_, err := h.agent(testContext(t), id, "running", "guest-exec",
		map[string]any{"path": "/bin/sh", "arg": []string{"-c", command}}, agentTime)
	must(t, err)
}
