package pools

import (
	"fmt"
	"strings"

	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// The VMs of a pool are numbered from 1: those of the pool desk are called desk-1, desk-2
// and so on, those of desk-??-x are desk-01-x, desk-02-x (api-v3 6.2).

// digits are where the number stands in a name that says so: from, and how many.
func digits(name string) (from, count int) {
	from = strings.IndexByte(name, '?')
	if from < 0 {
		return 0, 0
	}
	return from, len(name[from:]) - len(strings.TrimLeft(name[from:], "?"))
}

// named is the name of the VM of a number; false when the name has not so many digits.
func named(pool string, number int) (string, bool) {
	from, count := digits(pool)
	if count == 0 {
		return fmt.Sprintf("%s-%d", pool, number), true
	}
	text := fmt.Sprintf("%0*d", count, number)
	return pool[:from] + text + pool[from+count:], len(text) == count
}

// namesOf are the first names of a pool that no VM of its data center has.
func namesOf(tx *inventory.Tx, verb string, pool *model.VMPool, count int) ([]string, error) {
	taken := make(map[string]bool)
	dataCenter := engine.DataCenterOf(tx, pool.Cluster)
	for _, vm := range tx.VMs.All() {
		if engine.DataCenterOf(tx, vm.Cluster) == dataCenter {
			taken[vm.Name] = true
		}
	}
	var names []string
	for number := 1; len(names) < count; number++ {
		name, fits := named(pool.Name, number)
		if !fits {
			return nil, fault.New(fault.Invalid, verb, fmt.Sprintf("The name %s has not digits enough for so many VMs.", pool.Name))
		}
		if !taken[name] {
			names = append(names, name)
		}
	}
	return names, nil
}
