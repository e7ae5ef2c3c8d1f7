package libvirt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
	"testing/iotest"
)

// fed is a connection that reads from memory.
type fed struct {
	net.Conn
	io.Reader
}

func (f fed) Read(p []byte) (int, error) { return f.Reader.Read(p) }
func (f fed) Close() error               { return nil }

func frame(total uint32) []byte {
	return append(binary.BigEndian.AppendUint32(nil, total), make([]byte, max(total, 4)-4)...)
}

func TestGuardLetsFramesThrough(t *testing.T) {
	text := append(append(frame(28), frame(1000)...), frame(29)...)
	for name, reader := range map[string]io.Reader{
		"whole": bytes.NewReader(text), "by bytes": iotest.OneByteReader(bytes.NewReader(text)), "by halves": iotest.HalfReader(bytes.NewReader(text)),
	} {
		guarded := guard(fed{Reader: reader})
		got, err := io.ReadAll(guarded)
		if err != nil || !bytes.Equal(got, text) {
			t.Errorf("%s: %v", name, err)
		}
		select {
		case <-guarded.lost:
		default:
			t.Errorf("%s: the end is not noticed", name)
		}
	}
}

func TestGuardStopsBadFrames(t *testing.T) {
	for _, total := range []uint32{0, 4, 27, frameMaximum + 1, 1 << 31, 1<<32 - 1} {
		text := append(frame(28), binary.BigEndian.AppendUint32(nil, total)...)
		guarded := guard(fed{Reader: iotest.OneByteReader(bytes.NewReader(text))})
		if got, err := io.ReadAll(guarded); err == nil || errors.Is(err, io.EOF) || len(got) >= len(text) {
			t.Errorf("a frame of %d bytes came through: %v", total, err)
		}
	}
}

// TestHostilePeer connects to somebody who answers with rubbish.
func TestHostilePeer(t *testing.T) {
	for name, answer := range map[string][]byte{
		"short frame": {0, 0, 0, 1, 9}, "long frame": {255, 255, 255, 255}, "text": []byte("HTTP/1.1 400 Bad Request\r\n\r\n"), "nothing": {},
		"reply of nonsense": append([]byte{0, 0, 0, 64, 0x20, 0, 0x80, 0x86, 0, 0, 0, 1, 0, 0, 0, 66, 0, 0, 0, 1, 0, 0, 0, 1}, bytes.Repeat([]byte{255}, 40)...),
	} {
		listener, err := net.Listen("unix", t.TempDir()+"/s")
		must(t, err)
		go func() {
			defer listener.Close()
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 100))
			_, _ = conn.Write(answer)
			conn.Close()
		}()
		if _, err := testDriver(t).Connect(testContext(t), "qemu:///system?socket="+listener.Addr().String()); err == nil {
			t.Errorf("%s: connected", name)
		}
	}
}
