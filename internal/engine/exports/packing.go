package exports

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"vireo/internal/fault"
	"vireo/internal/image"
	"vireo/internal/job"
	"vireo/internal/model"
	"vireo/internal/ova"
	"vireo/internal/ovf"
)

// parcel is what an export to a file works with.
type parcel struct {
	params   PackParams
	vm       *model.VM
	template *model.Template
	disks    []*model.Disk
}

func (r *room) parcel(w *job.Work) (*parcel, error) {
	p := &parcel{}
	if err := w.Params(&p.params); err != nil {
		return nil, err
	}
	var config *model.VMConfig
	if template, ok := r.Inventory.Templates.Get(w.Job.Target.ID); ok && w.Job.Target.Kind == model.KindTemplate {
		p.template, config = template, &template.VMConfig
	} else if vm, ok := r.Inventory.VMs.Get(w.Job.Target.ID); ok {
		p.vm, config = vm, &vm.VMConfig
	} else {
		return nil, fault.Missing(string(w.Job.Target.ID))
	}
	for _, attachment := range config.Disks {
		if disk, ok := r.Inventory.Disks.Get(attachment.Disk); ok && !disk.Shareable {
			p.disks = append(p.disks, disk)
		}
	}
	return p, nil
}

// source is a disk with its domain.
func (r *room) source(verb string, disk *model.Disk) (image.Source, error) {
	domain, ok := r.Inventory.StorageDomains.Get(disk.StorageDomain)
	if !ok {
		return image.Source{}, fault.New(fault.DomainNotFound, verb)
	}
	return image.Source{Domain: domain, Disk: disk}, nil
}

// sizes is what an export to a file remembers: how long the image of each disk becomes, in
// bytes. The text says it, and it comes first.
type sizes struct {
	Images map[model.ID]int64 `json:"images"`
}

func (r *room) measureOut(ctx context.Context, w *job.Work) error {
	p, err := r.parcel(w)
	if err != nil {
		return err
	}
	data, total := sizes{Images: map[model.ID]int64{}}, int64(0)
	for _, disk := range p.disks {
		source, err := r.source(w.Job.Verb, disk)
		if err != nil {
			return err
		}
		if data.Images[disk.ID], err = r.Images.MeasureStretch(ctx, source); err != nil {
			return failed(ctx, w.Job.Verb, source.Domain, err)
		}
		total += data.Images[disk.ID]
	}
	dir, err := r.enter(p.params.Spot)
	if err != nil {
		return r.archiveFault(w.Job.Verb, p.params.Spot, err)
	}
	defer dir.Close()
	if err := roomIn(dir, total); err != nil {
		return r.archiveFault(w.Job.Verb, p.params.Spot, err)
	}
	return w.Remember(&data)
}

// partOf is the name of a file that is being written: of this job, and hidden.
func partOf(w *job.Work, s spot) string { return "." + s.Name + "." + string(w.Job.ID) + ".part" }

// pack writes the whole file under a name of its own; done again it begins anew.
func (r *room) pack(ctx context.Context, w *job.Work) error {
	p, err := r.parcel(w)
	if err != nil {
		return err
	}
	var data sizes
	if err := w.Data(&data); err != nil {
		return err
	}
	dir, err := r.enter(p.params.Spot)
	if err != nil {
		return r.archiveFault(w.Job.Verb, p.params.Spot, err)
	}
	defer dir.Close()
	part := partOf(w, p.params.Spot)
	if err := removeIn(dir, part); err != nil {
		return r.archiveFault(w.Job.Verb, p.params.Spot, err)
	}
	file, err := dir.OpenFile(part, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return r.archiveFault(w.Job.Verb, p.params.Spot, err)
	}
	err = r.fill(ctx, w, p, data, file)
	return errors.Join(err, r.archiveFault(w.Job.Verb, p.params.Spot, file.Close()))
}

