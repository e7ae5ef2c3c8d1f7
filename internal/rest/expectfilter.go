package rest

import (
	"bytes"
	"strconv"
	"strings"
)

// expectFilter follows the requests of an HTTP/1 connection and renames their
// Expect headers, except the 100-continue that net/http knows. It follows heads
// and the length of bodies only; what it does not understand goes through as it
// is, for net/http to refuse.
type expectFilter struct {
	state expectState
	// line is the part of a line that has come so far.
	line []byte
	// left is how many bytes of a body or a chunk are still to come.
	left    int64
	chunked bool
	upgrade bool
}

type expectState uint8

const (
	inHead expectState = iota
	inBody
	inChunkSize
	inChunk
	inChunkEnd
	inTrailer
	passing // everything goes through
)

// longestLine is the longest line that is kept to be looked at; net/http refuses
// longer heads.
const longestLine = 128 << 10

// push looks at more bytes and appends to out what may go on.
func (f *expectFilter) push(out, data []byte) []byte {
	for len(data) > 0 {
		switch f.state {
		case passing:
			return append(out, data...)
		case inBody, inChunk:
			n := min(f.left, int64(len(data)))
			out = append(out, data[:n]...)
			data = data[n:]
			f.left -= n
			if f.left == 0 && f.state == inBody {
				f.state = inHead
			} else if f.left == 0 {
				f.state = inChunkEnd
			}
		default:
			end := bytes.IndexByte(data, '\n')
			if end < 0 {
				f.line = append(f.line, data...)
				if len(f.line) > longestLine {
					f.state = passing
					out = f.end(out)
				}
				return out
			}
			f.line = append(f.line, data[:end+1]...)
			data = data[end+1:]
			out = append(out, f.look(f.line)...)
			f.line = f.line[:0]
		}
	}
	return out
}

// end gives what was kept back of a line that never ended.
func (f *expectFilter) end(out []byte) []byte {
	out = append(out, f.line...)
	f.line = nil
	return out
}

// look looks at a whole line and returns what is to go on instead.
func (f *expectFilter) look(line []byte) []byte {
	switch f.state {
	case inHead:
		return f.lookAtHead(line)
	case inChunkSize:
		digits, _, _ := strings.Cut(strings.TrimSpace(string(line)), ";")
		size, err := strconv.ParseInt(strings.TrimSpace(digits), 16, 63)
		switch {
		case err != nil || size < 0:
			f.state = passing
		case size == 0:
			f.state = inTrailer
		default:
			f.left, f.state = size, inChunk
		}
	case inChunkEnd:
		f.state = inChunkSize
	case inTrailer:
		if len(bytes.TrimSpace(line)) == 0 {
			f.state = inHead
		}
	}
	return line
}

func (f *expectFilter) lookAtHead(line []byte) []byte {
	if len(bytes.TrimSpace(line)) == 0 {
		switch {
		case f.upgrade:
			f.state = passing
		case f.chunked:
			f.state, f.left = inChunkSize, 0
		case f.left > 0:
			f.state = inBody
		}
		f.chunked, f.upgrade = false, false
		return line
	}
	name, value, isHeader := bytes.Cut(line, []byte(":"))
	if !isHeader {
		return line
	}
	text := strings.ToLower(strings.TrimSpace(string(value)))
	switch strings.ToLower(string(name)) {
	case "expect":
		if text != "100-continue" {
			return append([]byte("X-Ovirt-Expect:"), value...)
		}
	case "transfer-encoding":
		f.chunked = true
	case "upgrade":
		f.upgrade = true
	case "content-length":
		length, err := strconv.ParseInt(text, 10, 63)
		if err != nil || length < 0 {
			f.state = passing
			break
		}
		f.left = length
	}
	return line
}
