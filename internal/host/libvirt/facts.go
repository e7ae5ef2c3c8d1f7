package libvirt

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"

	"github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"vireo/internal/model"
)

// Facts reads what the host is. What a host does not tell stays empty.
func (h *hypervisor) Facts(ctx context.Context) (model.HostFacts, error) {
	kvm, detail := accelerated(h.driver.Accel, h.profile)
	answers, err := request(ctx, h, "reading what the host is", func(rpc *libvirt.Libvirt) (answers, error) {
		return h.readAnswers(rpc, kvm)
	})
	if err != nil {
		return model.HostFacts{}, err
	}
	facts := answers.facts()
	known, err := h.Networks(ctx)
	if err != nil {
		return model.HostFacts{}, err
	}
	facts.TakeNetworks(known)
	// What the daemon counted when it started (NodeGetInfo) misses memory that the
	// machine got since.
	if _, total, err := h.Memory(ctx); err == nil && total > 0 {
		facts.Memory = total
	}
	facts.Session, facts.Local = h.profile.session, h.profile.local
	facts.UUID = h.profile.capabilities.Host.UUID
	facts.ImageUID, facts.ImageGID = h.profile.imageOwner()
	facts.MachineTypes = h.profile.guestMachines()
	facts.Accelerated, facts.AccelerationDetail = kvm, detail
	facts.SSHKey = h.target.pin.line()
	facts.OSType = "Linux"
	facts.KernelVersion = h.readLine(ctx, "/proc/sys/kernel/osrelease")
	facts.OSVersion = h.prettyOS(ctx)
	facts.System = h.system(ctx)
	addCapabilities(&facts, h.profile.capabilities.Host)
	return facts, nil
}

func addCapabilities(facts *model.HostFacts, of libvirtxml.CapsHost) {
	facts.Passthrough = of.IOMMU != nil && of.IOMMU.Support == "yes"
	if of.CPU == nil {
		return
	}
	facts.CPUBase, facts.CPUVendor = of.CPU.Model, of.CPU.Vendor
	facts.Architecture = model.Architecture(of.CPU.Arch)
	if facts.CPUModel == "" {
		facts.CPUModel = of.CPU.Model
	}
}

// answers are the parts of the facts as libvirt gives them.
type answers struct {
	hostname         string
	libvirt, qemu    uint64
	memory           uint64 // KiB
	mhz              int32
	nodes            int32
	sockets, cores   int32
	threads          int32
	sysinfo, domains string
	flags            []string
}

func (h *hypervisor) readAnswers(rpc *libvirt.Libvirt, kvm bool) (a answers, err error) {
	if a.hostname, err = rpc.ConnectGetHostname(); err != nil {
		return a, err
	}
	if a.libvirt, err = rpc.ConnectGetLibVersion(); err != nil {
		return a, err
	}
	if a.qemu, err = rpc.ConnectGetVersion(); err != nil {
		return a, err
	}
	if _, a.memory, _, a.mhz, a.nodes, a.sockets, a.cores, a.threads, err = rpc.NodeGetInfo(); err != nil {
		return a, err
	}
	if a.sysinfo, err = rpc.ConnectGetSysinfo(0); err != nil && !isOptional(err) {
		return a, err
	}
	a.flags = readFlags(rpc, h.profile.capabilities.Host.CPU)
	virtualization := "qemu"
	if kvm {
		virtualization = "kvm"
	}
	a.domains, err = rpc.ConnectGetDomainCapabilities(nil, libvirt.OptString{"x86_64"}, nil, libvirt.OptString{virtualization}, 0)
	if err != nil && !isOptional(err) {
		return a, err
	}
	return a, nil
}

// isOptional says that this daemon cannot answer, so the fact stays unknown: a
// session has no networks, a machine without dmidecode no SMBIOS.
func isOptional(err error) bool { return libvirtCode(err) != 0 }