func removeIn(dir *os.Root, name string) error {
	if err := dir.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// fill writes the description first and then the images.
func (r *room) fill(ctx context.Context, w *job.Work, p *parcel, data sizes, file *os.File) error {
	text := ovf.WriteArchived(r.archived(w, p), data.Images)
	entity := "vm.ovf"
	if p.template != nil {
		entity = "template.ovf"
	}
	wanted := []ova.New{{Name: entity, Content: text}}
	for _, disk := range p.disks {
		wanted = append(wanted, ova.New{Name: string(disk.Volume), Size: data.Images[disk.ID]})
	}
	members, length, err := ova.Lay(file, wanted, w.Job.StartTime)
	if err == nil {
		err = file.Truncate(length)
	}
	if err != nil {
		return r.archiveFault(w.Job.Verb, p.params.Spot, err)
	}
	told := newTold(w, p.disks)
	for i, disk := range p.disks {
		source, err := r.source(w.Job.Verb, disk)
		if err != nil {
			return err
		}
		at := image.Stretch{File: file, Offset: members[i+1].Offset, Length: members[i+1].Size, Format: image.FileQCOW2}
		err = r.Images.WriteStretch(ctx, source, at, told.next(disk))
		if errors.Is(err, image.ErrNoSpace) {
			return r.archiveFault(w.Job.Verb, p.params.Spot, err) // the disk is only read
		}
		if err != nil {
			return failed(ctx, w.Job.Verb, source.Domain, err)
		}
	}
	return r.archiveFault(w.Job.Verb, p.params.Spot, file.Sync())
}

// archived describes what goes out: each disk as one image that stands alone.
func (r *room) archived(w *job.Work, p *parcel) *ovf.Document {
	d := ovf.New(p.vm, p.template, p.disks, nil, r.networkName)
	d.Exported = w.Job.StartTime
	if cluster, ok := r.Inventory.Clusters.Get(d.Config().Cluster); ok {
		d.Cluster = cluster.Name
	}
	if d.VM != nil {
		d.VM.Template = model.BlankID
	}
	for i := range d.Disks {
		disk := &d.Disks[i]
		disk.Format, disk.Sparse = collapsed(disk)
		disk.Chain, disk.StorageDomain = nil, ""
	}
	return d
}

// unpack takes away what was written.
func (r *room) unpack(_ context.Context, w *job.Work) error {
	p, err := r.parcel(w)
	if err != nil {
		return err
	}
	dir, err := r.enter(p.params.Spot)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // with all that was in it
	}
	if err != nil {
		return r.archiveFault(w.Job.Verb, p.params.Spot, err)
	}
	defer dir.Close()
	return r.archiveFault(w.Job.Verb, p.params.Spot, removeIn(dir, partOf(w, p.params.Spot)))
}

// name gives the whole file its name, unless something is called so by now.
func (r *room) name(_ context.Context, w *job.Work) error {
	p, err := r.parcel(w)
	if err != nil {
		return err
	}
	dir, err := r.enter(p.params.Spot)
	if err != nil {
		return r.archiveFault(w.Job.Verb, p.params.Spot, err)
	}
	defer dir.Close()
	return r.archiveFault(w.Job.Verb, p.params.Spot, moveIn(dir, partOf(w, p.params.Spot), p.params.Spot.Name))
}

// moveIn renames a file and replaces none: as a second name for it, then without the
// first one. Done twice it is done once.
func moveIn(dir *os.Root, from, to string) error {
	whole, err := dir.Lstat(from)
	if errors.Is(err, fs.ErrNotExist) {
		_, err = dir.Lstat(to)
		return err // it has been done
	}
	if err != nil {
		return err
	}
	err = dir.Link(from, to)
	switch {
	case errors.Is(err, fs.ErrExist):
		there, err := dir.Lstat(to)
		if err != nil || !os.SameFile(whole, there) {
			return errors.Join(fs.ErrExist, err)
		}
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.EMLINK):
		// A file system without second names: somebody may come in between.
		if _, err := dir.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
			return errors.Join(fs.ErrExist, err)
		}
		return errors.Join(dir.Rename(from, to), syncIn(dir))
	case err != nil:
		return err
	}
	return errors.Join(removeIn(dir, from), syncIn(dir))
}

// syncIn makes the names in a directory last.
func syncIn(dir *os.Root) error {
	folder, err := dir.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
