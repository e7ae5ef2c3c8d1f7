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
	begun := time.Now()
	if said := l.e.call(t, "POST", "/hosts/"+h.engineID+"/fence", "<action><fence_type>manual</fence_type></action>"); said.code != 200 {
		t.Fatalf("it was answered %d: %s", said.code, said.text)
	}
	l.plain.await(t, "down")
	l.m.await(t, "up")
	t.Logf("it was up again %s after the proof", time.Since(begun).Round(time.Second))
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
*) exit 1 ;;
esac
`

// agent has the engine cut off by itself a host that is cut off from the network while
// its guests live.
func (l *loser) agent(t *testing.T) {
	h := l.m.at
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "fence_farm"), []byte(farmAgent), 0o755); err != nil {
		t.Fatal(err)
	}
	l.e.flags = append(l.e.flags, "--fence-agents", folder)
	l.e.stop(t)
	l.e.start(t)
	h.awaitStatus(t, l.e, "up")
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
	h.cut(t)
	l.m.await(t, "unknown")
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
