package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestMoveDisk moves and copies disks between two storage domains, under a guest that
// runs and writes, and at rest. What the guest has written is found, at one place.
func TestMoveDisk(t *testing.T) {
	t.Parallel()
	dataDir := newDataDir(t)
	mountSmall(t, filepath.Join(dataDir, "storage", "tiny"), "24m")
	e := serveFrom(t, dataDir, system, map[string]string{"StorageCheckInterval": "2s"})
	var tiny *domain
	for _, name := range []string{"other", "tiny"} {
		place := filepath.Join(dataDir, "storage", name)
		if err := os.MkdirAll(place, 0o711); err != nil {
			t.Fatal(err)
		}
		tiny = e.storage(t, name, "<type>localfs</type><path>"+place+"</path>").attach(t)
	}
	v := e.create(t)
	s := &moves{v: v, tiny: tiny, thin: v.addDiskOf(t, "cow", "16777216"), full: v.addDiskLike(t, "virtio", "raw", "false", "8388608")}
	s.fixed = e.addFloating(t, "4194304")
	e.call(t, "POST", v.path()+"/disks", `<disk id="`+s.fixed+`"><active>true</active><read_only>true</read_only></disk>`)
	v.up(t)
	s.qemu = v.running(t)
	v.inside(t, "dd if=/dev/urandom of=/dev/vda bs=1M count=3; dd if=/dev/urandom of=/dev/vdb bs=1M count=1; "+
		"for i in 1; do (while ! [ -e /run/stop ]; do n=$((n+1)); echo $n | dd of=/dev/vda bs=4k seek=$((n%3000+i)) conv=notrunc,fsync; "+
		"echo $n >/run/n$i; done; >/run/done$i) >/dev/null 2>&1 & done")
	for _, step := range []struct {
		name string
		do   func(*testing.T)
	}{
		{"while the guest writes", s.writing},
		{"preallocated", s.preallocated},
		{"refused", s.refused},
		{"read-only", s.readOnly},
		{"snapshots of chosen disks", s.chosen},
		{"plugged and unplugged", s.plugged},
		{"the engine dies", s.dying},
		{"to a full domain", s.toFull},
		{"what was written", s.written},
		{"at rest", s.atRest},
		{"on a template", s.onTemplate},
	} {
		if !t.Run(step.name, step.do) {
			return
		}
	}
}

// moves is a VM with three disks, the last of which it only reads.
type moves struct {
	v                 *vm
	tiny              *domain
	thin, full, fixed string
	qemu              int
	sums              map[string]string
}

func (s *moves) writing(t *testing.T) {
	before := s.v.inside(t, "while ! [ -s /run/n1 ]; do sleep 1; done; cat /run/n1")
	said := s.v.e.call(t, "POST", "/disks/"+s.thin+"/move", moveTo("other"))
	if said.code != 202 || said.body.text("status/state") != "pending" {
		t.Errorf("a move was answered %d, %s", said.code, said.text)
	}
	if state := s.v.e.call(t, "GET", "/disks/"+s.thin, "").body.text("status/state"); state != "locked" && state != "ok" {
		t.Errorf("the disk is %s", state)
	}
	s.v.e.isAt(t, s.thin, "other")
	s.goesOn(t)
	if after := s.v.inside(t, "cat /run/n1"); after == before {
		t.Errorf("the guest has written nothing since %s", before)
	}
	if source := s.v.e.diskSource(t, s.v, s.thin); !strings.Contains(source, "/other/") {
		t.Errorf("the guest has its disk at %s", source)
	}
	s.v.told(t, "2008", "2010")
}

func (s *moves) preallocated(t *testing.T) {
	s.v.e.call(t, "POST", s.v.path()+"/disks/"+s.full+"/move", moveTo("other"))
	s.v.e.isAt(t, s.full, "other")
	s.goesOn(t)
	s.v.e.hasSize(t, s.full, "false", 8388608)
}

// goesOn checks that the guest has run on in the same QEMU.
func (s *moves) goesOn(t *testing.T) {
	t.Helper()
	if now := s.v.running(t); now != s.qemu || s.v.status(t) != "up" {
		t.Errorf("QEMU was process %d and is %d, and the VM is %s", s.qemu, now, s.v.status(t))
	}
}

