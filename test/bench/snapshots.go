package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// The disk of the guest that is snapshotted, in bytes, and how much it writes before a
// merge, in MiB.
const (
	snapshotDisk = 512 << 20
	mergedMiB    = 128
)

// brother is a guest whose disk is snapshotted, and merged again.
type brother struct {
	h     *hypervisor
	guest uuid.UUID
	// snapshot takes one; merge takes it away.
	snapshot, merge func(context.Context) error
	// What the guest saw of a snapshot, and what it sees without one, and how long the
	// merges took.
	pauses, quiet, merges times
}

// measureSnapshots compares the pause that a guest sees when its disk is snapshotted, and
// the time that a merge under it takes, with what virsh does to a guest like it.
func measureSnapshots(ctx context.Context, s *settings, out *report) (err error) {
	h, e, id, err := runningEngine(ctx, s, "snapshots", "vireo.format")
	if err != nil {
		return err
	}
	defer h.close()
	defer func() { err = errors.Join(err, e.stop()) }()
	vm := uuid.MustParse(id)
	defer h.remove(vm)
	if err := bringInside(ctx, s, filepath.Join(e.dataDir, "iso", "initrd-guest.img")); err != nil {
		return err
	}
	ours := &brother{h: h, guest: vm}
	volume, err := ours.throughEngine(ctx, e, id)
	if err != nil {
		return err
	}
	twin := filepath.Join(s.folder, "twin.qcow2")
	if err := copyFile(volume, twin); err != nil {
		return err
	}
	if err := post(ctx, e, id, "start"); err != nil {
		return err
	}
	theirs := &brother{h: h, guest: uuid.New()}
	defer h.remove(theirs.guest)
	if err := theirs.throughVirsh(ctx, s, id, volume, twin); err != nil {
		return err
	}
	both := []*brother{ours, theirs}
	for _, b := range both {
		if err := h.awaitMounted(ctx, b.guest); err != nil {
			return err
		}
	}
	for round := range s.few() + 1 {
		for turn := range both {
			if err := both[(round+turn)%2].round(ctx); err != nil {
				return err
			}
		}
		if round == 0 {
			for _, b := range both {
				b.pauses, b.quiet, b.merges = nil, nil, nil
			}
		}
	}
	out.ratio("the pause of a snapshot, as the guest saw it / of `virsh snapshot-create-as --disk-only --quiesce`",
		ours.pauses.over(theirs.pauses), ours.pauses.middle(), theirs.pauses.middle(), 0)
	out.ratio("the longest pause that the same guest sees as long without a snapshot / the other guest",
		ours.quiet.over(theirs.quiet), ours.quiet.middle(), theirs.quiet.middle(), 0)
	out.ratio(fmt.Sprintf("removing a snapshot of a VM that is up / `virsh blockcommit --active --pivot`, which looks twice a second (%d MiB)", mergedMiB),
		ours.merges.over(theirs.merges), ours.merges.middle(), theirs.merges.middle(), 0)
	return nil
}

// round takes a snapshot while the guest writes, has it write more, and merges.
func (b *brother) round(ctx context.Context) error {
	pause, took, err := b.during(ctx, b.snapshot)
	if err != nil {
		return err
	}
	quiet, _, err := b.during(ctx, func(ctx context.Context) error { return wait(ctx, took) })
	if err != nil {
		return err
	}
	if _, err := b.h.inside(ctx, b.guest, fmt.Sprintf("%s fill /mnt/vda/content %d", inside, mergedMiB)); err != nil {
		return err
	}
	began := time.Now()
	if err := b.merge(ctx); err != nil {
		return err
	}
	b.pauses, b.quiet, b.merges = append(b.pauses, pause), append(b.quiet, quiet), append(b.merges, time.Since(began))
	return nil
}

// during gives the longest time between two writes of the guest while something is done
// to it, and how long that took.
func (b *brother) during(ctx context.Context, do func(context.Context) error) (pause, took time.Duration, err error) {
	if _, err := b.h.inside(ctx, b.guest, "rm -f /mnt/vda/stamp /run/stop"); err != nil {
		return 0, 0, err
	}
	process, err := b.h.run(b.guest, inside+" gaps /mnt/vda/stamp /run/stop")
	if err != nil {
		return 0, 0, err
	}
	if _, err := b.h.inside(ctx, b.guest, "while ! test -s /mnt/vda/stamp; do :; done"); err != nil {
		return 0, 0, err
	}
	began := time.Now()
	if err := do(ctx); err != nil {
		return 0, 0, err
	}
	took = time.Since(began)
	if _, err := b.h.inside(ctx, b.guest, "touch /run/stop"); err != nil {
		return 0, 0, err
	}
	printed, err := b.h.finish(ctx, b.guest, process)
	if err != nil {
		return 0, 0, err
	}
	longest, err := strconv.Atoi(printed)
	return time.Duration(longest) * time.Microsecond, took, err
}

func wait(ctx context.Context, long time.Duration) error {
	select {
	case <-time.After(long):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// throughEngine gives the engine's VM a disk, and b the requests; the answer is the
// disk's file.
func (b *brother) throughEngine(ctx context.Context, e *engine, id string) (volume string, err error) {
	at := "/api/vms/" + id
	answer, err := e.ask(ctx, http.MethodPost, at+"/disks;async=false",
		fmt.Sprintf(`<disk><interface>virtio</interface><format>cow</format><provisioned_size>%d</provisioned_size></disk>`, snapshotDisk))
	if err != nil {
		return "", err
	}
	var taken string
	b.snapshot = func(ctx context.Context) error {
		answer, err := e.ask(ctx, http.MethodPost, at+"/snapshots;async=false", "<snapshot><description>bench</description></snapshot>")
		if err != nil {
			return err
		}
		taken = string(rootID.FindSubmatch(answer)[1])
		return nil
	}
	b.merge = func(ctx context.Context) error {
		_, err := e.ask(ctx, http.MethodDelete, at+"/snapshots/"+taken+";async=false", "")
		return err
	}
	return e.onlyVolume(string(rootID.FindSubmatch(answer)[1]))
}

// ownLabel is what keeps libvirt from giving files to QEMU's user: the engine sees to that
// for its own.
var ownLabel = regexp.MustCompile(`(?s)<seclabel .*?</seclabel>`)

// throughVirsh starts a guest like the engine's, on a disk of its own, and gives b the
// commands.
func (b *brother) throughVirsh(ctx context.Context, s *settings, id, volume, twin string) error {
	definition, err := b.h.definition(uuid.MustParse(id))
	if err != nil {
		return fmt.Errorf("reading the guest's XML: %w", err)
	}
	definition = ownLabel.ReplaceAllString(strings.ReplaceAll(definition, volume, twin), "")
	path, over := filepath.Join(s.folder, "twin.xml"), filepath.Join(s.folder, "twin-over.qcow2")
	if err := os.WriteFile(path, []byte(other(definition, id, b.guest, "bench-twin")), 0o600); err != nil {
		return err
	}
	virsh := func(ctx context.Context, arguments ...string) error {
		return command(ctx, "virsh", append([]string{"-q", "-c", b.h.uri}, arguments...)...)
	}
	b.snapshot = func(ctx context.Context) error {
		return virsh(ctx, "snapshot-create-as", b.guest.String(), "--disk-only", "--quiesce", "--no-metadata", "--diskspec", "vda,file="+over)
	}
	b.merge = func(ctx context.Context) error {
		if err := virsh(ctx, "blockcommit", b.guest.String(), "vda", "--active", "--pivot"); err != nil {
			return err
		}
		return os.Remove(over)
	}
	return virsh(ctx, "create", path)
}
