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

	"vireo/internal/engine/sitetest"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/host/fake"
	"vireo/internal/inventory"
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
		site.Engine.SeeAll(t.Context(), sitetest.HostID(1)) // it may have looked before
		site.Foreigner(1, "stranger")
		refusedToAdopt(t, site, "stranger", "does not see the storage domain")
		untouched(t, site, "stranger")
	})
}

// TestAdoptZeros: what an image begins with must tell it from others, unless the host is
// the engine's own machine.
func TestAdoptZeros(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := sitetest.New(t, sitetest.Options{})
		site.Connected()
		local := func(is bool) {
			site.Edit(func(tx *inventory.Tx) {
				on, _ := tx.Hosts.Edit(sitetest.HostID(1))
				on.Facts.Local = is
			})
		}
		write := func(name string, at int, text string) {
			content := make([]byte, 1<<20)
			copy(content[at:], text)
			if err := os.WriteFile(filepath.Join(site.Dir, name+".img"), content, 0o600); err != nil {
				t.Error(err)
			}
		}
		for _, name := range []string{"empty", "late", "changed", "mine"} {
			site.Foreigner(1, name)
			write(name, 4096, "a file system")
		}
		write("empty", 0, "")
		write("mine", 0, "")
		local(false)
		refusedToAdopt(t, site, "empty", "nothing but zeros")
		if err := adopt(site, "late", ""); err != nil {
			t.Error(err)
		}
		cancel := site.World.Fail(fake.Rule{Call: "ReadFile", Do: func() { write("changed", 4096, "another") }})
		refusedToAdopt(t, site, "changed", "another file")
		cancel()
		local(true)
		if err := adopt(site, "mine", ""); err != nil {
			t.Error(err)
		}
		site.Whole(sitetest.Soon)
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
