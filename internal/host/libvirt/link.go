package libvirt

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/digitalocean/go-libvirt"
	"github.com/digitalocean/go-libvirt/socket/dialers"

	"vireo/internal/host"
)

// link is one connection to a daemon. The library has no deadlines: each call
// runs in a goroutine of its own, which stays behind when its context ends and
// goes when the answer comes or the connection is closed.
type link struct {
	rpc *libvirt.Libvirt
	// slots limits the calls under way: the daemon reads no further request of a
	// client that has five of them (max_client_requests).
	slots chan struct{}
	lost  <-chan struct{}
	close func()

	// mu guards ended: once it is set no call begins, so that calls can be
	// waited for.
	mu    sync.Mutex
	ended bool
	calls sync.WaitGroup
}

// slotsPerLink leaves one of the daemon's five free.
const slotsPerLink = 4

// openLink dials and opens the hypervisor, all within ctx.
func openLink(ctx context.Context, t target) (*link, error) {
	return openLinkOver(ctx, t, func(conn *guardedConn) net.Conn { return conn })
}

// openStreamLink is openLink for one stream: see [orderedConn].
func openStreamLink(ctx context.Context, t target) (*link, error) {
	return openLinkOver(ctx, t, func(conn *guardedConn) net.Conn { return ordered(conn) })
}

func openLinkOver(ctx context.Context, t target, over func(*guardedConn) net.Conn) (*link, error) {
	if ctx.Err() != nil {
		return nil, gaveUp(ctx, "connecting to "+t.String())
	}
	conn, err := dial(ctx, t)
	if err != nil {
		if _, ok := errors.AsType[*host.RefusedError](err); ok {
			return nil, err
		}
		if ctx.Err() != nil {
			return nil, gaveUp(ctx, "connecting to "+t.String())
		}
		return nil, unreachable("connecting to "+t.String(), err)
	}
	guarded := guard(conn)
	rpc := libvirt.NewWithDialer(dialers.NewAlreadyConnected(over(guarded)))
	opened := make(chan struct{})
	go func() {
		defer close(opened)
		err = rpc.ConnectToURI(libvirt.ConnectURI(t.uri))
	}()
	select {
	case <-opened:
	case <-ctx.Done():
		conn.Close()
		<-opened
		return nil, gaveUp(ctx, "opening "+t.String())
	}
	if err != nil {
		conn.Close()
		return nil, translate("opening "+t.String(), err)
	}
	return &link{
		rpc:   rpc,
		slots: make(chan struct{}, slotsPerLink),
		lost:  guarded.lost,
		close: sync.OnceFunc(func() { conn.Close() }),
	}, nil
}

// wait blocks until the connection is closed and no call is left. The caller
// has closed it.
func (l *link) wait() {
	<-l.lost
	l.mu.Lock()
	l.ended = true
	l.mu.Unlock()
	l.calls.Wait()
}

// begin counts a call, unless the connection has ended.
func (l *link) begin() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.ended {
		l.calls.Add(1)
	}
	return !l.ended
}

// start runs f in a slot that the caller has taken, and gives the slot back when
// f returns, whether or not anybody still waits for it.
func start[T any](l *link, release func(), f func(*libvirt.Libvirt) (T, error)) <-chan outcome[T] {
	done := make(chan outcome[T], 1)
	if !l.begin() {
		release()
		done <- outcome[T]{err: errClosed}
		return done
	}
	go func() {
		defer l.calls.Done()
		value, err := f(l.rpc)
		release()
		done <- outcome[T]{value, err}
	}()
	return done
}

type outcome[T any] struct {
	value T
	err   error
}

// await waits for an answer, the loss of the connection or the end of ctx,
// whichever is first. What is abandoned may still be done by the host.
func await[T any](ctx context.Context, doing string, l *link, done <-chan outcome[T]) (T, error) {
	var none T
	select {
	case result := <-done:
		return result.value, result.err
	case <-ctx.Done():
		return none, gaveUp(ctx, doing)
	case <-l.lost:
		// An answer that came before the end counts.
		select {
		case result := <-done:
			return result.value, result.err
		default:
			return none, unreachable(doing, errors.New("the connection was lost"))
		}
	}
}

// gaveUp is the error of a call whose context has ended: silence until the
// deadline means that the host does not answer, a cancelled call says nothing of it.
func gaveUp(ctx context.Context, doing string) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return unreachable(doing, ctx.Err())
	}
	return fmt.Errorf("%s: %w", doing, ctx.Err())
}
