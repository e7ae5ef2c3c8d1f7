package ovf

import (
	"bytes"
	"cmp"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"vireo/internal/model"
)

// version is what the text says of the engine that wrote it: the one whose dialect
// this is. Readers use it to tell the dialects of versions apart.
const version = "3.6.13.0"

// dateLayout is that of all dates, which are UTC.
const dateLayout = "2006/01/02 15:04:05"

// The namespaces of the prefixes (api-v3 3.12).
const (
	namespaceOVF  = "http://schemas.dmtf.org/ovf/envelope/1/"
	namespaceRASD = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData"
	namespaceVSSD = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData"
	namespaceXSI  = "http://www.w3.org/2001/XMLSchema-instance"
)

// Write is the text of a document, the same one for the same document.
func Write(d *Document) []byte {
	out := bytes.NewBufferString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	d.envelope().write(out, "")
	return out.Bytes()
}

func (d *Document) envelope() *element {
	volumes := d.volumes()
	return node("ovf:Envelope",
		references(d.Config(), volumes), networkSection(d.Config()), diskSection(volumes),
		node("Content", d.content(volumes)...).with("ovf:id", "out", "xsi:type", "ovf:VirtualSystem_Type"),
	).with("xmlns:ovf", namespaceOVF, "xmlns:rasd", namespaceRASD, "xmlns:vssd", namespaceVSSD, "xmlns:xsi", namespaceXSI,
		"ovf:version", version)
}

// section is a Section of one of the dialect's types, with its Info.
func section(kind, info string, children ...*element) *element {
	return node("Section", append([]*element{leaf("Info", info)}, children...)...).with("xsi:type", "ovf:"+kind+"_Type")
}

func networkSection(c *config) *element {
	out := section("NetworkSection", "List of networks")
	seen := map[model.ID]bool{}
	for _, nic := range c.NICs {
		if nic.Network != "" && !seen[nic.Network] {
			seen[nic.Network] = true
			out.add(node("Network").with("ovf:name", string(nic.Network)))
		}
	}
	return out
}

func (d *Document) content(volumes []volume) []*element {
	c := d.Config()
	out := []*element{leaf("CreationDate", date(d.Created())), leaf("ExportDate", date(d.Exported))}
	for _, property := range properties {
		if value, ok := property.show(c); ok {
			out = append(out, leaf(property.name, value))
		}
	}
	out = append(out, initialization(c.Initialization)...)
	for _, host := range c.Placement.Hosts {
		out = append(out, leaf("DedicatedVmForVds", string(host)))
	}
	if d.Cluster != "" {
		out = append(out, leaf("ClusterName", d.Cluster))
	}
	out = append(out, leaf("Name", c.Name))
	out = append(out, d.identity()...)
	video, _ := videos.written(c.Display.Type)
	out = append(out,
		leaf(d.displayWord(), video),
		section("OperatingSystemSection", "Guest Operating System", leaf("Description", c.OS.Type)).
			with("ovf:id", string(d.ID()), "ovf:required", "false"),
		d.hardware(volumes))
	if len(d.Snapshots) > 0 || d.VM != nil {
		out = append(out, d.snapshots())
	}
	return out
}

// identity is what only a VM or only a template has.
func (d *Document) identity() []*element {
	if t := d.Template; t != nil {
		return []*element{
			leaf("TemplateId", string(t.ID)), leaf("IsDisabled", "false"),
			leaf("TemplateType", "TEMPLATE"), leaf("BaseTemplateId", string(cmp.Or(t.Base, t.ID))),
			leaf("TemplateVersionNumber", strconv.Itoa(max(t.VersionNumber, 1))), leaf("TemplateVersionName", t.VersionName),
		}
	}
	template, name := cmp.Or(d.VM.Template, model.BlankID), d.TemplateName
	if template == model.BlankID {
		name = "Blank"
	}
	return []*element{
		leaf("TemplateId", string(template)), leaf("TemplateName", name), leaf("IsInitilized", "true"),
		leaf("OriginalTemplateId", string(template)), leaf("OriginalTemplateName", name),
	}
}

func (d *Document) displayWord() string {
	if d.Template != nil {
		return "default_display_type"
	}
	return "DefaultDisplayType"
}

// date is a time as the dialect writes it; empty for none.
func date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(dateLayout)
}

// derived is an id that the dialect wants and we do not keep: the same one for the
// same object and use.
func derived(of model.ID, use string) model.ID {
	return model.ID(uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "vireo %s %s", of, use)).String())
}
