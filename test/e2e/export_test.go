package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"vireo/internal/model"
	"vireo/internal/ovf"
)

// TestExport: a guest with three snapshots goes out and comes back; its disks are equal
// block by block at every state, and it boots and finds what it had written.
func TestExport(t *testing.T) {
	t.Parallel()
	e := newEngine(t, system, nil)
	s := newSnapshots(t, e)
	for _, name := range []string{"b", "c", "d"} {
		s.v.act(t, "stop")
		s.v.await(t, "down")
		s.take(t, "before-"+name, "")
		s.v.up(t)
		s.write(t, name)
	}
	e.refused(t, 409, "POST", s.v.path()+"/export", "<action><storage_domain><name>local-export</name></storage_domain></action>")
	s.v.act(t, "stop")
	s.v.await(t, "down")
	followed := s.v.follow(t)
	said := s.v.export(t, "")
	passed(t, followed.end(), "image_locked", "down")
	if said.code != 202 || !said.body.has("job") {
		t.Errorf("an export was answered %d: %s", said.code, said.text)
	}
	d := e.exported(t, s.v.id)
	if len(d.Snapshots) != 3 || len(d.Disks) != 1 || len(d.Disks[0].Chain) != 3 {
		t.Fatalf("what was exported is %+v", d)
	}
	s.v.told(t, "1162", "1150")
	e.metadataIsSealed(t)

	t.Run("the same name", func(t *testing.T) {
		before := pictureOf(t, e.exportRoot(t))
		text := e.refused(t, 409, "POST", s.v.path()+"/export", exportTo).text
		if !strings.Contains(text, "VM with the same identifier already exists.") {
			t.Errorf("a second export was refused with %s", text)
		}
		if after := pictureOf(t, e.exportRoot(t)); after != before {
			t.Errorf("a refused export has changed the domain from\n%s\nto\n%s", before, after)
		}
		// As the specification prints it (example 15.57), but for the name of the domain.
		s.v.export(t, "<exclusive>true</exclusive><discard_snapshots>true</discard_snapshots>")
		d := e.exported(t, s.v.id)
		if len(d.Snapshots) != 0 || len(d.Disks[0].Chain) != 0 {
			t.Errorf("what was exported is %+v", d)
		}
		alone := filepath.Join(e.exportRoot(t), "images", s.disk, string(d.Disks[0].Volume))
		command(t, "qemu-img", "compare", alone, filepath.Join(e.group(t, s.disk), e.volume(t, s.disk)))
		s.v.export(t, "<exclusive>true</exclusive>")
	})
	clone := e.imported(t, s.v.id, "<clone>true</clone><vm><name>"+e.names+"clone</name></vm>")
	copied := clone.onlyDisk(t)
	e.sameStates(t, s.v.id, s.disk, copied)
	if listed := (&snapshots{v: clone}).listed(t); !strings.Contains(listed, "before-b before-c before-d") {
		t.Errorf("the snapshots of the clone are %s", listed)
	}
	clone.up(t)
	(&snapshots{v: clone, disk: copied}).has(t, "a b c d")
	clone.act(t, "stop")
	clone.await(t, "down")

	collapsed := e.imported(t, s.v.id, "<clone>true</clone><vm><name>"+e.names+"collapsed</name><snapshots><collapse_snapshots>true</collapse_snapshots></snapshots></vm>")
	command(t, "qemu-img", "compare", filepath.Join(e.group(t, s.disk), e.volume(t, s.disk)),
		filepath.Join(e.group(t, collapsed.onlyDisk(t)), e.volume(t, collapsed.onlyDisk(t))))
	if chain := e.volumes(t, collapsed.onlyDisk(t)); len(chain) != 1 {
		t.Errorf("the collapsed disk has the volumes %v", chain)
	}

	t.Run("the engine dies", func(t *testing.T) { s.diesExporting(t) })
	t.Run("it comes back as itself", func(t *testing.T) { s.comesBack(t) })
	e.call(t, "DELETE", "/storagedomains/"+e.domainID(t, "local-export")+"/vms/"+s.v.id, "")
	if left, _ := filepath.Glob(filepath.Join(e.exportRoot(t), "images", "*")); len(left) > 0 {
		t.Errorf("the removal has left %v", left)
	}
}

