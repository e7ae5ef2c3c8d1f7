package engine_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/engine/affinitygroups"
	"vireo/internal/engine/cdroms"
	"vireo/internal/engine/disks"
	"vireo/internal/engine/exports"
	"vireo/internal/engine/nics"
	"vireo/internal/engine/options"
	"vireo/internal/engine/pools"
	"vireo/internal/engine/sitetest"
	"vireo/internal/engine/snapshots"
	"vireo/internal/engine/storage"
	"vireo/internal/engine/templates"
	"vireo/internal/engine/transfers"
	"vireo/internal/engine/vms"
	"vireo/internal/host/fake"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// A situation is what a row of the command table needs to be tried: it makes a VM
// that is down, with whatever else is wanted, and gives the call.
type situation func(t *testing.T, site *sitetest.Site, row *engine.Command) (vm model.ID, call *engine.Call)

// situations are by kind; the generic tests find in them what to try every row
// on. A kind that is not here fails them.
var situations = map[model.Kind]situation{
	model.KindVM: onVM, model.KindDisk: onDisk, model.KindNIC: onNIC, model.KindCDROM: onCDROM,
	model.KindTag: onTag, model.KindOption: onOption, model.KindDomain: onDomain, model.KindTemplate: onTemplate,
	model.KindUser: onUser, model.KindGroup: onGroup, model.KindRole: onRole, model.KindPermission: onPermission,
	model.KindStorageDomain: onStorageDomain, model.KindExportedVM: onExported, model.KindExportedTemplate: onExported,
	model.KindExternalVM: onArchive, model.KindExternalTemplate: onArchive,
	model.KindImageTransfer: onTransfer,
	model.KindSnapshot:      onSnapshot,
	model.KindVMPool:        onPool,
	model.KindHost:          onHost,
	model.KindNetwork:       onNetwork, model.KindVNICProfile: onVNICProfile, model.KindMACPool: onMACPool,
	model.KindNetworkAttachment: onNetworkAttachment, model.KindDataCenter: onDataCenter,
	model.KindCluster: onCluster, model.KindAffinityGroup: onAffinityGroup,
}

