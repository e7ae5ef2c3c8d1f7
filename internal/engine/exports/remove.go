package exports

import (
	"context"
	"errors"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/image"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// RemoveParams are the Params of remove: the VM or template ID of an export domain.
type RemoveParams struct {
	StorageDomain model.ID `json:"storage_domain"`
	ID            model.ID `json:"id"`

	// What follows is filled in: its name, and the image groups that it has.
	Name   string     `json:"name,omitempty"`
	Groups []model.ID `json:"groups,omitempty"`
}

// Durable keeps the parameters with the job.
func (*RemoveParams) Durable() {}

func removeParams(call *engine.Call) *RemoveParams {
	if params, ok := call.Params.(*RemoveParams); ok && params != nil {
		return params
	}
	params := &RemoveParams{}
	call.Params = params
	return params
}

func demandsOfRemove(_ *inventory.Tx, call *engine.Call) ([]engine.Demand, error) {
	return []engine.Demand{{Permit: importExport, On: onDomain(removeParams(call).StorageDomain)}}, nil
}

func locksOfRemove(_ *inventory.Tx, call *engine.Call) []model.Ref {
	return []model.Ref{exportedRef(removeParams(call).ID)}
}

// beginRemove finds what is to go. A text that cannot be used goes alone: what its disks
// are cannot be known.
func (r *room) beginRemove(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	params := removeParams(call)
	domain, err := exportDomain(tx, call.Verb, params.StorageDomain)
	if err != nil {
		return nil, err
	}
	found, err := r.lookAt(call, domain, params.ID)
	if err != nil {
		return nil, err
	}
	if found.Document != nil && (found.Document.Template != nil) != (call.On == model.KindExportedTemplate) {
		return nil, fault.Missing(string(params.ID))
	}
	params.Name, params.Groups = found.Name(), groupsOf(found.Document)
	if params.Name == "" {
		params.Name = string(params.ID)
	}
	return domain, nil
}

// lookAt reads a text of an export domain outside of the transaction.
func (r *room) lookAt(call *engine.Call, domain *model.StorageDomain, id model.ID) (*engine.Exported, error) {
	found, err := engine.Outside(call, "export "+string(id), func(ctx context.Context) (*engine.Exported, error) {
		return r.ExportedAt(ctx, domain, id)
	})
	if errors.Is(err, image.ErrNotFound) || errors.Is(err, image.ErrUnsafe) && found == nil {
		return nil, fault.Missing(string(id))
	}
	if err != nil {
		return nil, engine.OutsideFault(call.Verb, domain, err)
	}
	return found, nil
}

// removeExported removes it; after a failure it is listed still, and can be removed again.
func (r *room) removeExported(_ context.Context, w *job.Work) error {
	var params RemoveParams
	if err := w.Params(&params); err != nil {
		return err
	}
	domain, ok := r.Inventory.StorageDomains.Get(params.StorageDomain)
	if !ok {
		return fault.New(fault.DomainNotFound, w.Job.Verb)
	}
	err := r.drop(w.Steady(), domain, params.ID, params.Groups)
	if unread, ok := errors.AsType[*unreadError](err); ok {
		return fault.New(fault.StateConflict, w.Job.Verb, unread.sentence(domain)).Because(unread)
	}
	return engine.StorageFault(w.Job.Verb, domain, err)
}

// removed settles a removal.
func removed(tx *inventory.Tx, w *job.Work, failure error) {
	var params RemoveParams
	_ = w.Params(&params) // the step has read them
	about := engine.AboutJob(tx, w.Job)
	about.Domain, _ = tx.StorageDomains.Get(params.StorageDomain)
	about.Detail = params.Name
	code := audit.ExportedRemoved
	if w.Job.Action == string(model.KindExportedTemplate)+".remove" {
		code = audit.ExportedTemplateGone
	}
	if failure != nil {
		about.Detail, code = fault.Of(failure).Message(), audit.ExportedRemovalFailed
	}
	tx.Event(audit.New(code, about))
}
