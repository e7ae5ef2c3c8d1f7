package wire

import (
	"bytes"
	"fmt"
	"io"
	"unicode/utf8"
)

// Limits bound what reading accepts. A zero field means its default.
type Limits struct {
	// Bytes is the longest body. Default 1 MiB.
	Bytes int64
	// Depth is how many elements (or JSON objects and arrays) may nest. Default 64.
	Depth int
	// Memory is how many bytes of structs a body may fill: many short elements
	// can stand for large structs. Default 16 MiB.
	Memory int64
	// Pieces is how many tags, attributes, texts and comments (or JSON brackets,
	// names and values) a body may have. Default 20,000: a virtual machine with all that
	// belongs to it has a tenth of that.
	Pieces int
}

const (
	defaultBytes  = 1 << 20
	defaultPieces = 20_000
	defaultDepth  = 64
	defaultMemory = 16 << 20
)

func (l Limits) withDefaults() Limits {
	if l.Bytes == 0 {
		l.Bytes = defaultBytes
	}
	if l.Depth == 0 {
		l.Depth = defaultDepth
	}
	if l.Memory == 0 {
		l.Memory = defaultMemory
	}
	if l.Pieces == 0 {
		l.Pieces = defaultPieces
	}
	return l
}

// readAll returns the whole body without a byte order mark. Errors of the body's
// reader (a connection that broke) are returned wrapped and are no [Error].
func readAll(body io.Reader, limits Limits) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(body, limits.Bytes+1))
	if int64(len(data)) > limits.Bytes {
		return nil, problem(TooLarge, "The request body is larger than %d bytes.", limits.Bytes)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the request body: %w", err)
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, problem(Empty, "The request body is empty.")
	}
	return data, nil
}

func checkUTF8(data []byte) error {
	if !utf8.Valid(data) {
		return problem(Malformed, "The request body is not valid UTF-8.")
	}
	return nil
}

// budget counts down the memory a body may still fill and the pieces it may still
// have, and knows the deepest level.
type budget struct {
	left   int64
	pieces int
	depth  int
}

func (l Limits) budget() budget { return budget{left: l.Memory, pieces: l.Pieces, depth: l.Depth} }

// take counts more pieces.
func (b *budget) take(pieces int) error {
	b.pieces -= pieces
	if b.pieces < 0 {
		return problem(TooLarge, "The request body has too many elements.")
	}
	return nil
}

func (b *budget) spend(size uintptr) error {
	b.left -= int64(size)
	if b.left < 0 {
		return problem(TooLarge, "The request body has too many elements.")
	}
	return nil
}

func (b *budget) checkDepth(depth int) error {
	if depth > b.depth {
		return problem(TooDeep, "The request body nests deeper than %d levels.", b.depth)
	}
	return nil
}
