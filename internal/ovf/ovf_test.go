package ovf_test

import (
	"bytes"
	"cmp"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"vireo/internal/model"
	"vireo/internal/ovf"
)

var update = flag.Bool("update", false, "write the golden files anew")

// id makes ids that tests can tell apart.
func id(n byte) model.ID {
	return model.ID("00000000-0000-4000-8000-0000000000" + string("0123456789abcdef"[n>>4]) + string("0123456789abcdef"[n&15]))
}

var someDay = time.Date(2026, 11, 23, 9, 7, 31, 0, time.UTC)

// full is a VM with everything that the dialect has a word for: two disks, of which one
// has two snapshots under it.
func full() *ovf.Document {
	config := model.VMConfig{
		Name: "web <1>", Description: "two lines\n& \"more\"", Comment: "c", Type: model.VMTypeServer, Template: model.BlankID, Origin: "ovirt",
		Memory: 2 << 30, GuaranteedMemory: 1 << 30, Ballooning: true,
		CPU: model.CPU{
			Topology: model.Topology{Sockets: 2, Cores: 3, Threads: 1}, Mode: model.CPUModeHostPassthrough,
			Pins: []model.VCPUPin{{VCPU: 0, CPUSet: "1-2"}, {VCPU: 1, CPUSet: "3"}},
		},
		CPUShares: 512, BootMenu: true,
		OS: model.OS{
			Type: "rhel_6x64", Boot: []model.BootDevice{model.BootCDROM, model.BootHardDisk, model.BootNetwork},
			Kernel: "iso://vmlinuz", Initrd: "iso://initrd", Cmdline: "console=ttyS0",
		},
		Stateless: true, DeleteProtected: true, StartPaused: true, HA: model.HighAvailability{Enabled: true, Priority: 50},
		Display: model.Display{
			Type: model.DisplaySPICE, Monitors: 2, SingleQXLPCI: true, AllowOverride: true, SmartcardEnabled: true,
			KeyboardLayout: "de", CopyPasteEnabled: true, DisconnectAction: model.DisconnectLogout,
		},
		SSOMethods: []string{"guest_agent"}, RNG: &model.RNGDevice{Source: "hwrng", Bytes: 1000, Period: 20}, Console: true,
		TimeZone: "Etc/GMT", Domain: "example.org", USB: model.USB{Enabled: true, Type: model.USBNative}, SoundcardEnabled: true,
		TunnelMigration: true, MigrationDowntime: 500, Migration: model.MigrationOptions{AutoConverge: "true", Compressed: "false", Encrypted: "true", Policy: model.MigrationPostCopy},
		VirtioSCSI: true, SerialNumber: &model.SerialNumber{Policy: model.SerialNumberCustom, Value: "s/n 1"}, IOThreads: 2,
		CustomProperties:      []model.CustomProperty{{Name: "hugepages", Value: "1"}, {Name: "sap_agent", Value: "true"}},
		CustomEmulatedMachine: "pc-q35-7.2", CustomCPUModel: "Nehalem",
		Placement: model.PlacementPolicy{Affinity: model.AffinityPinned, Hosts: []model.ID{id(0x70)}}, UseLatestTemplateVersion: true,
		NUMATuneMode: "strict",
		Initialization: &model.Initialization{
			HostName: "web", TimeZone: "Europe/Berlin", AuthorizedKeys: []model.AuthorizedKey{{Key: "ssh-ed25519 AAAA a"}, {Key: "ssh-rsa BBBB b"}},
			RegenerateSSHKeys: true, DNSServers: []string{"192.0.2.1", "192.0.2.2"}, DNSSearch: []string{"example.org"},
			NICs: []model.NICConfiguration{
				{Name: "eth0", BootProtocol: model.BootProtocolStatic, Address: "192.0.2.9", Netmask: "255.255.255.0", Gateway: "192.0.2.1", OnBoot: true},
				{Name: "eth1", BootProtocol: model.BootProtocolDHCP},
			},
			UserName: "u", Domain: "ad.example.org", ActiveDirectoryOU: "OU=x", OrgName: "o", InputLocale: "a", UILanguage: "b", SystemLocale: "c", UserLocale: "d",
		},
		NICs: []model.NIC{
			{ID: id(0x20), Name: "nic1", Network: "ovirtmgmt", Interface: model.NICVirtio, MAC: "00:1a:4a:16:01:51", Linked: true, Plugged: true},
			{ID: id(0x21), Name: "nic2", Interface: model.NICE1000, MAC: "00:1a:4a:16:01:52"},
		},
		Disks: []model.DiskAttachment{
			{Disk: id(0x30), Interface: model.DiskVirtio, Bootable: true, Active: true},
			{Disk: id(0x31), Interface: model.DiskIDE, ReadOnly: true},
		},
		CDROM: "debian.iso",
	}
	d := &ovf.Document{
		Exported: someDay.Add(time.Hour), VM: &model.VM{ID: id(0x10), CreationTime: someDay, VMConfig: config},
		TemplateName: "Blank", Cluster: "Default", DataCenter: id(0x02),
		Disks: []model.Disk{
			{
				ID: id(0x30), Alias: "web_Disk1", Description: "system", StorageDomain: id(0x01), Volume: id(0x42), Format: model.DiskCOW, Sparse: true,
				ProvisionedSize: 5<<30 + 512, ActualSize: 2 << 30, Interface: model.DiskVirtio, Bootable: true, CreationTime: someDay,
				Chain: []model.Volume{
					{ID: id(0x40), Format: model.DiskRaw, Size: 4 << 30, CreationTime: someDay},
					{ID: id(0x41), Format: model.DiskCOW, Sparse: true, Size: 5<<30 + 512, CreationTime: someDay},
				},
			},
			{
				ID: id(0x31), Alias: "web_Disk2", StorageDomain: id(0x01), Volume: id(0x43), Format: model.DiskRaw, ProvisionedSize: 512,
				ActualSize: 1 << 30, Interface: model.DiskIDE, WipeAfterDelete: true, CreationTime: someDay,
			},
		},
	}
	for i, description := range []string{"before", "after the update"} {
		before := *model.Clone(&config)
		before.Name, before.Disks = "web", before.Disks[:1]
		before.NICs = before.NICs[:i]
		if i == 0 {
			before.NICs = nil
		}
		s := model.Snapshot{
			ID: id(0x50 + byte(i)), VM: id(0x10), Description: description, CreationTime: someDay, Type: model.SnapshotRegular,
			Status: model.SnapshotOK, Config: before, Volumes: []model.SnapshotVolume{{Disk: id(0x30), Volume: id(0x40 + byte(i))}},
		}
		if i == 1 {
			s.Memory = &model.SavedState{StorageDomain: id(0x01), MemoryImage: id(0x60), MemoryVolume: id(0x61), ConfigImage: id(0x62), ConfigVolume: id(0x63)}
		}
		d.Snapshots = append(d.Snapshots, s)
	}
	return d
}

