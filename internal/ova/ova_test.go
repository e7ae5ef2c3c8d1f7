package ova_test

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"vireo/internal/ova"
)

// TestLay: what is laid is an archive that tar lists and Read reads, also one with a member
// that is larger than old tar can say.
func TestLay(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "vm.ova"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	members, size, err := ova.Lay(file, []ova.New{
		{Name: "vm.ovf", Content: []byte("<Envelope/>")}, {Name: "small", Size: 1000}, {Name: "large", Size: 9 << 30}, {Name: "last", Content: []byte("x")},
	}, time.Unix(1<<30, 5))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteAt([]byte("in the middle"), members[2].Offset+5<<30); err != nil {
		t.Fatal(err)
	}
	if err := file.Truncate(size); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("tar", "-tvf", file.Name()).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "9663676416 2004-01-10") || strings.Count(string(out), "\n") != 4 {
		t.Errorf("tar says %s (%v)", out, err)
	}
	read, err := ova.Read(file, size)
	if err != nil {
		t.Fatal(err)
	}
	if string(read.OVF) != "<Envelope/>" || !slices.Equal(read.Members, members) {
		t.Errorf("%+v was laid, and %+v read", members, read)
	}
	if _, ok := read.Member("small"); !ok {
		t.Error("a member is not found")
	}
	if _, err := ova.Read(file, size-9<<30); !errors.Is(err, ova.ErrInvalid) {
		t.Errorf("half an archive: %v", err)
	}
}

// entry is one of an archive that somebody has made.
type entry struct {
	header  tar.Header
	content string
}

func plain(name, content string) entry {
	return entry{tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(content))}, content}
}

