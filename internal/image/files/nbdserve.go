package files

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"vireo/internal/image"
	"vireo/internal/model"
)

// nbdConnections is how many requests are made of one qemu-nbd at a time.
const nbdConnections = 8

// served is what a guest would see of a disk: a qemu-nbd that ends with its last
// connection, so that none outlives the engine.
type served struct {
	socket  string
	process *exec.Cmd
	said    *bounded
	size    int64

	slots chan struct{}
	mu    sync.Mutex
	idle  []*nbdConn
	open  map[*nbdConn]bool
	done  bool
}

// serveVolume starts a qemu-nbd on a qcow2 volume.
func (f *Files) serveVolume(ctx context.Context, volume string, spec image.TransferSpec) (image.Content, error) {
	socket, err := f.sockets.name(spec.Transfer)
	if err != nil {
		return nil, err
	}
	endServer(ctx, socket)
	listening, err := listenUnix(socket)
	if err != nil {
		return nil, err
	}
	defer listening.Close()
	s := &served{
		socket: socket, said: &bounded{}, slots: make(chan struct{}, nbdConnections), open: make(map[*nbdConn]bool),
	}
	args := []string{
		"-c", `LISTEN_PID=$$ exec "$@"`, "sh", f.qemuNBD, "--format=qcow2",
		"--shared=" + strconv.Itoa(nbdConnections), "--discard=unmap", "--detect-zeroes=unmap",
	}
	if !spec.Write {
		args = append(args, "--read-only")
	}
	s.process = exec.Command("/bin/sh", append(args, volume)...)
	s.process.Env = []string{"LC_ALL=C", "PATH=/usr/bin:/bin", "LISTEN_FDS=1"}
	s.process.ExtraFiles = []*os.File{listening}
	s.process.Stderr, s.process.WaitDelay = s.said, 5*time.Second
	if err := s.process.Start(); err != nil {
		return nil, fmt.Errorf("starting qemu-nbd: %w", err)
	}
	_ = listening.Close() // the server alone has it, and a connection ends when the server does
	first, err := dialNBD(ctx, socket)
	if err != nil {
		_ = s.process.Process.Kill()
		_ = s.process.Wait()
		_ = os.Remove(socket)
		return nil, complaint(strings.TrimSpace(s.said.String()), err)
	}
	s.size = first.size
	s.open[first] = true
	s.idle = append(s.idle, first)
	return s, nil
}

// endServer ends what an engine that has died may have left at the socket: a
// connection that was greeted and ends is the last one.
func endServer(ctx context.Context, socket string) {
	if left, err := dialNBD(ctx, socket); err == nil {
		_ = left.call(nbdFlush, 0, 0, nil, nil, nil)
		_ = left.Close()
	}
	_ = os.Remove(socket)
}

// listenUnix opens a listening socket as a file.
func listenUnix(path string) (*os.File, error) {
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("making a socket for qemu-nbd: %w", err)
	}
	listener.SetUnlinkOnClose(false)
	file, err := listener.File()
	return file, errors.Join(err, listener.Close())
}

// sockets is where the sockets are.
type sockets struct {
	mu   sync.Mutex
	path string
	dir  *os.File
}

// name is the path of a socket, through the directory's descriptor: the path of a
// socket must be short.
func (s *sockets) name(id model.ID) (string, error) {
	if _, err := s.folder(); err != nil {
		return "", err
	}
	return filepath.Join("/proc/self/fd", strconv.Itoa(int(s.dir.Fd())), string(id)), nil
}

// folder is the path of the directory, which is made when it is asked for first.
func (s *sockets) folder() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dir == nil {
		if err := s.make(); err != nil {
			return "", fmt.Errorf("making the directory of sockets: %w", err)
		}
	}
	return s.path, nil
}

func (s *sockets) make() (err error) {
	switch s.path {
	case "":
		s.path, err = os.MkdirTemp("", "vireo-")
	default:
		err = os.Mkdir(s.path, 0o700)
		if errors.Is(err, fs.ErrExist) {
			err = os.Chmod(s.path, 0o700)
		}
	}
	if err == nil {
		s.dir, err = os.Open(s.path)
	}
	return err
}

