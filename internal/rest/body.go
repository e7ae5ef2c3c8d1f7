package rest

import (
	"io"
	"sync"
)

// chunkSize is when the next chunk of a body begins; chunks are used again. When
// there are holdBack of them the body is sent as it is made, so that the longest
// list takes no more memory than that.
const (
	chunkSize = 64 << 10
	holdBack  = 16
)

var chunks = sync.Pool{New: func() any { return new(make([]byte, 0, chunkSize+chunkSize/4)) }}

// body is what is to be sent, in chunks.
type body struct {
	chunks []*[]byte
	length int
	// begin starts the answer when it gets too long to be held back.
	begin func() io.Writer
	to    io.Writer
}

// add appends what more appends to a chunk.
func (b *body) add(more func(dst []byte) []byte) {
	if len(b.chunks) == 0 || len(*b.chunks[len(b.chunks)-1]) >= chunkSize {
		if len(b.chunks) >= holdBack && b.to == nil {
			b.to = b.begin()
		}
		if b.to != nil {
			b.send(b.to)
		}
		chunk, _ := chunks.Get().(*[]byte) // the pool holds nothing else
		*chunk = (*chunk)[:0]
		b.chunks = append(b.chunks, chunk)
	}
	last := b.chunks[len(b.chunks)-1]
	before := len(*last)
	*last = more(*last)
	b.length += len(*last) - before
}

// send writes the chunks and gives them back. When the client has gone there is
// nobody to tell.
func (b *body) send(w io.Writer) {
	for _, chunk := range b.chunks {
		if _, err := w.Write(*chunk); err != nil {
			break
		}
	}
	b.release()
}

// release gives the chunks back. Those that one large item has grown are left to
// the collector.
func (b *body) release() {
	for _, chunk := range b.chunks {
		if cap(*chunk) <= 2*chunkSize {
			chunks.Put(chunk)
		}
	}
	b.chunks, b.length = b.chunks[:0], 0
}
