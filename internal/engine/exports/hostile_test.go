package exports_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"vireo/internal/engine/enginetest"
	"vireo/internal/engine/exports"
	"vireo/internal/fault"
	"vireo/internal/image"
	"vireo/internal/model"
	"vireo/internal/ova"
)

// put puts a file of members beside each other into the directory.
func put(b *enginetest.Bench, name string, members ...[2]string) {
	b.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, each := range members {
		if err := w.WriteHeader(&tar.Header{Name: each[0], Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(each[1]))}); err != nil {
			b.Fatal(err)
		}
		if _, err := io.WriteString(w, each[1]); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	path := filepath.Join(archives(b), name)
	if err := errors.Join(os.WriteFile(path+".new", out.Bytes(), 0o600), os.Rename(path+".new", path)); err != nil {
		b.Fatal(err)
	}
}

// foreign is the text of an appliance with one disk, of a format.
func foreign(format string) string {
	return `<?xml version="1.0"?><Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1"
 xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData">
<References><File ovf:href="disk1.img" ovf:id="file1"/></References>
<DiskSection><Disk ovf:diskId="vmdisk1" ovf:fileRef="file1" ovf:capacity="4194304" ovf:format="` + format + `"/></DiskSection>
<VirtualSystem ovf:id="vm"><Name>appliance</Name><OperatingSystemSection ovf:id="101"/><VirtualHardwareSection>
<Item><rasd:ResourceType>3</rasd:ResourceType><rasd:VirtualQuantity>2</rasd:VirtualQuantity></Item>
<Item><rasd:ResourceType>4</rasd:ResourceType><rasd:AllocationUnits>byte * 2^20</rasd:AllocationUnits><rasd:VirtualQuantity>256</rasd:VirtualQuantity></Item>
<Item><rasd:ResourceType>17</rasd:ResourceType><rasd:HostResource>ovf:/disk/vmdisk1</rasd:HostResource></Item>
</VirtualHardwareSection></VirtualSystem></Envelope>`
}

const (
	vmdk  = "http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"
	qcow2 = "http://www.gnome.org/~markmc/qcow-image-format.html"
)

