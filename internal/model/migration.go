package model

// MigrationOptions is migration of a VM or of a cluster (api-v3 2.6, api-v4 3.6). The VM's
// come first, then its cluster's, then the engine's. AutoConverge, Compressed and
// Encrypted are true, false or inherit each; empty inherits, and so does what else is
// empty. Version 3 knows the first two.
type MigrationOptions struct {
	AutoConverge string             `json:"auto_converge,omitempty"`
	Compressed   string             `json:"compressed,omitempty"`
	Encrypted    string             `json:"encrypted,omitempty"`
	Policy       MigrationPolicy    `json:"policy,omitempty"`
	Bandwidth    MigrationBandwidth `json:"bandwidth,omitzero"`
}

// Over are the options with those of below wherever they say nothing.
func (o MigrationOptions) Over(below MigrationOptions) MigrationOptions {
	return MigrationOptions{
		AutoConverge: wishOver(o.AutoConverge, below.AutoConverge), Compressed: wishOver(o.Compressed, below.Compressed),
		Encrypted: wishOver(o.Encrypted, below.Encrypted), Policy: firstSaid(o.Policy, below.Policy),
		Bandwidth: firstSaid(o.Bandwidth, below.Bandwidth),
	}
}

func wishOver(wish, below string) string {
	if wish == "true" || wish == "false" {
		return wish
	}
	return below
}

func firstSaid[T comparable](said, below T) T {
	var nothing T
	if said != nothing {
		return said
	}
	return below
}

// MigrationBandwidth is migration/bandwidth.
type MigrationBandwidth struct {
	Method MigrationBandwidthMethod `json:"method"`
	// Custom is in Mbit/s, for the method custom.
	Custom int `json:"custom,omitempty"`
}

// Possible says whether there can be such a bandwidth.
func (b MigrationBandwidth) Possible() bool {
	return b.Method != BandwidthCustom || b.Custom > 0 && b.Custom <= mostBandwidth
}

// mostBandwidth is in Mbit/s: more than any link has.
const mostBandwidth = 1_000_000

// Limit is how much a migration may carry, in MiB/s; 0 is no limit. usual is the engine's
// own.
func (b MigrationBandwidth) Limit(usual int) int {
	const mebibits = 8 << 20
	switch b.Method {
	case BandwidthHypervisor:
		return 0
	case BandwidthCustom:
		return max(int(int64(b.Custom)*1_000_000/mebibits), 1)
	}
	return usual
}

// MigrationBandwidthMethod is migration/bandwidth/assignment_method.
type MigrationBandwidthMethod string

// The methods: as the engine is set up, as much as is given, and no limit but the
// hypervisor's.
const (
	BandwidthAuto       MigrationBandwidthMethod = "auto"
	BandwidthCustom     MigrationBandwidthMethod = "custom"
	BandwidthHypervisor MigrationBandwidthMethod = "hypervisor_default"
)

// MigrationBandwidthMethods are all of them.
var MigrationBandwidthMethods = []MigrationBandwidthMethod{BandwidthAuto, BandwidthCustom, BandwidthHypervisor}

// MigrationPolicy says what is done for a guest that writes faster than can be carried.
// In the API it is an id, the same as in oVirt.
type MigrationPolicy string

// The policies: as the engine's options say; never to stand still for longer than is
// usual; to stand still for longer in the end; and to go on at the destination before all
// is there, which ends in time and loses the guest when the link breaks then.
const (
	MigrationLegacy   MigrationPolicy = "00000000-0000-0000-0000-000000000000"
	MigrationMinimal  MigrationPolicy = "80554327-0569-496b-bdeb-fcbbf52b827b"
	MigrationSuspend  MigrationPolicy = "80554327-0569-496b-bdeb-fcbbf52b827c"
	MigrationPostCopy MigrationPolicy = "a7aeedb2-8d66-4e51-bb22-32595027ce71"
)

// MigrationPolicies are all of them.
var MigrationPolicies = []MigrationPolicy{MigrationLegacy, MigrationMinimal, MigrationSuspend, MigrationPostCopy}
