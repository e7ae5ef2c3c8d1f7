package fake

import (
	"hash/fnv"
	"net"
	"slices"
	"time"

	"vireo/internal/host"
	"vireo/internal/model"
)

// guest is a definition on a machine, with its QEMU while it has one. All
// methods want the world's lock held.
type guest struct {
	machine *Machine
	spec    host.GuestSpec
	ours    bool
	// autostart is what the mark of a guest that was adopted remembers of it.
	autostart bool

	// held says that libvirt is at other work on it (Hold).
	held bool

	state host.State
	pause host.Pause
	end   host.End

	disks []host.DiskSpec
	// sizes are the bytes of the disks that have grown in this run.
	sizes map[model.ID]int64
	// merges are those of volumes of disks that go on.
	merges map[model.ID]*merging
	// mirrors are those of disks that go on.
	mirrors map[model.ID]*mirroring
	nics    []host.NICSpec
	cdrom   string
	console model.Console
	// ticket opens the display; nil lets nobody in. viewers are those who were.
	ticket  *host.Ticket
	viewers []chan struct{}
	// streams lead to its consoles, typing to the serial one.
	streams []net.Conn
	typing  net.Conn
	// channel leads to the engine's own agent inside, which was told the lines in told.
	channel *channel
	beating beating
	told    []string

	// booted says that the software inside is up; agent that its channel is open.
	booted, agent bool
	// frozen says that its file systems are, so that it can write nothing: it does
	// not even come to its end.
	frozen bool
	// pressed is a power button that waits for the CPUs to run.
	pressed bool
	// doing is what the software inside is about to do; it stands still while
	// the CPUs do.
	doing *doing
	// reaper ends a QEMU whose guest has powered off.
	reaper *time.Timer
	// saving is a save that goes on.
	saving *saving
	// moving is a migration that goes on; moved how the last one ended, until the
	// guest is gone. there is set in what waits for a guest at its destination.
	moving *moving
	moved  *moved
	there  *moving
	// deaf says that the monitor hangs, since when; waiting is what it has not
	// heard yet.
	deaf    bool
	since   time.Time
	waiting []func()

	// cpu and uptime are the time the CPUs have run in this QEMU, and the time
	// the software inside has lived, both up to resumed.
	cpu, uptime time.Duration
	resumed     time.Time

	// life is the number of this QEMU in the journal, known what the guest knows of its
	// disk, and writing when it writes to it again.
	life    int
	known   int64
	writing *time.Timer
}

// doing is a deed that takes a while of the guest's own time.
type doing struct {
	left    time.Duration
	started time.Time
	timer   *time.Timer
	finish  func()
	leaving bool
}

// alive says that there is a QEMU.
func (g *guest) alive() bool { return g.state != host.Off }

// start gives the guest a QEMU. The state inside comes from saved when not nil.
func (g *guest) start(paused bool, saved *savedState) {
	w := g.machine.world
	g.halt()
	g.disks = slices.Clone(g.spec.Disks)
	g.sizes = make(map[model.ID]int64)
	g.merges = make(map[model.ID]*merging)
	g.mirrors = make(map[model.ID]*mirroring)
	g.nics = slices.Clone(g.spec.NICs)
	g.cdrom = g.spec.CDROM
	g.console = g.machine.openConsole(g.spec)
	g.ticket = nil
	g.machine.used += g.spec.Memory
	g.end, g.pause = "", ""
	g.cpu, g.uptime = 0, 0
	g.booted, g.agent, g.pressed, g.frozen = false, false, false, false
	g.told = nil
	g.state = host.Paused
	g.pause = host.PauseUser
	w.watchStart(g)
	g.openDisk(saved)
	g.emit(host.EventStarted, nil)
	if saved == nil || !saved.Booted {
		g.boot()
	} else {
		g.booted, g.uptime, g.frozen = true, saved.Uptime, saved.Frozen
	}
	if paused {
		g.emit(host.EventPaused, func(e *host.Event) { e.Pause = host.PauseUser })
	} else {
		g.run()
	}
	if g.booted {
		g.openAgent()
	}
}

// boot lets the software inside come up.
func (g *guest) boot() {
	behavior := g.machine.world.behavior(g)
	if g.state == host.Running {
		g.cpu += time.Since(g.resumed)
		g.resumed = time.Now()
	}
	g.booted, g.uptime, g.frozen = false, 0, false
	g.do(either(behavior.AgentDelay, g.machine.world.options.AgentDelay), false, func() {
		g.booted = true
		g.openAgent()
		g.talk()
	})
}

func (g *guest) openAgent() {
	if !g.agent && !g.machine.world.behavior(g).NoAgent {
		g.agent = true
		g.emit(host.EventAgentConnected, nil)
	}
}

func (g *guest) closeAgent() {
	if g.agent {
		g.agent = false
		g.emit(host.EventAgentDisconnected, nil)
	}
}

// leave lets the software inside go down and then does what comes after that.
func (g *guest) leave(then func()) {
	if g.doing != nil && g.doing.leaving {
		return // on its way already
	}
	behavior := g.machine.world.behavior(g)
	g.do(either(behavior.ShutdownDelay, g.machine.world.options.ShutdownDelay), true, then)
}

// powerOff is the end of the software inside; QEMU lingers a little.
func (g *guest) powerOff() {
	w := g.machine.world
	g.stopCPUs()
	g.stopDoing()
	g.closeAgent()
	g.state, g.pause = host.ShuttingDown, ""
	g.emit(host.EventShuttingDown, nil)
	g.reaper = w.after(w.options.ReapDelay, func() {
		if g.state == host.ShuttingDown {
			g.quit(host.EndShutdown, true)
		}
	})
}

