package imagetest

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"vireo/internal/image"
	"vireo/internal/model"
)

// stretch makes a file with room for length bytes in its middle.
func stretch(t *testing.T, length int64) image.Stretch {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "archive"))
	must(t, "Create", err)
	t.Cleanup(func() { _ = file.Close() })
	must(t, "Truncate", file.Truncate(length+4096))
	return image.Stretch{File: file, Offset: 1536, Length: length, Format: image.FileQCOW2}
}

// stretchesHoldTheSame: what is written into the middle of a file is read out of it
// again, of every kind and with a chain, done twice too, and leaves the rest alone.
func stretchesHoldTheSame(t *testing.T, g Target) {
	domain := g.formatted(t, model.StorageDomainData)
	ctx := t.Context()
	for i, kind := range kinds {
		disk := g.chain(t, domain, kind.format, kind.sparse)
		source := image.Source{Domain: domain, Disk: disk}
		length, err := g.Images.MeasureStretch(ctx, source)
		must(t, "MeasureStretch", err)
		to := stretch(t, length)
		_, err = to.File.WriteAt([]byte("before"), 0)
		must(t, "WriteAt", err)
		_, err = to.File.WriteAt([]byte("after"), to.Offset+length)
		must(t, "WriteAt", err)
		var told progress
		must(t, "WriteStretch", g.Images.WriteStretch(ctx, source, to, told.tell(t)))
		if told.done == 0 || told.done != told.total {
			t.Errorf("at the end the progress was %+v", told)
		}
		around := make([]byte, 6)
		_, err = to.File.ReadAt(around, 0)
		must(t, "ReadAt", err)
		after := make([]byte, 5)
		_, err = to.File.ReadAt(after, to.Offset+length)
		must(t, "ReadAt", err)
		if string(around) != "before" || string(after) != "after" {
			t.Errorf("around the image stand %q and %q", around, after)
		}
		size, err := g.Images.InspectStretch(ctx, to)
		must(t, "InspectStretch", err)
		if size != 8*mib || length < 3*mib {
			t.Errorf("the image has %d bytes and a virtual size of %d", length, size)
		}
		made := g.likeness(disk)
		made.Format, made.Sparse = kinds[len(kinds)-1-i].format, kinds[len(kinds)-1-i].sparse
		spec := g.spec(made)
		spec.Size = []int64{0, 16 * mib}[i%2]
		for range 2 {
			must(t, "ReadStretch", g.Images.ReadStretch(ctx, to, domain, spec, nil))
		}
		g.holds(t, domain, made, 0x11, 0, mib)
		g.holds(t, domain, made, 0x22, 2*mib, mib)
		g.holds(t, domain, made, 0x33, 4*mib, mib)
		g.holds(t, domain, made, 0, 6*mib, max(spec.Size, 8*mib)-6*mib)
	}
}

// stretchesAreRefused: what is no image, is none by itself, or does not fit.
func stretchesAreRefused(t *testing.T, g Target) {
	domain := g.formatted(t, model.StorageDomainData)
	disk := g.disk(t, domain, model.DiskCOW, true)
	source := image.Source{Domain: domain, Disk: disk}
	length, err := g.Images.MeasureStretch(t.Context(), source)
	must(t, "MeasureStretch", err)
	whole := stretch(t, length)
	must(t, "WriteStretch", g.Images.WriteStretch(t.Context(), source, whole, nil))
	short := stretch(t, 4096)
	want(t, "a stretch that is too short", g.Images.WriteStretch(t.Context(), source, short, nil), image.ErrOutside)
	for what, change := range map[string]func(*image.Stretch){
		"zeros":          func(s *image.Stretch) { s.Offset += 512 },
		"another format": func(s *image.Stretch) { s.Format = image.FileVMDK },
		"no format":      func(s *image.Stretch) { s.Format = "" },
		"a length of 0":  func(s *image.Stretch) { s.Length = 0 },
		"a part of it":   func(s *image.Stretch) { s.Length = 1024 },
		"a bad offset":   func(s *image.Stretch) { s.Offset = -512 },
	} {
		changed := whole
		change(&changed)
		_, err := g.Images.InspectStretch(t.Context(), changed)
		var refused *image.RefusedError
		if !errors.As(err, &refused) || refused.Reason == "" {
			t.Errorf("%s: %v", what, err)
		}
		made := g.likeness(disk)
		want(t, "ReadStretch of "+what, g.Images.ReadStretch(t.Context(), changed, domain, g.spec(made), nil), image.ErrUnsafe)
		_, err = g.Images.Occupied(t.Context(), domain, made.ID)
		want(t, "Occupied after "+what, err, image.ErrNotFound)
	}
	made := g.likeness(disk)
	spec := g.spec(made)
	spec.Size, spec.Sparse = 1<<60, false
	want(t, "a volume that is too large", g.Images.ReadStretch(t.Context(), whole, domain, spec, nil), image.ErrNoSpace)
}
