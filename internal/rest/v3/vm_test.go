package v3

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"vireo/internal/fault"
	"vireo/internal/model"
	"vireo/internal/vault"
)

const (
	someID  model.ID = "5114bdeb-46fb-4f4c-9ab8-2e2ce5b8a0ff"
	otherID model.ID = "00000001-0001-0001-0001-0000000000d6"
)

// safe seals with a key that every run of the tests has.
var safe = func() *vault.Vault {
	v, err := vault.New(make([]byte, 32))
	if err != nil {
		panic(err)
	}
	return v
}()

// everything is a finder to which every id is known, and one name.
type everything struct{ Sealer }

func (everything) Find(kind model.Kind, name string) (model.ID, error) {
	if name == "known" {
		return otherID, nil
	}
	return "", NotNamed(kind, name)
}

func (everything) Exists(_ model.Kind, id model.ID) bool { return id == someID || id == otherID }

// wholeConfig has every field filled that operators can set and that is no
// device.
func wholeConfig() model.VMConfig {
	return model.VMConfig{
		Name: "web1", Description: "a web server", Comment: "mine", Type: model.VMTypeServer,
		Cluster: otherID, Template: someID, Origin: "rhev",
		Memory: 1 << 30, GuaranteedMemory: 1 << 29, Ballooning: true,
		CPU: model.CPU{
			Topology: model.Topology{Sockets: 2, Cores: 3, Threads: 4}, Mode: model.CPUModeHostPassthrough,
			Architecture: model.ArchitectureX8664, Pins: []model.VCPUPin{{VCPU: 0, CPUSet: "0-1"}, {VCPU: 1, CPUSet: "^2"}},
		},
		CPUShares: 512, BootMenu: true,
		OS:        model.OS{Type: "rhel_7x64", Boot: []model.BootDevice{model.BootCDROM, model.BootHardDisk}, Kernel: "iso://vmlinuz", Initrd: "iso://initrd", Cmdline: "console=ttyS0 a=\"b\""},
		Stateless: true, DeleteProtected: true, StartPaused: true, HA: model.HighAvailability{Enabled: true, Priority: 50},
		Display: model.Display{
			Type: model.DisplaySPICE, Monitors: 2, SingleQXLPCI: true, AllowOverride: true, SmartcardEnabled: true,
			KeyboardLayout: "en-us", FileTransferEnabled: true, CopyPasteEnabled: true, DisconnectAction: model.DisconnectLogout,
		},
		SSOMethods: []string{"guest_agent"}, RNG: &model.RNGDevice{Source: "hwrng", Bytes: 1000, Period: 20}, Console: true,
		TimeZone: "Europe/Berlin", Domain: "EXAMPLE", USB: model.USB{Enabled: true, Type: model.USBNative}, SoundcardEnabled: true,
		TunnelMigration: true, MigrationDowntime: 300, Migration: model.MigrationOptions{AutoConverge: "true", Compressed: "inherit"},
		VirtioSCSI: true, SerialNumber: &model.SerialNumber{Policy: model.SerialNumberCustom, Value: "4711"}, IOThreads: 2,
		CustomProperties:      []model.CustomProperty{{Name: "sap", Value: "true"}},
		CustomEmulatedMachine: "pc-q35-7.2", CustomCPUModel: "Nehalem",
		Placement:                model.PlacementPolicy{Affinity: model.AffinityPinned, Hosts: []model.ID{someID}},
		UseLatestTemplateVersion: true, NUMATuneMode: "strict",
		Initialization: wholeInitialization(), Payloads: wholePayloads(),
	}
}

// The secrets of the whole configuration: sealing a text again gives another one.
var (
	sealedPassword = safe.Seal("p@55w0rd!")
	sealedKey      = safe.Seal("AAAAA-BBBBB")
	sealedScript   = safe.Seal("runcmd:\n- touch /x\n")
	sealedContent  = safe.Seal("geheim\r\n")
	sealedBytes    = safe.Seal("\x00\xff")
)

