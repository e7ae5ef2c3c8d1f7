package nics

import (
	"fmt"
	"net"
	"strings"

	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// checkMAC wants a unicast address that no other network interface of the engine
// has, and brings it into the usual form.
func checkMAC(tx *inventory.Tx, verb string, wanted *model.NIC) error {
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
	for _, vm := range tx.VMs.All() {
		for _, nic := range vm.NICs {
			if nic.ID != wanted.ID && strings.EqualFold(nic.MAC, wanted.MAC) {
				return fault.New(fault.Duplicate, verb, fmt.Sprintf("The MAC address %s is in use already.", wanted.MAC))
			}
		}
	}
	return nil
}
