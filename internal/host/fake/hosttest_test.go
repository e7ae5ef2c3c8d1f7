package fake_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"vireo/internal/host"
	"vireo/internal/host/fake"
	"vireo/internal/host/hosttest"
	"vireo/internal/model"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	local = "fake://local"
	other = "fake://other"
)

func newWorld(t *testing.T) *fake.World {
	t.Helper()
	world := fake.New(fake.Options{})
	world.AddMachine(fake.MachineSpec{Address: other})
	world.AddMachine(fake.MachineSpec{Address: local}).SetBridges("br2", "br1")
	t.Cleanup(world.Close)
	return world
}

func newSpec(name string) *host.GuestSpec {
	return &host.GuestSpec{
		ID: model.NewID(), Name: name, Engine: "e0000000-0000-4000-8000-000000000000", Epoch: 1,
		Memory: 256 << 20, Topology: model.Topology{Sockets: 2, Cores: 1, Threads: 1},
		Display: model.DisplayVNC, Ballooning: true,
		Disks: []host.DiskSpec{{ID: model.NewID(), Path: "/disks/" + name, Format: model.DiskCOW, Interface: model.DiskVirtio}},
		NICs:  []host.NICSpec{{ID: model.NewID(), MAC: "52:54:00:00:00:01", Model: model.NICVirtio, Network: "default", Linked: true}},
	}
}

func target(t *testing.T, world *fake.World, dir string) hosttest.Target {
	t.Helper()
	machine := world.Machine(local)
	return hosttest.Target{
		Driver: world.Driver(), Address: local, Other: other, Nowhere: "fake://nowhere", PostCopy: true, HasAgent: true, SaveDir: dir,
		Spec: func(t *testing.T, name string) *host.GuestSpec {
			spec := newSpec(name)
			spec.Disks[0].Path = filepath.Join(dir, string(model.NewID()))
			if err := os.WriteFile(spec.Disks[0].Path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			return spec
		},
		Talks: func(_ *testing.T, spec *host.GuestSpec) {
			world.Behave(string(spec.ID), fake.Behavior{EngineAgent: true})
		},
		Media: [2]string{"/iso/one.iso", "/iso/two.iso"},
		SpareDisk: func(*testing.T) host.DiskSpec {
			return host.DiskSpec{ID: model.NewID(), Path: filepath.Join(dir, string(model.NewID())), Format: model.DiskRaw, Interface: model.DiskVirtio}
		},
		Above:   above,
		Bridges: [2]string{"br1", "br2"},
		SpareNIC: func(*testing.T) host.NICSpec {
			id := model.NewID()
			return host.NICSpec{ID: id, MAC: fmt.Sprintf("52:54:01:%s:%s:%s", id[0:2], id[2:4], id[4:6]), Model: model.NICVirtio, User: true, Linked: true}
		},
		Counter: func(_ *testing.T, id model.ID) int64 { return int64(machine.Uptime(string(id)) / time.Millisecond) },
		Enter: func(_ *testing.T, id model.ID, password string) (<-chan struct{}, bool) {
			return machine.Enter(string(id), password)
		},
		Seeds: func(_ *testing.T, id model.ID) map[string][]byte { return machine.Seeds(id) },
		Kill:  func(_ *testing.T, id model.ID) { machine.Kill(string(id)) },
		Cut:   func(*testing.T) { machine.Cut() },
	}
}

// above makes a qcow2 header that names what it stands on, and no more.
func above(t *testing.T, disk host.DiskSpec) host.DiskSpec {
	t.Helper()
	name := filepath.Base(disk.Path)
	head := make([]byte, 4096)
	copy(head, "QFI\xfb")
	binary.BigEndian.PutUint64(head[8:], 512)
	binary.BigEndian.PutUint32(head[16:], uint32(len(name)))
	binary.BigEndian.PutUint32(head[100:], 104)
	binary.BigEndian.PutUint32(head[104:], 0xe2792aca)
	binary.BigEndian.PutUint32(head[108:], 5)
	copy(head[112:], "qcow2")
	copy(head[512:], name)
	disk.Path, disk.Format = filepath.Join(filepath.Dir(disk.Path), string(model.NewID())), model.DiskCOW
	if err := os.WriteFile(disk.Path, head, 0o600); err != nil {
		t.Fatal(err)
	}
	return disk
}

// TestPromisesInRealTime checks the promises by the clock on the wall.
func TestPromisesInRealTime(t *testing.T) {
	world := newWorld(t)
	hosttest.Run(t, target(t, world, t.TempDir()))
	wantNoViolations(t, world)
}

// TestPromisesInVirtualTime checks each promise in a bubble of its own.
func TestPromisesInVirtualTime(t *testing.T) {
	for _, promise := range hosttest.Promises() {
		t.Run(promise.Name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "saved")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				world := newWorld(t)
				promise.Check(t, target(t, world, dir))
				wantNoViolations(t, world)
			})
		})
	}
}

func wantNoViolations(t *testing.T, world *fake.World) {
	t.Helper()
	for _, violation := range world.Violations() {
		t.Error(violation)
	}
}