func template() *ovf.Document {
	d := full()
	t := &model.Template{ID: d.VM.ID, CreationTime: someDay, Base: id(0x11), VersionName: "second", VersionNumber: 2, VMConfig: d.VM.VMConfig}
	t.Template = ""
	d.VM, d.Template, d.TemplateName, d.Snapshots = nil, t, "", nil
	d.Disks[0].Chain = nil
	return d
}

func read(t testing.TB, text []byte) *ovf.Document {
	t.Helper()
	d, err := ovf.Read(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return d
}

func TestGolden(t *testing.T) {
	for name, d := range map[string]*ovf.Document{"vm": full(), "template": template()} {
		text, file := ovf.Write(d), filepath.Join("testdata", name+".ovf")
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
		if back := read(t, want); !reflect.DeepEqual(back, d) {
			t.Errorf("%s: read back it is\n%+v\nand not\n%+v", name, back, d)
		}
	}
}

// TestSecretsStayAway writes each sort of secret and looks for it.
func TestSecretsStayAway(t *testing.T) {
	const secret = "ecneics"
	d := full()
	d.VM.Initialization.RootPassword, d.VM.Initialization.CustomScript, d.VM.Initialization.WindowsLicenseKey = secret, secret, secret
	d.VM.Initialization.Users = []model.GuestUser{{Name: "u", Password: secret}}
	d.VM.Initialization.Files = []model.GuestFile{{Path: "/f", Content: secret}}
	d.VM.Payloads = []model.Payload{{Type: model.PayloadCDROM, Files: []model.PayloadFile{{Name: "f", Content: secret}}}}
	d.Snapshots[0].Config.Initialization = d.VM.Initialization
	text := ovf.Write(d)
	d.Snapshots = nil // whose text is in base64
	if bytes.Contains(text, []byte(secret)) || bytes.Contains(ovf.Write(d), []byte(secret)) {
		t.Error("a secret is written")
	}
	for _, s := range read(t, text).Snapshots {
		if i := s.Config.Initialization; i.RootPassword+i.CustomScript+i.WindowsLicenseKey != "" || len(i.Files) > 0 {
			t.Error("a secret came back with a snapshot")
		}
	}
	foreign := strings.Replace(string(ovf.Write(full())), "<VmInit ", `<VmInit ovf:rootPassword="`+secret+`" ovf:customScript="`+secret+`" `, 1)
	if i := read(t, []byte(foreign)).VM.Initialization; i.RootPassword+i.CustomScript != "" {
		t.Error("a secret of others was read")
	}
}

// TestTemplatesVolumes: what a thin disk stands on is named and not described, and is
// found again in the template's text.
func TestTemplatesVolumes(t *testing.T) {
	d, base := full(), template()
	shared := base.Disks[0]
	d.Disks[0].Chain = append([]model.Volume{{
		ID: shared.Volume, Format: shared.Format, Sparse: shared.Sparse, Size: shared.ProvisionedSize, CreationTime: someDay, Template: shared.ID,
	}}, d.Disks[0].Chain...)
	d.Disks[0].ID, d.VM.Disks[0].Disk, d.Disks[0].Volume = id(0x90), id(0x90), id(0x91)
	d.Snapshots = nil
	text := ovf.Write(d)
	if bytes.Contains(text, []byte(`fileRef="`+string(shared.ID))) {
		t.Error("the template's volume is written as the VM's")
	}
	back := read(t, text)
	if missing := back.Missing(); !reflect.DeepEqual(missing, []model.ID{shared.Volume}) {
		t.Fatalf("missing is %v", missing)
	}
	if again := ovf.Write(back); !bytes.Equal(again, text) {
		t.Errorf("written again it is\n%s", again)
	}
	back.Complete(read(t, ovf.Write(base)).Disks)
	if !reflect.DeepEqual(back, d) {
		t.Errorf("completed it is\n%+v\nand not\n%+v", back, d)
	}
}

// TestRoundTrip: what is written is read as it was.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := documents.Draw(t, "document")
		text := ovf.Write(d)
		back, err := ovf.Read(bytes.NewReader(text))
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if !reflect.DeepEqual(back, d) {
			t.Fatalf("read back it is\n%+v\nand not\n%+v\nfrom\n%s", back, d, text)
		}
		if again := ovf.Write(back); !bytes.Equal(again, text) {
			t.Fatalf("written again it is\n%s\nand not\n%s", again, text)
		}
	})
}

