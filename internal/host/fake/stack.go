package fake

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"vireo/internal/host"
	"vireo/internal/model"
)

// The places in the header of a qcow2 image that say what it stands on (QEMU,
// docs/interop/qcow2.txt).
const (
	qcowMagic         = "QFI\xfb"
	qcowBackingOffset = 8
	qcowBackingSize   = 16
	qcowHeaderLength  = 100
	qcowBackingFormat = 0xe2792aca
	longestName       = 1023
)

// header is the first part of an image with what it says of its backing file.
type header struct {
	bytes []byte
	// name and format are the parts that hold them; nil for none.
	name, format []byte
}

// readHeader reads an image's header; one that is none stands on nothing.
func readHeader(path string) (header, error) {
	var h header
	file, err := os.Open(path)
	if err != nil {
		return h, Refuse(host.RefusedResource, err.Error())
	}
	defer file.Close()
	h.bytes = make([]byte, 4096)
	n, _ := file.Read(h.bytes)
	h.bytes = h.bytes[:n]
	if n < qcowHeaderLength+8 || string(h.bytes[:4]) != qcowMagic {
		return h, nil
	}
	at := binary.BigEndian.Uint64(h.bytes[qcowBackingOffset:])
	size := binary.BigEndian.Uint32(h.bytes[qcowBackingSize:])
	if at == 0 || size > longestName || at+uint64(size) > uint64(n) {
		return h, nil
	}
	h.name = h.bytes[at : at+uint64(size)]
	for next := binary.BigEndian.Uint32(h.bytes[qcowHeaderLength:]); uint64(next)+16 <= uint64(n); {
		kind, length := binary.BigEndian.Uint32(h.bytes[next:]), binary.BigEndian.Uint32(h.bytes[next+4:])
		if kind == 0 || length > 4096 {
			break
		}
		if kind == qcowBackingFormat {
			h.format = h.bytes[next+4 : next+16]
		}
		next += 8 + (length+7)/8*8
	}
	return h, nil
}

// standing says whether an image stands on the upper volume of a merge, which stands on
// the lower one; false if it stands on the lower one only. Where there are no files it
// is as the guest's path says.
func standing(path string, merge host.Merge) (bool, error) {
	found, lower := false, false
	for at, depth := path, 0; depth < 100; depth++ {
		found, lower = found || at == merge.Top, lower || at == merge.Base
		h, err := readHeader(at)
		if err != nil && errors.Is(exists(at), fs.ErrNotExist) && depth == 0 {
			return path == merge.Top, nil
		}
		if err != nil || h.name == nil {
			break
		}
		at = filepath.Join(filepath.Dir(at), string(h.name))
	}
	if !lower {
		return false, Refuse(host.RefusedResource, fmt.Sprintf("%s does not stand on %s", path, merge.Base))
	}
	return found, nil
}

func exists(path string) error {
	_, err := os.Stat(path)
	return err
}

// restack lets the image above the upper volume of a merge stand on the lower one. Their
// names are equally long.
func restack(path string, merge host.Merge) error {
	for at, depth := path, 0; depth < 100; depth++ {
		h, err := readHeader(at)
		if err != nil || h.name == nil {
			return err
		}
		below := filepath.Join(filepath.Dir(at), string(h.name))
		if below != merge.Top {
			at = below
			continue
		}
		if len(filepath.Base(merge.Base)) != len(h.name) || h.format == nil {
			return Refuse(host.RefusedResource, "the names are not equally long")
		}
		copy(h.name, filepath.Base(merge.Base))
		format := "qcow2"
		if formatOf(merge.Base) == model.DiskRaw {
			format = "raw"
		}
		binary.BigEndian.PutUint32(h.format, uint32(len(format)))
		copy(h.format[4:], format+"\x00\x00\x00\x00\x00")
		return rewrite(at, h.bytes)
	}
	return nil
}

func rewrite(path string, head []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return Refuse(host.RefusedResource, err.Error())
	}
	_, err = file.WriteAt(head, 0)
	if err = errors.Join(err, file.Close()); err != nil {
		return Refuse(host.RefusedResource, err.Error())
	}
	return nil
}

// formatOf is what an image is, by its header: enough for images that nobody writes to.
func formatOf(path string) model.DiskFormat {
	file, err := os.Open(path)
	if err != nil {
		return model.DiskCOW
	}
	defer file.Close()
	magic := make([]byte, 4)
	if n, _ := file.Read(magic); n == 4 && string(magic) == qcowMagic {
		return model.DiskCOW
	}
	return model.DiskRaw
}