func pack(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, each := range entries {
		if err := w.WriteHeader(&each.header); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, each.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func sum(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }

var description = plain("vm.ovf", "<Envelope/>")

// hostile are archives that are refused, with a part of the reason.
var hostile = map[string]struct {
	entries []entry
	says    string
}{
	"a symbolic link":      {[]entry{description, {tar.Header{Name: "disk", Typeflag: tar.TypeSymlink, Linkname: "/etc/shadow"}, ""}}, "no regular file"},
	"a hard link":          {[]entry{description, {tar.Header{Name: "disk", Typeflag: tar.TypeLink, Linkname: "vm.ovf"}, ""}}, "no regular file"},
	"a device":             {[]entry{description, {tar.Header{Name: "disk", Typeflag: tar.TypeBlock, Devmajor: 8}, ""}}, "no regular file"},
	"a pipe":               {[]entry{description, {tar.Header{Name: "disk", Typeflag: tar.TypeFifo}, ""}}, "no regular file"},
	"a directory":          {[]entry{description, {tar.Header{Name: "disks/", Typeflag: tar.TypeDir}, ""}}, "no regular file"},
	"a way out":            {[]entry{description, plain("../disk", "x")}, "is not allowed"},
	"an absolute path":     {[]entry{description, plain("/etc/passwd", "x")}, "is not allowed"},
	"a path":               {[]entry{description, plain("a/b", "x")}, "is not allowed"},
	"a path of another OS": {[]entry{description, plain(`..\disk`, "x")}, "is not allowed"},
	"a hidden file":        {[]entry{description, plain(".disk", "x")}, "is not allowed"},
	"a control character":  {[]entry{description, plain("disk\n", "x")}, "is not allowed"},
	"a long name":          {[]entry{description, plain(strings.Repeat("n", 300), "x")}, "is not allowed"},
	"a name twice":         {[]entry{description, plain("disk", "x"), plain("DISK", "y")}, "twice"},
	"two descriptions":     {[]entry{description, plain("b.ovf", "x")}, "two files"},
	"two manifests":        {[]entry{description, plain("a.mf", "\n"), plain("b.mf", "\n")}, "two files"},
	"no description":       {[]entry{plain("disk", "x")}, "no .ovf file"},
	"an empty description": {[]entry{plain("vm.ovf", "")}, "may have 1 to"},
	"a long description":   {[]entry{plain("vm.ovf", strings.Repeat(" ", 8<<20+1))}, "may have 1 to"},
	"a long manifest":      {[]entry{description, plain("vm.mf", strings.Repeat(" ", 1<<20+1))}, "may have 1 to"},
	"many files":           {slices.Concat([]entry{description}, many(300)), "more than 256 files"},
	"a manifest of nonsense": {
		[]entry{description, plain("vm.mf", "nonsense")}, "has the line",
	},
	"an unknown checksum":   {[]entry{description, plain("vm.mf", "MD5(vm.ovf)= 00")}, "not known"},
	"a checksum that lacks": {[]entry{description, plain("disk", "x"), plain("vm.mf", "SHA256(disk)= "+sum("x"))}, "no checksum of"},
	"a wrong checksum":      {[]entry{description, plain("vm.mf", "SHA256(vm.ovf)= "+sum("x"))}, "damaged"},
	"a file that lacks":     {[]entry{description, plain("vm.mf", "SHA256(disk)= "+sum("x"))}, "not there"},
	"a checksum twice": {
		[]entry{description, plain("vm.mf", "SHA256(vm.ovf)= "+sum("x")+"\nSHA256(vm.ovf)= "+sum("x"))}, "names \"vm.ovf\" twice",
	},
}

func many(n int) (out []entry) {
	for i := range n {
		out = append(out, plain(fmt.Sprint("disk", i), ""))
	}
	return out
}

func TestHostile(t *testing.T) {
	for name, each := range hostile {
		refused(t, name, pack(t, each.entries...), each.says)
	}
	whole := pack(t, description, plain("disk", strings.Repeat("x", 4096)))
	absurd := bytes.Clone(whole)
	// The size of the second header in the base-256 form, with the sum made right again.
	second := absurd[1024:1536]
	copy(second[124:136], []byte{0x80, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	copy(second[148:156], "        ")
	total := 0
	for _, b := range second {
		total += int(b)
	}
	copy(second[148:156], fmt.Sprintf("%06o\x00 ", total))
	refused(t, "an absurd size", absurd, "beyond the archive")
	refused(t, "half of it", whole[:2048], "beyond the archive")
	refused(t, "nothing", nil, "no .ovf file")
	refused(t, "noise", bytes.Repeat([]byte{7}, 4096), "no whole tar archive")
	refused(t, "a compressed one", append([]byte("\x1f\x8b\x08"), whole...), "uncompress")
}

func refused(t *testing.T, name string, archive []byte, says string) {
	t.Helper()
	_, err := ova.Read(bytes.NewReader(archive), int64(len(archive)))
	if !errors.Is(err, ova.ErrInvalid) || !strings.Contains(err.Error(), says) {
		t.Errorf("%s: %v", name, err)
	}
}

// TestSparse: tar's own sparse files, of both kinds, are refused.
func TestSparse(t *testing.T) {
	dir := t.TempDir()
	for name, size := range map[string]int64{"vm.ovf": 100, "disk": 1 << 20} {
		file, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.WriteAt([]byte("x"), size-1); err != nil {
			t.Fatal(err)
		}
		_ = file.Close()
	}
	for _, format := range [][]string{{"--format=gnu"}, {"--format=posix", "--sparse-version=0.1"}, {"--format=posix", "--sparse-version=1.0"}} {
		archive := filepath.Join(t.TempDir(), "x.ova")
		args := append(slices.Clone(format), "--sparse", "--hole-detection=seek", "-C", dir, "-cf", archive, "vm.ovf", "disk")
		if out, err := exec.Command("tar", args...).CombinedOutput(); err != nil {
			t.Fatalf("tar: %v\n%s", err, out)
		}
		content, err := os.ReadFile(archive)
		if err != nil {
			t.Fatal(err)
		}
		_, err = ova.Read(bytes.NewReader(content), int64(len(content)))
		if !errors.Is(err, ova.ErrInvalid) {
			t.Errorf("%v: %v", format, err)
		}
	}
}

// TestManifest: what is whole passes, what was changed does not.
func TestManifest(t *testing.T) {
	text := "SHA256(vm.ovf)= " + sum("<Envelope/>") + "\r\nSHA1 (disk) = 11f6ad8ec52a2984abaafd7c3b516503785c2072\n"
	archive := bytes.NewReader(pack(t, description, plain("disk", "x"), plain("vm.mf", text), plain("vm.cert", "signed")))
	read, err := ova.Read(archive, archive.Size())
	if err != nil {
		t.Fatal(err)
	}
	disk, _ := read.Member("disk")
	var told int64
	if err := read.Manifest.Verify(t.Context(), archive, disk, func(n int64) { told = n }); err != nil || told != 1 {
		t.Errorf("%v after %d bytes", err, told)
	}
	other, _ := read.Member("vm.cert")
	other.Name = "disk"
	if err := read.Manifest.Verify(t.Context(), archive, other, func(int64) {}); !errors.Is(err, ova.ErrInvalid) {
		t.Errorf("other content: %v", err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := read.Manifest.Verify(cancelled, archive, disk, func(int64) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// FuzzRead: whatever an archive is, its members lie inside of it, and apart.
func FuzzRead(f *testing.F) {
	for _, each := range hostile {
		if archive := pack(f, each.entries...); len(archive) < 1<<16 {
			f.Add(archive)
		}
	}
	f.Add(pack(f, description, plain("disk", "x"), plain("vm.mf", "SHA256(vm.ovf)= "+sum("<Envelope/>"))))
	f.Fuzz(func(t *testing.T, content []byte) {
		read, err := ova.Read(bytes.NewReader(content), int64(len(content)))
		if err != nil {
			if !errors.Is(err, ova.ErrInvalid) {
				t.Errorf("%v", err)
			}
			return
		}
		end := int64(0)
		for _, member := range read.Members {
			if member.Offset < end+512 || member.Size < 0 || member.Offset+member.Size > int64(len(content)) || strings.ContainsAny(member.Name, "/\x00") {
				t.Errorf("%+v, where the one before ends at %d", member, end)
			}
			end = member.Offset + member.Size
		}
	})
}
