package images

import (
	"bufio"
	"encoding/json"
	"net/http"
	"time"

	"vireo/internal/image"
)

// extent is one line of the map.
type extent struct {
	Start  int64 `json:"start"`
	Length int64 `json:"length"`
	Zero   bool  `json:"zero"`
	Hole   bool  `json:"hole"`
}

// extents answers with the map of what is zero and what takes up space. It is written
// as it is found: a disk may have very many.
func (r *request) extents() error {
	switch context := r.URL.Query().Get("context"); context {
	case "", "zero":
	default:
		return refused(http.StatusNotFound, "There is no such context; there is zero.")
	}
	r.w.Header().Set("Content-Type", "application/json")
	out := bufio.NewWriterSize(&patient{r}, 64<<10)
	separator := byte('[')
	err := r.merged(func(e image.Extent) error {
		text, err := json.Marshal(extent{e.Start, e.Length, e.Zero, e.Hole})
		if err != nil {
			return err
		}
		_ = out.WriteByte(separator)
		separator = ','
		_, err = out.Write(text)
		return err
	})
	if err != nil {
		return err
	}
	if separator == '[' {
		_ = out.WriteByte('[')
	}
	_ = out.WriteByte(']')
	return out.Flush()
}

// merged gives the extents with neighbours of one kind as one.
func (r *request) merged(each func(image.Extent) error) error {
	var last image.Extent
	err := r.content.Extents(r.during, func(e image.Extent) error {
		if last.Zero == e.Zero && last.Hole == e.Hole && last.Start+last.Length == e.Start {
			last.Length += e.Length
			return nil
		}
		before := last
		last = e
		if before.Length == 0 {
			return nil
		}
		return each(before)
	})
	if err != nil || last.Length == 0 {
		return err
	}
	return each(last)
}

// patient writes an answer to a client that has to take it in time.
type patient struct{ *request }

func (p *patient) Write(text []byte) (int, error) {
	p.begun = true
	if err := p.control.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return 0, err
	}
	return p.w.Write(text)
}

var _ http.Handler = (*Server)(nil)
