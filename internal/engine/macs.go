package engine

import (
	"fmt"
	"strings"

	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/option"
)

// MACPool is the pool that the VMs of a cluster get their addresses from: that of the
// data center, else the default one.
func (e *Engine) MACPool(tx *inventory.Tx, cluster model.ID) *model.MACPool {
	center, _ := tx.DataCenters.Get(DataCenterOf(tx, cluster))
	if center != nil && center.MACPool != "" {
		if pool, ok := tx.MACPools.Get(center.MACPool); ok {
			return pool
		}
	}
	if pool, ok := tx.MACPools.Get(model.DefaultMACPool); ok {
		return pool
	}
	return &model.MACPool{ID: model.DefaultMACPool}
}

// PoolRanges are the ranges of a pool: those of the default one are in the option
// MacPoolRanges as long as it was given none.
func (e *Engine) PoolRanges(pool *model.MACPool) ([]option.MACRange, error) {
	if pool.ID == model.DefaultMACPool && len(pool.Ranges) == 0 {
		return option.ParseMACRanges(e.Values.String("MacPoolRanges"))
	}
	var texts []string
	for _, each := range pool.Ranges {
		texts = append(texts, each.From+"-"+each.To)
	}
	return option.ParseMACRanges(strings.Join(texts, ","))
}

// FreeMACs are the first addresses of a cluster's pool that nothing has, as many as are
// wanted; transactions come one after the other, so that nobody else gets the same.
// verb is the command in messages.
func (e *Engine) FreeMACs(tx *inventory.Tx, verb string, cluster model.ID, wanted int) ([]string, error) {
	if wanted == 0 {
		return nil, nil
	}
	pool := e.MACPool(tx, cluster)
	ranges, err := e.PoolRanges(pool)
	if err != nil {
		return nil, fault.New(fault.StateConflict, verb, "The ranges of the MAC address pool cannot be read.").Because(err)
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
		return nil, fault.New(fault.MACPoolEmpty, verb, pool.Name)
	}
	return found, nil
}

// CheckFreeMAC refuses an address that another network interface has, unless the pool
// of the cluster allows that; nic is the id of the one that is to have it.
func (e *Engine) CheckFreeMAC(tx *inventory.Tx, verb string, cluster, nic model.ID, address string) error {
	if e.MACPool(tx, cluster).AllowDuplicates {
		return nil
	}
	for _, vm := range tx.VMs.All() {
		for _, other := range vm.NICs {
			if other.ID != nic && strings.EqualFold(other.MAC, address) {
				return fault.New(fault.MACInUse, verb, fmt.Sprintf("The MAC address %s is in use already.", address))
			}
		}
	}
	return nil
}
