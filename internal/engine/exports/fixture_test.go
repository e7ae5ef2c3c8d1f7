package exports_test

import (
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"vireo/internal/engine"
	"vireo/internal/engine/disks"
	"vireo/internal/engine/enginetest"
	"vireo/internal/engine/exports"
	"vireo/internal/image"
	"vireo/internal/model"
	"vireo/internal/ovf"
	"vireo/internal/server"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func tool(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func root(domain *model.StorageDomain) string {
	return filepath.Join(domain.Dir(), string(domain.ID))
}

func file(domain *model.StorageDomain, disk, volume model.ID) string {
	return filepath.Join(root(domain), "images", string(disk), string(volume))
}

// addDisk gives a VM a small disk.
func addDisk(b *enginetest.Bench, vm model.ID, format model.DiskFormat) *model.Disk {
	b.Helper()
	made := b.Must(&engine.Call{On: model.KindDisk, Name: "add", Parent: vm, Params: &disks.AddParams{Edit: func(disk *model.Disk) error {
		disk.ProvisionedSize, disk.Format, disk.Sparse, disk.Interface = 4<<20, format, true, model.DiskVirtio
		return nil
	}}})
	return b.Disk(made.Object.Ref().ID)
}

// write puts bytes of one value into a volume, as a guest would.
func write(t testing.TB, domain *model.StorageDomain, disk *model.Disk, value byte, offset int64) {
	t.Helper()
	format := map[model.DiskFormat]string{model.DiskCOW: "qcow2", model.DiskRaw: "raw"}[disk.Format]
	tool(t, "qemu-io", "-f", format, "-c", fmt.Sprintf("write -P %d %d 65536", value, offset), file(domain, disk.ID, disk.Volume))
}

// snapshot does to records and files what a snapshot of a VM that is down does: a new
// volume on top of what the disk has.
func snapshot(b *enginetest.Bench, vm model.ID, disk *model.Disk, description string) *model.Disk {
	b.Helper()
	domain, next := b.Domain("local-data"), model.Clone(disk)
	next.Volume, next.Format, next.Sparse = model.NewID(), model.DiskCOW, true
	next.Chain = append(next.Chain, model.Volume{
		ID: disk.Volume, Format: disk.Format, Sparse: disk.Sparse, Size: disk.ProvisionedSize, CreationTime: disk.CreationTime,
	})
	if err := b.Images.Overlay(b.Context(), domain, disk, next.Volume, image.Owner{UID: -1, GID: -1}); err != nil {
		b.Fatal(err)
	}
	if err := b.Images.Relate(b.Context(), domain, next); err != nil {
		b.Fatal(err)
	}
	b.Put(next)
	b.Put(&model.Snapshot{
		ID: model.NewID(), VM: vm, Description: description, CreationTime: time.Now().UTC().Truncate(time.Second),
		Type: model.SnapshotRegular, Status: model.SnapshotOK, Config: *model.Clone(&b.Get(vm).VMConfig),
		Volumes: []model.SnapshotVolume{{Disk: disk.ID, Volume: disk.Volume}},
	})
	return next
}

// furnished is a VM with a disk of three states and one of one.
func furnished(b *enginetest.Bench, name string) model.ID {
	b.Helper()
	vm, domain := b.VM(name), b.Domain("local-data")
	disk := addDisk(b, vm, model.DiskRaw)
	write(b, domain, disk, 1, 0)
	for i := range 3 {
		disk = snapshot(b, vm, disk, fmt.Sprintf("state %d", i))
		write(b, domain, disk, byte(i+2), int64(i+1)<<17)
	}
	write(b, domain, addDisk(b, vm, model.DiskCOW), 9, 1<<20)
	return vm
}

func export(b *enginetest.Bench, vm model.ID, change ...func(*exports.ExportParams)) *engine.Call {
	params := &exports.ExportParams{StorageDomain: b.Domain("local-export").ID}
	for _, each := range change {
		each(params)
	}
	return &engine.Call{On: model.KindVM, Name: "export", Target: vm, Params: params}
}

func exclusive(p *exports.ExportParams) { p.Exclusive = true }

func discard(p *exports.ExportParams) { p.DiscardSnapshots = true }

func importing(b *enginetest.Bench, vm model.ID, change ...func(*exports.ImportParams)) *engine.Call {
	params := &exports.ImportParams{
		StorageDomain: b.Domain("local-export").ID, ID: vm, Cluster: server.DefaultCluster, Target: b.Domain("local-data").ID,
	}
	for _, each := range change {
		each(params)
	}
	return &engine.Call{On: model.KindExportedVM, Name: "import", Params: params}
}

func asClone(name string) func(*exports.ImportParams) {
	return func(p *exports.ImportParams) { p.Clone, p.Name = true, name }
}

func remove(b *enginetest.Bench, vm model.ID) *engine.Call {
	return &engine.Call{On: model.KindExportedVM, Name: "remove", Params: &exports.RemoveParams{StorageDomain: b.Domain("local-export").ID, ID: vm}}
}

// lies are the documents in the export domain.
func lies(b *enginetest.Bench) []*ovf.Document {
	b.Helper()
	found, err := b.Server.Engine.View(nil).Exported(b.Context(), b.Domain("local-export").ID, false)
	if err != nil {
		b.Fatal(err)
	}
	return found
}

// picture is every file of a domain with what it holds, but for those of its own
// management.
func picture(t testing.TB, domain *model.StorageDomain) map[string]string {
	t.Helper()
	out := map[string]string{}
	parts := []string{"images", "master"}
	if domain.Type == model.StorageDomainData {
		parts = parts[:1] // what describes our own VMs is written in its own time
	}
	for _, part := range parts {
		base := os.DirFS(root(domain))
		err := fs.WalkDir(base, part, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			content, err := fs.ReadFile(base, path)
			out[path] = hex.EncodeToString(content)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// consistent wants the export domain to hold what its texts describe, whole, and nothing
// else.
func consistent(b *enginetest.Bench) {
	b.Helper()
	domain, named := b.Domain("local-export"), map[string]bool{}
	for _, d := range lies(b) {
		named[filepath.Join("master/vms", string(d.ID()), string(d.ID())+".ovf")] = true
		for i := range d.Disks {
			disk := &d.Disks[i]
			if _, err := b.Images.Images.Path(b.Context(), domain, disk); err != nil {
				b.Errorf("the exported disk %s is not whole: %v", disk.ID, err)
			}
			for _, volume := range append([]model.Volume{{ID: disk.Volume}}, disk.Chain...) {
				path := filepath.Join("images", string(disk.ID), string(volume.ID))
				named[path], named[path+".meta"] = true, true
			}
		}
	}
	for path := range picture(b, domain) {
		if !named[path] {
			b.Errorf("%s is named by no text", path)
		}
		delete(named, path)
	}
	for path := range named {
		b.Errorf("%s is named and not there", path)
	}
}

// same wants two disks to hold the same, at every state: volumes of one and of the other.
func same(t testing.TB, domain *model.StorageDomain, a, b *model.Disk) {
	t.Helper()
	if len(a.Chain) != len(b.Chain) {
		t.Fatalf("disk %s has %d volumes below and %s has %d", a.ID, len(a.Chain), b.ID, len(b.Chain))
	}
	volumes := func(d *model.Disk) []model.Volume {
		return append(slices.Clip(d.Chain), model.Volume{ID: d.Volume, Format: d.Format})
	}
	formats := map[model.DiskFormat]string{model.DiskCOW: "qcow2", model.DiskRaw: "raw"}
	for i, volume := range volumes(a) {
		other := volumes(b)[i]
		tool(t, "qemu-img", "compare", "-s", "-f", formats[volume.Format], "-F", formats[other.Format],
			file(domain, a.ID, volume.ID), file(domain, b.ID, other.ID))
	}
}
