package vms_test

import (
	"reflect"
	"testing"

	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/engine/sitetest"
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// asked are overrides by the field of model.RunOnce, and what the host is asked for
// with each that it is not asked for without it.
var asked = map[string]struct {
	once model.RunOnce
	does func(t *testing.T, site *sitetest.Site, spec *host.GuestSpec)
}{
	"Stateless": {model.RunOnce{Stateless: true}, func(_ *testing.T, site *sitetest.Site, spec *host.GuestSpec) {
		disk := &spec.Disks[0]
		vm := site.Inventory.VMs.Named("vm")[0]
		disk.Path = disk.Path[:len(disk.Path)-len(model.BlankID)] + string(vm.Run.Overlays[0].Volume)
		disk.Format = model.DiskCOW
	}},
	"DisplayType": {model.RunOnce{DisplayType: new(model.DisplaySPICE)}, func(_ *testing.T, _ *sitetest.Site, spec *host.GuestSpec) {
		spec.Display = model.DisplaySPICE
	}},
	"KeyboardLayout": {model.RunOnce{KeyboardLayout: new("de")}, func(_ *testing.T, _ *sitetest.Site, spec *host.GuestSpec) {
		spec.KeyboardLayout = "de"
	}},
	"Boot": {
		model.RunOnce{Boot: []model.BootDevice{model.BootCDROM, model.BootHardDisk}},
		func(_ *testing.T, _ *sitetest.Site, spec *host.GuestSpec) {
			spec.Boot = []model.BootDevice{model.BootCDROM, model.BootHardDisk}
		},
	},
	"BootMenu": {model.RunOnce{BootMenu: new(true)}, func(_ *testing.T, _ *sitetest.Site, spec *host.GuestSpec) { spec.BootMenu = true }},
	"Kernel": {model.RunOnce{Kernel: new("iso://vmlinuz")}, func(t *testing.T, site *sitetest.Site, spec *host.GuestSpec) {
		spec.Kernel = isoPath(t, site, "vmlinuz")
	}},
	"Initrd": {model.RunOnce{Initrd: new("/srv/initrd")}, func(_ *testing.T, _ *sitetest.Site, spec *host.GuestSpec) {
		spec.Initrd = "/srv/initrd"
	}},
	"Cmdline": {model.RunOnce{Cmdline: new("quiet")}, func(_ *testing.T, _ *sitetest.Site, spec *host.GuestSpec) { spec.Cmdline = "quiet" }},
	"CDROM": {model.RunOnce{CDROM: new("other.iso")}, func(t *testing.T, site *sitetest.Site, spec *host.GuestSpec) {
		spec.CDROM = isoPath(t, site, "other.iso")
	}},
	"Floppy": {model.RunOnce{Floppy: "drivers.vfd"}, func(t *testing.T, site *sitetest.Site, spec *host.GuestSpec) {
		spec.Floppies = []string{isoPath(t, site, "drivers.vfd")}
	}},
	// Nothing reads them yet but who asks for the VM.
	"CustomProperties": {
		model.RunOnce{CustomProperties: &[]model.CustomProperty{{Name: "sap_agent", Value: "true"}}},
		func(*testing.T, *sitetest.Site, *host.GuestSpec) {},
	},
	"CPUShares": {model.RunOnce{CPUShares: new(2048)}, func(_ *testing.T, _ *sitetest.Site, spec *host.GuestSpec) { spec.CPUShares = 2048 }},
	"CPUModel":  {model.RunOnce{CPUModel: new("Nehalem")}, func(_ *testing.T, _ *sitetest.Site, spec *host.GuestSpec) { spec.CPUModel = "Nehalem" }},
	"EmulatedMachine": {model.RunOnce{EmulatedMachine: new("pc-i440fx-7.2")}, func(_ *testing.T, _ *sitetest.Site, spec *host.GuestSpec) {
		spec.Machine = "pc-i440fx-7.2"
	}},
	"Host": {model.RunOnce{Host: sitetest.HostID(2)}, func(t *testing.T, site *sitetest.Site, spec *host.GuestSpec) {
		on, _ := site.Inventory.Hosts.Get(sitetest.HostID(2))
		spec.SerialNumber = on.Facts.SerialNumber
	}},
	// The guest is no Windows and has no cloud-init asked for.
	"Domain":         {model.RunOnce{Domain: &model.DomainJoin{Name: "example.com"}}, func(*testing.T, *sitetest.Site, *host.GuestSpec) {}},
	"Initialization": {model.RunOnce{Initialization: &model.Initialization{HostName: "web"}}, func(*testing.T, *sitetest.Site, *host.GuestSpec) {}},
}

// TestHostIsAskedForOverrides: each override changes what the host is asked for as
// it should, for one run, and nothing else.
func TestHostIsAskedForOverrides(t *testing.T) {
	options := twoHosts
	options.Overrides = map[string]string{"UserDefinedVMProperties": "sap_agent=true|false"}
	onSite(t, options, func(t *testing.T, site *sitetest.Site) {
		putISO(t, site, "vmlinuz", "other.iso", "drivers.vfd")
		id := site.Add("vm", func(vm *model.VM) {
			vm.CDROM, vm.OS.Cmdline = "tool.iso", "console=ttyS0"
			vm.Placement.Hosts = []model.ID{sitetest.HostID(1)}
			vm.SerialNumber = &model.SerialNumber{Policy: model.SerialNumberHost}
		})
		addDisk(t, site, id)
		run := func(params *vms.StartParams) host.GuestSpec {
			up(site, id, params)
			defer site.Do("stop", id, nil)
			spec := site.Machine(id).Spec("vm")
			if spec.Epoch != site.VM(id).Run.Epoch {
				t.Error("it runs with another epoch")
			}
			spec.Epoch = 0
			return spec
		}
		plain := run(nil)
		for field := range reflect.TypeFor[model.RunOnce]().Fields() {
			test, known := asked[field.Name]
			if !known {
				t.Errorf("nothing is known of %s", field.Name)
				continue
			}
			want := *model.Clone(&plain)
			up(site, id, &vms.StartParams{Once: &test.once})
			test.does(t, site, &want)
			want.Given = *model.Clone(&site.VM(id).Run.Given)
			want.Given.Overrides.Initialization = nil // what the guest is told is not for the host
			got := site.Machine(id).Spec("vm")
			got.Epoch = 0
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s: the host was asked for\n%+v, not\n%+v", field.Name, got, want)
			}
			if overrides := site.VM(id).Run.Overrides; !reflect.DeepEqual(overrides, &test.once) {
				t.Errorf("%s: the run has %+v", field.Name, overrides)
			}
			site.Do("stop", id, nil)
			if again := run(nil); !reflect.DeepEqual(again, plain) {
				t.Errorf("after %s a plain start asks for\n%+v, not\n%+v", field.Name, again, plain)
			}
		}
	})
}