// wholeInitialization has every field filled.
func wholeInitialization() *model.Initialization {
	return &model.Initialization{
		HostName: "web1.example.com", TimeZone: "Europe/Berlin", RegenerateSSHKeys: true,
		AuthorizedKeys: []model.AuthorizedKey{{User: "debian", Key: "ssh-rsa AAAA a"}, {User: "debian", Key: "ssh-rsa BBBB b"}, {Key: "ssh-rsa CCCC c"}},
		DNSServers:     []string{"192.0.2.1", "2001:db8::1"}, DNSSearch: []string{"example.com", "example.net"},
		NICs: []model.NICConfiguration{
			{Name: "eth0", BootProtocol: model.BootProtocolStatic, Address: "192.0.2.7", Netmask: "255.255.255.0", Gateway: "192.0.2.1", OnBoot: true},
			{Name: "eth1", BootProtocol: model.BootProtocolDHCP},
		},
		UserName: "debian", RootPassword: sealedPassword, CustomScript: sealedScript,
		Users:  []model.GuestUser{{Name: "alice", Password: sealedPassword}},
		Files:  []model.GuestFile{{Path: "/etc/motd", Content: sealedContent}},
		Domain: "EXAMPLE", ActiveDirectoryOU: "OU=x", OrgName: "Example & Co", WindowsLicenseKey: sealedKey,
		InputLocale: "de-DE", UILanguage: "en-US", SystemLocale: "en-GB", UserLocale: "fr-FR",
	}
}

func wholePayloads() []model.Payload {
	return []model.Payload{
		{Type: model.PayloadCDROM, VolumeID: "seed", Files: []model.PayloadFile{{Name: "a.txt", Content: sealedContent}, {Name: "b.bin", Content: sealedBytes}, {Name: "empty"}}},
		{Type: model.PayloadFloppy, Files: []model.PayloadFile{{Name: "a.txt", Content: sealedBytes}}},
	}
}

// runningVM is a VM with everything filled that is observed.
func runningVM() (*model.VM, *model.Live) {
	vm := &model.VM{ID: someID, CreationTime: time.Unix(1e9, 0).UTC(), VMConfig: wholeConfig()}
	vm.Run = model.Run{
		Status: model.StatusPaused, Detail: model.PauseENoSpc, Host: otherID, StartTime: time.Unix(1.2e9, 0).UTC(),
		StopTime: time.Unix(1.1e9, 0).UTC(), Given: model.Given{Overrides: &model.RunOnce{}}, Boot: []model.BootDevice{model.BootNetwork},
		DisplayType: model.DisplayVNC, Console: model.Console{Address: "192.0.2.1", Port: 5900, SecurePort: 5901},
		Memory: 1 << 31, Topology: model.Topology{Sockets: 1, Cores: 2, Threads: 1}, ExitReason: "It was stopped.",
	}
	live := &model.Live{
		IPs: []model.GuestIP{{Address: "192.0.2.7", Version: "v4"}}, FQDN: "web1.example.com",
		OS:       &model.GuestOS{Architecture: "x86_64", Distribution: "Debian", Family: "Linux", Version: "12", Kernel: "6.1.0-18-cloud-amd64"},
		TimeZone: &model.GuestTimeZone{Name: "Europe/Berlin", UTCOffset: "+01:00"},
	}
	return vm, live
}

func page() *Page {
	return &Page{Prefix: "/api", AllContent: true, Reveal: safe.Reveal, Links: map[string][]string{"vm": {"disks"}}, Actions: map[string][]string{"vm": {"start"}}}
}

func TestWhatIsShownCanBeGivenBack(t *testing.T) {
	vm := &model.VM{ID: someID, VMConfig: wholeConfig()}
	vm.Run.Status = model.StatusDown
	// What is never shown is as it was: passwords, and what has no flat element.
	got := model.VMConfig{Initialization: &model.Initialization{
		AuthorizedKeys: []model.AuthorizedKey{{Key: "ssh-rsa CCCC c"}}, UserName: "debian",
		RootPassword: sealedPassword, WindowsLicenseKey: sealedKey, CustomScript: sealedScript,
		Users: wholeInitialization().Users, Files: wholeInitialization().Files,
	}, Payloads: wholePayloads()}
	if err := page().ShowVM(vm, nil).Apply(&got, everything{safe}); err != nil {
		t.Fatal(err)
	}
	if want := wholeConfig(); !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
	// Every field of the model is in the comparison, but for the devices.
	config := reflect.ValueOf(wholeConfig())
	for i := range config.NumField() {
		name := config.Type().Field(i).Name
		if config.Field(i).IsZero() && !strings.Contains(" Disks NICs CDROM Tags ", " "+name+" ") {
			t.Errorf("the test leaves %s empty", name)
		}
	}
}

