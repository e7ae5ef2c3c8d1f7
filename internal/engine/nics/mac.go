package nics

import (
	"fmt"
	"net"

	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// checkMAC wants a unicast address that no other network interface has, unless the pool
// of the VM allows that, and brings it into the usual form.
func (r *room) checkMAC(tx *inventory.Tx, verb string, vm *model.VM, wanted *model.NIC) error {
	address, err := net.ParseMAC(wanted.MAC)
	if err != nil || len(address) != 6 || len(wanted.MAC) != 17 {
		return fault.New(fault.Invalid, verb, fmt.Sprintf("%.40q is not a MAC address.", wanted.MAC))
	}
	if address[0]&1 != 0 {
		return fault.New(fault.Invalid, verb, "The MAC address must be a unicast address.")
	}
	if address.String() == "00:00:00:00:00:00" {
		return fault.New(fault.Invalid, verb, "The MAC address cannot be all zeros.")
	}
	wanted.MAC = address.String()
	return r.CheckFreeMAC(tx, verb, vm.Cluster, wanted.ID, wanted.MAC)
}
