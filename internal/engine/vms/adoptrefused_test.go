package vms_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/engine/sitetest"
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/host/fake"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// untouched says what has become of the image of a guest of somebody else.
func untouched(t *testing.T, site *sitetest.Site, name string) {
	t.Helper()
	info, err := os.Stat(filepath.Join(site.Dir, name+".img"))
	if err != nil {
		t.Fatal(err)
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); !ok || stat.Nlink != 1 || info.Mode().Perm() != 0o600 {
		t.Errorf("the image of %s has the mode %v, and is %+v", name, info.Mode(), stat)
	}
}

func refusedToAdopt(t *testing.T, site *sitetest.Site, name, why string) {
	t.Helper()
	before := len(site.Images.Calls())
	if err := adopt(site, name, ""); err == nil || !strings.Contains(fault.Of(err).Message(), why) {
		t.Errorf("%s: %v", name, err)
	}
	for _, call := range site.Images.Calls()[before:] {
		if call == "Adopt" || call == "Own" {
			t.Errorf("%s: something was changed by %s", name, call)
		}
	}
}

// TestAdoptNobodysFiles: what a host names as an image is one of a guest of its own, or
// is left alone.
func TestAdoptNobodysFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := sitetest.New(t, sitetest.Options{})
		site.Connected()
		machine := site.World.Machine(sitetest.Host(1))
		put := func(path string, mode fs.FileMode) {
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte("secret"), mode)); err != nil {
				t.Fatal(err)
			}
		}
		as := func(name, path string) {
			site.Foreigner(1, name, func(spec *host.GuestSpec) { spec.Disks[0].Path = path })
		}
		private, shadow := filepath.Join(site.Dir, "private", "secrets.key"), filepath.Join(site.Dir, "shadow")
		put(private, 0o600)
		as("private", private)
		refusedToAdopt(t, site, "private", "in the engine's own directory")
		if os.Getuid() == 0 {
			put(shadow, 0o640)
			as("shadow", shadow)
			refusedToAdopt(t, site, "shadow", "does not belong to the user that QEMU runs as")
		}
		site.Foreigner(1, "twice", func(spec *host.GuestSpec) { spec.Disks = append(spec.Disks, spec.Disks[0]) })
		refusedToAdopt(t, site, "twice", "twice")
		untouched(t, site, "twice")
		around := filepath.Join(site.Dir, "around")
		if err := os.Symlink(site.Dir, around); err != nil {
			t.Fatal(err)
		}
		as("around", filepath.Join(around, "around.img"))
		refusedToAdopt(t, site, "around", "symbolic link")
		untouched(t, site, "around")

		// The host has another file there, or none.
		site.Foreigner(1, "other")
		image := filepath.Join(site.Dir, "other.img")
		site.World.Fail(fake.Rule{Call: "ReadFile", Do: func() {
			if err := os.WriteFile(image, []byte("image of another one"), 0o600); err != nil {
				t.Error(err)
			}
		}})
		refusedToAdopt(t, site, "other", "is another file on the host h1")
		site.World.ClearRules()
		as("dark", filepath.Join(site.Dir, "dark.img"))
		cancel := site.World.Fail(fake.Rule{Call: "ReadFile", Error: host.ErrUnreachable})
		refusedToAdopt(t, site, "dark", "does not answer")
		cancel()
		machine.Blind(site.Dir)
		refusedToAdopt(t, site, "dark", "cannot be compared")
		untouched(t, site, "dark")
		site.Whole(sitetest.Soon)
	})
}

// TestAdoptUnseenStorage: a host that does not see the storage domain has its guest's
// image somewhere else.
func TestAdoptUnseenStorage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := sitetest.New(t, sitetest.Options{})
		machine := site.World.Machine(sitetest.Host(1))
		machine.Blind(filepath.Join(site.Dir, "data"))
		machine.Blind(filepath.Join(site.Dir, "spare"))
		site.Connected()
		site.Foreigner(1, "stranger")
		refusedToAdopt(t, site, "stranger", "does not see the storage domain")
		untouched(t, site, "stranger")
	})
}

// TestAdoptUndone: what fails in the middle leaves images and guest as they were, also
// when an engine that comes anew finds it so.
func TestAdoptUndone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := sitetest.New(t, sitetest.Options{})
		site.Connected()
		machine := site.World.Machine(sitetest.Host(1))
		broken := errors.New("broken")
		for name, rule := range map[string]sitetest.ImageRule{
			"linking": {Call: "Adopt", Error: broken, After: true}, "finding": {Call: "Path", Error: broken},
			"owning": {Call: "Own", Error: broken}, "owned": {Call: "Own", Error: broken, After: true},
		} {
			site.Foreigner(1, name, func(spec *host.GuestSpec) { spec.Autostart = true })
			cancel := site.Images.Fail(rule)
			if err := adopt(site, name, ""); err == nil {
				t.Errorf("%s: it was adopted", name)
			}
			cancel()
			untouched(t, site, name)
			if !machine.StartsWithHost(name) {
				t.Errorf("%s: its host does not start it any more", name)
			}
		}
		// The host finds something else when the image has got its second name.
		name := site.Foreigner(1, "swapped")
		reads := 0
		site.World.Fail(fake.Rule{Call: "ReadFile", Do: func() {
			if reads++; reads == 3 {
				if err := os.WriteFile(filepath.Join(site.Dir, "swapped.img"), []byte("another"), 0o600); err != nil {
					t.Error(err)
				}
			}
		}})
		if err := adopt(site, name, sitetest.DataDomain); err == nil || !strings.Contains(fault.Of(err).Message(), "another file") {
			t.Errorf("swapped: %v after %d looks", err, reads)
		}
		untouched(t, site, name)
		for _, guest := range machine.Guests() {
			if guest.Ours {
				t.Errorf("%s is marked", guest.Name)
			}
		}
		site.World.ClearRules()
		site.Whole(sitetest.Soon)
	})
}

