package rfb_test

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"vireo/internal/rfb"
)

// secured is a connection that notes that it was asked to go on encrypted.
type secured struct {
	net.Conn
	asked bool
	err   error
	// insists says that it is known to speak TLS.
	insists bool
}

func (s *secured) Insists() bool { return s.insists }

func (s *secured) Secure() error {
	s.asked = true
	return s.err
}

// TestStrippedDisplay: one that has spoken TLS before and offers none is not given an answer
// to its challenge.
func TestStrippedDisplay(t *testing.T) {
	const greeting = "RFB 003.008\n"
	viewer, display := pair(t)
	ended := make(chan error, 1)
	go func() { ended <- play(display, []step{{"", greeting}, {greeting, "\x01\x02"}}) }()
	if err := rfb.Enter(&secured{Conn: viewer, insists: true}, "opensesame"); !errors.Is(err, rfb.ErrStripped) {
		t.Errorf("it ended with %v", err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestEnterByTLS: a display is spoken to by TLS if it wants that, and its password is
// asked for behind that alone.
func TestEnterByTLS(t *testing.T) {
	const greeting, challenge = "RFB 003.008\n", "challengchalleng"
	untrusted := errors.New("it is somebody else")
	answer, err := rfb.Answer([]byte(challenge), "opensesame")
	if err != nil {
		t.Fatal(err)
	}
	hello := func(offer string) []step { return []step{{"", greeting}, {greeting, offer}} }
	veNCrypt := append(hello("\x02\x02\x13"), step{"\x13", "\x00\x02"}) // VNC's own password too
	x509 := append(veNCrypt[:3:3], step{"\x00\x02", "\x00\x02\x00\x00\x01\x04\x00\x00\x01\x05"})
	letsIn := []step{{string(answer), "\x00\x00\x00\x00"}}
	for _, c := range []struct {
		name   string
		plain  bool // the connection cannot go on encrypted
		secure error
		steps  []step
		want   error
		fails  bool
		asked  bool
	}{
		{"encrypted", false, nil, append(append(x509[:4:4], step{"\x00\x00\x01\x05", "\x01" + challenge}), letsIn...), nil, false, true},
		{"somebody else", false, untrusted, append(x509[:4:4], step{"\x00\x00\x01\x05", "\x01"}), untrusted, true, true},
		{"not in clear text", false, nil, append(append(hello("\x01\x02"), step{"\x02", challenge}), letsIn...), nil, false, false},
		{"without TLS here, and it can do without", true, nil, append(append(hello("\x02\x13\x02"), step{"\x02", challenge}), letsIn...), nil, false, false},
		{"without TLS here", true, nil, hello("\x01\x13"), rfb.ErrEncrypted, true, false},
		{"another version", false, nil, append(veNCrypt[:3:3], step{"\x00\x02", "\x01\x00"}), nil, true, false},
		{"no certificate", false, nil, append(veNCrypt[:3:3], step{"\x00\x02", "\x00\x01\x00\x00\x01\x02"}), rfb.ErrEncrypted, true, false},
		{"none at all", false, nil, append(veNCrypt[:3:3], step{"\x00\x02", "\x00\x00"}), rfb.ErrEncrypted, true, false},
		{"not after all", false, nil, append(x509[:4:4], step{"\x00\x00\x01\x05", "\x00"}), rfb.ErrEncrypted, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			viewer, display := pair(t)
			ended := make(chan error, 1)
			go func() { ended <- play(display, c.steps) }()
			through := &secured{Conn: viewer, err: c.secure}
			var conn io.ReadWriter = through
			if c.plain {
				conn = viewer
			}
			err := rfb.Enter(conn, "opensesame")
			if (err != nil) != c.fails || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("it ended with %v, want %v", err, c.want)
			}
			if through.asked != c.asked {
				t.Errorf("that it goes on by TLS is %v", through.asked)
			}
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
}

// TestEnterCutOff: a display that ends in the middle of what it says lets nobody in.
func TestEnterCutOff(t *testing.T) {
	said := "RFB 003.008\n" + "\x01\x13" + "\x00\x02" + "\x00\x01\x00\x00\x01\x05" + "\x01"
	for length := range len(said) {
		viewer, display := pair(t)
		go func() { _, _ = io.Copy(io.Discard, display) }()
		go func() {
			_, _ = io.WriteString(display, said[:length])
			display.Close()
		}()
		err := rfb.Enter(&secured{Conn: viewer}, "opensesame")
		if err == nil || !strings.Contains(err.Error(), "handshake of the display") {
			t.Errorf("after %d bytes: %v", length, err)
		}
	}
}
