package images

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"time"
)

// put writes the body where Content-Range says. Unless flush is n, it lasts when it is
// answered.
func (r *request) put() error {
	flush, closes, err := r.wishes()
	if err != nil {
		return err
	}
	start, err := readContentRange(r.Header.Get("Content-Range"))
	if err != nil {
		return err
	}
	length := r.ContentLength
	switch limit := r.content.Limit(); {
	case length < 0:
		return refused(http.StatusBadRequest, "The header Content-Length is required.")
	case start > limit || length > limit-start:
		return outside(limit)
	}
	if err := r.receive(start, length); err != nil {
		return err
	}
	if flush {
		if err := r.content.Flush(r.during); err != nil {
			return err
		}
	}
	if closes {
		r.w.Header().Set("Connection", "close")
	}
	r.w.Header().Set("Content-Length", "0")
	r.w.WriteHeader(http.StatusOK)
	return nil
}

// wishes reads the parameters of a PUT.
func (r *request) wishes() (flush, closes bool, err error) {
	query := r.URL.Query()
	switch query.Get("flush") {
	case "", "y":
		flush = true
	case "n":
	default:
		return false, false, refused(http.StatusBadRequest, "The parameter flush must be y or n.")
	}
	switch query.Get("close") {
	case "", "n":
	case "y":
		closes = true
	default:
		return false, false, refused(http.StatusBadRequest, "The parameter close must be y or n.")
	}
	return flush, closes, nil
}

// receive writes so many bytes of the body. Buffers end where blocks end, so that
// blocks of zeros are found.
func (r *request) receive(start, length int64) error {
	space, give := buffer()
	defer give()
	for end := start + length; start < end; {
		part := space[:min(bufferSize-start%bufferSize, end-start)]
		if r.during.Err() != nil {
			return r.during.Err()
		}
		if err := r.control.SetReadDeadline(time.Now().Add(patience)); err != nil {
			return err
		}
		if _, err := io.ReadFull(r.Body, part); err != nil {
			if r.during.Err() != nil && errors.Is(err, os.ErrDeadlineExceeded) {
				return r.during.Err() // which has ended the reading
			}
			return errors.Join(&failure{code: http.StatusBadRequest, text: "The body ends before its announced length.", bound: -1, cut: true}, err)
		}
		if err := r.content.WriteAt(r.during, part, start); err != nil {
			return err
		}
		start += int64(len(part))
		r.session.Move(int64(len(part)))
	}
	return nil
}

// longestPatch bounds the body of a PATCH, in bytes.
const longestPatch = 4096

// operation is the body of a PATCH.
type operation struct {
	Op     string `json:"op"`
	Offset int64  `json:"offset"`
	Size   *int64 `json:"size"`
	Flush  bool   `json:"flush"`
}

// patch zeroes a range, or flushes.
func (r *request) patch() error {
	var asked operation
	if err := r.control.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	text, err := io.ReadAll(http.MaxBytesReader(r.w, r.Body, longestPatch))
	if err == nil {
		err = json.Unmarshal(text, &asked)
	}
	if err != nil {
		return refused(http.StatusBadRequest, "The body must be a JSON object with op, offset, size and flush.")
	}
	switch asked.Op {
	case "zero":
		if asked.Size == nil || *asked.Size < 0 || asked.Offset < 0 {
			return refused(http.StatusBadRequest, "The operation zero needs a size, and no number may be negative.")
		}
		if err := r.content.Zero(r.during, asked.Offset, *asked.Size); err != nil {
			return err
		}
		r.session.Move(*asked.Size)
	case "flush":
		asked.Flush = true
	default:
		return refused(http.StatusBadRequest, "The operation must be zero or flush.")
	}
	if asked.Flush {
		if err := r.content.Flush(r.during); err != nil {
			return err
		}
	}
	r.w.Header().Set("Content-Length", "0")
	r.w.WriteHeader(http.StatusOK)
	return nil
}
