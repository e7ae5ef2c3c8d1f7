package ovf

import (
	"bytes"
	"strconv"
	"strings"

	"vireo/internal/model"
)

// The namespaces of a text in an archive, which keeps to DMTF's form where that of a
// storage domain does not.
const (
	namespaceArchive = "http://schemas.dmtf.org/ovf/envelope/1"
	namespaceOvirt   = "http://www.ovirt.org/ovf"
)

// WriteArchived is the text of a document as it stands in an OVA of oVirt 4.2 and later
// (file vm.ovf or template.ovf): each disk, which must stand alone, is the file that is
// called as its volume, a qcow2 image of so many bytes whatever its format here is.
// Snapshots are not in it.
func WriteArchived(d *Document, sizes map[model.ID]int64) []byte {
	alone := *d
	alone.Snapshots, alone.DataCenter = nil, ""
	volumes := alone.volumes()
	system := node("VirtualSystem", alone.content(volumes)...).with("ovf:id", string(d.ID()))
	top := node("ovf:Envelope", archivedFiles(volumes, sizes), networkSection(d.Config()), archivedDisks(volumes, sizes), system)
	for _, each := range top.children {
		each.standardize()
	}
	system.toArchive(d, volumes)
	top.with("xmlns", namespaceArchive, "xmlns:ovf", namespaceArchive, "xmlns:rasd", namespaceRASD, "xmlns:vssd", namespaceVSSD,
		"xmlns:xsi", namespaceXSI, "xmlns:ovirt", namespaceOvirt, "ovf:version", version)
	out := bytes.NewBufferString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	top.write(out, "")
	return out.Bytes()
}

func archivedFiles(volumes []volume, sizes map[model.ID]int64) *element {
	out := node("References")
	for _, v := range volumes {
		out.add(node("File").with("ovf:href", string(v.id), "ovf:id", string(v.id), "ovf:size", strconv.FormatInt(sizes[v.disk.ID], 10)))
	}
	return out
}

// archivedDisks counts in whole gigabytes: readers of oVirt look at no unit.
func archivedDisks(volumes []volume, sizes map[model.ID]int64) *element {
	out := section("DiskSection", "List of Virtual Disks")
	for _, v := range volumes {
		disk := v.entry("").without("ovf:size", "ovf:actual_size", "ovf:vm_snapshot_id", "ovf:diskId", "ovf:fileRef", "ovf:parentRef")
		out.add(disk.with(
			"ovf:diskId", string(v.disk.ID), "ovf:capacity", gigabytes(v.size), "ovf:capacityAllocationUnits", "byte * 2^30",
			"ovf:populatedSize", strconv.FormatInt(sizes[v.disk.ID], 10), "ovf:parentRef", "", "ovf:fileRef", string(v.id),
			"ovf:description", v.description, "ovf:disk_storage_type", "IMAGE", "ovf:cinder_volume_type", ""))
	}
	return out
}

// without takes attributes away.
func (e *element) without(names ...string) *element {
	kept := e.attributes[:0]
	for _, each := range e.attributes {
		if !strings.Contains(" "+strings.Join(names, " ")+" ", " "+each.name+" ") {
			kept = append(kept, each)
		}
	}
	e.attributes = kept
	return e
}

// standardize calls a Section by its type, in the manner of DMTF.
func (e *element) standardize() {
	const before, after = "ovf:", "_Type"
	for _, child := range e.children {
		child.standardize()
	}
	for _, each := range e.attributes {
		if each.name == "xsi:type" && e.name == "Section" {
			e.name = strings.TrimSuffix(strings.TrimPrefix(each.value, before), after)
			e.without("xsi:type")
			return
		}
	}
}

// toArchive changes what is said otherwise in an archive: where a disk is, which system
// the guest has, what an instance is called. The state of snapshots is left out.
func (e *element) toArchive(d *Document, volumes []volume) {
	disks := map[string]string{}
	for _, v := range volumes {
		disks[v.path()] = "ovf:/disk/" + string(v.disk.ID)
	}
	kept := e.children[:0]
	for _, child := range e.children {
		switch child.name {
		case "SnapshotsSection":
			continue
		case "OperatingSystemSection":
			known := systemOf(d.Config().OS.Type)
			child.attributes = nil
			child.with("ovf:id", strconv.Itoa(known.dmtf), "ovirt:id", strconv.Itoa(known.ovirt), "ovf:required", "false")
		case "VirtualHardwareSection":
			for _, item := range child.children {
				item.renameInstance(disks)
				if item.word("rasd:ResourceType") == "3" { // which others look at
					item.add(leaf("rasd:VirtualQuantity", strconv.Itoa(d.Config().CPU.Topology.Count())))
				}
			}
		}
		kept = append(kept, child)
	}
	e.children = kept
}

func (e *element) renameInstance(disks map[string]string) {
	kept := e.children[:0]
	for _, child := range e.children {
		switch child.name {
		case "rasd:InstanceId":
			child.name = "rasd:InstanceID"
		case "rasd:HostResource":
			if at, ok := disks[child.text]; ok {
				child.text = at
			}
		case "rasd:StorageId", "rasd:StoragePoolId", "rasd:Parent", "rasd:Template":
			continue // of no use elsewhere; a parent is a controller in DMTF's form
		}
		kept = append(kept, child)
	}
	e.children = kept
}

// system is how a guest's operating system is called: by us, by the number of oVirt, and
// by that of DMTF (CIM_OperatingSystem).
type system struct {
	name        string
	ovirt, dmtf int
}

// systems are the ones that both know; the first two stand for all others.
var systems = []system{
	{"other", 0, 1},
	{"other_linux", 5, 36},
	{"windows_xp", 1, 67},
	{"windows_2003", 3, 69},
	{"windows_2008", 4, 76},
	{"rhel_5", 7, 79},
	{"rhel_4", 8, 79},
	{"rhel_3", 9, 79},
	{"windows_2003x64", 10, 70},
	{"windows_7", 11, 105},
	{"windows_7x64", 12, 105},
	{"rhel_5x64", 13, 80},
	{"rhel_4x64", 14, 80},
	{"rhel_3x64", 15, 80},
	{"windows_2008x64", 16, 77},
	{"windows_2008R2x64", 17, 103},
	{"rhel_6", 18, 79},
	{"rhel_6x64", 19, 80},
	{"windows_8", 20, 114},
	{"windows_8x64", 21, 115},
	{"windows_2012x64", 23, 113},
	{"rhel_7x64", 24, 80},
	{"windows_2012R2x64", 25, 116},
	{"windows_10", 26, 120},
	{"windows_10x64", 27, 121},
}

func systemOf(name string) system {
	for _, each := range systems {
		if strings.EqualFold(each.name, name) {
			return each
		}
	}
	if name == "" || name == "other" || strings.HasPrefix(name, "windows") {
		return systems[0]
	}
	return systems[1]
}
