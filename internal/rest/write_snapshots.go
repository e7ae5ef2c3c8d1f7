package rest

import (
	"vireo/internal/engine/snapshots"
	"vireo/internal/model"
	"vireo/internal/rest/v3"
)

// addSnapshot takes a snapshot of a VM (api-v3 6.1).
func (s *Server) addSnapshot(r *request) (*answer, error) {
	shape := &v3.Snapshot{}
	if err := r.read("snapshot", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckAdd(); err != nil {
		return nil, err
	}
	chosen, err := shape.Disks.IDs()
	if err != nil {
		return nil, err
	}
	call := r.call(model.KindSnapshot, "add")
	call.Params = &snapshots.AddParams{Description: *shape.Description, Memory: isTrue(shape.PersistMemorystate), Disks: chosen}
	return r.create(call, "snapshot", func(object model.Object) (any, *v3.Resource, error) {
		made, err := r.view.Snapshot(r.id("vm"), object.Ref().ID)
		if err != nil {
			return nil, nil, err
		}
		out := r.page.ShowSnapshot(made)
		return out, &out.Resource, nil
	})
}

// removeSnapshot removes a snapshot.
func (s *Server) removeSnapshot(r *request) (*answer, error) {
	action := &v3.Action{}
	if err := r.readOptional("action", action); err != nil {
		return nil, err
	}
	return r.remove(r.call(model.KindSnapshot, "remove"), action)
}