// variants give calls another sense for paths that a plain call does not take, by
// "kind.name/path".
var variants = map[string]func(site *sitetest.Site, call *engine.Call){
	"vm.start/stateless": func(_ *sitetest.Site, call *engine.Call) {
		call.Params = &vms.StartParams{Once: &model.RunOnce{Stateless: true}}
	},
	"vm.export_ova/pack": func(site *sitetest.Site, call *engine.Call) { addDisk(site, call.Target) },
	"vm.export/copy":     func(site *sitetest.Site, call *engine.Call) { addDisk(site, call.Target) },
	"vm.serialticket/give": func(site *sitetest.Site, call *engine.Call) {
		site.Edit(func(tx *inventory.Tx) {
			vm, _ := tx.VMs.Edit(call.Target)
			vm.Console = true
		})
	},
	"vm.add/disks": func(site *sitetest.Site, call *engine.Call) {
		template := addTemplate(site, "web")
		call.Params = &vms.AddParams{Edit: func(vm *model.VM) error {
			vm.Name, vm.Template, vm.Cluster = "another", template, sitetest.Cluster
			return nil
		}}
	},
	"vm_pool.update/update": func(site *sitetest.Site, call *engine.Call) { call.Params = &pools.UpdateParams{} },
	"vm_pool.update/shrink": func(site *sitetest.Site, call *engine.Call) { call.Params = &pools.UpdateParams{Size: new(1)} },
	"template.add/seal":     func(_ *sitetest.Site, call *engine.Call) { call.Params.(*templates.AddParams).Seal = true },
	"disk.add/floating":     func(_ *sitetest.Site, call *engine.Call) { call.Parent = "" },
	"disk.move/live":        func(site *sitetest.Site, call *engine.Call) { site.Bring(call.Parent, model.StatusUp) },
	"disk.update/grow": func(_ *sitetest.Site, call *engine.Call) {
		call.Parent = ""
		call.Params = &disks.UpdateParams{Edit: func(disk *model.Disk) error { disk.ProvisionedSize *= 2; return nil }}
	},
	"disk.update/grow_in_use": func(site *sitetest.Site, call *engine.Call) {
		site.Bring(call.Parent, model.StatusUp)
		call.Params = &disks.UpdateParams{Edit: func(disk *model.Disk) error { disk.ProvisionedSize *= 2; return nil }}
	},
	"disk.update/switch": func(_ *sitetest.Site, call *engine.Call) {
		call.Params = &disks.UpdateParams{Attach: func(a *model.DiskAttachment) error { a.Active = false; return nil }}
	},
	"storage_domain.add/import": func(site *sitetest.Site, call *engine.Call) {
		found := addStorage(site, "found")
		mustStorage(site, "remove", found, &storage.RemoveParams{})
		call.Params = addStorageParams(site, "found", true)
	},
	"storage_domain.remove/destroy": func(_ *sitetest.Site, call *engine.Call) {
		call.Params = &storage.RemoveParams{Destroy: true}
	},
	"storage_domain.remove/format": func(_ *sitetest.Site, call *engine.Call) {
		call.Params = &storage.RemoveParams{Format: true}
	},
	"image_transfer.add/download": func(_ *sitetest.Site, call *engine.Call) {
		if params, ok := call.Params.(*transfers.AddParams); ok {
			params.Direction = model.TransferDownload
		}
	},
	"host.fence/status":  fenced(model.FenceStatus),
	"host.fence/restart": fenced(model.FenceRestart),
	"host.fence/stop":    fenced(model.FenceStop),
	"host.fence/start":   fenced(model.FenceStart),
	"cdrom.update/insert": func(_ *sitetest.Site, call *engine.Call) {
		call.Params = &cdroms.UpdateParams{File: "tool.iso", Current: true}
	},
	"cdrom.remove/insert": func(_ *sitetest.Site, call *engine.Call) {
		call.Params = &cdroms.UpdateParams{Current: true}
	},
}

// trial is a row about to be tried on its path: VM in the status that the path
// starts from.
type trial struct {
	*sitetest.Site
	row  *engine.Command
	path *engine.Path
	vm   model.ID
	call *engine.Call
}

// prepare makes the situation for a row; with a path the VM is brought into the
// first status that the path starts from.
func prepare(t *testing.T, site *sitetest.Site, row *engine.Command, path *engine.Path) *trial {
	t.Helper()
	return prepareWith(t, site, row, path, nil)
}

// prepareWith is prepare; furnish, if not nil, may add to the VM while it is down.
func prepareWith(t *testing.T, site *sitetest.Site, row *engine.Command, path *engine.Path, furnish func(*trial)) *trial {
	t.Helper()
	make, known := situations[row.On]
	if !known {
		t.Fatalf("there is no situation for rows of the kind %s: add one to situations_test.go", row.On)
	}
	site.Connected()
	tried := &trial{Site: site, row: row, path: path}
	tried.vm, tried.call = make(t, site, row)
	if furnish != nil {
		furnish(tried)
	}
	if path == nil {
		return tried
	}
	if vary, varies := variants[row.Key()+"/"+path.Name]; varies {
		vary(site, tried.call)
	}
	if len(path.From) > 0 {
		// Where another job would be in the way is the business of during_test.go.
		i := slices.IndexFunc(path.From, func(s model.Status) bool { return s != model.StatusWaitForLaunch })
		site.Bring(tried.vm, path.From[i])
	}
	tried.inPool()
	tried.listen()
	return tried
}

// listen waits a little for the agent in the guest, where the row is about it.
func (tr *trial) listen() {
	if tr.row.Key() == "vm.logon" {
		tr.Comes(5*time.Second, func() bool { return tr.Engine.HearsAgent(tr.vm) })
	}
}

