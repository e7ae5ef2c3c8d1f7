package e2e

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// busyKernel is the guest that does nothing but write to its memory (busy/guest.S).
const busyKernel = "busy.elf"

// createBusy makes a VM that writes to 32 MiB of its memory all the time, faster than any
// link carries. It has no agent, and no kernel that could trip over what emulated guests
// lose in migrations (docs/decisions/migration.md).
func (e *engine) createBusy(t *testing.T) *vm {
	t.Helper()
	folder := t.TempDir()
	build := exec.Command("gcc", "-m32", "-nostdlib", "-static", "-no-pie", "-Wl,--build-id=none,-Ttext=0x100000,-e,_start",
		"-o", filepath.Join(folder, busyKernel), filepath.Join("busy", "guest.S"))
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the busy guest: %v: %s", err, output)
	}
	e.putISO(t, folder, busyKernel)
	v := e.create(t)
	e.call(t, "PUT", v.path(), "<vm><os><kernel>iso://"+busyKernel+"</kernel><initrd></initrd><cmdline></cmdline></os></vm>")
	return v
}

// memory is what the busy guest has in its memory: when it was started, how many rounds it
// has gone, and how many pages it has found with another number than it wrote there.
type memory struct{ born, rounds, lost uint32 }

// memory reads it through the monitor of QEMU. Of a guest whose memory is not all there
// nothing can be read.
func (h *farmHost) memory(id string) (memory, error) {
	var at uint64
	var m memory
	said, err := h.virsh("qemu-monitor-command", "--hmp", id, "xp /3dw 0x100100")
	if err == nil {
		_, err = fmt.Sscanf(strings.TrimSpace(said), "%x: %d %d %d", &at, &m.born, &m.rounds, &m.lost)
	}
	return m, err
}

// mayBeLost is how many pages the emulation is let lose: it does not always mark what it writes
// as changed. A migration that leaves memory behind loses them by the thousand.
const mayBeLost = 16

// goesOn wants the guest that was started then to run on a host, and to go on.
func (h *farmHost) goesOn(t *testing.T, id string, before memory) memory {
	t.Helper()
	var now memory
	eventually(t, "the guest to go on at "+h.name, func() (bool, string) {
		said, err := h.memory(id)
		if err == nil && now.born == 0 {
			now = said
		}
		return err == nil && said.rounds > now.rounds, fmt.Sprint(said, err)
	})
	if before.born != 0 && now.born != before.born || now.rounds < before.rounds {
		t.Errorf("it was at %+v and is at %+v", before, now)
	}
	if lost := now.lost - before.lost; before.born != 0 && lost > mayBeLost {
		t.Errorf("%d pages were not as the guest had left them", lost)
	}
	return now
}
