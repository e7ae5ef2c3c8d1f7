package ovf

import (
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"vireo/internal/model"
)

// Archived is what the text of an OVA says.
type Archived struct {
	*Document
	// Images are the files of the disks, in the order of Document.Disks.
	Images []Image
	// Foreign says that another program than oVirt or this one has written it, such as
	// VMware's or VirtualBox: it has no ids that mean anything here, and hardware that
	// was translated.
	Foreign bool
}

// Image is the file of a disk.
type Image struct {
	Disk model.ID
	// File is its name, as the text gives it.
	File string
	// VMDK says that it is one; else it is qcow2.
	VMDK bool
}

// ReadArchived reads the text of an OVA. Every error wraps [ErrInvalid].
func ReadArchived(source io.Reader) (*Archived, error) {
	text, err := io.ReadAll(io.LimitReader(source, longestText+1))
	if err != nil {
		return nil, invalid("it cannot be read: %v", err)
	}
	top, err := parse(text)
	if err != nil {
		return nil, err
	}
	system := top.first("VirtualSystem")
	if system == nil {
		return nil, invalid("it describes no virtual system, or several ones")
	}
	out := &Archived{Foreign: system.first("TemplateId") == nil}
	r := &reader{archive: out}
	if out.Foreign {
		err = r.readForeign(top, system)
	} else {
		err = r.readTop(top)
	}
	if err != nil {
		return nil, err
	}
	out.Document = &r.document
	out.Snapshots = nil
	return out, nil
}

// mostArchived is how many disks an archive may have.
const mostArchived = 32

// readArchivedDisks reads the disks of an archive, where each is one file.
func (r *reader) readArchivedDisks(top, hardware *element) error {
	section := top.section("DiskSection")
	if section == nil {
		return nil
	}
	files, items := filesByID(top), itemsByDisk(hardware)
	used := map[string]bool{}
	for _, e := range section.children {
		if e.name != "Disk" {
			continue
		}
		if len(r.document.Disks) >= mostArchived {
			return invalid("it has more than %d disks", mostArchived)
		}
		name := e.attribute("diskId")
		file := files[e.attribute("fileRef")]
		href := file.attribute("href")
		switch {
		case file == nil || href == "" || len(href) > longestName:
			return invalid("the disk %.64q has no file", name)
		case used[href] || used["disk "+name]:
			return invalid("the disk %.64q, or its file %.64q, is there twice", name, href)
		case e.attribute("parentRef") != "":
			return invalid("the disk %.64q stands on another one", name)
		case file.attribute("compression") != "" && file.attribute("compression") != "identity" || file.attribute("chunkSize") != "":
			return invalid("the file %.64q is compressed, or cut into pieces", href)
		}
		used[href], used["disk "+name] = true, true
		image, err := r.readArchivedDisk(e, items[name], name, e.attribute("fileRef"))
		if err != nil {
			return err
		}
		image.File = href
		r.archive.Images = append(r.archive.Images, image)
	}
	return nil
}

func (r *reader) readArchivedDisk(e, item *element, name, file string) (Image, error) {
	read := &entry{place: place{group: r.idOr(name, "disk "), id: r.idOr(file, "file ")}}
	var image Image
	var err error
	if read.size, err = readCapacity(e); err != nil {
		return image, err
	}
	format := strings.ToLower(e.attribute("format"))
	if r.archive.Foreign {
		image.VMDK = strings.Contains(format, "vmdk")
		if !image.VMDK && !strings.Contains(format, "qcow") {
			return image, invalid("the disk %.64q is of the format %.100q, and only VMDK and qcow2 can be read", name, e.attribute("format"))
		}
		read.disk = model.Disk{ID: read.group, Volume: read.id, Format: model.DiskCOW, Sparse: true, ProvisionedSize: read.size, Interface: r.interfaceOf(item)}
		read.disk.Bootable = len(r.document.Disks) == 0
		read.attachment = model.DiskAttachment{Disk: read.group, Interface: read.disk.Interface, Bootable: read.disk.Bootable, Active: true}
	} else {
		if err := read.readDisk(e); err != nil {
			return image, err
		}
		if err := read.readItem(item); err != nil {
			return image, err
		}
		read.disk.StorageDomain, read.disk.ActualSize = "", 0
	}
	image.Disk = read.group
	r.document.Disks = append(r.document.Disks, read.disk)
	r.attachments = append(r.attachments, read.attachment)
	return image, nil
}

// idOr is an id that a text has, or one that is made for its name.
func (r *reader) idOr(text, use string) model.ID {
	if id, err := model.ParseID(text); err == nil {
		return id
	}
	return derived(r.document.ID(), use+text)
}

func filesByID(top *element) map[string]*element {
	out := map[string]*element{}
	if references := top.first("References"); references != nil {
		for _, e := range references.children {
			if e.name == "File" && e.attribute("id") != "" {
				out[e.attribute("id")] = e
			}
		}
	}
	return out
}

// itemsByDisk are the disks among the hardware, by ids: ovf:/disk/ID, or /disk/ID.
func itemsByDisk(hardware *element) map[string]*element {
	out := map[string]*element{}
	for _, e := range hardware.children {
		if where := e.word("HostResource"); e.name == "Item" && strings.Contains(where, "/disk/") {
			out[where[strings.LastIndexByte(where, '/')+1:]] = e
		}
	}
	return out
}

