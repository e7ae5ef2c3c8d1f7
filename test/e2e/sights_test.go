package e2e

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestHostsThatDoNotSee: of two hosts, one cannot mount the storage of a VM's disk, then
// finds other storage in its place. It is left out, by start and by migrate, with a
// reason that names it; and is used as soon as it sees what it should.
func TestHostsThatDoNotSee(t *testing.T) {
	t.Parallel()
	y := farm(t, 2)
	e := y.engine(t, nil)
	seeing, blind := y.hosts[0], y.hosts[1]
	loop := device(t, filepath.Join(e.dataDir, "shared.img"), 128<<20, "mkfs.ext4", "-q")
	wrong := device(t, filepath.Join(e.dataDir, "wrong.img"), 16<<20, "mkfs.ext4", "-q")
	need(t, blind.run("mount", "--bind", "/dev/null", loop))

	local := strings.Replace(storageBody("nearby", "<type>localfs</type><path>"+e.dataDir+"</path>"), "<name>local</name>", "<name>"+blind.name+"</name>", 1)
	if said := e.refused(t, 400, "POST", "/storagedomains", local); !strings.Contains(said.text, "localfs is a directory of the engine's own machine") {
		t.Errorf("localfs on another machine was refused with %s", said.text)
	}
	d := e.storage(t, "shared", "<type>posixfs</type><vfs_type>ext4</vfs_type><path>"+loop+"</path>").attach(t)
	m := &mover{e.create(t, "vireo.format"), seeing}
	d.addDisk(t, m.vm, "cow", "true", 32<<20)
	toBlind := `<host id="` + blind.engineID + `"/>`
	reason := "The host " + blind.name + " did not satisfy internal filter Storage because it does not see the storage domain shared at " + e.mountPoint(loop)

	wants := func(action, element string) {
		t.Helper()
		if said := e.refused(t, 409, "POST", m.path()+action, "<action>"+element+"</action>"); !strings.Contains(said.text, reason) {
			t.Errorf("%s was answered %s", action, said.text)
		}
	}
	wants("/start", onHost(toBlind))
	m.act(t, "start")
	m.await(t, "up")
	if at := m.get(t).at("host").attr("id"); at != seeing.engineID {
		t.Fatalf("it was started on %s", at)
	}
	wants("/migrate", toBlind)
	need(t, blind.run("umount", loop))
	need(t, blind.run("mount", "--bind", wrong, loop))
	// What was seen a moment ago is not looked at again: the other storage has to be found.
	eventually(t, "other storage to be found", func() (bool, string) {
		said := e.refused(t, 409, "POST", m.path()+"/migrate", "<action>"+toBlind+"</action>")
		return strings.Contains(said.text, reason) && blind.run("mountpoint", "-q", e.mountPoint(loop)) == nil, said.text
	})
	need(t, blind.run("umount", e.mountPoint(loop)))
	need(t, blind.run("umount", loop))

	e.daemon = &seeing.daemon
	m.onDisk(t, "echo moved >/mnt/vda/file; sync")
	// It is thawed before it goes.
	m.act(t, "freezefilesystems")
	m.wantFrozen(t, "frozen")
	eventually(t, "the host to see its storage", func() (bool, string) {
		said, err := e.try("POST", m.path()+"/migrate", "<action>"+toBlind+"</action>")
		return err == nil && said.code == 200, said.text
	})
	m.await(t, "up")
	m.find(t, seeing, blind)
	m.wantFrozen(t, "thawed")
	m.told(t, "10768")
	if found := m.inside(t, "cat /mnt/vda/file"); found != "moved" {
		t.Errorf("the disk holds %q", found)
	}
	m.act(t, "stop")
	m.await(t, "down")
}
