package libvirt

import (
	"errors"
	"io"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"vireo/internal/host"
	"vireo/internal/model"
	"vireo/internal/rfb"
)

// enterDisplay enters a VNC display by a password, beside whoever is there. QEMU
// is the judge of the handshake.
func enterDisplay(t *testing.T, at model.Console, password string) (thrownOff <-chan struct{}, letIn bool) {
	t.Helper()
	conn, err := net.Dial("tcp", net.JoinHostPort(at.Address, strconv.Itoa(at.Port)))
	must(t, err)
	t.Cleanup(func() { conn.Close() })
	must(t, conn.SetDeadline(time.Now().Add(patience)))
	err = rfb.Enter(conn, password)
	if errors.Is(err, rfb.ErrPassword) {
		return nil, false
	}
	must(t, err)
	must(t, rfb.Show(conn, true))
	must(t, conn.SetDeadline(time.Time{}))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(io.Discard, conn)
	}()
	return ended, true
}

// display reads a guest's display with what libvirt keeps secret.
func display(t *testing.T, h *hypervisor, id model.ID) libvirtxml.DomainGraphic {
	t.Helper()
	text, err := request(testContext(t), h, "reading the secrets", func(rpc *libvirt.Libvirt) (string, error) {
		return rpc.DomainGetXMLDesc(domainOf(id), libvirt.DomainXMLSecure)
	})
	must(t, err)
	var definition libvirtxml.Domain
	must(t, definition.Unmarshal(text))
	if definition.Devices == nil || len(definition.Devices.Graphics) != 1 {
		t.Fatalf("the guest's displays are not one: %+v", definition.Devices)
	}
	return definition.Devices.Graphics[0]
}

// TestTicketAsQEMUHasIt compares password and end with what libvirt has given to
// QEMU, for both kinds of display.
func TestTicketAsQEMUHasIt(t *testing.T) {
	h := connect(t)
	for _, kind := range []model.DisplayType{model.DisplayVNC, model.DisplaySPICE} {
		t.Run(string(kind), func(t *testing.T) {
			spec := plainSpec(t, h)
			spec.Display, spec.Paused = kind, true
			boot(t, h, spec)
			ends := time.Now().Add(2 * time.Hour)
			must(t, h.SetTicket(testContext(t), spec.ID, host.Ticket{Password: "0123456789abcdef", ValidTo: ends}))
			password, until := secrets(display(t, h, spec.ID))
			want := "0123456789abcdef"
			if kind == model.DisplayVNC {
				want = "01234567"
			}
			if password != want {
				t.Errorf("the password is %q, want %q", password, want)
			}
			parsed, err := time.ParseInLocation("2006-01-02T15:04:05", until, time.UTC)
			if err != nil || !parsed.Equal(ends.UTC().Truncate(time.Second)) {
				t.Errorf("it ends at %q (%v), want %v", until, err, ends.UTC())
			}
			must(t, h.SetTicket(testContext(t), spec.ID, host.Ticket{Password: "endless"}))
			if password, until = secrets(display(t, h, spec.ID)); password != "endless" || until != "" {
				t.Errorf("without end it is %q until %q", password, until)
			}
		})
	}
}

func secrets(graphics libvirtxml.DomainGraphic) (password, until string) {
	if graphics.VNC != nil {
		return graphics.VNC.Passwd, graphics.VNC.PasswdValidTo
	}
	return graphics.Spice.Passwd, graphics.Spice.PasswdValidTo
}

// throwsOff sets tickets on a host at the address: the second ends who came in
// with the first.
func throwsOff(t *testing.T, address string) {
	connected, err := testDriver(t).Connect(testContext(t), address)
	must(t, err)
	h := connected.(*hypervisor)
	t.Cleanup(func() { h.Close() })
	spec := plainSpec(t, h)
	spec.Paused = true
	at := boot(t, h, spec).Console
	must(t, h.SetTicket(testContext(t), spec.ID, host.Ticket{Password: "first"}))
	viewer, letIn := enterDisplay(t, at, "first")
	if !letIn {
		t.Fatal("the ticket was not let in")
	}
	must(t, h.SetTicket(testContext(t), spec.ID, host.Ticket{Password: "second"}))
	select {
	case <-viewer:
	case <-testContext(t).Done():
		t.Error("the viewer was not thrown off")
	}
}
