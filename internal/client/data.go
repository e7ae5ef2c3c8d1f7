package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// connections is how many ranges are moved at once, and rangeSize how long one is at
// the most, in bytes.
const (
	connections = 4
	rangeSize   = 16 << 20
)

// patience is how long the engine may be out of reach.
const patience = 5 * time.Minute

// data is the data endpoint of a transfer.
type data struct {
	*Session
	transfer *transfer
	moved    atomic.Int64
	total    int64
	progress func(done, total int64)
}

// extent is a range of bytes of an image.
type extent struct {
	Start  int64 `json:"start"`
	Length int64 `json:"length"`
	Zero   bool  `json:"zero"`
}

// each calls move for all of the ranges, several at once, each of which is tried
// until it is moved or cannot be.
func (d *data) each(ctx context.Context, ranges []extent, move func(context.Context, extent) error) error {
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(connections)
	for _, whole := range ranges {
		for _, part := range cut(whole) {
			if ctx.Err() != nil {
				break
			}
			work.Go(func() error { return d.patiently(ctx, func() error { return move(ctx, part) }) })
		}
	}
	return work.Wait()
}

// cut makes ranges that are not too long. Zeros may be of any length.
func cut(whole extent) (parts []extent) {
	for whole.Length > rangeSize && !whole.Zero {
		parts = append(parts, extent{Start: whole.Start, Length: rangeSize})
		whole.Start, whole.Length = whole.Start+rangeSize, whole.Length-rangeSize
	}
	return append(parts, whole)
}

// patiently does something until it is done, or the engine says that it cannot be, or
// cannot be reached for too long.
func (d *data) patiently(ctx context.Context, do func() error) error {
	last := time.Now()
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		err := do()
		if err == nil || ctx.Err() != nil || hopeless(err) {
			return err
		}
		if time.Since(last) > patience {
			return fmt.Errorf("giving up after %v: %w", patience, err)
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
		if err := d.revive(ctx); err != nil {
			return err
		}
	}
}

// hopeless says whether to try again is of no use. After a 500 the engine does not know
// what it has lost.
func hopeless(err error) bool {
	refused, ok := errors.AsType[*RefusedError](err)
	return ok && refused.Code != http.StatusForbidden && refused.Code <= http.StatusInternalServerError || errors.Is(err, errLocal)
}

// errLocal marks failures of this side.
var errLocal = errors.New("on this machine")

// revive resumes a transfer that the engine has paused meanwhile. An error says that
// it is over.
func (d *data) revive(ctx context.Context) error {
	now := &transfer{}
	err := d.call(ctx, http.MethodGet, "imagetransfers/"+d.transfer.ID, nil, now)
	if err != nil {
		if hopeless(err) {
			return err
		}
		return nil // it cannot be reached, which counts elsewhere
	}
	switch now.Phase {
	case "paused_system":
		if err := d.act(ctx, d.transfer, "resume"); err != nil && hopeless(err) {
			return err
		}
	case "transferring", "resuming", "initializing":
	default:
		return fmt.Errorf("the transfer has ended: it is %s", now.Phase)
	}
	return nil
}

// advance counts bytes that were moved.
func (d *data) advance(n int64) {
	done := d.moved.Add(n)
	if d.progress != nil {
		d.progress(min(done, d.total), d.total)
	}
}

// request makes a request of the data endpoint, and wants one of these codes.
func (d *data) request(ctx context.Context, method, below string, body io.Reader, length int64, header http.Header) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, d.transfer.TransferURL+below, body)
	if err != nil {
		return nil, err
	}
	request.ContentLength = length
	maps.Copy(request.Header, header)
	answer, err := d.http.Do(request)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode > 299 {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 4096))
		_ = answer.Body.Close()
		return nil, &RefusedError{Code: answer.StatusCode, Reason: string(bytes.TrimSpace(text))}
	}
	return answer, nil
}

func span(e extent) string {
	return strconv.FormatInt(e.Start, 10) + "-" + strconv.FormatInt(e.Start+e.Length-1, 10)
}

// put sends a range of what is read from source.
func (d *data) put(ctx context.Context, source io.ReaderAt, part extent) error {
	counted := &counter{Reader: io.NewSectionReader(source, part.Start, part.Length), data: d}
	answer, err := d.request(ctx, http.MethodPut, "?flush=n", counted, part.Length, http.Header{
		"Content-Range": {"bytes " + span(part) + "/*"}, "Content-Type": {"application/octet-stream"},
	})
	if err != nil {
		d.advance(-counted.sent)
		return err
	}
	return answer.Body.Close()
}

// counter counts what was sent.
type counter struct {
	io.Reader
	data *data
	sent int64
}

// Read counts on the way.
func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.sent += int64(n)
	c.data.advance(int64(n))
	return n, err
}

// patch zeroes a range, or flushes.
func (d *data) patch(ctx context.Context, operation map[string]any) error {
	text, err := json.Marshal(operation)
	if err != nil {
		return err
	}
	answer, err := d.request(ctx, http.MethodPatch, "", bytes.NewReader(text), int64(len(text)), http.Header{"Content-Type": {"application/json"}})
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

func (d *data) zero(ctx context.Context, part extent) error {
	return d.patch(ctx, map[string]any{"op": "zero", "offset": part.Start, "size": part.Length})
}

func (d *data) flush(ctx context.Context) error { return d.patch(ctx, map[string]any{"op": "flush"}) }

// get receives a range.
func (d *data) get(ctx context.Context, to io.WriterAt, part extent) error {
	answer, err := d.request(ctx, http.MethodGet, "", nil, 0, http.Header{"Range": {"bytes=" + span(part)}})
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	got := &receiver{to: io.NewOffsetWriter(to, part.Start), data: d}
	if _, err := io.Copy(got, io.LimitReader(answer.Body, part.Length)); err != nil || got.received != part.Length {
		d.advance(-got.received)
		return errors.Join(err, fmt.Errorf("%d of %d bytes were received", got.received, part.Length))
	}
	return nil
}

// receiver writes what is received, and counts it.
type receiver struct {
	to       io.Writer
	data     *data
	received int64
}

// Write counts on the way.
func (r *receiver) Write(p []byte) (int, error) {
	n, err := r.to.Write(p)
	r.received += int64(n)
	r.data.advance(int64(n))
	if err != nil {
		err = fmt.Errorf("writing the file: %w: %w", errLocal, err)
	}
	return n, err
}

func (d *data) answer(ctx context.Context, below string, into any) error {
	answer, err := d.request(ctx, http.MethodGet, below, nil, 0, nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	return json.NewDecoder(answer.Body).Decode(into)
}

// extents asks what there is.
func (d *data) extents(ctx context.Context) (found []extent, err error) {
	return found, d.answer(ctx, "/extents?context=zero", &found)
}

// checksum asks for the checksum of all of it.
func (d *data) checksum(ctx context.Context, algorithm string, block int) (string, error) {
	var answer struct {
		Checksum string `json:"checksum"`
	}
	query := url.Values{"algorithm": {algorithm}, "block_size": {strconv.Itoa(block)}}
	return answer.Checksum, errors.Join(d.answer(ctx, "/checksum?"+query.Encode(), &answer))
}
