package lifecycle

import "vireo/internal/model"

// Expiry is what happens when a status has lasted for too long.
type Expiry string

// The expiries.
const (
	// ExpireUp: the VM is taken to be up.
	ExpireUp Expiry = "up"
	// ExpireShutdown: the guest did not obey; it is up again, with event 147.
	ExpireShutdown Expiry = "shutdown"
	// ExpireReboot: up; with event 158 if the guest has not even restarted.
	ExpireReboot Expiry = "reboot"
	// ExpireEscalate: the shutdown is repeated by the power button; the status stays.
	ExpireEscalate Expiry = "escalate"
)

// Limit says how long a status may last: Option names the engine option that
// holds the time.
type Limit struct {
	Status model.Status
	Option string
	Expiry Expiry
}

// Limits are the documented time limits of statuses (api-v3 3.2, 3.5, 3.7).
var Limits = []Limit{
	{model.StatusPoweringUp, "GuestAgentStartupTimeout", ExpireUp},
	{model.StatusPoweringDown, "VmGracefulShutdownTimeout", ExpireEscalate},
	{model.StatusPoweringDown, "VmPoweringDownTimeout", ExpireShutdown},
	{model.StatusRebootInProgress, "VmRebootTimeout", ExpireReboot},
}
