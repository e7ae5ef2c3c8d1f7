package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestLostHost loses hosts: one that is cut off while its guests live, of which nothing
// is started twice, one that dies and is confirmed to, and one that a fence agent cuts
// off.
func TestLostHost(t *testing.T) {
	t.Parallel()
	y := farm(t, 3)
	e := y.engine(t, map[string]string{"VdsTimeout": "5s"})
	important, plain := e.create(t), e.create(t)
	e.call(t, "PUT", important.path(), "<vm><high_availability><enabled>true</enabled><priority>50</priority></high_availability></vm>")
	for _, v := range []*vm{important, plain} {
		v.act(t, "start", onHost("<host><name>"+y.hosts[1].name+"</name></host>"))
		v.await(t, "up")
	}
	m := &mover{important, y.hosts[1]}
	e.daemon = &y.hosts[1].daemon
	l := &loser{y, e, m, plain}
	t.Run("its network", l.network)
	t.Run("in order", l.inOrder)
	t.Run("its power, confirmed", l.power)
	t.Run("an agent", l.agent)
	t.Run("its storage", l.storage)
	for _, v := range []*vm{important, plain} {
		v.act(t, "stop")
		v.await(t, "down")
	}
}

type loser struct {
	y     *yard
	e     *engine
	m     *mover
	plain *vm
}

// on are the hosts on which the guest of a VM exists, of those that can be asked: all
// that live, but for one that is cut off.
func (l *loser) on(t *testing.T, v *vm, cut ...*farmHost) (names []string) {
	t.Helper()
	for _, h := range l.y.hosts {
		if h.first != 0 && !slices.Contains(cut, h) && slices.Contains(h.domains(t), v.name) {
			names = append(names, h.name)
		}
	}
	return names
}

// network cuts the host off. Its guests count on, nothing is started elsewhere, and all
// is as it was when it is heard again.
func (l *loser) network(t *testing.T) {
	h := l.m.at
	counted := l.m.count(t)
	h.cut(t)
	h.awaitStatus(t, l.e, "connecting")
	l.e.kill(t)
	l.e.start(t)
	h.awaitStatus(t, l.e, "non_responsive")
	l.m.await(t, "unknown")
	l.e.refused(t, 409, "POST", l.m.path()+"/start", "<action/>")
	l.e.refused(t, 409, "POST", "/hosts/"+h.engineID+"/fence", "<action><fence_type>restart</fence_type></action>")
	// An engine that begins meanwhile knows no more.
	l.e.stop(t)
	l.e.start(t)
	h.awaitStatus(t, l.e, "non_responsive")
	if elsewhere := l.on(t, l.m.vm, h); len(elsewhere) > 0 {
		t.Errorf("it was started on %v", elsewhere)
	}
	h.join(t)
	h.awaitStatus(t, l.e, "up")
	l.m.await(t, "up")
	l.plain.await(t, "up")
	if where := l.on(t, l.m.vm); !slices.Equal(where, []string{h.name}) {
		t.Errorf("it is on %v", where)
	}
	if after := l.m.count(t); after <= counted {
		t.Errorf("the guest had counted to %d and is at %d", counted, after)
	}
}

// inOrder shuts the host down as systemd does, which stops libvirt-guests first. Its guests
// have come to their end by then, as somebody wanted: they are down, and stay so.
func (l *loser) inOrder(t *testing.T) {
	h := l.m.at
	need(t, h.run("/usr/lib/libvirt/libvirt-guests.sh", "stop"))
	for _, v := range []*vm{l.m.vm, l.plain} {
		v.await(t, "down")
	}
	h.kill()
	h.awaitStatus(t, l.e, "non_responsive")
	events := l.e.call(t, "GET", "/events;max=50", "").text
	for _, v := range []*vm{l.m.vm, l.plain} {
		if !strings.Contains(events, v.name) || strings.Contains(events, "<code>119</code>") || strings.Contains(events, "<code>9602</code>") {
			t.Errorf("the events say %s", events)
		}
	}
	h.boot(t)
	need(t, h.run("/usr/lib/libvirt/libvirt-guests.sh", "start"))
	h.awaitStatus(t, l.e, "up")
	if where := l.on(t, l.m.vm); len(where) > 0 {
		t.Errorf("it is on %v", where)
	}
	for _, v := range []*vm{l.m.vm, l.plain} {
		v.act(t, "start", onHost("<host><name>"+h.name+"</name></host>"))
		v.await(t, "up")
	}
}

