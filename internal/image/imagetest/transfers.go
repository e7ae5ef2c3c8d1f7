package imagetest

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"vireo/internal/image"
	"vireo/internal/model"
)

func transferOf(disk *model.Disk, format model.DiskFormat, write bool) image.TransferSpec {
	return image.TransferSpec{Transfer: model.NewID(), Disk: disk, Format: format, Write: write}
}

// rangesAreMoved writes ranges of every kind of disk as a guest would see it, and reads
// them again, also after it was closed and opened.
func rangesAreMoved(t *testing.T, g Target) {
	ctx, domain := t.Context(), g.formatted(t, model.StorageDomainData)
	for _, format := range []model.DiskFormat{model.DiskRaw, model.DiskCOW} {
		for _, sparse := range []bool{true, false} {
			disk := g.disk(t, domain, format, sparse)
			up := transferOf(disk, model.DiskRaw, true)
			content, err := g.Images.OpenTransfer(ctx, domain, up)
			must(t, "OpenTransfer", err)
			if content.Size() != 8*mib || content.Limit() != 8*mib {
				t.Fatalf("%s: %d bytes, at most %d", format, content.Size(), content.Limit())
			}
			first, second := bytes.Repeat([]byte("one "), mib/4), bytes.Repeat([]byte("two "), mib/4)
			must(t, "WriteAt", content.WriteAt(ctx, first, 0))
			must(t, "WriteAt", content.WriteAt(ctx, second, 7*mib))
			must(t, "WriteAt", content.WriteAt(ctx, first, 4*mib))
			must(t, "Zero", content.Zero(ctx, 4*mib, mib))
			must(t, "WriteAt of zeros", content.WriteAt(ctx, make([]byte, mib), 5*mib))
			outOfBounds(t, content)
			must(t, "Flush", content.Flush(ctx))
			must(t, "Close", content.Close())
			for range 2 {
				must(t, "FinishTransfer", g.Images.FinishTransfer(ctx, domain, up))
			}
			down, err := g.Images.OpenTransfer(ctx, domain, transferOf(disk, model.DiskRaw, false))
			must(t, "OpenTransfer", err)
			whole := make([]byte, 8*mib)
			must(t, "ReadAt", down.ReadAt(ctx, whole, 0))
			if !bytes.Equal(whole[:mib], first) || !bytes.Equal(whole[7*mib:], second) || !bytes.Equal(whole[mib:7*mib], make([]byte, 6*mib)) {
				t.Errorf("%s, sparse %v: something else was read", format, sparse)
			}
			holes := extentsOf(t, down, whole)
			if sparse && holes != 6*mib {
				t.Errorf("%s: %d bytes are holes", format, holes)
			}
			if err := down.WriteAt(ctx, first, 0); err == nil {
				t.Errorf("%s: a download was written", format)
			}
			must(t, "Close", down.Close())
		}
	}
}

// outOfBounds tries what is not there.
func outOfBounds(t *testing.T, content image.Content) {
	t.Helper()
	size := content.Size()
	for _, at := range []struct{ offset, length int64 }{
		{-1, 1}, {size, 1}, {size - 1, 2}, {1 << 62, 1}, {-1 << 62, 1}, {size + 1, 0},
	} {
		want(t, "ReadAt outside", content.ReadAt(t.Context(), make([]byte, at.length), at.offset), image.ErrOutside)
		want(t, "WriteAt outside", content.WriteAt(t.Context(), make([]byte, at.length), at.offset), image.ErrOutside)
		want(t, "Zero outside", content.Zero(t.Context(), at.offset, at.length), image.ErrOutside)
	}
	want(t, "Zero of too much", content.Zero(t.Context(), 0, 1<<62), image.ErrOutside)
	want(t, "Zero of less than nothing", content.Zero(t.Context(), 0, -1), image.ErrOutside)
}

// extentsOf wants the extents to cover everything, in order, and zeros to be zeros; it
// gives the bytes in holes.
func extentsOf(t *testing.T, content image.Content, whole []byte) (holes int64) {
	t.Helper()
	next := int64(0)
	must(t, "Extents", content.Extents(t.Context(), func(e image.Extent) error {
		if e.Start != next || e.Length <= 0 {
			t.Fatalf("the extent %+v comes after %d", e, next)
		}
		next += e.Length
		if e.Zero && !bytes.Equal(whole[e.Start:next], make([]byte, e.Length)) {
			t.Errorf("the extent %+v is not zero", e)
		}
		if e.Hole {
			holes += e.Length
		}
		return nil
	}))
	if next != content.Size() {
		t.Errorf("the extents end at %d of %d", next, content.Size())
	}
	return holes
}

