package e2e

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestWithoutRoom fills the file system while disks are copied out, in, and beside
// themselves: each of these fails and says so, leaves nothing, and succeeds when there is
// room. The storage check at the end of the test finds nothing either.
func TestWithoutRoom(t *testing.T) {
	t.Parallel()
	dataDir := newDataDir(t)
	storage, archives := filepath.Join(dataDir, "storage"), filepath.Join(dataDir, "ova")
	mountSmall(t, storage, "192m")
	mountSmall(t, archives, "96m")
	e := serveFrom(t, dataDir, system, map[string]string{"StorageCheckInterval": "5s"})
	s := &withoutRoom{e: e, v: e.create(t), storage: storage, archives: archives}
	need(t, os.Mkdir(filepath.Join(storage, "other"), 0o755))
	e.storage(t, "other", "<type>localfs</type><path>"+filepath.Join(storage, "other")+"</path>").attach(t)
	s.disk = s.upload(t)
	e.call(t, "POST", s.v.path()+"/disks", `<disk id="`+s.disk+`"><interface>virtio</interface><active>true</active></disk>`)
	s.v.export(t, "")
	if said, err := e.ova(t, "vm", "export", s.v.name, "whole.ova"); err != nil {
		t.Fatalf("the export said %s: %v", said, err)
	}
	imported := `<action><cluster><name>Default</name></cluster><storage_domain><name>local-data</name></storage_domain>
		<clone>true</clone><vm><name>` + e.names + `imported</name></vm></action>`
	for _, step := range []struct {
		name, point, folder, code string
		do                        func() (answer, error)
	}{
		{"export", "copy/copy", storage, "1151", func() (answer, error) {
			return e.try("POST", s.v.path()+"/export", strings.Replace(exportTo, "</action>", "<exclusive>true</exclusive></action>", 1))
		}},
		{"import", "copy/copy", storage, "1153", func() (answer, error) {
			return e.try("POST", "/storagedomains/"+e.domainID(t, "local-export")+"/vms/"+s.v.id+"/import", imported)
		}},
		{"template", "copy/copy", storage, "52", func() (answer, error) {
			return e.try("POST", "/templates", `<template><name>full</name><vm id="`+s.v.id+`"/></template>`)
		}},
		{"clone", "copy/disks", storage, "60", func() (answer, error) {
			return e.try("POST", s.v.path()+"/clone", "<action><vm><name>"+e.names+"cloned</name></vm></action>")
		}},
		{"copy of a disk", "copy/copy", storage, "20182", func() (answer, error) {
			return e.try("POST", "/disks/"+s.disk+"/copy", moveTo("local-data"))
		}},
		{"move of a disk", "move/copy", storage, "2011", func() (answer, error) {
			return e.try("POST", "/disks/"+s.disk+"/move", moveTo("other"))
		}},
		{"new disk", "floating/create", storage, "2022", func() (answer, error) {
			return e.try("POST", "/disks", `<disk><alias>new</alias><interface>virtio</interface><format>raw</format><sparse>false</sparse>
				<provisioned_size>25165824</provisioned_size><storage_domains><storage_domain><name>other</name></storage_domain></storage_domains></disk>`)
		}},
		{"export to a file", "pack/write", archives, "1225", func() (answer, error) {
			said, err := e.ova(t, "vm", "export", s.v.name, "full.ova")
			return archived(said), err
		}},
		{"import of a file", "unpack/copy", storage, "1153", func() (answer, error) {
			said, err := e.ova(t, "vm", "import", filepath.Join(archives, "whole.ova"), "--clone", "--name", e.names+"unpacked", "--storage-domain", "local-data")
			return archived(said), err
		}},
	} {
		t.Run(step.name, func(t *testing.T) { s.fails(t, step.point, step.folder, step.code, step.do) })
	}
	// With room all of it goes.
	s.v.export(t, "<exclusive>true</exclusive>")
	if said, err := e.ova(t, "vm", "export", s.v.name, "full.ova"); err != nil {
		t.Errorf("the export said %s: %v", said, err)
	}
	eventually(t, "the room to be seen", func() (bool, string) {
		said := e.call(t, "GET", "/storagedomains/"+e.domainID(t, "local-data"), "").body.text("available")
		free, err := strconv.ParseInt(said, 10, 64)
		return err == nil && free > 48<<20, said
	})
	clone := e.imported(t, s.v.id, "<clone>true</clone><vm><name>"+e.names+"imported</name></vm>")
	if was, now := e.sum(t, s.disk), e.sum(t, clone.onlyDisk(t)); was != now {
		t.Errorf("the disk held %s and the copy holds %s", was, now)
	}
}

