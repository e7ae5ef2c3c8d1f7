package files

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	"vireo/internal/image"
)

// The words of the NBD protocol that are needed (NBD, doc/proto.md).
const (
	nbdMagic        = 0x4e42444d41474943 // NBDMAGIC
	nbdOptionMagic  = 0x49484156454f5054 // IHAVEOPT
	nbdReplyMagic   = 0x0003e889045565a9
	nbdRequestMagic = 0x25609513
	nbdSimpleMagic  = 0x67446698
	nbdChunkMagic   = 0x668e33ef

	nbdFixedNewstyle = 1
	nbdNoZeroes      = 2

	nbdOptionGo         = 7
	nbdOptionStructured = 8
	nbdOptionMeta       = 10

	nbdOptionAck  = 1
	nbdOptionInfo = 3
	nbdOptionFail = 1 << 31

	nbdRead        = 0
	nbdWrite       = 1
	nbdDisconnect  = 2
	nbdFlush       = 3
	nbdWriteZeroes = 6
	nbdBlockStatus = 7

	nbdChunkDone   = 1
	nbdChunkNone   = 0
	nbdChunkData   = 1
	nbdChunkHole   = 2
	nbdChunkStatus = 5
	nbdChunkError  = 1 << 15

	nbdExtentHole = 1
	nbdExtentZero = 2
)

// longestReply bounds what is read of an answer that is no data, and nbdPatience how
// long one call may take.
const (
	longestReply = 1 << 20
	nbdPatience  = 2 * time.Minute
)

// nbdAllocation is the name of the context that says where there is data.
const nbdAllocation = "base:allocation"

var errProtocol = errors.New("the NBD server does not keep to the protocol")

// nbdConn is a connection to an NBD server that serves one export. One call is made
// at a time.
type nbdConn struct {
	net.Conn
	size   int64
	handle uint64
	broken bool
}

// dialNBD connects to the socket and agrees on structured replies and on block
// status, which QEMU has.
func dialNBD(ctx context.Context, path string) (*nbdConn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("connecting to the NBD server: %w", err)
	}
	c := &nbdConn{Conn: conn}
	_ = conn.SetDeadline(time.Now().Add(nbdPatience)) // fails with the next call, if at all
	if err := c.agree(); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("greeting the NBD server: %w", err)
	}
	return c, nil
}

func (c *nbdConn) agree() error {
	var greeting struct {
		Magic, Option uint64
		Flags         uint16
	}
	if err := binary.Read(c, binary.BigEndian, &greeting); err != nil {
		return err
	}
	if greeting.Magic != nbdMagic || greeting.Option != nbdOptionMagic || greeting.Flags&nbdFixedNewstyle == 0 {
		return errProtocol
	}
	if err := c.send(uint32(nbdFixedNewstyle | greeting.Flags&nbdNoZeroes)); err != nil {
		return err
	}
	if err := c.option(nbdOptionStructured, nil, nil); err != nil {
		return err
	}
	query := binary.BigEndian.AppendUint32(nil, 0) // the name of the export is empty
	query = binary.BigEndian.AppendUint32(query, 1)
	query = binary.BigEndian.AppendUint32(query, uint32(len(nbdAllocation)))
	if err := c.option(nbdOptionMeta, append(query, nbdAllocation...), nil); err != nil {
		return err
	}
	return c.option(nbdOptionGo, make([]byte, 6), func(info []byte) {
		if len(info) >= 12 && binary.BigEndian.Uint16(info) == 0 {
			c.size = int64(binary.BigEndian.Uint64(info[2:]))
		}
	})
}

// option asks for an option and reads its replies up to the last.
func (c *nbdConn) option(option uint32, data []byte, inform func([]byte)) error {
	if err := c.send(uint64(nbdOptionMagic), option, uint32(len(data)), data); err != nil {
		return err
	}
	for {
		var reply struct {
			Magic                uint64
			Option, Type, Length uint32
		}
		if err := binary.Read(c, binary.BigEndian, &reply); err != nil {
			return err
		}
		if reply.Magic != nbdReplyMagic || reply.Option != option || reply.Length > longestReply {
			return errProtocol
		}
		text := make([]byte, reply.Length)
		if _, err := io.ReadFull(c, text); err != nil {
			return err
		}
		switch {
		case reply.Type == nbdOptionAck:
			return nil
		case reply.Type&nbdOptionFail != 0:
			return fmt.Errorf("option %d was refused: %.200q", option, text)
		case reply.Type == nbdOptionInfo && inform != nil:
			inform(text)
		}
	}
}

