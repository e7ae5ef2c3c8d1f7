package fake

import (
	"slices"

	"vireo/internal/host"
	"vireo/internal/model"
)

// Disks are the disks that the guest of that name (or id) has now, NICs its
// network interfaces, CDROM the path in its drive.
func (m *Machine) Disks(name string) []host.DiskSpec {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	return slices.Clone(m.guest(name).disks)
}

// DiskSize is how large in bytes a disk of the guest has grown in this run; 0 if
// it has not.
func (m *Machine) DiskSize(name string, disk model.ID) int64 {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	return m.guest(name).sizes[disk]
}

// NICs are the network interfaces that the guest has now.
func (m *Machine) NICs(name string) []host.NICSpec {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	return slices.Clone(m.guest(name).nics)
}

// CDROM is the path of the medium that the guest has in its drive now.
func (m *Machine) CDROM(name string) string {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	return m.guest(name).cdrom
}

// Spec is how the guest was asked to be started.
func (m *Machine) Spec(name string) host.GuestSpec {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	return *model.Clone(&m.guest(name).spec)
}