// imageOf is an image of a format that holds something, as its maker writes it.
func imageOf(t testing.TB, format string, options ...string) string {
	t.Helper()
	dir := t.TempDir()
	tool(t, "qemu-img", "create", "-q", "-f", "raw", dir+"/raw", "4M")
	tool(t, "qemu-io", "-f", "raw", "-c", "write -P 7 65536 1M", dir+"/raw")
	tool(t, "qemu-img", slices.Concat([]string{"convert", "-f", "raw", "-O", format}, options, []string{dir + "/raw", dir + "/image"})...)
	content, err := os.ReadFile(dir + "/image")
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestForeignArchive: an appliance as VMware packs it, with a manifest, comes in as a VM.
func TestForeignArchive(t *testing.T) {
	b := enginetest.New(t, nil)
	disk, text := imageOf(t, "vmdk", "-o", "subformat=streamOptimized"), foreign(vmdk)
	manifest := fmt.Sprintf("SHA256(x.ovf)= %x\nSHA256(disk1.img)= %x\n", sha256.Sum256([]byte(text)), sha256.Sum256([]byte(disk)))
	put(b, "x.ova", [2]string{"x.ovf", text}, [2]string{"x.mf", manifest}, [2]string{"disk1.img", disk})
	for _, name := range []string{"one", "two"} { // it has no identity that could be in use
		made := b.Get(b.Must(unpack(b, "x.ova", func(p *exports.UnpackParams) { p.Name = name })).Object.Ref().ID)
		got := b.Disk(made.Disks[0].Disk)
		if made.Memory != 256<<20 || made.CPU.Topology.Sockets != 2 || made.OS.Type != "other_linux" || got.ProvisionedSize != 4<<20 || !made.Disks[0].Bootable {
			t.Errorf("it is %+v with %+v", made.VMConfig, got)
		}
		tool(t, "qemu-io", "-r", "-f", "qcow2", "-c", "read -P 7 65536 1M", "-c", "read -P 0 2M 1M", file(b.Domain("local-data"), got.ID, got.Volume))
	}
	damaged := disk[:len(disk)-700] + "damage" + disk[len(disk)-694:]
	put(b, "y.ova", [2]string{"x.ovf", text}, [2]string{"x.mf", manifest}, [2]string{"disk1.img", damaged})
	before := b.LastEvent()
	call := unpack(b, "y.ova", func(p *exports.UnpackParams) { p.Name = "three" })
	f := b.Fails(call)
	if !strings.Contains(f.Message(), "checksum") || !slices.Contains(b.Events(before), 1153) {
		t.Errorf("a damaged one: %s", f.Message())
	}
	if len(b.Server.Inventory.VMs.All()) != 2 || len(b.Server.Inventory.Disks.All()) != 2 {
		t.Error("it has left something")
	}
}

// TestHostileArchives: each is refused with a reason, and nothing is touched.
func TestHostileArchives(t *testing.T) {
	b := enginetest.New(t, nil)
	before := picture(t, b.Domain("local-data"))
	alone := imageOf(t, "qcow2")
	dir := t.TempDir()
	crafted := func(args ...string) string {
		t.Helper()
		name := filepath.Join(dir, string(model.NewID()))
		tool(t, "qemu-img", append(args, name, "4M")...)
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	patched := func(at int, bytes string) string { return alone[:at] + bytes + alone[at+len(bytes):] }
	sparse := imageOf(t, "vmdk")
	for name, each := range map[string]struct{ format, disk, says string }{
		"a backing file":             {qcow2, crafted("create", "-q", "-u", "-f", "qcow2", "-b", "/etc/shadow", "-F", "raw"), "backing file"},
		"a data file":                {qcow2, crafted("create", "-q", "-f", "qcow2", "-o", "data_file="+dir+"/data,data_file_raw=on"), "in another file"},
		"an absurd size":             {qcow2, patched(24, "\x7f\x00\x00\x00\x00\x00\x00\x00"), "cannot be read"},
		"tables beyond the end":      {qcow2, patched(40, "\x00\x7f\x00\x00\x00\x00\x00\x00"), "cannot be read"},
		"raw bytes":                  {qcow2, "raw bytes", "cannot be read"},
		"another format":             {vmdk, alone, "cannot be read as vmdk"},
		"a descriptor":               {vmdk, "# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\ncreateType=\"monolithicFlat\"\nRW 8192 FLAT \"/etc/passwd\" 0\n" + strings.Repeat(" ", 512), "cannot be read"},
		"a descriptor in a header":   {vmdk, sparse[:12] + strings.Repeat("\x00", 8) + sparse[20:], "in another file"},
		"a parent":                   {vmdk, strings.Replace(sparse, "createType=\"monolithicSparse\"", "parentFileNameHint=\"/x\"     ", 1), "backing file"},
		"an unknown format":          {"http://example.org/vhdx", alone, "only VMDK and qcow2"},
		"a flood of virtual content": {qcow2, patched(24, "\x00\x03\x00\x00\x00\x00\x00\x00"), "cannot be read"},
	} {
		put(b, "x.ova", [2]string{"x.ovf", foreign(each.format)}, [2]string{"disk1.img", each.disk})
		f := b.Refused(unpack(b, "x.ova"), fault.Invalid)
		if !strings.Contains(f.Message(), each.says) {
			t.Errorf("%s: %s", name, f.Message())
		}
	}
	put(b, "x.ova", [2]string{"x.ovf", foreign(qcow2)}, [2]string{"other.img", alone})
	if f := b.Refused(unpack(b, "x.ova"), fault.Invalid); !strings.Contains(f.Message(), "which is not in it") {
		t.Errorf("an href to nothing: %s", f.Message())
	}
	put(b, "x.ova", [2]string{"x.ovf", strings.Replace(foreign(qcow2), "disk1.img", "../../../../etc/passwd", 1)}, [2]string{"disk1.img", alone})
	b.Refused(unpack(b, "x.ova"), fault.Invalid)
	if err := os.Symlink("/etc/passwd", filepath.Join(archives(b), "link.ova")); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"link.ova", "/etc/passwd", "../vireo.db", "absent.ova", "", "/", archives(b)} {
		b.Refused(unpack(b, path), fault.Invalid)
	}
	if got := picture(t, b.Domain("local-data")); len(got) != len(before) || len(b.Server.Inventory.VMs.All())+len(b.Server.Inventory.Disks.All()) > 0 {
		t.Errorf("something was touched: %v", got)
	}
	if _, err := ova.Read(strings.NewReader(""), 0); err == nil {
		t.Error("nothing is an archive")
	}
}

// TestUnpackFails: a full domain leaves nothing, and a file that is exchanged after it was
// looked at is not taken.
func TestUnpackFails(t *testing.T) {
	b := enginetest.New(t, nil)
	put(b, "x.ova", [2]string{"x.ovf", foreign(qcow2)}, [2]string{"disk1.img", imageOf(t, "qcow2")})
	before := picture(t, b.Domain("local-data"))
	untouched := func() {
		t.Helper()
		if got := picture(t, b.Domain("local-data")); len(got) != len(before) || len(b.Server.Inventory.VMs.All())+len(b.Server.Inventory.Disks.All()) > 0 {
			t.Errorf("it has left %v", got)
		}
	}
	b.Images.Fail("ReadStretch", image.ErrNoSpace)
	b.Fails(unpack(b, "x.ova"))
	b.Images.Clear()
	untouched()

	release := b.Images.Hold("ReadStretch")
	begun := b.Begin(unpack(b, "x.ova"))
	b.InStatus(begun.Object.Ref().ID, model.StatusImageLocked)
	put(b, "x.ova", [2]string{"x.ovf", foreign(qcow2) + "\n"}, [2]string{"disk1.img", imageOf(t, "qcow2")})
	b.Restart()
	release()
	ended := b.Wait(begun.Job.ID)
	if ended.Status != model.JobFailed || !strings.Contains(ended.Fault.Message, "changed meanwhile") {
		t.Errorf("the job is %+v", ended)
	}
	untouched()
}
