package e2e

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestTinyMoves is what migrations are shown by that need several guests, or hosts of
// several kinds, and not much in the guests.
func TestTinyMoves(t *testing.T) {
	t.Parallel()
	y := farm(t, 3)
	e := y.engine(t, map[string]string{"GuestAgentStartupTimeout": "1s", "MigrationBandwidth": "8", "HostCallTimeout": "300s"})
	var all []*mover
	for range 4 {
		m := &mover{e.tiny(t), y.hosts[0]}
		m.act(t, "start", onHost("<host><name>local</name></host>"))
		all = append(all, m)
	}
	for _, m := range all {
		m.await(t, "up")
	}
	t.Run("limits", func(t *testing.T) { limits(t, e, y, all) })
	t.Run("the QEMU that waits is killed", func(t *testing.T) { waitingKilled(t, all[0]) })
	t.Run("beside hosts that hang", func(t *testing.T) { besideHung(t, all[0]) })
	t.Run("clusters", func(t *testing.T) { betweenClusters(t, all[0]) })
	t.Run("by hand", func(t *testing.T) { byHand(t, all[1]) })
	t.Run("handed back", func(t *testing.T) { handedBack(t, all[3]) })
	for _, m := range all[:3] {
		m.act(t, "stop")
		m.await(t, "down")
		for _, h := range y.hosts {
			h.clean(t, m.vm)
		}
	}
	t.Run("placed", func(t *testing.T) { placed(t, e, y) })
}

// byHand migrates a guest without the engine, which finds it: it is highly available, and not
// started a second time.
func byHand(t *testing.T, m *mover) {
	m.e.call(t, "PUT", m.path(), "<vm><high_availability><enabled>true</enabled></high_availability></vm>")
	from, to, before := m.at, m.elsewhere(), len(m.events(t))
	from.must(t, "migrate", "--live", "--p2p", "--persistent", "--unsafe", m.id, to.address)
	eventually(t, m.name+" to be found", func() (bool, string) {
		at := m.get(t).at("host").attr("id")
		return at == to.engineID, "it is on " + at
	})
	m.await(t, "up")
	m.find(t, from, to)
	if lives := qemus(m.id); len(lives) != 1 {
		t.Errorf("it has the QEMU processes %v", lives)
	}
	from.clean(t, m.vm)
	if codes := m.events(t)[before:]; !slices.Contains(codes, "20013") || slices.Contains(codes, "119") {
		t.Errorf("the events are %v", codes)
	}
	m.e.call(t, "PUT", m.path(), "<vm><high_availability><enabled>false</enabled></high_availability></vm>")
}

// coming are the guests that wait on a host for their memory.
func (h *farmHost) coming(t *testing.T) int {
	t.Helper()
	return len(strings.Fields(h.must(t, "list", "--name", "--state-paused")))
}

// limits: each host sends so many at once, and takes so many, whoever they come from.
func limits(t *testing.T, e *engine, y *yard, all []*mover) {
	for _, test := range []struct {
		out, in, most int // most go at once
	}{{2, 1, 2}, {1, 9, 1}} {
		e.set(t, "MaxConcurrentOutgoingMigrations", fmt.Sprint(test.out))
		e.set(t, "MaxConcurrentIncomingMigrations", fmt.Sprint(test.in))
		from := all[0].at
		others := slices.DeleteFunc(slices.Clone(y.hosts), func(h *farmHost) bool { return h == from })
		for i, m := range all {
			m.act(t, "migrate", `<host id="`+others[i%2].engineID+`"/>`)
		}
		most := 0
		eventually(t, "all to have gone", func() (bool, string) {
			one, other := others[0].coming(t), others[1].coming(t)
			if one > test.in || other > test.in || one+other > test.out {
				t.Errorf("with the limits %+v, %d and %d come at once", test, one, other)
			}
			most = max(most, one+other)
			there := len(others[0].domains(t)) + len(others[1].domains(t))
			return one+other == 0 && there == len(all) && from.must(t, "list", "--all", "--name") == "", fmt.Sprint(there, " have")
		})
		if most != test.most {
			t.Errorf("with the limits %+v, %d went at once", test, most)
		}
		// They come together again, for what follows.
		e.set(t, "MaxConcurrentOutgoingMigrations", "9")
		e.set(t, "MaxConcurrentIncomingMigrations", "9")
		for i, m := range all {
			m.await(t, "up")
			m.find(t, from, others[i%2])
			if m.at != others[0] {
				m.act(t, "migrate", `<host id="`+others[0].engineID+`"/>`)
			}
		}
		for _, m := range all {
			m.await(t, "up")
			m.at = others[0]
			if at := m.get(t).at("host").attr("id"); at != m.at.engineID {
				t.Errorf("it is on host %s", at)
			}
			m.running(t)
		}
	}
}

