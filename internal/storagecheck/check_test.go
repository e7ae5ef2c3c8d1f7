package storagecheck_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"vireo/internal/image"
	"vireo/internal/image/files"
	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/storagecheck"
	"vireo/internal/store/sqlstore"
)

// bed is a data domain and what is recorded of it.
type bed struct {
	*testing.T
	inventory *inventory.Inventory
	images    *files.Files
	domain    *model.StorageDomain
	// web runs stateless on the disk thin; the template has the disk base, and the
	// disk link stands on that.
	web              *model.VM
	disk, base, link *model.Disk
	overlay          model.ID
}

const size = 1 << 20

func newBed(t *testing.T) *bed {
	images, err := files.New(files.Options{})
	must(t, err)
	kept, err := sqlstore.Open(t.Context(), "", sqlstore.Options{DefaultPath: filepath.Join(t.TempDir(), "db"), Log: slog.New(slog.DiscardHandler)})
	must(t, err)
	t.Cleanup(func() { must(t, kept.Close()) })
	inv, err := inventory.Open(t.Context(), kept)
	must(t, err)
	b := &bed{T: t, inventory: inv, images: images, domain: &model.StorageDomain{
		ID: model.NewID(), Name: "data", Type: model.StorageDomainData, StorageType: model.StorageLocalFS,
		Path: t.TempDir(), Status: model.StorageDomainActive, Format: "v3",
	}}
	must(t, images.Format(t.Context(), b.domain))
	b.disk, b.base, b.link = b.makeDisk("web", false), b.makeDisk("base", true), b.makeDisk("link", false)
	b.standOn(b.link, b.base)
	b.overlay = model.NewID()
	must(t, images.Overlay(t.Context(), b.domain, b.disk, b.overlay, image.Owner{UID: -1, GID: -1}))
	b.web = &model.VM{ID: model.NewID(), VMConfig: model.VMConfig{Name: "web", Disks: []model.DiskAttachment{{Disk: b.disk.ID}}}}
	b.web.Run.Overlays = []model.Overlay{{Disk: b.disk.ID, Volume: b.overlay, StorageDomain: b.domain.ID}}
	saved := &model.SavedState{
		StorageDomain: b.domain.ID, MemoryImage: model.NewID(), MemoryVolume: model.NewID(),
		ConfigImage: model.NewID(), ConfigVolume: model.NewID(),
	}
	memory, err := images.PrepareSaved(t.Context(), b.domain, saved, size, []byte("configuration"), image.Owner{UID: -1, GID: -1})
	must(t, err)
	must(t, os.WriteFile(memory, []byte("memory"), 0o600))
	asleep := &model.VM{ID: model.NewID(), VMConfig: model.VMConfig{Name: "asleep"}, Run: model.Run{Status: model.StatusSuspended, Suspended: saved}}
	template := &model.Template{ID: model.NewID(), VMConfig: model.VMConfig{Name: "base", Disks: []model.DiskAttachment{{Disk: b.base.ID}}}}
	b.edit(func(tx *inventory.Tx) {
		tx.StorageDomains.Put(b.domain)
		for _, disk := range []*model.Disk{b.disk, b.base, b.link} {
			tx.Disks.Put(disk)
		}
		tx.VMs.Put(b.web)
		tx.VMs.Put(asleep)
		tx.Templates.Put(template)
	})
	return b
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (b *bed) edit(change func(*inventory.Tx)) {
	b.Helper()
	must(b.T, b.inventory.Update(context.Background(), func(tx *inventory.Tx) error { change(tx); return nil }))
}

func (b *bed) makeDisk(alias string, shared bool) *model.Disk {
	b.Helper()
	disk := &model.Disk{
		ID: model.NewID(), Volume: model.NewID(), Alias: alias, StorageDomain: b.domain.ID, Format: model.DiskCOW,
		Sparse: true, ProvisionedSize: size, Status: model.DiskOK,
	}
	must(b.T, b.images.Create(b.Context(), b.domain, image.VolumeSpec{
		Disk: disk.ID, Volume: disk.Volume, Format: disk.Format, Sparse: true, Size: size, Alias: alias,
		Owner: image.Owner{UID: -1, GID: -1}, Shared: shared,
	}))
	if shared {
		b.setMeta(disk.ID, disk.Volume, "VOLTYPE", "SHARED")
	}
	return disk
}

// standOn makes a disk stand on that of a template, with a link to its files.
func (b *bed) standOn(disk, template *model.Disk) {
	b.Helper()
	for _, end := range []string{"", ".meta", ".lease"} {
		must(b.T, os.Link(b.path(template.ID, template.Volume)+end, b.path(disk.ID, template.Volume)+end))
	}
	output, err := exec.Command("qemu-img", "rebase", "-u", "-f", "qcow2", "-b", string(template.Volume), "-F", "qcow2", b.path(disk.ID, disk.Volume)).CombinedOutput()
	if err != nil {
		b.Fatalf("%v: %s", err, output)
	}
	b.setMeta(disk.ID, disk.Volume, "PUUID", string(template.Volume))
	disk.Chain = []model.Volume{{ID: template.Volume, Format: model.DiskCOW, Sparse: true, Size: size, Template: template.ID}}
}

func (b *bed) folder(name ...string) string {
	return filepath.Join(append([]string{b.domain.Path, string(b.domain.ID)}, name...)...)
}

func (b *bed) path(group, volume model.ID) string {
	return b.folder("images", string(group), string(volume))
}

func (b *bed) setMeta(group, volume model.ID, key, value string) {
	b.Helper()
	text, err := os.ReadFile(b.path(group, volume) + ".meta")
	must(b.T, err)
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, key+"=") {
			lines[i] = key + "=" + value
		}
	}
	must(b.T, os.WriteFile(b.path(group, volume)+".meta", []byte(strings.Join(lines, "\n")), 0o600))
}

