package files_test

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"vireo/internal/image"
	"vireo/internal/model"
)

func TestMetadataOfDomains(t *testing.T) {
	f := newFiles(t)
	domain := newDomain(t, model.StorageDomainExport)
	domain.Name = strings.Repeat("n", 60)
	domain.Format, domain.DataCenter = "v1", model.NewID()
	domain.StorageType, domain.Address = model.StorageNFS, "server"
	must(t, f.Format(t.Context(), domain))

	text, err := os.ReadFile(filepath.Join(rootOf(domain), "dom_md", "metadata"))
	must(t, err)
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	body, seal := lines[:len(lines)-1], lines[len(lines)-1]
	want := []string{
		"CLASS=Backup", "DESCRIPTION=" + strings.Repeat("n", 50), "IOOPTIMEOUTSEC=10", "LEASERETRIES=3",
		"LEASETIMESEC=60", "LOCKPOLICY=", "LOCKRENEWALINTERVALSEC=5", "POOL_UUID=" + string(domain.DataCenter),
		"REMOTE_PATH=server:" + domain.Path, "ROLE=Regular", "SDUUID=" + string(domain.ID), "TYPE=NFS", "VERSION=0",
	}
	if !slices.Equal(body, want) {
		t.Errorf("metadata is\n%s\nwant\n%s", strings.Join(body, "\n"), strings.Join(want, "\n"))
	}
	sum := sha1.Sum([]byte(strings.Join(want, "")))
	if seal != "_SHA_CKSUM="+hex.EncodeToString(sum[:]) {
		t.Errorf("the last line is %q", seal)
	}
	for name, size := range map[string]int64{"ids": 0, "leases": 0, "inbox": 16 << 20, "outbox": 16 << 20} {
		info, err := os.Stat(filepath.Join(rootOf(domain), "dom_md", name))
		must(t, err)
		if info.Size() != size || info.Mode().Perm() != 0o660 {
			t.Errorf("%s has %d bytes and mode %v", name, info.Size(), info.Mode())
		}
	}
	for _, name := range []string{".", "dom_md", "images", "master", "master/vms", "master/tasks"} {
		info, err := os.Stat(filepath.Join(rootOf(domain), name))
		must(t, err)
		if !info.IsDir() || info.Mode().Perm() != 0o755 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
	}
}

func TestKeysOfOthersAreKept(t *testing.T) {
	f := newFiles(t)
	domain := formatted(t, f, model.StorageDomainData)
	path := filepath.Join(rootOf(domain), "dom_md", "metadata")
	text, err := os.ReadFile(path)
	must(t, err)
	reseal := func(more string) {
		var lines []string
		for _, line := range append(strings.Split(string(text), "\n"), more) {
			if line != "" && !strings.HasPrefix(line, "_SHA") {
				lines = append(lines, line)
			}
		}
		slices.Sort(lines)
		sum := sha1.Sum([]byte(strings.Join(lines, "")))
		writeFile(t, path, strings.Join(append(lines, "_SHA_CKSUM="+hex.EncodeToString(sum[:])), "\n")+"\n")
	}
	reseal("MASTER_VERSION=4")
	must(t, f.Check(t.Context(), domain))
	domain.Name = "renamed"
	must(t, f.Format(t.Context(), domain))
	kept, err := os.ReadFile(path)
	must(t, err)
	if !strings.Contains(string(kept), "MASTER_VERSION=4\n") || !strings.Contains(string(kept), "DESCRIPTION=renamed\n") {
		t.Errorf("metadata is now\n%s", kept)
	}
	must(t, f.Check(t.Context(), domain))
}

func TestDomainThatIsNotItself(t *testing.T) {
	f := newFiles(t)
	for name, spoil := range map[string]func(t *testing.T, root string){
		"damaged metadata": func(t *testing.T, root string) {
			path := filepath.Join(root, "dom_md", "metadata")
			text, err := os.ReadFile(path)
			must(t, err)
			writeFile(t, path, strings.Replace(string(text), "CLASS=Data", "CLASS=Iso", 1))
		},
		"no metadata":    func(t *testing.T, root string) { must(t, os.Remove(filepath.Join(root, "dom_md", "metadata"))) },
		"no root":        func(t *testing.T, root string) { must(t, os.RemoveAll(root)) },
		"a file as root": func(t *testing.T, root string) { must(t, os.RemoveAll(root)); writeFile(t, root, "") },
		"metadata that leads out": func(t *testing.T, root string) {
			path := filepath.Join(root, "dom_md", "metadata")
			must(t, os.Remove(path))
			must(t, os.Symlink("/etc/passwd", path))
		},
		"another domain": func(t *testing.T, root string) {
			other := domainAt(filepath.Dir(root), model.StorageDomainData)
			must(t, f.Format(t.Context(), other))
			must(t, os.RemoveAll(root))
			must(t, os.Rename(rootOf(other), root))
		},
	} {
		t.Run(name, func(t *testing.T) {
			domain := formatted(t, f, model.StorageDomainData)
			must(t, f.Check(t.Context(), domain))
			spoil(t, rootOf(domain))
			wantError(t, f.Check(t.Context(), domain), image.ErrUnavailable)
		})
	}
}

