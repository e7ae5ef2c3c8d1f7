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
	list := e.call(t, "GET", "/storagedomains/"+d.id+"/vms;unregistered=true", "").body
	if list.at("vm").attr("id") != v.id || list.at("vm").text("name") != v.name {
		t.Fatalf("the VMs to register are %+v", list)
	}
	e.call(t, "POST", "/storagedomains/"+d.id+"/vms/"+v.id+"/register", "<action><cluster><name>Default</name></cluster></action>")
	back := &vm{e, v.id, v.name}
	if comment := back.get(t).text("comment"); comment != "dear" {
		t.Errorf("its comment is %q", comment)
	}
	if id := e.call(t, "GET", back.path()+"/disks", "").body.at("disk").attr("id"); id != disk {
		t.Errorf("its disk is %s", id)
	}
	back.up(t)
	if held := back.inside(t, "head -c 8 /dev/vda"); held != "precious" {
		t.Errorf("its disk holds %q", held)
	}
	back.act(t, "stop")
	back.await(t, "down")
}
