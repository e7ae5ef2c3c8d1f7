package ovf

import (
	"cmp"
	"net"
	"slices"
	"strconv"
	"strings"

	"vireo/internal/model"
)

// itemReaders are the devices by their ResourceType; others are passed over, and disks
// are read by themselves.
var itemReaders = map[string]func(*reader, *element) error{
	"3": (*reader).readCPU, "4": (*reader).readMemory, "10": (*reader).readNIC, "15": (*reader).readMedium,
	"20": (*reader).readVideo, "32768": (*reader).readVideo, "23": (*reader).readUSB, "26": (*reader).readGraphics,
	"0": (*reader).readOther,
}

func (r *reader) readHardware(section *element) error {
	for _, item := range section.children {
		if item.name != "Item" {
			continue
		}
		if read := itemReaders[item.word("ResourceType")]; read != nil {
			if err := read(r, item); err != nil {
				return err
			}
		}
	}
	return nil
}

// mostCPUs is more than any guest has.
const mostCPUs = 4096

func (r *reader) readCPU(item *element) error {
	topology := &r.document.Config().CPU.Topology
	for name, field := range map[string]*int{
		"num_of_sockets": &topology.Sockets, "cpu_per_socket": &topology.Cores, "threads_per_cpu": &topology.Threads,
	} {
		value, err := number(name, item.word(name), 0, mostCPUs)
		if err != nil {
			return err
		}
		*field = max(int(value), 1)
	}
	if topology.Count() > mostCPUs {
		return invalid("it has %d CPUs", topology.Count())
	}
	return nil
}

// units are how texts name what memory is counted in; the dialect's own is the first.
var units = words[int64]{{megabyte, "MegaBytes"}, {megabyte, "byte * 2^20"}, {megabyte, ""}, {gigabyte, "GigaBytes"}, {gigabyte, "byte * 2^30"}}

func (r *reader) readMemory(item *element) error {
	unit, ok := units.read(item.word("AllocationUnits"))
	if !ok {
		return invalid("memory is counted in %.32q", item.word("AllocationUnits"))
	}
	value, err := number("the memory", item.word("VirtualQuantity"), 0, mostMemory*megabyte/unit)
	r.document.Config().Memory = value * unit
	return err
}

// mostNICs is how many a text may have.
const mostNICs = 256

func (r *reader) readNIC(item *element) error {
	c := r.document.Config()
	if len(c.NICs) >= mostNICs {
		return invalid("it has more than %d NICs", mostNICs)
	}
	nic := model.NIC{Name: item.word("Name"), Network: model.ID(item.word("Connection")), Linked: true, Plugged: true}
	if max(len(nic.Name), len(nic.Network)) > longestName {
		return invalid("a name is longer than %d bytes", longestName)
	}
	var ok bool
	if nic.Interface, ok = nicInterfaces.read(item.word("ResourceSubType")); !ok {
		nic.Interface = model.NICVirtio
	}
	// Converters and old engines count them; they get an id that is always the same.
	id, err := model.ParseID(cmp.Or(item.word("InstanceId"), item.word("InstanceID")))
	if err != nil {
		id = derived(r.document.ID(), "nic "+strconv.Itoa(len(c.NICs)))
	}
	nic.ID = id
	if slices.ContainsFunc(c.NICs, func(other model.NIC) bool { return other.ID == id }) {
		return invalid("the NIC %s is there twice", id)
	}
	if text := item.word("MACAddress"); text != "" {
		mac, err := net.ParseMAC(text)
		if err != nil || len(mac) != 6 {
			return invalid("the address of a NIC is %.32q", text)
		}
		nic.MAC = mac.String()
	}
	if err := readFlag(&nic.Linked, "Linked", item.word("Linked")); err != nil {
		return err
	}
	if err := readFlag(&nic.Plugged, "IsPlugged", item.word("IsPlugged")); err != nil {
		return err
	}
	c.NICs = append(c.NICs, nic)
	return nil
}

func (r *reader) readMedium(item *element) error {
	medium := item.first("SpecParams").word("path")
	if len(medium) > longestName {
		return invalid("a name is longer than %d bytes", longestName)
	}
	if medium != "" {
		r.document.Config().CDROM = medium
	}
	return nil
}

func (r *reader) readUSB(item *element) error {
	if policy, ok := usbPolicies.read(item.word("UsbPolicy")); ok {
		r.document.Config().USB = policy
	}
	return nil
}

func (r *reader) readVideo(item *element) error {
	display := &r.document.Config().Display
	monitors, err := number("the monitors", item.word("VirtualQuantity"), 0, 64)
	if err != nil {
		return err
	}
	display.Monitors = max(int(monitors), 1)
	single := item.word("SinglePciQxl")
	if single == "" {
		single = item.word("SinglePCI")
	}
	return readFlag(&display.SingleQXLPCI, "SinglePciQxl", single)
}

// readGraphics prefers SPICE, of a VM that has both.
func (r *reader) readGraphics(item *element) error {
	display := &r.document.Config().Display
	if kind, ok := graphics.read(item.word("Device")); ok && display.Type != model.DisplaySPICE {
		display.Type = kind
	}
	return nil
}

func (r *reader) readOther(item *element) error {
	kind, device := item.word("Type"), item.word("Device")
	for _, each := range switches {
		if each.kind == kind && (each.model == device || kind == "sound") {
			*each.field(r.document.Config()) = true
		}
	}
	if kind != "rng" {
		return nil
	}
	parameters := item.first("SpecParams")
	bytes, err := number("bytes", parameters.word("bytes"), 0, 1<<31-1)
	if err != nil {
		return err
	}
	period, err := number("period", parameters.word("period"), 0, 1<<31-1)
	if err != nil {
		return err
	}
	source := strings.ToLower(parameters.word("source"))
	if source != "hwrng" {
		source = "random" // what others are called, all hosts have under this name
	}
	r.document.Config().RNG = &model.RNGDevice{Source: source, Bytes: int(bytes), Period: int(period)}
	return nil
}
