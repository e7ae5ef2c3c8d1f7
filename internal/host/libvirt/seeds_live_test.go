package libvirt

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/digitalocean/go-libvirt"

	"vireo/internal/host"
	"vireo/internal/model"
)

// seed is an image that begins with a text.
func seed(name string, drive host.SeedDrive, text string) host.Seed {
	image := make([]byte, map[host.SeedDrive]int{host.SeedCDROM: 400 << 10, host.SeedFloppy: 1440 << 10}[drive])
	copy(image, text+"\n")
	return host.Seed{Name: name, Drive: drive, Image: image}
}

// seedsOf reads the seeds that are on this machine, by name.
func seedsOf(t *testing.T, h *hypervisor, id model.ID) map[string][]byte {
	t.Helper()
	seeds := map[string][]byte{}
	entries, err := os.ReadDir(h.seedFolder(id))
	if os.IsNotExist(err) {
		return seeds
	}
	must(t, err)
	for _, entry := range entries {
		image, err := os.ReadFile(filepath.Join(h.seedFolder(id), entry.Name()))
		must(t, err)
		seeds[entry.Name()[:strings.LastIndex(entry.Name(), "-")]] = image
	}
	return seeds
}

// readsDevice lets the guest copy the beginning of a device to a file, and wants
// a text there. The agent itself opens devices without waiting for them, and a
// floppy that was opened so cannot be read.
func readsDevice(t *testing.T, h *hypervisor, id model.ID, device, want string) {
	t.Helper()
	runInGuest(t, h, id, "until head -c 100 "+device+" >/run/part && mv /run/part /run/read-"+filepath.Base(device)+"; do sleep 1; done")
	until(t, h, id, "reading "+device, func(host.Guest) bool {
		text, err := guestFileText(testContext(t), h, id, "/run/read-"+filepath.Base(device))
		if err == nil && !strings.HasPrefix(text, want+"\n") {
			t.Fatalf("%s begins with %.40q", device, text)
		}
		return err == nil
	})
}

// poolsOfSeeds are the pools of a guest that the daemon knows, active or not.
func poolsOfSeeds(t *testing.T, h *hypervisor, of model.ID) (names []string) {
	t.Helper()
	pools, err := request(testContext(t), h, "listing pools", func(rpc *libvirt.Libvirt) ([]libvirt.StoragePool, error) {
		pools, _, err := rpc.ConnectListAllStoragePools(1, 0)
		return pools, err
	})
	must(t, err)
	for _, pool := range pools {
		id, ours := strings.CutPrefix(pool.Name, seedPoolName(""))
		if !ours {
			continue
		}
		// What others have left is none of this test's.
		if model.ID(id) != of {
			continue
		}
		names = append(names, pool.Name)
	}
	return names
}

// wantNothingLeft wants neither folder nor pool of a guest's seeds.
func wantNothingLeft(t *testing.T, h *hypervisor, id model.ID) {
	t.Helper()
	if _, err := os.Lstat(h.seedFolder(id)); !os.IsNotExist(err) {
		t.Errorf("the folder of seeds is there: %v", err)
	}
	if pools := poolsOfSeeds(t, h, id); len(pools) != 0 {
		t.Errorf("pools are left: %v", pools)
	}
}

// TestSeedsAreForTheHypervisorAlone looks at the files of a guest that runs, and
// for their content where it must not be.
func TestSeedsAreForTheHypervisorAlone(t *testing.T) {
	h := connect(t)
	facts, err := h.Facts(testContext(t))
	must(t, err)
	spec := plainSpec(t, h)
	spec.Seeds = []host.Seed{seed("config", host.SeedCDROM, "opensesame"), seed("sysprep", host.SeedFloppy, "opensesame")}
	boot(t, h, spec)
	if _, _, mode := ownerOf(t, h.seedFolder(spec.ID)); mode != 0o711 {
		t.Errorf("the folder has the mode %o", mode)
	}
	files, err := filepath.Glob(h.seedFolder(spec.ID) + "/*")
	must(t, err)
	if len(files) != 2 {
		t.Errorf("the files are %v", files)
	}
	for _, file := range files {
		if uid, gid, mode := ownerOf(t, file); int(uid) != facts.ImageUID || int(gid) != facts.ImageGID || mode != 0o600 {
			t.Errorf("%s belongs to %d:%d, mode %o", file, uid, gid, mode)
		}
	}
	definition, err := request(testContext(t), h, "reading the definition", func(rpc *libvirt.Libvirt) (string, error) {
		return rpc.DomainGetXMLDesc(domainOf(spec.ID), libvirt.DomainXMLSecure)
	})
	must(t, err)
	command, err := os.ReadFile("/proc/" + itoa(qemuPID(t, spec.ID)) + "/cmdline")
	must(t, err)
	if !h.mentionsSeeds(spec.ID, definition) || strings.Contains(definition+string(command), "opensesame") {
		t.Errorf("definition and command line are\n%s\n%q", definition, command)
	}
	if pools := poolsOfSeeds(t, h, spec.ID); len(pools) != 0 {
		t.Errorf("pools are left while the guest runs: %v", pools)
	}
	must(t, h.Destroy(testContext(t), spec.ID))
	must(t, h.Forget(testContext(t), spec.ID))
	wantNothingLeft(t, h, spec.ID)
}

