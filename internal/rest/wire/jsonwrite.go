package wire

import (
	"reflect"
	"strconv"
	"unicode/utf8"
)

// JSON says how JSON is written.
type JSON struct {
	// LongsAsText writes 64-bit integers as strings, as version 4 of the API does
	// (reference clients, 1.5); version 3 writes them as numbers (reference v3, 1.2).
	LongsAsText bool
}

// AppendJSON appends the JSON object of shape, a struct or a pointer to one. The
// root element has no name in JSON. It panics if shape cannot be represented; see
// [Prepare].
func AppendJSON(dst []byte, shape any, format JSON) []byte {
	v := addressable(shape)
	return format.appendObject(dst, planOf(v.Type()), v)
}

func (j JSON) appendObject(dst []byte, p *plan, v reflect.Value) []byte {
	dst = append(dst, '{')
	opened := len(dst)
	for _, f := range p.members {
		value := f.in(v)
		if f.slice && value.Len() == 0 || !f.slice && f.pointer && value.IsNil() {
			continue // most members: their names need not be written and taken back
		}
		start := len(dst)
		if start > opened {
			dst = append(dst, ',')
		}
		dst = append(dst, f.member...)
		named := len(dst)
		dst = j.appendMember(dst, f, value)
		if len(dst) == named {
			dst = dst[:start] // nothing to say: no member either
		}
	}
	return append(dst, '}')
}

func (j JSON) appendMember(dst []byte, f *field, v reflect.Value) []byte {
	if !f.slice {
		return j.appendOne(dst, f, v)
	}
	start := len(dst)
	for i := range v.Len() {
		before := len(dst)
		dst = append(dst, ',')
		dst = j.appendOne(dst, f, v.Index(i))
		if len(dst) == before+1 {
			dst = dst[:before]
		}
	}
	if len(dst) == start {
		return dst
	}
	dst[start] = '[' // in place of the first comma
	return append(dst, ']')
}

// appendOne appends nothing for an absent value.
func (j JSON) appendOne(dst []byte, f *field, v reflect.Value) []byte {
	if f.pointer {
		if v.IsNil() {
			return dst
		}
		v = v.Elem()
	}
	if f.absent(v) {
		return dst
	}
	switch f.kind {
	case structKind:
		return j.appendObject(dst, f.plan, v)
	case textKind:
		return appendQuoted(dst, v.String())
	case dateKind:
		return strconv.AppendInt(dst, dateIn(v).UnixMilli(), 10)
	case decimalKind:
		return f.appendPlain(dst, v)
	case longKind, ulongKind:
		if !j.LongsAsText {
			return f.appendPlain(dst, v)
		}
	}
	dst = append(dst, '"')
	dst = f.appendPlain(dst, v)
	return append(dst, '"')
}

// plainInJSON are the bytes that stand for themselves in a JSON string.
var plainInJSON = func() (plain [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		plain[c] = c != '"' && c != '\\'
	}
	return plain
}()

const hexDigits = "0123456789abcdef"

func appendQuoted(dst []byte, text string) []byte {
	dst = append(dst, '"')
	written := 0
	for i := 0; i < len(text); {
		c := text[i]
		if plainInJSON[c] {
			i++
			continue
		}
		if c >= 0x80 {
			r, size := utf8.DecodeRuneInString(text[i:])
			if r == utf8.RuneError && size == 1 {
				dst = append(dst, text[written:i]...)
				dst = append(dst, "\uFFFD"...)
				written = i + size
			}
			i += size
			continue
		}
		dst = append(dst, text[written:i]...)
		dst = appendEscape(dst, c)
		i++
		written = i
	}
	dst = append(dst, text[written:]...)
	return append(dst, '"')
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	default:
		return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
	}
}
