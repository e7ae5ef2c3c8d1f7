package e2e

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestStorageLife: file systems on a block device, behind a bind mount and of an NFS
// server are storage domains from their beginning to their end. There is no NFS in the
// kernel: what is shown of it is what mount is asked for.
func TestStorageLife(t *testing.T) {
	t.Parallel()
	e := newEngine(t, system, nil)
	t.Run("a block device", func(t *testing.T) { blockDevice(t, e) })
	t.Run("a bind mount", func(t *testing.T) {
		source := filepath.Join(e.dataDir, "source")
		if err := os.Mkdir(source, 0o755); err != nil {
			t.Fatal(err)
		}
		d := e.storage(t, "bound", "<type>posixfs</type><vfs_type>none</vfs_type><mount_options>bind</mount_options><path>"+source+"</path>").attach(t)
		if _, err := os.Stat(filepath.Join(source, d.id, "dom_md", "metadata")); err != nil {
			t.Error(err)
		}
		d.act(t, "deactivate")
		e.call(t, "DELETE", d.path(), "")
		e.call(t, "DELETE", "/storagedomains/"+d.id, "<storage_domain><host><name>local</name></host><format>true</format></storage_domain>")
	})
	for _, kind := range []string{"export", "iso"} {
		t.Run("of the type "+kind, func(t *testing.T) { otherKind(t, e, kind) })
	}
	t.Run("NFS", func(t *testing.T) { nfs(t, e) })
}

// otherKind has a domain for exports or for CDs come, go, come back with what it holds,
// and be forgotten without being touched.
func otherKind(t *testing.T, e *engine, kind string) {
	place := filepath.Join(e.dataDir, "storage", "more-"+kind)
	need(t, os.Mkdir(place, 0o755))
	body := strings.Replace(storageBody("more-"+kind, "<type>localfs</type><path>"+place+"</path>"), ">data<", ">"+kind+"<", 1)
	// A data center has one of each kind: the one that is there makes room.
	own := &domain{e, e.domainID(t, "local-"+kind), "local-" + kind}
	own.act(t, "deactivate")
	own.becomes(t, "maintenance")
	e.call(t, "DELETE", own.path(), "")

	d := &domain{e, e.call(t, "POST", "/storagedomains", body).body.attr("id"), "more-" + kind}
	d.attach(t)
	d.act(t, "deactivate")
	d.becomes(t, "maintenance")
	d.act(t, "activate")
	d.becomes(t, "active")
	d.act(t, "deactivate")
	d.becomes(t, "maintenance")
	e.call(t, "DELETE", d.path(), "")
	before := pictureOf(t, place)
	e.call(t, "DELETE", "/storagedomains/"+d.id, "<storage_domain><host><name>local</name></host></storage_domain>")
	if after := pictureOf(t, place); after != before {
		t.Errorf("a domain that was kept has changed from\n%s\nto\n%s", before, after)
	}
	// Detached in order it needs no force to be imported.
	again := e.call(t, "POST", "/storagedomains", strings.Replace(body, "</storage_domain>", "<import>true</import></storage_domain>", 1))
	if id := again.body.attr("id"); id != d.id {
		t.Fatalf("the domain %s was found, and not %s", id, d.id)
	}
	d.attach(t)
	d.act(t, "deactivate")
	d.becomes(t, "maintenance")
	e.call(t, "DELETE", "/storagedomains/"+d.id, "<storage_domain><host><name>local</name></host><destroy>true</destroy></storage_domain>")
	e.refused(t, 404, "GET", "/storagedomains/"+d.id, "")
	if _, err := os.Stat(filepath.Join(place, d.id, "dom_md", "metadata")); err != nil {
		t.Errorf("a domain that is forgotten was touched: %v", err)
	}
	own.attach(t)
}

