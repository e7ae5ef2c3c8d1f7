package e2e

import (
	"bufio"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestTruth lets things happen to a guest that the engine did not ask for.
func TestTruth(t *testing.T) {
	t.Parallel()
	e := newEngine(t, system, nil)
	for _, scene := range []struct {
		name string
		play func(*testing.T, *engine)
	}{
		{"powers itself off", guestPowersOff},
		{"reboots itself", guestReboots},
		{"QEMU is killed", qemuKilled},
		{"QEMU hangs", qemuHangs},
		{"kernel panics", guestPanics},
		{"paused, resumed and destroyed by somebody", behindOurBack},
		{"ignores shutdown and reboot", ignoresRequests},
		{"has no agent", withoutAgent},
		{"stopped while it starts and while it is restored", stoppedMeanwhile},
	} {
		t.Run(scene.name, func(t *testing.T) { scene.play(t, e) })
	}
}

// stopped tells when libvirt's event says that a guest has stopped.
func (d *daemon) stopped(t *testing.T, id string) <-chan time.Time {
	t.Helper()
	watch := exec.Command("stdbuf", "-oL", "virsh", "--connect", d.address, "event", "--domain", id,
		"--event", "lifecycle", "--loop")
	output, err := watch.StdoutPipe()
	if err == nil {
		err = watch.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	at := make(chan time.Time, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		lines := bufio.NewScanner(output)
		for lines.Scan() {
			if strings.Contains(lines.Text(), "Stopped") {
				at <- time.Now()
				return
			}
		}
	}()
	t.Cleanup(func() {
		_ = watch.Process.Kill()
		<-done
		_ = watch.Wait()
	})
	return at
}

func guestPowersOff(t *testing.T, e *engine) {
	v := e.create(t)
	v.up(t)
	stopped := e.daemon.stopped(t, v.id)
	followed := v.follow(t)
	v.leave(t, "poweroff -f")
	v.await(t, "down")
	seen := followed.end()
	// powering_down lasts as long as QEMU needs to end, which may be less than
	// the time between two looks; that it is entered is shown on the fake host.
	passed(t, seen, "up", "down")
	down, _ := find(seen, "down")
	if down.qemus != 0 {
		t.Error("it was down while QEMU was there")
	}
	if late := down.at.Sub(<-stopped); late > time.Second {
		t.Errorf("it was down %v after libvirt's event", late)
	} else {
		t.Logf("down %v after libvirt's event", late)
	}
	v.gone(t)
	v.told(t, "61")
	v.remove(t)
}

func (v *vm) remove(t *testing.T) {
	t.Helper()
	v.e.call(t, "DELETE", v.path(), "")
}

func guestReboots(t *testing.T, e *engine) {
	v := e.create(t)
	v.up(t)
	before := v.running(t)
	followed := v.follow(t)
	v.leave(t, "reboot -f")
	v.await(t, "reboot_in_progress")
	v.await(t, "up")
	passed(t, followed.end(), "up", "reboot_in_progress", "up")
	if after := v.running(t); after != before {
		t.Errorf("QEMU was process %d and is %d", before, after)
	}
	v.told(t, "20009")
	v.act(t, "stop")
	v.await(t, "down")
	v.remove(t)
}

func qemuKilled(t *testing.T, e *engine) {
	v := e.create(t)
	v.up(t)
	if err := syscall.Kill(v.running(t), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	v.await(t, "down")
	v.gone(t)
	v.told(t, "119")
	// It can be started at once.
	v.up(t)
	v.act(t, "stop")
	v.await(t, "down")
	v.remove(t)
}

// qemuHangs: a QEMU that does not answer is not_responding, its VM can be stopped
// then, and is up again when it answers.
func qemuHangs(t *testing.T, e *engine) {
	v := e.create(t)
	v.up(t)
	other := e.create(t)
	other.up(t)
	qemu := v.running(t)
	if err := syscall.Kill(qemu, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	defer syscall.Kill(qemu, syscall.SIGCONT)
	v.await(t, "not_responding")
	v.told(t, "126")
	if status := other.status(t); status != "up" {
		t.Errorf("the other guest is %s", status)
	}
	// A guest that hangs hides no other.
	started := time.Now()
	other.act(t, "stop")
	other.await(t, "down")
	t.Logf("stopping another guest took %v", time.Since(started))
	other.remove(t)
	if err := syscall.Kill(qemu, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	v.await(t, "up")

	if err := syscall.Kill(qemu, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	v.await(t, "not_responding")
	v.act(t, "stop")
	v.await(t, "down")
	v.gone(t)
	v.remove(t)
}

// guestPanics: a panic is told as one. The guest is kept, so that its screen can
// be read, until somebody stops it.
func guestPanics(t *testing.T, e *engine) {
	v := e.create(t, "vireo.panic_after=4")
	v.act(t, "start")
	v.await(t, "paused")
	v.panicked(t)
	e.refused(t, 409, "POST", v.path()+"/suspend", "<action/>")
	v.act(t, "stop")
	v.await(t, "down")
	v.gone(t)
	v.remove(t)
}

// panicked checks what is said of a guest whose kernel has panicked.
func (v *vm) panicked(t *testing.T) {
	t.Helper()
	if detail := v.get(t).text("status/detail"); detail != "eother" {
		t.Errorf("the detail of the pause is %q", detail)
	}
	v.told(t, "20002")
	if state := v.e.daemon.state(v.id); state != "crashed (panicked)" {
		t.Errorf("libvirt says %s", state)
	}
}

func behindOurBack(t *testing.T, e *engine) {
	v := e.create(t)
	v.up(t)
	e.daemon.must(t, "suspend", v.id)
	v.await(t, "paused")
	v.told(t, "1025")
	if detail := v.get(t).text("status/detail"); detail != "none" {
		t.Errorf("the detail of the pause is %q", detail)
	}
	e.daemon.must(t, "resume", v.id)
	v.await(t, "up")
	e.daemon.must(t, "suspend", v.id)
	v.await(t, "paused")
	v.act(t, "start")
	v.await(t, "up")
	if state := e.daemon.state(v.id); !strings.HasPrefix(state, "running") {
		t.Errorf("it is up, and libvirt says %s", state)
	}
	e.daemon.must(t, "destroy", v.id)
	v.await(t, "down")
	v.gone(t)
	v.told(t, "61")
	v.remove(t)
}

// ignoresRequests: a guest that ignores agent and power button is never killed.
func ignoresRequests(t *testing.T, e *engine) {
	e.lower(t, "VmPoweringDownTimeout", "8s")
	e.lower(t, "VmRebootTimeout", "8s")
	v := e.create(t, "vireo.ignore_power")
	v.up(t)
	qemu := v.running(t)
	followed := v.follow(t)
	v.act(t, "shutdown")
	v.await(t, "powering_down")
	v.await(t, "up")
	passed(t, followed.end(), "up", "powering_down", "up")
	v.told(t, "73", "147")
	v.act(t, "reboot")
	v.await(t, "reboot_in_progress")
	v.await(t, "up")
	v.told(t, "157", "158")
	if now := v.running(t); now != qemu {
		t.Errorf("QEMU was process %d and is %d", qemu, now)
	}
	if v.count(t) == 0 {
		t.Error("the guest does not count")
	}
	// When it listens again, a shutdown ends it.
	e.set(t, "VmPoweringDownTimeout", quick["VmPoweringDownTimeout"])
	v.inside(t, "rm /run/vireo/ignore_power")
	v.act(t, "shutdown")
	v.await(t, "down")
	v.gone(t)
	v.remove(t)
}

// withoutAgent: up by the time limit, and shut down by the power button.
func withoutAgent(t *testing.T, e *engine) {
	e.lower(t, "GuestAgentStartupTimeout", "2s")
	v := e.create(t, "vireo.no_agent")
	followed := v.follow(t)
	v.act(t, "start")
	v.await(t, "up")
	seen := followed.end()
	passed(t, seen, "wait_for_launch", "powering_up", "up")
	if v.get(t).has("guest_info/fqdn") {
		t.Error("a guest without an agent has told its name")
	}
	// A power button that is pressed while the guest boots is lost.
	v.counts(t)
	v.act(t, "shutdown")
	v.await(t, "down")
	v.gone(t)
	v.remove(t)
}

// stoppedMeanwhile: a start that is on its way can be stopped; a restore holds on.
func stoppedMeanwhile(t *testing.T, e *engine) {
	v := e.create(t)
	for _, delay := range []time.Duration{20 * time.Millisecond, 150 * time.Millisecond, 300 * time.Millisecond} {
		asked := make(chan struct{})
		go func() {
			defer close(asked)
			_, _ = e.try("POST", v.path()+"/start", "<action/>")
		}()
		<-time.After(delay)
		v.await(t, "wait_for_launch", "powering_up")
		v.act(t, "stop")
		<-asked
		v.await(t, "down")
		v.gone(t)
	}
	v.up(t)
	v.act(t, "suspend")
	v.await(t, "suspended")
	v.act(t, "start", "<async>true</async>")
	if said := e.ask(t, "POST", v.path()+"/stop", "<action/>"); said.code != 409 && said.code != 200 {
		t.Errorf("stopping a VM that is being restored was answered %d: %s", said.code, said.text)
	}
	v.await(t, "up", "down")
	v.act(t, "stop")
	v.await(t, "down")
	v.gone(t)
	v.remove(t)
}
