package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// merged is how much the guest writes between a snapshot and its removal, in MiB.
const merged = 64

// The guest keeps writing, and notes when each write was through.
const (
	writes = `(while :; do cat /proc/uptime >/mnt/vda/now; sync; cut -d" " -f1 /proc/uptime >>/run/wrote; done) >/dev/null 2>&1 &`
	fills  = `dd if=/dev/urandom of=/mnt/vda/filling bs=1M count=%d conv=fsync 2>/dev/null`
)

// measureSnapshots says how long a guest that writes stands still for a snapshot, by its
// own clock, and compares the live merge of one with that of virsh, on the same guest.
func measureSnapshots(ctx context.Context, s *settings, out *report) (err error) {
	h, e, id, err := runningEngine(ctx, s, "snapshots", "vireo.format")
	if err != nil {
		return err
	}
	defer h.close()
	defer func() { err = errors.Join(err, e.stop()) }()
	g := &snapshotGuest{h: h, e: e, id: id, folder: s.folder}
	defer h.remove(uuid.MustParse(id))
	if err := g.prepare(ctx); err != nil {
		return err
	}
	var pauses, before, ours, theirs times
	for range max(3, s.pairs/3) {
		pause, idle, err := g.pause(ctx)
		if err != nil {
			return err
		}
		took, err := g.removal(ctx)
		if err != nil {
			return err
		}
		beside, err := g.blockCommit(ctx)
		if err != nil {
			return err
		}
		pauses, before, ours, theirs = append(pauses, pause), append(before, idle), append(ours, took), append(theirs, beside)
	}
	out.ratio(fmt.Sprintf("live removal of a snapshot / virsh blockcommit --active --pivot (%d MiB)", merged),
		ours.over(theirs), ours.middle(), theirs.middle(), 0)
	t := table{
		title: "Snapshots", about: "The longest time between two writes of the guest, by its own clock, which is as fine as 10 ms.",
		heads: []string{"median", "longest"},
	}
	t.row("without a snapshot", "", false, before.middle(), milliseconds(before.at(100)))
	t.row("while a snapshot is taken", "", false, pauses.middle(), milliseconds(pauses.at(100)))
	out.add(t)
	return nil
}

// snapshotGuest is a guest with a disk of which snapshots are taken.
type snapshotGuest struct {
	h          *hypervisor
	e          *engine
	id, folder string
	snapshot   string
}

func (g *snapshotGuest) prepare(ctx context.Context) error {
	disks := "/api/vms/" + g.id + "/disks"
	if _, err := g.e.ask(ctx, http.MethodPost, disks+";async=false",
		`<disk><interface>virtio</interface><format>cow</format><provisioned_size>536870912</provisioned_size></disk>`); err != nil {
		return err
	}
	if err := g.e.waitFor(ctx, disks, "<state>ok</state>"); err != nil {
		return err
	}
	if err := post(ctx, g.e, g.id, "start"); err != nil {
		return err
	}
	if err := g.e.waitFor(ctx, "/api/vms/"+g.id, "<state>up</state>"); err != nil {
		return err
	}
	if _, err := g.inside(ctx, "until grep -q /mnt/vda /proc/mounts; do sleep 0.1; done"); err != nil {
		return err
	}
	return nil
}

// pause takes a snapshot while the guest writes. idle is the longest gap without one.
func (g *snapshotGuest) pause(ctx context.Context) (pause, idle time.Duration, err error) {
	if _, err := g.inside(ctx, ">/run/wrote; "+writes); err != nil {
		return 0, 0, err
	}
	defer func() {
		_, stopped := g.inside(ctx, "pkill -f /run/wrote; true")
		err = errors.Join(err, stopped)
	}()
	if idle, err = g.gap(ctx); err != nil {
		return 0, 0, err
	}
	answer, err := g.e.ask(ctx, http.MethodPost, "/api/vms/"+g.id+"/snapshots;async=false", "<snapshot><description>bench</description></snapshot>")
	if err != nil {
		return 0, 0, err
	}
	found := rootID.FindSubmatch(answer)
	if found == nil {
		return 0, 0, fmt.Errorf("the answer has no id: %s", answer)
	}
	g.snapshot = string(found[1])
	if err := g.e.waitFor(ctx, "/api/vms/"+g.id+"/snapshots/"+g.snapshot, "<snapshot_status>ok</snapshot_status>"); err != nil {
		return 0, 0, err
	}
	pause, err = g.gap(ctx)
	return pause, idle, err
}

