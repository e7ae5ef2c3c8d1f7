package images

import "testing"

// FuzzRange: what is read lies within the image, whatever the header.
func FuzzRange(f *testing.F) {
	for _, header := range []string{"", "bytes=0-1", "bytes=5-", "bytes=-5", "bytes=0-1,2-3", "bytes=9223372036854775807-", "bytes 0-1/*", "bytes 5-9/10", "bytes -"} {
		f.Add(header, int64(1000))
	}
	f.Fuzz(func(t *testing.T, header string, size int64) {
		if size < 0 {
			return
		}
		if got, err := readRange(header, size); err == nil && (got.start < 0 || got.length < 0 || got.start > size || got.length > size-got.start) {
			t.Errorf("%q of %d is %+v", header, size, got)
		}
		if start, err := readContentRange(header); err == nil && start < 0 {
			t.Errorf("%q begins at %d", header, start)
		}
	})
}
