package exports

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// PackParams are the Params of export_ova (api-v4 4.6): a file on the engine's machine.
type PackParams struct {
	// Host must be the engine's own machine; empty is that.
	Host model.ID `json:"host,omitempty"`
	// Directory is absolute, or within the directory of archives. FileName is by default
	// the name of the VM or template with .ova.
	Directory string `json:"directory"`
	FileName  string `json:"file_name,omitempty"`

	// Spot is filled in: where the file is to be.
	Spot spot `json:"spot"`
}

// Durable keeps the parameters with the job.
func (*PackParams) Durable() {}

func packParams(call *engine.Call) *PackParams {
	if params, ok := call.Params.(*PackParams); ok && params != nil {
		return params
	}
	params := &PackParams{}
	call.Params = params
	return params
}

// demandsOfPack: who writes to the engine's machine needs a permit for that, too.
func demandsOfPack(tx *inventory.Tx, call *engine.Call) ([]engine.Demand, error) {
	return []engine.Demand{
		{Permit: importExport, On: model.Ref{Kind: call.On, ID: call.Target}}, onHost(tx, call.Verb, packParams(call).Host),
	}, nil
}

func (r *room) checkPackVM(tx *inventory.Tx, call *engine.Call) error {
	vm, _ := tx.VMs.Get(call.Target)
	if err := r.checkPack(tx, call, &vm.VMConfig); err != nil {
		return err
	}
	for _, snapshot := range tx.Snapshots.All() {
		if snapshot.VM == vm.ID && (snapshot.Status != model.SnapshotOK || snapshot.Type == model.SnapshotPreview) {
			return fault.New(fault.StateConflict, call.Verb, "A snapshot of the VM is being made, removed or previewed.")
		}
	}
	if vm.Run.Status != model.StatusDown {
		return fault.New(fault.ExportNotDown, call.Verb)
	}
	return nil
}

func (r *room) checkPackTemplate(tx *inventory.Tx, call *engine.Call) error {
	template, _ := tx.Templates.Get(call.Target)
	switch {
	case template.ID == model.BlankID:
		return fault.New(fault.StateConflict, call.Verb, "The template Blank is everywhere already.")
	case template.Status != model.TemplateOK && template.Status != "":
		return fault.New(fault.StateConflict, call.Verb, "The template is "+string(template.Status)+".")
	}
	return r.checkPack(tx, call, &template.VMConfig)
}

func (r *room) checkPack(tx *inventory.Tx, call *engine.Call, config *model.VMConfig) error {
	params := packParams(call)
	if _, err := localHost(tx, call.Verb, params.Host); err != nil {
		return err
	}
	var err error
	if params.Spot, err = r.spotOf(call.Verb, params.Directory, defaultName(params.FileName, config.Name)); err != nil {
		return err
	}
	disks, size := imagesOf(tx, config), int64(0)
	if err := checkStatuses(call.Verb, disks); err != nil {
		return err
	}
	for _, disk := range disks {
		size += disk.ActualSize
	}
	_, err = engine.Outside(call, "file "+r.path(params.Spot), func(context.Context) (struct{}, error) {
		return struct{}{}, r.free(params.Spot, size)
	})
	if engine.IsOutside(err) {
		return err
	}
	return r.archiveFault(call.Verb, params.Spot, err)
}

// free wants that nothing is called so yet, and that there is room for so many bytes.
func (r *room) free(s spot, size int64) error {
	dir, err := r.enter(s)
	if err != nil {
		return err
	}
	defer dir.Close()
	_, err = dir.Lstat(s.Name)
	switch {
	case err == nil:
		return fs.ErrExist
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return roomIn(dir, size)
}

// roomIn wants a file system to have so many bytes left.
func roomIn(dir *os.Root, size int64) error {
	folder, err := dir.Open(".")
	if err != nil {
		return err
	}
	defer folder.Close()
	var space unix.Statfs_t
	if err := unix.Fstatfs(int(folder.Fd()), &space); err != nil {
		return err
	}
	if int64(space.Bavail)*space.Bsize < size {
		return syscall.ENOSPC
	}
	return nil
}

// beginPack locks a template; a VM's status does it.
func (r *room) beginPack(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	about := aboutCall(call)
	about.Detail = r.path(packParams(call).Spot)
	if call.On == model.KindVM {
		about.VM, _ = tx.VMs.Get(call.Target)
		tx.Event(audit.New(audit.ArchiveBegun, about))
		return about.VM, nil
	}
	template, _ := tx.Templates.Edit(call.Target)
	template.Status, about.Template = model.TemplateLocked, template
	tx.Event(audit.New(audit.TemplateArchiveBegun, about))
	return template, nil
}

// packed settles an export to a file.
func (r *room) packed(tx *inventory.Tx, w *job.Work, failure error) {
	var params PackParams
	_ = w.Params(&params) // the steps have read them
	about := engine.AboutJob(tx, w.Job)
	about.Detail = r.path(params.Spot)
	done, failed := audit.Archived, audit.ArchiveFailed
	if template, ok := tx.Templates.Edit(w.Job.Target.ID); ok && w.Job.Target.Kind == model.KindTemplate {
		template.Status, about.Template = model.TemplateOK, template
		done, failed = audit.TemplateArchived, audit.TemplateArchiveFailed
	}
	if failure != nil {
		about.Detail, done = about.Detail+": "+fault.Of(failure).Message(), failed
	}
	tx.Event(audit.New(done, about))
}
