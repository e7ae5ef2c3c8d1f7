package libvirt

import (
	"errors"
	"os"
	"syscall"
)

// cacheMode chooses how QEMU reads and writes an image: past the host's page
// cache (none), which migration needs and which leaves the host its memory, or
// through it (writeback) where the file system cannot do otherwise. Both are
// safe: the guest's flushes reach the disk. Images that cannot be looked at, on
// another machine or with an owner who lets nobody in, get "none".
func (h *hypervisor) cacheMode(path string) string {
	if !h.profile.local {
		return "none"
	}
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_DIRECT|syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.EINVAL) {
		return "writeback"
	}
	if err == nil {
		file.Close()
	}
	return "none"
}
