package vms

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"vireo/internal/engine"
	"vireo/internal/engine/placement"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/image"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// planVM makes the VM of a guest as its host describes it. What it runs with is that of
// the guest until it is started the next time.
func (r *room) planVM(tx *inventory.Tx, call *engine.Call, on *model.Host, found foreigner) (*model.VM, error) {
	blank, ok := tx.Templates.Get(model.BlankID)
	if !ok {
		return nil, fault.Missing("Template: id=" + string(model.BlankID))
	}
	spec, now := found.spec, time.Now().UTC()
	vm := &model.VM{ID: spec.ID, CreationTime: now, VMConfig: model.Clone(blank).VMConfig}
	vm.Name, vm.Description, vm.Comment, vm.DeleteProtected = spec.Name, "", "", false
	vm.Cluster, vm.Template, vm.Origin, vm.Type = on.Cluster, model.BlankID, "external", model.VMTypeServer
	vm.Disks, vm.NICs, vm.Tags = nil, nil, nil
	vm.Memory = (spec.Memory + mebibyte - 1) / mebibyte * mebibyte
	vm.GuaranteedMemory = vm.Memory
	vm.CPU.Topology, vm.CPU.Mode, vm.CustomCPUModel = spec.Topology, spec.CPUMode, spec.CPUModel
	vm.CustomEmulatedMachine = spec.Machine
	vm.OS.Boot, vm.OS.Kernel, vm.OS.Initrd, vm.OS.Cmdline = spec.Boot, spec.Kernel, spec.Initrd, spec.Cmdline
	if spec.Display != "" {
		vm.Display.Type = spec.Display
	}
	vm.Console, vm.SoundcardEnabled, vm.Ballooning, vm.VirtioSCSI = spec.SerialConsole, spec.Sound, spec.Ballooning, spec.VirtioSCSI
	if err := r.planNICs(tx, call, on, spec, vm); err != nil {
		return nil, err
	}
	if err := r.check(tx, call.Verb+" VM", vm.ID, &vm.VMConfig); err != nil {
		return nil, err
	}
	vm.Run = model.Run{
		Status: model.StatusUp, Since: now, Host: on.ID, Epoch: nextEpoch(0), Memory: vm.Memory, Topology: vm.CPU.Topology,
		StartTime: now.Add(-found.uptime), Boot: slices.Clone(spec.Boot), DisplayType: spec.Display, Given: model.Given{Adopted: true},
	}
	if spec.Paused {
		vm.Run.Status, vm.Run.Detail = model.StatusPaused, model.PauseNone
	}
	return vm, nil
}

// planNICs finds the networks of the cluster by which the guest is connected.
func (r *room) planNICs(tx *inventory.Tx, call *engine.Call, on *model.Host, spec *host.GuestSpec, vm *model.VM) error {
	for i, nic := range spec.NICs {
		network := networkOf(tx, on, nic)
		if network == "" {
			return fault.New(fault.StateConflict, call.Verb+" VM", fmt.Sprintf(
				"Its network interface %s is connected to %q, which no network of the cluster is reached by there.", nic.MAC, nic.Network+nic.Bridge))
		}
		vm.NICs = append(vm.NICs, model.NIC{
			ID: model.NewID(), Name: fmt.Sprintf("nic%d", i+1), Network: network, Interface: nic.Model, MAC: nic.MAC,
			Linked: nic.Linked, Plugged: true,
		})
	}
	return nil
}

// networkOf is the first network, by name, that is reached on a host as a NIC is.
func networkOf(tx *inventory.Tx, on *model.Host, nic host.NICSpec) model.ID {
	for _, network := range tx.Networks.All() {
		if _, has := network.In(on.Cluster); !has {
			continue
		}
		link, ok := placement.Attachment(network, on, tx.Attachments.All())
		if ok && link == (placement.Link{Bridge: nic.Bridge, Network: nic.Network, User: nic.User}) {
			return network.ID
		}
	}
	return ""
}

// planDisks chooses a storage domain for each image: an active data domain of the host's
// data center, whose file system the image is on.
func (r *room) planDisks(tx *inventory.Tx, call *engine.Call, on *model.Host, spec *host.GuestSpec, params *AdoptParams) error {
	center := engine.DataCenterOf(tx, on.Cluster)
	params.Owner = engine.ImageOwner(tx, center)
	params.Disks, params.Paths = nil, nil
	var domains []*model.StorageDomain
	for _, domain := range tx.StorageDomains.All() {
		if domain.Type == model.StorageDomainData && domain.DataCenter == center && domain.Status == model.StorageDomainActive &&
			(params.StorageDomain == "" || domain.ID == params.StorageDomain) {
			domains = append(domains, domain)
		}
	}
	for i, given := range spec.Disks {
		disk := &model.Disk{
			ID: model.NewID(), Alias: fmt.Sprintf("%s_Disk%d", spec.Name, i+1), Volume: model.NewID(), Format: given.Format, Sparse: true,
			Interface: given.Interface, Bootable: given.Bootable, Status: model.DiskOK, CreationTime: params.VM.CreationTime, Adopted: true,
		}
		fits, err := engine.Outside(call, "image "+given.Path, func(ctx context.Context) (adoptable, error) {
			return r.tryDomains(ctx, domains, disk, given.Path, params.Owner)
		})
		if engine.IsOutside(err) {
			return err
		}
		if err != nil {
			return refuseForDomains(call.Verb, given.Path, domains, err)
		}
		disk.StorageDomain, disk.ProvisionedSize, disk.ActualSize = fits.domain, fits.size, fits.size
		if err := engine.CheckDiskTexts(call.Verb, disk); err != nil {
			return err
		}
		params.Disks, params.Paths = append(params.Disks, disk), append(params.Paths, given.Path)
		params.VM.Disks = append(params.VM.Disks, model.DiskAttachment{
			Disk: disk.ID, Interface: given.Interface, Bootable: given.Bootable, Active: true, ReadOnly: given.ReadOnly,
		})
	}
	return nil
}

// adoptable is where an image can be a disk, and how large it is, in bytes.
type adoptable struct {
	domain model.ID
	size   int64
}

// tryDomains finds the first storage domain that can have an image, by giving it a name
// there and taking that away again.
func (r *room) tryDomains(ctx context.Context, domains []*model.StorageDomain, disk *model.Disk, path string, owner image.Owner) (adoptable, error) {
	err := error(image.ErrElsewhere)
	for _, domain := range domains {
		var size int64
		size, err = r.Images.Adopt(ctx, domain, adoptedVolume(disk, owner), path)
		if err == nil {
			return adoptable{domain.ID, size}, r.Images.Remove(ctx, domain, disk.ID, false)
		}
		if !errors.Is(err, image.ErrElsewhere) {
			return adoptable{}, err
		}
	}
	return adoptable{}, err
}

func refuseForDomains(verb, path string, domains []*model.StorageDomain, err error) error {
	if len(domains) == 0 {
		return fault.New(fault.StateConflict, verb+" VM", "There is no active data storage domain that its disks could be in.")
	}
	if len(domains) > 1 && errors.Is(err, image.ErrElsewhere) {
		return fault.New(fault.StateConflict, verb+" VM", fmt.Sprintf(
			"Its image %s is not on the file system of any data storage domain: add one there, or copy it into one (virsh blockcopy).", path)).Because(err)
	}
	return refuseImage(verb, path, domains[0], err)
}
