package libvirt

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"slices"
	"strings"

	"github.com/digitalocean/go-libvirt"
	"golang.org/x/crypto/ssh"
	"libvirt.org/go/libvirtxml"

	"vireo/internal/host"
)

// ReadFile reads a file in whatever way the host is reached.
func (h *hypervisor) ReadFile(ctx context.Context, path string) ([]byte, error) {
	type answer struct {
		text []byte
		err  error
	}
	read := make(chan answer, 1)
	go func() { // nobody waits for it: a file of a server that is silent may hang
		text, err := h.readFile(ctx, path)
		read <- answer{text, err}
	}()
	select {
	case got := <-read:
		if failed, ok := errors.AsType[*ssh.ExitError](got.err); ok {
			return nil, refuse(host.RefusedResource, "the file cannot be read: %v", failed)
		}
		return got.text[:min(len(got.text), remoteFileLimit)], got.err
	case <-ctx.Done():
		return nil, gaveUp(ctx, "reading a file of the host")
	}
}

// quoted makes one word of a shell's command line of a text.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// What libvirt's storage pools can mount.
var (
	serverTypes = []string{"nfs", "glusterfs", "cifs"}
	deviceTypes = []string{"ext2", "ext3", "ext4", "xfs", "gfs2", "ocfs2", "vfat", "udf", "iso9660"}
)

// MountStorage makes a storage pool without a definition, which the daemon mounts. A
// pool that is there did not help whoever asks: somebody has unmounted what it had
// mounted, or it had mounted something else. It is ended and made anew, unless it is in
// use.
func (h *hypervisor) MountStorage(ctx context.Context, mount host.StorageMount) error {
	const doing = "mounting storage"
	definition, err := poolOf(mount)
	if err != nil {
		return err
	}
	_, err = ask(ctx, h.work, doing, func() {}, func(rpc *libvirt.Libvirt) (libvirt.StoragePool, error) {
		if found, err := rpc.StoragePoolLookupByName(poolName(mount.Path)); err == nil && rpc.StoragePoolDestroy(found) != nil {
			return found, nil
		}
		return rpc.StoragePoolCreateXML(definition, libvirt.StoragePoolCreateWithBuild)
	})
	return sortOut(doing, err)
}

// UnmountStorage ends the pool.
func (h *hypervisor) UnmountStorage(ctx context.Context, path string) error {
	const doing = "unmounting storage"
	_, err := ask(ctx, h.work, doing, func() {}, func(rpc *libvirt.Libvirt) (struct{}, error) {
		found, err := rpc.StoragePoolLookupByName(poolName(path))
		if err != nil {
			return struct{}{}, nil //nolint:nilerr // what is not there need not be unmounted
		}
		return struct{}{}, rpc.StoragePoolDestroy(found)
	})
	return sortOut(doing, err)
}

// poolName is called by the directory, which can have any characters.
func poolName(path string) string {
	sum := sha256.Sum256([]byte(path))
	return "vireo-mount-" + hex.EncodeToString(sum[:8])
}

func poolOf(mount host.StorageMount) (string, error) {
	pool := libvirtxml.StoragePool{
		Name:   poolName(mount.Path),
		Target: &libvirtxml.StoragePoolTarget{Path: mount.Path},
		Source: &libvirtxml.StoragePoolSource{Format: &libvirtxml.StoragePoolSourceFormat{Type: mount.Type}},
	}
	switch {
	case mount.Address != "" && slices.Contains(serverTypes, mount.Type):
		pool.Type = "netfs"
		pool.Source.Host = []libvirtxml.StoragePoolSourceHost{{Name: strings.Trim(mount.Address, "[]")}}
		pool.Source.Dir = &libvirtxml.StoragePoolSourceDir{Path: mount.Source}
		if mount.NFSVersion != "" {
			pool.Source.Protocol = &libvirtxml.StoragePoolSourceProtocol{Version: mount.NFSVersion}
		}
	case mount.Address == "" && slices.Contains(deviceTypes, mount.Type):
		pool.Type = "fs"
		pool.Source.Device = []libvirtxml.StoragePoolSourceDevice{{Path: mount.Source}}
	default:
		return "", refuse(host.RefusedUnsupported, "libvirt cannot mount file systems of type %s; the host must mount %s at %s itself",
			mount.Type, mount.Source, mount.Path)
	}
	if len(mount.Options) > 0 {
		pool.FSCommandline = &libvirtxml.StoragePoolFSCommandline{}
		for _, option := range mount.Options {
			pool.FSCommandline.Options = append(pool.FSCommandline.Options, libvirtxml.StoragePoolFSCommandlineOption{Name: option})
		}
	}
	text, err := xml.Marshal(&pool)
	if err != nil {
		return "", refuse(host.RefusedOther, "describing a storage pool: %v", err)
	}
	return string(text), nil
}
