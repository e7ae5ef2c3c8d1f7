package exports

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/engine/templates"
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/image"
	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/ovf"
)

// ImportParams are the Params of import (api-v3 appendix C, storage domains): ID is the
// VM or template in the export domain StorageDomain.
type ImportParams struct {
	StorageDomain model.ID `json:"storage_domain"`
	ID            model.ID `json:"id"`
	// Cluster is where it will belong, Target the data domain of the disks for which no
	// other is wished.
	Cluster model.ID `json:"cluster"`
	Target  model.ID `json:"target"`
	// Clone makes it another one: with a new id, new disks and new addresses.
	Clone bool `json:"clone,omitempty"`
	// Exclusive overwrites images that lie in the target domains under the ids of the
	// disks and belong to nothing.
	Exclusive bool `json:"exclusive,omitempty"`
	// Collapse makes one volume of each disk.
	Collapse bool `json:"collapse,omitempty"`
	// Name is another name than it had; empty keeps that.
	Name string `json:"name,omitempty"`
	// Disks say how disks are to differ from those that were exported.
	Disks []engine.DiskWish `json:"-"`

	// What follows is filled in: the new id, and what is copied to what.
	New    model.ID    `json:"new,omitempty"`
	Copies []taken     `json:"copies,omitempty"`
	Owner  image.Owner `json:"owner"`
}

// taken is a disk of an export domain that is copied to one of ours. To is the latter's
// id; it has Volumes for names, or is one volume if it is collapsed.
type taken struct {
	From      model.Disk            `json:"from"`
	To        model.ID              `json:"to"`
	Volumes   map[model.ID]model.ID `json:"volumes"`
	Collapsed bool                  `json:"collapsed,omitempty"`
	Shared    bool                  `json:"shared,omitempty"`
}

// Durable keeps the parameters with the job.
func (*ImportParams) Durable() {}

func importParams(call *engine.Call) *ImportParams {
	var params *ImportParams
	switch given := call.Params.(type) {
	case *ImportParams:
		params = given
	case *UnpackParams:
		params = &given.ImportParams
	}
	if params == nil {
		params = &ImportParams{}
		call.Params = params
	}
	if params.New == "" {
		if params.New = params.ID; params.Clone {
			params.New = model.NewID()
		}
	}
	return params
}

func locksOfImport(_ *inventory.Tx, call *engine.Call) []model.Ref {
	params := importParams(call)
	kind := model.KindVM
	if call.On == model.KindExportedTemplate {
		kind = model.KindTemplate
	}
	return []model.Ref{{Kind: kind, ID: params.New}, exportedRef(params.ID)}
}

// finding finds a storage domain of the sort that texts are taken from.
type finding func(tx *inventory.Tx, what string, id model.ID) (*model.StorageDomain, error)

// demandsOf are the demands of who imports from an export domain, or registers from a
// data domain: what is taken over may name a file of the host as its kernel, and whoever
// wrote the text was asked for no permit.
func (r *room) demandsOf(find finding) func(*inventory.Tx, *engine.Call) ([]engine.Demand, error) {
	return func(tx *inventory.Tx, call *engine.Call) ([]engine.Demand, error) {
		params := importParams(call)
		make, edit := model.Permit("create_vm"), model.Permit("edit_admin_vm_properties")
		if call.On == model.KindExportedTemplate {
			make, edit = "create_template", "edit_admin_template_properties"
		}
		cluster := model.Ref{Kind: model.KindCluster, ID: params.Cluster}
		demands := []engine.Demand{{Permit: importExport, On: onDomain(params.StorageDomain)}, {Permit: make, On: cluster}}
		domain, err := find(tx, call.Verb, params.StorageDomain)
		if err != nil {
			return demands, nil //nolint:nilerr // it will be refused
		}
		found, err := r.lookAt(call, domain, params.ID)
		if engine.IsOutside(err) {
			return demands, err
		}
		if err == nil && found.Document != nil && vms.NamesHostFile(model.OS{}, found.Document.Config().OS) {
			demands = append(demands, engine.Demand{Permit: edit, On: cluster})
		}
		return demands, nil
	}
}

