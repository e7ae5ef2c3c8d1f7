package ovf

import (
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"vireo/internal/model"
)

// Read reads a text that this package, an engine of version 3 or 4, or a converter has
// written for a storage domain. Every error wraps [ErrInvalid]; one of the source itself
// does so, too.
func Read(source io.Reader) (*Document, error) {
	text, err := io.ReadAll(io.LimitReader(source, longestText+1))
	if err != nil {
		return nil, invalid("it cannot be read: %v", err)
	}
	r := &reader{}
	if err := r.read(text); err != nil {
		return nil, err
	}
	return &r.document, nil
}

// reader holds what is being read.
type reader struct {
	document Document
	// inner says that it is the configuration of a snapshot, which has none of its own.
	inner bool
	// states are the volumes that hold what disks held at snapshots.
	states map[stateOf]model.ID
	// attachments are those of the disks that were read, in their order.
	attachments []model.DiskAttachment
	// archive is what the text of an archive says beside the document, and hardware its
	// devices; nil in other texts.
	archive  *Archived
	hardware *element
}

type stateOf struct{ snapshot, disk model.ID }

func (r *reader) read(text []byte) error {
	top, err := parse(text)
	if err != nil {
		return err
	}
	return r.readTop(top)
}

func (r *reader) readTop(top *element) error {
	content := top.first("Content")
	if content == nil {
		content = top.first("VirtualSystem")
	}
	if content == nil {
		return invalid("it has no Content")
	}
	system, hardware := content.section("OperatingSystemSection"), content.section("VirtualHardwareSection")
	if system == nil || hardware == nil {
		return invalid("it names no operating system, or no hardware")
	}
	if err := r.readIdentity(content, system); err != nil {
		return err
	}
	if err := r.readConfig(content, system); err != nil {
		return err
	}
	if err := r.readHardware(hardware); err != nil {
		return err
	}
	readDisks := r.readDisks
	if r.archive != nil {
		readDisks = r.readArchivedDisks
	}
	if err := readDisks(top, hardware); err != nil {
		return err
	}
	r.document.Config().Disks = nothing(r.attachments)
	if r.inner || r.archive != nil {
		return nil
	}
	return r.readSnapshots(content.section("SnapshotsSection"))
}

// readIdentity tells a template from a VM: only templates have a type.
func (r *reader) readIdentity(content, system *element) error {
	id := system.attribute("id")
	if _, err := model.ParseID(id); err != nil {
		id = content.attribute("id") // where texts for single files have it
	}
	self, err := readID("the id", id)
	if err != nil {
		return err
	}
	d, created := &r.document, readDate(content.word("CreationDate"))
	d.Exported = readDate(content.word("ExportDate"))
	d.Cluster, d.TemplateName = content.word("ClusterName"), content.word("TemplateName")
	if max(len(d.Cluster), len(d.TemplateName)) > longestName {
		return invalid("a name is longer than %d bytes", longestName)
	}
	if content.first("TemplateType") == nil {
		d.VM = &model.VM{ID: self, CreationTime: created}
		d.VM.Template, err = optionalID("TemplateId", content.word("TemplateId"))
		return err
	}
	number, err := number("TemplateVersionNumber", content.word("TemplateVersionNumber"), 0, 1<<31-1)
	if err != nil {
		return err
	}
	base, err := optionalID("BaseTemplateId", content.word("BaseTemplateId"))
	if base == "" || base == model.BlankID {
		base = self
	}
	d.TemplateName = ""
	d.Template = &model.Template{
		ID: self, CreationTime: created, Base: base, VersionName: content.word("TemplateVersionName"), VersionNumber: max(int(number), 1),
	}
	if len(d.Template.VersionName) > longestName {
		return invalid("a name is longer than %d bytes", longestName)
	}
	return err
}

// longestName is far more than any name has.
const longestName = 1024

// readConfig reads the plain settings on top of what holds where a text says nothing.
func (r *reader) readConfig(content, kind *element) error {
	c := r.document.Config()
	c.Name = content.word("Name")
	if len(c.Name) > longestName {
		return invalid("a name is longer than %d bytes", longestName)
	}
	c.Type, c.MigrationDowntime, c.Placement.Affinity = model.VMTypeDesktop, -1, model.AffinityMigratable
	c.OS.Boot = []model.BootDevice{model.BootHardDisk}
	c.OS.Type = readOS(kind.word("Description"))
	if number, err := strconv.Atoi(kind.attribute("ovirt:id")); err == nil && c.OS.Type == "other" {
		if at := slices.IndexFunc(systems, func(s system) bool { return s.ovirt == number }); at >= 0 {
			c.OS.Type = systems[at].name // archives have names for people as the description
		}
	}
	c.CPU.Topology = model.Topology{Sockets: 1, Cores: 1, Threads: 1}
	c.Display = model.Display{
		Monitors: 1, FileTransferEnabled: true, CopyPasteEnabled: true, DisconnectAction: model.DisconnectLockScreen,
	}
	for _, name := range []string{"DefaultDisplayType", "default_display_type"} {
		if display, ok := videos.read(content.word(name)); ok {
			c.Display.Type = display
		}
	}
	for _, property := range properties {
		if child := content.first(property.name); child != nil {
			if err := property.read(c, child.text); err != nil {
				return err
			}
		}
	}
	for _, child := range content.children {
		if child.name != "DedicatedVmForVds" || strings.TrimSpace(child.text) == "" {
			continue
		}
		host, err := readID("DedicatedVmForVds", strings.TrimSpace(child.text))
		if err != nil || len(c.Placement.Hosts) > mostGuestThings {
			return invalid("the hosts are no ids, or more than %d", mostGuestThings)
		}
		c.Placement.Hosts = append(c.Placement.Hosts, host)
	}
	var err error
	c.Initialization, err = readInitialization(content.first("VmInit"))
	return err
}

func readOS(name string) string {
	if ours, ok := osNames.read(name); ok {
		return ours
	}
	if len(name) > 64 || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "other"
	}
	return name
}

// readID wants a UUID.
func readID(what, text string) (model.ID, error) {
	id, err := model.ParseID(text)
	if err != nil {
		return "", invalid("%s: %v", what, err)
	}
	return id, nil
}

// optionalID is empty for none.
func optionalID(what, text string) (model.ID, error) {
	if text == "" {
		return "", nil
	}
	return readID(what, text)
}

// readDate reads a date; what is none is no time.
func readDate(text string) time.Time {
	read, err := time.ParseInLocation(dateLayout, text, time.UTC)
	if err != nil {
		return time.Time{}
	}
	return read
}