func (s *moves) refused(t *testing.T) {
	e, disk := s.v.e, "/disks/"+s.thin
	for _, each := range []struct {
		code             int
		path, body, says string
	}{
		{400, disk + "/move", "<action/>", "Action [storageDomain.id|name] required for move"},
		{404, disk + "/move", moveTo("nowhere"), "Entity not found"},
		{409, disk + "/move", moveTo("other"), "is in the storage domain other already"},
		{400, disk + "/move", moveTo("local-iso"), "is not a data storage domain"},
		{409, disk + "/copy", moveTo("local-data"), "deactivate it first, or stop the VM"},
		{409, "/disks/" + s.fixed + "/move", moveTo("other"), "only reads the disk"},
		{409, s.v.path() + "/move", moveTo("local-data"), "because the VM is in Up status"},
	} {
		if said := e.refused(t, each.code, "POST", each.path, each.body); !strings.Contains(said.text, each.says) {
			t.Errorf("%s %s was refused with %s", each.path, each.body, said.text)
		}
	}
	e.isAt(t, s.thin, "other")
}

// readOnly: the guest reads what it may not write.
func (s *moves) readOnly(t *testing.T) {
	found := s.v.inside(t, "dd if=/dev/vdc of=/dev/null bs=1M count=1 2>/dev/null && echo read; dd if=/dev/zero of=/dev/vdc bs=4k count=1 conv=fsync 2>/dev/null && echo written; cat /sys/block/vdc/ro")
	if strings.Join(strings.Fields(found), " ") != "read 1" {
		t.Errorf("of a read-only disk the guest says %q", found)
	}
}

// chosen takes a snapshot of one disk, then one of both at one moment, and removes them.
func (s *moves) chosen(t *testing.T) {
	e, taken := s.v.e, &snapshots{v: s.v, disk: s.thin}
	wants := func(id string, thin, full int, held ...string) {
		t.Helper()
		if now := []int{len(e.volumes(t, s.thin)), len(e.volumes(t, s.full))}; now[0] != thin || now[1] != full {
			t.Errorf("the disks have %v volumes and should have %d and %d", now, thin, full)
		}
		var disks []string
		for _, disk := range e.call(t, "GET", s.v.path()+"/snapshots/"+id+"/disks", "").body.all("disk") {
			disks = append(disks, disk.attr("id"))
		}
		slices.Sort(disks)
		slices.Sort(held)
		if !slices.Equal(disks, held) {
			t.Errorf("the snapshot holds %v and should hold %v", disks, held)
		}
	}
	one := taken.take(t, "one disk", `<disks><disk id="`+s.thin+`"/></disks>`)
	wants(one, 2, 1, s.thin)
	both := taken.take(t, "both disks", `<disks><disk id="`+s.thin+`"/><disk id="`+s.full+`"/></disks>`)
	wants(both, 3, 2, s.thin, s.full)
	if memory := e.call(t, "GET", s.v.path()+"/snapshots/"+both, "").body.text("memory"); memory != s.v.get(t).text("memory") {
		t.Errorf("its configuration has the memory %q", memory)
	}
	taken.remove(t, one)
	taken.remove(t, both)
	eventually(t, "each disk to have one volume", func() (bool, string) {
		now := []int{len(e.volumes(t, s.thin)), len(e.volumes(t, s.full))}
		return now[0] == 1 && now[1] == 1, fmt.Sprint("they have ", now)
	})
	s.goesOn(t)
}

// plugged gives the guest a disk, takes it away and gives it again, and removes it.
func (s *moves) plugged(t *testing.T) {
	e, disk := s.v.e, s.v.e.addFloating(t, "4194304")
	sees := func(there bool) {
		t.Helper()
		eventually(t, "the guest to see it", func() (bool, string) {
			found := s.v.inside(t, "ls /dev/vdd 2>/dev/null || true")
			return (found == "/dev/vdd") == there, found
		})
	}
	at := s.v.path() + "/disks"
	e.call(t, "POST", at, `<disk id="`+disk+`"><interface>virtio</interface><active>true</active></disk>`)
	sees(true)
	s.v.inside(t, "echo plugged | dd of=/dev/vdd conv=notrunc,fsync")
	e.call(t, "POST", at+"/"+disk+"/deactivate", "<action><async>false</async></action>")
	sees(false)
	e.call(t, "POST", at+"/"+disk+"/activate", "<action><async>false</async></action>")
	sees(true)
	if held := s.v.inside(t, "head -c 7 /dev/vdd"); held != "plugged" {
		t.Errorf("it holds %q", held)
	}
	e.call(t, "DELETE", at+"/"+disk, "<action><detach>true</detach></action>")
	sees(false)
	e.isAt(t, disk, "local-data")
	e.call(t, "DELETE", "/disks/"+disk, "")
	s.v.told(t, "2016", "2002", "2000", "2018")
}

