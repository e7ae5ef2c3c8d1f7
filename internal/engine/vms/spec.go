package vms

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"vireo/internal/engine"
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
		ID: vm.ID, Name: vm.Name, Engine: r.ID, Epoch: vm.Run.Epoch,
		Emulate: !where.Facts.Accelerated,
		Memory:  vm.Memory, Topology: vm.CPU.Topology, CPUMode: vm.CPU.Mode, CPUModel: vm.CustomCPUModel,
		CPUShares: vm.CPUShares, Pins: vm.CPU.Pins, IOThreads: vm.IOThreads, Machine: vm.CustomEmulatedMachine,
		Boot: vm.OS.Boot, BootMenu: vm.BootMenu, Cmdline: vm.OS.Cmdline,
		Display: vm.Display.Type, KeyboardLayout: vm.Display.KeyboardLayout, Monitors: vm.Display.Monitors,
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
		disk, err := r.diskSpec(ctx, vm, attachment)
		if err != nil {
			return nil, err
		}
		spec.Disks = append(spec.Disks, disk)
	}
	for _, nic := range vm.NICs {
		if nic.Plugged {
			spec.NICs = append(spec.NICs, r.NICSpec(nic, where))
		}
	}
	return spec, nil
}

// diskSpec is the disk, or what a stateless run writes to in its place.
func (r *room) diskSpec(ctx context.Context, vm *model.VM, attachment model.DiskAttachment) (host.DiskSpec, error) {
	spec, err := r.DiskSpec(ctx, attachment)
	if err != nil {
		return spec, err
	}
	i := slices.IndexFunc(vm.Run.Overlays, func(o model.Overlay) bool { return o.Disk == attachment.Disk })
	if i < 0 {
		return spec, nil
	}
	disk, _ := r.Inventory.Disks.Get(attachment.Disk)
	domain, ok := r.Inventory.StorageDomains.Get(vm.Run.Overlays[i].StorageDomain)
	if !ok || disk == nil {
		return spec, fault.New(fault.DomainNotFound, "run VM")
	}
	spec.Format = model.DiskCOW
	spec.Path, err = r.Images.OverlayPath(ctx, domain, disk, vm.Run.Overlays[i].Volume)
	return spec, engine.StorageFault("run VM", domain, err)
}

// floppies are the images of the run's own floppy, of the ISO domain.
func (r *room) floppies(ctx context.Context, vm *model.VM) ([]string, error) {
	if vm.Run.Overrides == nil || vm.Run.Overrides.Floppy == "" {
		return nil, nil
	}
	path, err := r.ISOPath(ctx, vm, vm.Run.Overrides.Floppy)
	return []string{path}, err
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
	if text != "" && !filepath.IsAbs(text) {
		return "", fault.New(fault.Invalid, "run VM", fmt.Sprintf("The kernel or initrd %q is neither iso://file nor an absolute path.", text))
	}
	return text, nil
}
