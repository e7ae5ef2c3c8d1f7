package model

import "time"

// HostStats are the figures of a host that is connected, as they were sampled last. Sizes
// are in bytes, shares of CPU in percent of all CPUs together.
type HostStats struct {
	Taken                                                              time.Time
	MemoryTotal, MemoryFree, MemoryBuffers, MemoryCached, MemoryShared int64
	CPUUser, CPUSystem, CPUIdle                                        float64

	// Known says that what follows is known; of some hosts libvirt is all that can be asked.
	Known                           bool
	SwapTotal, SwapFree, SwapCached int64
	// Load5 is the average number of processes that wanted to run in the last 5 minutes.
	Load5  float64
	Booted time.Time
	// Merging says that the kernel looks for pages of memory that are alike; what that
	// costs is not known then.
	Merging bool
	// NICs are the figures of network interfaces by name.
	NICs map[string]NICStats
}

// NICStats are the figures of a network interface; rates are in bytes per second.
type NICStats struct {
	ReceivedRate, SentRate     float64
	ReceivedErrors, SentErrors int64
}