// power ends the host. Nothing follows from its silence; from the operator's word it does.
func (l *loser) power(t *testing.T) {
	h := l.m.at
	h.kill()
	h.awaitStatus(t, l.e, "non_responsive")
	l.m.await(t, "unknown")
	if where := l.on(t, l.m.vm); len(where) > 0 {
		t.Errorf("it is on %v without a proof", where)
	}
	if said := l.e.call(t, "POST", "/hosts/"+h.engineID+"/fence", "<action><fence_type>manual</fence_type></action>"); said.code != 200 {
		t.Fatalf("it was answered %d: %s", said.code, said.text)
	}
	// What was promised: a minute from the proof on.
	within(t, time.Minute, "one to run elsewhere, and one to be down", func() (bool, string) {
		important, plain := l.m.status(t), l.plain.status(t)
		return important == "up" && plain == "down", "they are " + important + " and " + plain
	})
	l.m.find(t, h, nil)
	l.m.running(t)
	h.boot(t)
	h.awaitStatus(t, l.e, "up")
	if where := l.on(t, l.m.vm); !slices.Equal(where, []string{l.m.at.name}) {
		t.Errorf("it is on %v", where)
	}
}

// farmAgent is a fence agent of the form that package fence-agents has. Switching on is
// left to the test, which it tells by a file.
const farmAgent = `#!/bin/sh
while read -r line; do
	case $line in
	action=*) action=${line#action=} ;;
	plug=*) first=${line#plug=} ;;
	esac
done
case $action in
off) kill -9 "$first" 2>/dev/null; while kill -0 "$first" 2>/dev/null; do sleep 0.1; done ;;
on) : >"${0%/*}/on" ;;
status) kill -0 "$first" 2>/dev/null || exit 2 ;;
metadata) echo '<resource-agent name="fence_farm"><actions><action name="on"/><action name="off"/><action name="reboot"/><action name="status"/></actions></resource-agent>' ;;
*) exit 1 ;;
esac
`

// agents gives the engine one fence agent, and the folder that it is in.
func (l *loser) agents(t *testing.T, kind, text string) (folder string) {
	t.Helper()
	folder = t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "fence_"+kind), []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	l.e.flags = append(l.e.flags, "--fence-agents", folder)
	l.e.stop(t)
	l.e.start(t)
	l.m.at.awaitStatus(t, l.e, "up")
	return folder
}

// agent has the engine cut off by itself a host that is cut off from the network while
// its guests live.
func (l *loser) agent(t *testing.T) {
	h := l.m.at
	folder := l.agents(t, "farm", farmAgent)
	said := l.e.call(t, "POST", "/hosts/"+h.engineID+"/fenceagents", `<agent type="farm"><address>`+h.IP+`</address><order>1</order>
		<username>fence</username><password>only the agent knows</password><options><option name="plug" value="`+strconv.Itoa(h.first)+`"/></options></agent>`)
	if said.code != 201 || strings.Contains(said.text, "only the agent") {
		t.Fatalf("adding an agent was answered %d: %s", said.code, said.text)
	}
	if said := l.e.call(t, "PUT", "/hosts/"+h.engineID, "<host><power_management><enabled>true</enabled></power_management></host>"); said.code != 200 {
		t.Fatalf("enabling power management was answered %d: %s", said.code, said.text)
	}
	if said := l.e.call(t, "POST", "/hosts/"+h.engineID+"/fence", "<action><fence_type>status</fence_type></action>"); said.body.text("power_management/status/state") != "on" {
		t.Errorf("the power is %s", said.text)
	}
	// One engine dies when it has cut the host off, and the next when it has started the
	// VM again.
	l.e.stop(t)
	l.e.start(t, "VIREO_CRASH_AT=restart/off/done")
	h.awaitStatus(t, l.e, "up")
	h.cut(t)
	l.e.awaitEnd(t)
	l.e.start(t, "VIREO_CRASH_AT=launch/boot/done")
	l.e.awaitEnd(t)
	l.e.start(t)
	l.m.await(t, "up")
	l.m.find(t, h, nil)
	l.m.running(t)
	eventually(t, "the host to be switched on", func() (bool, string) {
		_, err := os.Stat(filepath.Join(folder, "on"))
		return err == nil, fmt.Sprint(err)
	})
	if _, err := os.Stat(fmt.Sprintf("/proc/%d", h.first)); err == nil {
		t.Error("the host has not been cut off")
	}
	h.kill()
	h.boot(t)
	h.awaitStatus(t, l.e, "up")
	if where := l.on(t, l.m.vm); !slices.Equal(where, []string{l.m.at.name}) {
		t.Errorf("it is on %v", where)
	}
}

