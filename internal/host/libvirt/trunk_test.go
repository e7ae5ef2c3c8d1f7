package libvirt

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/digitalocean/go-libvirt"

	"vireo/internal/host"
	"vireo/internal/model"
)

// exchange is a trunk whose other end the test plays.
type exchange struct {
	*testing.T
	*trunk
	daemon net.Conn
	// library is what the client library reads.
	library chan []byte
}

func newExchange(t *testing.T) *exchange {
	here, there := net.Pipe()
	x := &exchange{T: t, trunk: newTrunk(guard(here)), daemon: there, library: make(chan []byte, 100)}
	t.Cleanup(func() { here.Close(); there.Close() })
	go func() {
		defer close(x.library)
		defer x.fail()
		buffer := make([]byte, 1<<16)
		for {
			n, err := x.Read(buffer)
			if err != nil {
				return
			}
			x.library <- slices.Clone(buffer[:n])
		}
	}()
	return x
}

// sent is the next packet that comes to the daemon: its kind, serial, status, and data.
func (x *exchange) sent() (words []uint32, data []byte) {
	x.Helper()
	if err := x.daemon.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		x.Fatal(err)
	}
	head := make([]byte, frameLengthSize+frameHeaderSize)
	if _, err := io.ReadFull(x.daemon, head); err != nil {
		x.Fatal(err)
	}
	data = make([]byte, int(binary.BigEndian.Uint32(head))-len(head))
	if _, err := io.ReadFull(x.daemon, data); err != nil {
		x.Fatal(err)
	}
	for at := typeAt; at <= statusAt; at += 4 {
		words = append(words, binary.BigEndian.Uint32(head[frameLengthSize+at:]))
	}
	return words, data
}

// says sends a packet of a stream's from the daemon.
func (x *exchange) says(kind, serial, status uint32, data []byte) {
	x.Helper()
	out := packet(kind, serial, string(data))
	binary.BigEndian.PutUint32(out[frameLengthSize+statusAt:], status)
	if _, err := x.daemon.Write(out); err != nil {
		x.Fatal(err)
	}
}

type opened struct {
	stream *stream
	err    error
}

const aGuest model.ID = "00112233-4455-6677-8899-aabbccddeeff"

// opens has a stream opened, up to the daemon's answer.
func (x *exchange) opens(ctx context.Context, hear func([]byte)) (serial uint32, done <-chan opened) {
	x.Helper()
	out := make(chan opened, 1)
	go func() {
		s, err := x.open(ctx, aGuest, hear)
		out <- opened{s, err}
	}()
	words, data := x.sent()
	if words[0] != typeCall || !bytes.Contains(data, []byte(host.AgentPort)) || !bytes.Contains(data, []byte("\x00\x11\x22\x33\x44\x55")) || data[len(data)-1] != 1 {
		x.Errorf("the call is %v %q", words, data)
	}
	return words[1], out
}

