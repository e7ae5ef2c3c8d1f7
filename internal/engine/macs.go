package engine

import (
	"strings"

	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/option"
)

// FreeMACs are the first addresses of the engine's pool that nothing has (option
// MacPoolRanges), as many as are wanted. verb is the command in messages.
func (e *Engine) FreeMACs(tx *inventory.Tx, verb string, wanted int) ([]string, error) {
	if wanted == 0 {
		return nil, nil
	}
	ranges, err := option.ParseMACRanges(e.Values.String("MacPoolRanges"))
	if err != nil {
		return nil, fault.New(fault.StateConflict, verb, "The option MacPoolRanges cannot be read.").Because(err)
	}
	used := make(map[string]bool)
	for _, vm := range tx.VMs.All() {
		for _, nic := range vm.NICs {
			used[strings.ToLower(nic.MAC)] = true
		}
	}
	var found []string
	for _, each := range ranges {
		for number := each.First; number <= each.Last && len(found) < wanted; number++ {
			if address := option.MAC(number); !used[address] {
				used[address] = true
				found = append(found, address)
			}
		}
	}
	if len(found) < wanted {
		return nil, fault.New(fault.StateConflict, verb, "The pool of MAC addresses has none left (option MacPoolRanges).")
	}
	return found, nil
}
