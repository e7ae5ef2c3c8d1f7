package hosttest

import (
	"testing"
	"time"

	"vireo/internal/host"
	"vireo/internal/model"
)

// Target is a driver to be tried with a machine that it reaches. What is nil or
// empty leaves out the promises that need it.
type Target struct {
	Driver host.Driver
	// Address is what Connect is given.
	Address string
	// Other is the address of another machine that guests can migrate to, and Nowhere one
	// at which no machine is; empty is one that cannot be reached.
	Other, Nowhere string
	// Spec makes the specification of a small guest of that name that can really
	// be started, with an id and disks of its own, not Paused, with a display.
	Spec func(t *testing.T, name string) *host.GuestSpec
	// PostCopy says that both machines can end migrations in post-copy.
	PostCopy bool
	// HasAgent says that such a guest comes up with a guest agent.
	HasAgent bool
	// Talks gives the guest the engine's own agent too, which gives signs of life and says
	// again what it is told to echo (api-v3 3.8).
	Talks func(t *testing.T, spec *host.GuestSpec)
	// Patience is the longest that anything may take; 0 is a minute.
	Patience time.Duration
	// SaveDir is an empty folder of this machine that the hypervisor can write
	// saved states into.
	SaveDir string
	// Media are two different files for the CD drive.
	Media [2]string
	// SpareDisk makes a disk that is in no guest, SpareNIC such a NIC.
	SpareDisk func(t *testing.T) host.DiskSpec
	SpareNIC  func(t *testing.T) host.NICSpec
	// Bridges are two Linux bridges of the machine that guests can be connected to.
	Bridges [2]string
	// Above makes an empty volume on top of the one that a disk is in, and gives the
	// disk as it is there.
	Above func(t *testing.T, disk host.DiskSpec) host.DiskSpec
	// Counter reads a number that the software inside the guest raises while it
	// runs, from 0 at its power on.
	Counter func(t *testing.T, id model.ID) int64
	// Enter tries a password on the guest's display, as a viewer does. The channel
	// is closed when the viewer is thrown off.
	Enter func(t *testing.T, id model.ID, password string) (thrownOff <-chan struct{}, letIn bool)
	// Seeds reads the seeds that the host keeps for a guest, known or not, by name.
	Seeds func(t *testing.T, id model.ID) map[string][]byte
	// Kill ends the guest's QEMU with a signal.
	Kill func(t *testing.T, id model.ID)
	// Cut loses the machine's connections, and lets new ones be made.
	Cut func(t *testing.T)
}

// Promise is one thing that every driver keeps.
type Promise struct {
	Name string
	// Applies says whether the target has what the promise needs.
	Applies func(Target) bool
	// Check makes no subtests, so that it may run in a bubble.
	Check func(t *testing.T, target Target)
}

// Run checks all promises that apply to the target, one after the other.
func Run(t *testing.T, target Target) {
	t.Helper()
	for _, p := range Promises() {
		if p.Applies(target) {
			t.Run(p.Name, func(t *testing.T) { p.Check(t, target) })
		}
	}
}

// Promises lists all promises.
func Promises() []Promise {
	always := func(Target) bool { return true }
	agent := func(g Target) bool { return g.HasAgent }
	above := func(g Target) bool { return g.Above != nil }
	other := func(g Target) bool { return g.Other != "" }
	seeds := func(g Target) bool { return g.Seeds != nil }
	return []Promise{
		{"the machine describes itself", always, machineDescribesItself},
		{"an unknown guest is not found", always, unknownGuestIsNotFound},
		{"a cancelled context ends a call", always, cancelledContextEndsCalls},
		{"a closed connection says so", always, closedConnectionSaysSo},
		{"boot twice is boot once", always, bootTwiceIsOnce},
		{"another epoch or id is refused", always, otherEpochOrIDIsRefused},
		{"a refused boot leaves nothing", always, refusedBootLeavesNothing},
		{"what ran is found again", always, whatRanIsFoundAgain},
		{"pause and resume", always, pauseAndResume},
		{"a destroyed guest is remembered until it is forgotten", always, destroyedIsRememberedUntilForgotten},
		{"a guest that is off refuses", always, offGuestRefuses},
		{"the figures of a running guest move", always, figuresMove},
		{"the medium changes", func(g Target) bool { return g.Media[0] != "" }, mediumChanges},
		{"devices come and go", func(g Target) bool { return g.SpareDisk != nil && g.SpareNIC != nil }, devicesComeAndGo},
		{"network interfaces move between bridges", func(g Target) bool { return g.Bridges[0] != "" && g.SpareNIC != nil }, nicsMoveBetweenBridges},
		{"disks grow", func(g Target) bool { return g.SpareDisk != nil }, disksGrow},
		{"a ticket opens the display", func(g Target) bool { return g.Enter != nil }, ticketOpensDisplay},
		{"a display is a stream", func(g Target) bool { return g.Enter != nil }, displayIsStream},
		{"a serial console is a stream", always, serialIsStream},
		{"a display is a picture", always, displayIsPicture},
		{"the agent answers and reboots", agent, agentAnswersAndReboots},
		{"a channel leads to the engine's agent", func(g Target) bool { return g.Talks != nil }, channelLeadsToAgent},
		{"file systems are frozen and thawed", agent, fileSystemsFreezeAndThaw},
		{"a guest that powers itself off is told apart", agent, selfPowerOffIsToldApart},
		{"a saved guest goes on", func(g Target) bool { return g.SaveDir != "" }, savedGuestGoesOn},
		{"a save that fails leaves the guest running", func(g Target) bool { return g.SaveDir != "" }, failedSaveLeavesRunning},
		{"snapshots are taken", above, snapshotsAreTaken},
		{"snapshots keep the memory", func(g Target) bool { return above(g) && g.SaveDir != "" }, snapshotsKeepMemory},
		{"volumes are merged", above, volumesAreMerged},
		{"disks are mirrored", above, disksAreMirrored},
		{"a guest migrates", other, guestMigrates},
		{"a migration is aborted", other, migrationIsAborted},
		{"a migration ends in post-copy", func(g Target) bool { return g.Other != "" && g.PostCopy }, migrationEndsInPostCopy},
		{"a migration fails", other, migrationFails},
		{"guests are adopted and given up", always, guestsAreAdopted},
		{"a restore of nothing is refused", func(g Target) bool { return g.SaveDir != "" }, restoreOfNothingIsRefused},
		{"seeds are kept until the guest is forgotten", seeds, seedsAreKeptUntilForgotten},
		{"a refused boot leaves no seeds", seeds, refusedBootLeavesNoSeeds},
		{"a saved guest gets its seeds again", func(g Target) bool { return g.Seeds != nil && g.SaveDir != "" }, savedGuestGetsItsSeedsAgain},
		{"a killed guest has crashed", func(g Target) bool { return g.Kill != nil }, killedGuestHasCrashed},
		{"a lost connection says so", func(g Target) bool { return g.Cut != nil }, lostConnectionSaysSo},
	}
}
