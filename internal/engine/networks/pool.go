package networks

import (
	"strings"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// addPool makes a pool of MAC addresses.
func (r *room) addPool(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	pool, err := edited[model.MACPool](call, model.MACPool{ID: model.NewID()})
	if err != nil {
		return nil, err
	}
	if err := r.checkPool(tx, call.Verb, pool); err != nil {
		return nil, err
	}
	tx.MACPools.Put(pool)
	tell(tx, audit.MACPoolAdded, call, nil, pool.Name)
	return pool, nil
}

// updatePool changes a pool. Addresses that were given stay.
func (r *room) updatePool(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	old, _ := tx.MACPools.Get(call.Target)
	wanted, err := edited[model.MACPool](call, *old)
	if err != nil {
		return nil, err
	}
	if err := r.checkPool(tx, call.Verb, wanted); err != nil {
		return nil, err
	}
	tx.MACPools.Put(wanted)
	tell(tx, audit.MACPoolUpdated, call, nil, wanted.Name)
	return wanted, nil
}

// removePool removes a pool that no data center uses.
func (r *room) removePool(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	pool, _ := tx.MACPools.Get(call.Target)
	if pool.ID == model.DefaultMACPool {
		return nil, fault.New(fault.MACPoolDefault, call.Verb)
	}
	var users []string
	for _, center := range tx.DataCenters.All() {
		if center.MACPool == pool.ID {
			users = append(users, center.Name)
		}
	}
	if len(users) > 0 {
		return nil, fault.New(fault.MACPoolInUse, call.Verb, strings.Join(users, ", "))
	}
	tx.MACPools.Delete(pool.ID)
	tell(tx, audit.MACPoolRemoved, call, nil, pool.Name)
	return pool, nil
}

func (r *room) checkPool(tx *inventory.Tx, verb string, pool *model.MACPool) error {
	if err := checkName(verb, "MAC pool", pool.Name); err != nil {
		return err
	}
	for _, other := range tx.MACPools.Named(pool.Name) {
		if other.ID != pool.ID {
			return fault.New(fault.NameInUse, verb, "MAC pool", pool.Name)
		}
	}
	if len(pool.Ranges) == 0 && pool.ID != model.DefaultMACPool {
		return fault.New(fault.MACPoolRange, verb)
	}
	if _, err := r.PoolRanges(pool); err != nil {
		return fault.New(fault.Invalid, verb, "Ranges of MAC addresses go from a unicast address to one that is not before it and has the same first byte.").Because(err)
	}
	return nil
}

// updateDataCenter changes the texts of a data center, and its pool.
func (r *room) updateDataCenter(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	old, _ := tx.DataCenters.Get(call.Target)
	wanted, err := edited[model.DataCenter](call, *old)
	if err != nil {
		return nil, err
	}
	if err := checkName(call.Verb, "data center", wanted.Name); err != nil {
		return nil, err
	}
	for _, other := range tx.DataCenters.Named(wanted.Name) {
		if other.ID != wanted.ID {
			return nil, fault.New(fault.NameInUse, call.Verb, "data center", wanted.Name)
		}
	}
	if wanted.Local != old.Local || wanted.Version != old.Version {
		return nil, fault.New(fault.UnsupportedWish, call.Verb, "The kind of a data center and its compatibility level are fixed.")
	}
	if _, ok := tx.MACPools.Get(wanted.MACPool); !ok && wanted.MACPool != "" {
		return nil, fault.Missing("MacPool: id=" + string(wanted.MACPool))
	}
	if wanted.MACPool == model.DefaultMACPool {
		wanted.MACPool = ""
	}
	tx.DataCenters.Put(wanted)
	tell(tx, audit.DataCenterUpdated, call, nil, wanted.Name)
	return wanted, nil
}
