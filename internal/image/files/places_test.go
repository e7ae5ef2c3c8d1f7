package files_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vireo/internal/image"
	"vireo/internal/image/files"
	"vireo/internal/model"
)

func mounting(t *testing.T, mounts string) *files.Files {
	t.Helper()
	made, err := files.New(files.Options{Mounts: mounts})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// TestMountPoints: places are refused, or have a directory of their own.
func TestMountPoints(t *testing.T) {
	f := mounting(t, "/data/mnt")
	for _, test := range []struct {
		name   string
		domain model.StorageDomain
		want   string // the directory, or words of the refusal
	}{
		{"localfs", model.StorageDomain{StorageType: model.StorageLocalFS, Path: "/srv/x"}, ""},
		{"nfs", model.StorageDomain{StorageType: model.StorageNFS, Address: "nas.example.com", Path: "/exports/a_b"}, "/data/mnt/nas.example.com:_exports_a__b"},
		{"IPv6", model.StorageDomain{StorageType: model.StorageNFS, Address: "[fd00::1]", Path: "/x"}, "/data/mnt/[fd00::1]:_x"},
		{"a device", model.StorageDomain{StorageType: model.StoragePosixFS, Path: "/dev/vdb", VFSType: "xfs"}, "/data/mnt/_dev_vdb"},
		{"gluster", model.StorageDomain{StorageType: model.StoragePosixFS, Address: "g1", Path: "volume", VFSType: "glusterfs"}, "/data/mnt/g1:volume"},
		{"relative", model.StorageDomain{StorageType: model.StorageLocalFS, Path: "srv"}, "from the root on"},
		{"the root", model.StorageDomain{StorageType: model.StorageLocalFS, Path: "/"}, "from the root on"},
		{"untidy", model.StorageDomain{StorageType: model.StorageLocalFS, Path: "/srv//x"}, "from the root on"},
		{"upwards", model.StorageDomain{StorageType: model.StoragePosixFS, Path: "/dev/../etc", VFSType: "xfs"}, "may not contain"},
		{"an option as path", model.StorageDomain{StorageType: model.StoragePosixFS, Path: "-o", VFSType: "xfs"}, "not one that can be used"},
		{"shell", model.StorageDomain{StorageType: model.StoragePosixFS, Path: "/a;reboot", VFSType: "xfs"}, "not one that can be used"},
		{"a FUSE program", model.StorageDomain{StorageType: model.StoragePosixFS, Path: "/a", VFSType: "fuse.rm"}, "not one that can be mounted"},
		{"FUSE as such", model.StorageDomain{StorageType: model.StoragePosixFS, Path: "sh#x", VFSType: "fuse"}, "can"},
		{"an address", model.StorageDomain{StorageType: model.StorageNFS, Address: "-x", Path: "/a"}, "neither a host name"},
		{"a version", model.StorageDomain{StorageType: model.StorageNFS, Address: "a", Path: "/a", NFSVersion: "9"}, "version of NFS"},
		{"suid", model.StorageDomain{StorageType: model.StorageNFS, Address: "a", Path: "/a", MountOptions: "hard,suid"}, `"suid" is not allowed`},
		{"a helper", model.StorageDomain{StorageType: model.StorageNFS, Address: "a", Path: "/a", MountOptions: "X-mount.mkdir"}, "is not allowed"},
		{"two in one", model.StorageDomain{StorageType: model.StorageNFS, Address: "a", Path: "/a", MountOptions: "hard,,intr"}, "is not allowed"},
		{"too long", model.StorageDomain{StorageType: model.StorageNFS, Address: "a", Path: "/" + strings.Repeat("a", 300)}, "too long"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := f.MountPoint(&test.domain)
			place, refused := errors.AsType[*image.PlaceError](err)
			if err != nil && (!refused || !strings.Contains(place.Why, test.want)) || err == nil && got != test.want {
				t.Errorf("%q, %v, want %q", got, err, test.want)
			}
		})
	}
}

// TestMounted: a domain is mounted once, whoever did it; one that is not is never made
// in the directory that it would be mounted on.
func TestMounted(t *testing.T) {
	onSmallFileSystem(t, func(t *testing.T, source string) {
		f := mounting(t, filepath.Join(t.TempDir(), "mnt"))
		domain := domainAt(source, model.StorageDomainData)
		domain.StorageType, domain.VFSType, domain.MountOptions = model.StoragePosixFS, "none", "bind"
		var err error
		if domain.Mount, err = f.MountPoint(domain); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Disconnect(t.Context(), domain) })
		wantError(t, f.Format(t.Context(), domain), image.ErrUnavailable)
		must(t, f.Connect(t.Context(), domain))
		must(t, f.Connect(t.Context(), domain))
		must(t, f.Format(t.Context(), domain))
		if _, err := os.Stat(filepath.Join(source, string(domain.ID), "dom_md", "metadata")); err != nil {
			t.Errorf("it was made somewhere else: %v", err)
		}
		found, strange, err := f.Survey(t.Context(), domain)
		if err != nil || len(found) != 1 || found[0].ID != domain.ID || len(strange) != 0 {
			t.Errorf("there is %v, %v, %v", found, strange, err)
		}
		must(t, f.Disconnect(t.Context(), domain))
		must(t, f.Disconnect(t.Context(), domain))
		wantError(t, f.Check(t.Context(), domain), image.ErrUnavailable)
		if there, err := f.Connected(domain); there || err != nil {
			t.Errorf("it is mounted: %v, %v", there, err)
		}

		domain.VFSType, domain.MountOptions = "xfs", ""
		place, refused := errors.AsType[*image.PlaceError](f.Connect(t.Context(), domain))
		if !refused || !strings.Contains(place.Why, "could not be mounted: ") {
			t.Errorf("what cannot be mounted is refused with %v", place)
		}
	})
}

// TestStir: what happens to a domain, and nothing else, is told.
func TestStir(t *testing.T) {
	f := newFiles(t)
	place := filepath.Join(t.TempDir(), "place")
	must(t, os.Mkdir(place, 0o755))
	domain := domainAt(place, model.StorageDomainData)
	must(t, f.Format(t.Context(), domain))
	told := make(chan struct{}, 100)
	asked := make(chan struct{}, 100)
	stirs := func() {
		t.Helper()
		<-told
		for len(told) > 0 {
			<-told
		}
		for len(asked) > 0 {
			<-asked
		}
		<-asked // and now everything is followed again
		<-asked
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		files.Stir(t.Context(), func() []string {
			select {
			case asked <- struct{}{}:
			default:
			}
			return []string{rootOf(domain)}
		}, func() {
			select {
			case told <- struct{}{}:
			default:
			}
		})
	}()
	t.Cleanup(func() { <-done })
	<-asked
	<-asked
	for len(told) > 0 {
		<-told // of mounts that others make
	}
	must(t, os.Rename(place, place+".away"))
	stirs()
	must(t, os.Rename(place+".away", place))
	stirs()
	must(t, os.Remove(filepath.Join(rootOf(domain), "dom_md", "metadata")))
	stirs()
}
