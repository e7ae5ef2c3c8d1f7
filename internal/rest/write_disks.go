package rest

import (
	"vireo/internal/engine/disks"
	"vireo/internal/model"
	"vireo/internal/rest/v3"
)

// addDisk makes a disk, of a VM or alone, or attaches to the VM the one that the
// request names (api-v3 6.1).
func (s *Server) addDisk(r *request) (*answer, error) {
	shape := &v3.Disk{}
	if err := r.read("disk", shape); err != nil {
		return nil, err
	}
	if shape.ID != nil && *shape.ID != "" && r.id("vm") != "" {
		return r.attachDisk(shape)
	}
	if err := shape.CheckAdd(); err != nil {
		return nil, err
	}
	edit, attach := r.editDisk(shape)
	if err := edit(&model.Disk{}); err != nil {
		return nil, err
	}
	call := r.call(model.KindDisk, "add")
	call.Params = &disks.AddParams{Edit: edit, Attach: attach}
	return r.create(call, "disk", r.showMade)
}

func (r *request) attachDisk(shape *v3.Disk) (*answer, error) {
	id, err := shape.Reference().Resolve(model.KindDisk, r.finder())
	if err != nil {
		return nil, err
	}
	_, attach := r.editDisk(shape)
	if err := attach(&model.DiskAttachment{}); err != nil {
		return nil, err
	}
	call := r.call(model.KindDisk, "attach")
	call.Target = id
	call.Params = &disks.AttachParams{Attach: attach}
	return r.create(call, "disk", r.showMade)
}

func (r *request) editDisk(shape *v3.Disk) (func(*model.Disk) error, func(*model.DiskAttachment) error) {
	find := r.finder()
	return func(disk *model.Disk) error { return shape.ApplyDisk(disk, find) }, shape.ApplyAttachment
}

// showMade shows a disk that was made or attached: as one of the VM, if the
// request was about a VM that has it by now.
func (r *request) showMade(object model.Object) (any, *v3.Resource, error) {
	id := object.Ref().ID
	if r.id("vm") != "" {
		if found, err := r.view.VMDisk(r.id("vm"), id); err == nil {
			out := r.page.ShowVMDisk(found.Disk, found.Attachment, r.id("vm"))
			return out, &out.Resource, nil
		}
	}
	disk, err := r.view.Disk(id)
	if err != nil {
		return nil, nil, err
	}
	out := r.page.ShowDisk(disk, r.users(id), r.template(id))
	return out, &out.Resource, nil
}

// updateDisk changes a disk of a VM and how it is attached.
func (s *Server) updateDisk(r *request) (*answer, error) {
	shape := &v3.Disk{}
	if err := r.read("disk", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckUpdate(r.id("disk")); err != nil {
		return nil, err
	}
	edit, attach := r.editDisk(shape)
	if err := edit(&model.Disk{}); err != nil {
		return nil, err
	}
	found, err := r.view.VMDisk(r.id("vm"), r.id("disk"))
	if err != nil {
		return nil, err
	}
	v3.ForgetUnchanged(shape, r.page.ShowVMDisk(found.Disk, found.Attachment, r.id("vm")))
	call := r.call(model.KindDisk, "update")
	call.Params = &disks.UpdateParams{Edit: edit, Attach: attach}
	if _, err := r.act(call, nil); err != nil {
		return nil, err
	}
	if found, err = r.view.VMDisk(r.id("vm"), r.id("disk")); err != nil {
		return nil, err
	}
	return &answer{root: "disk", shape: r.page.ShowVMDisk(found.Disk, found.Attachment, r.id("vm"))}, nil
}

// removeDisk removes a disk, or only takes it from its VM if the body says so
// (api-v3 6.1).
func (s *Server) removeDisk(r *request) (*answer, error) {
	action := &v3.Action{}
	if err := r.readOptional("action", action); err != nil {
		return nil, err
	}
	force, _, err := r.flag("force")
	if err != nil {
		return nil, err
	}
	if isTrue(action.Detach) && r.id("vm") != "" {
		return r.remove(r.call(model.KindDisk, "detach"), action)
	}
	call := r.call(model.KindDisk, "remove")
	call.Params = &disks.RemoveParams{Force: force || isTrue(action.Force)}
	return r.remove(call, action)
}
