package exports

import (
	"bytes"
	"context"
	"errors"

	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/image"
	"vireo/internal/job"
	"vireo/internal/model"
	"vireo/internal/ovf"
)

// sent is what an export works with: the objects as they are, which the job's lock
// keeps so.
type sent struct {
	params    ExportParams
	what      string
	domain    *model.StorageDomain
	vm        *model.VM
	template  *model.Template
	disks     []*model.Disk
	snapshots []*model.Snapshot
}

func (r *room) sent(w *job.Work) (*sent, error) {
	s := &sent{what: "export VM"}
	if err := w.Params(&s.params); err != nil {
		return nil, err
	}
	var ok bool
	if s.domain, ok = r.Inventory.StorageDomains.Get(s.params.StorageDomain); !ok {
		return nil, fault.New(fault.DomainNotFound, s.what)
	}
	config := (*model.VMConfig)(nil)
	if w.Job.Target.Kind == model.KindTemplate {
		s.what = "export Template"
		if s.template, ok = r.Inventory.Templates.Get(w.Job.Target.ID); ok {
			config = &s.template.VMConfig
		}
	} else if s.vm, ok = r.Inventory.VMs.Get(w.Job.Target.ID); ok {
		config = &s.vm.VMConfig
	}
	if config == nil {
		return nil, fault.Missing(string(w.Job.Target.ID))
	}
	for _, attachment := range config.Disks {
		disk, ok := r.Inventory.Disks.Get(attachment.Disk)
		if _, goes := s.params.Volumes[attachment.Disk]; ok && goes {
			s.disks = append(s.disks, disk)
		}
	}
	for _, snapshot := range r.Inventory.Snapshots.All() {
		if s.vm != nil && snapshot.VM == s.vm.ID && snapshot.Type == model.SnapshotRegular {
			s.snapshots = append(s.snapshots, snapshot)
		}
	}
	return s, nil
}

// collapses says whether one volume is made of a disk: a template's are alone anyway.
func (s *sent) collapses(disk *model.Disk) bool {
	return s.params.DiscardSnapshots || s.template != nil || len(disk.Chain) == 0
}

// nobody owns what lies in an export domain: no guest opens it there.
var nobody = image.Owner{UID: -1, GID: -1}

// copyOut copies the disks beside what lies in the domain already. No text names the
// copies yet.
func (r *room) copyOut(ctx context.Context, w *job.Work) error {
	s, err := r.sent(w)
	if err != nil {
		return err
	}
	told := newTold(w, s.disks)
	for _, disk := range s.disks {
		from, ok := r.Inventory.StorageDomains.Get(disk.StorageDomain)
		if !ok {
			return fault.New(fault.DomainNotFound, s.what)
		}
		source := image.Source{Domain: from, Disk: disk}
		names := s.params.Volumes[disk.ID]
		if s.collapses(disk) {
			err = r.Images.Copy(ctx, source, s.domain, s.spec(disk), told.next(disk))
		} else {
			err = r.Images.CopyChain(ctx, source, s.domain, disk.ID, names, nobody, told.next(disk))
		}
		if err != nil {
			return failed(ctx, s.what, s.domain, err)
		}
	}
	return nil
}

// failed keeps an interruption what it is.
func failed(ctx context.Context, what string, domain *model.StorageDomain, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return err
	}
	return engine.StorageFault(what, domain, err)
}

// spec is the one volume of a disk that is collapsed: of the format that its base has
// (api-v3 3.12).
func (s *sent) spec(disk *model.Disk) image.VolumeSpec {
	format, sparse := collapsed(disk)
	return image.VolumeSpec{
		Disk: disk.ID, Volume: s.params.Volumes[disk.ID][disk.Volume], Format: format, Sparse: sparse,
		Alias: disk.Alias, Description: disk.Description, Owner: nobody, Shared: s.template != nil,
	}
}

func collapsed(disk *model.Disk) (model.DiskFormat, bool) {
	if len(disk.Chain) > 0 {
		return disk.Chain[0].Format, disk.Chain[0].Sparse
	}
	return disk.Format, disk.Sparse
}

// uncopyOut takes away what no text names.
func (r *room) uncopyOut(ctx context.Context, w *job.Work) error {
	s, err := r.sent(w)
	if err != nil {
		return err
	}
	return r.tidy(ctx, s.domain, ids(s.disks))
}

func ids(disks []*model.Disk) []model.ID {
	var out []model.ID
	for _, disk := range disks {
		out = append(out, disk.ID)
	}
	return out
}

// replacedData is what a publication remembers: what it takes the place of.
type replacedData struct {
	// Replaced are called the same and go, by their ids.
	Replaced map[model.ID]replacedText `json:"replaced,omitempty"`
	// Groups may hold volumes that nothing names any more.
	Groups []model.ID `json:"groups,omitempty"`
}

// replacedText is one of them: the sum of its text, and its image groups.
type replacedText struct {
	Sum    string     `json:"sum"`
	Groups []model.ID `json:"groups,omitempty"`
}

