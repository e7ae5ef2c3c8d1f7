package e2e

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMigrate moves guests between libvirt daemons, by name, by id, and where the engine
// chooses: they go on counting, and all that the API says follows.
func TestMigrate(t *testing.T) {
	t.Parallel()
	y := farm(t, 3)
	e := y.engine(t, nil)
	v := e.create(t, withAgent)
	e.call(t, "PUT", v.path(), "<vm>"+cdPayload+"</vm>")
	m := &mover{v, y.hosts[0]}
	v.act(t, "start", onHost("<host><name>local</name></host>"))
	v.await(t, "up")
	if seeds := m.at.seeds(t, m.id); len(seeds) != 1 {
		t.Errorf("the source has the seeds %v", seeds)
	}
	for _, step := range []struct {
		name    string
		to      *farmHost
		element string
	}{
		{"by name", y.hosts[1], "<host><name>" + y.hosts[1].name + "</name></host>"},
		{"by id", y.hosts[2], `<host id="` + y.hosts[2].engineID + `"/>`},
		{"back", y.hosts[0], "<host><name>local</name></host>"},
		{"anywhere", nil, ""},
	} {
		t.Run(step.name, func(t *testing.T) { m.move(t, step.to, step.element) })
	}
	t.Run("its agent is heard there", func(t *testing.T) {
		eventually(t, "the channel at the destination", func() (bool, string) {
			said := e.ask(t, "POST", v.path()+"/logon", "<action/>")
			return said.code == 200, said.text
		})
		v.logsOn(t, &m.at.daemon)
	})
	t.Run("cancelled", func(t *testing.T) { m.cancels(t) })
	t.Run("while no engine is there", func(t *testing.T) { m.away(t) })
	t.Run("with a disk", func(t *testing.T) { withDisk(t, y, e) })
	t.Run("promises", func(t *testing.T) { migrationPromises(t, y.hosts[1], y.hosts[2], 3, "migrat") })
	t.Run("refusals", func(t *testing.T) { m.refusals(t) })
	t.Run("a ticket goes on", func(t *testing.T) { m.ticket(t) })
	t.Run("several at once", func(t *testing.T) { several(t, y, e) })
	e.daemon = &m.at.daemon
	m.act(t, "stop")
	m.await(t, "down")
	m.at.clean(t, m.vm)
}

// cdPayload is a CD that is made for each run.
const cdPayload = `<payloads><payload type="cdrom"><files><file><name>hello.txt</name><content>from the engine</content></file></files></payload></payloads>`

// mover is a VM and the host that it is on.
type mover struct {
	*vm
	at *farmHost
}

// told is what the event says of a migration that is done.
var migrationTold = regexp.MustCompile(`Duration: [0-9.a-z]+, Total: [0-9.a-z]+, Actual downtime: [0-9]+ms`)

// move migrates to a host, or any other when it is nil, and wants everything to follow.
func (m *mover) move(t *testing.T, to *farmHost, element string) {
	t.Helper()
	m.e.daemon = &m.at.daemon // the guests of others are elsewhere
	from, counted := m.at, m.count(t)
	before := len(m.events(t))
	followed := m.follow(t)
	said := m.act(t, "migrate", element)
	if state := said.body.text("status/state"); said.code != 200 || state != "complete" || !said.body.has("job") {
		t.Errorf("it was answered %d: %s", said.code, said.text)
	}
	m.await(t, "up")
	seen := followed.end()
	passed(t, seen, "up", "migrating", "up")
	m.find(t, from, to)
	m.running(t)
	if after := m.count(t); after < counted {
		t.Errorf("the guest had counted to %d and is at %d", counted, after)
	}
	if codes := m.events(t)[before:]; !slices.Equal(codes, []string{"62", "63"}) {
		t.Errorf("the events are %v", codes)
	}
	m.follows(t)
	from.clean(t, m.vm)
	if !slices.ContainsFunc(m.sentences(t), migrationTold.MatchString) {
		t.Errorf("no event tells how long it took: %v", m.sentences(t))
	}
}

// find notes where the VM is.
func (m *mover) find(t *testing.T, from, to *farmHost) {
	t.Helper()
	at := m.get(t).at("host").attr("id")
	if at == from.engineID || to != nil && at != to.engineID {
		t.Fatalf("it is on host %s", at)
	}
	for _, h := range from.yard.hosts {
		if h.engineID == at {
			m.at, m.e.daemon = h, &h.daemon
		}
	}
}