func (a answers) facts() model.HostFacts {
	var domains libvirtxml.DomainCaps
	_ = domains.Unmarshal(a.domains) // what is not understood stays unknown
	facts := model.HostFacts{
		Hostname:       a.hostname,
		CPUSpeed:       float64(a.mhz),
		Memory:         int64(a.memory) << 10,
		LibvirtVersion: version(a.libvirt),
		QEMUVersion:    version(a.qemu),
		// NodeGetInfo counts sockets per NUMA node.
		Topology: model.Topology{
			Sockets: int(max(a.nodes, 1) * a.sockets), Cores: int(a.cores), Threads: int(a.threads),
		},
		NUMANodes: int(max(a.nodes, 1)),
		Displays:  displays(domains),
		CPUModels: usableModels(domains),
		CPUFlags:  a.flags,
	}
	addSysinfo(&facts, a.sysinfo)
	return facts
}

// version unpacks major * 1,000,000 + minor * 1,000 + release.
func version(packed uint64) string {
	return fmt.Sprintf("%d.%d.%d", packed/1_000_000, packed/1000%1000, packed%1000)
}

// displays are the kinds of display that this QEMU has, VNC first.
func displays(parsed libvirtxml.DomainCaps) []model.DisplayType {
	var found []model.DisplayType
	if parsed.Devices == nil || parsed.Devices.Graphics == nil {
		return nil
	}
	for _, enum := range parsed.Devices.Graphics.Enums {
		if enum.Name != "type" {
			continue
		}
		for _, display := range []model.DisplayType{model.DisplayVNC, model.DisplaySPICE} {
			if slices.Contains(enum.Values, string(display)) {
				found = append(found, display)
			}
		}
	}
	return found
}

// smbios is the host's own SMBIOS as libvirt shows it.
type smbios struct {
	System    []smbiosEntry `xml:"system>entry"`
	Processor []struct {
		Entries []smbiosEntry `xml:"entry"`
	} `xml:"processor"`
}

type smbiosEntry struct {
	Name  string `xml:"name,attr"`
	Value string `xml:",chardata"`
}

func entry(entries []smbiosEntry, name string) string {
	for _, e := range entries {
		if e.Name == name {
			return strings.TrimSpace(e.Value)
		}
	}
	return ""
}

// addSysinfo fills in what the machine's maker wrote down.
func addSysinfo(facts *model.HostFacts, text string) {
	var parsed smbios
	if xml.Unmarshal([]byte(text), &parsed) != nil {
		return
	}
	facts.Manufacturer = entry(parsed.System, "manufacturer")
	facts.ProductName = entry(parsed.System, "product")
	facts.SerialNumber = entry(parsed.System, "serial")
	facts.Family = entry(parsed.System, "family")
	facts.ProductVersion = entry(parsed.System, "version")
	if len(parsed.Processor) > 0 {
		facts.CPUModel = entry(parsed.Processor[0].Entries, "version")
	}
}

// prettyOS is the name and version of the host's system, from os-release.
func (h *hypervisor) prettyOS(ctx context.Context) string {
	text, err := h.readFile(ctx, "/etc/os-release")
	if err != nil {
		return ""
	}
	for line := range bytes.Lines(text) {
		if value, ok := bytes.CutPrefix(bytes.TrimSpace(line), []byte("PRETTY_NAME=")); ok {
			return strings.Trim(string(value), `"'`)
		}
	}
	return ""
}

// Memory is the host's free and total memory. Free counts what the kernel would
// give up for a guest (caches), where libvirt tells.
func (h *hypervisor) Memory(ctx context.Context) (free, total int64, err error) {
	stats, err := request(ctx, h, "asking for the host's memory", func(rpc *libvirt.Libvirt) (map[string]uint64, error) {
		_, count, err := rpc.NodeGetMemoryStats(0, -1, 0)
		if err != nil {
			return nil, err
		}
		values, _, err := rpc.NodeGetMemoryStats(count, -1, 0)
		byName := map[string]uint64{}
		for _, value := range values {
			byName[value.Field] = value.Value
		}
		return byName, err
	})
	if err != nil {
		return 0, 0, err
	}
	return int64(stats["free"]+stats["buffers"]+stats["cached"]) << 10, int64(stats["total"]) << 10, nil
}
