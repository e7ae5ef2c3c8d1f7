package exports

import (
	"context"
	"slices"
	"strings"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// ExportParams are the Params of export (api-v3 3.12).
type ExportParams struct {
	// StorageDomain is the export domain.
	StorageDomain model.ID `json:"storage_domain"`
	// Exclusive overwrites what lies there under the same id, or is called the same.
	Exclusive bool `json:"exclusive,omitempty"`
	// DiscardSnapshots makes one volume of each disk, which stands alone.
	DiscardSnapshots bool `json:"discard_snapshots,omitempty"`

	// Volumes are filled in: what the volumes of each disk will be called there. New
	// names let old and new lie side by side until the text decides.
	Volumes map[model.ID]map[model.ID]model.ID `json:"volumes,omitempty"`
}

// Durable keeps the parameters with the job.
func (*ExportParams) Durable() {}

func exportParams(call *engine.Call) *ExportParams {
	if params, ok := call.Params.(*ExportParams); ok && params != nil {
		return params
	}
	params := &ExportParams{}
	call.Params = params
	return params
}

func demandsOfExport(_ *inventory.Tx, call *engine.Call) ([]engine.Demand, error) {
	return []engine.Demand{{Permit: importExport, On: onDomain(exportParams(call).StorageDomain)}}, nil
}

// locksOfExport: what is exported with its disks, which are read, and its place.
func locksOfExport(tx *inventory.Tx, call *engine.Call) []model.Ref {
	refs := []model.Ref{{Kind: call.On, ID: call.Target}, exportedRef(call.Target)}
	if config := configOf(tx, call.On, call.Target); config != nil {
		for _, attachment := range config.Disks {
			refs = append(refs, model.Ref{Kind: model.KindDisk, ID: attachment.Disk})
		}
	}
	return refs
}

func configOf(tx *inventory.Tx, kind model.Kind, id model.ID) *model.VMConfig {
	if template, ok := tx.Templates.Get(id); ok && kind == model.KindTemplate {
		return &template.VMConfig
	}
	if vm, ok := tx.VMs.Get(id); ok {
		return &vm.VMConfig
	}
	return nil
}

// imagesOf are the disks that go out: shareable ones are left to those who share them.
func imagesOf(tx *inventory.Tx, config *model.VMConfig) []*model.Disk {
	var out []*model.Disk
	for _, attachment := range config.Disks {
		if disk, ok := tx.Disks.Get(attachment.Disk); ok && !disk.Shareable {
			out = append(out, disk)
		}
	}
	return out
}

func withoutDisks(tx *inventory.Tx, call *engine.Call) bool {
	config := configOf(tx, call.On, call.Target)
	return config == nil || len(imagesOf(tx, config)) == 0
}

// checkExportVM holds the preconditions in their documented order (api-v3 3.12), with
// one change: exclusive counts for the name too, as the specification prints it. That
// a collapsed disk would change to raw cannot come about: nobody can ask for a format.
func (r *room) checkExportVM(tx *inventory.Tx, call *engine.Call) error {
	vm, _ := tx.VMs.Get(call.Target)
	const what = "export VM"
	if err := r.checkExport(tx, call, what, "VM", &vm.VMConfig); err != nil {
		return err
	}
	for _, snapshot := range tx.Snapshots.All() {
		if snapshot.VM == vm.ID && (snapshot.Status != model.SnapshotOK || snapshot.Type == model.SnapshotPreview) {
			return fault.New(fault.StateConflict, what, "A snapshot of the VM is being made, removed or previewed.")
		}
	}
	if vm.Run.Status != model.StatusDown {
		return fault.New(fault.ExportNotDown, what)
	}
	return nil
}

func (r *room) checkExportTemplate(tx *inventory.Tx, call *engine.Call) error {
	template, _ := tx.Templates.Get(call.Target)
	const what = "export Template"
	switch {
	case template.ID == model.BlankID:
		return fault.New(fault.StateConflict, what, "The template Blank is everywhere already.")
	case template.Status != model.TemplateOK && template.Status != "":
		return fault.New(fault.StateConflict, what, "The template is "+string(template.Status)+".")
	}
	return r.checkExport(tx, call, what, "Template", &template.VMConfig)
}

func (r *room) checkExport(tx *inventory.Tx, call *engine.Call, what, noun string, config *model.VMConfig) error {
	params := exportParams(call)
	domain, ok := tx.StorageDomains.Get(params.StorageDomain)
	if !ok {
		return fault.New(fault.DomainNotFound, what)
	}
	if domain.Status != model.StorageDomainActive {
		return fault.New(fault.DomainStatusIllegal, what, string(domain.Status))
	}
	disks := imagesOf(tx, config)
	if err := checkStatuses(call.Verb, disks); err != nil {
		return err
	}
	if domain.DataCenter != engine.DataCenterOf(tx, config.Cluster) {
		return fault.New(fault.ExportElsewhere, what, noun)
	}
	var size int64
	for _, disk := range disks {
		if disk.Format == model.DiskCOW && !disk.Sparse {
			return fault.New(fault.DiskConfiguration, what, "COW", "Preallocated")
		}
		size += disk.ActualSize
	}
	if domain.Type != model.StorageDomainExport {
		return fault.New(fault.NotExportDomain, what, domain.Name)
	}
	if err := r.checkRoom(call, what, domain, size); err != nil {
		return err
	}
	return r.checkThere(call, what, noun, domain, config.Name)
}

// checkRoom is engine.CheckRoom with the words of this room.
func (r *room) checkRoom(call *engine.Call, what string, domain *model.StorageDomain, size int64) error {
	err := r.CheckRoom(call, domain, size)
	if fault.Is(err, fault.Conflict) {
		return fault.New(fault.DiskSpaceLow, what, domain.Name)
	}
	return err
}

func checkStatuses(verb string, disks []*model.Disk) error {
	var illegal, locked []string
	for _, disk := range disks {
		switch disk.Status {
		case model.DiskIllegal:
			illegal = append(illegal, disk.Alias)
		case model.DiskLocked:
			locked = append(locked, disk.Alias)
		case model.DiskOK:
		}
	}
	if len(illegal) > 0 {
		return fault.New(fault.DisksIllegal, verb, strings.Join(illegal, ", "))
	}
	if len(locked) > 0 {
		return fault.New(fault.DisksLocked, verb, strings.Join(locked, ", "))
	}
	return nil
}

// checkThere looks at what lies in the domain: the same id, then the same name.
func (r *room) checkThere(call *engine.Call, what, noun string, domain *model.StorageDomain, name string) error {
	found, err := engine.Outside(call, "exports", func(ctx context.Context) ([]*engine.Exported, error) {
		return r.ExportedIn(ctx, domain)
	})
	if err != nil {
		return engine.OutsideFault(what, domain, err)
	}
	if exportParams(call).Exclusive {
		return nil
	}
	return inTheWay(found, what, noun, call.Target, name)
}

func inTheWay(found []*engine.Exported, what, noun string, id model.ID, name string) error {
	for _, each := range found {
		if each.ID == id {
			return fault.New(fault.SameIdentifier, what, noun)
		}
	}
	if slices.ContainsFunc(found, func(e *engine.Exported) bool { return e.Name() == name }) {
		return fault.New(fault.NameInUse, what, noun, name)
	}
	return nil
}

// beginExport gives every volume the name that it will have, and locks a template.
func (r *room) beginExport(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	params := exportParams(call)
	params.Volumes = map[model.ID]map[model.ID]model.ID{}
	for _, disk := range imagesOf(tx, configOf(tx, call.On, call.Target)) {
		names := map[model.ID]model.ID{disk.Volume: model.NewID()}
		for _, below := range disk.Chain {
			names[below.ID] = model.NewID()
		}
		params.Volumes[disk.ID] = names
	}
	about := aboutCall(call)
	about.Domain, _ = tx.StorageDomains.Get(params.StorageDomain)
	if call.On == model.KindVM {
		vm, _ := tx.VMs.Get(call.Target)
		about.VM = vm
		tx.Event(audit.New(audit.ExportBegun, about))
		return vm, nil
	}
	template, _ := tx.Templates.Edit(call.Target)
	template.Status = model.TemplateLocked
	about.Template = template
	tx.Event(audit.New(audit.TemplateExportBegun, about))
	return template, nil
}

func aboutCall(call *engine.Call) audit.About {
	about := audit.About{CorrelationID: call.CorrelationID}
	if call.Caller != nil {
		about.User, about.UserName = call.Caller.User, call.Caller.Name
	}
	return about
}

// exported settles an export.
func exported(tx *inventory.Tx, w *job.Work, failure error) {
	var params ExportParams
	_ = w.Params(&params) // the steps have read them
	about := engine.AboutJob(tx, w.Job)
	about.Domain, _ = tx.StorageDomains.Get(params.StorageDomain)
	done, failed := audit.Exported, audit.ExportFailed
	if template, ok := tx.Templates.Edit(w.Job.Target.ID); ok && w.Job.Target.Kind == model.KindTemplate {
		template.Status = model.TemplateOK
		about.Template = template
		done, failed = audit.TemplateExported, audit.TemplateExportFailed
	}
	if failure != nil {
		about.Detail = fault.Of(failure).Message()
		done = failed
	}
	tx.Event(audit.New(done, about))
}