// with does a call on a connection that nobody else uses.
func (s *served) with(ctx context.Context, call func(*nbdConn) error) error {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	conn, err := s.take(ctx)
	if err != nil {
		return err
	}
	err = call(conn)
	s.put(conn)
	return err
}

func (s *served) take(ctx context.Context) (*nbdConn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done {
		return nil, net.ErrClosed
	}
	if n := len(s.idle); n > 0 {
		conn := s.idle[n-1]
		s.idle = s.idle[:n-1]
		return conn, nil
	}
	conn, err := dialNBD(ctx, s.socket)
	if err != nil {
		return nil, err
	}
	s.open[conn] = true
	return conn, nil
}

func (s *served) put(conn *nbdConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if conn.broken || s.done {
		delete(s.open, conn)
		_ = conn.Close()
		return
	}
	s.idle = append(s.idle, conn)
}

func (s *served) Size() int64  { return s.size }
func (s *served) Limit() int64 { return s.size }

func (s *served) ReadAt(ctx context.Context, p []byte, offset int64) error {
	if err := checkRange(offset, int64(len(p)), s.size); err != nil || len(p) == 0 {
		return err
	}
	return s.with(ctx, func(c *nbdConn) error { return c.call(nbdRead, offset, uint32(len(p)), nil, p, nil) })
}

func (s *served) WriteAt(ctx context.Context, p []byte, offset int64) error {
	if err := checkRange(offset, int64(len(p)), s.size); err != nil || len(p) == 0 {
		return err
	}
	return s.with(ctx, func(c *nbdConn) error { return c.call(nbdWrite, offset, uint32(len(p)), p, nil, nil) })
}

// longestRange is how much is zeroed, or asked about, in one request.
const longestRange = 1 << 30

func (s *served) Zero(ctx context.Context, offset, length int64) error {
	if err := checkRange(offset, length, s.size); err != nil {
		return err
	}
	for length > 0 {
		n := min(length, longestRange)
		err := s.with(ctx, func(c *nbdConn) error { return c.call(nbdWriteZeroes, offset, uint32(n), nil, nil, nil) })
		if err != nil {
			return err
		}
		offset, length = offset+n, length-n
	}
	return nil
}

func (s *served) Flush(ctx context.Context) error {
	return s.with(ctx, func(c *nbdConn) error { return c.call(nbdFlush, 0, 0, nil, nil, nil) })
}

func (s *served) Extents(ctx context.Context, each func(image.Extent) error) error {
	for offset := int64(0); offset < s.size; {
		var found []image.Extent
		end, asked := offset, min(s.size-offset, longestRange)
		note := func(length, flags uint32) {
			if length == 0 || length > math.MaxInt32 || end >= offset+asked {
				return
			}
			n := min(int64(length), s.size-end)
			found = append(found, image.Extent{
				Start: end, Length: n, Zero: flags&nbdExtentZero != 0, Hole: flags&nbdExtentHole != 0,
			})
			end += n
		}
		err := s.with(ctx, func(c *nbdConn) error { return c.call(nbdBlockStatus, offset, uint32(asked), nil, nil, note) })
		if err != nil {
			return err
		}
		if end == offset {
			return errProtocol
		}
		for _, extent := range found {
			if err := each(extent); err != nil {
				return err
			}
		}
		offset = end
	}
	return nil
}

// Close ends all connections, and with the last of them the server, which writes
// down what it has kept.
func (s *served) Close() error {
	s.mu.Lock()
	s.done = true
	for conn := range s.open {
		_ = conn.Close()
	}
	s.idle = nil
	s.mu.Unlock()
	ended := make(chan error, 1)
	go func() { ended <- s.process.Wait() }()
	slow := time.NewTimer(nbdPatience)
	defer slow.Stop()
	var err error
	select {
	case err = <-ended:
	case <-slow.C:
		_ = s.process.Process.Kill()
		err = errors.Join(errors.New("it did not end"), <-ended)
	}
	_ = os.Remove(s.socket)
	if err != nil {
		return complaint(strings.TrimSpace(s.said.String()), fmt.Errorf("ending qemu-nbd: %w", err))
	}
	return nil
}