func onVM(_ *testing.T, site *sitetest.Site, row *engine.Command) (model.ID, *engine.Call) {
	call := &engine.Call{On: row.On, Name: row.Name}
	switch row.Name {
	case "add":
		call.Params = engine.Edit[model.VM](func(vm *model.VM) error {
			vm.Name, vm.Template, vm.Cluster = "another", model.BlankID, sitetest.Cluster
			return nil
		})
		return site.Add("vm"), call
	case "export_ova":
		call.Params = &exports.PackParams{Directory: ".", FileName: string(model.NewID())}
	case "export":
		call.Params = &exports.ExportParams{StorageDomain: sitetest.ExportDomain}
	case "update":
		call.Params = &vms.UpdateParams{Edit: func(vm *model.VM) error { vm.Description += "!"; return nil }}
	}
	if row.Name == "clone" {
		call.Params = &vms.CloneParams{Name: "another"}
	}
	id := site.Add("vm", seeded)
	switch row.Name {
	case "logon":
		site.World.Behave("", fake.Behavior{EngineAgent: true})
		call.Caller = visitor(site)
	case "migrate":
		site.SecondHost()
	case "start", "remove", "clone":
		addDisk(site, id)
	case "move":
		addDisk(site, id)
		call.Params = &disks.MoveParams{StorageDomain: sitetest.SpareDomain}
	}
	call.Target = id
	if strings.HasSuffix(row.Name, "_snapshot") {
		addDisk(site, id)
		call.Params = &snapshots.PreviewParams{Snapshot: takeSnapshot(site, id)}
	}
	if row.Name == "commit_snapshot" || row.Name == "undo_snapshot" {
		site.Do("preview_snapshot", id, call.Params)
	}
	return id, call
}

// visitor is somebody who has come with a password.
func visitor(site *sitetest.Site) *auth.Caller {
	people(site)
	boss, _ := site.Inventory.Users.Get(bossID)
	return new(auth.CallerOf(site.Engine.Records(), boss).With("s3cret"))
}

// seeded gives each run of a VM a seed, which could be left behind.
func seeded(vm *model.VM) { vm.Payloads = []model.Payload{{Type: model.PayloadFloppy}} }

func onDisk(t *testing.T, site *sitetest.Site, row *engine.Command) (model.ID, *engine.Call) {
	vm := site.Add("vm")
	call := &engine.Call{On: row.On, Name: row.Name, Parent: vm}
	switch row.Name {
	case "add":
		call.Params = addParams()
		return vm, call
	case "register":
		disk := addDisk(site, "")
		site.Edit(func(tx *inventory.Tx) { tx.Disks.Delete(disk) })
		call.Parent = ""
		call.Params = &storage.RegisterParams{StorageDomain: sitetest.DataDomain, Disk: disk}
		return vm, call
	case "attach":
		call.Target = addDisk(site, "")
		call.Params = &disks.AttachParams{Attach: func(a *model.DiskAttachment) error { a.Active = true; return nil }}
		return vm, call
	}
	call.Target = addDisk(site, vm)
	switch row.Name {
	case "activate":
		site.Edit(func(tx *inventory.Tx) {
			edited, _ := tx.VMs.Edit(vm)
			edited.Disks[0].Active = false
		})
	case "update":
		call.Params = &disks.UpdateParams{Edit: func(disk *model.Disk) error { disk.Alias += "x"; return nil }}
	case "move":
		call.Params = &disks.MoveParams{StorageDomain: sitetest.SpareDomain}
	case "copy":
		call.Params = &disks.CopyParams{StorageDomain: sitetest.SpareDomain}
	case "detach", "deactivate", "remove":
	default:
		t.Fatalf("there is no situation for the row %s", row.Key())
	}
	return vm, call
}

func onSnapshot(_ *testing.T, site *sitetest.Site, row *engine.Command) (model.ID, *engine.Call) {
	vm := site.Add("vm", seeded)
	addDisk(site, vm)
	addDisk(site, vm)
	call := &engine.Call{On: row.On, Name: row.Name, Parent: vm}
	if row.Name == "add" {
		call.Params = &snapshots.AddParams{Description: "a state"}
		return vm, call
	}
	call.Target = takeSnapshot(site, vm)
	takeSnapshot(site, vm)
	return vm, call
}

