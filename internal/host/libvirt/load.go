package libvirt

import (
	"context"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/digitalocean/go-libvirt"

	"vireo/internal/host"
)

const (
	// allCPUs and allCells ask for the figures of the whole machine.
	allCPUs, allCells = -1, -1
	// pageSize is the size of the pages that are merged, in bytes.
	pageSize = 4096
	// ownWordsKeptFor is how long what is read by ssh counts as new: each time is a login.
	ownWordsKeptFor = time.Minute
)

// loadFiles are what libvirt does not tell of a host.
var loadFiles = []string{"/proc/meminfo", "/proc/loadavg", "/proc/uptime", "/proc/net/dev", "/sys/kernel/mm/ksm/run"}

// ownWords is what a host has said in its files, and when.
type ownWords struct {
	mu    sync.Mutex
	taken time.Time
	text  string
}

// Load asks libvirt for CPUs and memory, and adds what the host's files say where they
// can be read: on this machine, and by ssh.
func (h *hypervisor) Load(ctx context.Context) (host.Load, error) {
	load, err := request(ctx, h, "sampling the host", readLoad)
	if err != nil {
		return host.Load{}, err
	}
	if text, taken := h.ownWords(ctx); text != "" {
		addOwnWords(&load, text, taken)
	}
	return load, nil
}

func readLoad(rpc *libvirt.Libvirt) (load host.Load, err error) {
	_, count, err := rpc.NodeGetCPUStats(allCPUs, 0, 0)
	if err != nil {
		return load, err
	}
	cpu, _, err := rpc.NodeGetCPUStats(allCPUs, count, 0)
	if err != nil {
		return load, err
	}
	load.Taken = time.Now()
	for _, value := range cpu {
		spent := time.Duration(value.Value)
		switch value.Field {
		case "user":
			load.CPUUser = spent
		case "kernel":
			load.CPUSystem = spent
		case "idle", "iowait":
			load.CPUIdle += spent
		}
	}
	_, count, err = rpc.NodeGetMemoryStats(0, allCells, 0)
	if err != nil {
		return load, err
	}
	memory, _, err := rpc.NodeGetMemoryStats(count, allCells, 0)
	if err != nil {
		return load, err
	}
	for _, value := range memory {
		size := int64(value.Value) << 10
		switch value.Field {
		case "total":
			load.MemoryTotal = size
		case "free":
			load.MemoryFree = size
		case "buffers":
			load.MemoryBuffers = size
		case "cached":
			load.MemoryCached = size
		}
	}
	load.MemoryShared = sharedMemory(rpc)
	return load, nil
}

// sharedMemory is 0 where the kernel cannot merge pages.
func sharedMemory(rpc *libvirt.Libvirt) int64 {
	_, count, err := rpc.NodeGetMemoryParameters(0, 0)
	if err != nil || count == 0 {
		return 0
	}
	params, _, err := rpc.NodeGetMemoryParameters(count, 0)
	if err != nil {
		return 0
	}
	return newFields(params).number("shm_pages_sharing", 0) * pageSize
}

// ownWords reads the host's files one after the other; empty where that cannot be done.
func (h *hypervisor) ownWords(ctx context.Context) (text string, taken time.Time) {
	switch h.target.transport {
	case transportUnix:
		var all strings.Builder
		for _, path := range loadFiles {
			part, err := os.ReadFile(path)
			if err == nil {
				all.Write(part)
			}
		}
		return all.String(), time.Now()
	case transportSSH:
		h.words.mu.Lock()
		defer h.words.mu.Unlock()
		if time.Since(h.words.taken) < ownWordsKeptFor {
			return h.words.text, h.words.taken
		}
		// A file that is not there makes cat fail after it has shown the others.
		said, err := runSSH(ctx, h.target, "cat -- "+strings.Join(loadFiles, " ")+" 2>/dev/null; true")
		if err != nil {
			return h.words.text, h.words.taken
		}
		h.words.text, h.words.taken = string(said), time.Now()
		return h.words.text, h.words.taken
	default:
		return "", time.Time{}
	}
}

// addOwnWords reads the lines of all files, which are told apart by their form.
func addOwnWords(load *host.Load, text string, taken time.Time) {
	load.Known, load.NICsTaken = true, taken
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 1:
			load.Merging = fields[0] == "1"
		case len(fields) == 5 && strings.Contains(fields[3], "/"):
			load.Load5, _ = strconv.ParseFloat(fields[1], 64)
		case len(fields) == 2 && !strings.HasSuffix(fields[0], ":"):
			seconds, err := strconv.ParseFloat(fields[0], 64)
			if err == nil {
				load.Booted = taken.Add(-time.Duration(seconds * float64(time.Second))).UTC().Truncate(time.Second)
			}
		default:
			addNamed(load, line)
		}
	}
}

// addNamed reads a line that begins with a name: a size in KiB, or the counters of a
// network interface.
func addNamed(load *host.Load, line string) {
	name, rest, ok := strings.Cut(line, ":")
	if !ok {
		return
	}
	name = strings.TrimSpace(name)
	fields := strings.Fields(rest)
	numbers := make([]int64, len(fields))
	for i, field := range fields {
		numbers[i], _ = strconv.ParseInt(field, 10, 64)
	}
	switch {
	case len(numbers) == 16 && !ofGuests.MatchString(name):
		load.NICs = append(load.NICs, host.NICLoad{
			Name: name, ReceivedBytes: numbers[0], ReceivedErrors: numbers[2], SentBytes: numbers[8], SentErrors: numbers[10],
		})
	case len(numbers) == 0:
	case name == "SwapTotal":
		load.SwapTotal = numbers[0] << 10
	case name == "SwapFree":
		load.SwapFree = numbers[0] << 10
	case name == "SwapCached":
		load.SwapCached = numbers[0] << 10
	}
}
