package rest

import (
	"net/http"

	"vireo/internal/engine/exports"
	"vireo/internal/model"
	"vireo/internal/rest/v4"
)

// archiveRoutes4 are those of OVA files. Two commands have the address of export: which
// one is meant follows from what it is given (api-v4 4.6).
func (s *Server) archiveRoutes4() []*route {
	routes := []*route{
		{path: "externalvmimports", post: s.writes(model.KindExternalVM, "import", s.importVM4)},
		{path: "externaltemplateimports", post: s.writes(model.KindExternalTemplate, "import", s.importTemplate4)},
	}
	for kind, base := range map[model.Kind]string{model.KindVM: "vms/{vm}", model.KindTemplate: "templates/{template}"} {
		keys := []string{string(kind) + ".export", string(kind) + ".export_ova"}
		routes = append(routes,
			&route{path: base + "/export", post: s.writes(kind, "export", s.export4(kind))},
			&route{path: base + "/export/{ids}", get: s.actionStatus4(keys...), free: []string{"ids"}},
		)
	}
	return routes
}

// export4 exports to a storage domain, or to a file of the engine's machine.
func (s *Server) export4(kind model.Kind) handler {
	toDomain, toFile := s.command(string(kind)+".export"), s.command(string(kind)+".export_ova")
	return func(r *request) (*answer, error) {
		action := &v4.Action{}
		if err := r.readOptional("action", action); err != nil {
			return nil, err
		}
		if action.ToDomain() {
			return r.act4(toDomain, action)
		}
		return r.act4(toFile, action)
	}
}

func readExport4(r *request, action *v4.Action) (any, error) {
	to, err := action.Destination("exportToExportDomain", r.finder())
	return &exports.ExportParams{StorageDomain: to, Exclusive: isTrue(action.Exclusive), DiscardSnapshots: isTrue(action.DiscardSnapshots)}, err
}

func readPack4(r *request, action *v4.Action) (any, error) {
	wanted, err := action.Pack(r.finder())
	if err != nil {
		return nil, err
	}
	return &exports.PackParams{Host: wanted.Host, Directory: wanted.Directory, FileName: wanted.FileName}, nil
}

// importVM4 imports a VM from an OVA file, and answers with what was asked and the VM.
func (s *Server) importVM4(r *request) (*answer, error) {
	shape := &v4.ExternalVMImport{}
	if err := r.read("external_vm_import", shape); err != nil {
		return nil, err
	}
	wanted, err := shape.Wanted(r.finder())
	if err != nil {
		return nil, err
	}
	made, code, err := r.unpack(model.KindExternalVM, wanted)
	if err != nil {
		return nil, err
	}
	shape.VM = r.page4.Ref(model.KindVM, made)
	return &answer{code: code, root: "external_vm_import", shape: shape, location: shape.VM.Href}, nil
}

// importTemplate4 does the same with a template.
func (s *Server) importTemplate4(r *request) (*answer, error) {
	shape := &v4.ExternalTemplateImport{}
	if err := r.read("external_template_import", shape); err != nil {
		return nil, err
	}
	wanted, err := shape.Wanted(r.finder())
	if err != nil {
		return nil, err
	}
	made, code, err := r.unpack(model.KindExternalTemplate, wanted)
	if err != nil {
		return nil, err
	}
	shape.Template = r.page4.Ref(model.KindTemplate, made)
	return &answer{code: code, root: "external_template_import", shape: shape, location: shape.Template.Href}, nil
}

// unpack imports what lies in a file, and answers with the id of what it becomes.
func (r *request) unpack(kind model.Kind, wanted *v4.ArchiveImport) (model.ID, int, error) {
	call := r.call(kind, "import")
	call.Params = &exports.UnpackParams{
		ImportParams: exports.ImportParams{
			Cluster: wanted.Cluster, Target: wanted.StorageDomain, Clone: wanted.Clone, Name: wanted.Name,
		},
		Host: wanted.Host, Path: wanted.Path, Preallocate: wanted.Preallocate,
	}
	result, err := r.act(call, nil)
	if err != nil {
		return "", 0, err
	}
	if result.Pending {
		return result.Object.Ref().ID, http.StatusAccepted, nil
	}
	return result.Object.Ref().ID, http.StatusCreated, nil
}
