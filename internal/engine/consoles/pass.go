package consoles

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"sync"
	"time"

	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/model"
)

const (
	// passLife is how long a pass waits to be used.
	passLife = 2 * time.Minute
	// mostPasses bounds those that wait, of which one user has mostOfUser.
	mostPasses, mostOfUser = 4096, 64
)

// pass is the right to make one connection.
type pass struct {
	vm      model.ID
	epoch   uint64
	console host.Console
	caller  auth.Caller
	// ticket is the one that was in force when the pass was given; nil for none.
	ticket *ticket
	ends   time.Time
}

// passes are those that were given and not yet used, by a digest of their token: how
// long a search takes says nothing about tokens.
type passes struct {
	mu   sync.Mutex
	open map[[sha256.Size]byte]*pass
}

// give keeps a pass and makes the token for it, fit for an address.
func (p *passes) give(given *pass) (token string, err error) {
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // never fails
	token = base64.RawURLEncoding.EncodeToString(secret[:])
	now := time.Now()
	given.ends = now.Add(passLife)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open == nil {
		p.open = make(map[[sha256.Size]byte]*pass)
	}
	own := 0
	for key, other := range p.open {
		switch {
		case !now.Before(other.ends):
			delete(p.open, key)
		case other.caller.User == given.caller.User:
			own++
		}
	}
	if own >= mostOfUser || len(p.open) >= mostPasses {
		return "", fault.New(fault.TooManyConsoles)
	}
	p.open[sha256.Sum256([]byte(token))] = given
	return token, nil
}

// use takes a pass away and says whether it is still good.
func (p *passes) use(token string) (*pass, bool) {
	key := sha256.Sum256([]byte(token))
	p.mu.Lock()
	defer p.mu.Unlock()
	used, known := p.open[key]
	delete(p.open, key)
	return used, known && time.Now().Before(used.ends)
}

// ticket is what opens a display, as long as it is remembered.
type ticket struct {
	engine.SetTicket
	// over is closed when another ticket is set.
	over chan struct{}
}

// tickets are the last that was set of each VM.
type tickets struct {
	mu  sync.Mutex
	set map[model.ID]*ticket
}

func (t *tickets) put(fresh engine.SetTicket) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.set == nil {
		t.set = make(map[model.ID]*ticket)
	}
	if before := t.set[fresh.VM]; before != nil {
		close(before.over)
	}
	t.set[fresh.VM] = &ticket{SetTicket: fresh, over: make(chan struct{})}
}

func (t *tickets) of(vm model.ID) *ticket {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.set[vm]
}

// forget drops the tickets of runs that are over.
func (t *tickets) forget(over func(vm model.ID, epoch uint64) bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for vm, set := range t.set {
		if over(vm, set.Epoch) {
			delete(t.set, vm)
		}
	}
}
