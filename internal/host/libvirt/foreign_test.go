package libvirt

import (
	"strings"
	"testing"

	"libvirt.org/go/libvirtxml"

	"vireo/internal/model"
)

// foreignXML is a guest as virt-install makes it, with something more.
func foreignXML(more string) string {
	return `<domain type='kvm'><name>web</name><uuid>5a89a1d2-32be-43f7-a0d1-f8b5bc974ff6</uuid>
<memory unit='KiB'>1048576</memory><currentMemory unit='KiB'>524288</currentMemory><vcpu placement='static'>4</vcpu>
<os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os><cpu mode='host-passthrough'><topology sockets='2' dies='1' cores='2' threads='1'/></cpu>
<devices>
<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/images/web.qcow2' index='1'/><backingStore/><target dev='vda' bus='virtio'/></disk>
<disk type='file' device='cdrom'><driver name='qemu'/><target dev='sda' bus='sata'/><readonly/></disk>
<interface type='bridge'><mac address='52:54:00:AA:bb:cc'/><source bridge='br0'/><model type='virtio'/></interface>
<graphics type='vnc' port='5900' listen='127.0.0.1'/><memballoon model='virtio'/>` + more + `</devices></domain>`
}

func readForeignXML(t *testing.T, text string) (why string) {
	t.Helper()
	var definition libvirtxml.Domain
	if err := definition.Unmarshal(text); err != nil {
		t.Fatal(err)
	}
	spec, why := readForeign(&definition)
	if why != "" {
		return why
	}
	if spec.Name != "web" || spec.Memory != 1<<30 || spec.Topology != (model.Topology{Sockets: 2, Cores: 2, Threads: 1}) ||
		spec.CPUMode != model.CPUModeHostPassthrough || spec.Machine != "pc-q35-7.2" || spec.Display != model.DisplayVNC || !spec.Ballooning {
		t.Errorf("it is read as %+v", spec)
	}
	if len(spec.Disks) != 1 || spec.Disks[0].Path != "/images/web.qcow2" || spec.Disks[0].Format != model.DiskCOW || spec.Disks[0].Interface != model.DiskVirtio {
		t.Errorf("its disks are read as %+v", spec.Disks)
	}
	if len(spec.NICs) != 1 || spec.NICs[0].MAC != "52:54:00:aa:bb:cc" || spec.NICs[0].Bridge != "br0" || !spec.NICs[0].Linked {
		t.Errorf("its interfaces are read as %+v", spec.NICs)
	}
	return ""
}

// TestForeign: what a guest is that somebody else has made, and what it has that no VM has.
func TestForeign(t *testing.T) {
	if why := readForeignXML(t, foreignXML("")); why != "" {
		t.Errorf("it is refused: %s", why)
	}
	const disk = `<disk type='file' device='disk'><driver name='qemu' type='%FORMAT'/><source file='/x'>%IN</source>%MORE<target dev='vdb' bus='%BUS'/></disk>`
	image := func(replace ...string) string {
		return strings.NewReplacer(append(replace, "%FORMAT", "raw", "%BUS", "virtio", "%MORE", "", "%IN", "")...).Replace(disk)
	}
	for more, want := range map[string]string{
		`<tpm model='tpm-crb'><backend type='emulator'/></tpm>`:                                                                            "a TPM",
		`<hostdev mode='subsystem' type='usb'><source><vendor id='0x1'/><product id='0x1'/></source></hostdev>`:                            "devices of its host",
		`<filesystem type='mount'><source dir='/a'/><target dir='b'/></filesystem>`:                                                        "directories of its host",
		`<disk type='block' device='disk'><driver name='qemu' type='raw'/><source dev='/dev/sdz'/><target dev='vdb' bus='virtio'/></disk>`: "not a file",
		image("%FORMAT", "vmdk"):       "of the format",
		image("%BUS", "usb"):           "on the bus usb",
		image("%MORE", "<shareable/>"): "shared with other guests",
		image("%MORE", "<backingStore type='file'><format type='raw'/><source file='/base'/></backingStore>"):                                                                                        "stands on another image",
		`<disk type='file' device='cdrom'><source file='/a.iso'/><target dev='sdb' bus='sata'/></disk><disk type='file' device='cdrom'><source file='/b.iso'/><target dev='sdc' bus='sata'/></disk>`: "not in its first CD drive",
		`<disk type='file' device='floppy'><source file='/a.img'/><target dev='fda' bus='fdc'/></disk>`:                                                                                              "not in its first CD drive",
		`<interface type='bridge'><mac address='52:54:00:aa:bb:cd'/><source bridge='br0'/><model type='pcnet'/></interface>`:                                                                         "of a model",
		`<interface type='direct'><mac address='52:54:00:aa:bb:cd'/><source dev='eth0'/><model type='virtio'/></interface>`:                                                                          "connected neither",
	} {
		if why := readForeignXML(t, foreignXML(more)); !strings.Contains(why, want) {
			t.Errorf("with %s: %q, want %q", more, why, want)
		}
	}
	uefi := strings.Replace(foreignXML(""), "hvm</type>", "hvm</type><loader type='pflash'>/ovmf</loader>", 1)
	if why := readForeignXML(t, uefi); !strings.Contains(why, "UEFI") {
		t.Errorf("with UEFI: %q", why)
	}
	other := strings.Replace(foreignXML(""), "arch='x86_64'", "arch='aarch64'", 1)
	if why := readForeignXML(t, other); !strings.Contains(why, "x86_64") {
		t.Errorf("of another architecture: %q", why)
	}
}
