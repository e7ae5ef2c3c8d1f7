package rest

import (
	"context"
	"net/http"
	"time"

	"vireo/internal/engine"
	"vireo/internal/engine/disks"
	"vireo/internal/engine/transfers"
	"vireo/internal/fault"
	"vireo/internal/model"
	"vireo/internal/rest/v4"
)

// create4 runs a command that makes an object and answers with it: 201 and its address,
// or 202 with the state of its creation while work goes on (api-v4 2.8).
func (r *request) create4(call *engine.Call, root string, show func(model.Object) (any, *v4.Resource, error)) (*answer, error) {
	result, err := r.act(call, nil)
	if err != nil {
		return nil, err
	}
	shape, resource, err := show(result.Object)
	if err != nil {
		return nil, err
	}
	if !result.Pending || result.Job == nil {
		return &answer{code: http.StatusCreated, root: root, shape: shape, location: resource.Href}, nil
	}
	resource.CreationStatus = new("pending")
	resource.Link = append(resource.Link, v4.Link{
		Href: resource.Href + "/creation_status/" + string(result.Job.ID), Rel: "creation_status",
	})
	return &answer{code: http.StatusAccepted, root: root, shape: shape}, nil
}

// addDisk4 makes a disk, in the storage domain of the path if there is one.
func (s *Server) addDisk4(r *request) (*answer, error) {
	shape := &v4.Disk{}
	if err := r.read("disk", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckAdd(); err != nil {
		return nil, err
	}
	if domain := r.id("storagedomain"); domain != "" {
		shape.StorageDomains = nil
		shape.StorageDomain = &v4.Reference{ID: new(string(domain))}
	}
	edit := func(disk *model.Disk) error { return shape.ApplyNew(disk, r.finder()) }
	if err := edit(&model.Disk{}); err != nil {
		return nil, err
	}
	call := r.call(model.KindDisk, "add")
	call.Params = &disks.AddParams{Edit: edit}
	return r.create4(call, "disk", func(object model.Object) (any, *v4.Resource, error) {
		disk, err := r.view.Disk(object.Ref().ID)
		if err != nil {
			return nil, nil, err
		}
		out := r.page4.ShowDisk(disk, nil)
		return out, &out.Resource, nil
	})
}

// updateDisk4 changes a disk.
func (s *Server) updateDisk4(r *request) (*answer, error) {
	shape := &v4.Disk{}
	if err := r.read("disk", shape); err != nil {
		return nil, err
	}
	if shape.ID != nil && *shape.ID != string(r.id("disk")) {
		return nil, &fault.Fault{
			Kind: fault.Conflict, Code: "IMMUTABLE", Reason: "Broken immutability constraint",
			Messages: []string{"Attempt to set immutable field: id"},
		}
	}
	edit := func(disk *model.Disk) error { return shape.Apply(disk, r.finder()) }
	if err := edit(&model.Disk{}); err != nil {
		return nil, err
	}
	call := r.call(model.KindDisk, "update")
	call.Params = &disks.UpdateParams{Edit: edit}
	if _, err := r.act(call, nil); err != nil {
		return nil, err
	}
	disk, err := r.view.Disk(r.id("disk"))
	if err != nil {
		return nil, err
	}
	return &answer{root: "disk", shape: r.page4.ShowDisk(disk, r.users(disk.ID))}, nil
}

// removeDisk4 removes a disk. Clients take nothing but 200 for success (api-v4 2.8).
func (s *Server) removeDisk4(r *request) (*answer, error) {
	action := &v4.Action{}
	if err := r.readOptional("action", action); err != nil {
		return nil, err
	}
	result, err := r.act(r.call(model.KindDisk, "remove"), action.Async)
	if err != nil {
		return nil, err
	}
	if result.Pending {
		return &answer{code: http.StatusAccepted}, nil
	}
	return &answer{root: "action", shape: r.done4(&v4.Action{}, result)}, nil
}

// done4 says of an action that it is complete, and by which job.
func (r *request) done4(action *v4.Action, result *engine.Result) *v4.Action {
	action.Status = new("complete")
	if result != nil && result.Job != nil && result.Job.Monitored {
		action.Job = r.page4.Ref(model.KindJob, result.Job.ID)
	}
	return action
}

// openPatience is how long the answer to a new transfer waits for the transfer to be
// open, which clients expect (api-v4 7.1).
const openPatience = 10 * time.Second

// addTransfer4 begins an image transfer.
func (s *Server) addTransfer4(r *request) (*answer, error) {
	shape := &v4.ImageTransfer{}
	if err := r.read("image_transfer", shape); err != nil {
		return nil, err
	}
	wanted, err := shape.Wanted(r.finder())
	if err != nil {
		return nil, err
	}
	call := r.call(model.KindImageTransfer, "add")
	call.Params = &transfers.AddParams{
		Disk: wanted.Disk, Host: wanted.Host, Direction: wanted.Direction, Format: wanted.Format,
		Policy: wanted.Policy, InactivityTimeout: wanted.InactivityTimeout,
	}
	call.Async = new(true) // it lasts until it is finalized
	result, err := s.engine.Act(r.context(), call)
	r.lookAgain()
	if err != nil {
		return nil, err
	}
	id := result.Object.Ref().ID
	bounded, cancel := context.WithTimeout(r.context(), openPatience)
	defer cancel()
	s.options.Transfers.Opened(bounded, id)
	transfer, err := r.view.ImageTransfer(id)
	if err != nil {
		return nil, err
	}
	out, err := showTransfer4(r, transfer)
	return &answer{code: http.StatusCreated, root: "image_transfer", shape: out, location: r.page4.Href(model.KindImageTransfer, id)}, err
}