func blockDevice(t *testing.T, e *engine) {
	loop := device(t, filepath.Join(e.dataDir, "xfs.img"), 320<<20, "mkfs.xfs", "-q")
	storage := "<type>posixfs</type><vfs_type>xfs</vfs_type><path>" + loop + "</path>"
	said := e.refused(t, 409, "POST", "/storagedomains", storageBody("wrong", strings.Replace(storage, ">xfs<", ">ext4<", 1)))
	if !strings.Contains(said.text, "could not be mounted") {
		t.Errorf("the refusal is %s", said.text)
	}
	d := e.storage(t, "block", storage)
	if state := d.state(t); state != "unattached" || e.mounted(t, loop) {
		t.Errorf("it is %s, mounted %v", state, e.mounted(t, loop))
	}
	d.attach(t)
	shown := e.call(t, "GET", "/storagedomains/"+d.id, "").body
	available, _ := strconv.ParseInt(shown.text("available"), 10, 64)
	used, _ := strconv.ParseInt(shown.text("used"), 10, 64)
	if whole := available + used; whole < 200<<20 || whole > 320<<20 || shown.text("committed") != "0" {
		t.Errorf("its sizes are %d, %d, %s", available, used, shown.text("committed"))
	}
	v := e.create(t)
	d.addDisk(t, v, "cow", "true", 64<<20)
	if committed := e.call(t, "GET", "/storagedomains/"+d.id, "").body.text("committed"); committed != "67108864" {
		t.Errorf("%s bytes are committed", committed)
	}

	// The machine is restarted: what was mounted is not any more.
	e.stop(t)
	command(t, "umount", e.mountPoint(loop))
	e.start(t)
	e.awaitHost(t, "up")
	d.becomes(t, "active")
	if !e.mounted(t, loop) {
		t.Error("it is not mounted")
	}
	v.up(t)
	e.refused(t, 409, "POST", d.path()+"/deactivate", "<action/>")
	v.act(t, "stop")
	v.await(t, "down")

	command(t, "mount", "-o", "remount,ro", e.mountPoint(loop))
	d.becomes(t, "inactive")
	d.told(t, "970")
	e.refused(t, 409, "POST", v.path()+"/start", "<action/>")
	command(t, "mount", "-o", "remount,rw", e.mountPoint(loop))
	d.becomes(t, "active")
	v.up(t)
	v.act(t, "stop")
	v.await(t, "down")

	d.act(t, "deactivate")
	if state := d.state(t); state != "maintenance" || e.mounted(t, loop) {
		t.Errorf("it is %s, mounted %v", state, e.mounted(t, loop))
	}
	e.call(t, "DELETE", d.path(), "")
	e.refused(t, 409, "DELETE", "/storagedomains/"+d.id, "<storage_domain><host><name>local</name></host><format>true</format></storage_domain>")
	e.call(t, "POST", attachedDomains, `<storage_domain id="`+d.id+`"/>`)
	v.remove(t)
	d.act(t, "deactivate")
	e.call(t, "DELETE", d.path(), "")
	e.call(t, "DELETE", "/storagedomains/"+d.id, "<storage_domain><host><name>local</name></host><format>true</format></storage_domain>")
	e.refused(t, 404, "GET", "/storagedomains/"+d.id, "")
}

