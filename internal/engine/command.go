package engine

import (
	"slices"
	"time"

	"vireo/internal/audit"
	"vireo/internal/auth"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// Command is one row of the command table: a verb on a kind of object. Routes,
// links, permissions, status rules, jobs and the generic tests follow from it.
type Command struct {
	// On and Name say what is done to what: vm, start. Changes of configuration
	// are named add, update and remove.
	On   model.Kind
	Name string
	// Verb is the word in messages: "run" in "Cannot run VM".
	Verb string
	// Needs is the permit that the caller must have on the object.
	Needs model.Permit
	// Demands replaces Needs where what must be permitted, or on which objects,
	// depends on the call; the caller must have all of them. Nil: Needs on the
	// target or on what contains it. The error may be one of Outside.
	Demands func(tx *inventory.Tx, call *Call) ([]Demand, error)
	// Internal commands are begun by the engine itself: nobody can call them, and
	// [Engine.Commands] does not name them.
	Internal bool
	// Unmonitored commands have no job in the API (api-v3 3.1).
	Unmonitored bool
	// Reshapes says that the command changes what a VM is made of: it is refused for
	// one that belongs to a pool, whose VMs are alike.
	Reshapes bool
	// Interrupts says that a job which holds the object is ended first, where
	// the object's status allows this command.
	Interrupts bool
	// First refuses what comes before the status (api-v3 3.14); nil refuses nothing.
	First func(tx *inventory.Tx, call *Call) error
	// Refuse makes the refusal for a status that no path starts from. Nil: the
	// general one.
	Refuse func(verb string, status model.Status) *fault.Fault
	// Locks names the objects that must be free; nil is the target alone. A
	// path with steps holds them while it works.
	Locks func(tx *inventory.Tx, call *Call) []model.Ref
	// Check refuses by anything else than the status; nil refuses nothing.
	Check func(tx *inventory.Tx, call *Call) error
	// Paths are the ways the command can go, by status of a VM.
	Paths []Path
}

// Demand is a permit that the caller must have on an object; the zero Ref is the
// system.
type Demand struct {
	Permit model.Permit
	On     model.Ref
}

// Key is the name of the row: "vm.start".
func (c *Command) Key() string { return string(c.On) + "." + c.Name }

// Path is one way a command can go.
type Path struct {
	// Name identifies the path in jobs and tests: "launch".
	Name string
	// From are the statuses of a VM that this path starts from; nil is any, and
	// what is not a VM has none.
	From []model.Status
	// When narrows the path to calls of a sort; nil takes all. It may be asked
	// for calls that Check then refuses.
	When func(tx *inventory.Tx, call *Call) bool
	// Via is the status entered with the job; empty leaves it.
	Via model.Status
	// To is the status entered when the work is done; empty leaves it to Settle
	// and the watcher. After a failure the VM is seen anew.
	To model.Status
	// Title is the description of the job; {name} is the object's name. Empty:
	// no job is shown.
	Title string
	// Describe gives another title for calls of a sort; nil, or empty, keeps
	// Title.
	Describe func(call *Call) string
	// Task paths answer 202 unless the client asked to wait (api-v3 1.6).
	Task bool
	// Background paths have done what was asked when they are accepted, unless the client
	// asked to wait: their work goes on and is told by job and event.
	Background bool
	// Granted paths have done what was asked when they are accepted: what goes wrong
	// afterwards is told by job and event, and is no failure to who has asked.
	Granted bool
	// Open says more in the event of Begun, in the transaction that accepts it; nil says
	// nothing.
	Open func(tx *inventory.Tx, call *Call, about *audit.About)
	// Begun, Done and Failed are events; 0 is none.
	Begun, Done, Failed audit.Code
	// Tell fills {detail} of Done, in the transaction that ends the work; nil is none.
	Tell func(w *job.Work) string
	// Check refuses this path only.
	Check func(tx *inventory.Tx, call *Call) error
	// Apply changes objects when the command is accepted, in that transaction,
	// and returns the object that the caller gets. Its events are its own.
	Apply func(tx *inventory.Tx, call *Call) (model.Object, error)
	// Steps are the work; none means that Apply was all.
	Steps []job.Step
	// Settle writes what the end of the work means, beside status and events.
	Settle func(tx *inventory.Tx, w *job.Work, failure error)
}

func (c *Command) path(tx *inventory.Tx, call *Call, status model.Status, hasStatus bool) (*Path, bool) {
	for i := range c.Paths {
		path := &c.Paths[i]
		if path.From != nil && (!hasStatus || !slices.Contains(path.From, status)) {
			continue
		}
		if path.When == nil || path.When(tx, call) {
			return path, true
		}
	}
	return nil, false
}

// tells says whether the end of the path's work is an event, whatever it is.
func (p *Path) tells() bool { return p.Done != 0 && p.Failed != 0 }

func (c *Command) named(path string) (*Path, bool) {
	i := slices.IndexFunc(c.Paths, func(p Path) bool { return p.Name == path })
	if i < 0 {
		return nil, false
	}
	return &c.Paths[i], true
}

// Call is one request for a command.
type Call struct {
	On   model.Kind
	Name string
	// Target is the object; empty for add. Parent is the object that contains
	// it: the VM of a NIC or of a disk attachment.
	Target, Parent model.ID
	// Params is what the row documents; a row may fill in what was left to it.
	Params        any
	Caller        *auth.Caller
	CorrelationID string
	// Async is what the client said, if it did. GracePeriod is waited first.
	Async       *bool
	GracePeriod time.Duration
	// Verb is filled in by Act from the row.
	Verb string
	// Holds are objects that the job locks beside those of the row: Apply fills them in,
	// having seen that they are free.
	Holds []model.Ref

	looks map[string]any // see Outside
	// cut is the status in which a job was ended for this call.
	cut       model.Status
	alongside []*acceptance // see Alongside
}

// Durable are Params that a job keeps, as JSON, for its steps.
type Durable interface{ Durable() }

// Edit is the Params of add and update: it changes the value given, and refuses
// with a fault.
type Edit[T any] func(*T) error

// Result is what became of a command.
type Result struct {
	// Job is nil for commands that needed none.
	Job *model.Job
	// Object is the object concerned, as it is now.
	Object model.Object
	// Pending says that the job has not ended.
	Pending bool
}
