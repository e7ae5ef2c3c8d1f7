package storage_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"vireo/internal/engine"
	"vireo/internal/engine/disks"
	"vireo/internal/engine/sitetest"
	"vireo/internal/engine/storage"
	"vireo/internal/fault"
	"vireo/internal/model"
	"vireo/internal/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a site with storage to be administered.
type world struct {
	*sitetest.Site
	*testing.T
}

func inBubble(t *testing.T, test func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{sitetest.New(t, sitetest.Options{}), t}
		w.Connected()
		test(w)
	})
}

// dir makes a directory beside the data.
func (w *world) dir(name string) string {
	w.Helper()
	path := filepath.Join(w.Dir, name)
	if err := os.MkdirAll(path, 0o755); err != nil {
		w.Fatal(err)
	}
	return path
}

// adding are the parameters of a new localfs domain.
func (w *world) adding(name string, edits ...func(*model.StorageDomain)) *storage.AddParams {
	w.Helper()
	path := w.dir(name)
	return &storage.AddParams{Host: sitetest.HostID(1), Edit: func(domain *model.StorageDomain) error {
		domain.Name, domain.Type, domain.StorageType, domain.Path = name, model.StorageDomainData, model.StorageLocalFS, path
		for _, edit := range edits {
			edit(domain)
		}
		return nil
	}}
}

func importing(params *storage.AddParams, force bool) *storage.AddParams {
	params.Import, params.Force = true, force
	return params
}

func (w *world) try(name string, target model.ID, params any) (*engine.Result, error) {
	return w.Act(&engine.Call{On: model.KindStorageDomain, Name: name, Target: target, Params: params, Async: new(false)})
}

func (w *world) must(name string, target model.ID, params any) model.ID {
	w.Helper()
	result, err := w.try(name, target, params)
	if err != nil {
		w.Fatalf("%s: %v", name, err)
	}
	return result.Object.Ref().ID
}

// refused wants a refusal with these words.
func (w *world) refused(words, name string, target model.ID, params any) {
	w.Helper()
	_, err := w.try(name, target, params)
	if err == nil || !strings.Contains(fault.Of(err).Message(), words) {
		w.Errorf("%s gives %v, want %q", name, err, words)
	}
}

func (w *world) is(id model.ID, status model.StorageDomainStatus) *model.StorageDomain {
	w.Helper()
	domain, ok := w.Inventory.StorageDomains.Get(id)
	if !ok || domain.Status != status {
		w.Fatalf("the domain is %+v, want %s", domain, status)
	}
	return domain
}

var here = &storage.AttachParams{DataCenter: sitetest.DataCenter}

// says reads a key of a domain's metadata.
func (w *world) says(name string, id model.ID, key string) string {
	w.Helper()
	text, err := os.ReadFile(filepath.Join(w.Dir, name, string(id), "dom_md", "metadata"))
	if err != nil {
		w.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, key+"="); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// addDisk makes a disk in a domain, of a VM if one is given.
func (w *world) addDisk(domain, vm model.ID) model.ID {
	w.Helper()
	result, err := w.Act(&engine.Call{On: model.KindDisk, Name: "add", Parent: vm, Async: new(false), Params: &disks.AddParams{
		Edit: func(disk *model.Disk) error {
			disk.ProvisionedSize, disk.Format, disk.Interface, disk.StorageDomain = 1<<20, model.DiskCOW, model.DiskVirtio, domain
			return nil
		},
	}})
	if err != nil {
		w.Fatal(err)
	}
	return result.Object.Ref().ID
}

// codes are those of the events about storage domains since one.
func (w *world) codes(after int64) string {
	w.Helper()
	var codes []string
	err := w.Store.Events(context.Background(), store.EventQuery{After: after, Ascending: true}, func(event *model.Event) bool {
		if event.StorageDomain != "" {
			codes = append(codes, fmt.Sprint(event.Code))
		}
		return true
	})
	if err != nil {
		w.Fatal(err)
	}
	return strings.Join(codes, " ")
}
