package libvirt

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/digitalocean/go-libvirt"
	"github.com/google/uuid"

	"vireo/internal/host"
	"vireo/internal/model"
)

// trunk shares a connection between the client library and streams of our own. The library
// has no two-way form of virDomainOpenChannel, keeps 4 MiB for each stream that is written
// to, and loses data that a daemon sends before its answer. So our streams speak libvirt's
// RPC themselves, under serials that the library does not come to, and it is not shown
// their packets.
type trunk struct {
	net.Conn
	// hangUp closes the connection.
	hangUp func()
	// ready is what the library may read.
	ready []byte

	// writing is held while a packet is written; unsent is the begin of one of the
	// library's.
	writing sync.Mutex
	unsent  []byte

	mu      sync.Mutex
	serial  uint32
	streams map[uint32]*stream
	over    bool
}

// The parts of libvirt's RPC that are spoken here (src/rpc/virnetprotocol.x and
// src/remote/remote_protocol.x): a packet is its length, the words of its head, and data.
const (
	programRemote, versionRemote = 0x20008086, 1
	procOpenChannel              = 296

	typeCall                              = 0
	statusOK, statusError, statusContinue = 0, 1, 2

	statusAt = 20

	// firstSerial is the first of our serials; the library counts from 1.
	firstSerial = 1 << 30
	// longestPiece is the most data in one packet of a stream that every libvirt takes
	// (VIR_NET_MESSAGE_LEGACY_PAYLOAD_MAX).
	longestPiece = 262120 - frameHeaderSize
)

func newTrunk(conn net.Conn) *trunk {
	return &trunk{Conn: conn, serial: firstSerial, streams: map[uint32]*stream{}}
}

// Read reads the packets that are the library's, and hands out the others.
func (t *trunk) Read(to []byte) (int, error) {
	for len(t.ready) == 0 {
		head := make([]byte, frameLengthSize+frameHeaderSize)
		if _, err := io.ReadFull(t.Conn, head); err != nil {
			return 0, err
		}
		// The connection below has seen to it that the length is sound.
		packet := make([]byte, binary.BigEndian.Uint32(head))
		copy(packet, head)
		if _, err := io.ReadFull(t.Conn, packet[len(head):]); err != nil {
			return 0, err
		}
		serial := binary.BigEndian.Uint32(head[frameLengthSize+serialAt:])
		if serial < firstSerial {
			t.ready = packet
			break
		}
		t.mu.Lock()
		known := t.streams[serial]
		t.mu.Unlock()
		// What is still on its way when a stream was closed is of no interest.
		if known != nil {
			known.receive(packet[frameLengthSize:])
		}
	}
	n := copy(to, t.ready)
	t.ready = t.ready[n:]
	return n, nil
}

// Write sends what the library writes, packet by packet.
func (t *trunk) Write(data []byte) (int, error) {
	t.writing.Lock()
	defer t.writing.Unlock()
	t.unsent = append(t.unsent, data...)
	for len(t.unsent) >= frameLengthSize {
		size := int(binary.BigEndian.Uint32(t.unsent))
		if size < frameLengthSize || len(t.unsent) < size {
			break
		}
		if err := t.put(t.unsent[:size]); err != nil {
			return 0, err
		}
		t.unsent = t.unsent[size:]
	}
	return len(data), nil
}

// send writes one packet of ours.
func (t *trunk) send(kind, serial, status uint32, data []byte) error {
	packet := make([]byte, 0, frameLengthSize+frameHeaderSize+len(data))
	for _, word := range []uint32{uint32(cap(packet)), programRemote, versionRemote, procOpenChannel, kind, serial, status} {
		packet = binary.BigEndian.AppendUint32(packet, word)
	}
	packet = append(packet, data...)
	t.writing.Lock()
	defer t.writing.Unlock()
	err := t.put(packet)
	clear(packet) // it may hold a password
	return err
}

// writeLimit is how long a daemon may take to read one packet. One that reads nothing any
// more, because of a guest that does not, would hold up all that share the connection.
const writeLimit = 20 * time.Second

// put writes a packet, and ends the connection when that cannot be done. writing is held.
func (t *trunk) put(packet []byte) error {
	late := time.AfterFunc(writeLimit, t.hangUp)
	defer late.Stop()
	_, err := t.Conn.Write(packet)
	return err
}

