package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"vireo/internal/ovf"
)

// ova runs a command of VMs and OVA files as its user does.
func (e *engine) ova(t *testing.T, arguments ...string) (string, error) {
	t.Helper()
	secret := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(secret, []byte(password), 0o600); err != nil {
		t.Fatal(err)
	}
	at := strings.TrimSuffix(e.url, "/api") + "/ovirt-engine/api"
	output, err := e.tool(append(arguments, "--url", at, "--user", login, "--password-file", secret)...)
	return strings.TrimSpace(output), err
}

// ovaOf is the id of a VM that is made of an OVA file.
func (e *engine) ovaOf(t *testing.T, arguments ...string) *vm {
	t.Helper()
	id, err := e.ova(t, append([]string{"vm", "import"}, arguments...)...)
	if err != nil || len(id) != 36 {
		t.Fatalf("the import said %s: %v", id, err)
	}
	v := &vm{e: e, id: id, name: e.call(t, "GET", "/vms/"+id, "").body.text("name")}
	v.await(t, "down")
	return v
}

// disksOf are the ids of the disks of a VM, in their order.
func (v *vm) disksOf(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, disk := range v.e.call(t, "GET", v.path()+"/disks", "").body.all("disk") {
		all = append(all, disk.attr("id"))
	}
	return all
}

// keeps wants both disks of a guest to hold what was written to them.
func (v *vm) keeps(t *testing.T) {
	t.Helper()
	v.up(t)
	wait := "set -e; while ! grep -q /mnt/vdb /proc/mounts || ! grep -q /mnt/vda /proc/mounts; do sleep 1; done; "
	if said := v.inside(t, wait+"cat /mnt/vda/one /mnt/vdb/two | tr '\\n' ' '"); strings.TrimSpace(said) != "first second" {
		t.Errorf("%s holds %q", v.name, said)
	}
	v.act(t, "stop")
	v.await(t, "down")
}

// TestOVA: a guest with two disks, one of which stands on a snapshot, goes out to an OVA
// file and comes back as a clone and as itself; its disks hold the same, and it boots and
// finds what it had written. Whenever the engine dies, the file is whole or not there.
func TestOVA(t *testing.T) {
	t.Parallel()
	e := newEngine(t, system, nil)
	v := e.create(t, "vireo.format")
	v.addDiskOf(t, "raw", "67108864")
	v.addDiskOf(t, "cow", "33554432")
	v.up(t)
	v.inside(t, "set -e; while ! grep -q /mnt/vdb /proc/mounts || ! grep -q /mnt/vda /proc/mounts; do sleep 1; done; echo first >/mnt/vda/one; sync")
	v.act(t, "stop")
	v.await(t, "down")
	s := &snapshots{v: v, disk: v.disksOf(t)[0]}
	taken := s.take(t, "between", "")
	v.up(t)
	v.inside(t, "set -e; while ! grep -q /mnt/vdb /proc/mounts || ! grep -q /mnt/vda /proc/mounts; do sleep 1; done; echo second >/mnt/vdb/two; sync")
	if said, err := e.ova(t, "vm", "export", v.name, "x.ova"); err == nil || !strings.Contains(said, "is not down") {
		t.Errorf("a running VM: %s (%v)", said, err)
	}
	v.act(t, "stop")
	v.await(t, "down")
	disks := v.disksOf(t)

	begun := time.Now()
	if said, err := e.ova(t, "vm", "export", v.name, "guest.ova"); err != nil {
		t.Fatalf("the export said %s: %v", said, err)
	}
	t.Logf("the export took %v", time.Since(begun).Round(time.Millisecond))
	path := filepath.Join(e.dataDir, "ova", "guest.ova")
	e.plainArchive(t, path, v.id)
	v.told(t, "1223", "1224")
	if said, err := e.ova(t, "vm", "import", path); err == nil || !strings.Contains(said, "same identifier") {
		t.Errorf("an import of what is there: %s (%v)", said, err)
	}

	clone := e.ovaOf(t, path, "--clone", "--name", e.names+"clone")
	copies := clone.disksOf(t)
	if clone.id == v.id || len(copies) != 2 || slices.ContainsFunc(copies, func(d string) bool { return slices.Contains(disks, d) }) {
		t.Errorf("the clone is %s with the disks %v", clone.id, copies)
	}
	for i := range disks {
		first, second := e.chain(t, disks[i]), e.chain(t, copies[i])
		output, err := exec.Command("qemu-img", "compare", "-U", first[len(first)-1], second[len(second)-1]).CombinedOutput()
		if err != nil || len(second) != 1 {
			t.Errorf("%v and %v: %v: %s", first, second, err, output)
		}
	}
	clone.told(t, "1165", "1152")
	clone.keeps(t)

	t.Run("the engine dies", func(t *testing.T) { clone.diesPacking(t, path) })

	s.remove(t, taken)
	e.call(t, "DELETE", v.path(), "")
	v.await404(t)
	back := e.ovaOf(t, "guest.ova")
	if now := back.disksOf(t); back.id != v.id || back.name != v.name || !slices.Equal(now, disks) {
		t.Errorf("it came back as %s, %s, with the disks %v", back.id, back.name, now)
	}
	back.keeps(t)
}

