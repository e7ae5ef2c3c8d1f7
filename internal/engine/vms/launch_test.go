package vms_test

import (
	"fmt"
	"testing"
	"testing/synctest"

	"vireo/internal/engine/sitetest"
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/model"
)

// TestStartFindsNoHost holds the refusals of placement.
func TestStartFindsNoHost(t *testing.T) {
	const none = "Cannot run VM. There is no host that satisfies current scheduling constraints. See below for details:"
	filtered := func(filter, why string) string {
		return fmt.Sprintf("%s, The host h1 did not satisfy internal filter %[2]s because %[3]s."+
			", The host h2 did not satisfy internal filter %[2]s because %[3]s.", none, filter, why)
	}
	allRefused(t, map[string]refusal{
		"a display that no host has": {
			func(w *wish) {
				w.editHosts(func(on *model.Host) { on.Facts.Displays = []model.DisplayType{model.DisplayVNC} })
				w.params.Once.DisplayType = new(model.DisplaySPICE)
			},
			fault.Conflict, fault.AllHostsFiltered, filtered("Display", "its QEMU does not support the display type spice"),
		},
		"a machine type that no host has": {
			once(func(o *model.RunOnce) { o.EmulatedMachine = new("pc-q35-99") }),
			fault.Conflict, fault.AllHostsFiltered, filtered("Emulated-Machine", "it does not support the machine type pc-q35-99"),
		},
		"a host that is too small": {
			func(w *wish) {
				w.editHosts(func(on *model.Host) { on.Facts.Memory = 1 << 30 })
				w.edit(func(vm *model.VM) { vm.Memory = 2 << 30 })
				w.params.Once.Host = sitetest.HostID(2)
			},
			fault.Conflict, fault.AllHostsFiltered, none +
				", The host h1 did not satisfy internal filter PinToHost because the VM is to run on another host." +
				", The host h2 did not satisfy internal filter Memory because its available memory is too low (768.000000 MB) to run the VM." +
				", Note: The VM is pinned to Host 'h2' but cannot run on it.",
		},
		"a host that is down": {
			func(w *wish) {
				w.editHosts(func(on *model.Host) {
					if on.ID == sitetest.HostID(2) {
						on.Status = model.HostNonResponsive
					}
				})
				w.params.Once.Host = sitetest.HostID(2)
			},
			fault.Conflict, fault.AllHostsFiltered, none +
				", The host h1 did not satisfy internal filter PinToHost because the VM is to run on another host." +
				", Note: The VM is pinned to Host 'h2' but cannot run on it.",
		},
		"no host that is up": {
			func(w *wish) { w.editHosts(func(on *model.Host) { on.Status = model.HostNonResponsive }) },
			fault.Untyped, fault.NoHosts, "There are no hosts to use. Check that the cluster contains at least one host in Up state.",
		},
	})
}

// preconditions are refusals in their documented order (api-v3 3.1, 3.2), each by
// something of its own.
var preconditions = []refusal{
	{spoil: once(func(o *model.RunOnce) { o.CPUShares = new(-1) }), code: fault.Invalid},
	{
		spoil: once(func(o *model.RunOnce) { o.CustomProperties = &[]model.CustomProperty{{Name: "hugepages"}} }),
		code:  fault.UnknownProperty,
	},
	{spoil: once(func(o *model.RunOnce) { o.Boot = []model.BootDevice{model.BootNetwork} }), code: fault.NoNetwork},
	{spoil: once(func(o *model.RunOnce) { o.CDROM = new("missing.iso") }), code: fault.NoISOFile},
	{spoil: once(func(o *model.RunOnce) { o.Floppy = "missing.vfd" }), code: fault.NoFloppyFile},
	{
		spoil: func(w *wish) { w.edit(func(vm *model.VM) { vm.HA.Enabled = true }); w.params.Once.Stateless = true },
		code:  fault.StatelessHA,
	},
	{spoil: func(w *wish) { w.editDomain(sitetest.DataDomain, model.StorageDomainInactive) }, code: fault.DomainStatusIllegal},
	{spoil: func(w *wish) { w.editDisk(func(disk *model.Disk) { disk.Status = model.DiskLocked }) }, code: fault.DisksLocked},
	{spoil: once(func(o *model.RunOnce) { o.EmulatedMachine = new("pc-q35-99") }), code: fault.AllHostsFiltered},
	{
		spoil: func(w *wish) {
			w.edit(func(vm *model.VM) { vm.Payloads = []model.Payload{{Type: model.PayloadCDROM}} })
			w.params.Initialization = model.InitializationCloudInit
		},
		code: fault.PayloadCloudInit,
	},
	{
		spoil: func(w *wish) {
			w.params.Once.Initialization = &model.Initialization{HostName: "no name"}
			w.params.Initialization = model.InitializationCloudInit
		},
		code: fault.Invalid,
	},
}

// TestOrderOfPreconditions: where two refusals apply it is the documented one.
func TestOrderOfPreconditions(t *testing.T) {
	onSite(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
		w := newWish(t, site)
		w.noKernel()
		sound := w.VM(w.vm)
		for i, first := range preconditions {
			for _, second := range preconditions[i+1:] {
				w.params = &vms.StartParams{Once: &model.RunOnce{}}
				second.spoil(w)
				first.spoil(w)
				if _, got := startRefused(t, site, w.vm, w.params); got.Code != first.code {
					t.Errorf("it is refused with %s before %s", got.Code, first.code)
				}
				w.edit(func(vm *model.VM) { vm.VMConfig = sound.VMConfig })
				w.mend()
				synctest.Wait() // what hosts and domains that are there again have others do
			}
		}
		up(site, w.vm, nil)
	})
}