// TestRunIsItsOwn: what a start was given is not what its run keeps; nobody can
// change that from outside.
func TestRunIsItsOwn(t *testing.T) {
	onSite(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
		id := site.Add("vm")
		params := &vms.StartParams{Once: &model.RunOnce{KeyboardLayout: new("de"), Boot: []model.BootDevice{model.BootCDROM}}}
		up(site, id, params)
		*params.Once.KeyboardLayout, params.Once.Boot[0] = "fr", model.BootNetwork
		if kept := site.VM(id).Run.Overrides; *kept.KeyboardLayout != "de" || kept.Boot[0] != model.BootCDROM {
			t.Errorf("the run has %+v", kept)
		}
	})
}

// TestTitleOfStart tells a run with overrides apart, and its job keeps nothing of
// what it was asked when it has ended.
func TestTitleOfStart(t *testing.T) {
	onSite(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
		id := site.Add("vm")
		addDisk(t, site, id)
		for _, test := range []struct {
			params *vms.StartParams
			title  string
		}{
			{nil, "Launching VM vm"},
			{&vms.StartParams{Pause: true, Initialization: model.InitializationCloudInit}, "Launching VM vm"},
			{&vms.StartParams{Once: &model.RunOnce{}}, "Launching VM vm in run-once mode"},
			{&vms.StartParams{Once: &model.RunOnce{Stateless: true}}, "Launching VM vm in run-once mode"},
		} {
			ended := site.Do("start", id, test.params).Job
			if ended.Description != test.title {
				t.Errorf("the job is called %q, not %q", ended.Description, test.title)
			}
			if ended.Params != nil || ended.Data != nil {
				t.Errorf("the job keeps %s and %s", ended.Params, ended.Data)
			}
			site.Do("stop", id, nil)
		}
	})
}

// TestDemandsOfStart: who may run a VM may override what is no more than that;
// custom properties, and hosts that the VM is not pinned to, want another permit.
func TestDemandsOfStart(t *testing.T) {
	properties := &model.RunOnce{CustomProperties: &[]model.CustomProperty{}}
	elsewhere := &model.RunOnce{Host: sitetest.HostID(2)}
	for name, test := range map[string]struct {
		permits []model.Permit
		once    *model.RunOnce
		allowed bool
	}{
		"a plain start":                    {[]model.Permit{auth.RunVM}, nil, true},
		"a plain start without the permit": {[]model.Permit{auth.StopVM}, nil, false},
		"run once":                         {[]model.Permit{auth.RunVM}, &model.RunOnce{Stateless: true, CPUShares: new(7)}, true},
		"the host that it is pinned to":    {[]model.Permit{auth.RunVM}, &model.RunOnce{Host: sitetest.HostID(1)}, true},
		"another host":                     {[]model.Permit{auth.RunVM, auth.ChangeVMCustomProperties}, elsewhere, false},
		"another host with the permit":     {[]model.Permit{auth.RunVM, auth.EditAdminVMProperties}, elsewhere, true},
		"properties":                       {[]model.Permit{auth.RunVM, auth.EditAdminVMProperties}, properties, false},
		"properties with the permit":       {[]model.Permit{auth.RunVM, auth.ChangeVMCustomProperties}, properties, true},
		"the other permits alone": {
			[]model.Permit{auth.EditAdminVMProperties, auth.ChangeVMCustomProperties}, properties, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			onSite(t, twoHosts, func(t *testing.T, site *sitetest.Site) {
				id := site.Add("vm", func(vm *model.VM) { vm.Placement.Hosts = []model.ID{sitetest.HostID(1)} })
				site.Edit(func(tx *inventory.Tx) {
					tx.Users.Put(&model.User{ID: "anna", Name: "anna", Domain: "internal"})
					tx.Roles.Put(&model.Role{ID: "runner", Name: "runner", Permits: test.permits})
					tx.Permissions.Put(&model.Permission{
						ID: "given", Role: "runner", User: "anna", Object: model.Ref{Kind: model.KindVM, ID: id},
					})
				})
				_, err := site.Act(&engine.Call{
					On: model.KindVM, Name: "start", Target: id, Async: new(false),
					Params: &vms.StartParams{Once: test.once}, Caller: &auth.Caller{User: "anna", Name: "anna@internal"},
				})
				if (err == nil) != test.allowed || err != nil && fault.Of(err).Code != fault.NotAuthorized {
					t.Errorf("the start: %v", err)
				}
			})
		})
	}
}