// gap waits for thirty more writes and gives the longest time between two since it was
// asked last.
func (g *snapshotGuest) gap(ctx context.Context) (longest time.Duration, err error) {
	text, err := g.inside(ctx, `n=$(wc -l </run/wrote); until [ $(wc -l </run/wrote) -gt $((n+30)) ]; do sleep 0.1; done; cat /run/wrote; tail -n 1 /run/wrote >/run/last; cat /run/last >/run/wrote`)
	if err != nil {
		return 0, err
	}
	before := 0.0
	for line := range strings.Lines(text) {
		now, err := strconv.ParseFloat(strings.TrimSpace(line), 64)
		if err != nil {
			continue // a line that was being written
		}
		if before > 0 {
			longest = max(longest, time.Duration((now-before)*float64(time.Second)))
		}
		before = now
	}
	return longest, nil
}

// removal removes the snapshot again, when the guest has written.
func (g *snapshotGuest) removal(ctx context.Context) (time.Duration, error) {
	if _, err := g.inside(ctx, fmt.Sprintf(fills, merged)); err != nil {
		return 0, err
	}
	took, _, err := g.e.timed(ctx, http.MethodDelete, "/api/vms/"+g.id+"/snapshots/"+g.snapshot+";async=false", "")
	return took, err
}

// blockCommit does the same by hand, behind the engine's back.
func (g *snapshotGuest) blockCommit(ctx context.Context) (time.Duration, error) {
	overlay := filepath.Join(g.folder, "overlay-"+uuid.NewString())
	if _, err := g.virsh(ctx, "snapshot-create-as", g.id, "--disk-only", "--no-metadata", "--atomic", "--diskspec", "vda,file="+overlay); err != nil {
		return 0, err
	}
	if _, err := g.inside(ctx, fmt.Sprintf(fills, merged)); err != nil {
		return 0, err
	}
	began := time.Now()
	_, err := g.virsh(ctx, "blockcommit", g.id, "vda", "--active", "--pivot", "--wait")
	return time.Since(began), err
}

func (g *snapshotGuest) virsh(ctx context.Context, arguments ...string) (string, error) {
	output, err := exec.CommandContext(ctx, "virsh", append([]string{"--connect", g.h.uri, "--quiet"}, arguments...)...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("virsh %s: %w: %s", arguments[0], err, output)
	}
	return string(output), nil
}

// inside runs a shell command in the guest and gives its output.
func (g *snapshotGuest) inside(ctx context.Context, line string) (string, error) {
	agent := func(command string, arguments, into any) error {
		request, err := json.Marshal(map[string]any{"execute": command, "arguments": arguments})
		if err != nil {
			return err
		}
		output, err := g.virsh(ctx, "qemu-agent-command", "--timeout", "60", g.id, string(request))
		if err != nil {
			return err
		}
		return json.Unmarshal([]byte(output), &struct{ Return any }{into})
	}
	var started struct{ PID int }
	if err := agent("guest-exec", map[string]any{"path": "/bin/sh", "arg": []string{"-c", line}, "capture-output": true}, &started); err != nil {
		return "", err
	}
	for {
		var status struct {
			Exited   bool
			ExitCode int
			OutData  string `json:"out-data"`
		}
		if err := agent("guest-exec-status", map[string]any{"pid": started.PID}, &status); err != nil {
			return "", err
		}
		if !status.Exited {
			continue
		}
		output, err := base64.StdEncoding.DecodeString(status.OutData)
		if err == nil && status.ExitCode != 0 {
			err = fmt.Errorf("in the guest %q ended with %d: %s", line, status.ExitCode, output)
		}
		return string(output), err
	}
}
