package model

import "testing"

func TestMigrationOptionsOver(t *testing.T) {
	narrow := MigrationBandwidth{Method: BandwidthCustom, Custom: 100}
	below := MigrationOptions{AutoConverge: "true", Compressed: "true", Encrypted: "true", Policy: MigrationSuspend, Bandwidth: narrow}
	if got := (MigrationOptions{AutoConverge: "inherit"}).Over(below); got != below {
		t.Errorf("what is not said is %+v", got)
	}
	own := MigrationOptions{
		AutoConverge: "false", Compressed: "false", Encrypted: "false", Policy: MigrationLegacy,
		Bandwidth: MigrationBandwidth{Method: BandwidthHypervisor},
	}
	if got := own.Over(below); got != own {
		t.Errorf("what is said is %+v", got)
	}
}

func TestMigrationBandwidth(t *testing.T) {
	for bandwidth, want := range map[MigrationBandwidth]int{
		{}:                                     52,
		{Method: BandwidthAuto}:                52,
		{Method: BandwidthHypervisor}:          0,
		{Method: BandwidthCustom, Custom: 1}:   1,
		{Method: BandwidthCustom, Custom: 839}: 100,
	} {
		if got := bandwidth.Limit(52); got != want {
			t.Errorf("%+v is %d MiB/s, want %d", bandwidth, got, want)
		}
	}
	for _, custom := range []int{-1, 0, 1_000_001} {
		if (MigrationBandwidth{Method: BandwidthCustom, Custom: custom}).Possible() {
			t.Errorf("%d is possible", custom)
		}
	}
}