// comesBack removes the VM, imports it with its own ids, and boots it.
func (s *snapshots) comesBack(t *testing.T) {
	e := s.v.e
	was := filepath.Join(t.TempDir(), "was")
	command(t, "qemu-img", "convert", "-O", "raw", filepath.Join(e.group(t, s.disk), e.volume(t, s.disk)), was)
	e.call(t, "DELETE", s.v.path(), "")
	s.v.await404(t)
	back := e.imported(t, s.v.id, "")
	if disk := back.onlyDisk(t); back.id != s.v.id || back.name != s.v.name || disk != s.disk {
		t.Fatalf("it came back as %s, %s, with the disk %s", back.id, back.name, disk)
	}
	if listed := s.listed(t); !strings.Contains(listed, "before-b before-c before-d") {
		t.Errorf("its snapshots are %s", listed)
	}
	command(t, "qemu-img", "compare", "-f", "raw", was, filepath.Join(e.group(t, s.disk), e.volume(t, s.disk)))
	s.v.up(t)
	s.has(t, "a b c d")
	s.v.act(t, "stop")
	s.v.await(t, "down")
}

// pictureOf is the name and the sum of every file of a folder.
func pictureOf(t *testing.T, folder string) string {
	t.Helper()
	return command(t, "sh", "-c", `cd "$1" && find . -type f | sort | xargs -d '\n' sha256sum`, "sh", folder)
}

const exportTo = "<action><storage_domain><name>local-export</name></storage_domain></action>"

// export exports the VM and waits until that is done.
func (v *vm) export(t *testing.T, more string) answer {
	t.Helper()
	said := v.e.call(t, "POST", v.path()+"/export", "<action><storage_domain><name>local-export</name></storage_domain>"+more+"</action>")
	v.e.awaitAction(t, said)
	v.await(t, "down")
	return said
}

// awaitAction waits until an action is complete.
func (e *engine) awaitAction(t *testing.T, said answer) {
	t.Helper()
	at := strings.TrimPrefix(said.body.attr("href"), "/api")
	eventually(t, "the action to be complete", func() (bool, string) {
		now := e.call(t, "GET", at, "")
		state := now.body.text("status/state")
		if state == "failed" {
			t.Fatalf("the action has failed: %s", now.text)
		}
		return state == "complete", "it is " + state
	})
}

// imported imports a VM of the export domain and waits until it is there.
func (e *engine) imported(t *testing.T, id, more string) *vm {
	t.Helper()
	before := e.vmIDs(t)
	said := e.call(t, "POST", "/storagedomains/"+e.domainID(t, "local-export")+"/vms/"+id+"/import",
		"<action><cluster><name>Default</name></cluster><storage_domain><name>local-data</name></storage_domain>"+more+"</action>")
	e.awaitAction(t, said)
	for _, now := range e.vmIDs(t) {
		if !slices.Contains(before, now) {
			v := &vm{e: e, id: now, name: e.call(t, "GET", "/vms/"+now, "").body.text("name")}
			v.await(t, "down")
			return v
		}
	}
	t.Fatalf("nothing was imported: %s", said.text)
	return nil
}

func (e *engine) vmIDs(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, one := range e.call(t, "GET", "/vms", "").body.all("vm") {
		all = append(all, one.attr("id"))
	}
	return all
}

func (e *engine) domainID(t *testing.T, name string) string {
	t.Helper()
	return e.call(t, "GET", "/storagedomains?search=name%3D"+name, "").body.at("storage_domain").attr("id")
}

// exportRoot is the directory of the export domain itself, rootOf that of any.
func (e *engine) exportRoot(t *testing.T) string { t.Helper(); return e.rootOf(t, "local-export") }

func (e *engine) rootOf(t *testing.T, name string) string {
	t.Helper()
	return filepath.Join(e.dataDir, "storage", name, e.domainID(t, name))
}

