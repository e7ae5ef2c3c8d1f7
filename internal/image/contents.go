package image

import (
	"context"
	"time"

	"vireo/internal/model"
)

// Surveys say what really lies in a storage domain, for those who compare it with
// what is recorded, and remove what work that was killed has left.
type Surveys interface {
	// Contents lists a domain. It reads names and metadata, and no image.
	Contents(ctx context.Context, domain *model.StorageDomain) (Contents, error)
	// Inspect says what a volume is, taken for the format that was declared: it is
	// opened as nothing else, and what it stands on is not opened. The errors are those
	// of Images.Path.
	Inspect(ctx context.Context, domain *model.StorageDomain, group, volume model.ID, format model.DiskFormat) (Facts, error)
	// Sweep removes temporary files that were last written before a time, and image
	// groups whose removal was begun, but nothing of a group that keep wants kept. It
	// answers what it has removed, as paths within the domain.
	Sweep(ctx context.Context, domain *model.StorageDomain, before time.Time, keep func(group model.ID, removing bool) bool) ([]string, error)
}

// Contents is what lies in a storage domain. Names come from the disk and nothing
// in them has been believed. Paths are within the domain.
type Contents struct {
	Groups []Group
	// Removing are the ids of the groups whose removal was begun.
	Removing []model.ID
	// Described are the ids of the VMs and templates that the domain has a
	// description (OVF) of, and Mentioned the ids that these descriptions name.
	Described []model.ID
	Mentioned map[model.ID]bool
	// Temporary are the paths of files that somebody is making, or was; Strange of
	// what does not belong into a domain at all.
	Temporary, Strange []string
}

// Group is an image group.
type Group struct {
	ID      model.ID
	Volumes []FoundVolume
}

// FoundVolume is a volume as its names say it.
type FoundVolume struct {
	ID model.ID
	// Regular says that there is a regular file of that name; else there is only
	// metadata.
	Regular bool
	// Meta are the keys of its metadata; nil when there is none, or none that can be
	// read.
	Meta map[string]string
	// File names the file behind the name: two names with the same one are links to
	// each other.
	File string
}

// Facts is what a volume says of itself.
type Facts struct {
	// Size is its virtual size in bytes.
	Size int64
	// Backing is the name of what it stands on, and BackingFormat the format that it
	// takes that for; empty for a volume that stands alone.
	Backing       string
	BackingFormat model.DiskFormat
}
