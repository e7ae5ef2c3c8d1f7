package transfers

import (
	"context"
	"crypto/subtle"
	"sync"
	"sync/atomic"
	"time"

	"vireo/internal/image"
	"vireo/internal/model"
)

// atOnce is how many requests of one ticket are served at a time; others wait.
const atOnce = 16

// Session is the right to move the bytes of a transfer, for as long as it is in the
// phase transferring.
type Session struct {
	// Transfer is the transfer as it was when the session was opened.
	Transfer *model.ImageTransfer
	// Content is what is moved.
	Content image.Content

	ctx   context.Context
	end   context.CancelFunc
	slots chan struct{}
	busy  atomic.Int64
	used  atomic.Int64 // Unix time in nanoseconds
	moved atomic.Int64
	told  atomic.Int64
	woken chan struct{}

	mu     sync.Mutex
	closed bool
	wait   sync.WaitGroup
}

func newSession(ctx context.Context, transfer *model.ImageTransfer, content image.Content) *Session {
	s := &Session{Transfer: transfer, Content: content, slots: make(chan struct{}, atOnce), woken: make(chan struct{}, 1)}
	s.ctx, s.end = context.WithCancel(ctx)
	s.moved.Store(transfer.Transferred)
	s.touch()
	return s
}

// Find gives the session of a ticket, and counts as use of it.
func (r *Room) Find(ticket string) (*Session, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found *Session
	for _, session := range r.open {
		if subtle.ConstantTimeCompare([]byte(session.Transfer.Ticket), []byte(ticket)) == 1 {
			found = session
		}
	}
	if found == nil {
		return nil, false
	}
	found.touch()
	return found, true
}

// Moved is how many bytes of a transfer were moved, of which more than once count as
// often.
func (r *Room) Moved(transfer *model.ImageTransfer) int64 {
	if session, open := r.session(transfer.ID); open {
		return session.moved.Load()
	}
	return transfer.Transferred
}

// Opened returns when a transfer has a session, or will never have one, or the context
// ends.
func (r *Room) Opened(ctx context.Context, id model.ID) {
	for {
		changed := r.Inventory.Changed()
		transfer, ok := r.Inventory.ImageTransfers.Get(id)
		if !ok || transfer.Phase != model.TransferInitializing {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

func (r *Room) session(id model.ID) (*Session, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	session, open := r.open[id]
	return session, open
}

// Begin has a place for one request, which waits for it while there are too many. The
// context ends with the session too. False when the session has ended, or before there
// was a place; otherwise done is to be called when nothing is moved any more.
func (s *Session) Begin(ctx context.Context) (during context.Context, done func(), ok bool) {
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, false
	case <-s.ctx.Done():
		return nil, nil, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		<-s.slots
		return nil, nil, false
	}
	s.wait.Add(1)
	s.busy.Add(1)
	during, cancel := context.WithCancel(ctx)
	unbind := context.AfterFunc(s.ctx, cancel)
	return during, func() {
		unbind()
		cancel()
		s.touch()
		s.busy.Add(-1)
		<-s.slots
		s.wait.Done()
	}, true
}

// progressInterval is how often at the most the job learns of progress.
const progressInterval = time.Second

// Move counts bytes that were moved.
func (s *Session) Move(n int64) {
	s.moved.Add(n)
	now := time.Now().UnixNano()
	s.used.Store(now)
	if told := s.told.Load(); now-told >= int64(progressInterval) && s.told.CompareAndSwap(told, now) {
		select {
		case s.woken <- struct{}{}:
		default:
		}
	}
}

func (s *Session) touch() { s.used.Store(time.Now().UnixNano()) }

// left is how long the client may still be silent.
func (s *Session) left(timeout time.Duration) time.Duration {
	if s.busy.Load() > 0 {
		return timeout
	}
	return timeout - time.Since(time.Unix(0, s.used.Load()))
}

// close ends the session: nothing is moved any more when it returns.
func (s *Session) close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.end()
	s.wait.Wait()
	return s.Content.Close()
}
