package images

import (
	"net/http"
	"strconv"
	"sync"
	"time"
)

var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// buffer takes a buffer, which give gives back.
func buffer() (space []byte, give func()) {
	taken, _ := buffers.Get().(*[bufferSize]byte) // the pool holds nothing else
	return taken[:], func() { buffers.Put(taken) }
}

// get answers with the content, or a range of it.
func (r *request) get() error {
	size := r.content.Size()
	wanted, err := readRange(r.Header.Get("Range"), size)
	if err != nil {
		return err
	}
	header := r.w.Header()
	header.Set("Content-Type", "application/octet-stream")
	header.Set("Content-Disposition", "attachment")
	header.Set("Content-Length", strconv.FormatInt(wanted.length, 10))
	code := http.StatusOK
	if r.Header.Get("Range") != "" {
		code = http.StatusPartialContent
		header.Set("Content-Range", "bytes "+strconv.FormatInt(wanted.start, 10)+"-"+
			strconv.FormatInt(wanted.start+wanted.length-1, 10)+"/"+strconv.FormatInt(size, 10))
	}
	space, give := buffer()
	defer give()
	for offset, end := wanted.start, wanted.start+wanted.length; offset < end; {
		part := space[:min(bufferSize, end-offset)]
		if err := r.content.ReadAt(r.during, part, offset); err != nil {
			return err
		}
		if !r.begun {
			// What cannot be read at all is still answered as that.
			r.w.WriteHeader(code)
			r.begun = true
		}
		if err := r.control.SetWriteDeadline(time.Now().Add(patience)); err != nil {
			return err
		}
		if _, err := r.w.Write(part); err != nil {
			return err
		}
		offset += int64(len(part))
		r.session.Move(int64(len(part)))
	}
	return r.control.SetWriteDeadline(time.Time{})
}
