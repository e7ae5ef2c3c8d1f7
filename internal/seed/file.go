package seed

import (
	"fmt"
	"log/slog"
)

// File is one file of an image. Its content may be secret and is not printed.
type File struct {
	Name    string // a slash-separated path without a leading slash
	Content []byte
}

// String says which file it is and how long.
func (f File) String() string { return fmt.Sprintf("%s (%d bytes)", f.Name, len(f.Content)) }

// GoString is String: %#v shows no content either.
func (f File) GoString() string { return f.String() }

// LogValue is String, for logs.
func (f File) LogValue() slog.Value { return slog.StringValue(f.String()) }

// CheckPayload says whether the files can be a payload: plain names, as a guest
// finds them in the first folder of the disk, each given once.
func CheckPayload(files []File) error {
	for _, file := range files {
		if err := checkPlainName(file.Name); err != nil {
			return err
		}
	}
	_, err := grow(files)
	return err
}
