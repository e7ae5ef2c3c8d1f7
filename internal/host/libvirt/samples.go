package libvirt

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"vireo/internal/host"
	"vireo/internal/model"
)

// fields are the parameters of one record by name.
type fields map[string]any

func newFields(params []libvirt.TypedParam) fields {
	f := make(fields, len(params))
	for _, param := range params {
		f[param.Field] = param.Value.I
	}
	return f
}

func (f fields) has(name string) bool {
	_, ok := f[name]
	return ok
}

// number is a parameter of any integer type; missing is its value where there is none.
func (f fields) number(name string, missing int64) int64 {
	switch value := f[name].(type) {
	case int32:
		return int64(value)
	case uint32:
		return int64(value)
	case int64:
		return value
	case uint64:
		return int64(value)
	default:
		return missing
	}
}

func (f fields) text(name string) string {
	text, _ := f[name].(string)
	return text
}

// count is how many entries a list has; hostile numbers are cut.
func (f fields) count(name string) int { return int(min(max(f.number(name, 0), 0), 4096)) }

// incomplete says that what only QEMU knows is missing: the counters of disks.
func (f fields) incomplete() bool {
	for i := range f.count(libvirt.DomainStatsBlockCount) {
		if f.has(blockField(i, libvirt.DomainStatsBlockSuffixRdBytes)) {
			return false
		}
	}
	return true
}

func blockField(i int, suffix string) string {
	return fmt.Sprintf("%s%d%s", libvirt.DomainStatsBlockPrefix, i, suffix)
}

func netField(i int, suffix string) string {
	return fmt.Sprintf("%s%d%s", libvirt.DomainStatsNetPrefix, i, suffix)
}

// kibibytes turns a size in KiB into bytes and leaves -1 as it is.
func (f fields) kibibytes(name string) int64 {
	if value := f.number(name, -1); value >= 0 {
		return value << 10
	}
	return -1
}

// readSample reads the counters that need no names. The guest's balloon driver
// tells nothing of buffers: they are among the caches.
func readSample(id model.ID, taken time.Time, f fields) host.Sample {
	return host.Sample{
		Guest:           id,
		Taken:           taken,
		CPUTime:         time.Duration(f.number(libvirt.DomainStatsCPUTime, 0)),
		UserTime:        time.Duration(f.number(libvirt.DomainStatsCPUUser, 0)),
		SystemTime:      time.Duration(f.number(libvirt.DomainStatsCPUSystem, 0)),
		MemoryInstalled: f.kibibytes(libvirt.DomainStatsBalloonCurrent),
		MemoryUnused:    f.kibibytes(libvirt.DomainStatsBalloonUnused),
		MemoryBuffered:  -1,
		MemoryCached:    f.kibibytes(libvirt.DomainStatsBalloonDiskCaches),
		MemoryResident:  f.kibibytes(libvirt.DomainStatsBalloonRss),
	}
}

// silent is the sample of a guest of which nothing could be read.
func silent(domain libvirt.Domain, hung bool, since time.Duration) host.Sample {
	sample := readSample(idOf(domain), time.Now(), fields{})
	sample.Hung, sample.Since = hung, since
	return sample
}

