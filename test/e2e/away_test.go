package e2e

import (
	"slices"
	"strings"
	"syscall"
	"testing"
)

// TestWhileAway lets guests end in different ways while no engine is there. The
// next one tells them apart.
func TestWhileAway(t *testing.T) {
	t.Parallel()
	e := newEngine(t, system, nil)
	t.Run("off, killed and panicked", func(t *testing.T) {
		off, killed, panicked := e.create(t), e.create(t), e.create(t)
		for _, v := range []*vm{off, killed, panicked} {
			v.up(t)
		}
		// Its kernel can tell of a panic when it has loaded the driver for that.
		panicked.inside(t, "while [ ! -e /run/vireo/hardware ]; do sleep 1; done")
		e.kill(t)
		off.leave(t, "poweroff -f")
		panicked.leave(t, "echo c >/proc/sysrq-trigger")
		if err := syscall.Kill(killed.running(t), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		off.is(t, "shut off (shutdown)")
		killed.is(t, "shut off (crashed)")
		panicked.is(t, "crashed (panicked)")
		e.start(t)
		off.await(t, "down")
		killed.await(t, "down")
		panicked.await(t, "paused")
		off.told(t, "61")
		killed.told(t, "119")
		panicked.panicked(t)
		for _, v := range []*vm{off, killed} {
			v.gone(t)
			v.remove(t)
		}
		panicked.act(t, "stop")
		panicked.await(t, "down")
	})
	t.Run("highly available", func(t *testing.T) { highlyAvailableAway(t, e) })
	t.Run("destroyed, paused and untouched", func(t *testing.T) {
		destroyed, paused, untouched := e.create(t), e.create(t), e.create(t)
		for _, v := range []*vm{destroyed, paused, untouched} {
			v.up(t)
		}
		qemu, counted := untouched.running(t), untouched.count(t)
		e.stop(t)
		e.daemon.must(t, "destroy", destroyed.id)
		e.daemon.must(t, "suspend", paused.id)
		e.start(t)
		destroyed.await(t, "down")
		paused.await(t, "paused")
		destroyed.told(t, "61")
		paused.told(t, "1025")
		untouched.await(t, "up")
		if now := untouched.running(t); now != qemu {
			t.Errorf("QEMU was process %d and is %d", qemu, now)
		}
		if again := untouched.count(t); again < counted {
			t.Errorf("the guest had counted to %d and is at %d", counted, again)
		}
		paused.act(t, "stop")
		paused.await(t, "down")
		untouched.act(t, "shutdown")
		untouched.await(t, "down")
	})
}

// highlyAvailableAway: of highly available VMs the one that its user has shut down stays
// so, and the one whose QEMU has died runs again.
func highlyAvailableAway(t *testing.T, e *engine) {
	off, killed := e.create(t), e.create(t)
	for _, v := range []*vm{off, killed} {
		e.call(t, "PUT", v.path(), "<vm><high_availability><enabled>true</enabled></high_availability></vm>")
		v.up(t)
	}
	qemu := killed.running(t)
	e.kill(t)
	off.leave(t, "poweroff -f")
	if err := syscall.Kill(qemu, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	off.is(t, "shut off (shutdown)")
	killed.is(t, "shut off (crashed)")
	e.start(t)
	off.await(t, "down")
	killed.told(t, "119", "9602")
	killed.await(t, "up")
	if now := killed.running(t); now == qemu {
		t.Errorf("it runs in process %d", now)
	}
	// By now the other one would have been started, too.
	off.gone(t)
	if codes := off.events(t); off.status(t) != "down" || slices.Contains(codes, "9602") || !slices.Contains(codes, "61") {
		t.Errorf("it is %s, with the events %v", off.status(t), codes)
	}
	killed.act(t, "stop")
	killed.await(t, "down")
}

// is waits until libvirt says this of the guest.
func (v *vm) is(t *testing.T, state string) {
	t.Helper()
	eventually(t, v.name+" to be "+state, func() (bool, string) {
		now := v.e.daemon.state(v.id)
		return strings.HasPrefix(now, state), "it is " + now
	})
}