// open opens the port of a guest.
func (t *trunk) open(ctx context.Context, id model.ID, hear func([]byte)) (*stream, error) {
	arguments, err := channelArguments(id)
	if err != nil {
		return nil, err
	}
	s := &stream{trunk: t, hear: hear, answer: make(chan error, 1), done: make(chan struct{})}
	t.mu.Lock()
	if t.over {
		t.mu.Unlock()
		return nil, unreachable("opening a stream", errClosed)
	}
	t.serial++
	if t.serial < firstSerial {
		t.serial = firstSerial
	}
	s.serial = t.serial
	t.streams[s.serial] = s
	t.mu.Unlock()
	if err := t.send(typeCall, s.serial, statusOK, arguments); err != nil {
		s.end()
		return nil, unreachable("opening a stream", err)
	}
	select {
	case err := <-s.answer:
		if err != nil {
			s.end()
			return nil, err
		}
		return s, nil
	case <-s.done:
		return nil, unreachable("opening a stream", errClosed)
	case <-ctx.Done():
		// An answer may yet come. The daemon takes the end of a stream that it has
		// opened, and ignores that of one which it has not.
		_ = s.Close()
		return nil, ctx.Err()
	}
}

// channelArguments are remote_domain_open_channel_args: the guest, the name of the port,
// and that whoever has it open loses it.
func channelArguments(id model.ID) ([]byte, error) {
	parsed, err := uuid.Parse(string(id))
	if err != nil {
		return nil, refuse(host.RefusedOther, "%q is no id of a guest", string(id))
	}
	out := appendText(nil, "by-uuid")
	out = append(out, parsed[:]...)
	out = binary.BigEndian.AppendUint32(out, 0xFFFFFFFF) // no number on this host
	out = binary.BigEndian.AppendUint32(out, 1)          // there is a name
	out = appendText(out, host.AgentPort)
	return binary.BigEndian.AppendUint32(out, uint32(libvirt.DomainChannelForce)), nil
}

// appendText writes a text as XDR has it.
func appendText(to []byte, text string) []byte {
	to = binary.BigEndian.AppendUint32(to, uint32(len(text)))
	to = append(to, text...)
	return append(to, make([]byte, (4-len(text)%4)%4)...)
}

// readError reads remote_error: a code, a domain, and the text that there may be.
func readError(data []byte) error {
	if len(data) < 4 {
		return errors.New("an error that cannot be read")
	}
	out := libvirt.Error{Code: binary.BigEndian.Uint32(data), Message: "an error without a text"}
	if len(data) >= 16 && binary.BigEndian.Uint32(data[8:]) == 1 {
		size := binary.BigEndian.Uint32(data[12:])
		if text := data[16:]; uint64(size) <= uint64(len(text)) {
			out.Message = string(text[:size])
		}
	}
	return out
}

// fail ends all streams with the connection.
func (t *trunk) fail() {
	t.mu.Lock()
	t.over = true
	streams := t.streams
	t.streams = map[uint32]*stream{}
	t.mu.Unlock()
	for _, s := range streams {
		s.end()
	}
}

// stream is one stream on a trunk.
type stream struct {
	trunk  *trunk
	serial uint32
	hear   func([]byte)
	// answer is the daemon's to the call that opens it.
	answer chan error
	done   chan struct{}
	once   sync.Once
}

// receive takes a packet without its length. It is called by the reader alone.
func (s *stream) receive(packet []byte) {
	kind := binary.BigEndian.Uint32(packet[typeAt:])
	status := binary.BigEndian.Uint32(packet[statusAt:])
	data := packet[frameHeaderSize:]
	switch {
	case kind == typeReply && status == statusOK:
		s.answered(nil)
	case kind == typeReply:
		s.answered(readError(data))
	case kind == typeStream && status == statusContinue && len(data) > 0:
		s.hear(data)
	case kind == typeStream:
		s.end() // by the guest, or by somebody else who has opened the port
	}
}

func (s *stream) answered(err error) {
	select {
	case s.answer <- err:
	default: // a second answer means nothing
	}
}

// Send sends data in pieces. The context is not asked while a piece is written, which
// hangs with the connection only, and that ends when its host does not answer.
func (s *stream) Send(ctx context.Context, data []byte) error {
	const doing = "writing to the agent of the guest"
	for len(data) > 0 {
		select {
		case <-s.done:
			return unreachable(doing, errClosed)
		case <-ctx.Done():
			return gaveUp(ctx, doing)
		default:
		}
		piece := data[:min(len(data), longestPiece)]
		if err := s.trunk.send(typeStream, s.serial, statusContinue, piece); err != nil {
			return unreachable(doing, err)
		}
		data = data[len(piece):]
	}
	return nil
}

// Done is closed at the end.
func (s *stream) Done() <-chan struct{} { return s.done }

// Close ends the stream; the port is free for others.
func (s *stream) Close() error {
	select {
	case <-s.done:
		return nil
	default:
	}
	err := s.trunk.send(typeStream, s.serial, statusError, nil)
	s.end()
	if err != nil {
		return unreachable("closing the channel", err)
	}
	return nil
}

// end forgets the stream.
func (s *stream) end() {
	s.once.Do(func() {
		s.trunk.mu.Lock()
		delete(s.trunk.streams, s.serial)
		s.trunk.mu.Unlock()
		close(s.done)
	})
}