func TestStreamsShareATrunk(t *testing.T) {
	x := newExchange(t)
	heard := [2]chan string{make(chan string, 10), make(chan string, 10)}
	var serials [2]uint32
	var streams [2]*stream
	for i := range 2 {
		serial, done := x.opens(t.Context(), func(data []byte) { heard[i] <- string(data) })
		// Data may come before the answer.
		x.says(typeStream, serial, statusContinue, []byte("early"))
		x.says(typeReply, serial, statusOK, nil)
		result := <-done
		if result.err != nil {
			t.Fatal(result.err)
		}
		serials[i], streams[i] = serial, result.stream
	}
	if serials[0] == serials[1] || serials[0] < firstSerial {
		t.Errorf("the serials are %v", serials)
	}
	// The library's packets go through, and it sees those of nobody else.
	x.says(typeStream, serials[1], statusContinue, []byte("two"))
	x.says(typeReply, 7, statusOK, []byte("the library's"))
	x.says(typeStream, serials[0], statusContinue, []byte("one"))
	if got := <-x.library; !bytes.Contains(got, []byte("the library's")) {
		t.Errorf("the library reads %q", got)
	}
	for i, word := range []string{"one", "two"} {
		if early, late := <-heard[i], <-heard[i]; early != "early" || late != word {
			t.Errorf("stream %d hears %q and %q", i, early, late)
		}
	}
	// What the library writes in pieces is not mixed with what a stream writes.
	library := packet(typeCall, 8, "a call of the library's")
	go func() {
		_, _ = x.Write(library[:5])
		_, _ = x.Write(library[5:30])
		if err := streams[0].Send(t.Context(), []byte("between")); err != nil {
			t.Error(err)
		}
		_, _ = x.Write(library[30:])
	}()
	if words, data := x.sent(); words[0] != typeStream || words[1] != serials[0] || words[2] != statusContinue || string(data) != "between" {
		t.Errorf("the daemon reads %v %q", words, data)
	}
	if words, data := x.sent(); words[1] != 8 || string(data) != "a call of the library's" {
		t.Errorf("the daemon reads %v %q", words, data)
	}
	// Longer data goes in pieces.
	go func() { _ = streams[0].Send(t.Context(), make([]byte, longestPiece+1)) }()
	if _, data := x.sent(); len(data) != longestPiece {
		t.Errorf("the first piece has %d bytes", len(data))
	}
	if _, data := x.sent(); len(data) != 1 {
		t.Errorf("the second piece has %d bytes", len(data))
	}

	// One ends by itself, one is closed; nothing is heard or sent afterwards.
	x.says(typeStream, serials[0], statusContinue, nil)
	<-streams[0].Done()
	go func() { _ = streams[1].Close() }()
	if words, _ := x.sent(); words[0] != typeStream || words[1] != serials[1] || words[2] != statusError {
		t.Errorf("the daemon reads %v", words)
	}
	<-streams[1].Done()
	x.says(typeStream, serials[1], statusContinue, []byte("too late"))
	x.says(typeReply, 9, statusOK, nil)
	<-x.library
	for i, s := range streams {
		if err := s.Send(t.Context(), []byte("x")); !errors.Is(err, host.ErrUnreachable) {
			t.Errorf("stream %d can be written to: %v", i, err)
		}
		if err := s.Close(); err != nil || len(heard[i]) != 0 || len(x.streams) != 0 {
			t.Errorf("stream %d: %v, %d pieces are left, %d streams", i, err, len(heard[i]), len(x.streams))
		}
	}
}

func TestStreamsThatCannotBeOpened(t *testing.T) {
	x := newExchange(t)
	ignore := func([]byte) {}
	if _, err := x.open(t.Context(), "no id", ignore); !errors.Is(err, host.ErrRefused) {
		t.Errorf("no id: %v", err)
	}
	for _, test := range []struct {
		answer []byte
		code   uint32
		says   string
	}{
		{append(append([]byte{0, 0, 0, 55, 0, 0, 0, 10, 0, 0, 0, 1, 0, 0, 0, 7}, "no port"...), 0), 55, "no port"},
		{[]byte{0, 0, 0, 55, 0, 0, 0, 10, 0, 0, 0, 0}, 55, "without a text"},
		{[]byte{0, 0, 0, 55, 0, 0, 0, 10, 0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF}, 55, "without a text"},
		{[]byte{1}, 0, "cannot be read"},
	} {
		serial, done := x.opens(t.Context(), ignore)
		x.says(typeReply, serial, statusError, test.answer)
		x.says(typeReply, serial, statusOK, nil) // means nothing any more
		result := <-done
		failure, ok := errors.AsType[libvirt.Error](result.err)
		if result.err == nil || !strings.Contains(result.err.Error(), test.says) || ok != (test.code != 0) || failure.Code != test.code {
			t.Errorf("%v was read as %v", test.answer, result.err)
		}
	}

	// Who waits no longer gives the stream up.
	ctx, cancel := context.WithCancel(t.Context())
	serial, done := x.opens(ctx, ignore)
	cancel()
	if words, _ := x.sent(); words[1] != serial || words[2] != statusError {
		t.Errorf("the daemon reads %v", words)
	}
	if result := <-done; !errors.Is(result.err, context.Canceled) || len(x.streams) != 0 {
		t.Errorf("it ended with %v, %d streams are left", result.err, len(x.streams))
	}

	// And a connection that is lost ends all of them.
	serial, done = x.opens(t.Context(), ignore)
	x.says(typeReply, serial, statusOK, nil)
	live := <-done
	_, done = x.opens(t.Context(), ignore)
	x.daemon.Close()
	if result := <-done; !errors.Is(result.err, host.ErrUnreachable) {
		t.Errorf("it ended with %v", result.err)
	}
	<-live.stream.Done()
	if _, err := x.open(t.Context(), aGuest, ignore); !errors.Is(err, host.ErrUnreachable) {
		t.Errorf("on a lost connection: %v", err)
	}
	if err := live.stream.Send(t.Context(), []byte("x")); !errors.Is(err, host.ErrUnreachable) {
		t.Errorf("on a lost connection: %v", err)
	}
}