// exported reads what was exported of a VM, after listing it.
func (e *engine) exported(t *testing.T, id string) *ovf.Document {
	t.Helper()
	at := "/storagedomains/" + e.domainID(t, "local-export") + "/vms"
	if listed := e.call(t, "GET", at, "").body.all("vm"); len(listed) != 1 || listed[0].attr("id") != id {
		t.Fatalf("the export domain lists %v", listed)
	}
	if disks := e.call(t, "GET", at+"/"+id+"/disks", "").body.all("disk"); len(disks) == 0 {
		t.Error("the exported VM has no disks")
	}
	text, err := os.ReadFile(filepath.Join(e.exportRoot(t), "master", "vms", id, id+".ovf"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := ovf.Read(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return d
}

// onlyDisk is the id of the VM's one disk.
func (v *vm) onlyDisk(t *testing.T) string {
	t.Helper()
	found := v.e.call(t, "GET", v.path()+"/disks", "").body.all("disk")
	if len(found) != 1 {
		t.Fatalf("%s has %d disks", v.name, len(found))
	}
	return found[0].attr("id")
}

// sameStates compares the volumes of a disk, of what was exported of it and of what was
// imported from that: each state holds the same, with the same blocks allocated.
func (e *engine) sameStates(t *testing.T, vm, was, copied string) {
	t.Helper()
	d := e.exported(t, vm)
	first, second := e.chain(t, was), e.chain(t, copied)
	var between []string
	for _, volume := range append(slices.Clone(d.Disks[0].Chain), model.Volume{ID: d.Disks[0].Volume}) {
		between = append(between, filepath.Join(e.exportRoot(t), "images", was, string(volume.ID)))
	}
	if len(first) != 4 || len(second) != 4 || len(between) != 4 {
		t.Fatalf("the chains are %v, %v and %v", first, between, second)
	}
	for i := range first {
		for _, other := range []string{between[i], second[i]} {
			output, err := exec.Command("qemu-img", "compare", "-U", "-s", first[i], other).CombinedOutput()
			if err != nil {
				t.Errorf("%s and %s: %v: %s", first[i], other, err, output)
			}
		}
	}
}

// chain are the files of a disk's volumes, the base first.
func (e *engine) chain(t *testing.T, disk string) []string {
	t.Helper()
	var out []string
	for at := e.volume(t, disk); at != ""; {
		path := filepath.Join(e.rootOf(t, "local-data"), "images", disk, at)
		out = append([]string{path}, out...)
		output, err := exec.Command("qemu-img", "info", "-U", path).CombinedOutput()
		if err != nil {
			t.Fatalf("disk %s: %v: %s", disk, err, output)
		}
		at = ""
		for line := range strings.Lines(string(output)) {
			if name, ok := strings.CutPrefix(strings.TrimSpace(line), "backing file: "); ok {
				at, _, _ = strings.Cut(name, " ")
			}
		}
	}
	return out
}

// diesExporting kills the engine at each step of an export that replaces one; afterwards
// it is done, and nothing is left of the other.
func (s *snapshots) diesExporting(t *testing.T) {
	e := s.v.e
	for _, point := range []string{"copy/copy", "copy/copy/done", "copy/publish", "copy/publish/done", "copy/clean"} {
		e.stop(t)
		e.start(t, "VIREO_CRASH_AT="+point)
		e.awaitHost(t, "up")
		_, _ = e.try("POST", s.v.path()+"/export", strings.Replace(exportTo, "</action>", "<exclusive>true</exclusive></action>", 1))
		e.awaitEnd(t)
		e.start(t)
		s.v.await(t, "down")
		d := e.exported(t, s.v.id)
		files, _ := filepath.Glob(filepath.Join(e.exportRoot(t), "images", "*", "*"))
		if want := 2 * (len(d.Disks[0].Chain) + 1); len(files) != want {
			t.Errorf("after %s there are %d files and not %d: %v", point, len(files), want, files)
		}
	}
}

// metadataIsSealed computes the checksum of the export domain's metadata once more.
func (e *engine) metadataIsSealed(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(e.exportRoot(t), "dom_md", "metadata"))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	sealed := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if sum, ok := strings.CutPrefix(line, "_SHA_CKSUM="); ok {
			sealed = sum
		} else {
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	hash := exec.Command("sha1sum")
	hash.Stdin = strings.NewReader(strings.Join(lines, ""))
	output, err := hash.Output()
	if err != nil || !strings.HasPrefix(string(output), sealed) || sealed == "" {
		t.Errorf("the checksum is %q and should be %s (%v)", sealed, output, err)
	}
	if !strings.Contains(string(text), "CLASS=Backup\n") {
		t.Errorf("the metadata is %s", text)
	}
}