// publish writes the text, as a whole: from that moment on what it describes is what
// lies in the domain.
func (r *room) publish(_ context.Context, w *job.Work) error {
	s, err := r.sent(w)
	if err != nil {
		return err
	}
	document := r.document(w, s)
	text := ovf.Write(document)
	if old, err := r.Images.OVF(w.Steady(), s.domain, w.Job.Target.ID); err == nil && bytes.Equal(old, text) {
		return nil // done, before a crash
	}
	found, err := r.ExportedIn(w.Steady(), s.domain)
	if err != nil {
		return engine.StorageFault(s.what, s.domain, err)
	}
	name, noun := s.name()
	if !s.params.Exclusive {
		// Somebody else may have come first since the command was accepted.
		if err := inTheWay(found, s.what, noun, w.Job.Target.ID, name); err != nil {
			return err
		}
	}
	data := replacedData{Groups: ids(s.disks), Replaced: map[model.ID]replacedText{}}
	for _, each := range found {
		same := each.ID == w.Job.Target.ID
		if !same && each.Name() != name {
			continue
		}
		if same {
			data.Groups = append(data.Groups, groupsOf(each.Document)...)
		} else {
			data.Replaced[each.ID] = replacedText{sum(each.Text), groupsOf(each.Document)}
		}
	}
	if err := w.Remember(&data); err != nil {
		return err
	}
	return engine.StorageFault(s.what, s.domain, r.write(w, s, document, text))
}

// write writes the text, if all that it names is still there: who removes another export
// of the same disks may have taken what nothing named yet.
func (r *room) write(w *job.Work, s *sent, document *ovf.Document, text []byte) error {
	r.writing.Lock()
	defer r.writing.Unlock()
	for i := range document.Disks {
		disk := &document.Disks[i]
		for _, volume := range append([]model.Volume{{ID: disk.Volume}}, disk.Chain...) {
			if _, err := r.Images.Meta(w.Steady(), s.domain, disk.ID, volume.ID); err != nil {
				return err
			}
		}
	}
	return r.Images.PutOVF(w.Steady(), s.domain, w.Job.Target.ID, text)
}

func (s *sent) name() (name, noun string) {
	if s.template != nil {
		return s.template.Name, "Template"
	}
	return s.vm.Name, "VM"
}

// clean removes what the new text has replaced.
func (r *room) clean(_ context.Context, w *job.Work) error {
	s, err := r.sent(w)
	if err != nil {
		return err
	}
	var data replacedData
	if err := w.Data(&data); err != nil {
		return err
	}
	for other, seen := range data.Replaced {
		if err := r.replace(w.Steady(), s.domain, other, seen); err != nil {
			return engine.StorageFault(s.what, s.domain, err)
		}
	}
	return engine.StorageFault(s.what, s.domain, r.tidy(w.Steady(), s.domain, data.Groups))
}

// document describes what was copied, under its new names and in its new place.
func (r *room) document(w *job.Work, s *sent) *ovf.Document {
	d := ovf.New(s.vm, s.template, s.disks, s.snapshots, r.networkName)
	d.Exported, d.DataCenter = w.Job.StartTime, s.domain.DataCenter
	if cluster, ok := r.Inventory.Clusters.Get(d.Config().Cluster); ok {
		d.Cluster = cluster.Name
	}
	if s.vm != nil {
		if template, ok := r.Inventory.Templates.Get(s.vm.Template); ok {
			d.TemplateName = template.Name
		}
	}
	if s.params.DiscardSnapshots && s.vm != nil {
		d.Snapshots, d.VM.Template = nil, model.BlankID
	}
	for i := range d.Disks {
		s.rename(&d.Disks[i])
	}
	for i := range d.Snapshots {
		s.renameIn(&d.Snapshots[i])
	}
	return d
}

func (s *sent) rename(disk *model.Disk) {
	names := s.params.Volumes[disk.ID]
	if s.collapses(disk) {
		disk.Format, disk.Sparse = collapsed(disk)
		disk.Chain = nil
	}
	for i := range disk.Chain {
		// What was a template's is the disk's own there.
		disk.Chain[i].ID, disk.Chain[i].Template = names[disk.Chain[i].ID], ""
	}
	disk.Volume, disk.StorageDomain = names[disk.Volume], s.domain.ID
}

// renameIn names the volumes of a snapshot anew. Its memory stays where it is: it goes
// on only where the VM has run.
func (s *sent) renameIn(snapshot *model.Snapshot) {
	snapshot.Memory = nil
	volumes := snapshot.Volumes
	snapshot.Volumes = nil
	for _, volume := range volumes {
		if name, ok := s.params.Volumes[volume.Disk][volume.Volume]; ok {
			snapshot.Volumes = append(snapshot.Volumes, model.SnapshotVolume{Disk: volume.Disk, Volume: name})
		}
	}
}

// networkName is the name of a network; one that is not known has none.
func (r *room) networkName(id model.ID) string {
	if network, ok := r.Inventory.Networks.Get(id); ok {
		return network.Name
	}
	return ""
}

// told tells how far a step is that copies several disks.
type told struct {
	w             *job.Work
	before, total int64
}

func newTold(w *job.Work, disks []*model.Disk) *told {
	t := &told{w: w}
	for _, disk := range disks {
		t.total += weight(disk)
	}
	return t
}

// weight is how much of the work a disk is.
func weight(disk *model.Disk) int64 { return max(disk.ActualSize, 1<<20) }

// next is the progress of the next disk.
func (t *told) next(disk *model.Disk) image.Progress {
	before, share := t.before, weight(disk)
	t.before += share
	return func(done, total int64) {
		if total > 0 {
			t.w.Progress(before+int64(float64(share)*(float64(done)/float64(total))), t.total)
		}
	}
}
