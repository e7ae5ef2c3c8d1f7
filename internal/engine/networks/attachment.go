package networks

import (
	"fmt"
	"slices"
	"strings"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/engine/placement"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// addAttachment says by which of its bridges a host reaches a network.
func (r *room) addAttachment(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	attachment, err := edited[model.NetworkAttachment](call, model.NetworkAttachment{ID: model.NewID()})
	if err != nil {
		return nil, err
	}
	for _, other := range tx.Attachments.All() {
		if other.Host == attachment.Host && other.Network == attachment.Network {
			return nil, fault.New(fault.Duplicate, call.Verb, "The host has an attachment of this network already.")
		}
	}
	if err := unused(tx, call.Verb, attachment); err != nil {
		return nil, err
	}
	return attachment, put(tx, call, attachment, audit.HostNetworkAttached)
}

// updateAttachment takes another bridge of the host.
func (r *room) updateAttachment(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	old, _ := tx.Attachments.Get(call.Target)
	wanted, err := edited[model.NetworkAttachment](call, *old)
	if err != nil {
		return nil, err
	}
	if wanted.Host != old.Host || wanted.Network != old.Network {
		return nil, fault.New(fault.StateConflict, call.Verb, "An attachment keeps its host and its network; add another one.")
	}
	if wanted.Bridge != old.Bridge {
		if err := unused(tx, call.Verb, old); err != nil {
			return nil, err
		}
	}
	return wanted, put(tx, call, wanted, audit.HostNetworkUpdated)
}

// removeAttachment leaves it to the names again how the host reaches the network.
func (r *room) removeAttachment(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	attachment, _ := tx.Attachments.Get(call.Target)
	if err := unused(tx, call.Verb, attachment); err != nil {
		return nil, err
	}
	tx.Attachments.Delete(attachment.ID)
	on, _ := tx.Hosts.Get(attachment.Host)
	tell(tx, audit.HostNetworkDetached, call, on, label(tx, attachment))
	return attachment, nil
}

func label(tx *inventory.Tx, attachment *model.NetworkAttachment) string {
	if network, ok := tx.Networks.Get(attachment.Network); ok {
		return network.Name
	}
	return string(attachment.Network)
}

func put(tx *inventory.Tx, call *engine.Call, wanted *model.NetworkAttachment, code audit.Code) error {
	on, ok := tx.Hosts.Get(wanted.Host)
	if !ok {
		return fault.Missing("Hosts: id=" + string(wanted.Host))
	}
	network, ok := tx.Networks.Get(wanted.Network)
	if !ok {
		return fault.Missing("Networks: id=" + string(wanted.Network))
	}
	if _, has := network.In(on.Cluster); !has {
		return fault.New(fault.StateConflict, call.Verb, fmt.Sprintf("The cluster of the host %s does not have the network %s.", on.Name, network.Name))
	}
	if !slices.Contains(on.Facts.Bridges, wanted.Bridge) {
		return fault.New(fault.StateConflict, call.Verb, fmt.Sprintf("%s is not a bridge of the host %s, to which guests can be connected.", wanted.Bridge, on.Name))
	}
	if _, carries := placement.Attachment(network, on, []*model.NetworkAttachment{wanted}); !carries {
		return fault.New(fault.StateConflict, call.Verb, fmt.Sprintf("The bridge %s of the host %s does not carry the VLAN %d of the network %s.", wanted.Bridge, on.Name, network.VLAN, network.Name))
	}
	tx.Attachments.Put(wanted)
	tell(tx, code, call, on, network.Name+" at "+wanted.Bridge)
	return nil
}

// unused refuses to change how a host reaches a network while guests run on it: they
// stay connected to what they were started with.
func unused(tx *inventory.Tx, verb string, attachment *model.NetworkAttachment) error {
	var running []string
	for _, vm := range tx.VMs.All() {
		if vm.Run.Host == attachment.Host && slices.ContainsFunc(vm.NICs, func(nic model.NIC) bool {
			return nic.Plugged && nic.Network == attachment.Network
		}) {
			running = append(running, vm.Name)
		}
	}
	if len(running) > 0 {
		return fault.New(fault.NetworkRunning, verb, strings.Join(running, ", "))
	}
	return nil
}
