package vms

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"vireo/internal/engine"
	"vireo/internal/engine/placement"
	"vireo/internal/fault"
	"vireo/internal/host"
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
	vm.Disks, vm.NICs, vm.Tags, vm.Autostart = nil, nil, nil, spec.Autostart
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

// planNICs finds the networks of the cluster by which the guest is connected, each by its
// default profile.
func (r *room) planNICs(tx *inventory.Tx, call *engine.Call, on *model.Host, spec *host.GuestSpec, vm *model.VM) error {
	for i, nic := range spec.NICs {
		network := networkOf(tx, on, nic)
		if network == "" {
			return fault.New(fault.StateConflict, call.Verb+" VM", fmt.Sprintf(
				"Its network interface %s is connected to %q, which no network of the cluster is reached by there.", nic.MAC, nic.Network+nic.Bridge))
		}
		if err := r.checkForeignMAC(tx, call.Verb+" VM", on.Cluster, spec.NICs[:i], nic.MAC); err != nil {
			return err
		}
		vm.NICs = append(vm.NICs, model.NIC{
			ID: model.NewID(), Name: fmt.Sprintf("nic%d", i+1), Network: network, Profile: engine.DefaultProfile(tx, network),
			Interface: nic.Model, MAC: nic.MAC, Linked: nic.Linked, Plugged: true,
		})
	}
	return nil
}

// checkForeignMAC refuses an address that a VM has, or the guest twice.
func (r *room) checkForeignMAC(tx *inventory.Tx, verb string, cluster model.ID, before []host.NICSpec, address string) error {
	twice := slices.ContainsFunc(before, func(nic host.NICSpec) bool { return strings.EqualFold(nic.MAC, address) })
	if twice && !r.MACPool(tx, cluster).AllowDuplicates {
		return fault.New(fault.MACInUse, verb, fmt.Sprintf("The guest has the MAC address %s twice.", address))
	}
	return r.CheckFreeMAC(tx, verb, cluster, "", address)
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
