package host

import "context"

// Storage is what a host sees of storage domains.
type Storage interface {
	// ReadFile reads a file of the host, of a large one the first 64 KiB. RefusedResource when it
	// is not there, or cannot be read.
	ReadFile(ctx context.Context, path string) ([]byte, error)
	// MountStorage mounts storage on a host that is not the engine's own machine.
	// What this has mounted there before is mounted anew, unless it is in use;
	// RefusedUnsupported for file systems that such a host has to mount by itself.
	MountStorage(ctx context.Context, mount StorageMount) error
	// UnmountStorage takes away what MountStorage has mounted at a directory; what it
	// has not is left, and success.
	UnmountStorage(ctx context.Context, path string) error
}

// StorageMount says what to mount.
type StorageMount struct {
	// Path is the directory where it is to be mounted; it is made.
	Path string
	// Address is the server, empty for a device; Source the directory on the server, or
	// the device.
	Address, Source string
	// Type is the file system, Options are those of mount.
	Type    string
	Options []string
	// NFSVersion is the version of NFS, as "4.1"; empty leaves it to both sides.
	NFSVersion string
}
