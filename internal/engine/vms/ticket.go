package vms

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// TicketParams are the Params of ticket. They are not Durable: the value is a
// secret, which lives in memory until the host has it. What is nil is filled in.
type TicketParams struct {
	// Value is the password; nil makes a random one.
	Value *string
	// Expiry is how long the ticket lets in, counted from when it is set; 0 is
	// without end, nil the default.
	Expiry *time.Duration
	// Console and Display are filled in with where the ticket opens what, as the host
	// says.
	Console model.Console
	Display model.DisplayType
}

// Tickets have bounds: SPICE takes no longer password (api-v3 3.13), and nobody
// wants an old one.
const (
	longestTicket = 60
	longestExpiry = 365 * 24 * time.Hour
	usualExpiry   = 2 * time.Hour
)

// settingTicket is the command in messages (api-v3 3.1).
const settingTicket = "set Virtual Machine Ticket"

// showing are the statuses in which a display can be opened (api-v3 4.3).
var showing = []model.Status{
	model.StatusUp, model.StatusPaused, model.StatusPoweringUp, model.StatusPoweringDown, model.StatusRebootInProgress,
}

// refuseTicket is the refusal of ticket (api-v3 3.13).
func refuseTicket(_ string, status model.Status) *fault.Fault {
	return fault.New(fault.TicketStatusIllegal, lifecycle.Label(status))
}

// lockTicket keeps two tickets of one VM apart. A ticket changes nothing of the
// VM, so other work on it is not in the way: somebody may want to watch that.
func lockTicket(_ *inventory.Tx, call *engine.Call) []model.Ref {
	return []model.Ref{{Kind: model.KindTicket, ID: call.Target}}
}

// reconnect is the permit to sit down where somebody else does.
const reconnect model.Permit = "reconnect_to_vm"

func (r *room) checkTicket(tx *inventory.Tx, call *engine.Call) error {
	if vm, ok := tx.VMs.Get(call.Target); ok && call.Caller != nil && vm.Run.ConsoleUser != "" &&
		vm.Run.ConsoleUser != call.Caller.User && !vm.Display.AllowOverride && !r.Permits(call.Caller, reconnect, vm.Ref()) {
		return fault.New(fault.ReconnectDenied)
	}
	params, ok := call.Params.(*TicketParams)
	if !ok || params == nil {
		return nil
	}
	if params.Value != nil {
		switch value := *params.Value; {
		case value == "":
			return fault.New(fault.Invalid, settingTicket, "The value cannot be empty; leave it out to get a random one.")
		case len(value) > longestTicket:
			return fault.New(fault.Invalid, settingTicket, fmt.Sprintf("The value may have at most %d characters.", longestTicket))
		case strings.ContainsFunc(value, func(char rune) bool { return char < ' ' || char > '~' }):
			return fault.New(fault.Invalid, settingTicket, "The value may hold printable ASCII characters only.")
		}
	}
	if params.Expiry != nil && (*params.Expiry < 0 || *params.Expiry > longestExpiry) {
		return fault.New(fault.Invalid, settingTicket, "The expiry must be between 0, which is no end, and 365 days.")
	}
	return nil
}

// fillTicket makes up what was not asked for.
func fillTicket(_ *inventory.Tx, call *engine.Call) (model.Object, error) {
	params, ok := call.Params.(*TicketParams)
	if !ok || params == nil {
		params = &TicketParams{}
		call.Params = params
	}
	if params.Value == nil {
		params.Value = new(randomTicket())
	}
	if params.Expiry == nil {
		params.Expiry = new(usualExpiry)
	}
	return nil, nil
}

// ticketed records who sits before the VM until its run ends or it is rebooted, so that
// nobody else takes the place unasked (api-v3 3.13).
func (r *room) ticketed(tx *inventory.Tx, w *job.Work, failure error) {
	if vm, ok := tx.VMs.Edit(w.Job.Target.ID); ok && failure == nil && w.Job.Owner != "" {
		vm.Run.ConsoleUser = w.Job.Owner
	}
}

// randomTicket makes twelve letters and digits, as the engine 3.6 did; the eight
// that VNC looks at are 47 random bits.
func randomTicket() string {
	for {
		var bytes [9]byte
		_, _ = rand.Read(bytes[:]) // never fails
		if text := base64.StdEncoding.EncodeToString(bytes[:]); !strings.ContainsAny(text, "+/") {
			return text
		}
	}
}

// setTicket gives the ticket to the guest's display. It waits for no host: who
// wanted in would be gone. An engine that was not asked itself does not know the
// ticket, and nobody else was told.
func (r *room) setTicket(_ context.Context, w *job.Work) error {
	params, asked := w.Asked.(*TicketParams)
	if !asked {
		return fault.New(fault.StateConflict, settingTicket, "The engine was restarted meanwhile.")
	}
	vm, err := r.vm(w)
	if err != nil {
		return err
	}
	err = r.OnHost(w, vm.Run.Host, "HostCallTimeout", func(ctx context.Context, conn host.Host) error {
		guest, err := conn.Guest(ctx, vm.ID)
		if err != nil {
			return err
		}
		if !r.Owns(vm, guest) {
			return fault.New(fault.StateConflict, settingTicket, "The guest on its host runs for another engine, or for later data of this one.")
		}
		ticket := host.Ticket{Password: *params.Value}
		if *params.Expiry > 0 {
			ticket.ValidTo = time.Now().Add(*params.Expiry)
		}
		if err := conn.SetTicket(ctx, vm.ID, ticket); err != nil {
			return err
		}
		params.Console, params.Display = guest.Console, guest.DisplayType
		if r.Ticketed != nil {
			r.Ticketed(engine.SetTicket{VM: vm.ID, Epoch: vm.Run.Epoch, User: w.Job.Owner, Value: *params.Value, Ends: ticket.ValidTo})
		}
		return nil
	})
	if silent, blocked := errors.AsType[*job.BlockedError](err); blocked {
		name := string(vm.Run.Host)
		if on, known := r.Inventory.Hosts.Get(vm.Run.Host); known {
			name = on.Name
		}
		return fault.New(fault.HostSilent, w.Job.Verb, name).Because(silent.Cause)
	}
	return r.HostFault(w.Job.Verb, vm.Run.Host, err)
}