// follows wants the display, the definition and the seeds to be those of the host.
func (m *mover) follows(t *testing.T) {
	t.Helper()
	display := m.get(t).at("display")
	real, err := m.at.virsh("vncdisplay", m.id)
	need(t, err)
	var number int
	if _, err := fmt.Sscanf(real[strings.LastIndex(real, ":"):], ":%d", &number); err != nil || fmt.Sprint(5900+number) != display.text("port") {
		t.Errorf("the display is at %s on its host and %s in the API", real, display.text("port"))
	}
	for _, which := range [][]string{{"dumpxml", m.id}, {"dumpxml", "--inactive", m.id}} {
		if text := m.at.must(t, which...); !strings.Contains(text, "urn:vireo:guest:1") {
			t.Errorf("virsh %v shows no owner", which)
		}
	}
	if seeds := m.at.seeds(t, m.id); len(seeds) != 1 {
		t.Errorf("the destination has the seeds %v", seeds)
	}
}

// seeds are the files that were made for the run of a guest on a host.
func (h *farmHost) seeds(t *testing.T, id string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(h.seen(seedRoot), "*"+id+"*", "*"))
	need(t, err)
	return found
}

// clean wants nothing of a guest to be on a host.
func (h *farmHost) clean(t *testing.T, v *vm) {
	t.Helper()
	eventually(t, h.name+" to keep nothing", func() (bool, string) {
		state := h.state(v.id)
		folders, _ := filepath.Glob(filepath.Join(h.seen(seedRoot), "*"+v.id+"*"))
		return state == "none" && len(folders) == 0, fmt.Sprint("the guest is ", state, ", with ", folders)
	})
}

func (m *mover) sentences(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, event := range m.e.call(t, "GET", "/events;max=50", "").body.all("event") {
		all = append(all, event.text("description"))
	}
	return all
}

// refusals asks for what is refused; the guest does not notice.
func (m *mover) refusals(t *testing.T) {
	for _, test := range []struct {
		code    int
		element string
		text    string
	}{
		{409, `<host id="` + m.at.engineID + `"/>`, "[Cannot migrate VM. source and destination is the same.]"},
		{400, `<host id="00000000-0000-0000-0000-00000000beef"/>`, "[Cannot migrate VM. Invalid Host Id.]"},
		{404, `<host><name>nowhere</name></host>`, "Entity not found"},
	} {
		said := m.e.refused(t, test.code, "POST", m.path()+"/migrate", "<action>"+test.element+"</action>")
		if !strings.Contains(said.text, test.text) {
			t.Errorf("%s was refused with %s", test.element, said.text)
		}
	}
	m.e.refused(t, 409, "POST", m.path()+"/cancelmigration", "<action/>")
	m.e.call(t, "PUT", m.path(), "<vm><placement_policy><affinity>pinned</affinity></placement_policy></vm>")
	m.e.refused(t, 409, "POST", m.path()+"/migrate", "<action><force>true</force></action>")
	m.e.call(t, "PUT", m.path(), "<vm><placement_policy><affinity>user_migratable</affinity></placement_policy></vm>")
	m.e.refused(t, 409, "POST", m.path()+"/migrate", "<action/>")
	m.move(t, nil, "<force>true</force>")
	m.e.call(t, "PUT", m.path(), "<vm><placement_policy><affinity>migratable</affinity></placement_policy></vm>")
	down := m.e.create(t)
	m.e.refused(t, 409, "POST", down.path()+"/migrate", "<action/>")
	down.remove(t)
}

// ticket: a password that was set before opens the display after.
func (m *mover) ticket(t *testing.T) {
	value := m.act(t, "ticket", "<ticket><expiry>120</expiry></ticket>").body.text("ticket/value")
	m.move(t, nil, "")
	text := m.at.must(t, "dumpxml", "--security-info", m.id)
	if !strings.Contains(text, "passwd='"+value[:8]+"'") || !strings.Contains(text, "passwdValidTo=") {
		t.Error("the display at the destination does not have the ticket")
	}
}

// several VMs migrate at once, more than one host sends at a time.
func several(t *testing.T, y *yard, e *engine) {
	from := y.hosts[0]
	e.daemon = &from.daemon
	var all []*mover
	for range 4 {
		v := e.create(t)
		v.act(t, "start", onHost("<host><name>local</name></host>"))
		all = append(all, &mover{v, from})
	}
	for _, m := range all {
		m.await(t, "up")
	}
	began := time.Now()
	for _, m := range all {
		m.act(t, "migrate", `<host id="`+y.hosts[1].engineID+`"/>`)
	}
	for _, m := range all {
		m.await(t, "up")
		m.find(t, from, y.hosts[1])
		m.running(t)
	}
	t.Logf("four migrated in %v", time.Since(began))
	for _, m := range all {
		m.act(t, "stop")
		m.await(t, "down")
		m.gone(t)
	}
}
