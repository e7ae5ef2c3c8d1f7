package sitetest

import (
	"os"
	"path/filepath"

	"vireo/internal/host"
	"vireo/internal/model"
)

// Foreigner starts a guest on a host that somebody else has made, with a disk on the
// file system of the storage domains, and gives its name.
func (s *Site) Foreigner(number int, name string, edits ...func(*host.GuestSpec)) string {
	s.t.Helper()
	path := filepath.Join(s.Dir, name+".img")
	if err := os.WriteFile(path, make([]byte, 1<<20), 0o600); err != nil {
		s.t.Fatal(err)
	}
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
