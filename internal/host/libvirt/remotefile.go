package libvirt

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/xml"
	"path"
	"strings"

	"github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"vireo/internal/host"
)

// remoteFileLimit is how much of a file is read from a host, in bytes: more than any has
// that is needed whole.
const remoteFileLimit = 64 << 10

// readThroughPool reads a small file of a host that is reached by libvirt alone:
// a storage pool without a definition is put on the file's directory, the file
// is downloaded as one of its volumes, and the pool is taken away again.
func (h *hypervisor) readThroughPool(ctx context.Context, file string) ([]byte, error) {
	const doing = "reading a file of the host"
	pool := libvirtxml.StoragePool{
		Type:   "dir",
		Name:   "vireo-" + strings.ToLower(rand.Text()),
		Target: &libvirtxml.StoragePoolTarget{Path: path.Dir(file)},
	}
	definition, err := xml.Marshal(&pool)
	if err != nil {
		return nil, refuse(host.RefusedOther, "%s: %v", doing, err)
	}
	text, err := ask(ctx, h.work, doing, func() {}, func(rpc *libvirt.Libvirt) ([]byte, error) {
		created, err := rpc.StoragePoolCreateXML(string(definition), 0)
		if err != nil {
			return nil, err
		}
		defer func() { _ = rpc.StoragePoolDestroy(created) }() // nothing can be done about a failure
		volume, err := rpc.StorageVolLookupByName(created, path.Base(file))
		if err != nil {
			return nil, err
		}
		return h.download(ctx, volume)
	})
	return text, sortOut(doing, err)
}

// download reads a volume over a connection of its own, where its data cannot come
// before the answer that the library waits for: see [orderedConn]. It ends with ctx.
func (h *hypervisor) download(ctx context.Context, volume libvirt.StorageVol) ([]byte, error) {
	line, err := openStreamLink(ctx, h.target)
	if err != nil {
		return nil, err
	}
	defer h.closeWithHost(line)()
	defer context.AfterFunc(ctx, line.close)()
	var out bytes.Buffer
	err = line.rpc.StorageVolDownload(volume, &limitedWriter{to: &out, left: remoteFileLimit}, 0, 0, 0)
	line.close()
	line.wait()
	if ctx.Err() != nil {
		return nil, gaveUp(ctx, "reading a file of the host")
	}
	return out.Bytes(), err
}

// limitedWriter drops what is too much: the library does not read a stream to
// its end after an error, and the connection would stall.
type limitedWriter struct {
	to   *bytes.Buffer
	left int
}

// Write keeps what there is room for and says that it took all.
func (w *limitedWriter) Write(data []byte) (int, error) {
	kept := data[:min(len(data), w.left)]
	w.left -= len(kept)
	w.to.Write(kept)
	return len(data), nil
}