// beginImport records the VM or template with its disks, locked until they are there.
func (r *room) beginImport(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	domain, err := exportDomain(tx, call.Verb, importParams(call).StorageDomain)
	if err != nil {
		return nil, err
	}
	document, err := r.wanted(tx, call, domain)
	if err != nil {
		return nil, err
	}
	about := aboutCall(call)
	about.Domain, about.Detail = domain, fromDomain(domain)
	return r.record(tx, call, domain, document, about)
}

// fromDomain is where something comes from, in events.
func fromDomain(domain *model.StorageDomain) string { return "storage domain " + domain.Name }

// record puts down what is imported, locked; domain is that which it comes from, nil for
// none.
func (r *room) record(tx *inventory.Tx, call *engine.Call, domain *model.StorageDomain, document *ovf.Document, about audit.About) (model.Object, error) {
	if err := r.place(tx, call, domain, document); err != nil {
		return nil, err
	}
	config := document.Config()
	if err := r.fit(tx, call, document); err != nil {
		return nil, err
	}
	params := importParams(call)
	params.Owner = engine.ImageOwner(tx, engine.DataCenterOf(tx, config.Cluster))
	for i := range document.Disks {
		tx.Disks.Put(&document.Disks[i])
	}
	if document.Template != nil {
		tx.Templates.Put(document.Template)
		about.Template = document.Template
		tx.Event(audit.New(audit.TemplateImportBegun, about))
		return document.Template, nil
	}
	tx.VMs.Put(document.VM)
	about.VM = document.VM
	tx.Event(audit.New(audit.ImportBegun, about))
	for i := range document.Snapshots {
		tx.Snapshots.Put(&document.Snapshots[i])
	}
	return document.VM, nil
}

// wanted is the document as it is to be here, but for its disks.
func (r *room) wanted(tx *inventory.Tx, call *engine.Call, domain *model.StorageDomain) (*ovf.Document, error) {
	params := importParams(call)
	found, err := r.lookAt(call, domain, params.ID)
	if err != nil {
		return nil, err
	}
	if found.Problem != nil {
		return nil, fault.New(fault.Invalid, call.Verb, "Its description in the export domain cannot be used: "+found.Problem.Error()+".")
	}
	if (found.Document.Template != nil) != (call.On == model.KindExportedTemplate) {
		return nil, fault.Missing(string(params.ID))
	}
	return r.adopted(tx, call, copyOf(found.Document))
}

// adopted is a document, which may be changed, as it is to be here.
func (r *room) adopted(tx *inventory.Tx, call *engine.Call, document *ovf.Document) (*ovf.Document, error) {
	params := importParams(call)
	noun := "VM"
	if document.Template != nil {
		noun = "Template"
	}
	if configOf(tx, model.KindVM, params.New) != nil || configOf(tx, model.KindTemplate, params.New) != nil {
		return nil, fault.New(fault.SameIdentifier, call.Verb, noun)
	}
	cluster, ok := tx.Clusters.Get(params.Cluster)
	if !ok {
		return nil, fault.Missing("Cluster: id=" + string(params.Cluster))
	}
	config := document.Config()
	config.Name = cmp.Or(params.Name, config.Name)
	config.Cluster, config.CPU.Architecture = cluster.ID, cluster.Architecture
	config.CDROM, config.Tags = "", nil // of a place that need not be here
	adapt(tx, document, params, cluster)
	return document, nil
}

// copyOf shares nothing with a document that is kept while the call is tried anew.
func copyOf(d *ovf.Document) *ovf.Document { return model.Clone(d) }

