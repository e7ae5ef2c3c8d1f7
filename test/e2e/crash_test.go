package e2e

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// crashes are the actions during which the engine dies, with what makes the VM
// ready for them. Points are the steps of their jobs.
var crashes = []struct {
	name   string
	from   []string // actions that lead there from down
	action string
	body   string // empty is a plain action
	points []string
	// ends are the statuses of which one must be reached without more being asked.
	ends []string
	// always is played in make test, too.
	always []string
}{
	{
		name: "start", action: "start", points: []string{"launch/boot"}, ends: []string{"up"},
		always: []string{"launch/boot/done"},
	},
	{
		name: "stateless start", action: "start", body: "<action>" + runStateless + "</action>",
		points: []string{"stateless/overlay", "stateless/boot"}, ends: []string{"up"},
		always: []string{"stateless/overlay/done", "stateless/boot/done"},
	},
	{name: "continue", from: []string{"pause"}, action: "start", points: []string{"continue/resume"}, ends: []string{"up"}},
	{
		name: "suspend", from: []string{"start"}, action: "suspend",
		points: []string{"save/prepare", "save/save", "save/forget"}, ends: []string{"suspended"},
		always: []string{"save/save", "save/save/done"},
	},
	{
		name: "restore", from: []string{"start", "suspend"}, action: "start",
		points: []string{"restore/restore", "restore/drop"}, ends: []string{"up"},
		always: []string{"restore/restore/done", "restore/drop"},
	},
	{
		name: "stop", from: []string{"start"}, action: "stop",
		points: []string{"destroy/destroy", "destroy/forget"}, ends: []string{"down"},
		always: []string{"destroy/destroy/done"},
	},
	{
		name: "stop suspended", from: []string{"start", "suspend"}, action: "stop",
		points: []string{"drop/drop"}, ends: []string{"down"},
	},
	{
		name: "shutdown", from: []string{"start"}, action: "shutdown",
		points: []string{"ask/ask"}, ends: []string{"down", "up"},
	},
	{
		name: "shutdown by force", from: []string{"pause"}, action: "shutdown",
		points: []string{"force/destroy", "force/forget"}, ends: []string{"down"},
	},
	{
		name: "reboot", from: []string{"start"}, action: "reboot",
		points: []string{"ask/ask"}, ends: []string{"up"}, always: []string{"ask/ask/done"},
	},
}

// crashOptions let a VM be up soon: what its guest does is not the matter here.
var crashOptions = map[string]string{
	"GuestAgentStartupTimeout": "1s", "VmPoweringDownTimeout": "5s", "VmRebootTimeout": "5s",
}

// TestEngineDiesAtSteps kills the engine at the steps of its jobs, before and
// after their work, and starts it again.
func TestEngineDiesAtSteps(t *testing.T) {
	t.Parallel()
	e := newEngine(t, system, crashOptions)
	v := e.create(t)
	disk := v.addDisk(t, "16777216")
	for _, crash := range crashes {
		for _, step := range crash.points {
			for _, point := range []string{step, step + "/done"} {
				if !soak && !slices.Contains(crash.always, point) {
					continue
				}
				t.Run(crash.name+" at "+point, func(t *testing.T) {
					v.bring(t, crash.from)
					e.stop(t)
					e.start(t, "VIREO_CRASH_AT="+point)
					e.awaitHost(t, "up")
					v.dies(t, crash.action, crash.body)
					e.start(t)
					v.recovers(t, crash.ends)
					e.noOverlays(t, disk)
				})
			}
		}
	}
	for _, point := range []string{"launch/boot/undo", "launch/boot/undo/done"} {
		t.Run("start that fails at "+point, func(t *testing.T) { diesInUndo(t, v, point, "") })
	}
	t.Run("stateless start that fails", func(t *testing.T) {
		diesInUndo(t, v, "stateless/boot/undo", "<action>"+runStateless+"</action>")
		e.noOverlays(t, disk)
	})
}

