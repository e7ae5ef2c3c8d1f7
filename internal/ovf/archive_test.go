package ovf_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"vireo/internal/model"
	"vireo/internal/ovf"
)

// archived is a document as archives hold it: its disks stand alone, nowhere.
func archived(d *ovf.Document) (*ovf.Document, map[model.ID]int64) {
	sizes := map[model.ID]int64{}
	d.Snapshots, d.DataCenter = nil, ""
	for i := range d.Disks {
		disk := &d.Disks[i]
		disk.Chain, disk.StorageDomain, disk.ActualSize, disk.ProvisionedSize = nil, "", 0, 8<<30
		sizes[disk.ID] = int64(i+1) << 20
	}
	return d, sizes
}

func readArchived(t testing.TB, text []byte) *ovf.Archived {
	t.Helper()
	read, err := ovf.ReadArchived(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return read
}

// TestArchived: what is written for an archive is what it was, and comes back.
func TestArchived(t *testing.T) {
	for name, d := range map[string]*ovf.Document{"vm": full(), "template": template()} {
		d, sizes := archived(d)
		text, file := ovf.WriteArchived(d, sizes), filepath.Join("testdata", name+".archived.ovf")
		if *update {
			if err := os.WriteFile(file, text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(text, want) {
			t.Errorf("%s is not what is written; -update writes it anew. It is\n%s", file, text)
		}
		back := readArchived(t, want)
		if !reflect.DeepEqual(back.Document, d) || back.Foreign {
			t.Errorf("%s: read back it is\n%+v\nand not\n%+v", name, back.Document, d)
		}
		for i, each := range back.Images {
			if each != (ovf.Image{Disk: d.Disks[i].ID, File: string(d.Disks[i].Volume)}) {
				t.Errorf("%s: the file of disk %d is %+v", name, i, each)
			}
		}
		for _, tail := range []string{"<Content", "xsi:type", "StorageId", "InstanceId", "SnapshotsSection"} {
			if strings.Contains(string(text), tail) {
				t.Errorf("%s: it has %s", name, tail)
			}
		}
	}
}

// TestOthersArchives: one of RHV 4.4's own hand, with what ours has not.
func TestOthersArchives(t *testing.T) {
	text, err := os.ReadFile("testdata/rhv.archived.ovf")
	if err != nil {
		t.Fatal(err)
	}
	d := readArchived(t, text)
	c := d.Config()
	if d.Foreign || d.ID() != id(0xa0) || c.Name != "app" || c.OS.Type != "rhel_7x64" || c.Memory != 4<<30 || c.CPU.Topology.Count() != 2 ||
		len(c.NICs) != 1 || c.NICs[0].Network != "ovirtmgmt" || c.NICs[0].MAC != "56:6f:1a:00:00:01" {
		t.Errorf("it is %+v", c)
	}
	if len(d.Disks) != 1 || d.Disks[0].ID != id(0xa1) || d.Disks[0].ProvisionedSize != 10<<30 || d.Disks[0].Format != model.DiskRaw || !c.Disks[0].Bootable {
		t.Errorf("its disks are %+v", d.Disks)
	}
	if d.Images[0] != (ovf.Image{Disk: id(0xa1), File: string(id(0xa2))}) {
		t.Errorf("its images are %+v", d.Images)
	}
}

// TestForeign: one as VMware's and VirtualBox's programs write it.
func TestForeign(t *testing.T) {
	text, err := os.ReadFile("testdata/vmware.ovf")
	if err != nil {
		t.Fatal(err)
	}
	d := readArchived(t, text)
	c := d.Config()
	if !d.Foreign || c.Name != "appliance" || c.OS.Type != "other_linux" || c.Memory != 2<<30 || c.CPU.Topology.Sockets != 2 || c.Display.Type != model.DisplayVNC {
		t.Errorf("it is %+v", c)
	}
	if len(c.NICs) != 1 || c.NICs[0].Network != "VM Network" || c.NICs[0].Interface != model.NICE1000 || c.NICs[0].MAC != "" {
		t.Errorf("its NICs are %+v", c.NICs)
	}
	if len(c.Disks) != 2 || !c.Disks[0].Bootable || c.Disks[1].Bootable || c.Disks[0].Interface != model.DiskIDE || c.Disks[1].Interface != model.DiskVirtioSCSI {
		t.Errorf("its disks are attached as %+v", c.Disks)
	}
	if d.Disks[0].ProvisionedSize != 16<<30 || d.Disks[1].ProvisionedSize != 1<<20 || d.Disks[0].ID == d.Disks[1].ID {
		t.Errorf("its disks are %+v", d.Disks)
	}
	if d.Images[0].File != "appliance-disk1.vmdk" || !d.Images[0].VMDK || d.Images[1].VMDK {
		t.Errorf("its images are %+v", d.Images)
	}
}

// TestHostileArchives changes one word of a good text, and says what the reason holds.
func TestHostileArchives(t *testing.T) {
	foreign, err := os.ReadFile("testdata/vmware.ovf")
	if err != nil {
		t.Fatal(err)
	}
	for name, each := range map[string]struct{ old, new, says string }{
		"an entity":            {"<Envelope", "<!DOCTYPE x [<!ENTITY y 'z'>]><Envelope", "document type"},
		"a disk without file":  {`ovf:fileRef="file1"`, `ovf:fileRef="file9"`, "has no file"},
		"a disk of nothing":    {`ovf:fileRef="file1"`, ``, "has no file"},
		"one file twice":       {`ovf:fileRef="file2"`, `ovf:fileRef="file1"`, "is there twice"},
		"one disk twice":       {`ovf:diskId="vmdisk2"`, `ovf:diskId="vmdisk1"`, "is there twice"},
		"one on another":       {`ovf:diskId="vmdisk2"`, `ovf:diskId="vmdisk2" ovf:parentRef="vmdisk1"`, "stands on another one"},
		"a compressed file":    {`ovf:id="file1"`, `ovf:id="file1" ovf:compression="gzip"`, "is compressed"},
		"a file in pieces":     {`ovf:id="file1"`, `ovf:id="file1" ovf:chunkSize="1000"`, "is compressed, or cut"},
		"an unknown format":    {"http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized", "http://example.org/vhdx", "only VMDK and qcow2"},
		"an absurd capacity":   {`ovf:capacity="16"`, `ovf:capacity="9223372036854775807"`, "no number from"},
		"an absurd unit":       {`"byte * 2^30"`, `"byte * 2^99"`, "no number from"},
		"a unit of nonsense":   {`"byte * 2^30"`, `"parsecs"`, "is counted in"},
		"an absurd memory":     {"<rasd:VirtualQuantity>2048<", "<rasd:VirtualQuantity>99999999999999<", "no number from"},
		"no memory":            {"<rasd:VirtualQuantity>2048<", "<rasd:VirtualQuantity>0<", "nothing of the memory"},
		"no hardware":          {"VirtualHardwareSection", "OtherSection", "no hardware"},
		"several machines":     {"VirtualSystem", "VirtualSystemCollection", "or several ones"},
		"a very long name":     {"<Name>appliance", "<Name>" + strings.Repeat("n", 2000), "longer than"},
		"a very long file":     {`ovf:href="appliance-disk1.vmdk"`, `ovf:href="` + strings.Repeat("n", 2000) + `"`, "has no file"},
		"more CPUs than there": {"<rasd:VirtualQuantity>2<", "<rasd:VirtualQuantity>999999<", "no number from"},
	} {
		text := strings.ReplaceAll(string(foreign), each.old, each.new)
		if text == string(foreign) {
			t.Fatalf("%s: nothing is changed", name)
		}
		_, err := ovf.ReadArchived(strings.NewReader(text))
		if !errors.Is(err, ovf.ErrInvalid) || !strings.Contains(err.Error(), each.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzReadArchived: whatever the text is, a document comes out that can be written, or a
// reason.
func FuzzReadArchived(f *testing.F) {
	for _, name := range []string{"vm.archived.ovf", "template.archived.ovf", "rhv.archived.ovf", "vmware.ovf"} {
		text, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := ovf.ReadArchived(bytes.NewReader(text))
		if err != nil {
			if !errors.Is(err, ovf.ErrInvalid) {
				t.Errorf("%v", err)
			}
			return
		}
		if len(d.Images) != len(d.Disks) || len(d.Disks) != len(d.Config().Disks) {
			t.Errorf("%d images, %d disks, %d attachments", len(d.Images), len(d.Disks), len(d.Config().Disks))
		}
		ovf.WriteArchived(d.Document, nil)
	})
}
