package hosts

import (
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// add records a host. It is installing until the watcher has reached it for the
// first time: nothing is installed there, but that is the word which clients wait
// through (api-v3 2.6).
func (r *room) add(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	edit, ok := call.Params.(engine.Edit[model.Host])
	if !ok || edit == nil {
		return nil, fault.New(fault.Invalid, call.Verb, "Nothing to add was given.")
	}
	on := &model.Host{}
	if err := edit(on); err != nil {
		return nil, err
	}
	on.ID, on.Status, on.Since = model.NewID(), model.HostInstalling, time.Now().UTC()
	on.SSHKey = ""
	if err := check(tx, call.Verb, on); err != nil {
		return nil, err
	}
	if err := r.checkPower(call, nil, on); err != nil {
		return nil, err
	}
	tx.Hosts.Put(on)
	tell(tx, audit.HostAdded, call, on, "")
	return on, nil
}
