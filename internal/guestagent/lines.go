package guestagent

import (
	"bytes"
	"sync/atomic"
	"time"
)

const (
	// MaxLine is the longest line, in bytes without its end (api-v3 3.8).
	MaxLine = 1 << 20
	// shortLine is what every agent may have said of a line that has no end yet. What is
	// longer comes out of the [Budget] of all.
	shortLine = 32 << 10
)

// Budget is the memory that the long lines of all agents share, in bytes. It is safe for
// concurrent use.
type Budget struct{ left atomic.Int64 }

// NewBudget makes a budget of so many bytes.
func NewBudget(size int64) *Budget {
	b := &Budget{}
	b.left.Store(size)
	return b
}

func (b *Budget) take(size int64) bool {
	if b.left.Add(-size) >= 0 {
		return true
	}
	b.left.Add(size)
	return false
}

// lines cuts what an agent says into lines. A line that is too long, or that there is no
// room for, is passed over.
type lines struct {
	budget  *Budget
	partial []byte
	// lent is what was taken of the budget for partial; skipping says that the rest of
	// the line is of no interest.
	lent     int64
	since    time.Time // when it was taken
	skipping bool
}

// feed calls each for every line that ends in data; the line is valid during the call
// only. It returns how many lines were passed over.
func (l *lines) feed(data []byte, each func(line []byte)) (skipped int) {
	for len(data) > 0 {
		end := bytes.IndexByte(data, '\n')
		part := data
		if end >= 0 {
			part = data[:end]
		}
		whole := part
		if !l.skipping && (len(l.partial) > 0 || end < 0 || len(part) > MaxLine) {
			l.keep(part)
			whole = l.partial
		}
		if end < 0 {
			return skipped
		}
		if l.skipping {
			skipped++
		} else if len(bytes.TrimSpace(whole)) > 0 {
			each(whole)
		}
		l.reset()
		data = data[end+1:]
	}
	return skipped
}

// keep adds to the line that has no end yet, or gives it up.
func (l *lines) keep(part []byte) {
	size := len(l.partial) + len(part)
	if size > MaxLine {
		l.reset()
		l.skipping = true
		return
	}
	if size > shortLine && l.lent == 0 {
		// As much as the line can become, once: growing little by little would copy it
		// again and again.
		if !l.budget.take(MaxLine) {
			l.reset()
			l.skipping = true
			return
		}
		l.lent, l.since = MaxLine, time.Now()
		longer := make([]byte, len(l.partial), MaxLine)
		copy(longer, l.partial)
		l.partial = longer
	}
	l.partial = append(l.partial, part...)
}

// expire gives a long line up that was begun before a time and has no end yet: others need
// the room.
func (l *lines) expire(before time.Time) {
	if l.lent > 0 && l.since.Before(before) {
		l.reset()
		l.skipping = true
	}
}

// reset begins a line, and gives back what the last one took.
func (l *lines) reset() {
	l.skipping = false
	l.partial = l.partial[:0]
	if l.lent > 0 {
		l.budget.left.Add(l.lent)
		l.lent, l.partial = 0, nil
	}
}
