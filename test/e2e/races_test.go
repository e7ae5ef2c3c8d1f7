package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"vireo/internal/host"
	"vireo/internal/host/libvirt"
	"vireo/internal/model"
)

// TestCancelRaces gives up a hundred migrations between two libvirts, at moments that are
// spread over all of a migration: each time the VM is where it was, as if nothing had
// happened, or where it was to go, and the other host keeps nothing of it.
func TestCancelRaces(t *testing.T) {
	t.Parallel()
	rounds := 10 // of one at each moment
	if soak {
		rounds = 100
	}
	y := farm(t, 2)
	e := y.engine(t, map[string]string{"GuestAgentStartupTimeout": "1s", "MigrationBandwidth": "24"})
	r := newRace(t, y, e)
	for range rounds {
		for _, m := range moments {
			r.run(t, m)
			if t.Failed() {
				t.Fatalf("when %s", m.name)
			}
		}
	}
	t.Logf("by moment: %v, met %v", r.outcomes, r.met)
	for _, m := range moments[:7] { // the others are too short to be met each time
		if r.met[m.name] == 0 {
			t.Errorf("it was never so that %s", m.name)
		}
	}
	if all := fmt.Sprint(r.outcomes); !strings.Contains(all, "cancelled") || !strings.Contains(all, "done") {
		t.Error("it was no race")
	}
	r.vm.act(t, "stop")
	r.vm.await(t, "down")
	for _, h := range y.hosts {
		r.free(t, h)
	}
}

// race is a VM whose migrations are cancelled, and what its hosts have when they have
// nothing of it.
type race struct {
	vm       *vm
	from, to *farmHost
	eyes     map[*farmHost]host.Host
	ports    map[*farmHost][]string
	memory   map[*farmHost]string
	outcomes map[string]map[string]int
	// met counts how often a moment has come before the migration was over.
	met map[string]int
}

// moment is one to cancel at. It is told by how far the hosts say that the migration is;
// one that has ended is past every moment.
type moment struct {
	name string
	now  func(r *race, t *testing.T) bool
}

// moments are spread over a migration, from its acceptance to after its end.
var moments = []moment{
	{"it has been accepted", func(*race, *testing.T) bool { return true }},
	{"the destination has its seeds", func(r *race, t *testing.T) bool { return len(r.to.seeds(t, r.vm.id)) > 0 }},
	{"the destination waits for it", func(r *race, _ *testing.T) bool { return r.guest(r.to).State == host.Paused }},
	{"a tenth is there", carried(10)},
	{"a third is there", carried(33)},
	{"a half is there", carried(50)},
	{"three quarters are there", carried(75)},
	{"nearly all is there", carried(95)},
	{"the source stands still", func(r *race, _ *testing.T) bool { return r.guest(r.from).State != host.Running }},
	{"the destination runs", func(r *race, _ *testing.T) bool { return r.guest(r.to).State == host.Running }},
}

// carried says whether so much of the memory, in percent, has been dealt with.
func carried(percent int64) func(*race, *testing.T) bool {
	return func(r *race, _ *testing.T) bool {
		progress, err := r.progress()
		return err == nil && progress.Total > 0 && (progress.Total-progress.Left)*100 >= percent*progress.Total
	}
}

func newRace(t *testing.T, y *yard, e *engine) *race {
	t.Helper()
	r := &race{
		vm: e.tiny(t, cdPayload), from: y.hosts[0], to: y.hosts[1], eyes: make(map[*farmHost]host.Host),
		ports: make(map[*farmHost][]string), memory: make(map[*farmHost]string), outcomes: make(map[string]map[string]int), met: make(map[string]int),
	}
	for _, h := range y.hosts {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		eye, err := libvirt.Driver{AllowInsecure: true}.Connect(ctx, h.address)
		need(t, err)
		t.Cleanup(func() { _ = eye.Close() })
		r.eyes[h], r.ports[h], r.memory[h] = eye, h.listeners(t), r.room(t, h)
	}
	r.vm.act(t, "start", onHost("<host><name>local</name></host>"))
	r.vm.await(t, "up")
	return r
}

// guest is what a host says of the VM's guest; the zero value where it has none.
func (r *race) guest(on *farmHost) host.Guest {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	guest, _ := r.eyes[on].Guest(ctx, model.ID(r.vm.id))
	return guest
}