// nameDevices adds the counters of disks and NICs, which libvirt lists by names
// of its own. They are looked up in the guest's definition when they change.
func (h *hypervisor) nameDevices(ctx context.Context, domain libvirt.Domain, f fields, sample *host.Sample) {
	disks, nics := f.count(libvirt.DomainStatsBlockCount), f.count(libvirt.DomainStatsNetCount)
	var key strings.Builder
	for i := range disks {
		fmt.Fprintf(&key, "%s=%s\n", f.text(blockField(i, libvirt.DomainStatsBlockSuffixName)), f.text(blockField(i, libvirt.DomainStatsBlockSuffixPath)))
	}
	for i := range nics {
		fmt.Fprintf(&key, "%s\n", f.text(netField(i, libvirt.DomainStatsNetSuffixName)))
	}
	names, err := h.names.get(sample.Guest, key.String(), func() (namedDevices, error) { return h.readNames(ctx, domain) })
	if err != nil {
		return
	}
	for i := range disks {
		id := names.disks[f.text(blockField(i, libvirt.DomainStatsBlockSuffixName))]
		if id == "" || !f.has(blockField(i, libvirt.DomainStatsBlockSuffixRdBytes)) {
			continue
		}
		sample.Disks = append(sample.Disks, host.DiskSample{
			Disk:          id,
			ReadBytes:     f.number(blockField(i, libvirt.DomainStatsBlockSuffixRdBytes), 0),
			WriteBytes:    f.number(blockField(i, libvirt.DomainStatsBlockSuffixWrBytes), 0),
			ReadRequests:  f.number(blockField(i, libvirt.DomainStatsBlockSuffixRdReqs), 0),
			WriteRequests: f.number(blockField(i, libvirt.DomainStatsBlockSuffixWrReqs), 0),
		})
	}
	counted := map[string]bool{}
	for i := range nics {
		mac := names.nics[f.text(netField(i, libvirt.DomainStatsNetSuffixName))]
		if mac == "" {
			continue
		}
		counted[mac] = true
		sample.NICs = append(sample.NICs, host.NICSample{
			MAC:            mac,
			ReceivedBytes:  f.number(netField(i, libvirt.DomainStatsNetSuffixRxBytes), 0),
			SentBytes:      f.number(netField(i, libvirt.DomainStatsNetSuffixTxBytes), 0),
			ReceivedErrors: f.number(netField(i, libvirt.DomainStatsNetSuffixRxErrs), 0),
			SentErrors:     f.number(netField(i, libvirt.DomainStatsNetSuffixTxErrs), 0),
		})
	}
	// Nobody counts what a NIC in user mode has sent.
	for _, mac := range names.macs {
		if !counted[mac] {
			sample.NICs = append(sample.NICs, host.NICSample{MAC: mac})
		}
	}
}

func (n *deviceNames) get(id model.ID, key string, read func() (namedDevices, error)) (namedDevices, error) {
	n.mu.Lock()
	found, ok := n.known[id]
	n.mu.Unlock()
	if ok && found.key == key && time.Since(found.read) < namesKeptFor {
		return found, nil
	}
	found, err := read()
	if err != nil {
		return found, err
	}
	found.key, found.read = key, time.Now()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.known == nil {
		n.known = map[model.ID]namedDevices{}
	}
	n.known[id] = found
	return found, nil
}

// forget is for when a guest's devices have changed.
func (n *deviceNames) forget(id model.ID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.known, id)
}

// keepOnly forgets the guests that do not run any more.
func (n *deviceNames) keepOnly(samples []host.Sample) {
	running := map[model.ID]bool{}
	for _, sample := range samples {
		running[sample.Guest] = true
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for id := range n.known {
		if !running[id] {
			delete(n.known, id)
		}
	}
}

func (h *hypervisor) readNames(ctx context.Context, domain libvirt.Domain) (namedDevices, error) {
	definition, err := h.liveDefinition(ctx, domain)
	if err != nil || definition.Devices == nil {
		return namedDevices{}, err
	}
	names := namedDevices{disks: map[string]model.ID{}, nics: map[string]string{}}
	for _, disk := range definition.Devices.Disks {
		if disk.Target == nil || disk.Alias == nil {
			continue
		}
		if id, ours := strings.CutPrefix(disk.Alias.Name, aliasPrefix); ours && disk.Device == "disk" {
			names.disks[disk.Target.Dev] = model.ID(id)
		}
	}
	for _, nic := range definition.Devices.Interfaces {
		if nic.MAC == nil {
			continue
		}
		names.macs = append(names.macs, nic.MAC.Address)
		if nic.Target != nil {
			names.nics[nic.Target.Dev] = nic.MAC.Address
		}
	}
	return names, nil
}

// liveDefinition is the definition of a guest as it runs.
func (h *hypervisor) liveDefinition(ctx context.Context, domain libvirt.Domain) (*libvirtxml.Domain, error) {
	text, err := request(ctx, h, "reading the guest's definition", func(rpc *libvirt.Libvirt) (string, error) {
		return rpc.DomainGetXMLDesc(domain, 0)
	})
	if err != nil {
		return nil, err
	}
	var definition libvirtxml.Domain
	if err := definition.Unmarshal(text); err != nil {
		return nil, refuse(host.RefusedOther, "the guest's definition cannot be read: %v", err)
	}
	return &definition, nil
}
