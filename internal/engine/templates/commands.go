package templates

import (
	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// room is what the verbs share.
type room struct{ *engine.Engine }

// Commands are the rows for templates. Target is the template; for add Parent is the VM
// that it is made of. Params of update are an engine.Edit of the template; remove has
// none. Result.Object is the template.
func Commands(e *engine.Engine) []engine.Command {
	r := &room{e}
	copying := job.Step{Name: "copy", Title: "Copying the disks", Do: r.copyDisks, Undo: r.uncopyDisks}
	return []engine.Command{
		{
			On: model.KindTemplate, Name: "add", Verb: "add template", Needs: "create_template", Demands: r.demandsOfAdd,
			Refuse: refuseStatus, Locks: lockAdd,
			Paths: []engine.Path{
				{
					Name: "seal", From: []model.Status{model.StatusDown}, When: seals, Title: "Creating Template {name}",
					Task: true, Begun: audit.TemplateAddBegun, Check: r.checkSeal, Apply: r.add, Settle: r.added,
					Steps: []job.Step{copying, {Name: "seal", Title: "Sealing the guest on the copies", Do: r.seal}},
				},
				{
					Name: "copy", From: []model.Status{model.StatusDown}, Title: "Creating Template {name}",
					Task: true, Begun: audit.TemplateAddBegun, Apply: r.add, Settle: r.added, Steps: []job.Step{copying},
				},
			},
		},
		{
			On: model.KindTemplate, Name: "update", Verb: "edit template", Needs: "edit_template_properties", Demands: demandsOfUpdate,
			Paths: []engine.Path{{Name: "update", Apply: r.update}},
		},
		{
			On: model.KindTemplate, Name: "remove", Verb: "remove template", Needs: "delete_template", Check: checkRemove,
			Paths: []engine.Path{{
				Name: "remove", Title: "Removing Template {name}", Apply: r.remove, Settle: r.removed,
				Steps: []job.Step{{Name: "disks", Title: "Removing the disks", Do: r.removeDisks, Lasting: true}},
			}},
		},
	}
}

func refuseStatus(verb string, status model.Status) *fault.Fault {
	if status == "" {
		return fault.New(fault.Invalid, verb, "No VM was given.")
	}
	return fault.New(fault.TemplateNeedsDown, verb, lifecycle.Label(status))
}

// lockAdd: the VM, its disks, which are read, and the new template.
func lockAdd(tx *inventory.Tx, call *engine.Call) []model.Ref {
	refs := []model.Ref{{Kind: model.KindVM, ID: call.Parent}, {Kind: model.KindTemplate, ID: addParams(call).Template}}
	if vm, ok := tx.VMs.Get(call.Parent); ok {
		for _, attachment := range vm.Disks {
			refs = append(refs, model.Ref{Kind: model.KindDisk, ID: attachment.Disk})
		}
	}
	return refs
}