// TestSeedsAreRead lets a guest on each kind of machine read its seeds, whose drives
// it finds behind the VM's own.
func TestSeedsAreRead(t *testing.T) {
	h := connect(t)
	for _, machine := range []string{"q35", "pc"} {
		t.Run(machine, func(t *testing.T) {
			spec := linuxSpec(t, h)
			spec.Kernel, spec.Initrd = guestFile(t, "vmlinuz-guest-hardware"), guestFile(t, "initrd-guest-hardware.img")
			spec.Machine, spec.Memory = machine, 256<<20
			spec.CDROM = guestFile(t, "vireo-guest.iso")
			spec.Seeds = []host.Seed{
				seed("config", host.SeedCDROM, "a CD on "+machine), seed("sysprep", host.SeedFloppy, "a floppy on "+machine),
			}
			boot(t, h, spec)
			untilAgent(t, h, spec.ID)
			readsDevice(t, h, spec.ID, "/dev/sr1", "a CD on "+machine)
			readsDevice(t, h, spec.ID, "/dev/fd0", "a floppy on "+machine)
		})
	}
}

// TestLeftSeeds finds what engines leave that die while they write or remove, on
// a host that is reached by libvirt alone.
func TestLeftSeeds(t *testing.T) {
	at := serve(t, func(conn net.Conn) { pipe(conn, toDaemon(t)) })
	driver := testDriver(t)
	driver.AllowInsecure = true
	connected, err := driver.Connect(testContext(t), "qemu+tcp://"+at.String()+"/system")
	must(t, err)
	t.Cleanup(func() { connected.Close() })
	h := connected.(*hypervisor)

	call := func(f func(*libvirt.Libvirt, string) error) func(*testing.T, *host.GuestSpec) {
		return func(t *testing.T, spec *host.GuestSpec) {
			definition, err := h.seedPool(spec.ID)
			must(t, err)
			_, err = request(testContext(t), h, "leaving something", func(rpc *libvirt.Libvirt) (struct{}, error) {
				return struct{}{}, f(rpc, definition)
			})
			must(t, err)
		}
	}
	leave := map[string]func(*testing.T, *host.GuestSpec){
		"nothing": func(*testing.T, *host.GuestSpec) {},
		"seeds": func(t *testing.T, spec *host.GuestSpec) {
			must(t, h.writeSeeds(testContext(t), spec, h.newSeedPlace(spec.ID)))
		},
		"an active pool with half a seed": call(func(rpc *libvirt.Libvirt, definition string) error {
			pool, err := rpc.StoragePoolCreateXML(definition, libvirt.StoragePoolCreateWithBuild)
			if err != nil {
				return err
			}
			return h.upload(rpc, pool, "config-half.iso", []byte("half"))
		}),
		"a defined pool": call(func(rpc *libvirt.Libvirt, definition string) error {
			_, err := rpc.StoragePoolDefineXML(definition, 0)
			return err
		}),
		"a pool that is defined and active": call(func(rpc *libvirt.Libvirt, definition string) error {
			pool, err := rpc.StoragePoolDefineXML(definition, 0)
			if err != nil {
				return err
			}
			return rpc.StoragePoolCreate(pool, libvirt.StoragePoolCreateWithBuild)
		}),
	}
	for what, leave := range leave {
		t.Run(what, func(t *testing.T) {
			spec := plainSpec(t, h)
			spec.Seeds = []host.Seed{seed("config", host.SeedCDROM, "whole")}
			leave(t, spec)
			must(t, h.Forget(testContext(t), spec.ID))
			wantNothingLeft(t, h, spec.ID)

			leave(t, spec)
			spec.Paused = true
			boot(t, h, spec)
			if seeds := seedsOf(t, h, spec.ID); len(seeds) != 1 || string(seeds["config"]) != string(spec.Seeds[0].Image) {
				t.Errorf("it runs with the seeds %v", seeds)
			}
			must(t, h.Destroy(testContext(t), spec.ID))
			must(t, h.Forget(testContext(t), spec.ID))
			wantNothingLeft(t, h, spec.ID)
		})
	}
}

// TestForgettingGoesOn where an engine died when the seeds were gone: the guest is
// known until then, so that somebody comes back for it.
func TestForgettingGoesOn(t *testing.T) {
	h := connect(t)
	spec := plainSpec(t, h)
	spec.Paused, spec.Seeds = true, []host.Seed{seed("config", host.SeedCDROM, "forgotten")}
	boot(t, h, spec)
	must(t, h.Destroy(testContext(t), spec.ID))
	must(t, h.removeSeeds(testContext(t), spec.ID))
	if look(t, h, spec.ID).State != host.Off {
		t.Error("the guest is not known any more")
	}
	must(t, h.Forget(testContext(t), spec.ID))
	wantNothingLeft(t, h, spec.ID)
}

