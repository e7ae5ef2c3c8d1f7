package rest

import (
	"vireo/internal/engine"
	"vireo/internal/engine/storage"
	"vireo/internal/model"
	"vireo/internal/rest/v3"
)

// addDomain makes a storage domain, or imports one that is there (api-v3 6.3). The
// parameter force takes over one that another engine has not detached.
func (s *Server) addDomain(r *request) (*answer, error) {
	shape := &v3.StorageDomain{}
	if err := r.read("storage_domain", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckAdd(); err != nil {
		return nil, err
	}
	on, err := shape.Host.Resolve(model.KindHost, r.finder())
	if err != nil {
		return nil, err
	}
	force, _, err := r.flag("force")
	if err != nil {
		return nil, err
	}
	edit := engine.Edit[model.StorageDomain](shape.ApplyAdd)
	if err := edit(&model.StorageDomain{}); err != nil {
		return nil, err
	}
	call := r.call(model.KindStorageDomain, "add")
	call.Params = &storage.AddParams{Edit: edit, Host: on, Import: isTrue(shape.Import), Force: force}
	return r.create(call, "storage_domain", r.showMadeDomain(false))
}

// showMadeDomain shows a storage domain as it is now: alone, or as a part of its data
// center.
func (r *request) showMadeDomain(within bool) func(model.Object) (any, *v3.Resource, error) {
	return func(object model.Object) (any, *v3.Resource, error) {
		domain, err := r.view.StorageDomain(object.Ref().ID)
		if err != nil {
			return nil, nil, err
		}
		space, err := r.view.Space(r.context(), domain.ID)
		if err != nil {
			return nil, nil, err
		}
		out := r.page.ShowStorageDomain(domain, space, within)
		return out, &out.Resource, nil
	}
}

// updateDomain changes name, texts and wipe_after_delete.
func (s *Server) updateDomain(r *request) (*answer, error) {
	shape := &v3.StorageDomain{}
	if err := r.read("storage_domain", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckUpdate(r.id("storagedomain")); err != nil {
		return nil, err
	}
	call := r.call(model.KindStorageDomain, "update")
	call.Params = &storage.UpdateParams{Edit: func(domain *model.StorageDomain) error {
		shape.ApplyUpdate(domain)
		return nil
	}}
	if _, err := r.act(call, nil); err != nil {
		return nil, err
	}
	return oneDomain(r)
}

// removeDomain removes a storage domain: it is told in a body which host does it, and
// whether what is in it is deleted.
func (s *Server) removeDomain(r *request) (*answer, error) {
	shape := &v3.StorageDomain{}
	if err := r.readOptional("storage_domain", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckRemove(); err != nil {
		return nil, err
	}
	if shape.Host.Given() {
		if _, err := shape.Host.Resolve(model.KindHost, r.finder()); err != nil {
			return nil, err
		}
	}
	call := r.call(model.KindStorageDomain, "remove")
	call.Params = &storage.RemoveParams{Format: isTrue(shape.Format), Destroy: isTrue(shape.Destroy)}
	return r.remove(call, &v3.Action{})
}

// attachDomain attaches a storage domain to the data center of the path.
func (s *Server) attachDomain(r *request) (*answer, error) {
	shape := &v3.StorageDomain{}
	if err := r.read("storage_domain", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckAttach(); err != nil {
		return nil, err
	}
	within, err := r.dataCenter()
	if err != nil {
		return nil, err
	}
	id, err := shape.Reference().Resolve(model.KindStorageDomain, r.finder())
	if err != nil {
		return nil, err
	}
	call := r.call(model.KindStorageDomain, "attach")
	call.Target, call.Params = id, &storage.AttachParams{DataCenter: within.ID}
	return r.create(call, "storage_domain", r.showMadeDomain(true))
}

// detachDomain detaches a storage domain from the data center of the path.
func (s *Server) detachDomain(r *request) (*answer, error) {
	action := &v3.Action{}
	if err := r.readOptional("action", action); err != nil {
		return nil, err
	}
	if _, err := r.attachedDomain(); err != nil {
		return nil, err
	}
	return r.remove(r.call(model.KindStorageDomain, "detach"), action)
}

// readAttached wants the storage domain of an action to belong to the data center of
// the path.
func readAttached(r *request, _ *v3.Action) (any, error) {
	_, err := r.attachedDomain()
	return nil, err
}
