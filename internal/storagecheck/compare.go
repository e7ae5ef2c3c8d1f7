package storagecheck

import (
	"context"
	"fmt"
	"path"
	"slices"

	"vireo/internal/image"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// comparison is of one storage domain.
type comparison struct {
	ctx       context.Context //nolint:containedctx // it lives as long as one look
	images    Images
	domain    *model.StorageDomain
	contents  image.Contents
	expected  expected
	busy      busy
	inventory *inventory.Inventory
	report    *Report
	// file names the file behind each volume that is there.
	file map[model.ID]map[model.ID]string
}

func (c *comparison) find(kind Kind, path, object, format string, args ...any) {
	c.report.Findings = append(c.report.Findings, found(kind, c.domain.Name, path, object, fmt.Sprintf(format, args...)))
}

func pathOf(group model.ID, name string) string { return path.Join("images", string(group), name) }

func (c *comparison) compare() {
	c.leftovers()
	c.file = make(map[model.ID]map[model.ID]string)
	for _, lying := range c.contents.Groups {
		c.file[lying.ID] = make(map[model.ID]string)
		for _, volume := range lying.Volumes {
			if volume.Regular {
				c.file[lying.ID][volume.ID] = volume.File
			}
		}
	}
	for _, lying := range c.contents.Groups {
		switch {
		case c.busy[lying.ID]:
		case c.domain.Type == model.StorageDomainExport:
			c.exported(lying)
		default:
			c.group(lying)
		}
	}
	for at, wanted := range c.expected {
		if at.domain != c.domain.ID || wanted.loose || c.busy[at.group] {
			continue
		}
		for id, volume := range wanted.volumes {
			if c.file[at.group][id] == "" && !c.busy[id] {
				c.find(VolumeMissing, pathOf(at.group, string(id)), volume.of, "The volume is recorded and not there.")
			}
		}
	}
}

// leftovers are what does not belong to any image.
func (c *comparison) leftovers() {
	for _, name := range c.contents.Temporary {
		if !c.busy[model.ID(path.Base(path.Dir(name)))] {
			c.find(TemporaryLeft, name, "", "A temporary file is there, and no job is at work on it.")
		}
	}
	for _, id := range c.contents.Removing {
		if disk, known := c.inventory.Disks.Get(id); known && disk.Status == model.DiskIllegal || c.busy[id] {
			continue // it can be removed again
		}
		c.find(RemovalLeft, path.Join("images", "_remove_me_"+string(id)), "", "A removal was begun and has not ended.")
	}
	for _, name := range c.contents.Strange {
		if !c.busy[model.ID(path.Base(path.Dir(name)))] {
			c.find(Strange, name, "", "It is nothing that belongs into a storage domain.")
		}
	}
	if c.domain.Type != model.StorageDomainData {
		return
	}
	for _, id := range c.contents.Described {
		_, isVM := c.inventory.VMs.Get(id)
		_, isTemplate := c.inventory.Templates.Get(id)
		if !isVM && !isTemplate && !c.busy[id] {
			c.find(DescriptionLeft, path.Join("master/vms", string(id)), "", "A VM or template is described here that does not exist.")
		}
	}
}

// group compares one image group with its record.
func (c *comparison) group(lying image.Group) {
	wanted := c.expected[place{c.domain.ID, lying.ID}]
	if wanted == nil {
		c.find(GroupUnknown, pathOf(lying.ID, ""), "", "The image group belongs to nothing that is recorded here%s.", saysOfItself(lying))
		return
	}
	for _, volume := range lying.Volumes {
		c.report.Volumes++
		expects, known := wanted.volumes[volume.ID]
		switch {
		case known && volume.Regular && !c.busy[volume.ID]:
			if !wanted.loose {
				c.volume(lying.ID, volume, expects)
			}
		case known || wanted.loose || c.busy[volume.ID]:
		case !volume.Regular:
			c.find(VolumeUnknown, pathOf(lying.ID, string(volume.ID)), wanted.of, "There is metadata, and no volume.")
		case c.isOverlay(lying.ID, volume):
			c.find(OverlayLeft, pathOf(lying.ID, string(volume.ID)), wanted.of, "What a stateless run has written is there, and the run is over.")
		default:
			c.find(VolumeUnknown, pathOf(lying.ID, string(volume.ID)), wanted.of, "The volume belongs to nothing that is recorded.")
		}
	}
}

// isOverlay says whether an unknown volume stands on the disk's own.
func (c *comparison) isOverlay(group model.ID, volume image.FoundVolume) bool {
	disk, known := c.inventory.Disks.Get(group)
	return known && volume.Meta["PUUID"] == string(disk.Volume)
}

// volume compares one volume with its record: the image, its chain, its metadata.
func (c *comparison) volume(group model.ID, lying image.FoundVolume, wanted expectation) {
	at := pathOf(group, string(lying.ID))
	if wanted.format != "" {
		facts, err := c.images.Inspect(c.ctx, c.domain, group, lying.ID, wanted.format)
		switch {
		case err != nil:
			c.find(ImageWrong, at, wanted.of, "It cannot be used as %s: %v", wanted.format, err)
		case wanted.detour != "" && facts.Backing == string(wanted.detour) && facts.BackingFormat == wanted.detourFormat:
		case facts.Backing != string(wanted.parent):
			c.find(ChainWrong, at, wanted.of, "It stands on %q and is recorded to stand on %q.", facts.Backing, wanted.parent)
		case facts.BackingFormat != wanted.parentFormat:
			c.find(ChainWrong, at, wanted.of, "It takes what it stands on for %q, which is %q.", facts.BackingFormat, wanted.parentFormat)
		case wanted.size != 0 && facts.Size != wanted.size:
			c.find(SizeWrong, at, wanted.of, "It has %d bytes and %d are recorded.", facts.Size, wanted.size)
		}
	}
	if wanted.link != "" && lying.File != c.file[wanted.link][lying.ID] {
		c.find(LinkLost, at, wanted.of, "It is no link to the volume of the template.")
	}
	c.metadata(at, group, lying, wanted)
}

var words = map[model.DiskFormat]string{model.DiskCOW: "COW", model.DiskRaw: "RAW"}

// metadata compares the keys that the records know. That of a template's volume may
// be the template's own.
func (c *comparison) metadata(at string, group model.ID, lying image.FoundVolume, wanted expectation) {
	if lying.Meta == nil {
		c.find(MetadataMissing, at+".meta", wanted.of, "The metadata of the volume is missing or cannot be read.")
		return
	}
	parent := wanted.parent
	if parent == "" {
		parent = model.BlankID
	}
	groups := []string{string(group)}
	if wanted.link != "" {
		groups = append(groups, string(wanted.link))
	}
	for _, each := range []struct {
		key     string
		compare bool
		wants   []string
	}{
		{"DOMAIN", true, []string{string(c.domain.ID)}},
		{"IMAGE", true, groups},
		{"VOLTYPE", len(wanted.kinds) > 0, wanted.kinds},
		{"FORMAT", wanted.format != "", []string{words[wanted.format]}},
		{"PUUID", wanted.format != "" && wanted.detour == "", []string{string(parent)}},
		{"SIZE", wanted.size != 0, []string{fmt.Sprint((wanted.size + sector - 1) / sector)}},
	} {
		if each.compare && !slices.Contains(each.wants, lying.Meta[each.key]) {
			c.find(MetadataWrong, at+".meta", wanted.of, "%s is %q and must be %q.", each.key, lying.Meta[each.key], each.wants[0])
		}
	}
}

// sector is the unit of SIZE, in bytes.
const sector = 512

// exported checks an image group of an export domain, which has no record but its
// own description and metadata.
func (c *comparison) exported(lying image.Group) {
	if !c.contents.Mentioned[lying.ID] {
		c.find(GroupUnknown, pathOf(lying.ID, ""), "", "No exported VM or template has this image group%s.", saysOfItself(lying))
		return
	}
	formats := make(map[string]model.DiskFormat)
	for _, volume := range lying.Volumes {
		for format, word := range words {
			if volume.Meta["FORMAT"] == word {
				formats[string(volume.ID)] = format
			}
		}
	}
	for _, volume := range lying.Volumes {
		c.report.Volumes++
		at := pathOf(lying.ID, string(volume.ID))
		if !c.contents.Mentioned[volume.ID] {
			c.find(VolumeUnknown, at, "", "No exported VM or template has this volume%s.", saysOfItself(lying))
			continue
		}
		if !volume.Regular {
			c.find(VolumeMissing, at, "", "There is metadata, and no volume.")
			continue
		}
		parent := model.ID(volume.Meta["PUUID"])
		if parent == model.BlankID {
			parent = ""
		}
		c.volume(lying.ID, volume, expectation{
			format: formats[string(volume.ID)], parent: parent, parentFormat: formats[string(parent)],
		})
	}
}

// saysOfItself is what the metadata of a group says that it is.
func saysOfItself(lying image.Group) string {
	for _, volume := range lying.Volumes {
		if text := volume.Meta["DESCRIPTION"]; text != "" {
			return fmt.Sprintf("; it says of itself %.200q", text)
		}
	}
	return ""
}
