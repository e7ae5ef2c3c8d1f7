package exports

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"vireo/internal/engine"
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/image"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
	"vireo/internal/ova"
	"vireo/internal/ovf"
)

// UnpackParams are the Params of the import of an OVA file (api-v4, external_vm_import).
// StorageDomain, ID, Exclusive and Disks of ImportParams are not used.
type UnpackParams struct {
	ImportParams
	// Host must be the engine's own machine; empty is that.
	Host model.ID `json:"host,omitempty"`
	// Path is of the file: absolute, or within the directory of archives.
	Path string `json:"path"`
	// Preallocate makes preallocated disks, or sparse ones; nil leaves that to the text.
	Preallocate *bool `json:"-"`

	// What follows is filled in: where the file is, the digest of its text, and where in
	// it the image of each disk lies.
	Spot   spot                 `json:"spot"`
	Digest string               `json:"digest"`
	Lies   map[model.ID]stretch `json:"lies"`
}

// stretch is where an image lies.
type stretch struct {
	ova.Member
	Format image.FileFormat
}

func (s stretch) of(file *os.File) image.Stretch {
	return image.Stretch{File: file, Offset: s.Offset, Length: s.Size, Format: s.Format}
}

func unpackParams(call *engine.Call) *UnpackParams {
	if params, ok := call.Params.(*UnpackParams); ok && params != nil {
		return params
	}
	params := &UnpackParams{}
	call.Params = params
	return params
}

// locksOfUnpack: what it will be is not known before the file is read; the job locks it.
func locksOfUnpack(*inventory.Tx, *engine.Call) []model.Ref { return nil }

// demandsOfUnpack are those of other imports, with the host in the place of the domain.
func (r *room) demandsOfUnpack(tx *inventory.Tx, call *engine.Call) ([]engine.Demand, error) {
	params := unpackParams(call)
	cluster := model.Ref{Kind: model.KindCluster, ID: params.Cluster}
	make, edit := model.Permit("create_vm"), model.Permit("edit_admin_vm_properties")
	if call.On == model.KindExternalTemplate {
		make, edit = "create_template", "edit_admin_template_properties"
	}
	demands := []engine.Demand{onHost(tx, call.Verb, params.Host), {Permit: make, On: cluster}}
	opened, err := r.lookInto(tx, call)
	if engine.IsOutside(err) {
		return demands, err
	}
	if err == nil && vms.NamesHostFile(model.OS{}, opened.document.Config().OS) {
		demands = append(demands, engine.Demand{Permit: edit, On: cluster})
	}
	return demands, nil
}

// opened is what was found in a file.
type opened struct {
	document *ovf.Archived
	digest   string
	lies     map[model.ID]stretch
}

// lookInto reads the text of a file outside of the transaction.
func (r *room) lookInto(tx *inventory.Tx, call *engine.Call) (*opened, error) {
	params := unpackParams(call)
	if _, err := localHost(tx, call.Verb, params.Host); err != nil {
		return nil, err
	}
	at, err := r.spotOf(call.Verb, filepath.Dir(params.Path), filepath.Base(params.Path))
	if err != nil {
		return nil, err
	}
	params.Spot = at
	found, err := engine.Outside(call, "archive", func(context.Context) (*opened, error) { return r.readFile(at) })
	if engine.IsOutside(err) {
		return nil, err
	}
	return found, r.unpackFault(call.Verb, at, err)
}

// readFile lists a file and reads its text, and finds the image of each disk.
func (r *room) readFile(at spot) (*opened, error) {
	file, size, err := r.openArchive(at)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	archive, err := ova.Read(file, size)
	if err != nil {
		return nil, err
	}
	document, err := ovf.ReadArchived(bytes.NewReader(archive.OVF))
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(archive.OVF)
	out := &opened{document: document, digest: hex.EncodeToString(digest[:]), lies: map[model.ID]stretch{}}
	for _, each := range document.Images {
		member, ok := archive.Member(each.File)
		if !ok {
			return nil, fmt.Errorf("%w: its text names the file %.100q, which is not in it", ova.ErrInvalid, each.File)
		}
		if len(archive.Manifest) > 0 {
			if _, ok := archive.Manifest[member.Name]; !ok {
				return nil, fmt.Errorf("%w: its manifest has no checksum of %.100q", ova.ErrInvalid, member.Name)
			}
		}
		lies := stretch{Member: member, Format: image.FileQCOW2}
		if each.VMDK {
			lies.Format = image.FileVMDK
		}
		out.lies[each.Disk] = lies
	}
	return out, nil
}

