package option

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"vireo/internal/inventory"
)

// Type says how an option's text is read.
type Type string

// The types of option.
const (
	Duration  Type = "duration" // Go's form: 30s, 5m; a bare number is seconds
	Number    Type = "number"
	Flag      Type = "flag" // true or false
	Text      Type = "text"
	MACRanges Type = "mac ranges" // first-last, separated by commas
	Address   Type = "address"    // an IP address
)

// Definition is one engine option.
type Definition struct {
	Name    string
	Type    Type
	Default string
	// Min is the smallest number, or duration in seconds.
	Min int
	// Meaning is the sentence that `vireo config get` prints.
	Meaning string
}

// Table lists every engine option. The names are those of the engine 3.6 where
// it has the option.
var Table = []Definition{
	{"GuestAgentStartupTimeout", Duration, "60s", 0, "How long a VM without a guest agent stays powering_up before it is taken to be up."},
	{"GuestAgentSilenceTimeout", Duration, "120s", 1, "How long the engine's own agent in a guest may say nothing before it counts as not there."},
	{"VmGracefulShutdownTimeout", Duration, "30s", 0, "How long the guest agent has to shut the guest down before the power button is pressed."},
	{"VmPoweringDownTimeout", Duration, "5m", 0, "How long a guest may take to shut down before the VM is taken to be up again (event 147)."},
	{"VmRebootTimeout", Duration, "3m", 0, "How long a VM stays reboot_in_progress when its guest agent does not answer again."},
	{"MaxRerunVmOnVdsCount", Number, "3", 1, "How many hosts are tried when a start fails."},
	{"MaxNumOfTriesToRunFailedAutoStartVm", Number, "10", 1, "How many times a highly available VM is started again whose run has failed, before it is given up."},
	{"RetryToRunAutoStartVmIntervalInSeconds", Duration, "30s", 1, "How long is waited after a failed start of a highly available VM."},
	{"VdsTimeout", Duration, "30s", 0, "How long a host may be out of reach before it is non_responsive and its VMs are unknown."},
	{"ServerRebootTimeout", Duration, "10m", 1, "How long a host that was given power may take to answer."},
	{"FencingThreshold", Number, "50", 0, "When more than so many percent of a cluster's hosts do not answer, the engine cuts none of them off by itself: it is likely the engine that is cut off."},
	{"HostPingInterval", Duration, "5s", 1, "How often the connection to a quiet host is tested."},
	{"HostCallTimeout", Duration, "60s", 1, "How long one call to a host may take; saving and restoring memory excepted."},
	{"SaveStateTimeout", Duration, "30m", 1, "How long saving or restoring the memory of a VM may take."},
	{"MaxConcurrentOutgoingMigrations", Number, "2", 1, "How many VMs may migrate away from a host at once; others wait."},
	{"MaxConcurrentIncomingMigrations", Number, "2", 1, "How many VMs may migrate to a host at once; others wait."},
	{"MigrationBandwidth", Number, "52", 0, "How much one migration may carry, in MiB a second; 0 is no limit."},
	{"DefaultMaximumMigrationDowntime", Number, "500", 1, "How long a VM that does not say so itself may stand still at the end of its migration, however many passes it takes, in milliseconds."},
	{"MigrationStallTime", Duration, "30s", 1, "How long a migration may get no further before its VM may stand still for all that it may, then for twice as long each time, or, if that may not be, before it is given up."},
	{"MigrationDowntimeCeiling", Number, "8000", 1, "How long a VM that does not say so itself may stand still in the end, when its migration gets no further, in milliseconds."},
	{"DefaultAutoConvergence", Flag, "true", 0, "Whether a VM that changes its memory faster than it can be carried is slowed down while it migrates, unless it says so itself."},
	{"DefaultMigrationCompression", Flag, "false", 0, "Whether migrations send what has changed of a page instead of the page, unless the VM says so itself."},
	{"GuestFreezeTimeout", Duration, "30s", 1, "How long the guest agent may take to freeze or to thaw the file systems; not longer than HostCallTimeout."},
	{"FrozenWarningTime", Duration, "5m", 1, "How long the file systems of a guest may stay frozen before it is warned of (event 20031)."},
	{"VmMonitorTimeout", Duration, "30s", 1, "How long the monitor of a QEMU may be silent before its VM is not_responding."},
	{"StatisticsInterval", Duration, "15s", 1, "How often the figures of running guests are sampled."},
	{"GuestInfoInterval", Duration, "60s", 1, "How often a running guest's agent is asked for its addresses and names."},
	{"StorageCheckInterval", Duration, "30s", 1, "How often storage domains are checked."},
	{"WarningLowSpaceIndicator", Number, "10", 0, "How many percent of a data domain must be free; with less it is warned of (event 200)."},
	{"SyncActionTimeout", Duration, "3m", 1, "How long a request waits for a synchronous action before it is answered 202."},
	{"InterruptTimeout", Duration, "30s", 1, "How long a command waits for the job that it interrupts."},
	{"ReservedHostMemory", Number, "256", 0, "Memory of each host, in MiB, that is not given to guests."},
	{"VmOverheadMemory", Number, "32", 0, "Memory that each guest is taken to need beside its own, in MiB."},
	{"SearchResultsLimit", Number, "100", 1, "The size of a page in searches."},
	{"UserSessionTimeOutInterval", Duration, "30m", 60, "How long an unused session lasts."},
	{"UserSessionHardLimit", Duration, "24h", 60, "How long a session lasts at most."},
	{"DisplayAddress", Address, "127.0.0.1", 0, "Where the displays of guests listen that are started from now on: an address that all hosts have."},
	{"ConsoleIdleTimeout", Duration, "30m", 60, "How long nothing may be typed in a console that is shown through the engine."},
	{"ConsoleHardLimit", Duration, "12h", 60, "How long a console is shown through the engine at most."},
	{"AuditLogAgingThreshold", Duration, "720h", 3600, "How long events are kept."},
	{"JobCleanupThreshold", Duration, "168h", 60, "How long ended jobs are kept."},
	{"TransferImageClientInactivityTimeoutInSeconds", Duration, "60s", 0, "How long the client of an image transfer may be silent, unless it says so itself; 0 is for ever."},
	{"SucceededImageTransferCleanupTimeInMinutes", Number, "15", 0, "How long an image transfer that has succeeded is shown, in minutes."},
	{"FailedImageTransferCleanupTimeInMinutes", Number, "30", 0, "How long an image transfer that has failed or was cancelled is shown, in minutes."},
	{"CSRFProtection", Flag, "false", 0, "Whether clients may ask for CSRF protection of their sessions."},
	{"MaxVmNameLength", Number, "64", 1, "How many characters the name of a VM may have."},
	{"MaxVmsInSystem", Number, "20000", 1, "How many VMs there may be."},
	{"MaxVmsInPool", Number, "1000", 1, "How many VMs a pool may have."},
	{"MaxVmMemory", Number, "4194304", 128, "How much memory a VM may have, in MiB."},
	{"MaxVmCpus", Number, "288", 1, "How many virtual CPUs a VM may have."},
	{"MaxDiskSize", Number, "8192", 1, "How large a disk may be, in GiB."},
	{"MaxSnapshotsInChain", Number, "30", 1, "How many snapshots of one disk there may be at once."},
	{"MacPoolRanges", MACRanges, "00:1a:4a:16:01:51-00:1a:4a:16:ff:ff", 0, "The ranges of the MAC pool Default, as first-last, until it is given some of its own."},
	{"PayloadSize", Number, "8192", 1, "How many bytes the files of one payload may have in all."},
	{"UserDefinedVMProperties", Text, "", 0, "The custom properties that VMs may have, as name=regular expression, separated by semicolons."},
}