func (v *vm) await404(t *testing.T) {
	t.Helper()
	eventually(t, v.name+" to be gone", func() (bool, string) {
		said := v.e.ask(t, "GET", v.path(), "")
		return said.code == 404, fmt.Sprint("it is answered ", said.code)
	})
}

// plainArchive lets tar list the file, qemu-img check what tar takes out of it, and reads
// its text.
func (e *engine) plainArchive(t *testing.T, path, id string) {
	t.Helper()
	listed := strings.Fields(command(t, "tar", "-tf", path))
	if len(listed) != 3 || listed[0] != "vm.ovf" {
		t.Fatalf("tar lists %v", listed)
	}
	folder := t.TempDir()
	command(t, "tar", "-xf", path, "-C", folder)
	for _, name := range listed[1:] {
		command(t, "qemu-img", "check", "-q", "-f", "qcow2", filepath.Join(folder, name))
	}
	text, err := os.Open(filepath.Join(folder, "vm.ovf"))
	if err != nil {
		t.Fatal(err)
	}
	defer text.Close()
	d, err := ovf.ReadArchived(text)
	if err != nil || string(d.ID()) != id || len(d.Images) != 2 || d.Images[0].File != listed[1] {
		t.Errorf("the text says %+v (%v)", d, err)
	}
	if output, err := exec.Command("xmllint", "--noout", filepath.Join(folder, "vm.ovf")).CombinedOutput(); err != nil {
		t.Errorf("xmllint: %v: %s", err, output)
	}
}

// diesPacking kills the engine at each step of an export to a file and of an import from
// one: with the next engine both are done, and nothing else is left.
func (v *vm) diesPacking(t *testing.T, path string) {
	e := v.e
	for i, point := range []string{"pack/measure", "pack/write", "pack/write/done", "pack/publish", "pack/publish/done"} {
		e.stop(t)
		e.start(t, "VIREO_CRASH_AT="+point)
		e.awaitHost(t, "up")
		_, _ = e.ova(t, "vm", "export", v.name, fmt.Sprintf("dies%d.ova", i))
		e.awaitEnd(t)
		e.start(t)
		v.await(t, "down")
		e.plainArchive(t, filepath.Join(filepath.Dir(path), fmt.Sprintf("dies%d.ova", i)), v.id)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(left) > 0 {
		t.Errorf("the exports have left %v", left)
	}
	for i, point := range []string{"unpack/verify", "unpack/copy", "unpack/copy/done", "unpack/measure", "unpack/measure/done"} {
		e.stop(t)
		e.start(t, "VIREO_CRASH_AT="+point)
		e.awaitHost(t, "up")
		name := fmt.Sprintf("%sdies%d", e.names, i)
		_, _ = e.ova(t, "vm", "import", path, "--clone", "--name", name)
		e.awaitEnd(t)
		e.start(t)
		found := e.call(t, "GET", "/vms?search=name%3D"+name, "").body.all("vm")
		if len(found) != 1 {
			t.Fatalf("after %s there are %d VMs", point, len(found))
		}
		made := &vm{e: e, id: found[0].attr("id"), name: name}
		made.await(t, "down")
		if len(made.disksOf(t)) != 2 {
			t.Errorf("after %s it has other disks", point)
		}
		e.call(t, "DELETE", made.path(), "")
		made.await404(t)
	}
}
