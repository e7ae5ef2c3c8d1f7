package libvirt

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"libvirt.org/go/libvirtxml"

	"vireo/internal/host"
	"vireo/internal/model"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	goldenVM     = model.ID("11111111-1111-4111-8111-111111111111")
	goldenEngine = model.ID("22222222-2222-4222-8222-222222222222")
)

func goldenID(last string) model.ID {
	return model.ID("33333333-3333-4333-8333-33333333333" + last)
}

// goldenSpecs are guests that between them use every field of a spec.
func goldenSpecs() map[string]*host.GuestSpec {
	least := &host.GuestSpec{ID: goldenVM, Name: "least", Engine: goldenEngine, Epoch: 1, Memory: 128 << 20, Emulate: true}
	full := &host.GuestSpec{
		ID: goldenVM, Name: "full & <odd>", Engine: goldenEngine, Epoch: 18446744073709551615,
		Memory: 2 << 30, Topology: model.Topology{Sockets: 2, Cores: 3, Threads: 2},
		CPUMode: model.CPUModeHostPassthrough, CPUShares: 512,
		Pins:      []model.VCPUPin{{VCPU: 0, CPUSet: "0-1,^1"}, {VCPU: 1, CPUSet: "1"}},
		IOThreads: 2, Machine: "pc-q35-7.2",
		Boot: []model.BootDevice{model.BootNetwork, model.BootCDROM, model.BootHardDisk}, BootMenu: true,
		Display: model.DisplaySPICE, Monitors: 2, SerialConsole: true, Sound: true, USB: true, Ballooning: true, VirtioSCSI: true,
		RNG: &model.RNGDevice{Source: "hwrng", Bytes: 1024, Period: 1000}, SerialNumber: "SN-1",
		ClockZone: "Asia/Kolkata", Windows: true,
		Disks: []host.DiskSpec{
			{ID: goldenID("1"), Path: "/images/one", Format: model.DiskCOW, Interface: model.DiskVirtio},
			{ID: goldenID("2"), Path: "/images/two", Format: model.DiskRaw, Interface: model.DiskVirtio, Bootable: true, PropagateErrors: true},
			{ID: goldenID("3"), Path: "/images/three", Format: model.DiskRaw, Interface: model.DiskVirtioSCSI, Shareable: true},
			{ID: goldenID("4"), Path: "/tmpfs/four", Format: model.DiskRaw, Interface: model.DiskIDE, ReadOnly: true},
		},
		CDROM: "/iso/cd.iso", Floppies: []string{"/images/a.vfd"},
		Seeds: []host.Seed{{Name: "config", Drive: host.SeedCDROM}, {Name: "sysprep", Drive: host.SeedFloppy}, {Name: "payload", Drive: host.SeedCDROM}},
		NICs: []host.NICSpec{
			{ID: goldenID("5"), MAC: "52:54:00:00:00:01", Model: model.NICVirtio, Network: "default", Linked: true},
			{ID: goldenID("6"), MAC: "52:54:00:00:00:02", Model: model.NICE1000, User: true, Linked: true},
			{ID: goldenID("7"), MAC: "52:54:00:00:00:03", Model: model.NICRTL8139Virtio, Linked: true},
		},
	}
	old := &host.GuestSpec{
		ID: goldenVM, Name: "old", Engine: goldenEngine, Epoch: 2, Memory: 512 << 20, Machine: "pc", CPUModel: "Conroe",
		Kernel: "/iso/vmlinuz", Initrd: "/iso/initrd", Cmdline: "console=ttyS0 a=\"b\"",
		Boot: []model.BootDevice{model.BootHardDisk}, Display: model.DisplayVNC, DisplayAddress: "0.0.0.0", KeyboardLayout: "de", Sound: true,
		Disks: []host.DiskSpec{{ID: goldenID("1"), Path: "/images/one", Format: model.DiskCOW, Interface: model.DiskIDE}},
		Lease: &host.LeaseSpec{Space: string(goldenEngine), Key: string(goldenVM), Path: "/mnt/server:_a/leases/" + string(goldenVM)},
	}
	return map[string]*host.GuestSpec{"least": least, "full": full, "old": old}
}