// nfs puts a stand-in for mount before the real one, which takes the arguments of an
// NFS mount and mounts a directory instead.
func nfs(t *testing.T, e *engine) {
	folder := t.TempDir()
	export, log := filepath.Join(e.dataDir, "export"), filepath.Join(folder, "asked")
	if err := os.Mkdir(export, 0o755); err != nil {
		t.Fatal(err)
	}
	real, err := exec.LookPath("mount")
	if err != nil {
		t.Fatal(err)
	}
	script := "#!/bin/sh\necho \"$@\" >> " + log + "\nfor last; do :; done\nexec " + real + " --bind " + export + " \"$last\"\n"
	if err := os.WriteFile(filepath.Join(folder, "mount"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	e.stop(t)
	e.start(t, "PATH="+folder+":"+os.Getenv("PATH"))
	e.awaitHost(t, "up")
	d := e.storage(t, "network", "<type>nfs</type><address>nas.example.com</address><path>/exports/vms</path><nfs_version>v4_1</nfs_version>").attach(t)
	asked, err := os.ReadFile(log)
	if want := "-t nfs -o nosuid,nodev,soft,nosharecache,timeo=600,retrans=6,nfsvers=4.1 -- nas.example.com:/exports/vms " +
		e.mountPoint("nas.example.com:/exports/vms") + "\n"; err != nil || !strings.HasPrefix(string(asked), want) {
		t.Errorf("mount was asked %s, %v", asked, err)
	}
	v := e.create(t)
	d.addDisk(t, v, "cow", "true", 16<<20)
	v.up(t)
	v.act(t, "stop")
	v.await(t, "down")
	v.remove(t)
	d.leaves(t)
}

// TestStorageFails: storage fails under guests, which are paused and not harmed.
func TestStorageFails(t *testing.T) {
	t.Parallel()
	e := newEngine(t, system, map[string]string{"StorageCheckInterval": "5s"})
	t.Run("it vanishes", func(t *testing.T) { vanishes(t, e) })
	t.Run("it becomes read-only", func(t *testing.T) { becomesReadOnly(t, e) })
	t.Run("errors that end", func(t *testing.T) { errorsThatEnd(t, e) })
}

// vanishes takes the directory of a domain away: QEMU, which has its images open, goes
// on, and no other VM can start.
func vanishes(t *testing.T, e *engine) {
	place := filepath.Join(e.dataDir, "place")
	if err := os.Mkdir(place, 0o755); err != nil {
		t.Fatal(err)
	}
	d := e.storage(t, "vanishing", "<type>localfs</type><path>"+place+"</path>").attach(t)
	v, other := e.create(t), e.create(t)
	d.addDisk(t, v, "cow", "true", 16<<20)
	d.addDisk(t, other, "cow", "true", 16<<20)
	v.up(t)
	v.inside(t, "echo before | dd of=/dev/vda conv=notrunc; sync")
	if err := os.Rename(place, place+".away"); err != nil {
		t.Fatal(err)
	}
	d.becomes(t, "inactive")
	e.refused(t, 409, "POST", other.path()+"/start", "<action/>")
	v.inside(t, "echo during | dd of=/dev/vda bs=512 seek=1 conv=notrunc; sync")
	if err := os.Rename(place+".away", place); err != nil {
		t.Fatal(err)
	}
	d.becomes(t, "active")
	if status := v.status(t); status != "up" {
		t.Errorf("the VM is %s", status)
	}
	v.act(t, "stop")
	v.await(t, "down")
	v.up(t)
	if found := v.inside(t, "head -c 7 /dev/vda; dd if=/dev/vda bs=512 skip=1 count=1 2>/dev/null | head -c 6"); found != "before\nduring" {
		t.Errorf("the disk holds %q", found)
	}
	v.act(t, "stop")
	v.await(t, "down")
}

// becomesReadOnly has a file system find an error in itself, after which nothing can be
// written to it until it is mounted anew.
func becomesReadOnly(t *testing.T, e *engine) {
	loop := device(t, filepath.Join(e.dataDir, "ext4.img"), 96<<20, "mkfs.ext4", "-q", "-O", "^has_journal")
	d := e.storage(t, "failing", "<type>posixfs</type><vfs_type>ext4</vfs_type><mount_options>errors=remount-ro</mount_options><path>"+loop+"</path>").attach(t)
	v := e.create(t)
	d.addDisk(t, v, "raw", "false", 16<<20)
	v.up(t)
	v.inside(t, "echo before | dd of=/dev/vda conv=notrunc; sync")
	if err := os.WriteFile("/sys/fs/ext4/"+filepath.Base(loop)+"/trigger_fs_error", []byte("by a test"), 0o200); err != nil {
		t.Fatal(err)
	}
	d.becomes(t, "inactive")
	v.leave(t, "echo lost | dd of=/dev/vda bs=512 seek=1 conv=notrunc,fsync")
	v.await(t, "paused")
	t.Logf("the detail of the pause is %q", v.get(t).text("status/detail"))
	e.refused(t, 409, "POST", d.path()+"/deactivate", "<action/>")
	v.act(t, "stop")
	v.await(t, "down")
	d.act(t, "deactivate")
	mend(t, loop)
	d.act(t, "activate")
	v.up(t)
	if found := v.inside(t, "head -c 7 /dev/vda"); found != "before\n" && found != "before" {
		t.Errorf("the disk holds %q", found)
	}
	v.act(t, "stop")
	v.await(t, "down")
	v.remove(t)
	d.leaves(t)
}

// mend corrects a file system; fsck says with its code 1 that it had to.
func mend(t *testing.T, device string) {
	t.Helper()
	output, err := exec.Command("fsck.ext4", "-fy", device).CombinedOutput()
	if failed, ok := errors.AsType[*exec.ExitError](err); err != nil && (!ok || failed.ExitCode() != 1) {
		t.Fatalf("fsck of %s: %v: %s", device, err, output)
	}
}

// errorsThatEnd has writes to a block device fail, because what is behind it has no
// room: the guest is paused, and goes on by itself when there is. The disk is preallocated,
// because a file system may take a direct write into a hole and tell of its failure with
// the next flush, and only once: a guest that was let go on then has nothing to try again.
func errorsThatEnd(t *testing.T, e *engine) {
	behind := filepath.Join(e.dataDir, "behind")
	if err := os.Mkdir(behind, 0o700); err != nil {
		t.Fatal(err)
	}
	command(t, "mount", "-t", "tmpfs", "-o", "size=48m", "vireo-e2e", behind)
	t.Cleanup(func() { _ = exec.Command("umount", "--lazy", behind).Run() })
	loop := device(t, filepath.Join(behind, "ext4.img"), 96<<20, "mkfs.ext4", "-q", "-O", "^has_journal", "-E", "lazy_itable_init=0")
	d := e.storage(t, "thin", "<type>posixfs</type><vfs_type>ext4</vfs_type><path>"+loop+"</path>").attach(t)
	v := e.create(t)
	d.addDisk(t, v, "raw", "false", 32<<20)
	v.up(t)
	v.inside(t, "echo before | dd of=/dev/vda conv=notrunc; sync")
	ballast := filepath.Join(behind, "ballast")
	fill(t, ballast)
	v.leave(t, "dd if=/dev/urandom of=/dev/vda bs=1M seek=8 count=16 conv=notrunc,fsync; echo after | dd of=/dev/vda bs=512 seek=1 conv=notrunc,fsync; echo done > /run/vireo/written")
	v.await(t, "paused")
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	v.await(t, "up")
	v.told(t, "196")
	eventually(t, "the guest to have written all", func() (bool, string) {
		found, err := e.daemon.inside(v.id, "cat /run/vireo/written; head -c 7 /dev/vda; dd if=/dev/vda bs=512 skip=1 count=1 2>/dev/null | head -c 5")
		return err == nil && found == "done\nbefore\nafter", found
	})
	v.act(t, "stop")
	v.await(t, "down")
	v.remove(t)
	d.leaves(t)
}

// fill makes a file that takes up all that is left of a file system.
func fill(t *testing.T, path string) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for block := make([]byte, 1<<20); ; {
		if _, err := file.Write(block); err != nil {
			return
		}
	}
}
