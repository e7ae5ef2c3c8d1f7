package files_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"vireo/internal/image"
	"vireo/internal/image/files"
	"vireo/internal/model"
)

// deed is work on a domain that holds one disk, of the format cow with 0x11 in its
// first half mebibyte.
type deed struct {
	name string
	// prepare makes what the deed needs, and answers the deed and the disk that must
	// hold 0x11 after it whatever became of it; made is what the deed makes, nil for
	// one that changes the disk itself.
	prepare func(t *testing.T, f *files.Files, domain *model.StorageDomain, disk *model.Disk) (do func(*files.Files) error, kept, made *model.Disk)
}

var deeds = []deed{
	{"create", func(t *testing.T, _ *files.Files, domain *model.StorageDomain, disk *model.Disk) (func(*files.Files) error, *model.Disk, *model.Disk) {
		made := likeness(disk)
		return func(f *files.Files) error { return f.Create(t.Context(), domain, specOf(made)) }, disk, made
	}},
	{"create preallocated", func(t *testing.T, _ *files.Files, domain *model.StorageDomain, disk *model.Disk) (func(*files.Files) error, *model.Disk, *model.Disk) {
		made := likeness(disk)
		made.Format, made.Sparse, made.ProvisionedSize = model.DiskRaw, false, 1<<20
		return func(f *files.Files) error { return f.Create(t.Context(), domain, specOf(made)) }, disk, made
	}},
	{"resize", func(t *testing.T, _ *files.Files, domain *model.StorageDomain, disk *model.Disk) (func(*files.Files) error, *model.Disk, *model.Disk) {
		return func(f *files.Files) error { return f.Resize(t.Context(), domain, disk, 16<<20) }, disk, nil
	}},
	{"overlay", func(t *testing.T, _ *files.Files, domain *model.StorageDomain, disk *model.Disk) (func(*files.Files) error, *model.Disk, *model.Disk) {
		made := model.Clone(disk)
		made.Volume, made.Format = model.NewID(), model.DiskCOW
		return func(f *files.Files) error { return f.Overlay(t.Context(), domain, disk, made.Volume, owner()) }, disk, made
	}},
	{"copy", func(t *testing.T, _ *files.Files, domain *model.StorageDomain, disk *model.Disk) (func(*files.Files) error, *model.Disk, *model.Disk) {
		made := likeness(disk)
		return func(f *files.Files) error {
			return f.Copy(t.Context(), image.Source{Domain: domain, Disk: disk}, domain, specOf(made), nil)
		}, disk, made
	}},
	{"copy to another format", func(t *testing.T, _ *files.Files, domain *model.StorageDomain, disk *model.Disk) (func(*files.Files) error, *model.Disk, *model.Disk) {
		made := likeness(disk)
		made.Format = model.DiskRaw
		return func(f *files.Files) error {
			return f.Copy(t.Context(), image.Source{Domain: domain, Disk: disk}, domain, specOf(made), nil)
		}, disk, made
	}},
	{"copy a chain", func(t *testing.T, f *files.Files, domain *model.StorageDomain, disk *model.Disk) (func(*files.Files) error, *model.Disk, *model.Disk) {
		top := stacked(t, f, domain, disk)
		made := model.Clone(top)
		made.ID = model.NewID()
		return func(f *files.Files) error {
			return f.CopyChain(t.Context(), image.Source{Domain: domain, Disk: top}, domain, made.ID, nil, owner(), nil)
		}, top, made
	}},
	{"merge", func(t *testing.T, f *files.Files, domain *model.StorageDomain, disk *model.Disk) (func(*files.Files) error, *model.Disk, *model.Disk) {
		top := stacked(t, f, domain, disk)
		qemuIO(t, "qcow2", volumeOf(domain, top), "write -P 0x11 0 256k", "write -P 0x22 2M 512k")
		top.Alias = written
		return func(f *files.Files) error { return f.Merge(t.Context(), domain, top, top.Volume, nil) }, top, nil
	}},
}

// begun makes the domain that a deed is done on.
func begun(t *testing.T, f *files.Files, path string) (*model.StorageDomain, *model.Disk) {
	t.Helper()
	domain := domainAt(path, model.StorageDomainData)
	must(t, f.Format(t.Context(), domain))
	disk := newDisk(t, f, domain, model.DiskCOW, true)
	qemuIO(t, "qcow2", volumeOf(domain, disk), "write -P 0x11 0 512k")
	return domain, disk
}

