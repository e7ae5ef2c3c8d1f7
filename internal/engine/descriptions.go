package engine

import (
	"context"

	"vireo/internal/job"
	"vireo/internal/model"
	"vireo/internal/ovf"
)

// Describing is what is kept of a VM or template in the data domains that hold its
// disks: enough to bring it back when the engine's own data is lost.
type Describing struct {
	// Text is the description; Domains are the storage domains that it belongs into.
	Text    []byte
	Domains []model.ID
}

// DescribeVM gives the description of a VM as it is now; false when there is none of
// that id.
func (e *Engine) DescribeVM(id model.ID) (Describing, bool) {
	vm, ok := e.Inventory.VMs.Get(id)
	if !ok {
		return Describing{}, false
	}
	var snapshots []*model.Snapshot
	for _, snapshot := range e.Inventory.Snapshots.All() {
		if snapshot.VM == id && snapshot.Type == model.SnapshotRegular {
			snapshots = append(snapshots, snapshot)
		}
	}
	document := ovf.New(vm, nil, e.disksOf(&vm.VMConfig), snapshots, e.networkName)
	if template, ok := e.Inventory.Templates.Get(vm.Template); ok {
		document.TemplateName = template.Name
	}
	document.Exported = vm.CreationTime
	return e.described(document, vm.Cluster), true
}

// DescribeTemplate is DescribeVM for a template. Blank is everywhere already.
func (e *Engine) DescribeTemplate(id model.ID) (Describing, bool) {
	template, ok := e.Inventory.Templates.Get(id)
	if !ok || id == model.BlankID {
		return Describing{}, false
	}
	document := ovf.New(nil, template, e.disksOf(&template.VMConfig), nil, e.networkName)
	document.Exported = template.CreationTime
	return e.described(document, template.Cluster), true
}

// described writes the text, and says where it belongs: beside the disks, or into the
// master where there are none.
func (e *Engine) described(document *ovf.Document, clusterID model.ID) Describing {
	out := Describing{}
	seen := make(map[model.ID]bool)
	for _, disk := range document.Disks {
		if !seen[disk.StorageDomain] {
			seen[disk.StorageDomain] = true
			out.Domains = append(out.Domains, disk.StorageDomain)
		}
	}
	if cluster, ok := e.Inventory.Clusters.Get(clusterID); ok {
		document.Cluster, document.DataCenter = cluster.Name, cluster.DataCenter
		for _, domain := range e.Inventory.StorageDomains.All() {
			if len(document.Disks) == 0 && domain.Master && domain.DataCenter == cluster.DataCenter {
				out.Domains = append(out.Domains, domain.ID)
			}
		}
	}
	out.Text = ovf.Write(document)
	return out
}

func (e *Engine) disksOf(config *model.VMConfig) []*model.Disk {
	var found []*model.Disk
	for _, each := range config.Disks {
		if disk, ok := e.Inventory.Disks.Get(each.Disk); ok {
			found = append(found, disk)
		}
	}
	return found
}

func (e *Engine) networkName(id model.ID) string {
	if network, ok := e.Inventory.Networks.Get(id); ok {
		return network.Name
	}
	return ""
}

// KeepDescription writes a description into an active data domain; false when the
// domain is none, now.
func (e *Engine) KeepDescription(ctx context.Context, domain, id model.ID, text []byte) (bool, error) {
	in, ok := e.Inventory.StorageDomains.Get(domain)
	if !ok || in.Status != model.StorageDomainActive || in.Type != model.StorageDomainData {
		return false, nil
	}
	if text == nil {
		return true, e.Images.RemoveOVF(ctx, in, id)
	}
	return true, e.Images.PutOVF(ctx, in, id, text)
}

// Undescribe removes the description of what a job has removed. The watcher would, too,
// but not after the engine has died. Where it cannot be done now it is no failure: a
// description is all that stays.
func (e *Engine) Undescribe(w *job.Work, domains []model.ID) {
	for _, domain := range domains {
		if _, err := e.KeepDescription(w.Steady(), domain, w.Job.Target.ID, nil); err != nil {
			e.Log.Warn("the description of what was removed stays in its storage domain",
				string(w.Job.Target.Kind), w.Job.Target.ID, "storage_domain", domain, "job", w.Job.ID, "err", err)
		}
	}
}
