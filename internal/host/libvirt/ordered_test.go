package libvirt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
)

// packet makes one as a daemon sends it.
func packet(kind, serial uint32, text string) []byte {
	var out []byte
	for _, word := range []uint32{uint32(28 + len(text)), 0x20008086, 1, 211, kind, serial, 0} {
		out = binary.BigEndian.AppendUint32(out, word)
	}
	return append(out, text...)
}

func TestStreamsWaitForTheirAnswers(t *testing.T) {
	const event = 2
	sent := [][]byte{
		packet(typeStream, 7, "early"), packet(event, 0, "event"), packet(typeReply, 6, "other"), packet(typeStream, 6, "its"),
		packet(typeStream, 7, ""), packet(typeReply, 7, "answer"), packet(typeStream, 7, "late"),
	}
	var want []byte
	for _, i := range []int{1, 2, 3, 5, 0, 4, 6} {
		want = append(want, sent[i]...)
	}
	here, there := net.Pipe()
	defer here.Close()
	go func() {
		defer there.Close()
		_, _ = there.Write(bytes.Join(sent, nil))
	}()
	got, err := io.ReadAll(ordered(guard(here)))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("read %q (%v), want %q", got, err, want)
	}
}

func TestStreamsThatWaitAreBounded(t *testing.T) {
	here, there := net.Pipe()
	defer here.Close()
	go func() {
		defer there.Close()
		flood := packet(typeStream, 7, string(make([]byte, 1<<20)))
		for {
			if _, err := there.Write(flood); err != nil {
				return
			}
		}
	}()
	if _, err := io.ReadAll(ordered(guard(here))); !errors.Is(err, errFlood) {
		t.Errorf("a flood ended with %v", err)
	}
}
