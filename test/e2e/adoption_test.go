package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"vireo/internal/model"
)

// TestAdoption takes a guest over that virsh has made: it counts on, in the same QEMU; as a
// VM it is shut down and started, and is handed back as it runs, for virsh to start.
func TestAdoption(t *testing.T) {
	t.Parallel()
	e := newEngine(t, system, nil)
	v := &vm{e, string(model.NewID()), fmt.Sprintf("%s%d", e.names, made.Add(1))}
	image := filepath.Join(newDataDir(t), "somebody's.qcow2")
	if output, err := exec.Command("qemu-img", "create", "-q", "-f", "qcow2", image, "64M").CombinedOutput(); err != nil {
		t.Fatalf("qemu-img: %v: %s", err, output)
	}
	system.define(t, foreignXML(v, image))
	t.Cleanup(func() { system.erase(v.name) })
	system.must(t, "autostart", v.name)
	system.must(t, "start", v.name)
	autostart := func(want string) {
		t.Helper()
		if text := system.must(t, "dominfo", v.name); !strings.Contains(strings.Join(strings.Fields(text), " "), "Autostart: "+want) {
			t.Errorf("it is to be %sd to start with its host: %s", want, text)
		}
	}
	counted, process := v.count(t), v.running(t)
	host := e.call(t, "GET", "/hosts?search=name%3Dlocal", "").body.at("host").attr("id")

	listed := func() string { return e.call(t, "GET", "/hosts/"+host+"/externalvms", "").text }
	eventually(t, "it to be listed", func() (bool, string) { return strings.Contains(listed(), v.name), listed() })
	e.refused(t, 404, "GET", v.path(), "")
	odd := &vm{e, string(model.NewID()), fmt.Sprintf("%s%d", e.names, made.Add(1))}
	system.define(t, strings.Replace(foreignXML(odd, image), "<memballoon", "<watchdog model='i6300esb'/><filesystem type='mount'><source dir='/srv'/><target dir='srv'/></filesystem><memballoon", 1))
	e.refused(t, 409, "POST", "/hosts/"+host+"/adopt", "<action><vm><name>"+odd.name+"</name></vm></action>") // it does not run
	system.erase(odd.name)
	e.refused(t, 404, "POST", "/hosts/"+host+"/adopt", "<action><vm><name>nobody at all</name></vm></action>")

	secret := filepath.Join(e.dataDir, "password-of-tests")
	need(t, os.WriteFile(secret, []byte(password+"\n"), 0o600))
	client := []string{"--url", strings.TrimSuffix(e.url, "/api") + "/ovirt-engine/api", "--password-file", secret}
	said, err := e.tool(append([]string{"host", "adopt", "local", v.name}, client...)...)
	if err != nil || strings.TrimSpace(said) != v.id {
		t.Fatalf("adopt: %v: %s", err, said)
	}
	v.await(t, "up")
	if now := v.get(t); now.text("origin") != "external" || now.text("memory") != "134217728" || v.running(t) != process {
		t.Errorf("it is %+v, in process %d, was %d", now, v.running(t), process)
	}
	if after := v.count(t); after < counted {
		t.Errorf("the guest had counted to %d and is at %d", counted, after)
	}
	autostart("disable")
	if text := listed(); strings.Contains(text, v.name) {
		t.Errorf("it is still listed: %s", text)
	}
	disk := e.call(t, "GET", v.path()+"/disks", "").body.at("disk")
	if disk.text("provisioned_size") != "67108864" || disk.text("format") != "cow" {
		t.Errorf("its disk is %+v", disk)
	}
	e.refused(t, 409, "POST", v.path()+"/suspend", "<action/>")
	e.stop(t)
	e.start(t)
	client[1] = strings.TrimSuffix(e.url, "/api") + "/ovirt-engine/api"
	v.await(t, "up")

	// From its next start on it is a VM like others, on the same image.
	counted = v.count(t)
	v.act(t, "shutdown")
	v.await(t, "down")
	v.up(t)
	if after := v.count(t); after > counted {
		t.Errorf("a guest that was started anew has counted to %d, after %d", after, counted)
	}
	if size := v.inside(t, "cat /sys/block/vda/size"); strings.TrimSpace(size) != "131072" {
		t.Errorf("its disk has %s sectors", size)
	}
	process = v.running(t)
	if said, err := e.tool(append([]string{"host", "release", v.name}, client...)...); err != nil {
		t.Fatalf("release: %v: %s", err, said)
	}
	e.refused(t, 404, "GET", v.path(), "")
	eventually(t, "it to be listed", func() (bool, string) { return strings.Contains(listed(), v.name), listed() })
	if v.running(t) != process {
		t.Error("it runs in another process")
	}
	autostart("enable")
	if text := system.must(t, "dumpxml", v.name) + system.must(t, "dumpxml", "--inactive", v.name); strings.Contains(text, "vireo:guest") {
		t.Errorf("it is still marked: %s", text)
	}
	// Nobody but libvirt is needed for it.
	e.stop(t)
	system.must(t, "snapshot-create-as", v.name, "before")
	v.inside(t, "echo after >/tmp/after")
	system.must(t, "snapshot-revert", v.name, "before")
	if left := v.inside(t, "ls /tmp"); strings.Contains(left, "after") {
		t.Errorf("after going back there is %s", left)
	}
	system.must(t, "snapshot-delete", v.name, "before")
	system.must(t, "destroy", v.name)
	system.must(t, "start", v.name)
	if size := v.inside(t, "cat /sys/block/vda/size"); strings.TrimSpace(size) != "131072" {
		t.Errorf("started by virsh, its disk has %s sectors", size)
	}
	system.must(t, "destroy", v.name)
	if _, err := os.Stat(image); err != nil {
		t.Error(err)
	}
	// What was released is nobody's here, as the check of the storage would say.
	left := filepath.Dir(strings.Split(strings.SplitAfter(system.must(t, "dumpxml", v.name), "<source file='")[1], "'")[0])
	if filepath.Base(left) != disk.attr("id") {
		t.Fatalf("its image is in %s", left)
	}
	need(t, os.RemoveAll(left))
	e.start(t)
}

// foreignXML is a guest as somebody else describes it.
func foreignXML(v *vm, image string) string {
	return `<domain type='qemu'><name>` + v.name + `</name><uuid>` + v.id + `</uuid><memory unit='MiB'>128</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type><kernel>` + filepath.Join(guestFolder, kernelFile) + `</kernel>
<initrd>` + filepath.Join(guestFolder, initrdFile) + `</initrd><cmdline>console=ttyS0 quiet no_timer_check cryptomgr.notests</cmdline></os>
<features><acpi/><apic/></features><cpu mode='maximum'/><on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot>
<devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file="` + image + `"/><target dev='vda' bus='virtio'/></disk>
<serial type='pty'/><console type='pty'/>
<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
<graphics type='vnc' autoport='yes' listen='127.0.0.1'/><memballoon model='virtio'/></devices></domain>`
}