// wantWhole wants every volume of a domain to be usable and to have its metadata,
// nothing else to be there, and a disk to hold what it held.
func wantWhole(t *testing.T, f *files.Files, domain *model.StorageDomain, kept *model.Disk) {
	t.Helper()
	found, err := f.Contents(t.Context(), domain)
	must(t, err)
	if rest := slices.Concat(found.Temporary, found.Strange); len(rest) > 0 || len(found.Removing) > 0 {
		t.Errorf("%v and %v are left", rest, found.Removing)
	}
	for _, group := range found.Groups {
		if len(group.Volumes) == 0 {
			t.Errorf("the image group %s is empty", group.ID)
		}
		for _, volume := range group.Volumes {
			format := model.DiskRaw
			if volume.Meta["FORMAT"] == "COW" {
				format = model.DiskCOW
			}
			if _, err := f.Inspect(t.Context(), domain, group.ID, volume.ID, format); err != nil || volume.Meta == nil {
				t.Errorf("a volume is not whole: %v, metadata %v", err, volume.Meta)
			}
		}
	}
	must(t, pathOf(t, f, domain, kept))
	qemuIO(t, toolFormats[kept.Format], volumeOf(domain, kept), "read -P 0x11 0 512k")
	if kept.Alias == written {
		qemuIO(t, toolFormats[kept.Format], volumeOf(domain, kept), "read -P 0x22 2M 512k")
	}
}

// written is the alias of a disk that holds 0x22 at 2 MiB too.
const written = "written"

// finished does a deed that has failed once more, with nothing in its way.
func finished(t *testing.T, f *files.Files, domain *model.StorageDomain, do func(*files.Files) error, kept, made *model.Disk) {
	t.Helper()
	for range 2 {
		must(t, do(f))
		wantWhole(t, f, domain, kept)
	}
	if made != nil {
		must(t, pathOf(t, f, domain, made))
	}
}

// killers are what becomes of qemu-img where it makes or changes something: killed
// after so many seconds, or when it was ready and could not say so any more.
func killers(t *testing.T) map[string]string {
	t.Helper()
	real := toolPath(t)
	made := map[string]string{"when it was ready": real + ` "$@"; kill -9 $$`}
	for _, seconds := range []string{"0", "0.002", "0.005", "0.01", "0.03"} {
		made["after "+seconds+" s"] = real + ` "$@" & child=$!; sleep ` + seconds + `; kill -9 $child 2>/dev/null; kill -9 $$`
	}
	return made
}

func toolPath(t *testing.T) string {
	t.Helper()
	for _, folder := range filepath.SplitList(os.Getenv("PATH")) {
		if path := filepath.Join(folder, "qemu-img"); func() bool { _, err := os.Stat(path); return err == nil }() {
			return path
		}
	}
	t.Fatal("there is no qemu-img")
	return ""
}

// TestToolIsKilled: whenever qemu-img is killed, all is whole, nothing is left, and the
// deed can be done again.
func TestToolIsKilled(t *testing.T) {
	for _, deed := range deeds {
		for when, script := range killers(t) {
			t.Run(deed.name+"/"+when, func(t *testing.T) {
				t.Parallel()
				f := newFiles(t)
				domain, disk := begun(t, f, filepath.Join(t.TempDir(), "mount"))
				do, kept, made := deed.prepare(t, f, domain, disk)
				killed := toolOf(t, `case "$1" in info|map|measure) exec `+toolPath(t)+` "$@";; esac`+"\n"+script+"\n")
				if err := do(killed); err != nil {
					t.Logf("it failed: %v", err)
				}
				wantWhole(t, f, domain, kept)
				finished(t, f, domain, do, kept, made)
			})
		}
	}
}

// TestDomainIsFilled: wherever the space ends, all is whole, nothing is left, and the
// deed can be done when there is space again.
func TestDomainIsFilled(t *testing.T) {
	failed := make(map[string]bool)
	onSmallFileSystem(t, func(t *testing.T, mount string) {
		f := newFiles(t)
		for _, deed := range deeds {
			for _, free := range []int64{0, 4 << 10, 64 << 10, 200 << 10, 400 << 10} {
				t.Run(fmt.Sprintf("%s/%d KiB", deed.name, free>>10), func(t *testing.T) {
					domain, disk := begun(t, f, filepath.Join(mount, string(model.NewID())))
					defer os.RemoveAll(domain.Path)
					do, kept, made := deed.prepare(t, f, domain, disk)
					filler := filepath.Join(mount, "filler")
					fillBut(t, filler, free)
					err := do(f)
					if err != nil && !errors.Is(err, image.ErrNoSpace) {
						t.Errorf("it failed for another reason: %v", err)
					}
					failed[deed.name] = failed[deed.name] || err != nil
					wantWhole(t, f, domain, kept)
					must(t, os.Remove(filler))
					finished(t, f, domain, do, kept, made)
				})
			}
		}
	})
	for _, deed := range deeds {
		if os.Getenv(inside) == "" && os.Getuid() == 0 && !failed[deed.name] {
			t.Errorf("%s never ran out of space", deed.name)
		}
	}
}

// fillBut fills a file system but for so many bytes.
func fillBut(t *testing.T, path string, free int64) {
	t.Helper()
	fill(t, path)
	info, err := os.Stat(path)
	must(t, err)
	must(t, os.Truncate(path, max(0, info.Size()-free)))
}