// Restored is kept beside the options while the state is one from a backup and not
// all hosts have been compared with it yet. It is not an option and is not shown.
const Restored = "engine.restored"

// Find finds a definition by name, in any case.
func Find(name string) (Definition, bool) {
	i := slices.IndexFunc(Table, func(d Definition) bool { return strings.EqualFold(d.Name, name) })
	if i < 0 {
		return Definition{}, false
	}
	return Table[i], true
}

// Check says whether text is a value of the option, and why not.
func (d Definition) Check(text string) error {
	switch d.Type {
	case Duration:
		value, err := parseDuration(text)
		if err != nil {
			return fmt.Errorf("%s wants a time such as 30s or 5m, not %q", d.Name, text)
		}
		if value < time.Duration(d.Min)*time.Second {
			return d.tooSmall(text)
		}
	case Number:
		value, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%s wants a whole number, not %q", d.Name, text)
		}
		if value < d.Min {
			return d.tooSmall(text)
		}
	case Flag:
		if text != "true" && text != "false" {
			return fmt.Errorf("%s wants true or false, not %q", d.Name, text)
		}
	case Address:
		if _, err := netip.ParseAddr(text); err != nil {
			return fmt.Errorf("%s wants an IP address, not %q", d.Name, text)
		}
	case MACRanges:
		if _, err := ParseMACRanges(text); err != nil {
			return fmt.Errorf("%s: %w", d.Name, err)
		}
	}
	return nil
}

func (d Definition) tooSmall(text string) error {
	return fmt.Errorf("%s must be at least %d, not %q", d.Name, d.Min, text)
}

func parseDuration(text string) (time.Duration, error) {
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		if seconds > int64(math.MaxInt64/time.Second) || seconds < int64(math.MinInt64/time.Second) {
			return 0, strconv.ErrRange
		}
		return time.Duration(seconds) * time.Second, nil
	}
	return time.ParseDuration(text)
}

// Values reads options: what was set, else the default.
type Values struct {
	inventory *inventory.Inventory
	overrides map[string]string
}

// From reads from the inventory. overrides win over what is kept there; they
// are for tests.
func From(inv *inventory.Inventory, overrides map[string]string) *Values {
	return &Values{inventory: inv, overrides: overrides}
}

// String is the text of an option. An unknown name is a mistake of the program
// and panics.
func (v *Values) String(name string) string {
	if text, ok := v.overrides[name]; ok {
		return text
	}
	definition, known := Find(name)
	if !known {
		panic("option: unknown option " + name)
	}
	for _, set := range v.inventory.Options.Named(definition.Name) {
		return set.Value
	}
	return definition.Default
}

// Duration is a time option.
func (v *Values) Duration(name string) time.Duration {
	value, err := parseDuration(v.String(name))
	if err != nil {
		definition, _ := Find(name)
		value, _ = parseDuration(definition.Default)
	}
	return value
}

// Int is a number option.
func (v *Values) Int(name string) int {
	value, err := strconv.Atoi(v.String(name))
	if err != nil {
		definition, _ := Find(name)
		value, _ = strconv.Atoi(definition.Default)
	}
	return value
}

// Bool is a flag option.
func (v *Values) Bool(name string) bool { return v.String(name) == "true" }