// TestSeedsThatCannotBeWritten refuse the start, and then their removal.
func TestSeedsThatCannotBeWritten(t *testing.T) {
	h := connect(t)
	spec := plainSpec(t, h)
	spec.Seeds = []host.Seed{seed("config", host.SeedCDROM, "homeless")}
	must(t, os.WriteFile(h.seedFolder(spec.ID), nil, 0o600))
	t.Cleanup(func() { os.Remove(h.seedFolder(spec.ID)) })
	if err := h.Boot(testContext(t), spec); !errors.Is(err, host.ErrRefused) {
		t.Errorf("a start without a place for its seeds: %v", err)
	}
	if _, err := h.Guest(testContext(t), spec.ID); !errors.Is(err, host.ErrNotFound) {
		t.Errorf("the guest that was refused: %v", err)
	}
	if err := h.Forget(testContext(t), spec.ID); !errors.Is(err, host.ErrRefused) {
		t.Errorf("removing what is no folder of seeds: %v", err)
	}
	must(t, os.Remove(h.seedFolder(spec.ID)))
	must(t, h.Forget(testContext(t), spec.ID))
	wantNothingLeft(t, h, spec.ID)
}

// TestSeedsOfManyAtOnce starts guests at the same time from two engines, each guest
// twice from the same one.
func TestSeedsOfManyAtOnce(t *testing.T) {
	engines := []*hypervisor{connect(t), connect(t)}
	var starts sync.WaitGroup
	specs := map[*host.GuestSpec]*hypervisor{}
	for i := range 4 {
		h := engines[i%2]
		spec := plainSpec(t, h)
		spec.Paused = true
		spec.Seeds = []host.Seed{seed("config", host.SeedCDROM, spec.Name)}
		specs[spec] = h
		for range 2 {
			starts.Go(func() {
				if err := h.Boot(testContext(t), spec); err != nil {
					t.Error(err)
				}
			})
		}
	}
	starts.Wait()
	for spec, h := range specs {
		if seeds := seedsOf(t, h, spec.ID); len(seeds) != 1 || string(seeds["config"]) != string(spec.Seeds[0].Image) {
			t.Errorf("%s has %d seeds", spec.Name, len(seeds))
		}
		look(t, h, spec.ID)
		must(t, h.Destroy(testContext(t), spec.ID))
		starts.Go(func() {
			if err := h.Forget(testContext(t), spec.ID); err != nil {
				t.Error(err)
			}
		})
	}
	starts.Wait()
	for spec, h := range specs {
		wantNothingLeft(t, h, spec.ID)
	}
}

// TestCostOfSeeds logs how long starts take without and with a seed of 400 KiB,
// and how long guests of both kinds take to be forgotten.
func TestCostOfSeeds(t *testing.T) {
	h := connect(t)
	for _, seeds := range [][]host.Seed{nil, {seed("config", host.SeedCDROM, "")}} {
		var booting, writing, forgetting, removing time.Duration
		const rounds = 5
		for range rounds {
			spec := plainSpec(t, h)
			spec.Paused, spec.Seeds = true, seeds
			began := time.Now()
			must(t, h.writeSeeds(testContext(t), spec, h.newSeedPlace(spec.ID)))
			writing += time.Since(began)
			began = time.Now()
			must(t, h.Forget(testContext(t), spec.ID))
			removing += time.Since(began)
			began = time.Now()
			must(t, h.Boot(testContext(t), spec))
			booting += time.Since(began)
			must(t, h.Destroy(testContext(t), spec.ID))
			began = time.Now()
			must(t, h.Forget(testContext(t), spec.ID))
			forgetting += time.Since(began)
		}
		t.Logf("with %d seeds: writing them %v, forgetting an unknown guest %v, a start %v, forgetting the guest %v",
			len(seeds), writing/rounds, removing/rounds, booting/rounds, forgetting/rounds)
	}
}

// seedsOutliveTheDaemon ends the daemon of a session under a guest with seeds.
func seedsOutliveTheDaemon(t *testing.T, h *hypervisor) {
	spec := plainSpec(t, h)
	spec.Seeds = []host.Seed{seed("config", host.SeedCDROM, "still there")}
	boot(t, h, spec)
	endSessionDaemon(t, os.Getenv("XDG_RUNTIME_DIR"))
	<-h.Done()
	connected, err := testDriver(t).Connect(testContext(t), h.target.uri)
	must(t, err)
	t.Cleanup(func() { connected.Close() })
	again := connected.(*hypervisor)
	if guest := look(t, again, spec.ID); guest.State != host.Running {
		t.Errorf("the guest is %+v", guest)
	}
	must(t, again.Boot(testContext(t), spec))
	if seeds := seedsOf(t, again, spec.ID); string(seeds["config"]) != string(spec.Seeds[0].Image) {
		t.Errorf("of the seed there are %d bytes", len(seeds["config"]))
	}
	must(t, again.Destroy(testContext(t), spec.ID))
	must(t, again.Forget(testContext(t), spec.ID))
	wantNothingLeft(t, again, spec.ID)
}