// unpackFault explains why a file is not taken.
func (r *room) unpackFault(verb string, at spot, err error) error {
	refused, isRefused := errors.AsType[*image.RefusedError](err)
	switch {
	case isRefused:
		return fault.New(fault.Invalid, verb, fmt.Sprintf("A disk in %s: %s", at.Name, refused.Reason)).Because(err)
	case errors.Is(err, ova.ErrInvalid), errors.Is(err, ovf.ErrInvalid):
		return fault.New(fault.Invalid, verb, fmt.Sprintf("%s: %s.", at.Name, err)).Because(err)
	}
	return r.archiveFault(verb, at, err)
}

// inspect looks at the image of a disk outside of the transaction, and gives its virtual
// size in bytes.
func (r *room) inspect(call *engine.Call, at spot, disk model.ID, lies stretch) (int64, error) {
	size, err := engine.Outside(call, "image "+string(disk), func(ctx context.Context) (int64, error) {
		file, _, err := r.openArchive(at)
		if err != nil {
			return 0, err
		}
		defer file.Close()
		return r.Images.InspectStretch(ctx, lies.of(file))
	})
	if engine.IsOutside(err) {
		return 0, err
	}
	return size, r.unpackFault(call.Verb, at, err)
}

// beginUnpack records the VM or template with its disks, locked until they are there.
// What others have written has no identity that is to be kept: it becomes a new one.
func (r *room) beginUnpack(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	found, err := r.lookInto(tx, call)
	if err != nil {
		return nil, err
	}
	params := unpackParams(call)
	if isTemplate := found.document.Template != nil; isTemplate != (call.On == model.KindExternalTemplate) {
		what := map[bool]string{true: "a template", false: "a VM"}[isTemplate]
		return nil, fault.New(fault.Invalid, call.Verb, params.Spot.Name+" holds "+what+".")
	}
	params.ID, params.Digest, params.Lies = found.document.ID(), found.digest, found.lies
	params.Clone = params.Clone || found.document.Foreign
	if params.New == "" && params.Clone {
		params.New = model.NewID()
	} else if params.New == "" {
		params.New = params.ID
	}
	document, err := r.adopted(tx, call, copyOf(found.document.Document))
	if err != nil {
		return nil, err
	}
	if document.VM != nil {
		document.VM.Template = model.BlankID // its disks stand alone
	}
	for i := range document.Disks {
		disk := &document.Disks[i]
		virtual, err := r.inspect(call, params.Spot, disk.ID, params.Lies[disk.ID])
		if err != nil {
			return nil, err
		}
		disk.ProvisionedSize, disk.ActualSize = virtual, params.Lies[disk.ID].Size
		if params.Preallocate != nil {
			if disk.Sparse = !*params.Preallocate; *params.Preallocate {
				disk.Format, disk.ActualSize = model.DiskRaw, virtual
			}
		}
	}
	holds := []model.Ref{exportedRef(params.New)}
	if err := r.Free(tx, call, append(holds, model.Ref{Kind: model.KindVM, ID: params.New}, model.Ref{Kind: model.KindTemplate, ID: params.New})...); err != nil {
		return nil, err
	}
	call.Holds = holds
	about := aboutCall(call)
	about.Detail = "the OVA file " + r.path(params.Spot)
	return r.record(tx, call, nil, document, about)
}

// fromArchive is where something comes from, in events.
func (r *room) fromArchive(w *job.Work) string {
	var params UnpackParams
	_ = w.Params(&params) // the steps have read them
	return "the OVA file " + r.path(params.Spot)
}
