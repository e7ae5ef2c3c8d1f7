package blockhash

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"maps"
	"slices"

	"golang.org/x/crypto/blake2b"
)

// Kind says how a checksum is made. The BlockSize is in bytes.
type Kind struct {
	Algorithm string
	BlockSize int
}

// Default is what both sides use where nobody says otherwise: BLAKE2b of 256 bits over
// blocks of 4 MiB.
var Default = Kind{Algorithm: "blake2b", BlockSize: 4 << 20}

// The bounds of a block's size; it is a multiple of the smallest.
const (
	smallestBlock = 4096
	largestBlock  = 16 << 20
)

var algorithms = map[string]func() hash.Hash{
	"blake2b": func() hash.Hash {
		made, _ := blake2b.New256(nil) // fails for keys only
		return made
	},
	"sha256": sha256.New,
	"sha512": sha512.New,
}

// Algorithms are the names of those that there are, in their order.
func Algorithms() []string { return slices.Sorted(maps.Keys(algorithms)) }

// errKind is the error of a kind that cannot be.
var errKind = errors.New("there is no such checksum")

// Hash is a checksum in the making. Bytes are given in their order.
type Hash struct {
	make  func() hash.Hash
	size  int64
	whole hash.Hash
	// block is the checksum of the present one, of which so many bytes are known; it is
	// nil while they are all zeros.
	block  hash.Hash
	filled int64
	// zeros is the checksum of a whole block of zeros.
	zeros []byte
}

// New begins a checksum. The error says that there is none of that kind.
func (k Kind) New() (*Hash, error) {
	make, known := algorithms[k.Algorithm]
	if !known || k.BlockSize < smallestBlock || k.BlockSize > largestBlock || k.BlockSize%smallestBlock != 0 {
		return nil, fmt.Errorf("%.40q with blocks of %d bytes: %w", k.Algorithm, k.BlockSize, errKind)
	}
	h := &Hash{make: make, size: int64(k.BlockSize), whole: make()}
	h.zeros = h.ofZeros(h.size).Sum(nil)
	return h, nil
}

var nothing [64 << 10]byte

// ofZeros is the checksum of so many zeros, to be gone on with.
func (h *Hash) ofZeros(length int64) hash.Hash {
	made := h.make()
	for length > 0 {
		n := min(length, int64(len(nothing)))
		made.Write(nothing[:n])
		length -= n
	}
	return made
}

// Write adds bytes.
func (h *Hash) Write(p []byte) {
	for len(p) > 0 {
		n := min(int64(len(p)), h.size-h.filled)
		h.add(p[:n])
		p = p[n:]
	}
}

// add adds bytes to the present block, which they do not go beyond.
func (h *Hash) add(p []byte) {
	if h.block == nil && !isZero(p) {
		h.block = h.ofZeros(h.filled)
	}
	if h.block != nil {
		h.block.Write(p)
	}
	h.advance(int64(len(p)))
}

func isZero(p []byte) bool {
	for len(p) > 0 {
		n := min(len(p), len(nothing))
		if string(p[:n]) != string(nothing[:n]) {
			return false
		}
		p = p[n:]
	}
	return true
}

// Zero adds so many zeros.
func (h *Hash) Zero(length int64) error {
	if length < 0 {
		return errKind
	}
	for length > 0 {
		n := min(length, h.size-h.filled)
		if h.block != nil {
			h.block.Write(nothing[:min(n, int64(len(nothing)))])
			n = min(n, int64(len(nothing)))
		}
		h.advance(n)
		length -= n
	}
	return nil
}

func (h *Hash) advance(n int64) {
	if h.filled += n; h.filled == h.size {
		h.finish()
	}
}

// finish adds the checksum of the present block to the whole.
func (h *Hash) finish() {
	switch {
	case h.block != nil:
		h.whole.Write(h.block.Sum(nil))
	case h.filled == h.size:
		h.whole.Write(h.zeros)
	default:
		h.whole.Write(h.ofZeros(h.filled).Sum(nil))
	}
	h.block, h.filled = nil, 0
}

// Sum ends the checksum and gives it in hexadecimal digits.
func (h *Hash) Sum() string {
	if h.filled > 0 {
		h.finish()
	}
	return hex.EncodeToString(h.whole.Sum(nil))
}
