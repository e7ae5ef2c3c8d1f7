package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	hardwareKernelFile = "vmlinuz-guest-hardware"
	hardwareInitrdFile = "initrd-guest-hardware.img"
)

// TestRunOnce starts VMs with other values than their own, for one run.
func TestRunOnce(t *testing.T) {
	t.Parallel()
	e := newEngine(t, system, nil)
	for _, name := range []string{hardwareKernelFile, hardwareInitrdFile} {
		e.putISO(t, guestFolder, name)
	}
	e.set(t, "UserDefinedVMProperties", "color=red|blue;size=[0-9]+")
	t.Run("the example of the specification", func(t *testing.T) { printedExample(t, e) })
	t.Run("every element", func(t *testing.T) { everyOverride(t, e) })
	t.Run("its life", func(t *testing.T) { lifeOfOverrides(t, e) })
	t.Run("what is not overridden", func(t *testing.T) { notOverridden(t, e) })
}

// example1547 is example 15.47 of the specification as printed, but for the id of
// the host.
const example1547 = `<action>
    <pause>true</pause>
    <vm>
        <stateless>true</stateless>
        <display>
            <type>spice</type>
        </display>
        <os>
            <boot dev="cdrom"/>
        </os>
        <cdroms>
            <cdrom>
                <file id="windows-xp.iso"/>
            </cdrom>
        </cdroms>
        <floppies>
            <floppy>
                <file id="virtio-win_x86.vfd"/>
            </floppy>
       </floppies>
        <domain>
            <name>domain.example.com</name>
            <user>
                <user_name>domain_user</user_name>
                <password>domain_password</password>
            </user>
        </domain>
        <placement_policy>
            <host id="HOST"/>       
        </placement_policy>
    </vm>
</action>`

// printedExample sends the example to a VM that is no Windows.
func printedExample(t *testing.T, e *engine) {
	e.copyISO(t, isoFile, "windows-xp.iso")
	floppy := floppyImage("from the floppy")
	e.writeISO(t, "virtio-win_x86.vfd", floppy)
	v := e.create(t)
	e.call(t, "PUT", v.path(), `<vm><os><kernel></kernel><initrd></initrd><cmdline></cmdline><boot dev="hd"/></os></vm>`)
	disk := v.addDisk(t, "16777216")
	before := v.configuration(t)
	host := e.call(t, "GET", "/hosts?search=name%3Dlocal", "").body.at("host").attr("id")

	said := e.call(t, "POST", v.path()+"/start", strings.ReplaceAll(example1547, "HOST", host))
	if state := said.body.text("status/state"); said.code != 202 || state != "pending" && state != "in_progress" {
		t.Errorf("a stateless start was answered %d, %s", said.code, state)
	}
	if strings.Contains(said.text, "domain_password") {
		t.Error("the answer shows the password")
	}
	v.await(t, "paused")
	now := v.get(t)
	if now.text("run_once") != "true" || now.text("display/type") != "spice" || now.at("os/boot").attr("dev") != "cdrom" ||
		len(now.all("os/boot")) != 1 || now.at("host").attr("id") != host {
		t.Errorf("the run is shown as run_once %s, display %s, boot %v, host %s",
			now.text("run_once"), now.text("display/type"), now.all("os/boot"), now.at("host").attr("id"))
	}
	definition := e.daemon.must(t, "dumpxml", v.id)
	for _, part := range []string{"windows-xp.iso", "virtio-win_x86.vfd", "type='spice'"} {
		if !strings.Contains(definition, part) {
			t.Errorf("the guest has no %s", part)
		}
	}
	if strings.Contains(definition, "sysprep") {
		t.Error("a guest that is not Windows got an answer file")
	}
	if path := e.diskSource(t, v, disk); strings.HasSuffix(path, e.volume(t, disk)) {
		t.Errorf("the guest writes to the disk itself: %s", path)
	}

	v.act(t, "start")
	v.await(t, "up")
	v.inside(t, "printf gone | dd of=/dev/vda bs=512 seek=4 conv=sync; sync")
	if text := v.inside(t, "dd if=/dev/vda bs=512 skip=4 count=1 2>/dev/null | tr -d '\\0'"); text != "gone" {
		t.Errorf("in the run the disk holds %q", text)
	}
	v.act(t, "stop")
	v.await(t, "down")
	if bytes := e.readVolume(t, disk, 4*512, 4); strings.Trim(bytes, "\x00") != "" {
		t.Errorf("after the run the disk holds %q", bytes)
	}
	e.noOverlays(t, disk)
	if after := v.configuration(t); after != before {
		t.Errorf("the run has changed the VM:\n%s\nbefore:\n%s", after, before)
	}
	if content, err := os.ReadFile(filepath.Join(e.dataDir, "iso", "virtio-win_x86.vfd")); err != nil || string(content) != string(floppy) {
		t.Errorf("the floppy in the ISO domain has changed (%v)", err)
	}
}

