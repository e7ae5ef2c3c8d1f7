package ovf

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"vireo/internal/model"
)

// Document is what one text says: a VM or a template, exactly one of them, with what
// belongs to it.
//
// A NIC's Network is in it the name of the network and not its id, also in the
// configurations of the snapshots; see [Document.Networks]. The dialect has no word for
// the cluster's id, tags, payloads, the observed run, and all that is a
// [model.Secret]; those are neither written nor read. What it has no word for in a
// disk is the status, and that its interface and bootable of its own can differ from
// those with which it is attached.
type Document struct {
	// Exported is when the text was written, to the second.
	Exported time.Time
	VM       *model.VM
	Template *model.Template
	// Disks are those that are attached; an attachment without its disk here, and a disk
	// without its attachment, is not written. A volume of a chain that the text names
	// only as what another stands on has no Format: it is a template's, and what it is
	// stands in the template's text (see [Document.Complete]).
	Disks []model.Disk
	// Snapshots are the regular ones. A disk that one has no volume of is not in its
	// Config when it is read; Given, and of Memory the medium and the host, are not
	// written.
	Snapshots []model.Snapshot
	// TemplateName and Cluster are names; DataCenter is an id. Each may be empty.
	TemplateName, Cluster string
	DataCenter            model.ID
}

// New is the document of a VM, or of a template where vm is nil, with copies of what is
// given. network answers the name of a network.
func New(vm *model.VM, template *model.Template, disks []*model.Disk, snapshots []*model.Snapshot, network func(model.ID) string) *Document {
	d := &Document{}
	if vm != nil {
		d.VM = model.Clone(vm)
	} else {
		d.Template = model.Clone(template)
	}
	for _, disk := range disks {
		d.Disks = append(d.Disks, *model.Clone(disk))
	}
	for _, snapshot := range snapshots {
		d.Snapshots = append(d.Snapshots, *model.Clone(snapshot))
	}
	d.Networks(func(id model.ID) model.ID { return model.ID(network(id)) })
	return d
}

// ErrInvalid is wrapped by all errors of Read; their texts say what is wrong and are
// fit for operators.
var ErrInvalid = errors.New("the OVF cannot be used")

func invalid(format string, values ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, values...))
}

// Networks renames the network of each NIC, of the snapshots' too. The values are
// changed in place: clone what belongs to somebody else.
func (d *Document) Networks(rename func(model.ID) model.ID) {
	for _, config := range d.configs() {
		for i := range config.NICs {
			if nic := &config.NICs[i]; nic.Network != "" {
				nic.Network = rename(nic.Network)
			}
		}
	}
}

// Config is that of the VM or the template.
func (d *Document) Config() *model.VMConfig {
	if d.Template != nil {
		return &d.Template.VMConfig
	}
	return &d.VM.VMConfig
}

// ID is that of the VM or the template.
func (d *Document) ID() model.ID {
	if d.Template != nil {
		return d.Template.ID
	}
	return d.VM.ID
}

// Created is when the VM or the template was made.
func (d *Document) Created() time.Time {
	if d.Template != nil {
		return d.Template.CreationTime
	}
	return d.VM.CreationTime
}

func (d *Document) configs() []*model.VMConfig {
	out := []*model.VMConfig{d.Config()}
	for i := range d.Snapshots {
		out = append(out, &d.Snapshots[i].Config)
	}
	return out
}

// Missing are the volumes that disks stand on and the text does not describe.
func (d *Document) Missing() []model.ID {
	var out []model.ID
	for i := range d.Disks {
		for _, volume := range d.Disks[i].Chain {
			if volume.Format == "" {
				out = append(out, volume.ID)
			}
		}
	}
	return out
}

// Complete fills in, from the disks of templates, the volumes that [Document.Missing]
// names. Those that are found in none are left as they are.
func (d *Document) Complete(templates []model.Disk) {
	for i := range d.Disks {
		disk := &d.Disks[i]
		if len(disk.Chain) == 0 || disk.Chain[0].Format != "" {
			continue
		}
		at := slices.IndexFunc(templates, func(t model.Disk) bool { return t.Volume == disk.Chain[0].ID })
		if at >= 0 {
			disk.Chain = append(asChain(&templates[at]), disk.Chain[1:]...)
		}
	}
}

// asChain is all volumes of a template's disk, as one of a VM stands on them.
func asChain(template *model.Disk) []model.Volume {
	out := append(slices.Clone(template.Chain), model.Volume{
		ID: template.Volume, Format: template.Format, Sparse: template.Sparse,
		Size: template.ProvisionedSize, CreationTime: template.CreationTime,
	})
	for i := range out {
		if out[i].Template == "" {
			out[i].Template = template.ID
		}
	}
	return out
}