// room is how much memory the engine would give to VMs on a host.
func (r *race) room(t *testing.T, h *farmHost) string {
	t.Helper()
	return r.vm.e.call(t, "GET", "/hosts/"+h.engineID, "").body.text("max_scheduling_memory")
}

// listeners are the TCP ports that are open on the host.
func (h *farmHost) listeners(t *testing.T) []string {
	t.Helper()
	var ports []string
	for line := range strings.Lines(h.output(t, "ss", "--no-header", "--listening", "--tcp", "--numeric")) {
		ports = append(ports, strings.Fields(line)[3])
	}
	slices.Sort(ports)
	return ports
}

// run has the VM migrate, cancels that at a moment, and wants one of the two whole
// outcomes.
func (r *race) run(t *testing.T, m moment) {
	t.Helper()
	e, before := r.vm.e, len(r.vm.events(t))
	qemu, counted := r.vm.running(t), r.from.ticks(t, r.vm.id)
	r.vm.act(t, "migrate", `<host id="`+r.to.engineID+`"/>`)
	if now := r.room(t, r.to); now == r.memory[r.to] && r.vm.status(t) == "migrating" {
		t.Error("its memory is not kept free at the destination")
	}
	for deadline := time.Now().Add(patience); !r.over(); {
		if m.now(r, t) {
			r.met[m.name]++
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the moment has not come: source %+v, destination %+v", r.guest(r.from), r.guest(r.to))
		}
	}
	said := e.ask(t, "POST", r.vm.path()+"/cancelmigration", "<action/>")
	r.vm.await(t, "up")
	outcome, codes := "cancelled", r.vm.events(t)[before:]
	if said.code != 200 {
		outcome = "done"
	}
	if r.outcomes[m.name] == nil {
		r.outcomes[m.name] = make(map[string]int)
	}
	r.outcomes[m.name][outcome]++
	slices.Sort(codes) // that it came too late is told at the same time
	at := r.vm.get(t).at("host").attr("id")
	now := r.vm.running(t)
	if outcome == "cancelled" {
		if at != r.from.engineID || now != qemu || !slices.Equal(codes, []string{"161", "62"}) {
			t.Errorf("it was cancelled, and is on host %s in process %d, was in %d, with the events %v", at, now, qemu, codes)
		}
	} else {
		// It came too late, or found no migration any more.
		want := map[int][]string{400: {"162", "62", "63"}, 409: {"62", "63"}}[said.code]
		if at != r.to.engineID || now == qemu || !slices.Equal(codes, want) {
			t.Errorf("cancelling was answered %d; it is on host %s in process %d, was in %d, with the events %v", said.code, at, now, qemu, codes)
		}
		r.from, r.to = r.to, r.from
	}
	r.free(t, r.to)
	if held := len(r.from.listeners(t)) - len(r.ports[r.from]); held != 1 {
		t.Errorf("its host has the ports %v, and %v without it", r.from.listeners(t), r.ports[r.from])
	}
	if seeds := r.from.seeds(t, r.vm.id); len(seeds) != 1 {
		t.Errorf("its host has the seeds %v", seeds)
	}
	eventually(t, "it to count on", func() (bool, string) {
		count := r.from.ticks(t, r.vm.id)
		return count > counted, fmt.Sprintf("it had counted to %d and is at %d", counted, count)
	})
}

// over says whether the guest is on one host only and does not leave it.
func (r *race) over() bool {
	progress, err := r.progress()
	return err != nil || progress.State == host.Migrated
}

// progress is how far the source says that the migration is.
func (r *race) progress() (host.MigrationProgress, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return r.eyes[r.from].FollowMigration(ctx, model.ID(r.vm.id), 0)
}

// free wants a host to have no domain of the VM, nor its seeds, no port and no memory that
// is kept for it.
func (r *race) free(t *testing.T, h *farmHost) {
	t.Helper()
	h.clean(t, r.vm)
	if ports := h.listeners(t); !slices.Equal(ports, r.ports[h]) {
		t.Errorf("%s has the ports %v, before %v", h.name, ports, r.ports[h])
	}
	if room := r.room(t, h); room != r.memory[h] {
		t.Errorf("%s gives %s bytes to VMs, before %s", h.name, room, r.memory[h])
	}
}
