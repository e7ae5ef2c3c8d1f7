package libvirt

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"vireo/internal/host"
)

// bootIDFile is where the kernel tells each start of the machine from the others.
const bootIDFile = "/proc/sys/kernel/random/boot_id"

// BootID is the kernel's boot id: from this machine's /proc, by ssh, or, where
// there is only libvirt (tls, tcp), through a volume of a storage pool
// (remotefile.go).
func (h *hypervisor) BootID(ctx context.Context) (string, error) {
	const doing = "reading the host's boot id"
	// The file of this machine could also be read when libvirt is gone.
	if err := h.Alive(ctx); err != nil {
		return "", err
	}
	text, err := h.readFile(ctx, bootIDFile)
	if err != nil {
		return "", sortOut(doing, err)
	}
	id := strings.TrimSpace(string(text))
	if id == "" {
		return "", refuse(host.RefusedOther, "the host's boot id is empty")
	}
	return id, nil
}

// readFile reads a small file of the host.
func (h *hypervisor) readFile(ctx context.Context, path string) ([]byte, error) {
	switch h.target.transport {
	case transportUnix:
		text, err := readBeginning(path)
		if err != nil {
			return nil, refuse(host.RefusedResource, "%v", err)
		}
		return text, nil
	case transportSSH:
		return runSSH(ctx, h.target, fmt.Sprintf("head -c %d -- %s", remoteFileLimit, quoted(path)))
	default:
		return h.readThroughPool(ctx, path)
	}
}

// readBeginning reads as much of a file as is read from other machines: it may be an image.
func readBeginning(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, remoteFileLimit))
}

// readLine reads a file of one line; empty when it cannot be read.
func (h *hypervisor) readLine(ctx context.Context, path string) string {
	text, err := h.readFile(ctx, path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}