// waitingKilled kills the QEMU that waits for the guest: it stays where it is if that host
// was named, and goes to the third one if not.
func waitingKilled(t *testing.T, m *mover) {
	for _, named := range []bool{true, false} {
		from, before, qemu := m.at, len(m.events(t)), m.running(t)
		element, want := "", []string{"62", "128", "63"}
		if named {
			element, want = `<host id="`+m.elsewhere().engineID+`"/>`, []string{"62", "65"}
		}
		counted := from.ticks(t, m.id)
		m.act(t, "migrate", element)
		waits := 0
		eventually(t, "a QEMU that waits for it", func() (bool, string) {
			found := slices.DeleteFunc(qemus(m.id), func(process int) bool { return process == qemu })
			if len(found) == 1 && slices.ContainsFunc(m.at.yard.hosts, func(h *farmHost) bool { return h != from && strings.HasPrefix(h.state(m.id), "paused") }) {
				waits = found[0]
			}
			return waits != 0, fmt.Sprint("there are ", found)
		})
		need(t, syscall.Kill(waits, syscall.SIGKILL))
		m.await(t, "up")
		if now := m.running(t); named != (now == qemu) {
			t.Errorf("it runs in process %d, ran in %d", now, qemu)
		}
		if !named {
			m.find(t, from, nil)
		}
		for _, h := range m.at.yard.hosts {
			if h != m.at {
				h.clean(t, m.vm)
			}
		}
		m.told(t, want...)
		if codes := m.events(t)[before:]; !slices.Equal(codes, want) {
			t.Errorf("the events are %v, want %v", codes, want)
		}
		eventually(t, "it to count on", func() (bool, string) { return m.at.ticks(t, m.id) > counted, "" })
	}
}

// besideHung: ten hosts accept connections and say nothing. Everything else goes on; they
// still have the engine wait when it is done.
func besideHung(t *testing.T, m *mover) {
	const hung = 10
	accepted := make(chan net.Conn, 100)
	var paths []string
	for i := range hung {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		need(t, err)
		defer listener.Close()
		go func() {
			for {
				connection, err := listener.Accept()
				if err != nil {
					return
				}
				accepted <- connection
			}
		}()
		paths = append(paths, m.e.hostOf(t, fmt.Sprint("hung", i), "<address>qemu+tcp://"+listener.Addr().String()+"/system</address>"))
	}
	var waiting []net.Conn
	for range hung {
		select {
		case connection := <-accepted:
			waiting = append(waiting, connection)
		case <-time.After(patience):
			t.Fatal("the engine does not connect to all of them")
		}
	}
	defer func() {
		for _, connection := range waiting {
			_ = connection.Close()
		}
	}()
	m.e.bandwidth(t, 0)
	from, to := m.at, m.elsewhere()
	m.act(t, "migrate", "<async>false</async>", `<host id="`+to.engineID+`"/>`)
	m.find(t, from, to)
	m.act(t, "stop", "<async>false</async>")
	m.await(t, "down")
	m.act(t, "start", onHost(`<host id="`+to.engineID+`"/>`))
	m.await(t, "up")
	m.at.must(t, "suspend", m.id)
	m.await(t, "paused")
	m.at.must(t, "resume", m.id)
	m.await(t, "up")
	m.e.call(t, "POST", "/hosts/"+to.engineID+"/refresh", "<action><async>false</async></action>")
	if len(accepted) > 0 {
		t.Error("the engine has given one of them up, and connected anew")
	}
	for i, connection := range waiting {
		need(t, connection.SetReadDeadline(time.Now().Add(time.Millisecond)))
		if _, err := io.Copy(io.Discard, connection); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("nobody waits any more for the answer of hung%d: %v", i, err)
		}
	}
	for _, path := range paths {
		m.e.call(t, "POST", path+"/deactivate", "<action/>")
		m.e.hostIs(t, path, "maintenance")
		m.e.call(t, "DELETE", path, "")
	}
}

