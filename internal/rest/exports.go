package rest

import (
	"vireo/internal/engine"
	"vireo/internal/engine/exports"
	"vireo/internal/fault"
	"vireo/internal/model"
	"vireo/internal/ovf"
	"vireo/internal/rest/v3"
)

// exportedList lists the VMs, or the templates, of an export domain (api-v3 6.3), or
// those of a data domain that are not registered; other domains have none to list.
func exportedList(root, item string, templates bool) collection[*ovf.Document] {
	return collection[*ovf.Document]{
		root: root, item: item,
		rows: func(r *request) ([]*ovf.Document, error) {
			unregistered, _, err := r.flag("unregistered")
			if err != nil {
				return nil, err
			}
			if unregistered {
				return r.view.Unregistered(r.context(), r.id("storagedomain"), templates)
			}
			return r.view.Exported(r.context(), r.id("storagedomain"), templates)
		},
		show: showExported,
	}
}

func showExported(r *request, d *ovf.Document) (any, error) {
	if d.Template != nil {
		return r.page.ShowExportedTemplate(d.Template, r.id("storagedomain")), nil
	}
	return r.page.ShowExportedVM(d.VM, r.id("storagedomain")), nil
}

// exportedOne finds the VM, or the template, that the path names.
func exportedOne(name string) func(*request) (*ovf.Document, error) {
	return func(r *request) (*ovf.Document, error) {
		return r.view.OneExported(r.context(), r.id("storagedomain"), r.id(name), name == "template")
	}
}

// exportedDisk is a disk of an export domain with how it is attached.
type exportedDisk struct {
	disk       *model.Disk
	attachment *model.DiskAttachment
	parent     string
}

func exportedDisks(name string) func(*request) ([]exportedDisk, error) {
	return func(r *request) ([]exportedDisk, error) {
		d, err := exportedOne(name)(r)
		if err != nil {
			return nil, err
		}
		parent := r.prefix + "/storagedomains/" + string(r.id("storagedomain")) + "/" + name + "s/" + string(d.ID())
		config := d.Config()
		var out []exportedDisk
		for i := range d.Disks {
			for j := range config.Disks {
				if config.Disks[j].Disk == d.Disks[i].ID {
					out = append(out, exportedDisk{&d.Disks[i], &config.Disks[j], parent})
				}
			}
		}
		return out, nil
	}
}

func showExportedDisk(r *request, d exportedDisk) (any, error) {
	return r.page.ShowExportedDisk(d.disk, d.attachment, d.parent), nil
}

func exportedDiskList(name string) collection[exportedDisk] {
	return collection[exportedDisk]{root: "disks", item: "disk", rows: exportedDisks(name), show: showExportedDisk}
}

func oneExportedDisk(name string) handler {
	return object("disk", func(r *request) (exportedDisk, error) {
		all, err := exportedDisks(name)(r)
		if err != nil {
			return exportedDisk{}, err
		}
		for _, each := range all {
			if each.disk.ID == r.id("disk") {
				return each, nil
			}
		}
		return exportedDisk{}, fault.Missing(string(r.id("disk")))
	}, showExportedDisk)
}

// removeExported removes a VM or a template from an export domain.
func (s *Server) removeExported(kind model.Kind, name string) handler {
	return func(r *request) (*answer, error) {
		action := &v3.Action{}
		if err := r.readOptional("action", action); err != nil {
			return nil, err
		}
		call := r.call(kind, "remove")
		call.Params = &exports.RemoveParams{StorageDomain: r.id("storagedomain"), ID: r.id(name)}
		return r.remove(call, action)
	}
}

// readExport reads export (api-v3 3.12).
func readExport(r *request, action *v3.Action) (any, error) {
	if !action.StorageDomain.Given() {
		return nil, v3.Incomplete("Action", "export", "storageDomain.id|name")
	}
	params := &exports.ExportParams{Exclusive: isTrue(action.Exclusive), DiscardSnapshots: isTrue(action.DiscardSnapshots)}
	var err error
	params.StorageDomain, err = r.domainOf(action.StorageDomain)
	return params, err
}

func (r *request) domainOf(named *v3.Reference) (model.ID, error) {
	return r.idOf(model.KindStorageDomain, named)
}

// idOf gives the id of what a command names: that an id means nothing is for the command
// to say.
func (r *request) idOf(kind model.Kind, named *v3.Reference) (model.ID, error) {
	if named.ID != nil && *named.ID != "" {
		if id, err := model.ParseID(*named.ID); err == nil {
			return id, nil
		}
	}
	return named.Resolve(kind, r.finder())
}

// readImport reads import (api-v3 appendix C): the method is called doImport in messages.
func readImport(name string) func(*request, *v3.Action) (any, error) {
	return func(r *request, action *v3.Action) (any, error) {
		var missing []string
		if !action.Cluster.Given() {
			missing = append(missing, "cluster.id|name")
		}
		if !action.StorageDomain.Given() {
			missing = append(missing, "storageDomain.id|name")
		}
		if len(missing) > 0 {
			return nil, v3.Incomplete("Action", "doImport", missing...)
		}
		params := &exports.ImportParams{
			StorageDomain: r.id("storagedomain"), ID: r.id(name),
			Clone: isTrue(action.Clone), Exclusive: isTrue(action.Exclusive), Collapse: action.VM.Collapses(),
		}
		var err error
		if params.Cluster, err = action.Cluster.Resolve(model.KindCluster, r.finder()); err != nil {
			return nil, err
		}
		if params.Target, err = r.domainOf(action.StorageDomain); err != nil {
			return nil, err
		}
		if action.VM != nil && action.VM.Name != nil {
			params.Name = *action.VM.Name
		}
		if action.Template != nil && action.Template.Name != nil && name == "template" {
			params.Name = *action.Template.Name
		}
		if action.VM != nil {
			params.Disks, err = r.wishesElsewhere(action.VM.Disks)
		}
		return params, err
	}
}

// readRegister reads register (api-v3 6.3).
func readRegister(name string) func(*request, *v3.Action) (any, error) {
	return func(r *request, action *v3.Action) (any, error) {
		if !action.Cluster.Given() {
			return nil, v3.Incomplete("Action", "register", "cluster.id|name")
		}
		params := &exports.ImportParams{StorageDomain: r.id("storagedomain"), ID: r.id(name), Target: r.id("storagedomain")}
		var err error
		if params.Cluster, err = action.Cluster.Resolve(model.KindCluster, r.finder()); err != nil {
			return nil, err
		}
		if isTrue(action.Clone) {
			return nil, fault.Bad("", "What is registered keeps its id: it cannot be registered as a clone.")
		}
		if action.VM != nil && action.VM.Name != nil {
			params.Name = *action.VM.Name
		}
		if action.Template != nil && action.Template.Name != nil && name == "template" {
			params.Name = *action.Template.Name
		}
		return params, nil
	}
}

// wishesElsewhere are wishes for disks that are not ours yet.
func (r *request) wishesElsewhere(disks *v3.Disks) ([]engine.DiskWish, error) {
	read, err := disks.Wishes(nil, anyDisk{r.finder()})
	if err != nil {
		return nil, err
	}
	wishes := make([]engine.DiskWish, len(read))
	for i, wish := range read {
		wishes[i] = engine.DiskWish(wish)
	}
	return wishes, nil
}

// anyDisk is a finder that takes any id for that of a disk.
type anyDisk struct{ finder }

// Exists says whether the object exists.
func (f anyDisk) Exists(kind model.Kind, id model.ID) bool {
	return kind == model.KindDisk || f.finder.Exists(kind, id)
}
