package fake

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"image/png"
	"io"
	"net"
	"slices"

	"vireo/internal/host"
	"vireo/internal/model"
	"vireo/internal/rfb"
)

// DialConsole opens a stream: a VNC display asks for its ticket and shows an empty
// screen, and what comes after that, as all that is said to the others, is said back.
func (c *connection) DialConsole(ctx context.Context, id model.ID, console host.Console) (io.ReadWriteCloser, error) {
	var here net.Conn
	err := c.live(ctx, "DialConsole", id, func(g *guest) error {
		var there net.Conn
		switch {
		case console == host.ConsoleDisplay && g.spec.Display != "":
			here, there = net.Pipe()
			if closed, _ := c.machine.world.strikes(c.machine.address, SecureDisplay, id, g.spec.Name); closed != nil && closed.Call == SecureDisplay {
				go g.greet(there)
				here = &strangeDisplay{Conn: here, why: closed.Error}
				break
			}
			go g.display(there)
		case console == host.ConsoleSerial && g.spec.SerialConsole:
			if g.typing != nil {
				return Refuse(host.RefusedState, "somebody else has the serial console")
			}
			here, there = net.Pipe()
			g.typing = there
			go g.serial(there)
		default:
			return Refuse(host.RefusedUnsupported, "the guest has no such console")
		}
		g.streams = append(g.streams, there)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return here, nil
}

// DisplaySubject is empty: no display of a fake host can be come to by TLS.
func (c *connection) DisplaySubject(ctx context.Context, id model.ID) (string, error) {
	return "", c.live(ctx, "DisplaySubject", id, func(*guest) error { return nil })
}

// Screenshot is a picture of one dot.
func (c *connection) Screenshot(ctx context.Context, id model.ID) ([]byte, error) {
	var out bytes.Buffer
	err := c.live(ctx, "Screenshot", id, func(g *guest) error {
		if g.spec.Display == "" {
			return Refuse(host.RefusedUnsupported, "the guest has no display")
		}
		return png.Encode(&out, image.NewGray(image.Rect(0, 0, 1, 1)))
	})
	return out.Bytes(), err
}

// hangUp ends the streams of a guest that ends.
func (g *guest) hangUp() {
	for _, stream := range g.streams {
		stream.Close()
	}
	g.streams, g.typing = nil, nil
}

// left forgets a stream.
func (g *guest) left(stream net.Conn) {
	stream.Close()
	g.machine.world.mu.Lock()
	defer g.machine.world.mu.Unlock()
	if i := slices.Index(g.streams, stream); i >= 0 {
		g.streams = slices.Delete(g.streams, i, i+1)
	}
	if g.typing == stream {
		g.typing = nil
	}
}

func (g *guest) serial(stream net.Conn) {
	defer g.left(stream)
	_, _ = io.Copy(stream, stream)
}

// display is the other side of [rfb.Enter], and an echo. A SPICE display is an echo.
func (g *guest) display(stream net.Conn) {
	defer g.left(stream)
	if g.spec.Display == model.DisplayVNC {
		thrownOff, letIn := g.ask(stream)
		if !letIn {
			return
		}
		over := make(chan struct{})
		defer close(over)
		go func() {
			select {
			case <-thrownOff:
				stream.Close()
			case <-over:
			}
		}()
	}
	_, _ = io.Copy(stream, stream)
}

// SecureDisplay is the Call of rules for displays that want TLS, and whose certificate is
// not accepted for the reason that the rule gives.
const SecureDisplay = "SecureDisplay"

// strangeDisplay is a stream to such a display.
type strangeDisplay struct {
	net.Conn
	why error
}

// Secure says why not.
func (s *strangeDisplay) Secure() error { return s.why }

// Insists is false: nothing is known of the display.
func (s *strangeDisplay) Insists() bool { return false }

// greet is the beginning of a display that wants TLS, until the stream is closed.
func (g *guest) greet(stream net.Conn) {
	defer g.left(stream)
	heard := make([]byte, 12)
	for _, step := range []struct {
		says  string
		hears int
	}{{"RFB 003.008\n", 12}, {"\x01\x13", 1}, {"\x00\x02", 2}, {"\x00\x01\x00\x00\x01\x05", 4}, {"\x01", 1}} {
		if _, err := io.WriteString(stream, step.says); err != nil {
			return
		}
		if _, err := io.ReadFull(stream, heard[:step.hears]); err != nil {
			return
		}
	}
}

// ask lets in whoever has the ticket.
func (g *guest) ask(stream net.Conn) (thrownOff <-chan struct{}, letIn bool) {
	challenge := bytes.Repeat([]byte("challeng"), 2)
	heard := make([]byte, 16)
	for _, step := range []struct {
		says  string
		hears int
	}{{"RFB 003.008\n", 12}, {"\x01\x02", 1}, {string(challenge), 16}} {
		if _, err := io.WriteString(stream, step.says); err != nil {
			return nil, false
		}
		if _, err := io.ReadFull(stream, heard[:step.hears]); err != nil {
			return nil, false
		}
	}
	if ticket, set := g.machine.Ticket(string(g.spec.ID)); set {
		wanted, err := rfb.Answer(challenge, ticket.Password)
		if err == nil && bytes.Equal(wanted, heard) {
			thrownOff, letIn = g.machine.Enter(string(g.spec.ID), ticket.Password)
		}
	}
	if !letIn {
		_, _ = stream.Write(binary.BigEndian.AppendUint32(nil, 1))
		return nil, false
	}
	screen := make([]byte, 4+24)
	if _, err := stream.Write(screen[:4]); err != nil {
		return nil, false
	}
	if _, err := io.ReadFull(stream, heard[:1]); err != nil {
		return nil, false
	}
	_, err := stream.Write(screen[4:])
	return thrownOff, err == nil
}
