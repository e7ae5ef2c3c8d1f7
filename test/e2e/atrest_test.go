package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// atRest is a VM that is down, with a disk that holds something, and another storage
// domain. The engine dies at the steps of all work that can be done with it.
type atRest struct {
	e    *engine
	v    *vm
	disk string
	// was is a copy of what the disk holds, as raw bytes.
	was string
	s   *snapshots
	// more is a storage domain that comes and goes.
	more *domain
	// target is what the next work is done to, where that is something new each time.
	target string
}

// restWork is work that the engine dies in. ready makes what it needs, ask asks for it,
// and over takes away what there may be of it; nothing more may be asked for in between.
type restWork struct {
	name  string
	steps []string
	ready func(t *testing.T, r *atRest)
	ask   func(t *testing.T, r *atRest) (method, path, body string)
	over  func(t *testing.T, r *atRest)
}

// TestWorkAtRestDies kills the engine at the steps of everything that works on storage
// without a guest, and lets the next one go on: each work is done or undone, nothing is
// locked or left over, and the disk holds what it held.
func TestWorkAtRestDies(t *testing.T) {
	t.Parallel()
	r := newAtRest(t)
	for _, work := range restWorks {
		for _, step := range work.steps {
			for _, point := range []string{step, step + "/done"} {
				if !t.Run(work.name+" at "+point, func(t *testing.T) { r.dies(t, work, point) }) {
					return
				}
			}
		}
	}
}

func newAtRest(t *testing.T) *atRest {
	t.Helper()
	e := newEngine(t, system, nil)
	r := &atRest{e: e, v: e.create(t), was: filepath.Join(t.TempDir(), "was")}
	for _, name := range []string{"other", "more"} {
		need(t, os.Mkdir(filepath.Join(e.dataDir, "storage", name), 0o755))
	}
	e.storage(t, "other", "<type>localfs</type><path>"+filepath.Join(e.dataDir, "storage", "other")+"</path>").attach(t)
	r.disk = r.v.addDiskOf(t, "cow", "8388608")
	r.s = &snapshots{v: r.v, disk: r.disk}
	path := filepath.Join(e.group(t, r.disk), e.volume(t, r.disk))
	command(t, "qemu-io", "-f", "qcow2", "-c", "write -P 0x5a 1M 1M", "-c", "write -P 0xa5 5M 512k", path)
	command(t, "qemu-img", "convert", "-O", "raw", path, r.was)
	return r
}

// dies lets the engine die, and wants all to be whole afterwards.
func (r *atRest) dies(t *testing.T, work restWork, point string) {
	e := r.e
	if work.ready != nil {
		work.ready(t, r)
	}
	e.stop(t)
	e.start(t, "VIREO_CRASH_AT="+point)
	e.awaitHost(t, "up")
	method, path, body := work.ask(t, r)
	said, err := e.try(method, path, body)
	if err == nil && said.code >= 400 {
		t.Fatalf("%s %s was answered %d: %s", method, path, said.code, said.text)
	}
	e.awaitEnd(t)
	e.start(t)
	e.awaitHost(t, "up")
	r.whole(t)
	work.over(t, r)
	r.holds(t)
}

// whole waits until nothing goes on, and wants nothing to be locked, lost or left over.
func (r *atRest) whole(t *testing.T) {
	t.Helper()
	eventually(t, "the end of jobs", func() (bool, string) {
		for _, job := range r.e.call(t, "GET", "/jobs", "").body.all("job") {
			if job.text("status/state") == "STARTED" {
				return false, job.text("description") + " goes on"
			}
		}
		return true, ""
	})
	r.v.await(t, "down")
	for _, disk := range r.e.call(t, "GET", "/disks", "").body.all("disk") {
		if state := disk.text("status/state"); state != "ok" {
			t.Errorf("the disk %s is %s", disk.text("alias"), state)
		}
	}
	r.holds(t)
	r.e.storageIsWhole(t)
}

// holds wants the disk to hold what it held; it may have grown.
func (r *atRest) holds(t *testing.T) {
	t.Helper()
	path := filepath.Join(r.e.group(t, r.disk), r.e.volume(t, r.disk))
	if output, err := exec.Command("qemu-img", "compare", "-f", "raw", "-F", "qcow2", r.was, path).CombinedOutput(); err != nil {
		t.Errorf("the disk: %v: %s", err, output)
	}
}

// plain removes all disks and VMs but the one, and its snapshots.
func (r *atRest) plain(t *testing.T) {
	t.Helper()
	for _, id := range r.s.ids(t) {
		r.s.remove(t, id)
	}
	for _, id := range r.e.vmIDs(t) {
		if id != r.v.id {
			r.e.call(t, "DELETE", "/vms/"+id, "")
			(&vm{e: r.e, id: id}).await404(t)
		}
	}
	for _, disk := range r.e.call(t, "GET", "/disks", "").body.all("disk") {
		if id := disk.attr("id"); id != r.disk {
			r.e.call(t, "DELETE", "/disks/"+id, "")
		}
	}
	eventually(t, "the other disks to go", func() (bool, string) {
		text := r.e.call(t, "GET", "/disks", "").text
		return strings.Count(text, "<disk ") == 1, text
	})
}

// elsewhere is the domain that the disk is not in.
func (r *atRest) elsewhere(t *testing.T) string {
	t.Helper()
	return map[string]string{"other": "local-data", "local-data": "other"}[r.e.domainOf(t, r.disk)]
}

// clone makes a VM with a copy of the disk.
func (r *atRest) clone(t *testing.T) {
	t.Helper()
	before := r.e.vmIDs(t)
	r.v.act(t, "clone", "<vm><name>"+r.e.names+"clone</name></vm>")
	for _, id := range r.e.vmIDs(t) {
		if !slices.Contains(before, id) {
			r.target = id
		}
	}
	(&vm{e: r.e, id: r.target}).await(t, "down")
	r.v.await(t, "down")
}

// template makes one of the VM, and its disk with it.
func (r *atRest) template(t *testing.T) {
	t.Helper()
	r.target, _ = r.e.makeTemplate(t, r.v, "golden")
	r.v.await(t, "down")
}

// noTemplates removes those that there are.
func (r *atRest) noTemplates(t *testing.T) {
	t.Helper()
	const blank = "00000000-0000-0000-0000-000000000000"
	for _, template := range r.e.call(t, "GET", "/templates", "").body.all("template") {
		if id := template.attr("id"); id != blank {
			r.e.call(t, "DELETE", "/templates/"+id, "")
		}
	}
	eventually(t, "the templates to go", func() (bool, string) {
		text := r.e.call(t, "GET", "/templates", "").text
		return strings.Count(text, "<template ") == 1, text
	})
	r.plain(t)
}
