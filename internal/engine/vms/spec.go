package vms

import (
	"context"
	"strings"

	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/model"
)

// isoScheme marks a kernel or initrd that is a file of the ISO domain.
const isoScheme = "iso://"

// spec says how a host is to start the guest of a VM, whose configuration is
// that of its run (asRun).
func (r *room) spec(ctx context.Context, vm *model.VM, on model.ID) (*host.GuestSpec, error) {
	where, ok := r.Inventory.Hosts.Get(on)
	if !ok {
		return nil, fault.New(fault.NoHosts)
	}
	spec := &host.GuestSpec{
		ID: vm.ID, Name: vm.Name, Engine: r.ID, Epoch: vm.Run.Epoch, Given: openly(vm.Run.Given),
		Emulate: !where.Facts.Accelerated, Autostart: vm.Autostart,
		Memory: vm.Memory, Topology: vm.CPU.Topology, CPUMode: vm.CPU.Mode, CPUModel: vm.CustomCPUModel,
		CPUShares: vm.CPUShares, Pins: vm.CPU.Pins, IOThreads: vm.IOThreads, Machine: vm.CustomEmulatedMachine,
		Boot: vm.OS.Boot, BootMenu: vm.BootMenu, Cmdline: vm.OS.Cmdline,
		Display: vm.Display.Type, DisplayAddress: r.Values.String("DisplayAddress"), KeyboardLayout: vm.Display.KeyboardLayout, Monitors: vm.Display.Monitors,
		SerialConsole: vm.Console, Sound: vm.SoundcardEnabled, USB: vm.USB.Enabled,
		Ballooning: vm.Ballooning, VirtioSCSI: vm.VirtioSCSI, RNG: vm.RNG,
		SerialNumber: serialNumber(vm, where), Windows: windows(&vm.VMConfig),
		ClockZone: vm.TimeZone,
	}
	var err error
	if spec.Kernel, err = r.bootFile(ctx, vm, vm.OS.Kernel); err != nil {
		return nil, err
	}
	if spec.Initrd, err = r.bootFile(ctx, vm, vm.OS.Initrd); err != nil {
		return nil, err
	}
	if spec.CDROM, err = r.ISOPath(ctx, vm, vm.CDROM); err != nil {
		return nil, err
	}
	if spec.Floppies, err = r.floppies(ctx, vm); err != nil {
		return nil, err
	}
	if spec.Seeds, err = r.seeds(vm); err != nil {
		return nil, err
	}
	for _, attachment := range vm.Disks {
		if !attachment.Active {
			continue
		}
		disk, err := r.DiskSpec(ctx, attachment, vm.Run.Overlays...)
		if err != nil {
			return nil, err
		}
		spec.Disks = append(spec.Disks, disk)
	}
	if spec.Lease, err = r.leaseSpec(vm); err != nil {
		return nil, err
	}
	for _, nic := range vm.NICs {
		if nic.Plugged {
			spec.NICs = append(spec.NICs, r.NICSpec(nic, where))
		}
	}
	return spec, nil
}

// floppies are the images of the run's own floppy, of the ISO domain.
func (r *room) floppies(ctx context.Context, vm *model.VM) ([]string, error) {
	if vm.Run.Overrides == nil || vm.Run.Overrides.Floppy == "" {
		return nil, nil
	}
	path, err := r.ISOPath(ctx, vm, vm.Run.Overrides.Floppy)
	return []string{path}, err
}

// openly is what a run was begun with, as anybody may see it who can ask the host:
// without what the guest is told.
func openly(given model.Given) model.Given {
	given = *model.Clone(&given)
	if once := given.Overrides; once != nil {
		once.Initialization = nil
		if once.Domain != nil {
			once.Domain.User, once.Domain.Password = "", ""
		}
	}
	return given
}

// serialNumber is what the guest reads as its machine's (serial_number).
func serialNumber(vm *model.VM, on *model.Host) string {
	if vm.SerialNumber == nil {
		return string(vm.ID)
	}
	switch vm.SerialNumber.Policy {
	case model.SerialNumberHost:
		return on.Facts.SerialNumber
	case model.SerialNumberCustom:
		return vm.SerialNumber.Value
	}
	return string(vm.ID)
}

// bootFile is the path of a kernel or initrd.
func (r *room) bootFile(ctx context.Context, vm *model.VM, text string) (string, error) {
	if name, ok := strings.CutPrefix(text, isoScheme); ok {
		return r.ISOPath(ctx, vm, name)
	}
	return text, nil
}
