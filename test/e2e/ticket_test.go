package e2e

import (
	"strings"
	"testing"
	"time"
)

// TestTicket opens the displays of real guests with tickets (15.7.12).
func TestTicket(t *testing.T) {
	t.Parallel()
	e := newEngine(t, system, nil)
	for _, kind := range []struct {
		name string
		by   entrance
		// counts is how much of a password the protocol looks at.
		counts int
	}{
		{"vnc", enterVNC, 8},
		{"spice", enterSPICE, 60},
	} {
		t.Run(kind.name, func(t *testing.T) { ticketsOpen(t, e, kind.name, kind.by, kind.counts) })
	}
}

func ticketsOpen(t *testing.T, e *engine, kind string, by entrance, counts int) {
	v, other := e.showing(t, kind), e.showing(t, kind)
	wantLocked := func(what, password string) {
		t.Helper()
		if _, letIn := v.enter(t, by, password); letIn {
			t.Errorf("%s: %q was let in", what, password)
		}
	}
	wantLocked("a display without a ticket", "")

	asked := time.Now()
	first := v.act(t, "ticket", "<ticket><expiry>120</expiry></ticket>")
	answered := time.Now()
	value := first.body.text("ticket/value")
	if value == "" || first.body.text("ticket/expiry") != "120" || first.body.text("status/state") != "complete" || first.body.has("job") {
		t.Fatalf("a ticket was answered with %s", first.text)
	}
	v.ends(t, asked.Add(2*time.Hour), answered.Add(2*time.Hour))
	viewer, letIn := v.enter(t, by, value[:min(len(value), counts)])
	if !letIn {
		t.Fatalf("the ticket was not let in")
	}
	wantLocked("no password", "")
	wantLocked("a wrong password", "wrong"+value)
	foreign := other.act(t, "ticket").body.text("ticket/value")
	wantLocked("another VM's ticket", foreign)
	if _, letIn := other.enter(t, by, foreign); !letIn {
		t.Errorf("the other VM's ticket was not let in there")
	}

	const chosen = "Chosen by the client & 'long'"
	second := v.act(t, "ticket", "<ticket><value>"+strings.ReplaceAll(chosen, "&", "&amp;")+"</value><expiry>0</expiry></ticket>")
	if second.body.text("ticket/value") != chosen || second.body.text("ticket/expiry") != "0" {
		t.Errorf("a chosen ticket was answered with %s", second.text)
	}
	v.ends(t, time.Time{}, time.Time{})
	wantLocked("the ticket before", value)
	if _, letIn := v.enter(t, by, chosen); !letIn {
		t.Errorf("the chosen ticket was not let in")
	}
	eventually(t, "the viewer to be thrown off", func() (bool, string) {
		select {
		case <-viewer:
			return true, ""
		default:
			return false, "it is connected"
		}
	})

	// In version 4 a ticket lasts for seconds.
	said := e.fetchBody(t, "POST", "/v4"+v.path()+"/ticket", "application/xml", "<action><ticket><value>for soon</value><expiry>8</expiry></ticket></action>")
	if _, letIn := v.enter(t, by, "for soon"); !letIn || !strings.Contains(said.text, "<expiry>8</expiry>") {
		t.Errorf("a ticket of seconds, answered with %s, was let in: %v", said.text, letIn)
	}
	ends := time.Now().Add(8 * time.Second)
	eventually(t, "the ticket to end", func() (bool, string) {
		if time.Now().Before(ends) {
			return false, "it is not over" // QEMU takes 32 viewers at most
		}
		_, letIn := v.enter(t, by, "for soon")
		return !letIn, "it lets in"
	})

	v.act(t, "stop")
	v.await(t, "down")
	refused := e.refused(t, 409, "POST", v.path()+"/ticket", "<action><ticket><value>"+value+"</value></ticket></action>")
	if want := "[Cannot set Virtual Machine Ticket because the VM is in Down status.]"; refused.body.text("fault/detail") != want {
		t.Errorf("a ticket for a VM that is down was refused with %s", refused.text)
	}
	v.told(t, "164")
	for _, secret := range []string{value, chosen} {
		if strings.Contains(e.run.logged(), secret) {
			t.Errorf("the ticket %q is in the engine's log", secret)
		}
	}
}

// showing makes a VM with a display of that kind, and starts it paused: QEMU shows
// displays also while the CPUs stand.
func (e *engine) showing(t *testing.T, kind string) *vm {
	t.Helper()
	v := e.create(t)
	e.call(t, "PUT", v.path(), "<vm><display><type>"+kind+"</type></display></vm>")
	v.act(t, "start", "<pause>true</pause>")
	v.await(t, "paused")
	return v
}

// ends checks the end that libvirt has given to QEMU; zero is no end.
func (v *vm) ends(t *testing.T, earliest, latest time.Time) {
	t.Helper()
	definition := v.e.daemon.must(t, "dumpxml", "--security-info", v.id)
	_, after, has := strings.Cut(definition, "passwdValidTo='")
	if !has {
		if !earliest.IsZero() {
			t.Errorf("the ticket has no end, it should have: %v", latest)
		}
		return
	}
	text, _, _ := strings.Cut(after, "'")
	end, err := time.ParseInLocation("2006-01-02T15:04:05", text, time.UTC)
	if err != nil || earliest.IsZero() || end.Before(earliest.Truncate(time.Second)) || end.After(latest) {
		t.Errorf("the ticket ends at %q (%v), it should between %v and %v", text, err, earliest.UTC(), latest.UTC())
	}
}