func (b *bed) kinds() []storagecheck.Kind {
	b.Helper()
	report, err := storagecheck.Check(b.Context(), b.inventory, b.images)
	must(b.T, err)
	kinds := []storagecheck.Kind{}
	for _, each := range report.Findings {
		if each.What == "" || each.Do == "" || each.Severity == "" {
			b.Errorf("something is missing in %+v", each)
		}
		kinds = append(kinds, each.Kind)
	}
	slices.Sort(kinds)
	return kinds
}

// TestFindings spoils one thing at a time.
func TestFindings(t *testing.T) {
	write := func(b *bed, name ...string) { must(b.T, os.WriteFile(b.folder(name...), []byte("x"), 0o600)) }
	for name, c := range map[string]struct {
		spoil func(*bed)
		want  []storagecheck.Kind
	}{
		"nothing":          {func(*bed) {}, nil},
		"a volume is gone": {func(b *bed) { must(b.T, os.Remove(b.path(b.base.ID, b.base.Volume))) }, []storagecheck.Kind{storagecheck.LinkLost, storagecheck.VolumeMissing}},
		"a group is gone":  {func(b *bed) { must(b.T, os.RemoveAll(b.folder("images", string(b.link.ID)))) }, []storagecheck.Kind{storagecheck.VolumeMissing, storagecheck.VolumeMissing}},
		"a group that nobody knows": {
			func(b *bed) { b.edit(func(tx *inventory.Tx) { tx.Disks.Delete(b.link.ID) }) }, []storagecheck.Kind{storagecheck.GroupUnknown},
		},
		"a volume that nobody knows": {func(b *bed) { write(b, "images", string(b.base.ID), string(model.NewID())) }, []storagecheck.Kind{storagecheck.VolumeUnknown}},
		"an overlay of a run that is over": {func(b *bed) {
			b.edit(func(tx *inventory.Tx) { vm, _ := tx.VMs.Edit(b.web.ID); vm.Run.Overlays = nil })
		}, []storagecheck.Kind{storagecheck.OverlayLeft}},
		"a saved state of a VM that is not suspended": {func(b *bed) {
			b.edit(func(tx *inventory.Tx) {
				for _, vm := range tx.VMs.Named("asleep") {
					tx.VMs.Delete(vm.ID)
				}
			})
		}, []storagecheck.Kind{storagecheck.GroupUnknown, storagecheck.GroupUnknown}},
		"another format": {func(b *bed) {
			b.edit(func(tx *inventory.Tx) {
				vm, _ := tx.VMs.Edit(b.web.ID)
				vm.Run.Overlays, vm.Disks = nil, nil
				disk, _ := tx.Disks.Edit(b.link.ID)
				disk.Format = model.DiskRaw
			})
			must(b.T, b.images.RemoveOverlay(b.Context(), b.domain, b.disk, b.overlay))
		}, []storagecheck.Kind{storagecheck.ChainWrong, storagecheck.MetadataWrong}},
		"no image at all": {func(b *bed) { must(b.T, os.Truncate(b.path(b.disk.ID, b.overlay), 0)) }, []storagecheck.Kind{storagecheck.ImageWrong}},
		"another chain": {func(b *bed) {
			b.edit(func(tx *inventory.Tx) { disk, _ := tx.Disks.Edit(b.link.ID); disk.Chain = nil })
		}, []storagecheck.Kind{storagecheck.ChainWrong, storagecheck.MetadataWrong, storagecheck.VolumeUnknown}},
		"another size": {func(b *bed) {
			b.edit(func(tx *inventory.Tx) { disk, _ := tx.Disks.Edit(b.link.ID); disk.ProvisionedSize *= 2 })
		}, []storagecheck.Kind{storagecheck.MetadataWrong, storagecheck.SizeWrong}},
		"a copy instead of a link": {func(b *bed) {
			path := b.path(b.link.ID, b.base.Volume)
			content, err := os.ReadFile(path)
			must(b.T, err)
			must(b.T, os.Remove(path))
			must(b.T, os.WriteFile(path, content, 0o600))
		}, []storagecheck.Kind{storagecheck.LinkLost}},
		"no metadata":          {func(b *bed) { must(b.T, os.Remove(b.path(b.disk.ID, b.disk.Volume)+".meta")) }, []storagecheck.Kind{storagecheck.MetadataMissing}},
		"metadata of another":  {func(b *bed) { b.setMeta(b.disk.ID, b.disk.Volume, "IMAGE", string(model.NewID())) }, []storagecheck.Kind{storagecheck.MetadataWrong}},
		"metadata of a domain": {func(b *bed) { b.setMeta(b.disk.ID, b.disk.Volume, "DOMAIN", string(model.NewID())) }, []storagecheck.Kind{storagecheck.MetadataWrong}},
		"metadata that is not of a template": {
			func(b *bed) { b.setMeta(b.disk.ID, b.disk.Volume, "VOLTYPE", "SHARED") }, []storagecheck.Kind{storagecheck.MetadataWrong},
		},
		"a temporary file":           {func(b *bed) { write(b, "images", string(b.disk.ID), "."+string(model.NewID())+".part") }, []storagecheck.Kind{storagecheck.TemporaryLeft}},
		"a temporary file elsewhere": {func(b *bed) { write(b, "dom_md", ".metadata.part") }, []storagecheck.Kind{storagecheck.TemporaryLeft}},
		"a removal":                  {func(b *bed) { must(b.T, os.Mkdir(b.folder("images", "_remove_me_"+string(model.NewID())), 0o700)) }, []storagecheck.Kind{storagecheck.RemovalLeft}},
		"something strange":          {func(b *bed) { write(b, "images", "notes.txt") }, []storagecheck.Kind{storagecheck.Strange}},
		"a description of nobody": {func(b *bed) {
			id := string(model.NewID())
			must(b.T, os.MkdirAll(b.folder("master/vms", id), 0o700))
			write(b, "master/vms", id, id+".ovf")
		}, []storagecheck.Kind{storagecheck.DescriptionLeft}},
		"a disk that is locked": {func(b *bed) {
			b.edit(func(tx *inventory.Tx) { disk, _ := tx.Disks.Edit(b.link.ID); disk.Status = model.DiskLocked })
		}, []storagecheck.Kind{storagecheck.LockLeft}},
		"a VM that is locked": {func(b *bed) {
			b.edit(func(tx *inventory.Tx) { vm, _ := tx.VMs.Edit(b.web.ID); vm.Run.Status = model.StatusImageLocked })
		}, []storagecheck.Kind{storagecheck.LockLeft}},
		"a disk that is illegal may be anything": {func(b *bed) {
			b.edit(func(tx *inventory.Tx) { disk, _ := tx.Disks.Edit(b.link.ID); disk.Status = model.DiskIllegal })
			must(b.T, os.Truncate(b.path(b.link.ID, b.link.Volume), 0))
		}, nil},
		"a disk in no domain": {func(b *bed) {
			b.edit(func(tx *inventory.Tx) {
				disk := model.Clone(b.link)
				disk.ID, disk.StorageDomain = model.NewID(), model.NewID()
				tx.Disks.Put(disk)
			})
		}, []storagecheck.Kind{storagecheck.RecordDangling}},
		"a VM with no disk": {func(b *bed) {
			b.edit(func(tx *inventory.Tx) { vm, _ := tx.VMs.Edit(b.web.ID); vm.Disks[0].Disk = model.NewID() })
		}, []storagecheck.Kind{storagecheck.RecordDangling}},
		"a snapshot of no VM": {func(b *bed) {
			b.edit(func(tx *inventory.Tx) { tx.Snapshots.Put(&model.Snapshot{ID: model.NewID(), VM: model.NewID()}) })
		}, []storagecheck.Kind{storagecheck.RecordDangling}},
		"a domain that is out of reach": {func(b *bed) { must(b.T, os.Rename(b.folder(), b.folder()+"x")) }, []storagecheck.Kind{storagecheck.DomainUnavailable}},
		"a domain that is inactive": {func(b *bed) {
			b.edit(func(tx *inventory.Tx) {
				domain, _ := tx.StorageDomains.Edit(b.domain.ID)
				domain.Status = model.StorageDomainInactive
			})
		}, []storagecheck.Kind{storagecheck.DomainUnavailable}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			c.spoil(b)
			if got := b.kinds(); !slices.Equal(got, append([]storagecheck.Kind{}, c.want...)) {
				report, _ := storagecheck.Check(t.Context(), b.inventory, b.images)
				text, _ := json.MarshalIndent(report, "", " ")
				t.Errorf("found %v, want %v\n%s", got, c.want, text)
			}
		})
	}
}

