package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// traveller is a guest that goes from one host to the other and back.
type traveller struct {
	hosts []*farmHost
	at    int
	guest uuid.UUID
	// disk is the file that it counts in.
	disk string
	move func(ctx context.Context, from, to *farmHost) error

	totals, pauses times
}

// measureMigration compares migrations through the API with those of virsh, of guests
// that are the same, between the same hosts: how long they take, and for how long the
// guest stands still. Then ten at once.
func measureMigration(ctx context.Context, s *settings, out *report) (err error) {
	if s.guest == "" {
		return errors.New("-guest names no folder")
	}
	all, err := openFarm(ctx, s, 2)
	defer all.close()
	if err != nil {
		return err
	}
	e, err := startEngine(ctx, s, filepath.Join(s.folder, "migration"), nil, "--local-host", all.hosts[0].address, "--allow-insecure-hosts")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.stop()) }()
	id, err := prepareMigration(ctx, s, e, all)
	if err != nil {
		return err
	}
	ours := &traveller{hosts: all.hosts, guest: uuid.MustParse(id), move: func(ctx context.Context, _, to *farmHost) error {
		return e.migrate(ctx, id, to)
	}}
	theirs := &traveller{hosts: all.hosts, guest: uuid.New()}
	theirs.move = func(ctx context.Context, from, to *farmHost) error { return from.migrate(ctx, theirs.guest, to) }
	if err := addDisks(ctx, s, e, ours, theirs); err != nil {
		return err
	}
	mishaps, err := travelInTurns(ctx, s, e, ours, theirs)
	if err != nil {
		return err
	}
	if mishaps > 0 {
		out.machine = append(out.machine, fact{"guests that stood still after a migration, whoever's, and were started anew", fmt.Sprint(mishaps)})
	}
	out.ratio("`POST migrate` / `virsh migrate --live --p2p --auto-converge`, of a guest of 128 MiB, both without a limit of bandwidth", ours.totals.over(theirs.totals), ours.totals.middle(), theirs.totals.middle(), 1.1)
	out.ratio("for how long the guest stands still then, seen from what it writes to a disk / under virsh, which leaves QEMU's 300 ms as they are", ours.pauses.over(theirs.pauses), ours.pauses.middle(), theirs.pauses.middle(), 1.1)
	if err := post(ctx, e, id, "stop"); err != nil {
		return err
	}
	theirs.hosts[theirs.at].remove(theirs.guest)
	return measureMany(ctx, s, e, all, out)
}

// prepareMigration adds the second host, lifts the limits and makes a VM with a disk.
func prepareMigration(ctx context.Context, s *settings, e *engine, all *farm) (string, error) {
	for _, option := range []string{"MigrationBandwidth 0", "GuestAgentStartupTimeout 1s", "MaxConcurrentOutgoingMigrations 10", "MaxConcurrentIncomingMigrations 10"} {
		if err := command(ctx, s.binary, append(append([]string{"config", "set"}, strings.Fields(option)...), "--data-dir", e.dataDir)...); err != nil {
			return "", err
		}
	}
	if _, err := e.ask(ctx, http.MethodPost, "/api/hosts", `<host><name>other</name><address>`+all.hosts[1].address+`</address><cluster><name>Default</name></cluster></host>`); err != nil {
		return "", err
	}
	if err := e.waitFor(ctx, "/api/hosts?search=name%3Dother", "<state>up</state>"); err != nil {
		return "", err
	}
	id, err := prepare(ctx, s, e, "")
	if err != nil {
		return "", err
	}
	return id, bringInside(ctx, s, filepath.Join(e.dataDir, "iso", "initrd-guest.img"))
}

// mostMishaps is how often guests that stand still are started anew.
const mostMishaps = 3

// travelInTurns has both guests go to and fro. A first pair does not count.
func travelInTurns(ctx context.Context, s *settings, e *engine, ours, theirs *traveller) (mishaps int, err error) {
	both := []*traveller{ours, theirs}
	if err := start(ctx, s, e, ours, theirs); err != nil {
		return 0, err
	}
	warm := false
	for round := 0; len(ours.totals) < s.pairs || len(theirs.totals) < s.pairs; round++ {
		err := errors.Join(both[round%2].travel(ctx), both[1-round%2].travel(ctx))
		switch {
		case errors.Is(err, errStands) && mishaps < mostMishaps:
			mishaps++
			pairs := min(len(ours.pauses), len(theirs.pauses))
			for _, each := range both {
				each.totals, each.pauses, each.at = each.totals[:pairs], each.pauses[:pairs], 0
			}
			if err := post(ctx, e, ours.guest.String(), "stop"); err != nil {
				return mishaps, err
			}
			for _, on := range theirs.hosts {
				on.remove(theirs.guest)
			}
			if err := start(ctx, s, e, ours, theirs); err != nil {
				return mishaps, err
			}
		case err != nil:
			return mishaps, err
		case !warm:
			warm = true
			for _, each := range both {
				each.totals, each.pauses = nil, nil
			}
		}
	}
	return mishaps, nil
}

