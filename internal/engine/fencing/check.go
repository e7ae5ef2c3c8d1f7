package fencing

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// confirmable are the statuses in which an operator's word counts: the engine does
// not hear the host, so that nobody else can say what became of its VMs.
var confirmable = []model.HostStatus{
	model.HostNonResponsive, model.HostConnecting, model.HostDown, model.HostReboot, model.HostError,
	model.HostInstallFailed, model.HostMaintenance, model.HostNonOperational,
}

func (r *room) check(_ *inventory.Tx, call *engine.Call) error {
	params := paramsOf(call)
	if !slices.Contains(types, params.Type) {
		return fault.New(fault.Invalid, call.Verb, fmt.Sprintf("%q is no fence type; there are manual, restart, start, stop and status.", params.Type))
	}
	return nil
}

// checkAgents refuses what needs an agent and has none.
func (r *room) checkAgents(tx *inventory.Tx, call *engine.Call) error {
	on, _ := tx.Hosts.Get(call.Target)
	if !on.Power.Enabled || len(on.Power.Agents) == 0 {
		return fault.New(fault.FenceDisabled, call.Verb, on.Name)
	}
	return nil
}

// checkCut refuses to cut off a host whose VMs run and are seen to run: they are to be
// migrated or stopped first. Of a host that does not answer nobody can say that.
func (r *room) checkCut(tx *inventory.Tx, call *engine.Call) error {
	if err := r.checkAgents(tx, call); err != nil {
		return err
	}
	on, _ := tx.Hosts.Get(call.Target)
	if paramsOf(call).Automatic && on.Status != model.HostNonResponsive {
		return fault.New(fault.HostStatusWrong, call.Verb, on.Name, lifecycle.HostLabel(on.Status), "It answers again.")
	}
	running := engine.RunsOn(tx, on.ID)
	if r.heard(on) && len(running) > 0 {
		var names []string
		for _, vm := range running[:min(len(running), 10)] {
			names = append(names, vm.Name)
		}
		return fault.New(fault.HostHasVMs, call.Verb, on.Name, strings.Join(names, ", "))
	}
	return nil
}

// heard says whether the engine is connected to a host.
func (r *room) heard(on *model.Host) bool {
	if r.Machines == nil {
		return false
	}
	_, err := r.Machines.Connected(on.ID)
	return err == nil
}

// confirm takes an operator's word that a host has been restarted, or is off: what ran
// there has ended. The engine must not be connected to it.
func (r *room) confirm(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	on, _ := tx.Hosts.Get(call.Target)
	if !slices.Contains(confirmable, on.Status) || r.heard(on) {
		return nil, fault.New(fault.HostStatusWrong, call.Verb, on.Name, lifecycle.HostLabel(on.Status),
			"That it was restarted can be confirmed of a host that does not answer.")
	}
	edited, _ := tx.Hosts.Edit(on.ID)
	if edited.Barred != nil {
		edited.Barred = model.Clone(edited.Barred)
		edited.Barred.Confirmed = true
	}
	r.Lose(tx, edited, "An operator has confirmed that its host was restarted.")
	r.told(tx, call, edited, audit.HostConfirmed, "")
	return edited, nil
}

// status asks the agents whether the host has power.
func (r *room) status(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	on, _ := tx.Hosts.Get(call.Target)
	power, err := engine.Outside(call, "power", func(ctx context.Context) (answer, error) {
		power, err := r.ask(ctx, on)
		return answer{power, err}, nil
	})
	if err != nil {
		return nil, err
	}
	if power.err != nil {
		return nil, fault.New(fault.FenceFailed, call.Verb, on.Name, reason(power.err))
	}
	if params, ok := call.Params.(*Params); ok {
		params.Power = power.power
	}
	r.told(tx, call, on, audit.HostPowerAsked, string(power.power))
	return on, nil
}
