package libvirt

import (
	"testing"
	"time"

	"vireo/internal/host"
)

// TestOwnWords reads what the files of a host say, one after the other.
func TestOwnWords(t *testing.T) {
	taken := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	const text = `MemTotal:       16318412 kB
SwapCached:           12 kB
SwapTotal:       1048576 kB
SwapFree:        1000000 kB
HugePages_Total:       0
0.50 1.25 2.00 3/456 7890
3600.50 7000.00
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
 vnet0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
  eth0:1000 2 3 4 5 6 7 8 2000 10 11 12 13 14 15 16
1
`
	var load host.Load
	addOwnWords(&load, text, taken)
	if !load.Known || load.SwapTotal != 1<<30 || load.SwapFree != 1000000<<10 || load.SwapCached != 12<<10 || !load.Merging {
		t.Errorf("swap is read as %+v", load)
	}
	if load.Load5 != 1.25 || !load.Booted.Equal(taken.Add(-3601*time.Second)) && !load.Booted.Equal(taken.Add(-3600*time.Second)) {
		t.Errorf("load and start are read as %v and %v", load.Load5, load.Booted)
	}
	want := host.NICLoad{Name: "eth0", ReceivedBytes: 1000, ReceivedErrors: 3, SentBytes: 2000, SentErrors: 11}
	if len(load.NICs) != 2 || load.NICs[1] != want {
		t.Errorf("interfaces are read as %+v", load.NICs)
	}
}

// TestOwnWordsThatAreNone leaves everything at nothing.
func TestOwnWordsThatAreNone(t *testing.T) {
	var load host.Load
	addOwnWords(&load, "a b c\n:::\nSwapTotal:\nx y\n", time.Now())
	if load.SwapTotal != 0 || len(load.NICs) != 0 || !load.Booted.IsZero() {
		t.Errorf("nonsense is read as %+v", load)
	}
}