func buildGolden(t *testing.T, spec *host.GuestSpec) *libvirtxml.Domain {
	t.Helper()
	builder := &domainBuilder{spec: spec, owner: "+64055:+64055", password: "password", seeds: seedPlace{"/seeds", "start"}, cache: func(path string) string {
		if strings.HasPrefix(path, "/tmpfs/") {
			return "writeback"
		}
		return "none"
	}}
	domain, err := builder.build()
	must(t, err)
	return domain
}

// TestDefinitions compares definitions with pictures of them, which libvirt's
// own schema accepts.
func TestDefinitions(t *testing.T) {
	for name, spec := range goldenSpecs() {
		got, err := buildGolden(t, spec).Marshal()
		must(t, err)
		path := filepath.Join("testdata", name+".xml")
		if *update {
			must(t, os.WriteFile(path, []byte(got+"\n"), 0o644))
		}
		want, err := os.ReadFile(path)
		must(t, err)
		if got+"\n" != string(want) {
			t.Errorf("%s is\n%s\nwant\n%s", name, got, want)
		}
		if output, err := exec.Command("virt-xml-validate", path, "domain").CombinedOutput(); err != nil {
			t.Errorf("%s is not valid: %v: %s", name, err, output)
		}
	}
}

// TestDefinitionsTellTheirGuest reads back what was written.
func TestDefinitionsTellTheirGuest(t *testing.T) {
	for name, spec := range goldenSpecs() {
		text, err := buildGolden(t, spec).Marshal()
		must(t, err)
		var read libvirtxml.Domain
		must(t, read.Unmarshal(text))
		guest := describe(&read)
		want := host.Guest{
			ID: spec.ID, Name: spec.Name, Ours: true, Engine: spec.Engine, Epoch: spec.Epoch, Given: spec.Given, CDROM: spec.CDROM,
			DisplayType: spec.Display, Memory: spec.Memory, CPUs: spec.Topology.Count(), Console: guest.Console,
		}
		if !reflect.DeepEqual(guest, want) {
			t.Errorf("%s is read as %+v, want %+v", name, guest, want)
		}
	}
}

func TestRefusedSpecs(t *testing.T) {
	for _, change := range []func(*host.GuestSpec){
		func(s *host.GuestSpec) { s.ClockZone = "Middle-earth/Shire" },
		func(s *host.GuestSpec) { s.Display = "telepathy" },
	} {
		spec := goldenSpecs()["least"]
		change(spec)
		_, err := (&domainBuilder{spec: spec, cache: func(string) string { return "none" }}).build()
		refusal(t, err, host.RefusedUnsupported)
	}
}

func TestBootOrder(t *testing.T) {
	disks := []host.DiskSpec{{ID: "a"}, {ID: "b", Bootable: true}}
	nics := []host.NICSpec{{ID: "n"}}
	for _, c := range []struct {
		spec            host.GuestSpec
		a, b, cd, first uint
	}{
		{spec: host.GuestSpec{Boot: []model.BootDevice{model.BootHardDisk}, Disks: disks}, b: 1},
		{spec: host.GuestSpec{Boot: []model.BootDevice{model.BootHardDisk}, Disks: disks[:1]}, a: 1},
		{spec: host.GuestSpec{Boot: []model.BootDevice{model.BootHardDisk, model.BootCDROM}}, cd: 1},
		{spec: host.GuestSpec{Boot: []model.BootDevice{model.BootNetwork, model.BootCDROM, model.BootHardDisk}, Disks: disks, NICs: nics}, b: 3, cd: 2, first: 1},
		{spec: host.GuestSpec{Boot: []model.BootDevice{model.BootCDROM, model.BootCDROM}}, cd: 1},
		{spec: host.GuestSpec{Boot: []model.BootDevice{model.BootCDROM}, Kernel: "/k"}},
	} {
		got := planBoot(&c.spec)
		if got.disks["a"] != c.a || got.disks["b"] != c.b || got.cdrom != c.cd || got.nic != c.first {
			t.Errorf("%v is planned as %+v", c.spec.Boot, got)
		}
	}
}

