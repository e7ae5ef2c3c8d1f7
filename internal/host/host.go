package host

import (
	"context"
	"errors"
	"slices"
	"time"

	"vireo/internal/model"
)

// The three errors of a host, to be found with errors.Is. Every error of a
// driver wraps one of them, or the context's.
var (
	// ErrUnreachable: the host did not answer. Whether the request was done is
	// not known.
	ErrUnreachable = errors.New("the host does not answer")
	// ErrNotFound: the host answered that it has no such guest.
	ErrNotFound = errors.New("the host has no such guest")
	// ErrRefused: the host answered and did not do it. A *RefusedError says why.
	ErrRefused = errors.New("the host refused")
)

// RefusedError is a host's own no. Reason is its text, for the log and for the
// events that operators read.
type RefusedError struct {
	Code   RefusalCode
	Reason string
}

// RefusalCode names the refusals that the engine acts upon.
type RefusalCode string

// The refusals that are told apart.
const (
	RefusedOther RefusalCode = ""
	// RefusedAgent: the guest agent is absent or does not answer.
	RefusedAgent RefusalCode = "agent"
	// RefusedState: the guest is not in a state that allows it.
	RefusedState RefusalCode = "state"
	// RefusedExists: a guest with this id or name exists and is not the one asked for.
	RefusedExists RefusalCode = "exists"
	// RefusedUnsupported: this host cannot do that at all.
	RefusedUnsupported RefusalCode = "unsupported"
	// RefusedIdentity: the host did not show the key or the certificate that it
	// should have; RefusedLogin: it does not let the engine in.
	RefusedIdentity RefusalCode = "identity"
	RefusedLogin    RefusalCode = "login"
	// RefusedResource: not enough memory, no space, no such file or network.
	RefusedResource RefusalCode = "resource"
)

// Error is the host's text.
func (e *RefusedError) Error() string { return "the host refused: " + e.Reason }

// Is makes errors.Is(err, ErrRefused) true.
func (e *RefusedError) Is(target error) bool { return target == ErrRefused }

// Driver reaches hosts by address.
type Driver interface {
	// Connect dials the host and returns when it has answered. address is a
	// libvirt URI, with what is pinned of the host (model.Host.Dial).
	// ErrUnreachable, or ErrRefused with RefusedIdentity, RefusedLogin or
	// RefusedUnsupported when the host is not to be used like this.
	Connect(ctx context.Context, address string) (Host, error)
}

// Host is one live connection to a hypervisor. When it is lost every call
// answers ErrUnreachable and Done is closed; the caller connects anew. Every
// call ends by its context's deadline at the latest, also when the host hangs,
// and one slow call delays no other.
//
// Calls that change something are idempotent: done twice is done once.
type Host interface {
	Machine
	Power
	Devices
	Display
	Consoles
	Channels
	Snapshots
	Mirrors
	Migrations
	Agent
	Storage
	Adoption

	// Watch returns the events of all guests, from the moment it returns on. The
	// channel is closed when the connection is lost. It is called once.
	Watch(ctx context.Context) (<-chan Event, error)
	// Done is closed when the connection is lost or closed.
	Done() <-chan struct{}
	// Close ends the connection; guests run on.
	Close() error
}

// Machine is what a host says of itself and of all that it runs.
type Machine interface {
	// Facts reads what the host is.
	Facts(ctx context.Context) (model.HostFacts, error)
	// Networks reads again what of the facts changes while a host runs: Networks,
	// Bridges and NICs, the others are left empty.
	Networks(ctx context.Context) (model.HostFacts, error)
	// BootID is a text that changes with each start of the machine, and only then.
	BootID(ctx context.Context) (string, error)
	// Alive asks for the cheapest answer there is.
	Alive(ctx context.Context) error
	// Memory is the host's free and total memory in bytes.
	Memory(ctx context.Context) (free, total int64, err error)
	// Load samples what the host is doing. It asks no guest.
	Load(ctx context.Context) (Load, error)
	// Guests lists all guests, defined and running, Vireo's or not.
	Guests(ctx context.Context) ([]Guest, error)
	// Stats samples all running guests; one hung guest delays nobody: it is
	// reported with Hung.
	Stats(ctx context.Context) ([]Sample, error)
}