type withoutRoom struct {
	e                 *engine
	v                 *vm
	disk              string
	storage, archives string
}

// upload makes a disk of which no byte can be left out.
func (s *withoutRoom) upload(t *testing.T) string {
	t.Helper()
	content := make([]byte, 24<<20)
	_, _ = rand.Read(content)
	file := filepath.Join(t.TempDir(), "random.raw")
	need(t, os.WriteFile(file, content, 0o600))
	return strings.TrimSpace(s.e.moves(t, "upload", file, "--name", "random", "--storage-domain", "local-data"))
}

// files are all there are, but for descriptions, which follow what is recorded.
func (s *withoutRoom) files(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{s.storage + "/*/*/images/*/*", s.storage + "/*/*/master/vms/*", s.archives + "/*", s.archives + "/.*"} {
		found, err := filepath.Glob(pattern)
		need(t, err)
		all = append(all, found...)
	}
	return slices.DeleteFunc(all, func(path string) bool { return filepath.Base(path) == "ballast" })
}

// fails begins something, which dies at a point, fills a file system, and lets the next
// engine go on with it. The one before must have come as far as that.
func (s *withoutRoom) fails(t *testing.T, point, folder, code string, do func() (answer, error)) {
	e := s.e
	vms, files := e.vmIDs(t), s.files(t)
	e.stop(t)
	e.start(t, "VIREO_CRASH_AT="+point)
	e.awaitHost(t, "up")
	eventually(t, "it to begin", func() (bool, string) { // the room is measured now and then
		said, err := do()
		return said.code < 400, fmt.Sprint(said.text, err)
	})
	e.awaitEnd(t)
	ballast := filepath.Join(folder, "ballast")
	leave(t, folder, ballast, 4<<20)
	e.start(t)
	e.awaitHost(t, "up")
	s.v.await(t, "down")
	eventually(t, "the failure to be told", func() (bool, string) {
		events := e.call(t, "GET", "/events?search=type%3D"+code, "").text
		return strings.Contains(events, "<code>"+code+"</code>"), e.call(t, "GET", "/jobs", "").text
	})
	eventually(t, "nothing to be left", func() (bool, string) {
		now, there := e.vmIDs(t), s.files(t)
		return slices.Equal(now, vms) && slices.Equal(there, files), fmt.Sprint("there are the VMs ", now, " and ", difference(there, files))
	})
	need(t, os.Remove(ballast))
	for _, name := range []string{"local-data", "local-export"} {
		(&domain{e, e.domainID(t, name), name}).becomes(t, "active")
	}
}

// archived is the answer that a command about archives has been given.
func archived(said string) answer {
	if strings.Contains(said, "Cannot ") || strings.Contains(said, "say which of") {
		return answer{code: 409, text: said}
	}
	return answer{code: 202, text: said}
}

// difference is what one list has and the other has not, both ways.
func difference(one, other []string) (names []string) {
	for _, name := range one {
		if !slices.Contains(other, name) {
			names = append(names, "+"+name)
		}
	}
	for _, name := range other {
		if !slices.Contains(one, name) {
			names = append(names, "-"+name)
		}
	}
	return names
}