// addDisks gives each guest a disk of its own to count on.
func addDisks(ctx context.Context, s *settings, e *engine, ours, theirs *traveller) error {
	id := ours.guest.String()
	answer, err := e.ask(ctx, http.MethodPost, "/api/vms/"+id+"/disks;async=false",
		`<disk><interface>virtio</interface><format>raw</format><sparse>true</sparse><provisioned_size>16777216</provisioned_size></disk>`)
	if err != nil {
		return err
	}
	if ours.disk, err = e.onlyVolume(string(rootID.FindSubmatch(answer)[1])); err != nil {
		return err
	}
	theirs.disk = filepath.Join(s.folder, "counting.raw")
	return copyFile(ours.disk, theirs.disk)
}

// start starts both guests on the first host, and has them count.
func start(ctx context.Context, s *settings, e *engine, ours, theirs *traveller) error {
	id := ours.guest.String()
	if err := e.startOn(ctx, id, "local"); err != nil {
		return err
	}
	definition, err := ours.hosts[0].definition(ours.guest)
	if err != nil {
		return fmt.Errorf("reading the guest's XML: %w", err)
	}
	definition = ownLabel.ReplaceAllString(strings.ReplaceAll(definition, ours.disk, theirs.disk), "")
	if err := ours.hosts[0].create(ctx, s, other(definition, id, theirs.guest, "bench-twin")); err != nil {
		return err
	}
	for _, each := range []*traveller{ours, theirs} {
		err := until(ctx, func() error {
			_, err := each.hosts[0].run(each.guest, "while ! [ -b /dev/vda ]; do sleep 1; done; exec "+inside+" count /dev/vda /run/stop")
			return err
		})
		if err != nil {
			return err
		}
		if err := each.counts(ctx); err != nil {
			return err
		}
	}
	return nil
}

// startOn starts a VM on a host.
func (e *engine) startOn(ctx context.Context, id, on string) error {
	_, err := e.ask(ctx, http.MethodPost, "/api/vms/"+id+"/start",
		`<action><async>false</async><vm><placement_policy><host><name>`+on+`</name></host></placement_policy></vm></action>`)
	return err
}

// migrate migrates a VM and returns when it is there.
func (e *engine) migrate(ctx context.Context, id string, to *farmHost) error {
	_, err := e.ask(ctx, http.MethodPost, "/api/vms/"+id+"/migrate", `<action><async>false</async><host><name>`+to.called()+`</name></host></action>`)
	return err
}

// called is what the engine calls a host.
func (m *farmHost) called() string {
	if strings.HasSuffix(m.port, "h0") {
		return "local"
	}
	return "other"
}

// create starts a guest that the engine does not know.
func (m *farmHost) create(ctx context.Context, s *settings, definition string) error {
	path := filepath.Join(s.folder, "guest.xml")
	if err := os.WriteFile(path, []byte(definition), 0o600); err != nil {
		return err
	}
	return m.virsh(ctx, "create", path)
}

// migrate is what virsh does.
func (m *farmHost) migrate(ctx context.Context, guest uuid.UUID, to *farmHost) error {
	return m.virsh(ctx, "migrate", "--live", "--p2p", "--auto-converge", "--unsafe", guest.String(), to.address)
}

// travel migrates the guest to the other host, and notes how long that took and for how
// long it did not count.
func (t *traveller) travel(ctx context.Context) error {
	watched, stop := context.WithCancel(ctx)
	defer stop()
	pause := make(chan time.Duration, 1)
	go func() { pause <- t.watch(watched) }()
	from, to := t.hosts[t.at], t.hosts[1-t.at]
	began := time.Now()
	if err := t.move(ctx, from, to); err != nil {
		return err
	}
	total := time.Since(began)
	t.at = 1 - t.at
	if err := t.counts(ctx); err != nil {
		return err
	}
	stop()
	t.totals, t.pauses = append(t.totals, total), append(t.pauses, <-pause)
	return nil
}

var errStands = errors.New("the guest does not count")

// counts waits until the guest is seen to count.
func (t *traveller) counts(ctx context.Context) error {
	before, err := t.count()
	if err != nil {
		return err
	}
	return until(ctx, func() error {
		now, err := t.count()
		if err == nil && slices.Equal(now, before) {
			err = errStands
		}
		return err
	})
}

// count is what the guest has written last.
func (t *traveller) count() ([]byte, error) {
	file, err := os.Open(t.disk)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	number := make([]byte, 8)
	_, err = file.ReadAt(number, 0)
	return number, err
}

// watch gives the longest time for which the guest did not count.
func (t *traveller) watch(ctx context.Context) (longest time.Duration) {
	last, since := []byte(nil), time.Now()
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for {
		if now, err := t.count(); err == nil && !slices.Equal(now, last) {
			if last != nil {
				longest = max(longest, time.Since(since))
			}
			last, since = now, time.Now()
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return longest
		}
	}
}