// takeSnapshot takes a snapshot of a VM.
func takeSnapshot(site *sitetest.Site, vm model.ID) model.ID {
	made, err := site.Act(&engine.Call{On: model.KindSnapshot, Name: "add", Parent: vm, Params: &snapshots.AddParams{Description: "a state"}, Async: new(false)})
	if err != nil {
		panic(fmt.Sprintf("taking a snapshot: %v", err))
	}
	return made.Object.Ref().ID
}

func addParams() *disks.AddParams {
	return &disks.AddParams{Edit: func(disk *model.Disk) error {
		disk.ProvisionedSize, disk.Format, disk.Interface = 1<<20, model.DiskCOW, model.DiskVirtio
		return nil
	}}
}

// addDisk makes a disk, of the VM if one is given.
func addDisk(site *sitetest.Site, vm model.ID) model.ID {
	result, err := site.Act(&engine.Call{On: model.KindDisk, Name: "add", Parent: vm, Params: addParams(), Async: new(false)})
	if err != nil {
		panic(fmt.Sprintf("making a disk: %v", err))
	}
	return result.Object.Ref().ID
}

func onTemplate(_ *testing.T, site *sitetest.Site, row *engine.Command) (model.ID, *engine.Call) {
	vm := site.Add("vm")
	addDisk(site, vm)
	call := &engine.Call{On: row.On, Name: row.Name}
	if row.Name == "add" {
		call.Parent, call.Params = vm, templateOf("golden")
		return vm, call
	}
	call.Target = addTemplate(site, "golden")
	call.Params = engine.Edit[model.Template](func(template *model.Template) error { template.Description += "!"; return nil })
	switch row.Name {
	case "export":
		call.Params = &exports.ExportParams{StorageDomain: sitetest.ExportDomain}
	case "export_ova":
		call.Params = &exports.PackParams{Directory: ".", FileName: string(model.NewID())}
	}
	return vm, call
}

// onArchive has a VM and a template that lie in OVA files.
func onArchive(t *testing.T, site *sitetest.Site, row *engine.Command) (model.ID, *engine.Call) {
	vm := site.Add("vm")
	addDisk(site, vm)
	of := model.Ref{Kind: model.KindVM, ID: vm}
	if row.On == model.KindExternalTemplate {
		of = model.Ref{Kind: model.KindTemplate, ID: addTemplate(site, "golden")}
	}
	packing := &engine.Call{On: of.Kind, Name: "export_ova", Target: of.ID, Async: new(false), Params: &exports.PackParams{Directory: ".", FileName: "x.ova"}}
	if _, err := site.Act(packing); err != nil {
		t.Fatal(err)
	}
	return vm, &engine.Call{On: row.On, Name: row.Name, Params: &exports.UnpackParams{Path: "x.ova", ImportParams: exports.ImportParams{
		Cluster: sitetest.Cluster, Target: sitetest.DataDomain, Clone: true, Name: "again",
	}}}
}

// onExported has a VM and a template that lie in the export domain.
func onExported(t *testing.T, site *sitetest.Site, row *engine.Command) (model.ID, *engine.Call) {
	vm := site.Add("vm")
	if row.Name == "register" {
		return vm, &engine.Call{On: row.On, Name: row.Name, Params: &exports.ImportParams{
			StorageDomain: sitetest.DataDomain, ID: lost(t, site, row), Cluster: sitetest.Cluster,
		}}
	}
	addDisk(site, vm)
	of := model.Ref{Kind: model.KindVM, ID: vm}
	if row.On == model.KindExportedTemplate {
		of = model.Ref{Kind: model.KindTemplate, ID: addTemplate(site, "golden")}
	}
	_, err := site.Act(&engine.Call{
		On: of.Kind, Name: "export", Target: of.ID, Async: new(false), Params: &exports.ExportParams{StorageDomain: sitetest.ExportDomain},
	})
	if err != nil {
		t.Fatal(err)
	}
	call := &engine.Call{On: row.On, Name: row.Name, Params: &exports.RemoveParams{StorageDomain: sitetest.ExportDomain, ID: of.ID}}
	if row.Name == "import" {
		call.Params = &exports.ImportParams{
			StorageDomain: sitetest.ExportDomain, ID: of.ID, Cluster: sitetest.Cluster, Target: sitetest.DataDomain, Clone: true, Name: "again",
		}
	}
	return vm, call
}

