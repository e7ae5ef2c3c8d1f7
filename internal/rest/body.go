package rest

import (
	"io"
	"sync"
)

// chunkSize is when the next chunk of a body begins. Chunks are used again, so
// that long lists leave nothing behind.
const chunkSize = 64 << 10

var chunks = sync.Pool{New: func() any { return new(make([]byte, 0, chunkSize+chunkSize/4)) }}

// body is what is to be sent, in chunks.
type body struct {
	chunks []*[]byte
	length int
}

// add appends what more appends to a chunk.
func (b *body) add(more func(dst []byte) []byte) {
	if len(b.chunks) == 0 || len(*b.chunks[len(b.chunks)-1]) >= chunkSize {
		chunk := chunks.Get().(*[]byte)
		*chunk = (*chunk)[:0]
		b.chunks = append(b.chunks, chunk)
	}
	last := b.chunks[len(b.chunks)-1]
	before := len(*last)
	*last = more(*last)
	b.length += len(*last) - before
}

// send writes the chunks. When the client has gone there is nobody to tell.
func (b *body) send(w io.Writer) {
	for _, chunk := range b.chunks {
		if _, err := w.Write(*chunk); err != nil {
			return
		}
	}
}

// release gives the chunks back. Those that one large item has grown are left to
// the collector.
func (b *body) release() {
	for _, chunk := range b.chunks {
		if cap(*chunk) <= 2*chunkSize {
			chunks.Put(chunk)
		}
	}
	*b = body{}
}
