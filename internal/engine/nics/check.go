package nics

import (
	"fmt"
	"regexp"
	"slices"

	"vireo/internal/engine"
	"vireo/internal/engine/placement"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// names are what a network interface may be called.
var names = regexp.MustCompile(`^[\p{L}0-9._-]{1,50}$`)

var models = []model.NICInterface{model.NICVirtio, model.NICE1000, model.NICRTL8139, model.NICRTL8139Virtio}

// maxNICs keeps VMs within the slots of their bus.
const maxNICs = 28

// check refuses a network interface that cannot be; old is nil for a new one.
func (r *room) check(tx *inventory.Tx, verb string, vm *model.VM, old, wanted *model.NIC) error {
	if !names.MatchString(wanted.Name) {
		return fault.New(fault.NameIllegal, verb,
			"The name of a network interface must have 1 to 50 characters: letters, digits, '.', '_' and '-' only.")
	}
	if slices.ContainsFunc(vm.NICs, func(n model.NIC) bool { return n.ID != wanted.ID && n.Name == wanted.Name }) {
		return fault.New(fault.NameInUse, verb, "network interface", wanted.Name)
	}
	if old == nil && len(vm.NICs) >= maxNICs {
		return fault.New(fault.StateConflict, verb, fmt.Sprintf("A VM may have at most %d network interfaces.", maxNICs))
	}
	if !slices.Contains(models, wanted.Interface) {
		return fault.New(fault.Invalid, verb, "The interface must be virtio, e1000, rtl8139 or rtl8139_virtio.")
	}
	if err := r.checkMAC(tx, verb, vm, wanted); err != nil {
		return err
	}
	if err := checkNetwork(tx, verb, vm, wanted); err != nil {
		return err
	}
	return checkRunning(verb, vm, old, wanted)
}

// checkNetwork wants the network to be in the VM's data center and cluster, and
// reachable on the host that the VM runs on.
func checkNetwork(tx *inventory.Tx, verb string, vm *model.VM, wanted *model.NIC) error {
	if wanted.Network == "" {
		wanted.Profile = ""
		return nil
	}
	network, ok := tx.Networks.Get(wanted.Network)
	if !ok {
		return fault.Missing("Networks: id=" + string(wanted.Network))
	}
	cluster, ok := tx.Clusters.Get(vm.Cluster)
	if ok && cluster.DataCenter != network.DataCenter {
		return fault.New(fault.StateConflict, verb, fmt.Sprintf("The network %s is in another data center than the VM.", network.Name))
	}
	if !network.ForVMs() {
		return fault.New(fault.StateConflict, verb, fmt.Sprintf("The network %s is not for VMs.", network.Name))
	}
	if _, has := network.In(vm.Cluster); ok && !has {
		return fault.New(fault.StateConflict, verb, fmt.Sprintf("The cluster %s of the VM does not have the network %s.", cluster.Name, network.Name))
	}
	if err := checkProfile(tx, network, wanted); err != nil {
		return err
	}
	on, running := tx.Hosts.Get(vm.Run.Host)
	if !running || !wanted.Plugged {
		return nil
	}
	if _, reachable := placement.Attachment(network, on, tx.Attachments.All()); !reachable {
		return fault.New(fault.StateConflict, verb, fmt.Sprintf("The host %s, which the VM runs on, has no network %s.", on.Name, network.Name))
	}
	return nil
}

// checkProfile wants the profile to be one of the network's; a network interface that
// names none gets the network's own.
func checkProfile(tx *inventory.Tx, network *model.Network, wanted *model.NIC) error {
	if wanted.Profile == "" {
		wanted.Profile = engine.DefaultProfile(tx, network.ID)
		return nil
	}
	if profile, ok := tx.VNICProfiles.Get(wanted.Profile); !ok || profile.Network != network.ID {
		return fault.Missing("VnicProfile: id=" + string(wanted.Profile))
	}
	return nil
}

// checkRunning refuses what a guest that has the network interface would not see.
func checkRunning(verb string, vm *model.VM, old, wanted *model.NIC) error {
	if vm.Run.Status == model.StatusDown || !isPlugged(old) || !wanted.Plugged {
		return nil
	}
	if old.Interface != wanted.Interface || old.MAC != wanted.MAC {
		return fault.New(fault.StateConflict, verb, "The model and the MAC address of a network interface that is plugged into a running VM cannot change; deactivate it first.")
	}
	return nil
}