// lost is a VM or template that lies in the data domain and that the engine knows
// nothing of any more.
func lost(t *testing.T, site *sitetest.Site, row *engine.Command) model.ID {
	t.Helper()
	id := site.Add("lost")
	describe := site.Engine.DescribeVM
	if row.On == model.KindExportedTemplate {
		id, describe = addTemplate(site, "lost-template"), site.Engine.DescribeTemplate
	} else {
		addDisk(site, id)
	}
	described, _ := describe(id)
	site.Edit(func(tx *inventory.Tx) {
		disks := site.Inventory.Disks.All()
		for _, disk := range disks {
			tx.Disks.Delete(disk.ID)
		}
		tx.VMs.Delete(id)
		tx.Templates.Delete(id)
	})
	site.Pass(time.Minute) // now the description has gone with it
	domain, _ := site.Inventory.StorageDomains.Get(sitetest.DataDomain)
	if err := site.Images.PutOVF(t.Context(), domain, id, described.Text); err != nil {
		t.Fatal(err)
	}
	return id
}

func templateOf(name string) *templates.AddParams {
	return &templates.AddParams{Edit: func(template *model.Template) error { template.Name = name; return nil }}
}

// addTemplate makes a template with a disk, of a VM that is gone afterwards.
func addTemplate(site *sitetest.Site, name string) model.ID {
	vm := site.Add("of-" + name)
	addDisk(site, vm)
	result, err := site.Act(&engine.Call{On: model.KindTemplate, Name: "add", Parent: vm, Params: templateOf(name), Async: new(false)})
	if err != nil {
		panic(fmt.Sprintf("making a template: %v", err))
	}
	site.Do("remove", vm, nil)
	return result.Object.Ref().ID
}

func onNIC(_ *testing.T, site *sitetest.Site, row *engine.Command) (model.ID, *engine.Call) {
	nic := model.NIC{
		ID: model.NewID(), Name: "nic1", Network: sitetest.Network, Interface: model.NICVirtio,
		MAC: "00:1a:4a:16:01:51", Linked: true, Plugged: row.Name != "activate",
	}
	vm := site.Add("vm", func(vm *model.VM) { vm.NICs = []model.NIC{nic} })
	call := &engine.Call{On: row.On, Name: row.Name, Parent: vm, Target: nic.ID}
	switch row.Name {
	case "add":
		call.Target = ""
		call.Params = &nics.Params{Edit: func(nic *model.NIC) error {
			nic.Name, nic.Network = "nic2", sitetest.Network
			return nil
		}}
	case "update":
		call.Params = &nics.Params{Edit: func(nic *model.NIC) error { nic.Linked = false; return nil }}
	}
	return vm, call
}

func onCDROM(_ *testing.T, site *sitetest.Site, row *engine.Command) (model.ID, *engine.Call) {
	vm := site.Add("vm")
	return vm, &engine.Call{
		On: row.On, Name: row.Name, Parent: vm, Target: model.BlankID,
		Params: &cdroms.UpdateParams{File: "tool.iso"},
	}
}

func onTag(t *testing.T, site *sitetest.Site, row *engine.Command) (model.ID, *engine.Call) {
	vm := site.Add("vm")
	call := &engine.Call{On: row.On, Name: row.Name, Params: engine.Edit[model.Tag](func(tag *model.Tag) error {
		tag.Name, tag.Parent = "red", model.BlankID
		return nil
	})}
	if row.Name == "add" {
		return vm, call
	}
	made, err := site.Act(&engine.Call{On: model.KindTag, Name: "add", Params: call.Params})
	if err != nil {
		t.Fatal(err)
	}
	call.Target = made.Object.Ref().ID
	switch row.Name {
	case "update":
		call.Params = engine.Edit[model.Tag](func(tag *model.Tag) error { tag.Description += "!"; return nil })
	case "attach":
		call.Parent = vm
	case "detach":
		call.Parent = vm
		site.Edit(func(tx *inventory.Tx) {
			edited, _ := tx.VMs.Edit(vm)
			edited.Tags = []model.ID{call.Target}
		})
	}
	return vm, call
}

