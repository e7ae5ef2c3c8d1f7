package nics

import (
	"fmt"
	"net"
	"strings"

	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/option"
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

// freeMAC is the first address of the engine's pool that nothing has (option
// MacPoolRanges).
func (r *room) freeMAC(tx *inventory.Tx, verb string) (string, error) {
	ranges, err := option.ParseMACRanges(r.Values.String("MacPoolRanges"))
	if err != nil {
		return "", fault.New(fault.StateConflict, verb, "The option MacPoolRanges cannot be read.").Because(err)
	}
	used := make(map[string]bool)
	for _, vm := range tx.VMs.All() {
		for _, nic := range vm.NICs {
			used[strings.ToLower(nic.MAC)] = true
		}
	}
	for _, each := range ranges {
		for number := each.First; number <= each.Last; number++ {
			if address := option.MAC(number); !used[address] {
				return address, nil
			}
		}
	}
	return "", fault.New(fault.StateConflict, verb, "The pool of MAC addresses has none left (option MacPoolRanges).")
}
