package files_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vireo/internal/image"
	"vireo/internal/model"
)

func TestContents(t *testing.T) {
	f := newFiles(t)
	domain := formatted(t, f, model.StorageDomainData)
	disk := newDisk(t, f, domain, model.DiskCOW, true)
	half, vm, doomed := model.NewID(), model.NewID(), model.NewID()
	images := filepath.Join(rootOf(domain), "images")
	group := filepath.Dir(volumeOf(domain, disk))
	writeFile(t, filepath.Join(group, "."+string(half)+".part"), "")
	writeFile(t, filepath.Join(group, string(half)+".meta"), "SIZE=1\nEOF\n")
	must(t, os.Symlink("/etc/passwd", filepath.Join(group, "passwd")))
	must(t, os.Symlink("/etc", filepath.Join(images, string(model.NewID()))))
	must(t, os.Mkdir(filepath.Join(images, "_remove_me_"+string(doomed)), 0o700))
	must(t, os.MkdirAll(filepath.Join(rootOf(domain), "master/vms", string(vm)), 0o700))
	writeFile(t, filepath.Join(rootOf(domain), "master/vms", string(vm), string(vm)+".ovf"), "<ovf "+string(disk.ID)+"/>")

	found, err := f.Contents(t.Context(), domain)
	must(t, err)
	if len(found.Groups) != 1 || found.Groups[0].ID != disk.ID || len(found.Groups[0].Volumes) != 2 {
		t.Fatalf("the groups are %+v", found.Groups)
	}
	for _, volume := range found.Groups[0].Volumes {
		switch {
		case volume.ID == disk.Volume && volume.Regular && volume.File != "" && volume.Meta["IMAGE"] == string(disk.ID):
		case volume.ID == half && !volume.Regular && volume.Meta["SIZE"] == "1":
		default:
			t.Errorf("there is the volume %+v", volume)
		}
	}
	if !slices.Equal(found.Removing, []model.ID{doomed}) || !slices.Equal(found.Described, []model.ID{vm}) || !found.Mentioned[disk.ID] {
		t.Errorf("removing %v, described %v, mentioned %v", found.Removing, found.Described, found.Mentioned)
	}
	if len(found.Temporary) != 1 || len(found.Strange) != 2 {
		t.Errorf("temporary %v, strange %v", found.Temporary, found.Strange)
	}
	facts, err := f.Inspect(t.Context(), domain, disk.ID, disk.Volume, disk.Format)
	if err != nil || facts != (image.Facts{Size: 8 << 20}) {
		t.Errorf("the volume is %+v, %v", facts, err)
	}
}

// TestSweep: what is old goes, what somebody works on stays, and links are not
// followed.
func TestSweep(t *testing.T) {
	f := newFiles(t)
	domain := formatted(t, f, model.StorageDomainData)
	disk, busy := newDisk(t, f, domain, model.DiskCOW, true), newDisk(t, f, domain, model.DiskCOW, true)
	images := filepath.Join(rootOf(domain), "images")
	lone := model.NewID()
	must(t, os.Mkdir(filepath.Join(images, string(lone)), 0o700))
	began := time.Now().Add(-time.Minute)
	old := func(path string) string {
		must(t, os.Chtimes(path, began.Add(-time.Hour), began.Add(-time.Hour)))
		return path
	}
	file := func(group model.ID, name string) string {
		path := filepath.Join(images, string(group), name)
		writeFile(t, path, "half")
		return path
	}
	gone := []string{old(file(disk.ID, ".a.part")), old(file(lone, ".b.part")), filepath.Join(images, string(lone))}
	kept := []string{old(file(busy.ID, ".c.part")), file(disk.ID, ".new.part"), volumeOf(domain, disk)}
	for _, begun := range []struct {
		id   model.ID
		list *[]string
	}{{model.NewID(), &gone}, {busy.ID, &kept}} {
		path := filepath.Join(images, "_remove_me_"+string(begun.id))
		must(t, os.Mkdir(path, 0o700))
		must(t, os.Symlink(images, filepath.Join(path, "out")))
		*begun.list = append(*begun.list, path)
	}
	keep := func(group model.ID, _ bool) bool { return group == busy.ID }
	removed, err := f.Sweep(t.Context(), domain, began, keep)
	if err != nil || len(removed) != 3 {
		t.Errorf("removed %v, %v", removed, err)
	}
	for _, path := range gone {
		if unix.Access(path, unix.F_OK) == nil {
			t.Errorf("%s is left", path)
		}
	}
	for _, path := range kept {
		must(t, unix.Access(path, unix.F_OK))
	}
	if removed, err = f.Sweep(t.Context(), domain, began, keep); err != nil || len(removed) != 0 {
		t.Errorf("then removed %v, %v", removed, err)
	}
}
