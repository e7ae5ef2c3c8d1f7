package hosttest

import (
	"bytes"
	"image/png"
	"io"
	"sync"
	"testing"

	"vireo/internal/host"
	"vireo/internal/model"
	"vireo/internal/rfb"
)

func displayIsStream(t *testing.T, target Target) {
	b := open(t, target)
	spec := b.bootPaused("display")
	b.must("SetTicket", b.SetTicket(b.ctx, spec.ID, host.Ticket{Password: "opensesame"}))
	stream := b.dial(spec.ID, host.ConsoleDisplay)
	b.must("entering the display", rfb.Enter(stream, "opensesame"))
	b.must("sharing the display", rfb.Show(stream, true))
	read := b.reads(stream)

	b.must("SetTicket", b.SetTicket(b.ctx, spec.ID, host.Ticket{Password: "another"}))
	b.until("the stream ends with its ticket", read.over)

	// What is left of one's own accord is left.
	b.must("Close", b.dial(spec.ID, host.ConsoleDisplay).Close())
	last := b.reads(b.dial(spec.ID, host.ConsoleDisplay))
	b.must("Destroy", b.Destroy(b.ctx, spec.ID))
	b.until("the stream ends with the guest", last.over)

	blind := b.spec("blind")
	blind.Display, blind.SerialConsole, blind.Paused = "", false, true
	b.must("Boot without consoles", b.Boot(b.ctx, blind))
	for _, console := range []host.Console{host.ConsoleDisplay, host.ConsoleSerial, "other"} {
		_, err := b.DialConsole(b.ctx, blind.ID, console)
		b.refused("DialConsole to what is not there", err, host.RefusedUnsupported)
	}
	subject, err := b.DisplaySubject(b.ctx, blind.ID)
	b.must("DisplaySubject of what is not there", err)
	if subject != "" {
		t.Errorf("a guest without a display has the certificate of %s", subject)
	}
	_, err = b.Screenshot(b.ctx, blind.ID)
	b.refused("Screenshot of what is not there", err, host.RefusedUnsupported)
}

func serialIsStream(t *testing.T, target Target) {
	b := open(t, target)
	spec := b.spec("serial")
	spec.SerialConsole = true
	b.must("Boot", b.Boot(b.ctx, spec))
	stream := b.dial(spec.ID, host.ConsoleSerial)
	read := b.reads(stream)
	// What is typed is shown, as terminals do, once the guest listens.
	b.until("what is typed is shown", func() bool {
		if _, err := io.WriteString(stream, "vireo\r"); err != nil {
			t.Fatal(err)
		}
		return read.has("vireo")
	})
	_, err := b.DialConsole(b.ctx, spec.ID, host.ConsoleSerial)
	b.refused("DialConsole to what somebody has", err, host.RefusedState)
	b.twice("Close", stream.Close)

	// It is free for the next as soon as the host has noticed.
	var next io.ReadWriteCloser
	b.until("the console is free", func() bool {
		next, err = b.DialConsole(b.ctx, spec.ID, host.ConsoleSerial)
		return err == nil
	})
	last := b.reads(next)
	b.must("Destroy", b.Destroy(b.ctx, spec.ID))
	b.until("the stream ends with the guest", last.over)
	b.must("Close after the end", next.Close())
}

func displayIsPicture(t *testing.T, target Target) {
	b := open(t, target)
	spec := b.bootPaused("picture")
	text, err := b.Screenshot(b.ctx, spec.ID)
	b.must("Screenshot", err)
	picture, err := png.Decode(bytes.NewReader(text))
	b.must("reading the picture", err)
	if picture.Bounds().Empty() {
		t.Error("the picture is empty")
	}
}

func (b *bench) dial(id model.ID, console host.Console) io.ReadWriteCloser {
	b.Helper()
	stream, err := b.DialConsole(b.ctx, id, console)
	b.must("DialConsole", err)
	b.Cleanup(func() { stream.Close() })
	return stream
}

// reading is all that came from a stream.
type reading struct {
	mu    sync.Mutex
	text  []byte
	ended bool
}

func (b *bench) reads(stream io.Reader) *reading {
	r := &reading{}
	go func() {
		_, _ = io.Copy(r, stream)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.ended = true
	}()
	return r
}

// Write keeps what came.
func (r *reading) Write(text []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.text = append(r.text, text...)
	return len(text), nil
}

func (r *reading) over() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended
}

func (r *reading) has(text string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return bytes.Contains(r.text, []byte(text))
}
