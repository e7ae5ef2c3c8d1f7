package exports

import (
	"sync"

	"vireo/internal/engine"
	"vireo/internal/job"
	"vireo/internal/model"
)

// room is what the verbs share.
type room struct {
	*engine.Engine
	// writing is held by who writes a text that names volumes, and by who removes volumes
	// that no text names: neither is to miss what the other does.
	writing sync.Mutex
}

// Commands are the rows for exports. Target of export is the VM or template. What
// lies in an export domain is named by the Params of its rows and has no Target;
// Result.Object is the VM or template that is imported, or the storage domain. OVA files
// are named by Params, too (archive.go).
func Commands(e *engine.Engine) []engine.Command {
	r := &room{Engine: e}
	publish := []job.Step{
		{Name: "publish", Title: "Writing the description", Do: r.publish, Lasting: true},
		{Name: "clean", Title: "Removing what was replaced", Do: r.clean, Lasting: true},
	}
	copying := append([]job.Step{{Name: "copy", Title: "Copying the disks", Do: r.copyOut, Undo: r.uncopyOut}}, publish...)
	taking := []job.Step{
		{Name: "clear", Title: "Removing images that are in the way", Do: r.clearWay},
		{Name: "copy", Title: "Copying the disks", Do: r.copyIn, Undo: r.uncopyIn},
		{Name: "measure", Title: "Measuring the disks", Do: r.measure},
	}
	removing := []job.Step{{Name: "remove", Title: "Removing the description and the images", Do: r.removeExported, Lasting: true}}
	return append(r.archiveCommands(), []engine.Command{
		{
			On: model.KindVM, Name: "export", Verb: "export", Needs: importExport, Demands: demandsOfExport, Locks: locksOfExport, Check: r.checkExportVM,
			Paths: []engine.Path{
				{
					Name: "describe", When: withoutDisks, Via: model.StatusImageLocked, To: model.StatusDown,
					Title: "Exporting VM {name}", Apply: r.beginExport, Steps: publish, Settle: exported,
				},
				{
					Name: "copy", Via: model.StatusImageLocked, To: model.StatusDown, Task: true,
					Title: "Exporting VM {name}", Apply: r.beginExport, Steps: copying, Settle: exported,
				},
			},
		},
		{
			On: model.KindTemplate, Name: "export", Verb: "export", Needs: importExport, Demands: demandsOfExport, Locks: locksOfExport, Check: r.checkExportTemplate,
			Paths: []engine.Path{{
				Name: "copy", Task: true, Title: "Exporting Template {name}", Apply: r.beginExport, Steps: copying, Settle: exported,
			}},
		},
		{
			On: model.KindExportedVM, Name: "import", Verb: "import VM", Needs: importExport, Demands: r.demandsOf(exportDomain), Locks: locksOfImport,
			Paths: []engine.Path{{
				Name: "copy", Task: true, Title: "Importing VM {name}", Apply: r.beginImport, Steps: taking, Settle: r.imported,
			}},
		},
		{
			On: model.KindExportedTemplate, Name: "import", Verb: "import Template", Needs: importExport, Demands: r.demandsOf(exportDomain), Locks: locksOfImport,
			Paths: []engine.Path{{
				Name: "copy", Task: true, Title: "Importing Template {name}", Apply: r.beginImport, Steps: taking, Settle: r.imported,
			}},
		},
		{
			On: model.KindExportedVM, Name: "register", Verb: "register VM", Needs: importExport, Demands: r.demandsOf(dataDomain), Locks: locksOfImport,
			Paths: []engine.Path{{Name: "record", Apply: r.register}},
		},
		{
			On: model.KindExportedTemplate, Name: "register", Verb: "register Template", Needs: importExport, Demands: r.demandsOf(dataDomain), Locks: locksOfImport,
			Paths: []engine.Path{{Name: "record", Apply: r.register}},
		},
		{
			On: model.KindExportedVM, Name: "remove", Verb: "remove VM", Needs: importExport, Demands: demandsOfRemove, Locks: locksOfRemove,
			Paths: []engine.Path{{Name: "remove", Title: "Removing an exported VM from Domain {name}", Apply: r.beginRemove, Steps: removing, Settle: removed}},
		},
		{
			On: model.KindExportedTemplate, Name: "remove", Verb: "remove Template", Needs: importExport, Demands: demandsOfRemove, Locks: locksOfRemove,
			Paths: []engine.Path{{Name: "remove", Title: "Removing an exported template from Domain {name}", Apply: r.beginRemove, Steps: removing, Settle: removed}},
		},
	}...)
}

// importExport is the permit for all that concerns what lies in an export domain.
const importExport = "import_export_vm"

// exportedRef is what is locked while somebody writes, reads or removes what lies under
// that id in export domains.
func exportedRef(id model.ID) model.Ref { return model.Ref{Kind: model.KindExportedVM, ID: id} }

func onDomain(id model.ID) model.Ref { return model.Ref{Kind: model.KindStorageDomain, ID: id} }