func TestRunningVMShowsWhatItReallyUses(t *testing.T) {
	vm, live := runningVM()
	out := page().ShowVM(vm, live)
	golden(t, "running_vm.v3.xml", write("xml", "vm", out))
	validate(t, write("xml", "vm", out))
	vm.Run.Status = model.StatusDown
	vm.NextRun = &vm.VMConfig
	down := page().ShowVM(vm, live)
	golden(t, "down_vm.v3.xml", write("xml", "vm", down))
	for name, present := range map[string]bool{
		"host": down.Host != nil, "start_time": down.StartTime != nil, "run_once": down.RunOnce != nil,
		"guest_info": down.GuestInfo != nil, "display/port": down.Display.Port != nil, "detail": down.Status.Detail != nil,
	} {
		if present {
			t.Errorf("a VM that is down shows %s", name)
		}
	}
	vm.Run.Status = model.StatusImageIllegal
	if page().ShowVM(vm, nil).Status != nil {
		t.Error("image_illegal has no word in version 3")
	}
	filtered := page()
	filtered.Filtered = true
	vm.Run.Status = model.StatusUp
	if seen := filtered.ShowVM(vm, live); seen.Host != nil || seen.PlacementPolicy != nil {
		t.Error("a filtered view shows where the VM runs")
	}
}

func TestSendingBackARunningVMChangesNothing(t *testing.T) {
	vm, live := runningVM()
	request := page().ShowVM(vm, live)
	request.Description = new("changed")
	request.CPU.Topology.Sockets = new(7)
	request.SSO.Methods.Method = nil
	ForgetUnchanged(request, page().ShowVM(vm, live))
	got := model.Clone(vm)
	if err := request.Apply(&got.VMConfig, everything{safe}); err != nil {
		t.Fatal(err)
	}
	want := wholeConfig()
	want.Description, want.CPU.Topology.Sockets, want.SSOMethods = "changed", 7, nil
	if !reflect.DeepEqual(got.VMConfig, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got.VMConfig, want)
	}
}

func TestForgetKeepsWhatEmptiesSomething(t *testing.T) {
	shown := &VM{VMBase: VMBase{RNGDevice: &RNGDevice{Source: new("random")}, Timezone: new("a"), TimeZone: &TimeZone{Name: new("a")}}}
	for name, c := range map[string]struct{ request, want *VM }{
		"empty element": {&VM{VMBase: VMBase{RNGDevice: &RNGDevice{}}}, &VM{VMBase: VMBase{RNGDevice: &RNGDevice{}}}},
		"same element":  {&VM{VMBase: VMBase{RNGDevice: &RNGDevice{Source: new("random")}}}, &VM{}},
		"one of two": {
			&VM{VMBase: VMBase{Timezone: new("b"), TimeZone: &TimeZone{Name: new("a")}}},
			&VM{VMBase: VMBase{Timezone: new("b")}},
		},
		"part of an element": {
			&VM{VMBase: VMBase{RNGDevice: &RNGDevice{Source: new("random"), Rate: &Rate{Bytes: 1}}}},
			&VM{VMBase: VMBase{RNGDevice: &RNGDevice{Rate: &Rate{Bytes: 1}}}},
		},
	} {
		ForgetUnchanged(c.request, shown)
		if !reflect.DeepEqual(c.request, c.want) {
			t.Errorf("%s: left %+v", name, c.request.VMBase)
		}
	}
}

func TestApplyRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		shape *VM
		want  string
		kind  fault.Kind
	}{
		"type":         {&VM{VMBase: VMBase{Type: new("toaster")}}, "toaster is not a member of VmType. Possible values for VmType are: desktop, server", fault.BadRequest},
		"boot":         {&VM{VMBase: VMBase{OS: &OS{Boot: []Boot{{"tape"}}}}}, "tape is not a member of BootDevice. Possible values for BootDevice are: cdrom, hd, network", fault.BadRequest},
		"display":      {&VM{VMBase: VMBase{Display: &Display{Type: new("x")}}}, "x is not a member of DisplayType", fault.BadRequest},
		"cpu mode":     {&VM{VMBase: VMBase{CPU: &CPU{Mode: new("x")}}}, "CpuMode", fault.BadRequest},
		"usb":          {&VM{VMBase: VMBase{USB: &USB{Type: new("x")}}}, "UsbType", fault.BadRequest},
		"affinity":     {&VM{PlacementPolicy: &PlacementPolicy{Affinity: new("x")}}, "VmAffinity", fault.BadRequest},
		"migration":    {&VM{VMBase: VMBase{Migration: &Migration{Compressed: new("x")}}}, "InheritableBoolean", fault.BadRequest},
		"serial":       {&VM{VMBase: VMBase{SerialNumber: &SerialNumber{Policy: new("x")}}}, "SerialNumberPolicy", fault.BadRequest},
		"rng":          {&VM{VMBase: VMBase{RNGDevice: &RNGDevice{Source: new("x")}}}, "RngSource", fault.BadRequest},
		"sso":          {&VM{VMBase: VMBase{SSO: &SSO{&SSOMethods{[]SSOMethod{{"x"}}}}}}, "SsoMethod", fault.BadRequest},
		"numa":         {&VM{NUMATuneMode: new("x")}, "NumaTuneMode", fault.BadRequest},
		"bad id":       {&VM{VMBase: VMBase{Cluster: &Reference{ID: new("x")}}}, "is not a valid id", fault.BadRequest},
		"unknown id":   {&VM{VMBase: VMBase{Cluster: &Reference{ID: new(string(model.BlankID))}}}, "Entity not found: Cluster: id=", fault.NotFound},
		"unknown name": {&VM{PlacementPolicy: &PlacementPolicy{Host: &Reference{Name: new("foo")}}}, "Entity not found: Hosts: name=foo", fault.NotFound},
		"long word":    {&VM{VMBase: VMBase{Type: new(strings.Repeat("é", 1000))}}, strings.Repeat("é", 64) + "… is not", fault.BadRequest},
	} {
		err := c.shape.Apply(&model.VMConfig{}, everything{safe})
		f := fault.Of(err)
		if err == nil || f.Kind != c.kind || !strings.Contains(f.Message(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWordsHaveNoCase(t *testing.T) {
	var config model.VMConfig
	shape := &VM{VMBase: VMBase{Type: new("DESKTOP"), Display: &Display{DisconnectAction: new("Lock_Screen")}, OS: &OS{Type: new("unassigned")}}}
	if err := shape.Apply(&config, everything{safe}); err != nil {
		t.Fatal(err)
	}
	if config.Type != model.VMTypeDesktop || config.Display.DisconnectAction != model.DisconnectLockScreen || config.OS.Type != "other" {
		t.Errorf("got %+v", config)
	}
}

func TestMandatoryParameters(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{(&VM{}).CheckAdd(), "VM [name, template.id|name, cluster.id|name] required for add"},
		{(&NIC{}).CheckAdd(), "NIC [name] required for add"},
		{(&Disk{}).CheckAdd(), "Disk [provisionedSize|size, interface, format] required for add"},
		{func() error { _, err := (&CDROM{}).Medium("update"); return err }(), "CdRom [file.id] required for update"},
	} {
		f := fault.Of(c.err)
		if f.Message() != c.want || f.Reason != "Incomplete parameters" {
			t.Errorf("%q (%s) instead of %q", f.Message(), f.Reason, c.want)
		}
	}
	if err := (&Resource{ID: new(string(otherID))}).CheckUpdate(someID); !fault.Is(err, fault.Conflict) {
		t.Errorf("another id is %v", err)
	}
	if err := (&Resource{ID: new(strings.ToUpper(string(someID)))}).CheckUpdate(someID); err != nil {
		t.Errorf("the same id is %v", err)
	}
}

func TestIDsOfNames(t *testing.T) {
	for name, id := range map[string]model.ID{
		"memory.installed": "5a89a1d2-32be-33f7-a0d1-f8b5bc974ff6", "memory.used": "b7499508-c1c3-32f0-8174-c1783e57bb08",
		"cpu.current.guest": "ef802239-b74a-329f-9955-be8fea6b50a4", "cpu.current.hypervisor": "d849a55f-0049-36f8-ae65-face541473ac",
		"cpu.current.total": "2ec286fe-4bec-32f5-8d63-dba7bed58763", "migration.progress": "892b69a7-41ca-36b1-9a2e-ae5177ef21bb",
		"memory.buffered": "09e07489-64fd-32ab-8e4e-a2b61eed8d60", "memory.cached": "1b6244ee-8dbd-365d-8762-482ddc05ee11",
		"memory.free": "5a0fba9d-33d7-3cbf-addd-ba462040c946",
	} {
		if got := model.NamedID(name); got != id {
			t.Errorf("%s has the id %s instead of %s", name, got, id)
		}
	}
	vm, _ := runningVM()
	if consoles := page().ShowGraphicsConsoles(vm, true); len(consoles) != 1 || *consoles[0].ID != "564e43" {
		t.Errorf("consoles %+v", consoles)
	}
}

func TestVersionsAreTakenApart(t *testing.T) {
	for text, want := range map[string]string{
		"6.1.0-18-cloud": `<v major="6" minor="1" build="0" full_version="6.1.0-18-cloud"/>`,
		"12":             `<v major="12" full_version="12"/>`,
		"rolling":        `<v full_version="rolling"/>`,
		"99999.1":        `<v full_version="99999.1"/>`,
	} {
		if got := string(write("xml", "v", versionText(text))); !strings.Contains(got, want) {
			t.Errorf("%s: %s", text, got)
		}
	}
}
