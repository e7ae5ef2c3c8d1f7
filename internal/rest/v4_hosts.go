package rest

import (
	"net/http"

	"vireo/internal/engine"
	"vireo/internal/engine/hosts"
	"vireo/internal/fault"
	"vireo/internal/model"
	"vireo/internal/rest/v4"
)

var hostList4 = shown4(hostList, showHost4)

var oneHost4 = object("host", func(r *request) (*model.Host, error) { return r.view.Host(r.id("host")) }, showHost4)

func showHost4(r *request, host *model.Host) (any, error) {
	return r.page4.ShowHost(host, r.load4(host.ID)), nil
}

func (r *request) load4(id model.ID) v4.HostLoad { return v4.HostLoad(r.load(id)) }

// addHost4 adds a host (api-v4, /hosts).
func (s *Server) addHost4(r *request) (*answer, error) {
	shape := &v4.Host{}
	if err := r.read("host", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckAdd(); err != nil {
		return nil, err
	}
	find := r.finder()
	edit := engine.Edit[model.Host](func(on *model.Host) error { return shape.ApplyNew(on, find) })
	if err := edit(&model.Host{}); err != nil {
		return nil, err
	}
	call := r.call(model.KindHost, "add")
	call.Params = edit
	return r.create4(call, "host", func(object model.Object) (any, *v4.Resource, error) {
		made, err := r.view.Host(object.Ref().ID)
		if err != nil {
			return nil, nil, err
		}
		out := r.page4.ShowHost(made, r.load4(made.ID))
		return out, &out.Resource, nil
	})
}

// updateHost4 changes a host.
func (s *Server) updateHost4(r *request) (*answer, error) {
	shape := &v4.Host{}
	if err := r.read("host", shape); err != nil {
		return nil, err
	}
	if shape.ID != nil && *shape.ID != string(r.id("host")) {
		return nil, &fault.Fault{
			Kind: fault.Conflict, Code: "IMMUTABLE", Reason: "Broken immutability constraint",
			Messages: []string{"Attempt to set immutable field: id"},
		}
	}
	find := r.finder()
	edit := engine.Edit[model.Host](func(on *model.Host) error { return shape.Apply(on, find) })
	if err := edit(&model.Host{}); err != nil {
		return nil, err
	}
	call := r.call(model.KindHost, "update")
	call.Params = edit
	if _, err := r.act(call, nil); err != nil {
		return nil, err
	}
	return oneHost4(r)
}

// removeHost4 removes a host; force is a parameter.
func (s *Server) removeHost4(r *request) (*answer, error) {
	action := &v4.Action{}
	if err := r.readOptional("action", action); err != nil {
		return nil, err
	}
	force, _, err := r.flag("force")
	if err != nil {
		return nil, err
	}
	call := r.call(model.KindHost, "remove")
	call.Params = &hosts.RemoveParams{Force: force || isTrue(action.Force)}
	result, err := r.act(call, action.Async)
	if err != nil {
		return nil, err
	}
	if result.Pending {
		return &answer{code: http.StatusAccepted}, nil
	}
	return &answer{root: "action", shape: r.done4(&v4.Action{}, result)}, nil
}