func TestClockFollowsTheZone(t *testing.T) {
	summer := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	clock, err := clockOf(&host.GuestSpec{ClockZone: "Europe/Berlin"}, summer)
	must(t, err)
	if clock.Offset != "variable" || clock.Adjustment != "7200" {
		t.Errorf("the clock is %+v", clock)
	}
}

func TestLetters(t *testing.T) {
	for i, want := range map[int]string{0: "a", 25: "z", 26: "aa", 27: "ab", 701: "zz", 702: "aaa"} {
		if got := letters(i); got != want {
			t.Errorf("%d is %s", i, got)
		}
	}
}

func TestForeignMetadata(t *testing.T) {
	for inner, want := range map[string]bool{
		"": false, "<x xmlns='urn:other'/>": false, "rubbish <": false,
		"<a xmlns='urn:other'><b/></a><vireo:guest xmlns:vireo='urn:vireo:guest:1' id='i' engine='e' epoch='3'/>": true,
		"<vireo:guest xmlns:vireo='urn:vireo:guest:1' id='i' engine='e' epoch='-3'/>":                             false,
		"<a xmlns='urn:other'><guest xmlns='urn:vireo:guest:1' epoch='3'/></a>":                                   false,
	} {
		if owner, ok := readOwnership(inner); ok != want || ok && (owner.Epoch != 3 || owner.engine() != "e") {
			t.Errorf("%q is read as %+v, %v", inner, owner, ok)
		}
	}
}

// TestPlacesOfSeeds gives seeds places behind the VM's own CD where there are
// some, and disks the same places with and without seeds.
func TestPlacesOfSeeds(t *testing.T) {
	cds := func(n int) (seeds []host.Seed) {
		for i := range n {
			seeds = append(seeds, host.Seed{Name: letters(i), Drive: host.SeedCDROM})
		}
		return seeds
	}
	disks := func(n int) (disks []host.DiskSpec) {
		for i := range n {
			disks = append(disks, host.DiskSpec{ID: goldenID(itoa(i)), Path: "/images/" + itoa(i), Format: model.DiskRaw, Interface: model.DiskIDE})
		}
		return disks
	}
	for _, test := range []struct {
		machine    string
		disks, cds int
		want       []int // of the VM's own CD, the disks, the seeds; nil is a refusal
	}{
		{"pc", 0, 1, []int{2, 3}},
		{"pc", 0, 3, []int{2, 3, 0, 1}},
		{"pc", 1, 2, []int{2, 0, 3, 1}},
		{"pc", 3, 0, []int{2, 0, 1, 3}},
		{"pc", 2, 1, []int{2, 0, 1, 3}},
		{"pc", 3, 1, nil},
		{"pc", 0, 4, nil},
		{"pc", 4, 0, nil},
		{"q35", 0, 2, []int{2, 3, 4}},
		{"q35", 3, 1, []int{2, 0, 1, 3, 4}},
		{"q35", 5, 2, []int{2, 0, 1, 3, 4, 5, 6, 7}},
	} {
		spec := &host.GuestSpec{
			ID: goldenVM, Name: "seeded", Machine: test.machine, Disks: disks(test.disks), Seeds: cds(test.cds),
		}
		builder := &domainBuilder{spec: spec, cache: func(string) string { return "none" }, seeds: seedPlace{"/seeds", "start"}}
		domain, err := builder.build()
		if test.want == nil {
			refusal(t, err, host.RefusedUnsupported)
			continue
		}
		must(t, err)
		var got []int
		names := map[string]bool{}
		for _, disk := range domain.Devices.Disks {
			got = append(got, unitOf(disk.Target.Bus, builder.machine, disk.Address.Drive))
			names[disk.Target.Dev] = true
		}
		if !slices.Equal(got, test.want) || len(names) != len(got) {
			t.Errorf("on %s with %d disks and %d seeds: places %v, want %v; names %v", test.machine, test.disks, test.cds, got, test.want, names)
		}
	}
}
