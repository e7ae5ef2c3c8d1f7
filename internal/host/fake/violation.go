package fake

import (
	"fmt"
	"os"

	"vireo/internal/host"
)

// Violations are the sentences for what must never happen and did: a guest that
// ran twice at once, a disk with two writers, a start with an older epoch than
// an earlier one, a fresh boot beside a saved state that was still there, and a
// saved state that was let run twice.
func (w *World) Violations() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.violations...)
}

func (w *World) violated(format string, args ...any) {
	w.violations = append(w.violations, fmt.Sprintf(format, args...))
}

// watchStart judges the start of a QEMU and remembers it.
func (w *World) watchStart(g *guest) {
	id := g.spec.ID
	if other := w.running[id]; other != nil && other != g && !other.machine.barred {
		w.violated("guest %s (%s) was started on %s while it ran on %s", g.spec.Name, id, g.machine.address, other.machine.address)
	}
	w.running[id] = g
	if g.ours {
		if g.spec.Epoch < w.epochs[id] {
			w.violated("guest %s (%s) was started with epoch %d after epoch %d", g.spec.Name, id, g.spec.Epoch, w.epochs[id])
		}
		w.epochs[id] = max(w.epochs[id], g.spec.Epoch)
	}
	for _, disk := range g.disks {
		w.watchWriter(g, disk)
	}
}

// watchReturn judges that the machine of a QEMU is let back to the storage.
func (w *World) watchReturn(g *guest) {
	id := g.spec.ID
	if other := w.running[id]; other != nil && other != g {
		w.violated("guest %s (%s) was let back to its storage on %s while it ran on %s", g.spec.Name, id, g.machine.address, other.machine.address)
	}
	w.running[id] = g
}

// watchFreshBoot judges a boot that is no restore.
func (w *World) watchFreshBoot(g *guest) {
	path := w.savedOf[g.spec.ID]
	s := w.saved[path]
	if s == nil || s.used || !s.onDisk {
		return
	}
	if _, err := os.Stat(path); err == nil {
		w.violated("guest %s (%s) was booted afresh while its saved state was at %s", g.spec.Name, g.spec.ID, path)
	}
}

func (w *World) watchWriter(g *guest, disk host.DiskSpec) {
	if disk.ReadOnly || disk.Shareable || disk.Path == "" {
		return
	}
	if other := w.writers[disk.Path]; other != nil && other != g && !other.machine.barred {
		w.violated("disk %s was opened by guest %s on %s while guest %s on %s had it", disk.Path,
			g.spec.Name, g.machine.address, other.spec.Name, other.machine.address)
	}
	w.writers[disk.Path] = g
}

// watchEnd forgets a QEMU that is gone.
func (w *World) watchEnd(g *guest) {
	if w.running[g.spec.ID] == g {
		delete(w.running, g.spec.ID)
	}
	for _, disk := range g.disks {
		w.dropWriter(g, disk)
	}
}

func (w *World) dropWriter(g *guest, disk host.DiskSpec) {
	if w.writers[disk.Path] == g {
		delete(w.writers, disk.Path)
	}
}
