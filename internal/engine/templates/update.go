package templates

import (
	"reflect"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// update changes the configuration of a template, and what its version is called. What
// was made of it before stays as it is.
func (r *room) update(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	edit, ok := call.Params.(engine.Edit[model.Template])
	if !ok || edit == nil {
		return nil, fault.New(fault.Invalid, call.Verb, "Nothing to change was given.")
	}
	template, _ := tx.Templates.Get(call.Target)
	switch {
	case template.ID == model.BlankID:
		return nil, fault.New(fault.BlankFixed, call.Verb)
	case template.Status == model.TemplateIllegal:
		return nil, fault.New(fault.TemplateIllegal, call.Verb, template.Name)
	}
	changed := model.Clone(template)
	if err := edit(changed); err != nil {
		return nil, err
	}
	if changed.ID != template.ID || changed.Base != template.Base {
		return nil, &fault.Fault{
			Kind: fault.Conflict, Code: "IMMUTABLE", Reason: "Broken immutability constraint",
			Messages: []string{"Attempt to set immutable field: id or version.base_template"},
		}
	}
	changed.Template, changed.Status, changed.VersionNumber = template.Template, template.Status, template.VersionNumber
	changed.Disks, changed.NICs, changed.Tags, changed.Origin = template.Disks, template.NICs, template.Tags, template.Origin
	if engine.DataCenterOf(tx, changed.Cluster) != engine.DataCenterOf(tx, template.Cluster) {
		return nil, fault.New(fault.Invalid, call.Verb, "The cluster is in another data center than the template.")
	}
	if err := r.check(tx, call.Verb, changed); err != nil {
		return nil, err
	}
	if reflect.DeepEqual(changed, template) {
		return template, nil
	}
	tx.Templates.Put(changed)
	tell(tx, audit.TemplateUpdated, call, changed)
	return changed, nil
}

func tell(tx *inventory.Tx, code audit.Code, call *engine.Call, template *model.Template) {
	about := audit.About{Template: template, CorrelationID: call.CorrelationID}
	if call.Caller != nil {
		about.User, about.UserName = call.Caller.User, call.Caller.Name
	}
	tx.Event(audit.New(code, about))
}
