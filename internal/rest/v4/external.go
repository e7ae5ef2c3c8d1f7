package v4

import (
	"strings"

	"vireo/internal/model"
)

// ExternalVMImport is external_vm_import (api-v4 3.8), of an OVA file. VM names what is
// made, and in the answer it is that. Clone is an element
// of external_template_import that counts here, too.
type ExternalVMImport struct {
	Clone         *bool      `wire:"clone"`
	Provider      *string    `wire:"provider"`
	Sparse        *bool      `wire:"sparse"`
	URL           *string    `wire:"url"`
	Cluster       *Reference `wire:"cluster"`
	Host          *Reference `wire:"host"`
	StorageDomain *Reference `wire:"storage_domain"`
	VM            *Reference `wire:"vm"`
}

// ExternalTemplateImport is external_template_import (api-v4 3.8).
type ExternalTemplateImport struct {
	Clone         *bool      `wire:"clone"`
	URL           *string    `wire:"url"`
	Cluster       *Reference `wire:"cluster"`
	Host          *Reference `wire:"host"`
	StorageDomain *Reference `wire:"storage_domain"`
	Template      *Reference `wire:"template"`
}

// ArchiveImport is what a client asks to be imported.
type ArchiveImport struct {
	// Path is that of the address after ova://.
	Path                         string
	Host, Cluster, StorageDomain model.ID
	Clone                        bool
	Name                         string
	Preallocate                  *bool
}

// scheme begins the addresses of OVA files.
const scheme = "ova://"

// Wanted reads what a client asks for. Other hypervisors than files are not asked.
func (s *ExternalVMImport) Wanted(find Finder) (*ArchiveImport, error) {
	same := ExternalTemplateImport{Clone: s.Clone, URL: s.URL, Cluster: s.Cluster, Host: s.Host, StorageDomain: s.StorageDomain, Template: s.VM}
	out, err := same.wanted("ExternalVmImport", find)
	if err != nil {
		return nil, err
	}
	if s.Sparse != nil {
		out.Preallocate = new(!*s.Sparse)
	}
	return out, nil
}

// Wanted reads what a client asks for.
func (s *ExternalTemplateImport) Wanted(find Finder) (*ArchiveImport, error) {
	return s.wanted("ExternalTemplateImport", find)
}

func (s *ExternalTemplateImport) wanted(subject string, find Finder) (*ArchiveImport, error) {
	need := required{subject: subject, method: "add"}
	need.need(s.URL != nil && *s.URL != "", "url")
	need.need(s.Cluster.given(), "cluster.id|name")
	need.need(s.StorageDomain.given(), "storageDomain.id|name")
	if err := need.check(); err != nil {
		return nil, err
	}
	path, isFile := strings.CutPrefix(*s.URL, scheme)
	if !isFile {
		return nil, unsupported("Only OVA files can be imported, whose addresses begin with " + scheme + ".")
	}
	out := &ArchiveImport{Path: path, Clone: s.Clone != nil && *s.Clone}
	for _, each := range []struct {
		to   *model.ID
		from *Reference
		kind model.Kind
	}{
		{&out.Host, s.Host, model.KindHost},
		{&out.Cluster, s.Cluster, model.KindCluster},
		{&out.StorageDomain, s.StorageDomain, model.KindStorageDomain},
	} {
		if err := setReference(each.to, each.from, each.kind, find); err != nil {
			return nil, err
		}
	}
	if s.Template != nil {
		set(&out.Name, s.Template.Name)
	}
	return out, nil
}

// PackWanted is where an export to a file is to go.
type PackWanted struct {
	Host                model.ID
	Directory, FileName string
}

// ToDomain says that an export goes to a storage domain and not to a file.
func (a *Action) ToDomain() bool {
	return a.StorageDomain.given() || a.Directory == nil && !a.Host.given()
}

// Pack reads an export to a file. Without a host it is the engine's own machine.
func (a *Action) Pack(find Finder) (*PackWanted, error) {
	need := required{subject: "Action", method: "exportToPathOnHost"}
	need.need(a.Directory != nil && *a.Directory != "", "directory")
	if err := need.check(); err != nil {
		return nil, err
	}
	out := &PackWanted{Directory: *a.Directory}
	set(&out.FileName, a.FileName)
	return out, setReference(&out.Host, a.Host, model.KindHost, find)
}
