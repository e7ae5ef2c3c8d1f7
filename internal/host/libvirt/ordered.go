package libvirt

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
)

// orderedConn passes on what a daemon sends, but no data of a stream before the answer
// to the call that opens it. libvirtd sends it as soon as there is some, which may be
// earlier; the client library takes the first packet for the answer, and is lost.
type orderedConn struct {
	net.Conn
	// ready is what may be read, held what waits for an answer, heldBytes its length.
	ready     []byte
	held      map[uint32][]byte
	answered  map[uint32]bool
	heldBytes int
}

// The head of a packet after its length, in words of four bytes: program, version,
// procedure, type, serial, status.
const (
	typeAt, serialAt      = 12, 16
	typeReply, typeStream = 1, 3
)

var errFlood = errors.New("the peer sends more of a stream than anybody can want before its answer")

func ordered(conn net.Conn) *orderedConn {
	return &orderedConn{Conn: conn, held: map[uint32][]byte{}, answered: map[uint32]bool{}}
}

// Read reads packets in the order that the library needs.
func (c *orderedConn) Read(to []byte) (int, error) {
	for len(c.ready) == 0 {
		if err := c.next(); err != nil {
			return 0, err
		}
	}
	n := copy(to, c.ready)
	c.ready = c.ready[n:]
	return n, nil
}

// next reads one packet.
func (c *orderedConn) next() error {
	head := make([]byte, frameLengthSize+frameHeaderSize)
	if _, err := io.ReadFull(c.Conn, head); err != nil {
		return err
	}
	// The connection below has seen to it that the length is sound.
	packet := make([]byte, binary.BigEndian.Uint32(head))
	copy(packet, head)
	if _, err := io.ReadFull(c.Conn, packet[len(head):]); err != nil {
		return err
	}
	serial := binary.BigEndian.Uint32(head[frameLengthSize+serialAt:])
	switch binary.BigEndian.Uint32(head[frameLengthSize+typeAt:]) {
	case typeStream:
		if c.answered[serial] {
			break
		}
		if c.heldBytes += len(packet); c.heldBytes > longestPicture {
			return errFlood
		}
		c.held[serial] = append(c.held[serial], packet...)
		return nil
	case typeReply:
		c.answered[serial] = true
		packet = append(packet, c.held[serial]...)
		c.heldBytes -= len(c.held[serial])
		delete(c.held, serial)
	}
	c.ready = packet
	return nil
}
