package ova

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // what others have written is checked as they have written it
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"hash"
	"io"
	"regexp"
	"strings"
)

// Manifest holds the checksums that an archive came with, by the names of the files.
type Manifest map[string]Checksum

// Checksum is one of them.
type Checksum struct {
	Algorithm string
	Sum       string // in lower case
}

// algorithms are those that writers of archives use.
var algorithms = map[string]func() hash.Hash{"SHA1": sha1.New, "SHA256": sha256.New, "SHA512": sha512.New}

// line is one of a manifest (DSP0243 5.1): SHA256(file.vmdk)= 0123…
var line = regexp.MustCompile(`^([A-Za-z0-9-]+) ?\((.+)\) ?= ?([0-9A-Fa-f]+)$`)

func readManifest(text []byte) (Manifest, error) {
	if len(text) == 0 {
		return nil, nil
	}
	out := Manifest{}
	for each := range strings.Lines(string(text)) {
		if each = strings.TrimSpace(each); each == "" {
			continue
		}
		parts := line.FindStringSubmatch(each)
		if parts == nil {
			return nil, invalid("its manifest has the line %.100q", each)
		}
		sum := Checksum{Algorithm: strings.ReplaceAll(strings.ToUpper(parts[1]), "-", ""), Sum: strings.ToLower(parts[3])}
		make, known := algorithms[sum.Algorithm]
		if !known || len(sum.Sum) != 2*make().Size() {
			return nil, invalid("its manifest has a checksum of the kind %.20q, which is not known, or one of another length", parts[1])
		}
		if _, twice := out[parts[2]]; twice || len(out) >= mostMembers {
			return nil, invalid("its manifest names %.100q twice, or too many files", parts[2])
		}
		out[parts[2]] = sum
	}
	return out, nil
}

// checkManifest compares the description, which was read, at once. Names that the archive
// does not have are refused: something was left out of it.
func (a *Archive) checkManifest() error {
	for name := range a.Manifest {
		if _, ok := a.Member(name); !ok {
			return invalid("its manifest names %.100q, which is not there", name)
		}
	}
	if len(a.Manifest) == 0 {
		return nil
	}
	return a.Manifest.Verify(context.Background(), bytes.NewReader(a.OVF), Member{Name: a.ovfName, Size: int64(len(a.OVF))}, func(int64) {})
}

// stride is how much is read at a time, in bytes.
const stride = 1 << 20

// Verify compares a member of an archive with its checksum, and tells how many bytes have
// been read. A member without one is refused where there is a manifest.
func (m Manifest) Verify(ctx context.Context, source io.ReaderAt, member Member, read func(int64)) error {
	want, ok := m[member.Name]
	if !ok {
		return invalid("its manifest has no checksum of %.100q", member.Name)
	}
	sum, buffer := algorithms[want.Algorithm](), make([]byte, stride)
	for done := int64(0); done < member.Size; {
		if err := ctx.Err(); err != nil {
			return err
		}
		part := buffer[:min(stride, member.Size-done)]
		if _, err := source.ReadAt(part, member.Offset+done); err != nil {
			return err
		}
		sum.Write(part)
		done += int64(len(part))
		read(done)
	}
	if hex.EncodeToString(sum.Sum(nil)) != want.Sum {
		return invalid("%.100q has another checksum than the manifest says; the archive is damaged", member.Name)
	}
	return nil
}