// adapt puts what a document names in the place of what is here.
func adapt(tx *inventory.Tx, document *ovf.Document, params *ImportParams, cluster *model.Cluster) {
	networks := map[model.ID]model.ID{}
	for _, network := range tx.Networks.All() {
		if network.DataCenter == cluster.DataCenter {
			networks[model.ID(network.Name)] = network.ID
		}
	}
	document.Networks(func(name model.ID) model.ID { return networks[name] })
	if document.Template != nil {
		adaptTemplate(tx, document.Template, params)
	} else {
		document.VM.ID, document.VM.Run = params.New, model.Run{Status: model.StatusImageLocked, Since: time.Now().UTC()}
		if _, known := tx.Templates.Get(document.VM.Template); !known || params.Collapse {
			document.VM.Template = model.BlankID
		}
	}
	if params.Collapse || document.Template != nil {
		document.Snapshots = nil
	}
	for i := range document.Snapshots {
		s := &document.Snapshots[i]
		s.VM, s.Status, s.Memory = params.New, model.SnapshotLocked, nil
		if _, taken := tx.Snapshots.Get(s.ID); taken || params.Clone {
			s.ID = model.NewID()
		}
		s.Config.Cluster, s.Config.Template = cluster.ID, document.VM.Template
		s.Config.CPU.Architecture = cluster.Architecture
		s.Config.Placement.Hosts, s.Config.CDROM = hostsOf(tx, s.Config.Placement.Hosts, cluster.ID), ""
	}
	config := document.Config()
	config.Placement.Hosts = hostsOf(tx, config.Placement.Hosts, cluster.ID)
	for _, attachment := range config.Disks {
		config.VirtioSCSI = config.VirtioSCSI || attachment.Interface == model.DiskVirtioSCSI
	}
}

// adaptTemplate: a version whose first is not here becomes a first one.
func adaptTemplate(tx *inventory.Tx, template *model.Template, params *ImportParams) {
	template.ID, template.Status, template.Template = params.New, model.TemplateLocked, model.BlankID
	if _, known := tx.Templates.Get(template.Base); !known || params.Clone {
		template.Base, template.VersionNumber = "", 0
	}
}

// hostsOf are those of a cluster that are known here.
func hostsOf(tx *inventory.Tx, hosts []model.ID, cluster model.ID) []model.ID {
	var out []model.ID
	for _, id := range hosts {
		if on, ok := tx.Hosts.Get(id); ok && on.Cluster == cluster {
			out = append(out, id)
		}
	}
	return out
}

// fit refuses what cannot be, and gives NICs their addresses.
func (r *room) fit(tx *inventory.Tx, call *engine.Call, document *ovf.Document) error {
	config := document.Config()
	if config.GuaranteedMemory == 0 || config.GuaranteedMemory > config.Memory {
		config.GuaranteedMemory = config.Memory
	}
	config.CustomProperties = slices.DeleteFunc(config.CustomProperties, func(p model.CustomProperty) bool {
		return vms.CheckProperty(r.Engine, p) != nil // of another engine's options
	})
	if document.Template != nil {
		if err := templates.Fit(r.Engine, tx, call.Verb, document.Template); err != nil {
			return err
		}
	} else if err := vms.CheckNamed(r.Engine, tx, call.Verb, document.VM); err != nil {
		return err
	}
	return r.address(tx, call, document)
}

// address renews what must be no one else's: the ids of NICs, and their addresses.
func (r *room) address(tx *inventory.Tx, call *engine.Call, document *ovf.Document) error {
	used, ids := map[string]bool{}, map[model.ID]bool{}
	for _, vm := range tx.VMs.All() {
		for _, nic := range vm.NICs {
			used[strings.ToLower(nic.MAC)], ids[nic.ID] = true, true
		}
	}
	nics := document.Config().NICs
	var without []*model.NIC
	for i := range nics {
		nic := &nics[i]
		nic.Profile = engine.DefaultProfile(tx, nic.Network)
		profile := model.Ref{Kind: model.KindVNICProfile, ID: nic.Profile}
		if nic.Profile != "" && call.Caller != nil && !r.Permits(call.Caller, "configure_vm_network", profile) {
			nic.Profile, nic.Network = "", "" // whoever wrote the text was asked for no permit
		}
		if document.Template != nil {
			nic.ID, nic.MAC = model.NewID(), ""
			continue
		}
		if importParams(call).Clone || ids[nic.ID] {
			nic.ID = model.NewID()
		}
		if importParams(call).Clone || used[nic.MAC] || !unicast(nic.MAC) {
			without = append(without, nic)
			continue
		}
		used[nic.MAC] = true
	}
	addresses, err := r.FreeMACs(tx, call.Verb, document.Config().Cluster, len(without))
	if err != nil {
		return err
	}
	for i, nic := range without {
		nic.MAC = addresses[i]
	}
	return nil
}

// unicast says whether a text is an address that a NIC can have.
func unicast(mac string) bool {
	return len(mac) == 17 && mac != "00:00:00:00:00:00" && strings.ContainsRune("02468ace", rune(mac[1]))
}
