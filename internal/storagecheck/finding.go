package storagecheck

import (
	"cmp"

	"vireo/internal/model"
)

// Finding is something that is not as it must be.
type Finding struct {
	Kind Kind `json:"kind"`
	// Severity is warning for what costs space or is untidy, error for what does harm.
	Severity model.Severity `json:"severity"`
	// Domain is the name of the storage domain, Path a path within it; empty for what
	// is wrong with records alone.
	Domain string `json:"storage_domain,omitempty"`
	Path   string `json:"path,omitempty"`
	// Object is what is concerned, as people know it: "disk web1_Disk1".
	Object string `json:"object,omitempty"`
	// What is a sentence for what is wrong, Do for what to do.
	What string `json:"what"`
	Do   string `json:"do"`
}

// Kind is a sort of finding.
type Kind string

// The sorts of findings.
const (
	DomainUnavailable Kind = "domain_unavailable"
	VolumeMissing     Kind = "volume_missing"
	VolumeUnknown     Kind = "volume_unknown"
	GroupUnknown      Kind = "group_unknown"
	OverlayLeft       Kind = "overlay_left"
	ImageWrong        Kind = "image_wrong"
	ChainWrong        Kind = "chain_wrong"
	SizeWrong         Kind = "size_wrong"
	LinkLost          Kind = "link_lost"
	MetadataMissing   Kind = "metadata_missing"
	MetadataWrong     Kind = "metadata_wrong"
	TemporaryLeft     Kind = "temporary_left"
	RemovalLeft       Kind = "removal_left"
	Strange           Kind = "strange_file"
	DescriptionLeft   Kind = "description_left"
	LockLeft          Kind = "lock_left"
	RecordDangling    Kind = "record_dangling"
)

// kinds say how bad a sort of finding is and what to do.
var kinds = map[Kind]struct {
	severity model.Severity
	do       string
}{
	DomainUnavailable: {model.SeverityWarning, "Bring the storage domain back and check again."},
	VolumeMissing:     {model.SeverityError, "Put the file back from a backup, or remove the disk or VM with force."},
	VolumeUnknown:     {model.SeverityWarning, "Look at what it holds; when nobody needs it, delete the file and its .meta and .lease."},
	GroupUnknown:      {model.SeverityWarning, "Register the disk or VM again, or delete the folder when nobody needs it."},
	OverlayLeft:       {model.SeverityWarning, "Delete the file and its .meta and .lease: the run that wrote it is over."},
	ImageWrong:        {model.SeverityError, "Do not start a VM with it; put the file back from a backup."},
	ChainWrong:        {model.SeverityError, "Do not start a VM with it; put the files of the disk back from a backup."},
	SizeWrong:         {model.SeverityError, "Grow the disk through the API to the larger of the two sizes."},
	LinkLost:          {model.SeverityWarning, "Nothing is broken; it takes up its space a second time."},
	MetadataMissing:   {model.SeverityWarning, "The engine does not need it to run VMs; other engines do to take the domain over. Write it as docs/storage-check.md says."},
	MetadataWrong:     {model.SeverityWarning, "The database counts; correct the key in the .meta file."},
	TemporaryLeft:     {model.SeverityWarning, "Restart the engine, which removes it, or delete it."},
	RemovalLeft:       {model.SeverityWarning, "Restart the engine, which removes it, or remove the disk again."},
	Strange:           {model.SeverityWarning, "The engine did not put it there; move it away."},
	DescriptionLeft:   {model.SeverityWarning, "Register the VM, or delete the folder when nobody needs it."},
	LockLeft:          {model.SeverityError, "Remove it with force, or restart the engine and check again."},
	RecordDangling:    {model.SeverityError, "Remove the object that names it."},
}

func found(kind Kind, domain, path, object, what string) Finding {
	line := kinds[kind]
	return Finding{Kind: kind, Severity: line.severity, Domain: domain, Path: path, Object: object, What: what, Do: line.do}
}

// order sorts the worst first, then by place.
func order(a, b Finding) int {
	return cmp.Or(
		cmp.Compare(a.Severity, b.Severity), // "error" comes before "warning"
		cmp.Compare(a.Domain, b.Domain), cmp.Compare(a.Path, b.Path),
		cmp.Compare(a.Object, b.Object), cmp.Compare(a.What, b.What),
	)
}
