package watch

import (
	"testing"
	"time"

	"vireo/internal/host"
)

// TestFigures: shares and rates are those between two samples; the first tells of all the
// time since the host was switched on, and of no rates.
func TestFigures(t *testing.T) {
	begun := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	first := host.Load{
		Taken: begun, CPUUser: 10 * time.Second, CPUSystem: 10 * time.Second, CPUIdle: 80 * time.Second,
		MemoryTotal: 100, NICsTaken: begun, NICs: []host.NICLoad{{Name: "eth0", ReceivedBytes: 1000, SentBytes: 100, SentErrors: 3}},
	}
	stats := statsOf(host.Load{}, first)
	if stats.CPUUser != 10 || stats.CPUIdle != 80 || stats.MemoryTotal != 100 || stats.NICs["eth0"].ReceivedRate != 0 || stats.NICs["eth0"].SentErrors != 3 {
		t.Errorf("the first sample says %+v", stats)
	}
	second := first
	second.CPUUser, second.CPUIdle = 15*time.Second, 85*time.Second
	second.NICsTaken = begun.Add(2 * time.Second)
	second.NICs = []host.NICLoad{{Name: "eth0", ReceivedBytes: 3000, SentBytes: 100}}
	stats = statsOf(first, second)
	if stats.CPUUser != 50 || stats.CPUSystem != 0 || stats.CPUIdle != 50 || stats.NICs["eth0"].ReceivedRate != 1000 || stats.NICs["eth0"].SentRate != 0 {
		t.Errorf("the second sample says %+v", stats)
	}
	// A host that was restarted counts anew.
	if stats = statsOf(second, first); stats.CPUUser != 10 || stats.NICs["eth0"].ReceivedRate != 0 {
		t.Errorf("after a restart: %+v", stats)
	}
}