// everyOverride gives every element that can be overridden, and looks for it in
// the definition of the guest and in the guest.
func everyOverride(t *testing.T, e *engine) {
	e.writeISO(t, "tools.vfd", floppyImage("from the floppy"))
	v := e.create(t)
	v.addDisk(t, "16777216")
	e.call(t, "POST", v.path()+"/nics", `<nic><name>nic1</name><network><name>ovirtmgmt</name></network></nic>`)
	before := v.configuration(t)
	v.act(t, "start", `<vm>
		<display><type>vnc</type><keyboard_layout>de</keyboard_layout></display>
		<bios><boot_menu><enabled>true</enabled></boot_menu></bios>
		<os>
			<boot dev="network"/><boot dev="cdrom"/><boot dev="hd"/>
			<kernel>iso://`+hardwareKernelFile+`</kernel><initrd>iso://`+hardwareInitrdFile+`</initrd>
			<cmdline>console=ttyS0 quiet no_timer_check cryptomgr.notests vireo.hostname=overridden</cmdline>
		</os>
		<cdroms><cdrom><file id="`+kernelFile+`"/></cdrom><cdrom><file id="missing.iso"/></cdrom></cdroms>
		<floppies><floppy><file id="tools.vfd"/></floppy></floppies>
		<custom_properties><custom_property name="color" value="red"/></custom_properties>
		<cpu_shares>512</cpu_shares>
		<custom_cpu_model>qemu64</custom_cpu_model>
		<custom_emulated_machine>pc-i440fx-7.2</custom_emulated_machine>
		<placement_policy><host><name>local</name></host></placement_policy>
	</vm>`)
	v.await(t, "up")
	definition := e.daemon.must(t, "dumpxml", v.id)
	for _, part := range []string{
		"keymap='de'", "<bootmenu enable='yes'", hardwareKernelFile + "</kernel>", "<shares>512</shares>",
		">qemu64</model>", "machine='pc-i440fx-7.2'", "tools.vfd", "type='vnc'",
	} {
		if !strings.Contains(definition, part) {
			t.Errorf("the guest has no %s", part)
		}
	}
	var boot []string
	for _, device := range v.get(t).all("os/boot") {
		boot = append(boot, device.attr("dev"))
	}
	if fmt.Sprint(boot) != "[network cdrom hd]" {
		t.Errorf("the boot sequence in use is shown as %v", boot)
	}
	if name := v.inside(t, "hostname"); name != "overridden" {
		t.Errorf("the command line did not count: the guest is called %q", name)
	}
	eventually(t, "the guest's floppy drive", func() (bool, string) {
		_, err := e.daemon.inside(v.id, "test -b /dev/fd0")
		return err == nil, "there is none"
	})
	if text := v.inside(t, "mkdir -p /tmp/f; mount -t vfat -o ro /dev/fd0 /tmp/f; cat /tmp/f/*"); text != "from the floppy" {
		t.Errorf("the guest reads %q from its floppy", text)
	}
	v.act(t, "stop")
	v.await(t, "down")
	if after := v.configuration(t); after != before {
		t.Errorf("the run has changed the VM:\n%s\nbefore:\n%s", after, before)
	}
}

// lifeOfOverrides: they last through a reboot, a new engine, and a suspend; the
// next start has none.
func lifeOfOverrides(t *testing.T, e *engine) {
	v := e.create(t)
	v.act(t, "start", `<vm><os><cmdline>console=ttyS0 quiet no_timer_check cryptomgr.notests vireo.hostname=once</cmdline></os></vm>`)
	v.await(t, "up")
	once := func(when string) {
		t.Helper()
		if shown := v.get(t).text("run_once"); shown != "true" {
			t.Errorf("%s run_once is %s", when, shown)
		}
		if name := v.inside(t, "hostname"); name != "once" {
			t.Errorf("%s the guest is called %q", when, name)
		}
	}
	once("after the start")
	v.act(t, "reboot")
	v.await(t, "up")
	once("after a reboot")
	e.kill(t)
	e.start(t)
	e.awaitHost(t, "up")
	v.await(t, "up")
	once("after the engine was killed")
	v.act(t, "suspend")
	v.await(t, "suspended")
	v.act(t, "start")
	v.await(t, "up")
	once("after a suspend")
	if !strings.Contains(e.daemon.must(t, "dumpxml", v.id), "vireo.hostname=once") {
		t.Error("the restored guest is defined without its overrides")
	}
	v.act(t, "stop")
	v.await(t, "down")
	if v.get(t).has("run_once") {
		t.Error("run_once is shown of a VM that is down")
	}
	v.act(t, "start")
	v.await(t, "up")
	if shown := v.get(t).text("run_once"); shown != "false" {
		t.Errorf("after a plain start run_once is %q", shown)
	}
	if name := v.inside(t, "hostname"); name == "once" {
		t.Error("a plain start has the overrides of the run before")
	}
	v.act(t, "stop")
	v.await(t, "down")
}

// notOverridden: what cannot be overridden is ignored (api-v3 3.2).
func notOverridden(t *testing.T, e *engine) {
	v := e.create(t)
	before := v.configuration(t)
	v.act(t, "start", `<vm><name>other</name><memory>268435456</memory><cpu><topology sockets="2" cores="2"/></cpu>
		<high_availability><enabled>true</enabled></high_availability>
		<payloads><payload type="cdrom"><files><file><name>a</name><content>b</content></file></files></payload></payloads></vm>`)
	v.await(t, "up")
	now := v.get(t)
	if now.text("name") != v.name || now.text("memory") != "134217728" || now.at("cpu/topology").attr("sockets") != "1" ||
		now.text("high_availability/enabled") != "false" || strings.Contains(e.daemon.must(t, "dumpxml", v.id), "payload") {
		t.Error("an element was overridden that cannot be")
	}
	v.act(t, "stop")
	v.await(t, "down")
	if after := v.configuration(t); after != before {
		t.Errorf("the run has changed the VM:\n%s", after)
	}
}
