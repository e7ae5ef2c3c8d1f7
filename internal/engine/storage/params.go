package storage

import (
	"vireo/internal/engine"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// AddParams are the Params of add (api-v3 6.3).
type AddParams struct {
	// Edit fills in the new domain: type, storage and place, name, format. Its id
	// counts for an import only, where it chooses among several in one place.
	Edit engine.Edit[model.StorageDomain] `json:"-"`
	// Host is the host that the storage is added from.
	Host model.ID `json:"host"`
	// Import takes over a domain that is there; Force also one that another engine
	// has not detached.
	Import bool `json:"import,omitempty"`
	Force  bool `json:"force,omitempty"`
}

// Durable keeps the parameters with the job.
func (*AddParams) Durable() {}

// RemoveParams are the Params of remove.
type RemoveParams struct {
	// Format deletes what is in the domain; else it is left as it is. Destroy
	// forgets the domain in whatever status, and all that was in it.
	Format  bool `json:"format,omitempty"`
	Destroy bool `json:"destroy,omitempty"`
}

// Durable keeps the parameters with the job.
func (*RemoveParams) Durable() {}

// AttachParams are the Params of attach.
type AttachParams struct {
	DataCenter model.ID `json:"data_center"`
}

// Durable keeps the parameters with the job.
func (*AttachParams) Durable() {}

func addParams(call *engine.Call) *AddParams {
	if params, ok := call.Params.(*AddParams); ok && params != nil {
		return params
	}
	return &AddParams{}
}

func removeParams(call *engine.Call) *RemoveParams {
	if params, ok := call.Params.(*RemoveParams); ok && params != nil {
		return params
	}
	return &RemoveParams{}
}

func attachTo(call *engine.Call) model.ID {
	if params, ok := call.Params.(*AttachParams); ok && params != nil {
		return params.DataCenter
	}
	return ""
}

func imports(_ *inventory.Tx, call *engine.Call) bool  { return addParams(call).Import }
func destroys(_ *inventory.Tx, call *engine.Call) bool { return removeParams(call).Destroy }
func formats(_ *inventory.Tx, call *engine.Call) bool  { return removeParams(call).Format }
