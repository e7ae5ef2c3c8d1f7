package ovf

import (
	"fmt"
	"strconv"
	"strings"

	"vireo/internal/model"
)

// hardware is the section of the devices, in the order of the dialect's writers.
func (d *Document) hardware(volumes []volume) *element {
	c := d.Config()
	cpus, memory := c.CPU.Topology.Count(), c.Memory/megabyte
	out := section("VirtualHardwareSection", fmt.Sprintf("%d CPU, %d Memeory", cpus, memory),
		node("System", leaf("vssd:VirtualSystemType", "ENGINE "+version)),
		item(fmt.Sprintf("%d virtual cpu", cpus), "1", "3", leaf("rasd:Description", "Number of virtual CPU"),
			leaf("rasd:num_of_sockets", strconv.Itoa(c.CPU.Topology.Sockets)),
			leaf("rasd:cpu_per_socket", strconv.Itoa(c.CPU.Topology.Cores)),
			leaf("rasd:threads_per_cpu", strconv.Itoa(c.CPU.Topology.Threads))),
		item(fmt.Sprintf("%d MB of memory", memory), "2", "4", leaf("rasd:Description", "Memory Size"),
			leaf("rasd:AllocationUnits", "MegaBytes"), leaf("rasd:VirtualQuantity", strconv.FormatInt(memory, 10))))
	for _, v := range volumes {
		out.add(v.item(d))
	}
	for _, nic := range c.NICs {
		out.add(nicItem(nic))
	}
	policy, _ := usbPolicies.written(c.USB)
	out.add(item("USB Controller", "3", "23", leaf("rasd:UsbPolicy", policy)))
	out.add(d.displayItems()...)
	out.add(d.mediumItem())
	out.add(d.otherItems()...)
	return out
}

// item is a device; its instance is an id or a number.
func item(caption, instance, kind string, children ...*element) *element {
	return node("Item", append([]*element{
		leaf("rasd:Caption", caption), leaf("rasd:InstanceId", instance), leaf("rasd:ResourceType", kind),
	}, children...)...)
}

// device is what the dialect says of each device that the guest sees, at an address that
// its host chooses.
func device(kind, model string, order int, plugged, readOnly bool) []*element {
	return []*element{
		leaf("Type", kind), leaf("Device", model), leaf("rasd:Address", ""), leaf("BootOrder", strconv.Itoa(order)),
		leaf("IsPlugged", strconv.FormatBool(plugged)), leaf("IsReadOnly", strconv.FormatBool(readOnly)), leaf("Alias", ""),
	}
}

func nicItem(nic model.NIC) *element {
	kind, _ := nicInterfaces.written(nic.Interface)
	caption := "Ethernet adapter on " + string(nic.Network)
	if nic.Network == "" {
		caption = "Ethernet adapter on [No Network]"
	}
	return item(caption, string(nic.ID), "10", append([]*element{
		leaf("rasd:OtherResourceType", string(nic.Network)), leaf("rasd:ResourceSubType", kind),
		leaf("rasd:Connection", string(nic.Network)), leaf("rasd:Linked", strconv.FormatBool(nic.Linked)),
		leaf("rasd:Name", nic.Name), leaf("rasd:MACAddress", nic.MAC), leaf("rasd:speed", nicSpeeds[nic.Interface]),
	}, device("interface", "bridge", 0, nic.Plugged, false)...)...)
}

// nicSpeeds are in megabits a second, as guests are told.
var nicSpeeds = map[model.NICInterface]string{
	model.NICVirtio: "1000", model.NICE1000: "1000", model.NICRTL8139: "100", model.NICRTL8139Virtio: "1000",
}

// displayItems are the video card and the server of its picture; none without a display.
func (d *Document) displayItems() []*element {
	display := d.Config().Display
	video, ok := videoDevices.written(display.Type)
	server, _ := graphics.written(display.Type)
	if !ok {
		return nil
	}
	return []*element{
		item("Graphical Controller", string(derived(d.ID(), "video")), "20", append([]*element{
			leaf("rasd:VirtualQuantity", strconv.Itoa(display.Monitors)),
			leaf("rasd:SinglePciQxl", strconv.FormatBool(display.SingleQXLPCI)),
		}, device("video", video, 0, true, false)...)...),
		item("Graphical Framebuffer", string(derived(d.ID(), "graphics")), "26", device("graphics", server, 0, true, false)...),
	}
}

func (d *Document) mediumItem() *element {
	out := item("CDROM", string(derived(d.ID(), "cdrom")), "15", device("disk", "cdrom", 0, true, true)...)
	if medium := d.Config().CDROM; medium != "" {
		out.add(node("SpecParams", leaf("path", medium)))
	}
	return out
}

// switches are the devices that are there or not.
var switches = []struct {
	kind, model string
	field       func(*config) *bool
	parameters  []*element
}{
	{"balloon", "memballoon", func(c *config) *bool { return &c.Ballooning }, []*element{leaf("model", "virtio")}},
	{"controller", "virtio-scsi", func(c *config) *bool { return &c.VirtioSCSI }, nil},
	{"console", "console", func(c *config) *bool { return &c.Console }, nil},
	{"sound", "ich6", func(c *config) *bool { return &c.SoundcardEnabled }, nil},
}

func (d *Document) otherItems() []*element {
	var out []*element
	for _, each := range switches {
		if *each.field(d.Config()) {
			out = append(out, d.otherItem(each.kind, each.model, each.parameters))
		}
	}
	if rng := d.Config().RNG; rng != nil {
		out = append(out, d.otherItem("rng", "virtio", []*element{
			leaf("source", strings.ToLower(rng.Source)), leaf("bytes", strconv.Itoa(rng.Bytes)), leaf("period", strconv.Itoa(rng.Period)),
		}))
	}
	return out
}

func (d *Document) otherItem(kind, model string, parameters []*element) *element {
	out := node("Item", leaf("rasd:ResourceType", "0"), leaf("rasd:InstanceId", string(derived(d.ID(), kind))))
	out.add(device(kind, model, 0, true, false)...)
	if len(parameters) > 0 {
		out.add(node("SpecParams", parameters...))
	}
	return out
}
