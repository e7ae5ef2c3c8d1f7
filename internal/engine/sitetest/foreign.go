package sitetest

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// Foreigner starts a guest on a host that somebody else has made, with a disk on the
// file system of the storage domains, and gives its name.
func (s *Site) Foreigner(number int, name string, edits ...func(*host.GuestSpec)) string {
	s.t.Helper()
	path := filepath.Join(s.Dir, name+".img")
	content := make([]byte, 1<<20)
	copy(content, "image of "+name)
	uid := foreignUser()
	if err := errors.Join(os.WriteFile(path, content, 0o600), os.Chown(path, uid, uid)); err != nil {
		s.t.Fatal(err)
	}
	s.runQEMUAs(number, uid)
	spec := &host.GuestSpec{
		ID: model.NewID(), Name: name, Memory: 256 << 20, Topology: model.Topology{Sockets: 2, Cores: 1, Threads: 1},
		Display: model.DisplayVNC, Machine: "pc-q35-7.2", Boot: []model.BootDevice{model.BootHardDisk},
		Disks: []host.DiskSpec{{ID: model.NewID(), Path: path, Format: model.DiskRaw, Interface: model.DiskVirtio, Bootable: true}},
	}
	for _, edit := range edits {
		edit(spec)
	}
	s.World.Machine(Host(number)).AddGuest(spec, false)
	return name
}

// foreignUser is whom images can be given to by whoever runs the tests, and who is not
// root: nothing of root's is adopted.
func foreignUser() int {
	if uid := os.Getuid(); uid != 0 {
		return uid
	}
	return 64055
}

// runQEMUAs has guests of a machine run as a user, as its host is known to do at once.
func (s *Site) runQEMUAs(number, uid int) {
	s.t.Helper()
	s.World.Machine(Host(number)).RunQEMUAs(uid, uid)
	err := s.Inventory.Update(context.Background(), func(tx *inventory.Tx) error {
		if on, ok := tx.Hosts.Edit(HostID(number)); ok {
			on.Facts.ImageUID, on.Facts.ImageGID = uid, uid
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
}
