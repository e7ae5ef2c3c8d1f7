package ova

import (
	"archive/tar"
	"bytes"
	"io"
	"time"
)

// New is a file that an archive is to have. One without Content is left empty, to be
// filled where [Lay] says.
type New struct {
	Name    string
	Content []byte
	Size    int64 // of what has no Content, in bytes
}

// block is the unit of tar, in bytes.
const block = 512

// Lay writes the frame of an archive, with what has content: headers, padding and end. It
// answers where the members lie and how long the archive is, which the file must be made.
// What it does not write must be zeros already.
func Lay(to io.WriterAt, files []New, made time.Time) ([]Member, int64, error) {
	var members []Member
	offset := int64(0)
	put := func(content []byte) error {
		_, err := to.WriteAt(content, offset)
		return err
	}
	for _, file := range files {
		size := file.Size
		if file.Content != nil {
			size = int64(len(file.Content))
		}
		header, err := headerOf(file.Name, size, made)
		if err != nil {
			return nil, 0, err
		}
		if err := put(header); err != nil {
			return nil, 0, err
		}
		offset += int64(len(header))
		if file.Content != nil {
			if err := put(file.Content); err != nil {
				return nil, 0, err
			}
		}
		members = append(members, Member{Name: file.Name, Offset: offset, Size: size})
		offset += (size + block - 1) / block * block
	}
	end := make([]byte, 2*block)
	if err := put(end); err != nil {
		return nil, 0, err
	}
	return members, offset + int64(len(end)), nil
}

// headerOf is what stands before the content of a file: more than a block for one of
// more than 8 GiB.
func headerOf(name string, size int64, made time.Time) ([]byte, error) {
	var out bytes.Buffer
	err := tar.NewWriter(&out).WriteHeader(&tar.Header{
		Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o644, ModTime: made.Truncate(time.Second),
	})
	return out.Bytes(), err
}
