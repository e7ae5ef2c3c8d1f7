package ova

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ErrInvalid is wrapped by all errors that say what is wrong with an archive; their texts
// are fit for operators.
var ErrInvalid = errors.New("the OVA cannot be used")

func invalid(format string, values ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, values...))
}

// What an archive may have at most.
const (
	mostMembers     = 256
	longestName     = 255
	longestOVF      = 8 << 20
	longestManifest = 1 << 20
)

// Member is one file of an archive; both numbers are in bytes.
type Member struct {
	Name string
	// Offset is where its content begins in the archive, a multiple of 512.
	Offset, Size int64
}

// Archive is what an archive consists of.
type Archive struct {
	// Members are all, in their order.
	Members []Member
	// OVF is the description, and Manifest the checksums; empty for none.
	OVF      []byte
	Manifest Manifest
	// ovfName is the name of the description.
	ovfName string
}

// Read lists an archive of so many bytes, and reads its description and manifest. Only
// plain files with plain names are members: links, devices, directories, sparse files,
// names with paths, names twice, members that end beyond the archive, and too many of
// them, are refused.
func Read(source io.ReaderAt, size int64) (*Archive, error) {
	a := &Archive{}
	section := io.NewSectionReader(source, 0, size)
	if err := refuseCompressed(section); err != nil {
		return nil, err
	}
	members, seen := tar.NewReader(section), map[string]bool{}
	for {
		header, err := members.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, invalid("it is no whole tar archive: %.100s", err)
		}
		offset, err := section.Seek(0, io.SeekCurrent)
		if err != nil {
			return nil, err
		}
		if err := check(header, offset, size); err != nil {
			return nil, err
		}
		if seen[strings.ToLower(header.Name)] || len(seen) >= mostMembers {
			return nil, invalid("%q is there twice, or there are more than %d files", header.Name, mostMembers)
		}
		seen[strings.ToLower(header.Name)] = true
		a.Members = append(a.Members, Member{Name: header.Name, Offset: offset, Size: header.Size})
	}
	return a, a.readTexts(source)
}

// refuseCompressed tells people what to do with an archive that was compressed as a whole.
func refuseCompressed(section *io.SectionReader) error {
	var magic [6]byte
	n, err := section.ReadAt(magic[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	for _, known := range []string{"\x1f\x8b", "BZh", "\xfd7zXZ", "\x28\xb5\x2f\xfd"} {
		if bytes.HasPrefix(magic[:n], []byte(known)) {
			return invalid("it is compressed as a whole; uncompress it first")
		}
	}
	return nil
}

// check refuses a member that is anything but a file with a name.
func check(header *tar.Header, offset, size int64) error {
	switch {
	case header.Typeflag != tar.TypeReg:
		return invalid("%.100q is no regular file", header.Name)
	case len(header.Name) > longestName || !plain(header.Name):
		return invalid("the name %.100q is not allowed", header.Name)
	case header.Size < 0 || offset%512 != 0 || offset > size || header.Size > size-offset:
		return invalid("%.100q has %d bytes and ends beyond the archive", header.Name, header.Size)
	}
	for key := range header.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return invalid("%.100q is a sparse file", header.Name)
		}
	}
	return nil
}

// plain says whether a name could be that of a file in a directory, and of nothing else.
func plain(name string) bool {
	return name != "" && name[0] != '.' && !strings.ContainsFunc(name, func(r rune) bool {
		return r == '/' || r == '\\' || r < ' ' || r == 0x7f || r == '\uFFFD'
	})
}

// readTexts reads the description and the manifest, which there is at most one of.
func (a *Archive) readTexts(source io.ReaderAt) error {
	var manifest []byte
	for _, member := range a.Members {
		var into *[]byte
		longest := int64(longestOVF)
		switch name := strings.ToLower(member.Name); {
		case strings.HasSuffix(name, ".ovf"):
			into, a.ovfName = &a.OVF, member.Name
		case strings.HasSuffix(name, ".mf"):
			into, longest = &manifest, longestManifest
		default:
			continue
		}
		switch {
		case *into != nil:
			return invalid("it has two files like %q", member.Name)
		case member.Size > longest || member.Size == 0:
			return invalid("%q has %d bytes, and may have 1 to %d", member.Name, member.Size, longest)
		}
		*into = make([]byte, member.Size)
		if _, err := source.ReadAt(*into, member.Offset); err != nil {
			return fmt.Errorf("reading %q: %w", member.Name, err)
		}
	}
	if a.OVF == nil {
		return invalid("it has no .ovf file")
	}
	var err error
	if a.Manifest, err = readManifest(manifest); err != nil {
		return err
	}
	return a.checkManifest()
}

// Member finds a file by its name.
func (a *Archive) Member(name string) (Member, bool) {
	for _, member := range a.Members {
		if member.Name == name {
			return member, true
		}
	}
	return Member{}, false
}
