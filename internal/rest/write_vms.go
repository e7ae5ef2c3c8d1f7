package rest

import (
	"cmp"

	"vireo/internal/engine"
	"vireo/internal/engine/vms"
	"vireo/internal/model"
	"vireo/internal/rest/v3"
)

// addVM makes a VM (api-v3 6.1).
func (s *Server) addVM(r *request) (*answer, error) {
	shape := &v3.VM{}
	if err := r.read("vm", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckAdd(); err != nil {
		return nil, err
	}
	change := r.editVM(shape)
	edit := engine.Edit[model.VM](func(vm *model.VM) error {
		if medium := shape.CDROMs.First(); medium != nil {
			vm.CDROM = *medium
		}
		return change(vm)
	})
	if err := edit(&model.VM{}); err != nil {
		return nil, err
	}
	wishes, err := r.wishes(shape.Disks, shape.StorageDomain)
	if err != nil {
		return nil, err
	}
	of, err := shape.Snapshots.One()
	if err != nil {
		return nil, err
	}
	call := r.call(model.KindVM, "add")
	call.Params = &vms.AddParams{
		Snapshot: of,
		Edit:     edit, Clone: shape.Disks != nil && isTrue(shape.Disks.Clone), Disks: wishes,
		ClonePermissions: shape.Permissions.Cloned(),
	}
	return r.create(call, "vm", func(object model.Object) (any, *v3.Resource, error) {
		made, err := r.view.VM(object.Ref().ID)
		if err != nil {
			return nil, nil, err
		}
		out := r.page.ShowVM(made, r.view.Live(made.ID))
		return out, &out.Resource, nil
	})
}

func (r *request) editVM(shape *v3.VM) engine.Edit[model.VM] {
	find := r.finder()
	return func(vm *model.VM) error {
		if err := shape.ApplyLease(&vm.Lease, find); err != nil {
			return err
		}
		return shape.Apply(&vm.VMConfig, find)
	}
}

// updateVM changes a VM. What equals the representation that the client was
// shown changes nothing (clients 1.6).
func (s *Server) updateVM(r *request) (*answer, error) {
	shape := &v3.VM{}
	if err := r.read("vm", shape); err != nil {
		return nil, err
	}
	next, _, err := r.flag("next_run")
	if err != nil {
		return nil, err
	}
	if err := shape.CheckUpdate(r.id("vm")); err != nil {
		return nil, err
	}
	vm, err := r.vm()
	if err != nil {
		// Wrong words come before what is missing (api-v3 3.1).
		return nil, cmp.Or(r.editVM(shape)(&model.VM{}), err)
	}
	whole := s.pages[pageKey{r.prefix, true, false}]
	if next {
		v3.ForgetUnchanged(shape, whole.ShowNextRun(vm))
	} else {
		v3.ForgetUnchanged(shape, whole.ShowVM(vm, r.view.Live(vm.ID)))
	}
	if err := r.editVM(shape)(edited(vm)); err != nil {
		return nil, err
	}
	call := r.call(model.KindVM, "update")
	call.Params = &vms.UpdateParams{Edit: r.editVM(shape), NextRun: next}
	if _, err := r.act(call, nil); err != nil {
		return nil, err
	}
	vm, err = r.vm()
	if err != nil {
		return nil, err
	}
	if next {
		return &answer{root: "vm", shape: r.page.ShowNextRun(vm)}, nil
	}
	return &answer{root: "vm", shape: r.page.ShowVM(vm, r.view.Live(vm.ID))}, nil
}

// edited is a copy of what an update changes: the configuration that waits for
// the next run, if one does.
func edited(vm *model.VM) *model.VM {
	copied := model.Clone(vm)
	if vm.NextRun != nil {
		copied.VMConfig = *copied.NextRun
	}
	return copied
}

// removeVM removes a VM (api-v3 3.14). That detach_only is there is enough.
func (s *Server) removeVM(r *request) (*answer, error) {
	action := &v3.Action{}
	if err := r.readOptional("action", action); err != nil {
		return nil, err
	}
	force, _, err := r.flag("force")
	if err != nil {
		return nil, err
	}
	detach := action.VM != nil && action.VM.Disks != nil && action.VM.Disks.DetachOnly != nil
	if only, given, err := r.flag("detach_only"); err != nil {
		return nil, err
	} else if given {
		detach = detach || only
	}
	call := r.call(model.KindVM, "remove")
	call.Params = &vms.RemoveParams{Force: force || isTrue(action.Force), DetachOnly: detach}
	return r.remove(call, action)
}
