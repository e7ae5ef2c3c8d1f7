package images

import (
	"net/http"
	"strconv"
	"strings"
)

// span is a range of bytes.
type span struct{ start, length int64 }

// readRange reads the header Range against so many bytes: one range with a beginning
// (api-v4 7.2). Without the header it is everything.
func readRange(header string, size int64) (span, error) {
	if header == "" {
		return span{0, size}, nil
	}
	text, isBytes := strings.CutPrefix(header, "bytes=")
	first, last, isRange := strings.Cut(text, "-")
	start, ok := number(first)
	if !isBytes || !isRange || !ok || start >= size {
		return span{}, outside(size)
	}
	if last == "" {
		return span{start, size - start}, nil
	}
	end, ok := number(last)
	if !ok || end < start || end >= size {
		return span{}, outside(size)
	}
	return span{start, end - start + 1}, nil
}

// readContentRange reads where the body of a PUT belongs; without the header that is
// the beginning. Its end and the size of the whole do not count, as long as they are
// written properly.
func readContentRange(header string) (int64, error) {
	if header == "" {
		return 0, nil
	}
	wrong := refused(http.StatusBadRequest, "The header Content-Range must have the form: bytes FIRST-LAST/*")
	text, isBytes := strings.CutPrefix(header, "bytes ")
	place, whole, hasWhole := strings.Cut(text, "/")
	first, last, isRange := strings.Cut(place, "-")
	start, ok := number(first)
	if !isBytes || !hasWhole || !isRange || !ok {
		return 0, wrong
	}
	if end, ok := number(last); last != "" && (!ok || end < start) {
		return 0, wrong
	}
	if _, ok := number(whole); whole != "*" && !ok {
		return 0, wrong
	}
	return start, nil
}

// number reads digits, and nothing but digits.
func number(text string) (int64, bool) {
	if text == "" || strings.Trim(text, "0123456789") != "" {
		return 0, false
	}
	value, err := strconv.ParseInt(text, 10, 64)
	return value, err == nil
}