// TestEngineDiesAnywhere kills the engine at moments that nobody has chosen.
func TestEngineDiesAnywhere(t *testing.T) {
	t.Parallel()
	e := newEngine(t, system, crashOptions)
	v := e.create(t)
	disk := v.addDisk(t, "16777216")
	rounds := 1
	if soak {
		rounds = 40
	}
	for range rounds {
		for _, crash := range crashes {
			if !soak && slices.Contains([]string{"continue", "stop suspended", "shutdown by force"}, crash.name) {
				continue
			}
			delay := rand.N(600 * time.Millisecond)
			t.Run(fmt.Sprintf("%s, %v", crash.name, delay), func(t *testing.T) {
				v.bring(t, crash.from)
				asked := make(chan struct{})
				go func() {
					defer close(asked)
					_, _ = e.try("POST", v.path()+"/"+crash.action, cmp.Or(crash.body, "<action/>"))
				}()
				<-time.After(delay)
				e.kill(t)
				<-asked
				e.start(t)
				v.recovers(t, nil)
				e.noOverlays(t, disk)
			})
		}
	}
}

// bring makes the VM ready, from down.
func (v *vm) bring(t *testing.T, actions []string) {
	t.Helper()
	for _, action := range actions {
		switch action {
		case "start":
			v.up(t)
		case "pause":
			v.act(t, "start", "<pause>true</pause>")
			v.await(t, "paused")
		case "suspend":
			v.act(t, "suspend")
			v.await(t, "suspended")
		}
	}
}

// dies asks for an action during which the engine kills itself.
func (v *vm) dies(t *testing.T, action, body string) {
	t.Helper()
	// Whether there is an answer before the end depends on the action.
	_, _ = v.e.try("POST", v.path()+"/"+action, cmp.Or(body, "<action/>"))
	v.e.awaitEnd(t)
	exit, ok := errors.AsType[*exec.ExitError](v.e.run.err)
	if !ok || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the engine has not died there: %v", v.e.run.err)
	}
}

// recovers checks what must be so after an engine that was killed is back: within
// 5 s the VM's status is true; then its action is finished or undone and nothing
// holds it, so that it can be stopped; it never has two QEMU processes.
func (v *vm) recovers(t *testing.T, ends []string) {
	t.Helper()
	back := time.Now()
	within(t, 5*time.Second, v.name+" to be what it is said to be", v.isTrue)
	truth := time.Since(back)
	eventually(t, "the end of jobs", func() (bool, string) {
		for _, job := range v.e.call(t, "GET", "/jobs", "").body.all("job") {
			if job.text("status/state") == "STARTED" {
				return false, job.text("description") + " goes on"
			}
		}
		return true, ""
	})
	t.Logf("a true status after %v, no job after %v", truth.Round(time.Millisecond), time.Since(back).Round(time.Millisecond))
	if ends != nil {
		v.await(t, ends...)
		if so, how := v.isTrue(); !so {
			t.Error(how)
		}
	}
	v.act(t, "stop", "<async>false</async>")
	v.await(t, "down")
	v.gone(t)
}

// isTrue compares what the API says with what libvirt and the machine say.
func (v *vm) isTrue() (bool, string) {
	said, err := v.e.try("GET", v.path(), "")
	status := said.body.text("status/state")
	state, processes := v.e.daemon.state(v.id), len(qemus(v.id))
	how := fmt.Sprintf("it is %s; libvirt says %s; there are %d QEMU processes", status, state, processes)
	if err != nil || processes > 1 {
		return false, how + fmt.Sprint(" ", err)
	}
	switch status {
	case "up", "powering_up", "reboot_in_progress":
		return strings.HasPrefix(state, "running") && processes == 1, how
	case "paused":
		return strings.HasPrefix(state, "paused") && processes == 1, how
	case "powering_down":
		return processes == 1, how
	case "down", "suspended":
		return processes == 0 && (state == "none" || strings.HasPrefix(state, "shut off")), how
	case "wait_for_launch", "saving_state", "restoring_state", "image_locked":
		return true, how // a job is at work
	}
	return false, how
}

// diesInUndo: another guest has the VM's name, so its start is refused and undone.
func diesInUndo(t *testing.T, v *vm, point, body string) {
	definition := `<domain type="qemu"><name>` + v.name + `</name><memory unit="MiB">32</memory><os><type>hvm</type></os></domain>`
	v.e.daemon.define(t, definition)
	v.e.stop(t)
	v.e.start(t, "VIREO_CRASH_AT="+point)
	v.e.awaitHost(t, "up")
	v.dies(t, "start", body)
	v.e.start(t)
	v.await(t, "down")
	v.told(t, "54")
	if names := v.e.daemon.must(t, "list", "--all", "--name"); !slices.Contains(strings.Fields(names), v.name) {
		t.Error("the other guest of that name is gone")
	}
	v.e.daemon.must(t, "undefine", v.name)
	v.bring(t, []string{"start"})
	v.act(t, "stop")
	v.await(t, "down")
	v.gone(t)
}
