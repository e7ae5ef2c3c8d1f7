package libvirt

import (
	"encoding/binary"
	"fmt"
	"net"
	"sync"
)

// The limits of libvirt's RPC: four bytes of length that count themselves, 24 of
// header, and VIR_NET_MESSAGE_MAX with some room.
const (
	frameLengthSize = 4
	frameHeaderSize = 24
	frameMaximum    = 64 << 20
)

// guardedConn watches the lengths of the frames that the peer sends. The client
// library allocates whatever length it reads, and panics on one that is shorter
// than the header; behind a guardedConn such a peer is a connection that failed.
type guardedConn struct {
	net.Conn
	// length collects the bytes of the next frame's length, have of them.
	length [frameLengthSize]byte
	have   int
	// rest is how many bytes of the present frame are still to come.
	rest uint32
	// lost is closed when a read has failed; every frame before has been routed.
	// The library's own sign of it is not set when the connection ends while it
	// is being opened.
	lost chan struct{}
	fail sync.Once
}

func guard(conn net.Conn) *guardedConn {
	return &guardedConn{Conn: conn, lost: make(chan struct{})}
}

// Read reads from the peer and fails at a frame that no libvirt daemon sends.
func (c *guardedConn) Read(buffer []byte) (int, error) {
	n, err := c.Conn.Read(buffer)
	if bad := c.check(buffer[:n]); bad != nil {
		n, err = 0, bad
	}
	if err != nil {
		c.fail.Do(func() {
			c.Close()
			close(c.lost)
		})
	}
	return n, err
}

func (c *guardedConn) check(data []byte) error {
	for len(data) > 0 {
		if c.rest > 0 {
			step := min(uint32(len(data)), c.rest)
			c.rest -= step
			data = data[step:]
			continue
		}
		taken := copy(c.length[c.have:], data)
		c.have += taken
		data = data[taken:]
		if c.have < frameLengthSize {
			return nil
		}
		total := binary.BigEndian.Uint32(c.length[:])
		if total < frameLengthSize+frameHeaderSize || total > frameMaximum {
			return fmt.Errorf("the peer does not speak libvirt: a frame of %d bytes", total)
		}
		c.have, c.rest = 0, total-frameLengthSize
	}
	return nil
}
