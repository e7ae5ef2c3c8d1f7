package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"time"
)

// mark stands for a credential without telling it: a keyed hash, made with a
// key of this process only.
type mark [sha256.Size]byte

// marker makes marks.
type marker struct{ key [sha256.Size]byte }

func newMarker() *marker {
	m := new(marker)
	_, _ = rand.Read(m.key[:]) // never fails
	return m
}

// of makes the mark of some texts; how they are divided counts.
func (m *marker) of(texts ...string) mark {
	sum := hmac.New(sha256.New, m.key[:])
	var size [8]byte
	for _, text := range texts {
		binary.BigEndian.PutUint64(size[:], uint64(len(text)))
		sum.Write(size[:])
		sum.Write([]byte(text))
	}
	var out mark
	sum.Sum(out[:0])
	return out
}

// remembered are the credentials that were verified a moment ago. An entry lasts
// for a fixed time from its verification, however often it is used.
type remembered struct {
	life time.Duration

	mu      sync.Mutex
	entries *bounded[mark, time.Time] // when each ends; in that order
}

func newRemembered(life time.Duration, limit int) *remembered {
	return &remembered{life: life, entries: newBounded[mark, time.Time](limit)}
}

func (r *remembered) has(credential mark) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expire(time.Now())
	_, known := r.entries.get(credential)
	return known
}

func (r *remembered) add(credential mark) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	r.expire(now)
	r.entries.put(credential, now.Add(r.life))
}

// expire drops what has ended. All entries live equally long, so the first that
// lasts ends the search.
func (r *remembered) expire(now time.Time) {
	for credential, end := range r.entries.all() {
		if now.Before(end) {
			return
		}
		r.entries.remove(credential)
	}
}
