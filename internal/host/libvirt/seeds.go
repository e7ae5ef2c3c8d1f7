package libvirt

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"path"
	"strconv"
	"strings"

	"github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"vireo/internal/host"
	"vireo/internal/model"
)

// systemSeeds is where a system daemon's host keeps seeds: in memory, so that
// secrets reach no disk and are gone when the machine is started anew
// (docs/decisions/seeds.md).
const systemSeeds = "/run/libvirt"

// seedPlace says where the seeds of one start are on the host: in a folder of the
// guest's own, under names that no other start uses.
type seedPlace struct {
	folder string
	// start tells this start from the others.
	start string
}

// path is the file of a seed.
func (p seedPlace) path(seed host.Seed) string { return path.Join(p.folder, p.file(seed)) }

func (p seedPlace) file(seed host.Seed) string {
	extension := ".iso"
	if seed.Drive == host.SeedFloppy {
		extension = ".img"
	}
	return seed.Name + "-" + p.start + extension
}

func (h *hypervisor) newSeedPlace(id model.ID) seedPlace {
	return seedPlace{folder: h.seedFolder(id), start: strings.ToLower(rand.Text()[:8])}
}

// seedFolder is the guest's folder, which is there only while it has seeds.
func (h *hypervisor) seedFolder(id model.ID) string {
	folder := systemSeeds
	if h.profile.session {
		folder = sessionDirectory()
	}
	return path.Join(folder, seedPoolName(id))
}

// mentionsSeeds says that a guest's definition has a drive with a seed.
func (h *hypervisor) mentionsSeeds(id model.ID, definition string) bool {
	return strings.Contains(definition, h.seedFolder(id)+"/")
}

func seedPoolName(id model.ID) string { return "vireo-seeds-" + string(id) }

// writeSeeds puts the spec's seeds on the host, in place of what an earlier
// start may have left there. The host is reached by libvirt alone: a storage pool
// without a definition is put on the folder, and taken away again.
func (h *hypervisor) writeSeeds(ctx context.Context, spec *host.GuestSpec, place seedPlace) error {
	if len(spec.Seeds) == 0 {
		return nil
	}
	definition, err := h.seedPool(spec.ID)
	if err != nil {
		return err
	}
	return h.onSeeds(ctx, spec.ID, "writing the guest's seeds", func(rpc *libvirt.Libvirt) error {
		_, err := rpc.StoragePoolCreateXML(definition, libvirt.StoragePoolCreateWithBuild)
		if err != nil && !isActive(err) {
			return err
		}
		pool := seedPoolOf(spec.ID)
		// A pool that stays does no harm: whoever comes next uses it.
		defer func() { _ = rpc.StoragePoolDestroy(pool) }()
		if err := emptyPool(rpc, pool); err != nil {
			return err
		}
		for _, seed := range spec.Seeds {
			if ctx.Err() != nil {
				return gaveUp(ctx, "writing the guest's seeds")
			}
			if err := h.upload(rpc, pool, place.file(seed), seed.Image); err != nil {
				return err
			}
		}
		return nil
	})
}

// removeSeeds removes the guest's folder. libvirt removes the folders of pools
// that are defined only, so the pool is, for as long as this takes.
func (h *hypervisor) removeSeeds(ctx context.Context, id model.ID) error {
	definition, err := h.seedPool(id)
	if err != nil {
		return err
	}
	return h.onSeeds(ctx, id, "removing the guest's seeds", func(rpc *libvirt.Libvirt) error {
		pool, err := rpc.StoragePoolDefineXML(definition, 0)
		if libvirtCode(err) == libvirt.ErrNoSupport {
			return nil // a daemon without storage has never held seeds
		}
		if err != nil {
			return err
		}
		return errors.Join(deletePool(rpc, pool), rpc.StoragePoolUndefine(pool))
	})
}