// Power starts and ends guests.
type Power interface {
	// Guest looks at one guest. ErrNotFound when the host knows none.
	Guest(ctx context.Context, id model.ID) (Guest, error)
	// Boot defines the guest and starts it; Paused in spec leaves its CPUs
	// stopped. A running guest with the same id and Epoch is success. One of
	// another Epoch, or with the name of another id, is RefusedExists. A guest
	// that is defined but does not run is replaced. When Boot fails with
	// ErrRefused nothing of the guest is left on the host, its seeds included.
	Boot(ctx context.Context, spec *GuestSpec) error
	// Restore does as Boot from the state that Save wrote to path. The file stays.
	Restore(ctx context.Context, spec *GuestSpec, path string) error
	// Save stops the guest and writes its memory and devices to path, which must
	// not exist before; the guest is then off with the reason EndSaved. If it
	// fails the guest runs on and the file is gone.
	Save(ctx context.Context, id model.ID, path string) error
	// Destroy ends the guest at once and returns when QEMU is gone and its disks
	// are free. A guest that is off or unknown is success.
	Destroy(ctx context.Context, id model.ID) error
	// Forget removes the definition of a guest that is off, and with it the
	// host's memory of why it ended and its seeds. An unknown one is success, and
	// seeds that were left of it are removed; a running one is RefusedState.
	Forget(ctx context.Context, id model.ID) error
	// Pause stops the CPUs, Resume lets them run.
	Pause(ctx context.Context, id model.ID) error
	Resume(ctx context.Context, id model.ID) error
	// PressPower sends the ACPI power button. It returns at once.
	PressPower(ctx context.Context, id model.ID) error
	// Reboot asks for a restart by ACPI; QEMU stays the same process.
	Reboot(ctx context.Context, id model.ID) error
}

// Devices changes the devices of guests that run; each change lasts for this
// run only.
type Devices interface {
	// ChangeCDROM puts the file at path into the CD drive; "" empties it.
	ChangeCDROM(ctx context.Context, id model.ID, path string) error
	// PlugDisk and UnplugDisk return when the guest has the disk, or has let go
	// of it. Already so is success.
	PlugDisk(ctx context.Context, id model.ID, disk DiskSpec) error
	UnplugDisk(ctx context.Context, id model.ID, disk model.ID) error
	// ResizeDisk makes a disk of a guest larger, its image and what the guest sees
	// of it; size is in bytes, a multiple of 512. That large already is success. A
	// smaller size is RefusedUnsupported, a disk that the guest does not have
	// RefusedResource. What the image gains is thin.
	ResizeDisk(ctx context.Context, id model.ID, disk model.ID, size int64) error
	// PlugNIC and UnplugNIC likewise; UpdateNIC changes link, network and MTU. Where
	// that cannot be done in place the NIC is unplugged and plugged again. A network
	// or bridge that the host does not have is RefusedResource or RefusedOther.
	PlugNIC(ctx context.Context, id model.ID, nic NICSpec) error
	UnplugNIC(ctx context.Context, id model.ID, mac string) error
	UpdateNIC(ctx context.Context, id model.ID, nic NICSpec) error
}

// Display guards the displays of guests that run. A guest starts with a display
// that lets nobody in.
type Display interface {
	// SetTicket replaces what opens the display, and throws off whoever was let
	// in before. It lasts for this run at most. A guest without a display is
	// RefusedUnsupported, one that does not run RefusedState.
	SetTicket(ctx context.Context, id model.ID, ticket Ticket) error
}

// Agent speaks to the guest agent inside. RefusedAgent when there is none or it
// does not answer in time.
type Agent interface {
	// AgentPing returns when the agent has answered.
	AgentPing(ctx context.Context, id model.ID) error
	// AgentShutdown asks the guest to power off, or to reboot. It returns when
	// the request is delivered, not when the guest is off.
	AgentShutdown(ctx context.Context, id model.ID, reboot bool) error
	// GuestInfo asks for addresses, host name, operating system and time zone;
	// Live.Stats is left alone.
	GuestInfo(ctx context.Context, id model.ID) (model.Live, error)
	// GuestUptime is how long the guest's system has lived by its own clock, to
	// tell whether it has restarted. RefusedUnsupported when it cannot say.
	GuestUptime(ctx context.Context, id model.ID) (time.Duration, error)
	FileSystems
}

// FileSystems holds the file systems of a guest still, for copies of its disks.
// It is done by the guest agent. One that has answered that it cannot is
// RefusedOther, one that does not know the order RefusedUnsupported. While they
// are frozen the agent answers to AgentPing and to these only, and everything
// else that is asked of it is RefusedAgent.
type FileSystems interface {
	// AgentFreeze freezes all file systems that can be: what writes to them inside
	// waits until they are thawed. It may take as long as ctx, for the guest writes
	// out first what it has in memory. Frozen already is success; so is a guest
	// that has nothing to freeze, and that is not frozen then.
	AgentFreeze(ctx context.Context, id model.ID) error
	// AgentThaw thaws them, likewise. Not frozen is success.
	AgentThaw(ctx context.Context, id model.ID) error
	// AgentFrozen says whether they are frozen.
	AgentFrozen(ctx context.Context, id model.ID) (bool, error)
}

// Guest is what a host says of one guest.
type Guest struct {
	ID    model.ID
	Name  string
	State State
	// Pause says why, when State is Paused; End when it is Off.
	Pause Pause
	End   End
	// Ours says that the guest carries Vireo's metadata, in the next three.
	Ours   bool
	Engine model.ID
	Epoch  uint64
	Given  model.Given
	// Display is where it listens, DisplayType what speaks there.
	Console     model.Console
	DisplayType model.DisplayType
	// CDROM is the path in the CD drive.
	CDROM string
	// AgentConnected says that the agent's channel is open inside the guest.
	AgentConnected bool
	// PostCopy says that part of its memory is on another host, which a migration in
	// post-copy brings it from, or takes it to: without that host it is lost.
	PostCopy bool
	// Memory in bytes and CPUs are what it has now.
	Memory int64
	CPUs   int
}