func onAffinityGroup(_ *testing.T, site *sitetest.Site, row *engine.Command) (model.ID, *engine.Call) {
	vm := site.Add("vm")
	call := &engine.Call{On: row.On, Name: row.Name, Params: &affinitygroups.AddParams{
		Cluster: sitetest.Cluster, Edit: func(group *model.AffinityGroup) error { group.Name = "together"; return nil },
	}}
	if row.Name == "add" {
		return vm, call
	}
	group := &model.AffinityGroup{ID: model.NewID(), Name: "together", Cluster: sitetest.Cluster}
	call.Target = group.ID
	switch row.Name {
	case "update":
		call.Params = engine.Edit[model.AffinityGroup](func(group *model.AffinityGroup) error { group.Comment += "!"; return nil })
	case "remove":
		call.Params = nil
	case "attach":
		call.Params = &affinitygroups.Member{VM: vm}
	case "detach":
		call.Params = &affinitygroups.Member{VM: vm}
		group.VMs = []model.ID{vm}
	}
	site.Edit(func(tx *inventory.Tx) { tx.AffinityGroups.Put(group) })
	return vm, call
}

func onOption(_ *testing.T, site *sitetest.Site, row *engine.Command) (model.ID, *engine.Call) {
	return site.Add("vm"), &engine.Call{
		On: row.On, Name: row.Name,
		Params: &options.SetParams{Name: "VmRebootTimeout", Value: "200s"},
	}
}

func onDomain(t *testing.T, site *sitetest.Site, row *engine.Command) (model.ID, *engine.Call) {
	vm := site.Add("vm")
	call := &engine.Call{On: row.On, Name: row.Name, Params: engine.Edit[model.Domain](func(domain *model.Domain) error {
		domain.Name, domain.JoinUser, domain.JoinPassword = "corp.example.com", "joiner", "v1:sealed"
		return nil
	})}
	if row.Name == "add" {
		return vm, call
	}
	made, err := site.Act(&engine.Call{On: row.On, Name: "add", Params: call.Params})
	if err != nil {
		t.Fatal(err)
	}
	call.Target = made.Object.Ref().ID
	call.Params = engine.Edit[model.Domain](func(domain *model.Domain) error { domain.Description += "!"; return nil })
	return vm, call
}

// onStorageDomain has a second data domain, in the status that the row starts from.
func onStorageDomain(t *testing.T, site *sitetest.Site, row *engine.Command) (model.ID, *engine.Call) {
	vm := site.Add("vm")
	call := &engine.Call{On: row.On, Name: row.Name}
	if row.Name == "add" {
		call.Params = addStorageParams(site, "more", false)
		return vm, call
	}
	call.Target = addStorage(site, "more")
	switch row.Name {
	case "update":
		call.Params = &storage.UpdateParams{Edit: func(domain *model.StorageDomain) error { domain.Description += "!"; return nil }}
	case "attach":
		call.Params = &storage.AttachParams{DataCenter: sitetest.DataCenter}
	case "remove":
		call.Params = &storage.RemoveParams{}
	case "deactivate", "activate", "detach":
		mustStorage(site, "attach", call.Target, &storage.AttachParams{DataCenter: sitetest.DataCenter})
		if row.Name != "deactivate" {
			mustStorage(site, "deactivate", call.Target, nil)
		}
	default:
		t.Fatalf("there is no situation for the row %s", row.Key())
	}
	return vm, call
}