// reset restarts the software inside the same QEMU.
func (g *guest) reset() {
	g.closeAgent()
	g.emit(host.EventReset, nil)
	g.boot()
}

// quit is the end of QEMU.
func (g *guest) quit(end host.End, tell bool) {
	if g.there != nil {
		g.there.leave(end)
		return
	}
	g.stopCPUs()
	g.state, g.pause, g.end = host.Off, "", end
	g.booted, g.agent, g.pressed, g.frozen = false, false, false, false
	g.halt()
	g.hear()
	g.machine.closeConsole(g.console)
	g.throwOff()
	g.hangUp()
	g.endChannel()
	g.machine.used -= g.spec.Memory
	g.console = model.Console{}
	g.machine.world.watchEnd(g)
	g.closeDisk(end)
	if tell {
		g.emit(host.EventStopped, func(e *host.Event) { e.End = end })
	}
}

// halt stops everything that would happen later.
func (g *guest) halt() {
	g.stopDoing()
	if g.reaper != nil {
		g.reaper.Stop()
		g.reaper = nil
	}
	if g.saving != nil {
		g.saving.abort()
	}
	if g.moving != nil {
		g.moving.fail("the guest has ended")
	}
}

// hear makes a hung monitor answer.
func (g *guest) hear() {
	waiting := g.waiting
	g.deaf, g.waiting = false, nil
	for _, do := range waiting {
		do()
	}
}

// run lets the CPUs run.
func (g *guest) run() {
	if !g.takeLease(g.machine) {
		return // it stays paused
	}
	g.state, g.pause = host.Running, ""
	g.resumed = time.Now()
	g.write()
	if g.state != host.Running {
		return // it could not write
	}
	if g.doing != nil {
		g.schedule(g.doing)
	}
	if g.pressed {
		g.pressed = false
		g.button(g.powerOff)
	}
}

// stopCPUs takes the time that the CPUs have run; the caller sets the state.
func (g *guest) stopCPUs() {
	if g.state != host.Running {
		return
	}
	g.stopWriting()
	g.dropLease()
	ran := time.Since(g.resumed)
	g.cpu += ran
	g.uptime += ran
	if d := g.doing; d != nil && d.timer != nil {
		d.timer.Stop()
		d.left -= time.Since(d.started)
	}
}

// hold stops the CPUs for a reason.
func (g *guest) hold(reason host.Pause, more func(*host.Event)) {
	g.stopCPUs()
	g.state, g.pause = host.Paused, reason
	g.emit(host.EventPaused, func(e *host.Event) {
		e.Pause = reason
		if more != nil {
			more(e)
		}
	})
}

// button is the ACPI power button (or a reset by ACPI): lost while the guest
// boots, kept while its CPUs stand, and of no use while its disks are frozen.
func (g *guest) button(then func()) {
	switch {
	case g.machine.world.behavior(g).IgnorePower || g.frozen:
	case g.state == host.Paused:
		g.pressed = true
	case g.state == host.Running && g.booted:
		g.leave(then)
	}
}

func (g *guest) do(delay time.Duration, leaving bool, finish func()) {
	g.stopDoing()
	g.doing = &doing{left: delay, leaving: leaving, finish: finish}
	if g.state == host.Running {
		g.schedule(g.doing)
	}
}

func (g *guest) schedule(d *doing) {
	d.started = time.Now()
	d.timer = g.machine.world.after(d.left, func() {
		if g.doing == d && g.state == host.Running {
			g.doing = nil
			d.finish()
		}
	})
}

func (g *guest) stopDoing() {
	if g.doing != nil && g.doing.timer != nil {
		g.doing.timer.Stop()
	}
	g.doing = nil
}

// times are the time of the CPUs in this QEMU and of the software inside.
func (g *guest) times() (cpu, uptime time.Duration) {
	cpu, uptime = g.cpu, g.uptime
	if g.state == host.Running {
		cpu += time.Since(g.resumed)
		uptime += time.Since(g.resumed)
	}
	return cpu, uptime
}

func (g *guest) emit(kind host.EventKind, more func(*host.Event)) {
	e := host.Event{Guest: g.spec.ID, Kind: kind}
	if more != nil {
		more(&e)
	}
	g.machine.emit(e)
}

// show is what the machine says of the guest.
func (g *guest) show() host.Guest {
	out := host.Guest{
		ID:             g.spec.ID,
		Name:           g.spec.Name,
		State:          g.state,
		Pause:          g.pause,
		End:            g.end,
		Ours:           g.ours,
		Console:        g.console,
		CDROM:          g.cdrom,
		AgentConnected: g.agent,
		Memory:         g.spec.Memory,
		CPUs:           g.spec.Topology.Count(),
	}
	g.halves(&out)
	if g.ours {
		out.Engine, out.Epoch, out.Given = g.spec.Engine, g.spec.Epoch, model.Clone(&g.spec).Given
	}
	if g.alive() {
		out.DisplayType = g.spec.Display
	}
	return out
}

// number is a number that belongs to the guest, for made-up figures.
func (g *guest) number() uint32 {
	h := fnv.New32a()
	h.Write([]byte(g.spec.ID))
	return h.Sum32()
}

func either(own, general time.Duration) time.Duration {
	if own != 0 {
		return own
	}
	return general
}