func (c *nbdConn) send(values ...any) error {
	var packet []byte
	for _, value := range values {
		var err error
		if packet, err = binary.Append(packet, binary.BigEndian, value); err != nil {
			return err
		}
	}
	_, err := c.Write(packet)
	return err
}

// call makes one request. What is read goes to into; each status goes to status.
func (c *nbdConn) call(kind uint16, offset int64, length uint32, payload, into []byte, status func(length, flags uint32)) error {
	c.handle++
	_ = c.SetDeadline(time.Now().Add(nbdPatience)) // fails with the next call, if at all
	if err := c.send(uint32(nbdRequestMagic), uint16(0), kind, c.handle, uint64(offset), length, payload); err != nil {
		c.broken = true
		return err
	}
	failure, err := c.replies(offset, into, status)
	if err != nil {
		c.broken = true
		return err
	}
	return failure
}

// replies reads all that answers a request: failure is what the server says of it,
// err that nothing more can be said.
func (c *nbdConn) replies(offset int64, into []byte, status func(length, flags uint32)) (failure, err error) {
	for {
		var magic uint32
		if err := binary.Read(c, binary.BigEndian, &magic); err != nil {
			return nil, err
		}
		if magic == nbdSimpleMagic {
			var simple struct {
				Error  uint32
				Handle uint64
			}
			if err := binary.Read(c, binary.BigEndian, &simple); err != nil {
				return nil, err
			}
			if simple.Handle != c.handle || into != nil {
				return nil, errProtocol
			}
			return nbdFailure(simple.Error), nil
		}
		var chunk struct {
			Flags, Type uint16
			Handle      uint64
			Length      uint32
		}
		if err := binary.Read(c, binary.BigEndian, &chunk); err != nil {
			return nil, err
		}
		if magic != nbdChunkMagic || chunk.Handle != c.handle {
			return nil, errProtocol
		}
		problem, err := c.chunk(chunk.Type, chunk.Length, offset, into, status)
		if err != nil {
			return nil, err
		}
		failure = errors.Join(failure, problem)
		if chunk.Flags&nbdChunkDone != 0 {
			return failure, nil
		}
	}
}

// chunk reads one part of an answer.
func (c *nbdConn) chunk(kind uint16, length uint32, offset int64, into []byte, status func(length, flags uint32)) (failure, err error) {
	switch {
	case kind == nbdChunkData && length >= 8:
		place, err := c.place(offset, into)
		if err != nil || int64(length)-8 > int64(len(place)) {
			return nil, errors.Join(errProtocol, err)
		}
		_, err = io.ReadFull(c, place[:length-8])
		return nil, err
	case kind == nbdChunkHole && length == 12:
		place, err := c.place(offset, into)
		if err != nil {
			return nil, err
		}
		var size uint32
		if err := binary.Read(c, binary.BigEndian, &size); err != nil || int64(size) > int64(len(place)) {
			return nil, errors.Join(errProtocol, err)
		}
		clear(place[:size])
		return nil, nil
	case length > longestReply:
		return nil, errProtocol
	}
	text := make([]byte, length)
	if _, err := io.ReadFull(c, text); err != nil {
		return nil, err
	}
	switch {
	case kind == nbdChunkNone:
		return nil, nil
	case kind == nbdChunkStatus && length >= 4 && (length-4)%8 == 0 && status != nil:
		for text = text[4:]; len(text) > 0; text = text[8:] {
			status(binary.BigEndian.Uint32(text), binary.BigEndian.Uint32(text[4:]))
		}
		return nil, nil
	case kind&nbdChunkError != 0 && length >= 4:
		return nbdFailure(binary.BigEndian.Uint32(text)), nil
	}
	return nil, errProtocol
}

// place reads where a chunk belongs, and gives into from there on.
func (c *nbdConn) place(offset int64, into []byte) ([]byte, error) {
	var at uint64
	if err := binary.Read(c, binary.BigEndian, &at); err != nil {
		return nil, err
	}
	from := int64(at) - offset
	if from < 0 || from > int64(len(into)) {
		return nil, errProtocol
	}
	return into[from:], nil
}

// nbdFailure is the error of a number, which is Linux's.
func nbdFailure(number uint32) error {
	switch number {
	case 0:
		return nil
	case uint32(syscall.EINVAL):
		return fmt.Errorf("the NBD server refuses the request: %w", image.ErrOutside)
	}
	return explain(fmt.Errorf("the NBD server fails: %w", syscall.Errno(number)))
}