// imagesAreTaken uploads image files as they are, which replace the disk's volume only
// when they are what they must be.
func imagesAreTaken(t *testing.T, g Target) {
	ctx, domain := t.Context(), g.formatted(t, model.StorageDomainData)
	for _, test := range []struct {
		name string
		make []string // the arguments of qemu-img create, without the file
		ok   bool
	}{
		{"as large", []string{"-f", "qcow2", "", "8M"}, true},
		{"smaller", []string{"-f", "qcow2", "", "1M"}, true},
		{"with data", []string{"-f", "qcow2", "-o", "preallocation=full", "", "8M"}, true},
		{"too large", []string{"-f", "qcow2", "", "9M"}, false},
		{"with a backing file", []string{"-f", "qcow2", "-u", "-b", "/etc/passwd", "-F", "raw", "", "8M"}, false},
		{"raw", []string{"-f", "raw", "", "8M"}, false},
		{"of another format", []string{"-f", "vmdk", "", "8M"}, false},
		{"nothing", nil, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			disk := g.disk(t, domain, model.DiskCOW, true)
			up := transferOf(disk, model.DiskCOW, true)
			content, err := g.Images.OpenTransfer(ctx, domain, up)
			must(t, "OpenTransfer", err)
			sent := made(t, test.make)
			for offset := 0; offset < len(sent); offset += mib {
				must(t, "WriteAt", content.WriteAt(ctx, sent[offset:min(offset+mib, len(sent))], int64(offset)))
			}
			must(t, "Close", content.Close())
			for range 2 {
				err := g.Images.FinishTransfer(ctx, domain, up)
				if test.ok {
					must(t, "FinishTransfer", err)
				} else {
					want(t, "FinishTransfer", err, image.ErrUnsafe)
				}
			}
			must(t, "AbandonTransfer", g.Images.AbandonTransfer(ctx, domain, up))
			must(t, "AbandonTransfer", g.Images.AbandonTransfer(ctx, domain, up))
			_, err = g.Images.Path(ctx, domain, disk)
			must(t, "Path", err)
			if test.ok && test.name != "smaller" {
				imageIsRead(t, g, domain, disk, sent)
			}
		})
	}
}

func imageIsRead(t *testing.T, g Target, domain *model.StorageDomain, disk *model.Disk, sent []byte) {
	t.Helper()
	down, err := g.Images.OpenTransfer(t.Context(), domain, transferOf(disk, model.DiskCOW, false))
	must(t, "OpenTransfer", err)
	got := make([]byte, down.Size())
	must(t, "ReadAt", down.ReadAt(t.Context(), got, 0))
	if !bytes.Equal(got, sent) {
		t.Errorf("%d bytes were sent and %d others received", len(sent), len(got))
	}
	must(t, "Close", down.Close())
}

// made is an image file; nil makes an empty one.
func made(t *testing.T, args []string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "image")
	if args == nil {
		return nil
	}
	command := []string{"create", "-q"}
	for _, arg := range args {
		if arg == "" {
			arg = path
		}
		command = append(command, arg)
	}
	if output, err := exec.Command("qemu-img", command...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	data, err := os.ReadFile(path)
	must(t, "ReadFile", err)
	return data
}

// uploadsGoOn closes what is half uploaded and opens it again.
func uploadsGoOn(t *testing.T, g Target) {
	ctx, domain := t.Context(), g.formatted(t, model.StorageDomainData)
	disk := g.disk(t, domain, model.DiskCOW, true)
	up := transferOf(disk, model.DiskCOW, true)
	sent := made(t, []string{"-f", "qcow2", "-o", "preallocation=full", "", "8M"})
	half := len(sent) / 2
	for i, part := range [][]byte{sent[:half], sent[half:]} {
		content, err := g.Images.OpenTransfer(ctx, domain, up)
		must(t, "OpenTransfer", err)
		if content.Size() != int64(i*half) {
			t.Errorf("it holds %d bytes", content.Size())
		}
		want(t, "WriteAt beyond the limit", content.WriteAt(ctx, []byte{1}, content.Limit()), image.ErrOutside)
		must(t, "WriteAt", content.WriteAt(ctx, part, int64(i*half)))
		must(t, "Close", content.Close())
		if content.WriteAt(ctx, part, 0) == nil {
			t.Error("what was closed was written")
		}
	}
	must(t, "FinishTransfer", g.Images.FinishTransfer(ctx, domain, up))
	imageIsRead(t, g, domain, disk, sent)
}

// partsComeTogether writes data and zeros at once, in any order, to a file that grows:
// nobody's part is lost.
func partsComeTogether(t *testing.T, g Target) {
	ctx, domain := t.Context(), g.formatted(t, model.StorageDomainData)
	const block, blocks = 16 << 10, 400
	for range 5 {
		up := transferOf(g.disk(t, domain, model.DiskCOW, true), model.DiskCOW, true)
		content, err := g.Images.OpenTransfer(ctx, domain, up)
		must(t, "OpenTransfer", err)
		want := make([]byte, block*blocks)
		var writers sync.WaitGroup
		for _, i := range rand.Perm(blocks) {
			part := want[i*block : (i+1)*block]
			if i%3 > 0 {
				part[0], part[block-1] = byte(i), 1
			}
			writers.Go(func() {
				if err := content.WriteAt(ctx, part, int64(i*block)); err != nil {
					t.Error(err)
				}
			})
		}
		writers.Wait()
		got := make([]byte, content.Size())
		must(t, "ReadAt", content.ReadAt(ctx, got, 0))
		if !bytes.Equal(got, want) {
			t.Errorf("%d bytes were written, and %d others are there", len(want), len(got))
		}
		must(t, "Close", content.Close())
		must(t, "AbandonTransfer", g.Images.AbandonTransfer(ctx, domain, up))
	}
}