// dying kills the engine at the steps of live moves, there and back.
func (s *moves) dying(t *testing.T) {
	e := s.v.e
	for _, point := range []string{"mirror/done", "pivot", "pivot/done", "clear/done"} {
		to := map[string]string{"other": "local-data", "local-data": "other"}[e.domainOf(t, s.thin)]
		e.stop(t)
		e.start(t, "VIREO_CRASH_AT=live/"+point)
		e.awaitHost(t, "up")
		s.v.await(t, "up")
		_, _ = e.try("POST", "/disks/"+s.thin+"/move", moveTo(to))
		e.awaitEnd(t)
		e.start(t)
		e.awaitHost(t, "up")
		e.isAt(t, s.thin, to)
		s.goesOn(t)
	}
	// One that is stopped in the middle is undone.
	at := e.domainOf(t, s.thin)
	to := map[string]string{"other": "local-data", "local-data": "other"}[at]
	e.stop(t)
	e.start(t, "VIREO_CRASH_AT=live/mirror/done")
	e.awaitHost(t, "up")
	s.v.await(t, "up")
	_, _ = e.try("POST", "/disks/"+s.thin+"/move", moveTo(to))
	e.awaitEnd(t)
	e.daemon.must(t, "blockjob", s.v.id, s.v.e.diskSource(t, s.v, s.thin), "--abort")
	e.start(t)
	e.awaitHost(t, "up")
	eventually(t, "the disk to be free", func() (bool, string) {
		state := e.call(t, "GET", "/disks/"+s.thin, "").body.text("status/state")
		return state == "ok", "it is " + state
	})
	e.isAt(t, s.thin, e.domainOf(t, s.thin))
	s.goesOn(t)
}

