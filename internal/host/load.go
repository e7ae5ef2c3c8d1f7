package host

import "time"

// Load is what a host is doing. Counters begin when it was switched on; sizes are in
// bytes.
type Load struct {
	Taken time.Time
	// CPUUser, CPUSystem and CPUIdle are the time of all CPUs together.
	CPUUser, CPUSystem, CPUIdle time.Duration
	// MemoryShared is what its kernel has saved by merging pages that are alike.
	MemoryTotal, MemoryFree, MemoryBuffers, MemoryCached, MemoryShared int64

	// Known says that what follows is known: libvirt does not tell it, so it is of hosts
	// whose files can be read, and may be a minute older.
	Known                           bool
	SwapTotal, SwapFree, SwapCached int64
	// Load5 is the average number of processes that wanted to run in the last 5 minutes.
	Load5  float64
	Booted time.Time
	// Merging says that the kernel looks for pages that are alike.
	Merging bool
	// NICsTaken is when the counters of NICs were read.
	NICsTaken time.Time
	NICs      []NICLoad
}

// NICLoad counts what has gone through a network interface of a host.
type NICLoad struct {
	Name                       string
	ReceivedBytes, SentBytes   int64
	ReceivedErrors, SentErrors int64
}
