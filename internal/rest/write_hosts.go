package rest

import (
	"vireo/internal/engine"
	"vireo/internal/engine/hosts"
	"vireo/internal/model"
	"vireo/internal/rest/v3"
)

// addHost adds a host (api-v3 6.3).
func (s *Server) addHost(r *request) (*answer, error) {
	shape := &v3.Host{}
	if err := r.read("host", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckAdd(); err != nil {
		return nil, err
	}
	edit := r.editHost(shape)
	if err := edit(&model.Host{}); err != nil {
		return nil, err
	}
	call := r.call(model.KindHost, "add")
	call.Params = edit
	return r.create(call, "host", func(object model.Object) (any, *v3.Resource, error) {
		made, err := r.view.Host(object.Ref().ID)
		if err != nil {
			return nil, nil, err
		}
		out := r.page.ShowHost(made, r.load(made.ID))
		return out, &out.Resource, nil
	})
}

func (r *request) editHost(shape *v3.Host) engine.Edit[model.Host] {
	find := r.finder()
	return func(on *model.Host) error { return shape.Apply(on, find) }
}

// updateHost changes a host. What a client sends back as it was shown changes
// nothing.
func (s *Server) updateHost(r *request) (*answer, error) {
	shape := &v3.Host{}
	if err := r.read("host", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckUpdate(r.id("host")); err != nil {
		return nil, err
	}
	if known, err := r.view.Host(r.id("host")); err == nil {
		v3.ForgetUnchanged(shape, r.page.ShowHost(known, r.load(known.ID)))
	}
	edit := r.editHost(shape)
	if err := edit(&model.Host{}); err != nil {
		return nil, err
	}
	call := r.call(model.KindHost, "update")
	call.Params = edit
	if _, err := r.act(call, nil); err != nil {
		return nil, err
	}
	r.related.loads = nil
	return oneHost(r)
}

// removeHost removes a host. The parameter force takes also one that is lost.
func (s *Server) removeHost(r *request) (*answer, error) {
	action := &v3.Action{}
	if err := r.readOptional("action", action); err != nil {
		return nil, err
	}
	force, _, err := r.flag("force")
	if err != nil {
		return nil, err
	}
	call := r.call(model.KindHost, "remove")
	call.Params = &hosts.RemoveParams{Force: force || isTrue(action.Force)}
	return r.remove(call, action)
}

// readDeactivate reads deactivate; why is told with the event.
func readDeactivate(_ *request, action *v3.Action) (any, error) {
	params := &hosts.DeactivateParams{}
	if action.Reason != nil {
		params.Reason = *action.Reason
	}
	return params, nil
}
