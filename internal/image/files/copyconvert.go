package files

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"vireo/internal/image"
)

// convert has qemu-img write what a source holds, through all that it stands on, into a
// file of a directory, whose path is target.
func (f *Files) convert(ctx context.Context, source *source, dir *os.Root, name, target string, spec image.VolumeSpec, progress image.Progress) error {
	var written *os.File
	defer func() {
		if written != nil {
			_ = written.Close() // nothing was written through it
		}
	}()
	told := func(out io.Reader) {
		readPercents(out, func(percent float64) {
			if written == nil {
				written, _ = dir.OpenFile(name, os.O_RDONLY|unix.O_NOFOLLOW, 0) // it may not be there yet
			}
			hurry(written, 0, 0)
			progress(int64(float64(source.info.VirtualSize)*percent/100), source.info.VirtualSize)
		})
	}
	return f.follow(ctx, converting, told, "convert", "-p", "-f", formats[source.disk.Format], "-O", formats[spec.Format],
		"-S", "4k", "-o", preallocation(spec.Sparse), source.path, target)
}

// readPercents reads what the tool says of its progress, "(12.50/100%)" again and
// again on one line, to the end.
func readPercents(out io.Reader, tell func(percent float64)) {
	words := bufio.NewScanner(out)
	words.Split(toPercentSign)
	for words.Scan() {
		text := words.Bytes()
		text = text[bytes.LastIndexByte(text, '(')+1:]
		text, _, _ = bytes.Cut(text, []byte("/"))
		if percent, err := strconv.ParseFloat(string(text), 64); err == nil && percent >= 0 && percent <= 100 {
			tell(percent)
		}
	}
	_, _ = io.Copy(io.Discard, out) // a tool that nobody listens to would stand still
}

// toPercentSign splits at each percent sign.
func toPercentSign(data []byte, atEOF bool) (int, []byte, error) {
	if end := bytes.IndexByte(data, '%'); end >= 0 {
		return end + 1, data[:end], nil
	}
	if atEOF {
		return len(data), nil, nil
	}
	return 0, nil, nil
}