func onNetwork(addresses ...string) func(*host.GuestSpec) {
	return func(spec *host.GuestSpec) {
		for _, address := range addresses {
			spec.NICs = append(spec.NICs, host.NICSpec{MAC: address, Model: model.NICVirtio, Network: "ovirtmgmt", Linked: true})
		}
	}
}

// TestAdoptAddresses: a MAC address is nobody else's.
func TestAdoptAddresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := sitetest.New(t, sitetest.Options{})
		site.Connected()
		site.Add("vm", func(vm *model.VM) {
			vm.NICs = []model.NIC{{ID: model.NewID(), Name: "nic1", Network: sitetest.Network, MAC: "52:54:00:00:00:01"}}
		})
		site.Foreigner(1, "like the vm", onNetwork("52:54:00:00:00:01"))
		refusedToAdopt(t, site, "like the vm", "52:54:00:00:00:01 is in use already")
		site.Foreigner(1, "like itself", onNetwork("52:54:00:00:00:0a", "52:54:00:00:00:0A"))
		refusedToAdopt(t, site, "like itself", "twice")
	})
}

// TestWhoMayAdopt: what a guest is to have as a VM needs the permits that a VM would.
func TestWhoMayAdopt(t *testing.T) {
	const profile model.ID = "00000005-0005-0005-0005-000000000001"
	domain := model.Ref{Kind: model.KindStorageDomain, ID: sitetest.DataDomain}
	base := map[model.Permit]model.Ref{
		"manipulate_host":          {Kind: model.KindHost, ID: sitetest.HostID(1)},
		"create_vm":                {Kind: model.KindCluster, ID: sitetest.Cluster},
		"create_disk":              domain,
		"configure_vm_network":     {Kind: model.KindVNICProfile, ID: profile},
		"edit_admin_vm_properties": {Kind: model.KindCluster, ID: sitetest.Cluster},
	}
	synctest.Test(t, func(t *testing.T) {
		site := sitetest.New(t, sitetest.Options{})
		site.Connected()
		name := site.Foreigner(1, "stranger", onNetwork("52:54:00:00:00:0a"), func(spec *host.GuestSpec) { spec.Kernel = "/boot/kernel" })
		try := func() error {
			_, err := site.Act(&engine.Call{
				On: model.KindHost, Name: "adopt", Target: sitetest.HostID(1), Async: new(false),
				Params: &vms.AdoptParams{Guest: name, StorageDomain: sitetest.DataDomain}, Caller: &auth.Caller{User: "anna", Name: "anna@internal"},
			})
			return err
		}
		site.Edit(func(tx *inventory.Tx) {
			tx.Users.Put(&model.User{ID: "anna", Name: "anna", Domain: "internal"})
			tx.VNICProfiles.Put(&model.VNICProfile{ID: profile, Name: "ovirtmgmt", Network: sitetest.Network})
			for permit, on := range base {
				tx.Roles.Put(&model.Role{ID: model.ID(permit), Name: string(permit), Permits: []model.Permit{permit}})
				tx.Permissions.Put(&model.Permission{ID: model.ID(permit), Role: model.ID(permit), User: "anna", Object: on})
			}
		})
		for permit, on := range base {
			site.Edit(func(tx *inventory.Tx) { tx.Permissions.Delete(model.ID(permit)) })
			if err := try(); err == nil || fault.Of(err).Code != fault.NotAuthorized {
				t.Errorf("without %s: %v", permit, err)
			}
			site.Edit(func(tx *inventory.Tx) {
				tx.Permissions.Put(&model.Permission{ID: model.ID(permit), Role: model.ID(permit), User: "anna", Object: on})
			})
		}
		if err := try(); err != nil {
			t.Fatal(err)
		}
		if nics := adopted(t, site, name).NICs; len(nics) != 1 || nics[0].Profile != profile {
			t.Errorf("its network interfaces are %+v", nics)
		}
	})
}

// TestReleaseBusyDisks: work on a disk is ended before the disk is nobody's.
func TestReleaseBusyDisks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := sitetest.New(t, sitetest.Options{})
		site.Connected()
		name := site.Foreigner(1, "stranger")
		if err := adopt(site, name, ""); err != nil {
			t.Fatal(err)
		}
		vm := adopted(t, site, name)
		disk := model.Ref{Kind: model.KindDisk, ID: vm.Disks[0].Disk}
		busy := &model.Job{ID: model.NewID(), Action: "disk.copy", Status: model.JobStarted, Locks: []model.Ref{disk}}
		site.Edit(func(tx *inventory.Tx) { tx.PutJob(busy) })
		if err := release(site, vm.ID, ""); err == nil || !fault.Is(err, fault.Conflict) {
			t.Errorf("while a job holds its disk: %v", err)
		}
		site.Edit(func(tx *inventory.Tx) {
			ended := *busy
			ended.Status = model.JobFinished
			tx.PutJob(&ended)
			edited, _ := tx.Disks.Edit(disk.ID)
			edited.Status = model.DiskLocked
		})
		if err := release(site, vm.ID, ""); err == nil || fault.Of(err).Code != fault.DisksLocked {
			t.Errorf("while its disk is locked: %v", err)
		}
		site.Edit(func(tx *inventory.Tx) {
			edited, _ := tx.Disks.Edit(disk.ID)
			edited.Status = model.DiskOK
		})
		if err := release(site, vm.ID, ""); err != nil {
			t.Error(err)
		}
	})
}