func addStorageParams(site *sitetest.Site, name string, imported bool) *storage.AddParams {
	path := filepath.Join(site.Dir, name)
	if err := os.MkdirAll(path, 0o755); err != nil {
		panic(err)
	}
	return &storage.AddParams{Host: sitetest.HostID(1), Import: imported, Edit: func(domain *model.StorageDomain) error {
		domain.Name, domain.Type, domain.StorageType, domain.Path = name, model.StorageDomainData, model.StorageLocalFS, path
		return nil
	}}
}

// addStorage makes a data domain that is unattached.
func addStorage(site *sitetest.Site, name string) model.ID {
	return mustStorage(site, "add", "", addStorageParams(site, name, false))
}

func mustStorage(site *sitetest.Site, name string, target model.ID, params any) model.ID {
	result, err := site.Act(&engine.Call{On: model.KindStorageDomain, Name: name, Target: target, Params: params, Async: new(false)})
	if err != nil {
		panic(fmt.Sprintf("%s of a storage domain: %v", name, err))
	}
	return result.Object.Ref().ID
}

// onTransfer is about a raw disk of a VM that is down: a client in the site is done
// with every transfer at once. One that is to be changed has no job.
func onTransfer(_ *testing.T, site *sitetest.Site, row *engine.Command) (model.ID, *engine.Call) {
	vm := site.Add("vm")
	params := &disks.AddParams{Edit: func(disk *model.Disk) error {
		disk.ProvisionedSize, disk.Format, disk.Sparse, disk.Interface = 1<<20, model.DiskRaw, true, model.DiskVirtio
		return nil
	}}
	result, err := site.Act(&engine.Call{On: model.KindDisk, Name: "add", Parent: vm, Params: params, Async: new(false)})
	if err != nil {
		panic(fmt.Sprintf("making a disk: %v", err))
	}
	disk := result.Object.Ref().ID
	call := &engine.Call{On: row.On, Name: row.Name}
	if row.Name == "add" {
		call.Params = &transfers.AddParams{Disk: disk}
		return vm, call
	}
	call.Target = model.NewID()
	phase := model.TransferTransferring
	if row.Name == "resume" {
		phase = model.TransferPausedUser
	}
	site.Edit(func(tx *inventory.Tx) {
		tx.ImageTransfers.Put(&model.ImageTransfer{ID: call.Target, Disk: disk, DiskAlias: "disk", Phase: phase})
	})
	return vm, call
}

// inPool makes the VM of a row that wants it a member of a pool, in whatever status it is:
// one that is suspended could not have become so as a member.
func (tr *trial) inPool() {
	if tr.row.Key() != "vm.detach" {
		return
	}
	tr.Edit(func(tx *inventory.Tx) {
		pool := &model.VMPool{ID: model.NewID(), Name: "desk", Cluster: sitetest.Cluster, Template: model.BlankID, Type: model.VMPoolAutomatic, MaxUserVMs: 1}
		tx.VMPools.Put(pool)
		vm, _ := tx.VMs.Edit(tr.vm)
		vm.Pool = pool.ID
	})
}

// onPool has a pool of two VMs, and one that is no member.
func onPool(t *testing.T, site *sitetest.Site, row *engine.Command) (model.ID, *engine.Call) {
	people(site)
	vm, template := site.Add("vm"), addTemplate(site, "golden")
	call := &engine.Call{On: row.On, Name: row.Name, Params: &pools.AddParams{Size: 2, Edit: func(pool *model.VMPool) error {
		pool.Name, pool.Cluster, pool.Template = "desk", sitetest.Cluster, template
		return nil
	}}}
	if row.Name == "add" {
		return vm, call
	}
	made, err := site.Act(&engine.Call{On: row.On, Name: "add", Params: call.Params, Async: new(false)})
	if err != nil {
		t.Fatal(err)
	}
	call.Target, call.Params = made.Object.Ref().ID, nil
	switch row.Name {
	case "update":
		call.Params = &pools.UpdateParams{Size: new(3)}
	case "allocatevm":
		call.Caller = &auth.Caller{User: bossID, Name: "boss@internal", Admin: true}
	}
	return vm, call
}
