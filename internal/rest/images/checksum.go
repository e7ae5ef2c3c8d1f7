package images

import (
	"context"
	"net/http"
	"strconv"

	"vireo/internal/image"
	"vireo/internal/image/blockhash"
)

// checksum answers with the checksum of the content, of the algorithm and in the blocks
// that were asked for. What takes up no space is not read.
func (r *request) checksum() error {
	query := r.URL.Query()
	wanted := blockhash.Default
	if name := query.Get("algorithm"); name != "" {
		wanted.Algorithm = name
	}
	if text := query.Get("block_size"); text != "" {
		size, err := strconv.Atoi(text)
		if err != nil {
			return refused(http.StatusBadRequest, "The block size must be a number.")
		}
		wanted.BlockSize = size
	}
	hash, err := wanted.New()
	if err != nil {
		return refused(http.StatusBadRequest, "The algorithm must be one of checksum/algorithms, and the block size a multiple of 4096 up to 16 MiB.")
	}
	size := r.content.Size()
	err = r.merged(func(e image.Extent) error {
		r.session.Move(0) // a long look is a sign of life
		if e.Zero {
			return hash.Zero(e.Length)
		}
		return r.hash(hash, e)
	})
	if err != nil {
		return err
	}
	if size != r.content.Size() {
		return refused(http.StatusConflict, "The content has grown meanwhile.")
	}
	return r.json(map[string]any{"checksum": hash.Sum(), "algorithm": wanted.Algorithm, "block_size": wanted.BlockSize})
}

func (r *request) hash(hash *blockhash.Hash, e image.Extent) error {
	space, give := buffer()
	defer give()
	for offset, end := e.Start, e.Start+e.Length; offset < end; {
		part := space[:min(bufferSize, end-offset)]
		if err := r.content.ReadAt(r.during, part, offset); err != nil {
			return err
		}
		hash.Write(part)
		offset += int64(len(part))
	}
	return context.Cause(r.during)
}

// algorithms lists those that there are.
func (r *request) algorithms() error {
	return r.json(map[string]any{"algorithms": blockhash.Algorithms()})
}