// toFull: where there is no room the copy fails, and the guest does not notice.
func (s *moves) toFull(t *testing.T) {
	e, at := s.v.e, s.v.e.domainOf(t, s.thin)
	e.stop(t)
	e.start(t, "VIREO_CRASH_AT=live/prepare/done")
	e.awaitHost(t, "up")
	s.v.await(t, "up")
	_, _ = e.try("POST", "/disks/"+s.thin+"/move", moveTo("tiny"))
	e.awaitEnd(t)
	ballast := filepath.Join(e.dataDir, "storage", "tiny", "ballast")
	if err := os.WriteFile(ballast, make([]byte, 32<<20), 0o600); err == nil {
		t.Fatal("the domain is not full")
	}
	e.start(t)
	e.awaitHost(t, "up")
	s.v.told(t, "2011")
	e.isAt(t, s.thin, at)
	s.goesOn(t)
	if events := e.call(t, "GET", "/events?search=type%3D2011", "").text; !strings.Contains(events, "Low disk space on Storage Domain tiny") {
		t.Errorf("the events are %s", events)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	s.tiny.becomes(t, "active")
}

// written compares what the guest sees with what is in the images when it is off.
func (s *moves) written(t *testing.T) {
	s.v.inside(t, ">/run/stop; while ! [ -e /run/done1 ]; do :; done")
	seen := map[string]string{
		s.thin: s.v.inside(t, "sync; echo 3 >/proc/sys/vm/drop_caches; sha256sum /dev/vda | cut -c1-64"),
		s.full: s.v.inside(t, "sha256sum /dev/vdb | cut -c1-64"),
	}
	s.v.act(t, "stop")
	s.v.await(t, "down")
	s.sums = make(map[string]string)
	for disk, sum := range seen {
		if s.sums[disk] = s.v.e.sum(t, disk); s.sums[disk] != strings.TrimSpace(sum) {
			t.Errorf("disk %s holds %s, and the guest saw %s", disk, s.sums[disk], sum)
		}
	}
}

func (s *moves) atRest(t *testing.T) {
	e := s.v.e
	at := e.domainOf(t, s.thin)
	copied := e.call(t, "POST", "/disks/"+s.thin+"/copy",
		"<action><storage_domain><name>other</name></storage_domain><disk><alias>the copy</alias></disk></action>")
	if copied.code != 202 {
		t.Errorf("a copy was answered %d", copied.code)
	}
	e.isAt(t, s.thin, at)
	for _, disk := range e.call(t, "GET", "/disks", "").body.all("disk") {
		if disk.text("alias") == "the copy" {
			e.isAt(t, disk.attr("id"), "other")
			if sum := e.sum(t, disk.attr("id")); sum != s.sums[s.thin] {
				t.Error("the copy holds something else")
			}
		}
	}
	for _, disk := range []string{s.thin, s.full, s.fixed} {
		if e.domainOf(t, disk) == "other" {
			e.call(t, "POST", s.v.path()+"/disks/"+disk+"/move", moveTo("local-data"))
			e.isAt(t, disk, "local-data")
		}
	}
	e.call(t, "POST", s.v.path()+"/move", moveTo("other"))
	s.v.await(t, "down")
	for disk, sum := range s.sums {
		e.isAt(t, disk, "other")
		if e.sum(t, disk) != sum {
			t.Errorf("disk %s holds something else", disk)
		}
	}
}

// onTemplate: what a thin disk stands on goes with it.
func (s *moves) onTemplate(t *testing.T) {
	e := s.v.e
	id := e.call(t, "POST", "/templates", `<template><name>`+s.v.name+`-t</name><vm id="`+s.v.id+`"/></template>`).body.attr("id")
	eventually(t, "the template to be ok", func() (bool, string) {
		state := e.call(t, "GET", "/templates/"+id, "").body.text("status/state")
		return state == "ok", "it is " + state
	})
	made := e.call(t, "POST", "/vms", `<vm><name>`+s.v.name+`-thin</name><cluster><name>Default</name></cluster><template id="`+id+`"/></vm>`)
	w := &vm{e: e, id: made.body.attr("id"), name: s.v.name + "-thin"}
	w.await(t, "down")
	var disk string
	for _, each := range e.call(t, "GET", w.path()+"/disks", "").body.all("disk") {
		if each.text("provisioned_size") == "16777216" {
			disk = each.attr("id")
		}
	}
	w.up(t)
	w.inside(t, "echo above | dd of=/dev/vda bs=4k seek=100 conv=notrunc,fsync")
	e.call(t, "POST", "/disks/"+disk+"/move", moveTo("local-data"))
	e.isAt(t, disk, "local-data")
	w.inside(t, "echo later | dd of=/dev/vda bs=4k seek=200 conv=notrunc,fsync")
	seen := strings.TrimSpace(w.inside(t, "sync; echo 3 >/proc/sys/vm/drop_caches; sha256sum /dev/vda | cut -c1-64"))
	w.act(t, "stop")
	w.await(t, "down")
	if sum := e.sum(t, disk); sum != seen {
		t.Errorf("the disk holds %s, and the guest saw %s", sum, seen)
	}
	if volumes := e.volumes(t, disk); len(volumes) != 2 {
		t.Errorf("the disk has the volumes %v", volumes)
	}
	if again := e.readVolume(t, disk, 200*4096, 5); again != "later" {
		t.Errorf("the disk holds %q", again)
	}
}

func moveTo(domain string) string {
	return "<action><storage_domain><name>" + domain + "</name></storage_domain></action>"
}

// addFloating makes a raw disk that no VM has.
func (e *engine) addFloating(t *testing.T, size string) (id string) {
	t.Helper()
	id = e.call(t, "POST", "/disks", `<disk><alias>floating</alias><interface>virtio</interface><format>raw</format><sparse>true</sparse>
		<provisioned_size>`+size+`</provisioned_size><storage_domains><storage_domain><name>local-data</name></storage_domain></storage_domains></disk>`).body.attr("id")
	e.isAt(t, id, "local-data")
	return id
}

// domainOf is the name of the storage domain that a disk is recorded in.
func (e *engine) domainOf(t *testing.T, disk string) string {
	t.Helper()
	id := e.call(t, "GET", "/disks/"+disk, "").body.all("storage_domains/storage_domain")[0].attr("id")
	return e.call(t, "GET", "/storagedomains/"+id, "").body.text("name")
}

// isAt waits until a disk is free and recorded in a storage domain, and checks that
// its images are there and nowhere else.
func (e *engine) isAt(t *testing.T, disk, domain string) {
	t.Helper()
	eventually(t, "the disk to be in "+domain, func() (bool, string) {
		state, at := e.call(t, "GET", "/disks/"+disk, "").body.text("status/state"), e.domainOf(t, disk)
		return state == "ok" && at == domain, "it is " + state + " in " + at
	})
	found, err := filepath.Glob(filepath.Join(e.dataDir, "storage", "*", "*", "images", "*"+disk+"*"))
	if err != nil || len(found) != 1 || !strings.Contains(found[0], "/"+domain+"/") {
		t.Errorf("the images of disk %s are %v, %v, and not in %s alone", disk, found, err, domain)
	}
	// The description of an image that has just changed is being written, and has its name then.
	eventually(t, "no half-written file to be left", func() (bool, string) {
		half, _ := filepath.Glob(filepath.Join(found[0], ".*.part"))
		return len(half) == 0, fmt.Sprint("there are ", half)
	})
}

// sum is the checksum of what a disk holds, of a VM that is down.
func (e *engine) sum(t *testing.T, disk string) string {
	t.Helper()
	raw := filepath.Join(t.TempDir(), "raw")
	path := filepath.Join(e.group(t, disk), e.volume(t, disk))
	if output, err := exec.Command("qemu-img", "convert", "-O", "raw", path, raw).CombinedOutput(); err != nil {
		t.Fatalf("reading the disk: %v: %s", err, output)
	}
	output, err := exec.Command("sha256sum", raw).Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(raw); err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(output))[0]
}
