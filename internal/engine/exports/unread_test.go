package exports_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vireo/internal/engine"
	"vireo/internal/engine/enginetest"
	"vireo/internal/engine/exports"
	"vireo/internal/fault"
	"vireo/internal/model"
	"vireo/internal/server"
)

// textOf is where the description of a VM lies in a domain.
func textOf(domain *model.StorageDomain, id model.ID) string {
	return filepath.Join(root(domain), "master/vms", string(id), string(id)+".ovf")
}

// TestTextThatCannotBeRead: a link instead of a description, and one that is larger than
// any, keep nobody from the others. What they may name stays until they are removed.
func TestTextThatCannotBeRead(t *testing.T) {
	b := enginetest.New(t, nil)
	vm, domain := furnished(b, "web"), b.Domain("local-export")
	b.Must(export(b, vm))
	link, huge := model.NewID(), model.NewID()
	for _, id := range []model.ID{link, huge} {
		if err := os.MkdirAll(filepath.Dir(textOf(domain, id)), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/etc/shadow", textOf(domain, link)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(textOf(domain, huge), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(textOf(domain, huge), 1<<30); err != nil {
		t.Fatal(err)
	}
	if found := lies(b); len(found) != 1 || found[0].ID() != vm {
		t.Errorf("there are %d", len(found))
	}
	b.Must(export(b, furnished(b, "other")))
	before := len(picture(t, domain))
	b.Must(export(b, vm, exclusive))
	if now := len(picture(t, domain)); now <= before {
		t.Errorf("there were %d files and are %d: what a text may name was removed", before, now)
	}
	if text := b.Fails(remove(b, vm)).Message(); !strings.Contains(text, "cannot be read and may name the same images; remove it first") {
		t.Errorf("a removal failed with %q", text)
	}
	b.Refused(importing(b, link), fault.Invalid)
	b.Must(remove(b, link))
	b.Must(remove(b, huge))
	b.Must(remove(b, vm))
	if found := lies(b); len(found) != 1 {
		t.Errorf("there are %d", len(found))
	}
}

// TestReplacedMeanwhile: a VM whose export another one of its former name replaces is
// exported anew at the same time. What is told to be there is there.
func TestReplacedMeanwhile(t *testing.T) {
	for _, at := range []string{"PutOVF", "Prune", "RemoveOVF"} {
		t.Run(at, func(t *testing.T) {
			b := enginetest.New(t, nil)
			first := furnished(b, "web")
			b.Must(export(b, first))
			b.Edit(first, func(vm *model.VM) { vm.Name = "renamed" })
			second := furnished(b, "web")
			release := b.Images.Hold(at)
			replacing := b.Begin(export(b, second, exclusive))
			again := b.Begin(export(b, first, exclusive))
			group := filepath.Join(root(b.Domain("local-export")), "images", string(b.Get(first).Disks[0].Disk))
			b.Await("the first to be copied anew", func() bool {
				found, _ := filepath.Glob(filepath.Join(group, "*.meta"))
				return len(found) > 4
			})
			release()
			if ended := b.Wait(replacing.Job.ID); ended.Status != model.JobFinished {
				t.Errorf("the replacement is %+v", ended)
			}
			wants := 1
			if b.Wait(again.Job.ID).Status == model.JobFinished {
				wants = 2
			}
			if found := lies(b); len(found) != wants {
				t.Errorf("there are %d texts and should be %d", len(found), wants)
			}
			consistent(b)
		})
	}
}

// TestHostileRegistration: a text in a data domain names what belongs to others.
func TestHostileRegistration(t *testing.T) {
	b := enginetest.New(t, nil)
	domain := b.Domain("local-data")
	template := golden(b, "golden")
	vm := b.VM("web")
	own := addDisk(b, vm, model.DiskCOW)
	b.Must(export(b, vm))
	plain, err := os.ReadFile(textOf(b.Domain("local-export"), vm))
	if err != nil {
		t.Fatal(err)
	}
	made, _ := b.Server.Inventory.Templates.Get(template)
	base := b.Disk(made.Disks[0].Disk)
	memory := model.NewID()
	b.Edit(b.VM("asleep"), func(vm *model.VM) { vm.Run.Suspended = &model.SavedState{MemoryImage: memory} })
	changed := func(change func(*model.Disk)) *model.Disk {
		was := addDisk(b, b.VM("of-"+string(model.NewID())), model.DiskCOW)
		now := model.Clone(was)
		change(now)
		b.Put(now)
		t.Cleanup(func() { b.Put(was) })
		return now
	}
	elsewhere := changed(func(disk *model.Disk) { disk.StorageDomain = b.Domain("local-iso").ID })
	locked := changed(func(disk *model.Disk) { disk.Status = model.DiskLocked })
	for name, c := range map[string]struct {
		disk model.ID
		code string
	}{
		"the disk of a template":          {base.ID, fault.DiskOfTemplate},
		"the memory of a VM":              {memory, fault.StateConflict},
		"a disk in another domain":        {elsewhere.ID, fault.StateConflict},
		"a disk that is at work":          {locked.ID, fault.StateConflict},
		"a disk that belongs to somebody": {own.ID, fault.StateConflict},
	} {
		t.Run(name, func(t *testing.T) {
			stranger := model.NewID()
			text := strings.ReplaceAll(string(plain), string(vm), string(stranger))
			text = strings.ReplaceAll(text, string(own.ID), string(c.disk))
			text = strings.ReplaceAll(text, string(b.Domain("local-export").ID), string(domain.ID))
			if err := b.Images.Images.PutOVF(b.Context(), domain, stranger, []byte(text)); err != nil {
				t.Fatal(err)
			}
			b.Refused(&engine.Call{On: model.KindExportedVM, Name: "register", Params: &exports.ImportParams{
				StorageDomain: domain.ID, ID: stranger, Cluster: server.DefaultCluster, Name: "stranger",
			}}, c.code)
			if err := b.Images.Images.RemoveOVF(b.Context(), domain, stranger); err != nil {
				t.Fatal(err)
			}
		})
	}
}
