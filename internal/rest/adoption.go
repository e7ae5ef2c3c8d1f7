package rest

import (
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/model"
	"vireo/internal/rest/v3"
)

// foreignList lists the guests of a host that somebody else has made: as VMs whose origin
// is external, though they are none.
var foreignList = collection[model.ForeignGuest]{
	root: "vms", item: "vm", rows: (*request).foreign,
	show: showForeign,
}

var oneForeign = object("vm", func(r *request) (model.ForeignGuest, error) {
	all, err := r.foreign()
	if err != nil {
		return model.ForeignGuest{}, err
	}
	for _, guest := range all {
		if string(guest.ID) == r.ids["externalvm"] {
			return guest, nil
		}
	}
	return model.ForeignGuest{}, fault.Missing(r.ids["externalvm"])
}, showForeign)

func (r *request) foreign() ([]model.ForeignGuest, error) { return r.view.ForeignGuests(r.id("host")) }

func showForeign(r *request, guest model.ForeignGuest) (any, error) {
	return r.page.ShowForeign(guest, r.id("host")), nil
}

// readAdopt reads adopt: vm names the guest, by id or by name.
func readAdopt(r *request, action *v3.Action) (any, error) {
	params := &vms.AdoptParams{}
	if action.VM != nil {
		switch {
		case action.VM.ID != nil && *action.VM.ID != "":
			params.Guest = *action.VM.ID
		case action.VM.Name != nil:
			params.Guest = *action.VM.Name
		}
	}
	if params.Guest == "" {
		return nil, v3.Incomplete("Action", "adopt", "vm.id|name")
	}
	if action.StorageDomain.Given() {
		var err error
		params.StorageDomain, err = action.StorageDomain.Resolve(model.KindStorageDomain, r.finder())
		if err != nil {
			return nil, err
		}
	}
	return params, nil
}

// readRelease reads release: host is where a VM that is down is to be.
func readRelease(r *request, action *v3.Action) (any, error) {
	params := &vms.ReleaseParams{}
	var err error
	if action.Host.Given() {
		params.Host, err = r.idOf(model.KindHost, action.Host)
	}
	return params, err
}
