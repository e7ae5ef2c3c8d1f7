package vms_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vireo/internal/engine"
	"vireo/internal/engine/disks"
	"vireo/internal/engine/sitetest"
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/host/fake"
	"vireo/internal/model"
)

// onSite runs a test on a site whose hosts are connected. In the end everything
// must be whole, and nothing may be left over on the hosts, seeds included.
func onSite(t *testing.T, options sitetest.Options, test func(t *testing.T, site *sitetest.Site)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		site := sitetest.New(t, options)
		site.Connected()
		test(t, site)
		site.Whole(time.Minute)
		site.Tidy(time.Minute)
	})
}

// twoHosts is a site of two hosts.
var twoHosts = sitetest.Options{Hosts: []fake.MachineSpec{{Address: sitetest.Host(1)}, {Address: sitetest.Host(2)}}}

// up starts a VM and waits until it is up.
func up(site *sitetest.Site, id model.ID, params *vms.StartParams) *engine.Result {
	result := site.Do("start", id, params)
	site.UntilStatus(id, sitetest.Soon, model.StatusUp)
	return result
}

// startRefused starts a VM that must not start.
func startRefused(t *testing.T, site *sitetest.Site, id model.ID, params *vms.StartParams) (*engine.Result, *fault.Fault) {
	t.Helper()
	result, err := site.Act(&engine.Call{On: model.KindVM, Name: "start", Target: id, Params: params, Async: new(false)})
	if err == nil {
		t.Fatal("the start was not refused")
	}
	return result, fault.Of(err)
}

// addDisk gives a VM a disk of 1 MiB.
func addDisk(t *testing.T, site *sitetest.Site, vm model.ID) model.ID {
	t.Helper()
	result, err := site.Act(&engine.Call{On: model.KindDisk, Name: "add", Parent: vm, Async: new(false), Params: &disks.AddParams{
		Edit: func(disk *model.Disk) error {
			disk.Alias, disk.ProvisionedSize, disk.Format, disk.Interface = "disk", 1<<20, model.DiskRaw, model.DiskVirtio
			return nil
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return result.Object.Ref().ID
}

// putISO puts files of these names into the ISO domain.
func putISO(t *testing.T, site *sitetest.Site, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := os.WriteFile(isoPath(t, site, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// isoPath is where a file of the ISO domain is.
func isoPath(t *testing.T, site *sitetest.Site, name string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(site.Dir, "iso", string(sitetest.ISODomain), "images", "*"))
	if err != nil || len(found) != 1 {
		t.Fatalf("the ISO domain has the folders %q, %v", found, err)
	}
	return filepath.Join(found[0], name)
}

// files are the files of a site and their sizes, without the database.
func files(t *testing.T, site *sitetest.Site) map[string]int64 {
	t.Helper()
	found := make(map[string]int64)
	err := filepath.WalkDir(site.Dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(entry.Name(), "vireo.db") {
			return err
		}
		info, err := entry.Info()
		found[path] = info.Size()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