// TestWork: nothing is said of what a job is at work on, by whatever it names it.
func TestWork(t *testing.T) {
	spoil := func(b *bed) {
		must(t, os.Remove(b.path(b.disk.ID, b.disk.Volume)))
		must(t, os.WriteFile(b.folder("images", string(b.disk.ID), ".x.part"), nil, 0o600))
		b.edit(func(tx *inventory.Tx) { disk, _ := tx.Disks.Edit(b.disk.ID); disk.Status = model.DiskLocked })
	}
	for name, names := range map[string]func(*bed, *model.Job){
		"its target":     func(b *bed, job *model.Job) { job.Target = b.disk.Ref() },
		"its VM":         func(b *bed, job *model.Job) { job.Target = b.web.Ref() },
		"a lock":         func(b *bed, job *model.Job) { job.Locks = []model.Ref{b.web.Ref()} },
		"its parameters": func(b *bed, job *model.Job) { job.Params = []byte(`{"disks":["` + string(b.disk.ID) + `"]}`) },
		"its data":       func(b *bed, job *model.Job) { job.Data = []byte(`{"new":"` + string(b.disk.ID) + `"}`) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t)
			spoil(b)
			job := &model.Job{ID: model.NewID(), Action: "disk.change", Status: model.JobStarted, Params: []byte("{}"), Data: []byte("{}")}
			names(b, job)
			b.edit(func(tx *inventory.Tx) { tx.PutJob(job) })
			if got := b.kinds(); len(got) > 0 {
				t.Errorf("found %v", got)
			}
			b.edit(func(tx *inventory.Tx) {
				ended := model.Clone(job)
				ended.Status = model.JobFinished
				tx.PutJob(ended)
			})
			if got := b.kinds(); len(got) == 0 {
				t.Error("found nothing when the job had ended")
			}
		})
	}
}

// TestSeenTwice: what a job that began and ended meanwhile has made is no finding.
func TestSeenTwice(t *testing.T) {
	b := newBed(t)
	left := b.folder("images", string(b.disk.ID), "."+string(model.NewID())+".part")
	must(t, os.WriteFile(left, nil, 0o600))
	report, err := storagecheck.Check(t.Context(), b.inventory, passing{b.images, func() { _ = os.Remove(left) }})
	if err != nil || len(report.Findings) > 0 {
		t.Errorf("found %+v, %v", report.Findings, err)
	}
}

// passing lets something pass after the first look.
type passing struct {
	*files.Files
	pass func()
}

func (p passing) Contents(ctx context.Context, domain *model.StorageDomain) (image.Contents, error) {
	defer p.pass()
	return p.Files.Contents(ctx, domain)
}