// fabricAgent is a fence agent of a switch between hosts and storage, of which a file is
// all that there is.
const fabricAgent = `#!/bin/sh
while read -r line; do
	case $line in
	action=*) action=${line#action=} ;;
	plug=*) port=${0%/*}/cut-${line#plug=} ;;
	storage_domains=*) exit 3 ;;
	esac
done
case $action in
off) : >"$port" ;;
on) rm -f "$port" ;;
status) [ ! -e "$port" ] || exit 2 ;;
metadata) echo '<resource-agent name="fence_fabric"><actions><action name="on" automatic="1"/><action name="off"/><action name="status"/></actions></resource-agent>' ;;
*) exit 1 ;;
esac
`

// leaves waits until the VM runs on another host. An agent can be so quick that nobody sees
// it unknown before.
func (l *loser) leaves(t *testing.T, h *farmHost) {
	t.Helper()
	eventually(t, l.m.name+" to run on another host", func() (bool, string) {
		vm := l.m.get(t)
		status, at := vm.text("status/state"), vm.at("host").attr("id")
		return status == "up" && at != h.engineID, "it is " + status + " on " + at
	})
	l.m.find(t, h, nil)
}

// storage has the engine cut a host off from its storage that is cut off from the network
// while its guests live. It comes back as it is, and is used again when it has restarted.
func (l *loser) storage(t *testing.T) {
	h := l.m.at
	folder := l.agents(t, "fabric", fabricAgent)
	path := "/hosts/" + h.engineID
	agent := func(domains string) string {
		return `<host><power_management><enabled>true</enabled><agents><agent type="fabric"><address>` + h.IP + `</address><order>1</order>
			<options><option name="plug" value="7"/>` + domains + `</options></agent></agents></power_management></host>`
	}
	if said := l.e.refused(t, 400, "PUT", path, agent("")); !strings.Contains(said.text, "Say with the option storage_domains from which storage domains") {
		t.Errorf("it was refused with %s", said.text)
	}
	l.e.call(t, "PUT", path, agent(`<option name="storage_domains" value="all"/>`))
	l.e.refused(t, 409, "POST", path+"/fence", "<action><fence_type>restart</fence_type></action>")
	port := filepath.Join(folder, "cut-7")
	cut := func() bool { _, err := os.Stat(port); return err == nil }
	h.cut(t)
	l.leaves(t, h)
	if lives := qemus(l.m.id); len(lives) != 2 || !cut() {
		t.Errorf("it has the QEMU processes %v; its old host is cut off: %v", lives, cut())
	}
	h.join(t)
	h.awaitStatus(t, l.e, "non_operational")
	l.m.running(t)
	l.e.refused(t, 409, "POST", path+"/fence", "<action><fence_type>start</fence_type></action>")
	if where := l.on(t, l.m.vm); !slices.Equal(where, []string{l.m.at.name}) || !cut() {
		t.Errorf("it is on %v; its old host is cut off: %v", where, cut())
	}
	h.kill()
	h.awaitStatus(t, l.e, "non_responsive")
	h.boot(t)
	h.awaitStatus(t, l.e, "up")
	if cut() {
		t.Error("it was not let back")
	}
	l.m.running(t)
}