func TestVolumesOnDisk(t *testing.T) {
	f := newFiles(t)
	domain := formatted(t, f, model.StorageDomainData)
	for _, test := range []struct {
		format       model.DiskFormat
		sparse       bool
		tool, f, typ string
	}{
		{model.DiskCOW, true, "qcow2", "COW", "SPARSE"},
		{model.DiskCOW, false, "qcow2", "COW", "PREALLOCATED"},
		{model.DiskRaw, true, "raw", "RAW", "SPARSE"},
		{model.DiskRaw, false, "raw", "RAW", "PREALLOCATED"},
	} {
		disk := newDisk(t, f, domain, test.format, test.sparse)
		volume := volumeOf(domain, disk)
		if info := imageOf(t, volume, test.tool); info.Format != test.tool || info.VirtualSize != 8<<20 {
			t.Errorf("%s: the image is %+v", test.tool, info)
		}
		wantOwner(t, volume, 0o660)

		meta, err := os.ReadFile(volume + ".meta")
		must(t, err)
		want := `^DOMAIN=` + string(domain.ID) + "\nCTIME=[0-9]+\nFORMAT=" + test.f + "\nDISKTYPE=2\nLEGALITY=LEGAL\nSIZE=16384\n" +
			`VOLTYPE=LEAF` + "\nDESCRIPTION=(.*)\nIMAGE=" + string(disk.ID) + "\nPUUID=" + string(model.BlankID) +
			"\nMTIME=0\nPOOL_UUID=\nTYPE=" + test.typ + "\nEOF\n$"
		match := regexp.MustCompile(want).FindSubmatch(meta)
		if match == nil {
			t.Fatalf("the metadata is\n%s", meta)
		}
		var description struct{ DiskAlias, DiskDescription string }
		must(t, json.Unmarshal(match[1], &description))
		if description.DiskAlias != "alias" || description.DiskDescription != "described" {
			t.Errorf("the description is %s", match[1])
		}

		must(t, f.Resize(t.Context(), domain, disk, 32<<20))
		if info := imageOf(t, volume, test.tool); info.VirtualSize != 32<<20 {
			t.Errorf("%s: after growing the image is %+v", test.tool, info)
		}
		if meta, _ = os.ReadFile(volume + ".meta"); !strings.Contains(string(meta), "\nSIZE=65536\n") {
			t.Errorf("after growing the metadata is\n%s", meta)
		}
		wantNames(t, filepath.Dir(volume), string(disk.Volume), string(disk.Volume)+".lease", string(disk.Volume)+".meta")
	}
}

func TestSavedStateOnDisk(t *testing.T) {
	f := newFiles(t)
	domain := formatted(t, f, model.StorageDomainData)
	domain.Format = "v1"
	saved := &model.SavedState{
		MemoryImage: model.NewID(), MemoryVolume: model.NewID(), ConfigImage: model.NewID(), ConfigVolume: model.NewID(),
	}
	path, err := f.PrepareSaved(t.Context(), domain, saved, 1<<20, []byte("settings"), owner())
	must(t, err)
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the memory's file is there: %v", err)
	}
	wantOwner(t, filepath.Dir(path), 0o755)
	wantNames(t, filepath.Dir(path), string(saved.MemoryVolume)+".meta")
	kept, err := os.ReadFile(filepath.Join(rootOf(domain), "images", string(saved.ConfigImage), string(saved.ConfigVolume)))
	if err != nil || string(kept) != "settings" {
		t.Errorf("the configuration is %q, %v", kept, err)
	}

	// A save that succeeded before it could be recorded is not lost.
	writeFile(t, path, "memory")
	_, err = f.PrepareSaved(t.Context(), domain, saved, 1<<20, []byte("settings"), owner())
	must(t, err)
	if memory, err := os.ReadFile(path); string(memory) != "memory" {
		t.Errorf("the memory is now %q, %v", memory, err)
	}
}

func wantOwner(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	must(t, err)
	stat := info.Sys().(*syscall.Stat_t)
	if got := (image.Owner{UID: int(stat.Uid), GID: int(stat.Gid)}); got != owner() || info.Mode().Perm() != mode {
		t.Errorf("%s belongs to %+v with mode %v", path, got, info.Mode())
	}
}

func wantNames(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("%s holds %q, want %q", dir, names, want)
	}
}
