package model_test

import (
	"reflect"
	"slices"
	"testing"

	"vireo/internal/model"
)

// override is one field of RunOnce alone, and what it does to a configuration.
type override struct {
	once model.RunOnce
	does func(*model.VMConfig)
}

// elsewhere are the fields that are no part of a configuration.
var elsewhere = []string{"Floppy"}

var overrides = map[string]override{
	"Stateless":      {model.RunOnce{Stateless: true}, func(c *model.VMConfig) { c.Stateless = true }},
	"DisplayType":    {model.RunOnce{DisplayType: new(model.DisplaySPICE)}, func(c *model.VMConfig) { c.Display.Type = model.DisplaySPICE }},
	"KeyboardLayout": {model.RunOnce{KeyboardLayout: new("")}, func(c *model.VMConfig) { c.Display.KeyboardLayout = "" }},
	"Boot": {
		model.RunOnce{Boot: []model.BootDevice{model.BootNetwork}},
		func(c *model.VMConfig) { c.OS.Boot = []model.BootDevice{model.BootNetwork} },
	},
	"BootMenu": {model.RunOnce{BootMenu: new(false)}, func(c *model.VMConfig) { c.BootMenu = false }},
	"Kernel":   {model.RunOnce{Kernel: new("")}, func(c *model.VMConfig) { c.OS.Kernel = "" }},
	"Initrd":   {model.RunOnce{Initrd: new("iso://rd")}, func(c *model.VMConfig) { c.OS.Initrd = "iso://rd" }},
	"Cmdline":  {model.RunOnce{Cmdline: new("quiet")}, func(c *model.VMConfig) { c.OS.Cmdline = "quiet" }},
	"CDROM":    {model.RunOnce{CDROM: new("")}, func(c *model.VMConfig) { c.CDROM = "" }},
	"Floppy":   {model.RunOnce{Floppy: "drivers.vfd"}, func(*model.VMConfig) {}},
	"CustomProperties": {
		model.RunOnce{CustomProperties: &[]model.CustomProperty{{Name: "b", Value: "2"}}},
		func(c *model.VMConfig) { c.CustomProperties = []model.CustomProperty{{Name: "b", Value: "2"}} },
	},
	"CPUShares":       {model.RunOnce{CPUShares: new(0)}, func(c *model.VMConfig) { c.CPUShares = 0 }},
	"CPUModel":        {model.RunOnce{CPUModel: new("Nehalem")}, func(c *model.VMConfig) { c.CustomCPUModel = "Nehalem" }},
	"EmulatedMachine": {model.RunOnce{EmulatedMachine: new("pc")}, func(c *model.VMConfig) { c.CustomEmulatedMachine = "pc" }},
	"Host":            {model.RunOnce{Host: "h2"}, func(c *model.VMConfig) { c.Placement.Hosts = []model.ID{"h2"} }},
	"Domain": {
		model.RunOnce{Domain: &model.DomainJoin{Name: "other.example", User: "joe", Password: "sealed"}},
		func(c *model.VMConfig) { c.Domain = "other.example" },
	},
	"Initialization": {
		model.RunOnce{Initialization: &model.Initialization{HostName: "once"}},
		func(c *model.VMConfig) { c.Initialization = &model.Initialization{HostName: "once"} },
	},
}

// overridden is a configuration in which every override shows.
func overridden() model.VMConfig {
	return model.VMConfig{
		Name: "vm", Memory: 1 << 30, CPUShares: 512, BootMenu: true, CDROM: "stored.iso", Domain: "example",
		OS: model.OS{
			Type: "other", Boot: []model.BootDevice{model.BootHardDisk, model.BootCDROM},
			Kernel: "/boot/kernel", Initrd: "/boot/initrd", Cmdline: "console=ttyS0",
		},
		Display:          model.Display{Type: model.DisplayVNC, KeyboardLayout: "de", Monitors: 1},
		CustomProperties: []model.CustomProperty{{Name: "a", Value: "1"}},
		CustomCPUModel:   "Westmere", CustomEmulatedMachine: "q35",
		Placement:      model.PlacementPolicy{Affinity: model.AffinityPinned, Hosts: []model.ID{"h1", "h3"}},
		Initialization: &model.Initialization{HostName: "stored"},
	}
}

// TestOver: each field overrides its value and no other, and what it is applied to
// stays as it was.
func TestOver(t *testing.T) {
	for name, test := range overrides {
		t.Run(name, func(t *testing.T) {
			fields := reflect.ValueOf(test.once)
			for i := range fields.NumField() {
				if field := fields.Type().Field(i).Name; fields.Field(i).IsZero() == (field == name) {
					t.Fatalf("the example is not of %s alone", name)
				}
			}
			config, once, want := overridden(), model.Clone(&test.once), overridden()
			test.does(&want)
			got := once.Over(config)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("it is\n%+v, not\n%+v", got, want)
			}
			if reflect.DeepEqual(got, overridden()) != slices.Contains(elsewhere, name) {
				t.Error("the example has no effect")
			}
			if !reflect.DeepEqual(config, overridden()) || !reflect.DeepEqual(once, &test.once) {
				t.Error("what it was applied to has changed")
			}
		})
	}
}

// TestOverEveryField: a field without an example is one that nobody has thought of.
func TestOverEveryField(t *testing.T) {
	for field := range reflect.TypeFor[model.RunOnce]().Fields() {
		if _, known := overrides[field.Name]; !known {
			t.Errorf("RunOnce.%s has no example", field.Name)
		}
	}
}

// TestOverNothing: no overrides, and empty ones, leave a configuration alone.
func TestOverNothing(t *testing.T) {
	for _, once := range []*model.RunOnce{nil, {}} {
		if got := once.Over(overridden()); !reflect.DeepEqual(got, overridden()) {
			t.Errorf("it is %+v", got)
		}
	}
	stateless := overridden()
	stateless.Stateless = true
	if !(&model.RunOnce{}).Over(stateless).Stateless {
		t.Error("a run cannot be less stateless than its VM")
	}
}

// TestEffective: a VM runs as its run has it.
func TestEffective(t *testing.T) {
	vm := &model.VM{VMConfig: overridden()}
	vm.Run.Overrides = &model.RunOnce{CDROM: new("once.iso")}
	if got := vm.Effective().CDROM; got != "once.iso" || vm.CDROM != "stored.iso" {
		t.Errorf("the CD is %s, of the VM %s", got, vm.CDROM)
	}
}