// deletePool removes the folder of a defined pool. The folder is made if it is
// not there, as libvirt would write into its log that it is missing.
func deletePool(rpc *libvirt.Libvirt, pool libvirt.StoragePool) error {
	if err := rpc.StoragePoolBuild(pool, libvirt.StoragePoolBuildNew); err != nil && !isActive(err) {
		return err
	}
	if err := rpc.StoragePoolCreate(pool, libvirt.StoragePoolCreateNormal); err != nil && !isActive(err) {
		return err
	}
	if err := errors.Join(emptyPool(rpc, pool), rpc.StoragePoolDestroy(pool)); err != nil {
		return err
	}
	return rpc.StoragePoolDelete(pool, libvirt.StoragePoolDeleteNormal)
}

// isActive says that a pool is there already, left by an engine that has died.
func isActive(err error) bool { return libvirtCode(err) == libvirt.ErrOperationInvalid }

func emptyPool(rpc *libvirt.Libvirt, pool libvirt.StoragePool) error {
	volumes, _, err := rpc.StoragePoolListAllVolumes(pool, 1, 0)
	if err != nil {
		return err
	}
	for _, volume := range volumes {
		if err := rpc.StorageVolDelete(volume, libvirt.StorageVolDeleteNormal); err != nil {
			return err
		}
	}
	return nil
}

// upload makes a file that belongs to QEMU's user, and returns when the daemon has
// written all of it.
func (h *hypervisor) upload(rpc *libvirt.Libvirt, pool libvirt.StoragePool, name string, image []byte) error {
	permissions := &libvirtxml.StorageVolumeTargetPermissions{Mode: "0600"}
	if uid, gid := h.profile.imageOwner(); uid >= 0 {
		permissions.Owner, permissions.Group = strconv.Itoa(uid), strconv.Itoa(gid)
	}
	definition, err := (&libvirtxml.StorageVolume{
		Name:       name,
		Capacity:   &libvirtxml.StorageVolumeSize{Value: uint64(len(image))},
		Allocation: &libvirtxml.StorageVolumeSize{},
		Target: &libvirtxml.StorageVolumeTarget{
			Format: &libvirtxml.StorageVolumeTargetFormat{Type: "raw"}, Permissions: permissions,
		},
	}).Marshal()
	if err != nil {
		return err
	}
	volume, err := rpc.StorageVolCreateXML(pool, definition, 0)
	if err != nil {
		return err
	}
	return rpc.StorageVolUpload(volume, bytes.NewReader(image), 0, uint64(len(image)), 0)
}

// seedPool describes the pool on the guest's folder. Name and id follow from the
// guest's, so that a pool that was left is found again; and each guest has its
// own, as libvirt refuses a second one on the same folder.
func (h *hypervisor) seedPool(id model.ID) (string, error) {
	text, err := (&libvirtxml.StoragePool{
		Type: "dir", Name: seedPoolName(id), UUID: string(id),
		Target: &libvirtxml.StoragePoolTarget{
			Path:        h.seedFolder(id),
			Permissions: &libvirtxml.StoragePoolTargetPermissions{Mode: "0711"},
		},
	}).Marshal()
	if err != nil {
		return "", refuse(host.RefusedOther, "the folder of the guest's seeds cannot be described: %v", err)
	}
	return text, nil
}

// seedPoolOf is how libvirt's calls name the pool.
func seedPoolOf(id model.ID) libvirt.StoragePool {
	return libvirt.StoragePool{Name: seedPoolName(id), UUID: domainOf(id).UUID}
}

// onSeeds makes the calls that concern a guest's seeds, on the work links, as an
// upload takes a while. Nobody else is let in before they have returned, also
// when their caller has given up: what is removed then stays removed.
func (h *hypervisor) onSeeds(ctx context.Context, id model.ID, doing string, f func(*libvirt.Libvirt) error) error {
	_, err := gated(ctx, h, h.work, gateKey{guest: id, kind: gateSeeds}, doing, func(rpc *libvirt.Libvirt) (struct{}, error) {
		return struct{}{}, f(rpc)
	})
	return err
}
