package rfb_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"vireo/internal/rfb"
)

func pair(t *testing.T) (here, there net.Conn) {
	t.Helper()
	here, there = net.Pipe()
	t.Cleanup(func() { here.Close(); there.Close() })
	for _, conn := range []net.Conn{here, there} {
		if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	return here, there
}

// step is what a peer hears and says.
type step struct{ hears, says string }

func play(conn net.Conn, steps []step) error {
	for _, s := range steps {
		heard := make([]byte, len(s.hears))
		if _, err := io.ReadFull(conn, heard); err != nil {
			return err
		}
		if !bytes.Equal(heard, []byte(s.hears)) {
			return errors.New("heard " + string(heard))
		}
		if s.says == "" {
			continue
		}
		if _, err := io.WriteString(conn, s.says); err != nil {
			return err
		}
	}
	return nil
}

// The answer to a challenge of zeros by the password "opensesa", as a real QEMU
// accepts it (see test/e2e): DES with the bits of each character reversed.
func TestEnter(t *testing.T) {
	const greeting = "RFB 003.008\n"
	for _, c := range []struct {
		name  string
		steps []step
		want  error
		fails bool
	}{
		{"let in", []step{{"", greeting}, {greeting, "\x02\x01\x02"}, {"\x02", strings.Repeat("\x00", 16)}, {"", ""}}, nil, false},
		{"not let in", []step{{"", greeting}, {greeting, "\x01\x02"}, {"\x02", strings.Repeat("\x00", 16)}, {"", ""}}, rfb.ErrPassword, true},
		{"no password", []step{{"", greeting}, {greeting, "\x01\x01"}}, nil, true},
		{"nobody", []step{{"", greeting}, {greeting, "\x00"}}, nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			viewer, display := pair(t)
			ended := make(chan error, 1)
			answers := make(chan []byte, 1)
			go func() {
				err := play(display, c.steps)
				if len(c.steps) == 4 && err == nil {
					answer := make([]byte, 16)
					_, err = io.ReadFull(display, answer)
					answers <- answer
					result := []byte{0, 0, 0, 0}
					if c.want != nil {
						result[3] = 1
					}
					_, _ = display.Write(result)
				}
				ended <- err
			}()
			err := rfb.Enter(viewer, "opensesame")
			if (err != nil) != c.fails || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("it ended with %v", err)
			}
			if err := <-ended; err != nil {
				t.Error(err)
			}
			if len(c.steps) == 4 {
				answer := <-answers
				if !bytes.Equal(answer[:8], answer[8:]) || bytes.Equal(answer, make([]byte, 16)) {
					t.Errorf("equal halves of the challenge are answered with %x", answer)
				}
			}
		})
	}
}

func plain(user, password string) string {
	message := binary.BigEndian.AppendUint32(nil, uint32(len(user)))
	return string(binary.BigEndian.AppendUint32(message, uint32(len(password)))) + user + password
}

func TestAdmit(t *testing.T) {
	const greeting = "RFB 003.008\n"
	before := []step{
		{greeting, greeting}, {"\x01\x13", "\x13"}, {"\x00\x02", "\x00\x02"}, {"\x00\x01\x00\x00\x01\x00", "\x00\x00\x01\x00"},
	}
	then := func(s ...step) []step { return append(append([]step(nil), before...), s...) }
	long := strings.Repeat("p", 60)
	wrong := errors.New("wrong")
	for _, c := range []struct {
		name  string
		steps []step
		want  error
	}{
		{"the whole password", then(step{"", plain("me", long)}, step{"\x00\x00\x00\x00", ""}), nil},
		{"its beginning", then(step{"", plain("me", long[:8])}, step{"\x00\x00\x00\x01\x00\x00\x00\x0eNot permitted.", ""}), wrong},
		{"an endless one", then(step{"", "\x00\x00\x00\x02\xff\xff\xff\xff"}), rfb.ErrViewer},
		{"another version", []step{{greeting, "RFB 003.003\n"}}, rfb.ErrViewer},
		{"another way", []step{{greeting, greeting}, {"\x01\x13", "\x01"}}, rfb.ErrViewer},
		{"another subtype", append(append([]step(nil), before[:3]...), step{"\x00\x01\x00\x00\x01\x00", "\x00\x00\x01\x01"}), rfb.ErrViewer},
	} {
		t.Run(c.name, func(t *testing.T) {
			proxy, viewer := pair(t)
			ended := make(chan error, 1)
			go func() { ended <- play(viewer, c.steps) }()
			err := rfb.Admit(proxy, func(user, password string) error {
				if user != "me" || password != long {
					return wrong
				}
				return nil
			})
			if !errors.Is(err, c.want) {
				t.Errorf("it ended with %v, want %v", err, c.want)
			}
			if errors.Is(c.want, wrong) && !errors.Is(err, rfb.ErrRefused) {
				t.Errorf("a wrong password ended with %v", err)
			}
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
}
