package fencing

import (
	"context"
	"fmt"
	"slices"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/fence"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// reach is what a group of agents cuts a host off from. Those that belong together do
// the same (hosts.checkPower).
func (r *room) reach(ctx context.Context, group []model.FenceAgent) (reach fence.Reach, err error) {
	if r.Fences == nil {
		return reach, fmt.Errorf("%w: this engine has no fence agents", fence.ErrAgent)
	}
	for _, agent := range group {
		one, err := r.Fences.Reach(ctx, agent.Type)
		if err != nil {
			return fence.Reach{}, err
		}
		reach.Storage, reach.Itself = reach.Storage || one.Storage, reach.Itself || one.Itself
	}
	return reach, nil
}

// bar records that a group of agents is about to cut the host off from its storage: from
// now on it is not used before they have let it back. It is refused where that would be
// no proof, because a guest may write to something else.
func (r *room) bar(ctx context.Context, w *job.Work, on *model.Host, group []model.FenceAgent) error {
	if params := asked(w); params.Type == model.FenceRestart && !params.Automatic {
		return fmt.Errorf("%w: %s cuts the host off from its storage, and cannot restart it", fence.ErrAgent, group[0].Type)
	}
	return w.Update(ctx, func(tx *inventory.Tx) error {
		for _, vm := range engine.RunsOn(tx, on.ID) {
			if why := beyond(tx, vm, group); why != "" {
				return fmt.Errorf("%w: %s is none to trust here, for %s", fence.ErrAgent, group[0].Type, why)
			}
		}
		edited, ok := tx.Hosts.Edit(on.ID)
		if !ok {
			return fault.Missing(string(on.ID))
		}
		barred := &model.Barred{BootID: edited.BootID}
		if before := edited.Barred; before != nil {
			barred.Agents = slices.Clone(before.Agents)
			barred.Closed = before.Closed && before.BootID == edited.BootID && !before.Confirmed
		}
		for _, agent := range group {
			if !slices.Contains(barred.Agents, agent.ID) {
				barred.Agents = append(barred.Agents, agent.ID)
			}
		}
		edited.Barred = barred
		if r.heard(edited) {
			engine.ReviewHost(tx, edited) // nothing is to come to it meanwhile
		}
		return nil
	})
}

// beyond says how the guest of a VM could do harm, or go on, although its host is cut off
// from all that these agents stand before; "" when it could not.
func beyond(tx *inventory.Tx, vm *model.VM, group []model.FenceAgent) string {
	if vm.Run.Migration != nil {
		return "VM " + vm.Name + " is on its way between two hosts"
	}
	if len(vm.Disks) == 0 && len(vm.NICs) > 0 {
		return "VM " + vm.Name + " has no disk, and goes on over the network"
	}
	for _, attached := range vm.Disks {
		disk, ok := tx.Disks.Get(attached.Disk)
		if !ok {
			return "a disk of VM " + vm.Name + " is not recorded"
		}
		if _, held := tx.Holder(disk.Ref()); held {
			return fmt.Sprintf("something is being done to disk %s of VM %s", disk.Alias, vm.Name)
		}
		if !slices.ContainsFunc(group, func(agent model.FenceAgent) bool { return agent.Before(disk.StorageDomain) }) {
			return fmt.Sprintf("disk %s of VM %s is in a storage domain that it does not stand before", disk.Alias, vm.Name)
		}
	}
	return ""
}

// loseBarred closes the runs of the VMs of a host that has no storage any more. One that
// is heard has none, and is not to be used now; if it has some, it has answered meanwhile,
// nobody relies on its being cut off, and it is let back.
func (r *room) loseBarred(tx *inventory.Tx, on *model.Host) error {
	running := engine.RunsOn(tx, on.ID)
	if r.heard(on) && len(running) > 0 {
		engine.ReviewHost(tx, on)
		return nil
	}
	group := slices.DeleteFunc(slices.Clone(on.Power.Agents), func(agent model.FenceAgent) bool { return !slices.Contains(on.Barred.Agents, agent.ID) })
	for _, vm := range running {
		// It may have come while the agent was at work.
		if why := beyond(tx, vm, group); why != "" {
			return fault.New(fault.FenceFailed, "fence", on.Name, "It proves nothing, for "+why+".")
		}
	}
	on.Barred = model.Clone(on.Barred)
	on.Barred.Closed = true
	tx.Event(audit.New(audit.HostBarred, audit.About{Host: on}))
	if r.heard(on) {
		engine.ReviewHost(tx, on)
		return nil
	}
	r.Lose(tx, on, "Its host was cut off from its storage.")
	return nil
}

// letBack has the agents that have cut a host off from its storage undo that. Where only
// the host can, they are asked whether it has. Agents that are not to be used any more
// (power management is disabled, or they were removed) are left to the operator.
func (r *room) letBack(ctx context.Context, on *model.Host) error {
	if !on.Power.Enabled {
		return nil
	}
	for _, recorded := range on.Power.Agents {
		if !slices.Contains(on.Barred.Agents, recorded.ID) {
			continue
		}
		reach, err := r.reach(ctx, []model.FenceAgent{recorded})
		if err != nil {
			return err
		}
		agent, err := r.agent(recorded)
		if err != nil {
			return err
		}
		if !reach.Itself {
			if err := r.Fences.TurnOn(ctx, agent); err != nil {
				return err
			}
			continue
		}
		if says, err := r.Fences.Status(ctx, agent); err != nil || says != fence.PowerOn {
			if err != nil {
				return err
			}
			return fmt.Errorf("%w: only the host itself can undo what %s has done: run fence_%[2]s with action on there", fence.ErrAgent, agent.Type)
		}
	}
	return nil
}

// checkOn refuses to let a host back to its storage while guests that were cut off with
// it may run.
func (r *room) checkOn(tx *inventory.Tx, call *engine.Call) error {
	on, _ := tx.Hosts.Get(call.Target)
	if on.MayReturn() {
		return nil // whatever agents there are now
	}
	if err := r.checkAgents(tx, call); err != nil {
		return err
	}
	if on.Barred != nil {
		return fault.New(fault.StateConflict, call.Verb, "The host "+on.Name+
			" was cut off from its storage, and what ran there may run on. Restart it; if it does not answer, confirm that (manual).")
	}
	return nil
}

// checkRestart refuses to restart a host that has agents of storage only.
func (r *room) checkRestart(tx *inventory.Tx, call *engine.Call) error {
	if err := r.checkCut(tx, call); err != nil || paramsOf(call).Automatic {
		return err
	}
	on, _ := tx.Hosts.Get(call.Target)
	powers, err := engine.Outside(call, "reach", func(ctx context.Context) (bool, error) {
		for _, agent := range on.Power.Agents {
			if reach, err := r.reach(ctx, []model.FenceAgent{agent}); err != nil || !reach.Storage {
				return true, nil // what is wrong with it is told by the job
			}
		}
		return false, nil
	})
	if err == nil && !powers {
		return fault.New(fault.StateConflict, call.Verb, "The fence agents of host "+on.Name+" cut it off from its storage, and cannot restart it.")
	}
	return err
}