var (
	ids = rapid.Custom(func(t *rapid.T) model.ID {
		return model.ID(rapid.StringMatching(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}`).Draw(t, "id"))
	})
	texts = rapid.StringOf(rapid.SampledFrom([]rune("aZ0 <>&\"'\r\n\t\U0001F600ß-_.;=[]")))
	names = rapid.StringMatching(`[a-zA-Z0-9<&"'_.äß]([a-zA-Z0-9 <&"'_.-]{0,8}[a-z])?`)
	times = rapid.Custom(func(t *rapid.T) time.Time {
		return time.Unix(rapid.Int64Range(1, 4_000_000_000).Draw(t, "second"), 0).UTC()
	})
)

func one[T any](t *rapid.T, label string, of ...T) T { return rapid.SampledFrom(of).Draw(t, label) }

var configs = rapid.Custom(func(t *rapid.T) model.VMConfig {
	flip := func(label string) bool { return rapid.Bool().Draw(t, label) }
	upTo := func(most int, label string) int { return rapid.IntRange(0, most).Draw(t, label) }
	c := model.VMConfig{
		Name: names.Draw(t, "name"), Description: texts.Draw(t, "description"), Comment: texts.Draw(t, "comment"),
		Type: one(t, "type", model.VMTypeDesktop, model.VMTypeServer), Origin: one(t, "origin", "", "ovirt", "vmware", "kvm"),
		Memory: int64(1+upTo(1<<20, "memory")) << 20, GuaranteedMemory: int64(upTo(1<<20, "guaranteed")) << 20, Ballooning: flip("ballooning"),
		CPU: model.CPU{
			Topology: model.Topology{Sockets: 1 + upTo(7, "sockets"), Cores: 1 + upTo(7, "cores"), Threads: 1 + upTo(1, "threads")},
			Mode:     one(t, "mode", "", model.CPUModeCustom, model.CPUModeHostModel, model.CPUModeHostPassthrough),
		},
		CPUShares: upTo(2048, "shares"), BootMenu: flip("menu"),
		OS: model.OS{
			Type:   one(t, "os", "other", "other_linux", "rhel_6x64", "windows_2008R2x64", "debian_7"),
			Boot:   rapid.Permutation([]model.BootDevice{model.BootHardDisk, model.BootCDROM, model.BootNetwork}).Draw(t, "boot")[:1+upTo(2, "boots")],
			Kernel: texts.Draw(t, "kernel"), Cmdline: texts.Draw(t, "cmdline"),
		},
		Stateless: flip("stateless"), DeleteProtected: flip("protected"), HA: model.HighAvailability{Enabled: flip("ha"), Priority: upTo(100, "priority")},
		Display: model.Display{
			Type: one(t, "display", "", model.DisplayVNC, model.DisplaySPICE), Monitors: 1, FileTransferEnabled: flip("transfer"), CopyPasteEnabled: flip("paste"),
			DisconnectAction: one(t, "disconnect", model.DisconnectNone, model.DisconnectLockScreen, model.DisconnectReboot),
		},
		Console: flip("console"), MigrationDowntime: upTo(100, "downtime") - 1, VirtioSCSI: flip("scsi"), IOThreads: upTo(8, "threads"),
		Placement: model.PlacementPolicy{Affinity: one(t, "affinity", model.AffinityMigratable, model.AffinityUserMigratable, model.AffinityPinned)},
		CDROM:     one(t, "cdrom", "", "a b.iso"),
	}
	if c.Display.Type != "" {
		c.Display.Monitors += upTo(3, "monitors")
	}
	for range upTo(2, "nics") {
		c.NICs = append(c.NICs, model.NIC{
			ID: ids.Draw(t, "nic"), Name: names.Draw(t, "name"), Network: model.ID(rapid.OneOf(rapid.Just(""), names).Draw(t, "network")),
			Interface: one(t, "interface", model.NICVirtio, model.NICE1000, model.NICRTL8139, model.NICRTL8139Virtio),
			MAC:       one(t, "mac", "", "00:1a:4a:16:01:51"), Linked: flip("linked"), Plugged: flip("plugged"),
		})
	}
	if flip("initialized") {
		c.Initialization = &model.Initialization{HostName: one(t, "host", "", "h"), RegenerateSSHKeys: flip("regenerate")}
	}
	return c
})

var documents = rapid.Custom(func(t *rapid.T) *ovf.Document {
	config := configs.Draw(t, "config")
	d := &ovf.Document{Exported: times.Draw(t, "exported"), Cluster: rapid.OneOf(rapid.Just(""), names).Draw(t, "cluster")}
	config.Template = ids.Draw(t, "template")
	d.VM = &model.VM{ID: ids.Draw(t, "vm"), CreationTime: times.Draw(t, "created"), VMConfig: config}
	d.TemplateName = names.Draw(t, "template name")
	d.DataCenter = ""
	snapshots := rapid.IntRange(0, 3).Draw(t, "snapshots")
	for range snapshots {
		at := configs.Draw(t, "then")
		at.Template = config.Template
		d.Snapshots = append(d.Snapshots, model.Snapshot{
			ID: ids.Draw(t, "snapshot"), VM: d.VM.ID, Description: texts.Draw(t, "description"), CreationTime: times.Draw(t, "taken"),
			Type: model.SnapshotRegular, Status: model.SnapshotOK, Config: at,
		})
	}
	for range rapid.IntRange(0, 3).Draw(t, "disks") {
		addDisk(t, d)
	}
	return d
})

// addDisk gives the VM a disk, which has a volume for some of the snapshots.
func addDisk(t *rapid.T, d *ovf.Document) {
	volume := func() model.Volume {
		return model.Volume{
			ID: ids.Draw(t, "volume"), Format: one(t, "format", model.DiskCOW, model.DiskRaw), Sparse: rapid.Bool().Draw(t, "sparse"),
			Size: 512 * rapid.Int64Range(1, 1<<33).Draw(t, "size"), CreationTime: times.Draw(t, "made"),
		}
	}
	link := one(t, "interface", model.DiskVirtio, model.DiskIDE, model.DiskVirtioSCSI)
	top, bootable := volume(), rapid.Bool().Draw(t, "bootable")
	disk := model.Disk{
		ID: ids.Draw(t, "disk"), Alias: names.Draw(t, "alias"), StorageDomain: ids.Draw(t, "domain"), Volume: top.ID, Format: top.Format,
		Sparse: top.Sparse, ProvisionedSize: top.Size, CreationTime: top.CreationTime, ActualSize: rapid.Int64Range(0, 9).Draw(t, "actual") << 30,
		Interface: link, Bootable: bootable, Shareable: rapid.Bool().Draw(t, "shareable"), WipeAfterDelete: rapid.Bool().Draw(t, "wipe"),
	}
	attachment := model.DiskAttachment{Disk: disk.ID, Interface: link, Bootable: bootable, Active: rapid.Bool().Draw(t, "active"), ReadOnly: rapid.Bool().Draw(t, "read-only")}
	if rapid.Bool().Draw(t, "base") {
		disk.Chain = append(disk.Chain, volume())
	}
	for i := range d.Snapshots {
		if rapid.Bool().Draw(t, "left out") {
			continue
		}
		below := volume()
		disk.Chain = append(disk.Chain, below)
		s := &d.Snapshots[i]
		s.Volumes = append(s.Volumes, model.SnapshotVolume{Disk: disk.ID, Volume: below.ID})
		s.Config.Disks = append(s.Config.Disks, attachment)
	}
	d.Disks = append(d.Disks, disk)
	d.VM.Disks = append(d.VM.Disks, attachment)
}

// FuzzRead: whatever is read can be written and read again, and is then the same; and
// nothing of it could become a path that leads out.
func FuzzRead(f *testing.F) {
	f.Add(ovf.Write(full()))
	f.Add(ovf.Write(template()))
	for _, file := range []string{"virt-v2v.ovf"} {
		text, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := ovf.Read(bytes.NewReader(text))
		if err != nil {
			if !errors.Is(err, ovf.ErrInvalid) {
				t.Errorf("an error of another kind: %v", err)
			}
			return
		}
		checkIDs(t, d)
		written := ovf.Write(d)
		if again := ovf.Write(read(t, written)); !bytes.Equal(again, written) {
			t.Errorf("first\n%s\nthen\n%s", written, again)
		}
	})
}

func checkIDs(t *testing.T, d *ovf.Document) {
	t.Helper()
	all := []model.ID{d.ID()}
	for _, disk := range d.Disks {
		all = append(all, disk.ID, disk.Volume, cmp.Or(disk.StorageDomain, model.BlankID))
		for _, volume := range disk.Chain {
			all = append(all, volume.ID)
		}
		if disk.ProvisionedSize <= 0 || disk.ProvisionedSize > 1<<50 {
			t.Errorf("disk %s has %d bytes", disk.ID, disk.ProvisionedSize)
		}
	}
	for _, s := range d.Snapshots {
		all = append(all, s.ID)
		if s.Memory != nil {
			all = append(all, s.Memory.MemoryImage, s.Memory.MemoryVolume, s.Memory.ConfigImage, s.Memory.ConfigVolume)
		}
	}
	for _, nic := range d.Config().NICs {
		all = append(all, nic.ID)
	}
	for _, each := range all {
		if parsed, err := model.ParseID(string(each)); err != nil || parsed != each {
			t.Errorf("%q is no id", each)
		}
	}
}
