package files

import (
	"cmp"
	"fmt"
	"os/exec"
	"path/filepath"

	"vireo/internal/image"
)

// Options are the settings of Files.
type Options struct {
	// QEMUImg is the path of qemu-img; empty looks for it in PATH.
	QEMUImg string
	// Mounts is the directory below which storage domains are mounted; empty mounts
	// none.
	Mounts string
	// Sysprep is the path of virt-sysprep, which seals disks; empty looks for it in
	// PATH. Without it nothing can be sealed.
	Sysprep string
	// RunDir is a directory for sockets, of which nobody else may know, and for what
	// virt-sysprep needs while it works; empty makes one when it is needed.
	RunDir string
	// Private is a directory of which no file is ever adopted: that of the engine's data,
	// its secrets among them. Empty is none.
	Private string
}

// Files implements image.Images on directories. It is safe for concurrent use
// on different images; who changes one image twice at once is the caller's
// care.
type Files struct {
	qemuImg, qemuNBD string
	mounts, private  string
	sysprep          string // empty: not installed
	sockets          sockets
}

var _ image.Images = (*Files)(nil)

// New finds qemu-img; the error says where it was looked for.
func New(options Options) (*Files, error) {
	name := options.QEMUImg
	if name == "" {
		name = "qemu-img"
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return nil, fmt.Errorf("finding qemu-img (Debian package qemu-utils): %w", err)
	}
	if path, err = filepath.Abs(path); err != nil {
		return nil, fmt.Errorf("finding qemu-img: %w", err)
	}
	private := options.Private
	if private != "" {
		if private, err = filepath.Abs(private); err != nil {
			return nil, fmt.Errorf("finding the engine's own directory: %w", err)
		}
	}
	return &Files{
		qemuImg: path, qemuNBD: filepath.Join(filepath.Dir(path), "qemu-nbd"), sockets: sockets{path: options.RunDir},
		mounts: options.Mounts, private: private, sysprep: optional(options.Sysprep, "virt-sysprep"),
	}, nil
}

// optional is the absolute path of a program that need not be there; empty if it is
// not.
func optional(path, name string) string {
	found, err := exec.LookPath(cmp.Or(path, name))
	if err != nil {
		return ""
	}
	if found, err = filepath.Abs(found); err != nil {
		return ""
	}
	return found
}
