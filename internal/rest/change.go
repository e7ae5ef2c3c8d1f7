package rest

import (
	"net/http"

	"vireo/internal/engine"
	"vireo/internal/model"
	"vireo/internal/rest/v3"
)

// act runs a command for a method that is no action; body is the async element
// of its body.
func (r *request) act(call *engine.Call, body *bool) (*engine.Result, error) {
	async, err := r.asynchrony(body)
	if err != nil {
		return nil, err
	}
	call.Async = async
	defer r.lookAgain()
	return r.server.engine.Act(r.context(), call)
}

// lookAgain makes what the caller may see new: a command may have changed it.
func (r *request) lookAgain() { r.view, r.related = r.server.engine.View(r.caller), related{} }

// create runs a command that makes an object and answers with it: 201 and its
// address, or 202 with the state of its creation while work goes on (api-v3 5.3).
// show gives the representation and its common part.
func (r *request) create(call *engine.Call, root string, show func(model.Object) (any, *v3.Resource, error)) (*answer, error) {
	result, err := r.act(call, nil)
	if err != nil {
		return nil, err
	}
	shape, resource, err := show(result.Object)
	if err != nil {
		if result.Pending {
			return &answer{code: http.StatusAccepted}, nil
		}
		return nil, err
	}
	out := &answer{code: http.StatusCreated, root: root, shape: shape, location: resource.Href}
	if result.Pending && result.Job != nil {
		out.code = http.StatusAccepted
		out.location = ""
		resource.CreationStatus = &v3.Status{State: "pending"}
		resource.Link = append(resource.Link, v3.Link{
			Href: resource.Href + "/creation_status/" + string(result.Job.ID), Rel: "creation_status",
		})
	}
	return out, nil
}

// remove runs a command that removes an object: 200 with an action, or 202 if
// the client does not want to wait (api-v3 3.14).
func (r *request) remove(call *engine.Call, action *v3.Action) (*answer, error) {
	result, err := r.act(call, action.Async)
	if err != nil {
		return nil, err
	}
	action = &v3.Action{Async: action.Async, Force: action.Force, Detach: action.Detach}
	if result.Job != nil && result.Job.Monitored {
		action.Job = r.page.JobReference(result.Job)
	}
	action.Status = &v3.Status{State: "complete"}
	if result.Pending {
		action.Status.State = "pending"
		return &answer{code: http.StatusAccepted, root: "action", shape: action}, nil
	}
	return &answer{root: "action", shape: action}, nil
}