// betweenClusters migrates to a host of another cluster, by the cluster's id, and back by
// its name and the host's.
func betweenClusters(t *testing.T, m *mover) {
	e, far := m.e, m.elsewhere()
	made := e.call(t, "POST", "/clusters", `<cluster><name>elsewhere</name><data_center><name>Default</name></data_center><cpu id=""/><version major="3" minor="6"/></cluster>`).body.attr("id")
	path := "/hosts/" + far.engineID
	for _, other := range m.at.yard.hosts {
		if other != m.at { // the one that is to go may have guests of others
			far, path = other, "/hosts/"+other.engineID
			if len(other.domains(t)) == 0 {
				break
			}
		}
	}
	e.call(t, "POST", path+"/deactivate", "<action/>")
	e.hostIs(t, path, "maintenance")
	e.call(t, "PUT", path, `<host><cluster id="`+made+`"/></host>`)
	e.call(t, "POST", path+"/activate", "<action/>")
	e.hostIs(t, path, "up")
	from, counted := m.at, m.at.ticks(t, m.id)
	e.refused(t, 409, "POST", m.path()+"/migrate", `<action><host id="`+far.engineID+`"/></action>`)
	m.act(t, "migrate", "<async>false</async>", `<cluster id="`+made+`"/>`)
	m.find(t, from, far)
	if cluster := m.get(t).at("cluster").attr("id"); cluster != made {
		t.Errorf("it is in cluster %s", cluster)
	}
	back := "local"
	if from != from.yard.hosts[0] {
		back = from.name
	}
	m.act(t, "migrate", "<async>false</async>", "<cluster><name>Default</name></cluster><host><name>"+back+"</name></host>")
	m.find(t, far, from)
	m.running(t)
	far.clean(t, m.vm)
	eventually(t, "it to count on", func() (bool, string) { return m.at.ticks(t, m.id) > counted, "" })
}

// handedBack: what is handed back to libvirt as it runs, virsh can use alone: the engine
// is not there.
func handedBack(t *testing.T, m *mover) {
	at, to, qemu, counted := m.at, m.elsewhere(), m.running(t), m.at.ticks(t, m.id)
	t.Cleanup(func() { at.erase(m.name); to.erase(m.name) })
	m.act(t, "release")
	m.e.refused(t, 404, "GET", m.path(), "")
	m.e.stop(t)
	if now := m.running(t); now != qemu {
		t.Errorf("it runs in process %d, ran in %d", now, qemu)
	}
	at.must(t, "migrate", "--live", "--p2p", "--persistent", "--undefinesource", m.id, to.address)
	m.running(t)
	if again := to.ticks(t, m.id); again < counted {
		t.Errorf("it had counted to %d and is at %d", counted, again)
	}
	state := filepath.Join(t.TempDir(), "state")
	to.must(t, "save", m.id, state)
	to.must(t, "restore", state)
	eventually(t, "it to count on", func() (bool, string) { return to.ticks(t, m.id) > counted, "" })
	to.must(t, "destroy", m.id)
	to.must(t, "start", m.id)
	to.must(t, "destroy", m.id)
	to.must(t, "undefine", m.id)
	m.e.start(t)
	for _, h := range m.at.yard.hosts {
		h.awaitStatus(t, m.e, "up")
	}
}