// byteUnits are bytes, or powers of two of them (DSP0004 annex C).
var byteUnits = regexp.MustCompile(`^bytes?(?: ?\* ?2 ?\^ ?([0-9]{1,2}))?$`)

// readCapacity reads the virtual size of a disk, in bytes.
func readCapacity(e *element) (int64, error) {
	shift := 0
	if unit := strings.Join(strings.Fields(strings.ToLower(e.attribute("capacityAllocationUnits"))), " "); unit != "" {
		parts := byteUnits.FindStringSubmatch(unit)
		if parts == nil {
			return 0, invalid("the capacity of a disk is counted in %.32q", unit)
		}
		shift, _ = strconv.Atoi(parts[1]) // none is 0
	}
	value, err := number("the capacity of a disk", e.attribute("capacity"), 0, largest>>min(shift, 50))
	return value << min(shift, 50), err
}

// readForeign reads what other programs write, which is DMTF's own form.
func (r *reader) readForeign(top, system *element) error {
	hardware := system.section("VirtualHardwareSection")
	if hardware == nil {
		return invalid("it names no hardware")
	}
	name := system.attribute("id")
	r.document.VM = &model.VM{ID: derived(model.BlankID, "foreign "+name)}
	kind := system.section("OperatingSystemSection")
	if kind == nil {
		kind = node("OperatingSystemSection")
	}
	if err := r.readConfig(node("", leaf("Name", system.word("Name"))), kind); err != nil {
		return err
	}
	c := r.document.Config()
	if c.Name == "" {
		c.Name = name
	}
	if len(c.Name) > longestName {
		return invalid("a name is longer than %d bytes", longestName)
	}
	c.OS.Type, c.Display.Type, c.Type, c.VirtioSCSI = foreignOS(kind), model.DisplayVNC, model.VMTypeServer, true
	r.hardware = hardware
	for _, item := range hardware.children {
		if item.name != "Item" {
			continue
		}
		if err := r.readForeignItem(item); err != nil {
			return err
		}
	}
	if c.Memory == 0 {
		return invalid("it says nothing of the memory")
	}
	if err := r.readArchivedDisks(top, hardware); err != nil {
		return err
	}
	c.Disks = nothing(r.attachments)
	return nil
}

func (r *reader) readForeignItem(item *element) error {
	c := r.document.Config()
	switch item.word("ResourceType") {
	case "3":
		count, err := number("the CPUs", item.word("VirtualQuantity"), 1, mostCPUs)
		c.CPU.Topology.Sockets = max(int(count), 1)
		return err
	case "4":
		unit := strings.Join(strings.Fields(item.word("AllocationUnits")), " ")
		parts := byteUnits.FindStringSubmatch(strings.ToLower(unit))
		if parts == nil {
			return r.readMemory(item)
		}
		shift, _ := strconv.Atoi(parts[1]) // none is 0
		value, err := number("the memory", item.word("VirtualQuantity"), 0, (mostMemory*megabyte)>>min(shift, 60))
		c.Memory = value << min(shift, 60) / megabyte * megabyte
		return err
	case "10":
		return r.readForeignNIC(item)
	}
	return nil
}

func (r *reader) readForeignNIC(item *element) error {
	c := r.document.Config()
	number := len(c.NICs) + 1
	nic := model.NIC{
		ID: derived(r.document.ID(), "nic "+strconv.Itoa(number)), Name: "nic" + strconv.Itoa(number),
		Network: model.ID(item.word("Connection")), Interface: model.NICE1000, Linked: true, Plugged: true,
	}
	if number > mostNICs || len(nic.Network) > longestName {
		return invalid("it has more than %d NICs, or a name is longer than %d bytes", mostNICs, longestName)
	}
	switch kind := strings.ToLower(item.word("ResourceSubType")); {
	case strings.Contains(kind, "virtio"):
		nic.Interface = model.NICVirtio
	case strings.Contains(kind, "8139"):
		nic.Interface = model.NICRTL8139
	}
	c.NICs = append(c.NICs, nic)
	return nil
}

// mostIDE is how many disks find room beside the CD drive.
const mostIDE = 3

// interfaceOf follows a disk to its controller. What is not virtio becomes IDE, which
// guests of other hypervisors have drivers for.
func (r *reader) interfaceOf(item *element) model.DiskInterface {
	for _, controller := range r.hardware.children {
		if item == nil || controller.word("InstanceID") != item.word("Parent") {
			continue
		}
		if strings.Contains(strings.ToLower(controller.word("ResourceSubType")), "virtio") {
			return model.DiskVirtioSCSI
		}
	}
	ide := 0
	for _, attachment := range r.attachments {
		if attachment.Interface == model.DiskIDE {
			ide++
		}
	}
	if ide >= mostIDE {
		return model.DiskVirtioSCSI
	}
	return model.DiskIDE
}

// foreignOS knows systems by their numbers, and Windows and Linux by their descriptions.
func foreignOS(section *element) string {
	number, err := strconv.Atoi(section.attribute("id"))
	if at := slices.IndexFunc(systems, func(s system) bool { return s.dmtf == number && s.dmtf != 1 }); err == nil && at >= 0 {
		return systems[at].name
	}
	// 36 is Linux, and what follows 79 and 93 are distributions of it.
	if linux := number >= 79 && number <= 85 || number >= 89 && number <= 101 || number >= 106 && number <= 109; linux {
		return "other_linux"
	}
	if strings.Contains(strings.ToLower(section.word("Description")), "linux") {
		return "other_linux"
	}
	return "other"
}
