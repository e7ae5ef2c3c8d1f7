package fake

import (
	"slices"
	"time"

	"vireo/internal/host"
	"vireo/internal/model"
)

// writePause is how often a guest writes to its disk in a world that keeps a journal.
const writePause = 10 * time.Second

// EntryKind says what a guest has done with its disk.
type EntryKind string

// The kinds of entries.
const (
	// DiskOpened: a QEMU has begun. DiskClosed: it has ended.
	DiskOpened EntryKind = "opened"
	DiskClosed EntryKind = "closed"
	// DiskForgotten: its machine has crashed, or was cut off from the storage, and nobody
	// says why the QEMU has ended that ran there last.
	DiskForgotten EntryKind = "forgotten"
	// DiskBarred: its machine was cut off from the storage, so that the QEMU, which lives,
	// cannot write to it. DiskBack: that has ended, and it can.
	DiskBarred EntryKind = "barred"
	DiskBack   EntryKind = "back"
	// DiskWritten: the guest has written, and believed that the disk was as it knew it.
	DiskWritten EntryKind = "written"
)

// Entry is one thing that a guest has done with the disk that is its own, as it truly
// happened, whoever has heard of it. The disk is a number, and the guest keeps what it
// knows of it in its memory, which a saved state has too: it reads it when it boots, and
// writes the next one at times.
type Entry struct {
	Kind  EntryKind
	Guest model.ID
	// Life counts the QEMUs of the world, from 1 on. One that goes to another machine
	// stays the same.
	Life int
	// Host is the address of the machine.
	Host string
	// Known is what the guest knew of the disk when it wrote to it: it wrote Known + 1.
	Known int64
	// End is how the QEMU has ended.
	End host.End
	// Tick is when, on [World.Tick].
	Tick int64
}

// journal is what a world writes down whose Options want it.
type journal struct {
	entries []Entry
	disks   map[model.ID]int64
	lives   int
	tick    int64
}

// Journal is all that the guests have done with their disks, in order; nothing unless
// Options.Journal is set.
func (w *World) Journal() []Entry {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.journal == nil {
		return nil
	}
	return slices.Clone(w.journal.entries)
}

// Tick is the next moment of the journal's clock, which goes on with each entry and each
// question: what is done between two ticks happened between them.
func (w *World) Tick() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.journal == nil {
		return 0
	}
	w.journal.tick++
	return w.journal.tick
}

func (g *guest) enter(kind EntryKind, end host.End) {
	j := g.machine.world.journal
	j.tick++
	j.entries = append(j.entries, Entry{
		Kind: kind, Guest: g.spec.ID, Life: g.life, Host: g.machine.address, Known: g.known, End: end, Tick: j.tick,
	})
}

// openDisk begins a life: with what is on the disk, or with the memory of a saved state.
func (g *guest) openDisk(saved *savedState) {
	j := g.machine.world.journal
	if j == nil {
		return
	}
	j.lives++
	g.life, g.known = j.lives, j.disks[g.spec.ID]
	if saved != nil {
		g.known = saved.Known
	}
	g.enter(DiskOpened, "")
}

// closeDisk ends a life.
func (g *guest) closeDisk(end host.End) {
	if g.life != 0 && !g.machine.barred {
		g.enter(DiskClosed, end)
	}
	g.life = 0
}

// forget enters that nobody knows any more why the guest has ended.
func (g *guest) forget() {
	if g.machine.world.journal != nil {
		g.enter(DiskForgotten, "")
	}
}

// write writes now, and again as long as the CPUs run.
func (g *guest) write() {
	if g.life == 0 {
		return
	}
	if g.machine.barred {
		g.emit(host.EventIOError, func(e *host.Event) { e.Pause = host.PauseIO })
		g.hold(host.PauseIO, nil)
		return
	}
	g.enter(DiskWritten, "")
	g.known++
	g.machine.world.journal.disks[g.spec.ID] = g.known
	g.stopWriting()
	g.writing = g.machine.world.after(writePause, func() {
		if g.state == host.Running {
			g.write()
		}
	})
}

func (g *guest) stopWriting() {
	if g.writing != nil {
		g.writing.Stop()
		g.writing = nil
	}
}
