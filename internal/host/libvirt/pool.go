package libvirt

import (
	"context"
	"errors"
	"sync"

	"github.com/digitalocean/go-libvirt"
)

// pool is a set of connections to one daemon that grows when all their slots are
// taken, so that requests which hang (a guest whose QEMU does not answer) leave
// room for the others.
type pool struct {
	target target
	limit  int
	// onLoss is called when the daemon, not we, closed a connection.
	onLoss func()

	mu     sync.Mutex
	links  []*link
	closed bool
	// dialling holds one token: one new connection is opened at a time.
	dialling chan struct{}
	// freed is signalled when a slot is given back.
	freed chan struct{}
	wait  sync.WaitGroup
}

var errClosed = errors.New("the connection is closed")

func newPool(t target, limit int, onLoss func()) *pool {
	return &pool{
		target: t, limit: limit, onLoss: onLoss,
		dialling: make(chan struct{}, 1),
		freed:    make(chan struct{}, 1),
	}
}

// slot takes a slot of some connection, opening one if need be. The slot must be
// given back with release.
func (p *pool) slot(ctx context.Context) (l *link, release func(), err error) {
	for {
		l, full, err := p.take()
		if err != nil {
			return nil, nil, err
		}
		if l != nil {
			return l, func() { <-l.slots; p.signal() }, nil
		}
		if full {
			select {
			case <-p.freed:
			case <-ctx.Done():
				return nil, nil, ctx.Err()
			}
			continue
		}
		select {
		case p.dialling <- struct{}{}:
			err = p.grow(ctx)
			<-p.dialling
		case <-p.freed:
		case <-ctx.Done():
			err = ctx.Err()
		}
		if err != nil {
			return nil, nil, err
		}
	}
}

// take finds a free slot; full says that there is none and may be no more links.
func (p *pool) take() (l *link, full bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, false, errClosed
	}
	for _, l := range p.links {
		select {
		case l.slots <- struct{}{}:
			return l, false, nil
		default:
		}
	}
	return nil, len(p.links) >= p.limit, nil
}

func (p *pool) signal() {
	select {
	case p.freed <- struct{}{}:
	default:
	}
}

// grow opens one more connection, unless another caller just has.
func (p *pool) grow(ctx context.Context) error {
	p.mu.Lock()
	for _, l := range p.links {
		if len(l.slots) < cap(l.slots) {
			p.mu.Unlock()
			return nil
		}
	}
	p.mu.Unlock()
	l, err := openLink(ctx, p.target)
	if err != nil {
		return err
	}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		l.close()
		return errClosed
	}
	p.links = append(p.links, l)
	p.wait.Add(1)
	p.mu.Unlock()
	go func() {
		defer p.wait.Done()
		<-l.lost
		p.onLoss()
		l.wait()
	}()
	p.signal()
	return nil
}

// close ends all connections; the calls under way fail.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	links := p.links
	p.mu.Unlock()
	for _, l := range links {
		l.close()
	}
	p.signal()
}

// ask makes one call on p. over is called once when the call has returned, or
// was never made; not when its caller has given up. Errors are not translated.
func ask[T any](ctx context.Context, p *pool, doing string, over func(), f func(*libvirt.Libvirt) (T, error)) (T, error) {
	var none T
	if ctx.Err() != nil {
		over()
		return none, gaveUp(ctx, doing)
	}
	l, release, err := p.slot(ctx)
	if err != nil {
		over()
		if ctx.Err() != nil {
			return none, gaveUp(ctx, doing)
		}
		return none, err
	}
	return await(ctx, doing, l, start(l, func() { release(); over() }, f))
}
