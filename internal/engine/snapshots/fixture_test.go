package snapshots_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"vireo/internal/engine"
	"vireo/internal/engine/disks"
	"vireo/internal/engine/enginetest"
	"vireo/internal/engine/snapshots"
	"vireo/internal/model"
)

const mib = 1 << 20

// bench is an engine with a VM that is down and has a disk of 16 MiB.
type bench struct {
	*enginetest.Bench
	vm, disk model.ID
}

func newBench(t *testing.T, overrides map[string]string) *bench {
	t.Helper()
	b := &bench{Bench: enginetest.New(t, overrides)}
	b.vm = b.VM("vm")
	b.disk = b.addDisk()
	return b
}

func (b *bench) addDisk(edits ...func(*model.Disk)) model.ID {
	b.Helper()
	return b.Must(&engine.Call{On: model.KindDisk, Name: "add", Parent: b.vm, Params: &disks.AddParams{
		Edit: func(disk *model.Disk) error {
			disk.ProvisionedSize, disk.Format, disk.Interface, disk.Sparse = 16*mib, model.DiskCOW, model.DiskVirtio, true
			for _, edit := range edits {
				edit(disk)
			}
			return nil
		},
		Attach: func(a *model.DiskAttachment) error { a.Active = true; return nil },
	}}).Object.Ref().ID
}

func (b *bench) takeCall(edits ...func(*snapshots.AddParams)) *engine.Call {
	params := &snapshots.AddParams{Description: "a state"}
	for _, edit := range edits {
		edit(params)
	}
	return &engine.Call{On: model.KindSnapshot, Name: "add", Parent: b.vm, Params: params}
}

func withMemory(params *snapshots.AddParams) { params.Memory = true }

// take takes a snapshot, and waits for what storage has to do after it.
func (b *bench) take(edits ...func(*snapshots.AddParams)) model.ID {
	b.Helper()
	id := b.Must(b.takeCall(edits...)).Object.Ref().ID
	b.idle()
	return id
}

func (b *bench) idle() {
	b.Helper()
	b.Await("all jobs have ended", func() bool { return len(b.Server.Inventory.Jobs()) == 0 })
}

func (b *bench) call(name string, snapshot model.ID) *engine.Call {
	return &engine.Call{On: model.KindSnapshot, Name: name, Parent: b.vm, Target: snapshot}
}

// onVM is an action on the VM.
func (b *bench) onVM(name string, params any) *engine.Call {
	return &engine.Call{On: model.KindVM, Name: name, Target: b.vm, Params: params}
}

func (b *bench) snapshot(id model.ID) *model.Snapshot {
	found, _ := b.Server.Inventory.Snapshots.Get(id)
	return found
}

// Each layer is written to a place of its own and to one that all write to.
func (b *bench) write(layer int) {
	b.Helper()
	b.io(b.disk, fmt.Sprintf("write -P %d 0 1M", 16+layer))
	b.io(b.disk, fmt.Sprintf("write -P %d %dM 1M", 16+layer, layer))
}

// holds wants the disk to hold these layers and no other.
func (b *bench) holds(layers ...int) {
	b.Helper()
	if len(layers) > 0 {
		b.io(b.disk, fmt.Sprintf("read -P %d 0 1M", 16+layers[len(layers)-1]))
	}
	for layer := 1; layer <= 8; layer++ {
		value := 0
		if slices.Contains(layers, layer) {
			value = 16 + layer
		}
		b.io(b.disk, fmt.Sprintf("read -P %d %dM 1M", value, layer))
	}
}

func (b *bench) io(id model.ID, command string) {
	b.Helper()
	disk := b.Disk(id)
	path, err := b.Images.Path(b.Context(), b.Domain("local-data"), disk)
	if err != nil {
		b.Fatal(err)
	}
	format := map[model.DiskFormat]string{model.DiskCOW: "qcow2", model.DiskRaw: "raw"}[disk.Format]
	output, err := exec.CommandContext(b.Context(), "qemu-io", "-f", format, "-c", command, path).CombinedOutput()
	if err != nil || strings.Contains(string(output), "verification failed") {
		b.Fatalf("%s of volume %s: %v: %s", command, disk.Volume, err, output)
	}
}

// stored waits until all work is done, and wants the data domain to hold the volumes of
// the records and memories of the snapshots, and nothing else, as its metadata says.
func (b *bench) stored() {
	b.Helper()
	b.idle()
	wanted := make(map[string]bool)
	add := func(disk *model.Disk) {
		for _, volume := range append(slices.Clone(disk.Chain), model.Volume{ID: disk.Volume}) {
			wanted[filepath.Join(string(disk.ID), string(volume.ID))] = true
		}
	}
	for _, disk := range b.Server.Inventory.Disks.All() {
		add(disk)
		b.related(disk)
	}
	for _, snapshot := range b.Server.Inventory.Snapshots.All() {
		for i := range snapshot.Disks {
			add(&snapshot.Disks[i])
		}
		if saved := snapshot.Memory; saved != nil {
			wanted[filepath.Join(string(saved.MemoryImage), string(saved.MemoryVolume))] = true
			wanted[filepath.Join(string(saved.ConfigImage), string(saved.ConfigVolume))] = true
		}
	}
	for _, name := range b.volumes() {
		if !wanted[name] {
			b.Errorf("%s belongs to nothing", name)
		}
		delete(wanted, name)
	}
	for name := range wanted {
		b.Errorf("%s is gone", name)
	}
}

func (b *bench) images() string {
	domain := b.Domain("local-data")
	return filepath.Join(domain.Path, string(domain.ID), "images")
}

func (b *bench) volumes() []string {
	found, _ := filepath.Glob(filepath.Join(b.images(), "*", "*"))
	var names []string
	for _, path := range found {
		if !strings.Contains(filepath.Base(path), ".") {
			name, _ := filepath.Rel(b.images(), path)
			names = append(names, name)
		}
	}
	return names
}

// related wants the metadata of the active volume to call it a leaf on what it stands on.
func (b *bench) related(disk *model.Disk) {
	b.Helper()
	parent := model.BlankID
	if len(disk.Chain) > 0 {
		parent = disk.Chain[len(disk.Chain)-1].ID
	}
	text, err := os.ReadFile(filepath.Join(b.images(), string(disk.ID), string(disk.Volume)+".meta"))
	if err != nil || !strings.Contains(string(text), "VOLTYPE=LEAF\n") || !strings.Contains(string(text), "PUUID="+string(parent)+"\n") {
		b.Errorf("the metadata of %s is %s, %v", disk.Alias, text, err)
	}
}

func want(t testing.TB, what string, got, wanted any) {
	t.Helper()
	if got != wanted {
		t.Errorf("%s is %v, not %v", what, got, wanted)
	}
}