// HasCome says of a guest of a run, on a host that it may have migrated to, that it runs
// there, or that it did: one that was shut down since is not to be taken for lost. One that is
// paused may be waiting for its memory; it has come if it has a reason of its own.
func (g Guest) HasCome() bool {
	switch g.State {
	case Off:
		return g.End == EndShutdown
	case Paused:
		return !g.PostCopy && slices.Contains(pausesOfGuests, g.Pause)
	case Running, ShuttingDown, Crashed:
		return !g.PostCopy
	}
	return false
}

// pausesOfGuests are those that no host makes for a migration.
var pausesOfGuests = []Pause{PauseUser, PauseIO, PauseNoSpace, PausePerm, PauseWatchdog, PausePanic, PauseOther}

// State is the state of a guest on its host.
type State string

// The states of a guest.
const (
	// Running includes a guest that the host calls idle or blocked.
	Running State = "running"
	Paused  State = "paused"
	// ShuttingDown is a guest that has powered itself off while QEMU still
	// holds its disks.
	ShuttingDown State = "shutting_down"
	// Crashed is a guest whose kernel has panicked and which is kept so.
	Crashed State = "crashed"
	// Off is a guest that is defined and has no QEMU.
	Off State = "off"
)

// Pause says why a guest is paused.
type Pause string

// The reasons of a pause.
const (
	PauseUser     Pause = "user"
	PauseStarting Pause = "starting"
	PauseIO       Pause = "io"
	PauseNoSpace  Pause = "no_space"
	PausePerm     Pause = "permission"
	PauseWatchdog Pause = "watchdog"
	PausePanic    Pause = "panic"
	// PauseWork is a pause of the host's own for saving, migrating or a snapshot.
	PauseWork Pause = "work"
	// PausePostCopy is that of a guest whose migration broke while its memory was on two
	// hosts.
	PausePostCopy Pause = "post_copy"
	PauseOther    Pause = "other"
)

// End says why a guest is off.
type End string

// The ways a guest ends.
const (
	// EndShutdown: it powered itself off.
	EndShutdown End = "shutdown"
	// EndDestroyed: somebody destroyed it.
	EndDestroyed End = "destroyed"
	// EndCrashed: QEMU was killed or died, or its kernel panicked where that ends it.
	EndCrashed  End = "crashed"
	EndSaved    End = "saved"
	EndMigrated End = "migrated"
	EndFailed   End = "failed"
	// EndUnknown: it never ran since it was defined, or the host lost the reason.
	EndUnknown End = "unknown"
)

// Event says that something happened to a guest. What a guest is like now is
// asked with Guest: events may be coalesced and may arrive late.
type Event struct {
	Guest model.ID
	Kind  EventKind
	// Received is when the driver had it from the host.
	Received time.Time
	// Pause tells I/O errors apart (EventIOError); End why it stopped
	// (EventStopped); Path is the image concerned.
	Pause Pause
	End   End
	Path  string
}

// EventKind names what happened.
type EventKind string

// The events of a guest.
const (
	EventStarted      EventKind = "started"
	EventPaused       EventKind = "paused"
	EventResumed      EventKind = "resumed"
	EventShuttingDown EventKind = "shutting_down"
	EventStopped      EventKind = "stopped"
	EventPanicked     EventKind = "panicked"
	// EventReset: the guest restarted inside the same QEMU.
	EventReset             EventKind = "reset"
	EventWatchdog          EventKind = "watchdog"
	EventIOError           EventKind = "io_error"
	EventAgentConnected    EventKind = "agent_connected"
	EventAgentDisconnected EventKind = "agent_disconnected"
	EventMediumChanged     EventKind = "medium_changed"
	EventDefined           EventKind = "defined"
	EventForgotten         EventKind = "forgotten"
	// EventControlError: the host can no longer talk to the QEMU of the guest.
	EventControlError EventKind = "control_error"
)

// Sample is one reading of a running guest's counters.
type Sample struct {
	Guest model.ID
	Taken time.Time
	// CPUTime is the time all its CPUs have used; SystemTime and UserTime the
	// part spent in the host's kernel and in QEMU itself.
	CPUTime, SystemTime, UserTime time.Duration
	// Memory of the guest in bytes: -1 where the guest does not say.
	MemoryInstalled, MemoryUnused, MemoryBuffered, MemoryCached, MemoryResident int64
	Disks                                                                       []DiskSample
	NICs                                                                        []NICSample
	// Hung says that QEMU's monitor does not answer, and Since for how long.
	Hung  bool
	Since time.Duration
}

// DiskSample are the counters of one disk, by its id.
type DiskSample struct {
	Disk                                               model.ID
	ReadBytes, WriteBytes, ReadRequests, WriteRequests int64
}

// NICSample are the counters of one NIC, by its MAC.
type NICSample struct {
	MAC                                                  string
	ReceivedBytes, SentBytes, ReceivedErrors, SentErrors int64
}
