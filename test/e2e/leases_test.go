package e2e

import (
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestLeases has the leases of VMs prove that their guests have ended, and nothing else
// prove it: no host here has power management, and no operator says anything.
func TestLeases(t *testing.T) {
	t.Parallel()
	y := farmWith(t, 3, leaseSettings)
	e := y.engine(t, map[string]string{"RetryToRunAutoStartVmIntervalInSeconds": "3s"})
	l := &lessee{y: y, e: e, space: lockspaceOf(t, e)}
	l.given(t)
	for i, h := range y.hosts {
		h.joinLockspace(t, l.space, i+1)
	}
	t.Run("held", l.held)
	t.Run("it moves along", l.moves)
	t.Run("somebody else holds it", l.taken)
	t.Run("hosts are lost", l.lost)
	for _, v := range l.vms {
		v.act(t, "stop")
		v.await(t, "down")
		if v == l.plain {
			continue
		}
		if n := l.space.holder(t, v); n != 0 {
			t.Errorf("host %d holds the lease of a VM that is down", n)
		}
		if said := e.call(t, "DELETE", v.path(), ""); said.code != 200 {
			t.Errorf("removing the VM was answered %d: %s", said.code, said.text)
		}
		eventually(t, "the lease to be removed", func() (bool, string) { return !exists(l.space.lease(v)), "it is there" })
	}
}

// lessee are VMs: one that lives, one whose host dies, and a third without a lease.
type lessee struct {
	y     *yard
	e     *engine
	space lockspace

	lives, dies, plain *vm
	vms                []*vm
}

// given makes the VMs, of which two are given a lease, and takes it away and gives it again.
func (l *lessee) given(t *testing.T) {
	l.lives, l.dies, l.plain = l.e.create(t), l.e.create(t), l.e.create(t)
	l.vms = []*vm{l.lives, l.dies, l.plain}
	for _, v := range l.vms {
		l.e.call(t, "PUT", v.path(), "<vm><high_availability><enabled>true</enabled></high_availability></vm>")
	}
	for _, v := range []*vm{l.lives, l.dies} {
		for _, given := range []struct{ element, id string }{{l.space.element(), l.space.id}, {"<lease/>", ""}, {l.space.element(), l.space.id}} {
			said := l.e.call(t, "PUT", v.path(), "<vm>"+given.element+"</vm>")
			if id := said.body.at("lease/storage_domain").attr("id"); said.code != 200 || id != given.id {
				t.Fatalf("giving the lease %s was answered %d: %s", given.element, said.code, said.text)
			}
		}
	}
}

func (l *lessee) startOn(t *testing.T, v *vm, h *farmHost) {
	t.Helper()
	v.act(t, "start", onHost(`<host id="`+h.engineID+`"/>`))
	v.await(t, "up")
}

// noticed waits until the engine knows that a host holds a lease.
func (l *lessee) noticed(t *testing.T, v *vm, h *farmHost) {
	t.Helper()
	eventually(t, "the engine to read the lease of "+v.name, func() (bool, string) {
		for line := range strings.Lines(l.e.run.logged()) {
			if strings.Contains(line, "the lease of a VM is held") && strings.Contains(line, v.id) && strings.Contains(line, h.engineID) {
				return true, ""
			}
		}
		return false, fmt.Sprintf("host %d holds it", l.space.holder(t, v))
	})
}

// held: a guest that runs holds its lease, and cannot be changed to have none.
func (l *lessee) held(t *testing.T) {
	l.startOn(t, l.lives, l.y.hosts[0])
	if n := l.space.holder(t, l.lives); n != 1 {
		t.Errorf("host %d holds its lease", n)
	}
	l.noticed(t, l.lives, l.y.hosts[0])
	l.e.refused(t, 409, "PUT", l.lives.path(), "<vm><lease/></vm>")
}

// moves: the destination of a migration holds it afterwards.
func (l *lessee) moves(t *testing.T) {
	l.lives.act(t, "migrate", `<host id="`+l.y.hosts[1].engineID+`"/>`)
	l.lives.await(t, "up")
	if n := l.space.holder(t, l.lives); n != 2 {
		t.Errorf("host %d holds its lease", n)
	}
	l.noticed(t, l.lives, l.y.hosts[1])
}

// taken: while another process of another host holds the lease, no host starts the guest.
func (l *lessee) taken(t *testing.T) {
	l.lives.act(t, "stop")
	l.lives.await(t, "down")
	holder := exec.Command("nsenter", "--target", strconv.Itoa(l.y.hosts[0].first), "--all", "env", sanlockPlace,
		"sanlock", "client", "command", "-r", l.space.resource(l.lives), "-c", "/bin/sleep", "infinity")
	need(t, holder.Start())
	end := sync.OnceFunc(func() {
		if inner := childOf(holder.Process.Pid); inner != 0 {
			_ = syscall.Kill(inner, syscall.SIGKILL) // it is not nsenter that holds it
		}
		_ = holder.Wait()
	})
	defer end()
	eventually(t, "the lease to be taken", func() (bool, string) { return l.space.holder(t, l.lives) == 1, "it is not" })
	l.e.refused(t, 400, "POST", l.lives.path()+"/start", "<action>"+onHost(`<host id="`+l.y.hosts[1].engineID+`"/>`)+"</action>")
	l.lives.await(t, "down")
	if found := qemus(l.lives.id); len(found) > 0 {
		t.Errorf("it has the QEMU processes %v", found)
	}
	end()
	eventually(t, "the lease to be free", func() (bool, string) { return l.space.holder(t, l.lives) == 0, "it is not" })
	l.startOn(t, l.lives, l.y.hosts[1])
}

// lost: one host is cut off, another dies. What the dead one had and had a lease runs
// elsewhere when that has died. Nothing else does, also not the guest that nobody has heard
// of for as long, before it loses its lease.
func (l *lessee) lost(t *testing.T) {
	dead, cut, left := l.y.hosts[0], l.y.hosts[1], l.y.hosts[2]
	l.startOn(t, l.dies, dead)
	l.startOn(t, l.plain, dead)
	l.noticed(t, l.dies, dead)
	l.noticed(t, l.lives, cut)
	cut.cut(t)
	begun := time.Now()
	dead.kill()
	for _, v := range l.vms {
		v.await(t, "unknown")
	}
	// An engine that begins meanwhile has seen nothing yet.
	l.e.stop(t)
	l.e.start(t)
	before := l.space.renewed(t, 2)
	within(t, 3*time.Minute, l.dies.name+" to run elsewhere", func() (bool, string) {
		status := l.dies.status(t)
		return status == "up", "it is " + status
	})
	t.Logf("it was up again %s after its host had died", time.Since(begun).Round(time.Second))
	l.dies.told(t, "20457", "9602")
	l.only(t, l.dies, left)
	if n := l.space.holder(t, l.dies); n != 3 {
		t.Errorf("host %d holds its lease", n)
	}
	eventually(t, "the host that is cut off to renew", func() (bool, string) { return l.space.renewed(t, 2) > before, "it does not" })
	for _, v := range []*vm{l.lives, l.plain} {
		if status := v.status(t); status != "unknown" || slices.Contains(v.events(t), "9602") {
			t.Errorf("%s is %s, and its events are %v", v.name, status, v.events(t))
		}
	}
	if domains := left.domains(t); len(domains) != 1 {
		t.Errorf("on the host that is left there are %v", domains)
	}

	// The host that is cut off loses its leases, and kills the guest.
	before = l.lives.running(t)
	need(t, cut.sanlock("rem_lockspace", "-s", l.space.host(2)))
	l.lives.await(t, "up")
	l.only(t, l.lives, left)
	if l.lives.running(t) == before {
		t.Error("it is the same QEMU")
	}
	if status := l.plain.status(t); status != "unknown" {
		t.Errorf("the VM without a lease is %s", status)
	}

	cut.join(t)
	cut.awaitStatus(t, l.e, "up")
	dead.boot(t)
	dead.awaitStatus(t, l.e, "up")
	l.plain.await(t, "up")
	l.only(t, l.lives, left)
	l.only(t, l.dies, left)
	for _, v := range l.vms {
		if slices.Contains(v.events(t), "20004") {
			t.Errorf("the events of %s are %v", v.name, v.events(t))
		}
	}
	if strings.Contains(l.e.call(t, "GET", "/events;max=200", "").text, "<code>20450</code>") {
		t.Error("a host was taken to have ended")
	}
}

// only checks that a guest is on one host, of those that can be asked.
func (l *lessee) only(t *testing.T, v *vm, on *farmHost) {
	t.Helper()
	v.running(t)
	if names := on.domains(t); !slices.Contains(names, v.name) {
		t.Errorf("%s is not on %s, where there are %v", v.name, on.name, names)
	}
}
