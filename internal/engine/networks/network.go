package networks

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// networkNames are what a network may be called: a bridge of a host may have its name.
var networkNames = regexp.MustCompile(`^[A-Za-z0-9_-]{1,15}$`)

// The limits of a network: those of Ethernet.
const (
	leastMTU = 68
	mostMTU  = 65535
	mostVLAN = 4094
)

// addNetwork makes a network in a data center, with a vNIC profile of its name if it is
// for VMs. No cluster has it yet (api-v3 2.6).
func (r *room) addNetwork(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	network, err := made(call, model.Network{ID: model.NewID(), Usages: []string{model.UsageVM}})
	if err != nil {
		return nil, err
	}
	if err := checkNetwork(tx, call.Verb, network); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(network.Usages, func(usage string) bool { return usage != model.UsageVM }) {
		return nil, rolesStay(call.Verb)
	}
	tx.Networks.Put(network)
	if network.ForVMs() && !addParams(call).NoProfile {
		engine.PutPublicProfile(tx, &model.VNICProfile{ID: model.NewID(), Name: network.Name, Network: network.ID})
	}
	tell(tx, audit.NetworkAdded, call, nil, network.Name)
	return network, nil
}

// updateNetwork changes a network. What the guests that run on it were started with
// stays, and so does what hosts find it by.
func (r *room) updateNetwork(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	old, _ := tx.Networks.Get(call.Target)
	wanted, err := edited[model.Network](call, *old)
	if err != nil {
		return nil, err
	}
	if err := checkNetwork(tx, call.Verb, wanted); err != nil {
		return nil, err
	}
	wanted.Clusters = old.Clusters
	_, running := users(tx, old.ID, nil)
	switch {
	case wanted.DataCenter != old.DataCenter:
		return nil, fault.New(fault.StateConflict, call.Verb, "A network cannot move to another data center.")
	case !slices.Equal(special(wanted), special(old)):
		return nil, rolesStay(call.Verb)
	case old.Management() && (wanted.Name != old.Name || !wanted.ForVMs()):
		return nil, fault.New(fault.StateConflict, call.Verb, "The management network keeps its name, and VMs may use it.")
	case !wanted.ForVMs() && old.ForVMs():
		if err := notUsed(tx, call.Verb, old, nil); err != nil {
			return nil, err
		}
	case len(running) > 0 && (wanted.Name != old.Name || wanted.MTU != old.MTU || wanted.VLAN != old.VLAN):
		return nil, fault.New(fault.NetworkRunning, call.Verb, strings.Join(running, ", "))
	}
	tx.Networks.Put(wanted)
	tell(tx, audit.NetworkUpdated, call, nil, wanted.Name)
	return wanted, nil
}

// removeNetwork removes a network that nothing uses, with its profiles and the
// attachments of hosts.
func (r *room) removeNetwork(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	network, _ := tx.Networks.Get(call.Target)
	if network.Management() {
		return nil, fault.New(fault.ManagementStays, network.Name)
	}
	if err := notUsed(tx, call.Verb, network, nil); err != nil {
		return nil, err
	}
	for _, profile := range tx.VNICProfiles.All() {
		if profile.Network == network.ID {
			tx.VNICProfiles.Delete(profile.ID)
		}
	}
	for _, attachment := range tx.Attachments.All() {
		if attachment.Network == network.ID {
			tx.Attachments.Delete(attachment.ID)
		}
	}
	tx.Networks.Delete(network.ID)
	tell(tx, audit.NetworkRemoved, call, nil, network.Name)
	return network, nil
}

func checkNetwork(tx *inventory.Tx, verb string, network *model.Network) error {
	if !networkNames.MatchString(network.Name) {
		return fault.New(fault.NameIllegal, verb, "The name of a network must have 1 to 15 characters: letters, digits, '_' and '-' only.")
	}
	if _, ok := tx.DataCenters.Get(network.DataCenter); !ok {
		return fault.New(fault.Invalid, verb, "The data center does not exist.")
	}
	for _, other := range tx.Networks.Named(network.Name) {
		if other.ID != network.ID && other.DataCenter == network.DataCenter {
			return fault.New(fault.NetworkNameInUse, verb, network.Name)
		}
	}
	switch {
	case network.VLAN < 0 || network.VLAN > mostVLAN:
		return fault.New(fault.Invalid, verb, fmt.Sprintf("The VLAN must be between 1 and %d, or 0 for none.", mostVLAN))
	case network.MTU != 0 && (network.MTU < leastMTU || network.MTU > mostMTU):
		return fault.New(fault.Invalid, verb, fmt.Sprintf("The MTU must be between %d and %d, or 0 for that of the host.", leastMTU, mostMTU))
	case network.STP:
		return fault.New(fault.UnsupportedWish, verb, "The spanning tree protocol is set on the bridge, by the administrator of the host.")
	}
	return nil
}

// special are the usages that only the management network has, in order.
func special(network *model.Network) []string {
	found := slices.Clone(network.Usages)
	slices.Sort(found)
	return slices.DeleteFunc(slices.Compact(found), func(usage string) bool { return usage == model.UsageVM })
}

func rolesStay(verb string) error {
	return fault.New(fault.UnsupportedWish, verb,
		"Displays, migrations and management use the network that the host's address is in; no other network can be given these usages.")
}

// users are the names of the VMs and templates with a network interface on a network,
// in one cluster if it is named, and of those VMs that run with it plugged in.
func users(tx *inventory.Tx, network model.ID, cluster *model.ID) (all, running []string) {
	on := func(nic model.NIC) bool { return nic.Network == network }
	for _, vm := range tx.VMs.All() {
		if cluster != nil && vm.Cluster != *cluster || !slices.ContainsFunc(vm.NICs, on) {
			continue
		}
		all = append(all, vm.Name)
		if vm.Run.Host != "" && slices.ContainsFunc(vm.NICs, func(nic model.NIC) bool { return on(nic) && nic.Plugged }) {
			running = append(running, vm.Name)
		}
	}
	for _, template := range tx.Templates.All() {
		if (cluster == nil || template.Cluster == *cluster) && slices.ContainsFunc(template.NICs, on) {
			all = append(all, template.Name)
		}
	}
	return all, running
}

func notUsed(tx *inventory.Tx, verb string, network *model.Network, cluster *model.ID) error {
	if names, _ := users(tx, network.ID, cluster); len(names) > 0 {
		return fault.New(fault.NetworkInUse, verb, strings.Join(names, ", "))
	}
	return nil
}
