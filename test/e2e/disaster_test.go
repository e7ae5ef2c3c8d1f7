package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDisaster loses an engine's data with all that it knew: another engine imports the
// storage domain, registers the VMs, and they boot with what their disks held.
func TestDisaster(t *testing.T) {
	t.Parallel()
	place := newDataDir(t)
	lost := newEngine(t, system, nil)
	d := lost.storage(t, "precious", "<type>localfs</type><path>"+place+"</path>").attach(t)
	v := lost.create(t)
	disk := d.addDisk(t, v, "cow", "true", 32<<20)
	v.up(t)
	v.inside(t, "echo precious | dd of=/dev/vda conv=notrunc; sync")
	v.act(t, "stop")
	v.await(t, "down")
	lost.call(t, "PUT", v.path(), "<vm><comment>dear</comment></vm>")
	described := filepath.Join(place, d.id, "master", "vms", v.id, v.id+".ovf")
	eventually(t, "the VM to be described", func() (bool, string) {
		text, err := os.ReadFile(described)
		return err == nil && strings.Contains(string(text), "dear"), string(text)
	})
	// Beside it there are a snapshot, a template, and a VM that stands on the template.
	(&snapshots{v: v, disk: disk}).take(t, "kept", "")
	template, templateDisk := lost.makeTemplate(t, v, lost.names+"golden")
	v.await(t, "down")
	thin := lost.fromTemplate(t, template, "")
	thinDisk := thin.disk(t)
	for _, id := range []string{v.id, template, thin.id} {
		at := filepath.Join(place, d.id, "master", "vms", id, id+".ovf")
		eventually(t, "all to be described", func() (bool, string) {
			text, err := os.ReadFile(at)
			return err == nil && (id != v.id || strings.Contains(string(text), "kept")), string(text)
		})
	}
	lost.kill(t)

	e := newEngine(t, system, nil)
	storage := storageBody("precious", "<type>localfs</type><path>"+place+"</path>", "<import>true</import>")
	e.refused(t, 409, "POST", "/storagedomains", storage)
	said := e.call(t, "POST", "/storagedomains;force=true", storage)
	found := &domain{e, said.body.attr("id"), "precious"}
	if found.id != d.id {
		t.Fatalf("the domain %s was found", found.id)
	}
	found.attach(t)
	list := e.call(t, "GET", "/storagedomains/"+d.id+"/vms;unregistered=true", "").text
	if !strings.Contains(list, v.id) || !strings.Contains(list, thin.id) || strings.Count(list, "<vm ") != 2 {
		t.Fatalf("the VMs to register are %s", list)
	}
	into := "<action><cluster><name>Default</name></cluster></action>"
	e.call(t, "POST", "/storagedomains/"+d.id+"/templates/"+template+"/register", into)
	for _, id := range []string{v.id, thin.id} {
		e.call(t, "POST", "/storagedomains/"+d.id+"/vms/"+id+"/register", into)
	}
	if id := e.call(t, "GET", "/templates/"+template+"/disks", "").body.at("disk").attr("id"); id != templateDisk {
		t.Errorf("the template's disk is %s", id)
	}
	if id := e.call(t, "GET", "/vms/"+thin.id+"/disks", "").body.at("disk").attr("id"); id != thinDisk {
		t.Errorf("the thin disk is %s", id)
	}
	command(t, "qemu-img", "compare", filepath.Join(place, d.id, "images", thinDisk, e.volume(t, thinDisk)),
		filepath.Join(place, d.id, "images", templateDisk, e.volume(t, templateDisk)))
	e.refused(t, 409, "DELETE", "/templates/"+template, "") // somebody stands on it
	back := &vm{e, v.id, v.name}
	if comment := back.get(t).text("comment"); comment != "dear" {
		t.Errorf("its comment is %q", comment)
	}
	if id := e.call(t, "GET", back.path()+"/disks", "").body.at("disk").attr("id"); id != disk {
		t.Errorf("its disk is %s", id)
	}
	if listed := (&snapshots{v: back}).listed(t); !strings.Contains(listed, "kept") {
		t.Errorf("its snapshots are %s", listed)
	}
	back.up(t)
	if held := back.inside(t, "head -c 8 /dev/vda"); held != "precious" {
		t.Errorf("its disk holds %q", held)
	}
	back.act(t, "stop")
	back.await(t, "down")
}
