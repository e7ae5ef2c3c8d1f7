package fencing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/fence"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

type answer struct {
	power fence.Power
	err   error
}

// agent makes what the port wants of what is recorded.
func (r *room) agent(of model.FenceAgent) (fence.Agent, error) {
	password := ""
	if of.Password != "" {
		revealed, err := r.Vault.Reveal(of.Password)
		if err != nil {
			return fence.Agent{}, fmt.Errorf("the password of fence agent %s: %w", of.ID, err)
		}
		password = revealed
	}
	options := of.Own()
	for name, sealed := range of.Secrets {
		revealed, err := r.Vault.Reveal(sealed)
		if err != nil {
			return fence.Agent{}, fmt.Errorf("option %s of fence agent %s: %w", name, of.ID, err)
		}
		if options == nil {
			options = make(map[string]string)
		}
		options[name] = revealed
	}
	return fence.Agent{
		Type: of.Type, Address: of.Address, Port: of.Port, Username: of.Username, Password: password,
		Encrypt: of.Encrypt, Options: options,
	}, nil
}

// each tries groups of agents in their order until one has done something as a whole.
// The errors of those before are told only if none has.
func (r *room) each(ctx context.Context, groups [][]model.FenceAgent, do func(context.Context, []model.FenceAgent) error) error {
	if r.Fences == nil {
		return fmt.Errorf("%w: this engine has no fence agents", fence.ErrAgent)
	}
	var failures []error
	for _, group := range groups {
		err := do(ctx, group)
		if err == nil {
			return nil
		}
		failures = append(failures, err)
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(failures...)
}

func (r *room) all(ctx context.Context, group []model.FenceAgent, do func(context.Context, fence.Agent) error) error {
	for _, recorded := range group {
		agent, err := r.agent(recorded)
		if err != nil {
			return err
		}
		if err := do(ctx, agent); err != nil {
			return err
		}
	}
	return nil
}

// ask asks whether a host has power. With agents that belong together it has none only
// if all of them say so.
func (r *room) ask(ctx context.Context, on *model.Host) (fence.Power, error) {
	power := fence.PowerOff
	err := r.each(ctx, on.Power.Groups(), func(ctx context.Context, group []model.FenceAgent) error {
		return r.all(ctx, group, func(ctx context.Context, agent fence.Agent) error {
			says, err := r.Fences.Status(ctx, agent)
			if says == fence.PowerOn {
				power = fence.PowerOn
			}
			return err
		})
	})
	return power, err
}

// turnOff cuts the host off; a host with two supplies is off when both are. What the
// engine has decided by itself is decided anew: the host may have been heard again, and
// an engine that has just begun has not listened for long enough.
func (r *room) turnOff(ctx context.Context, w *job.Work) error {
	on, err := r.host(w)
	if err != nil {
		return err
	}
	if asked(w).Automatic {
		listened := time.NewTimer(time.Until(r.Begun.Add(r.Values.Duration("VdsTimeout"))))
		defer listened.Stop()
		select {
		case <-listened.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		if r.heard(on) {
			return fault.New(fault.HostStatusWrong, w.Job.Verb, on.Name, lifecycle.HostLabel(on.Status), "It answers again.")
		}
	}
	err = r.each(ctx, on.Power.Groups(), func(ctx context.Context, group []model.FenceAgent) error { return r.cut(ctx, w, on, group) })
	if err != nil {
		return r.failed(ctx, w, on, err)
	}
	return nil
}

// cutData is what a job remembers that cuts a host off.
type cutData struct {
	// Storage says that it was cut off from its storage. It runs on, and is not let back.
	Storage bool `json:"storage,omitempty"`
}

// cut has one group of agents cut the host off.
func (r *room) cut(ctx context.Context, w *job.Work, on *model.Host, group []model.FenceAgent) error {
	reach, err := r.reach(ctx, group)
	if err != nil {
		return err
	}
	if reach.Storage {
		if err := r.bar(ctx, w, on, group); err != nil {
			return err
		}
	}
	if err := r.all(ctx, group, r.Fences.TurnOff); err != nil {
		return err
	}
	return w.Remember(cutData{Storage: reach.Storage})
}

// lose closes the runs of the VMs of a host that has no power, or no storage.
func (r *room) lose(ctx context.Context, w *job.Work) error {
	var data cutData
	if err := w.Data(&data); err != nil {
		return err
	}
	return w.Update(ctx, func(tx *inventory.Tx) error {
		edited, ok := tx.Hosts.Edit(w.Job.Target.ID)
		switch {
		case !ok:
			return fault.Missing(string(w.Job.Target.ID))
		case data.Storage:
			return r.loseBarred(tx, edited)
		default:
			if edited.Barred != nil { // and without power nothing of it runs on
				edited.Barred = model.Clone(edited.Barred)
				edited.Barred.Confirmed = true
			}
			r.Lose(tx, edited, "Its host was cut off by its power management.")
			engine.MoveHost(edited, lifecycle.HostTurnedOff, "Its power management has cut it off.")
		}
		return nil
	})
}

// turnOn gives the host power, and its storage if that may be. It is connected to when it
// answers. One that was cut off from its storage just now, to be restarted, is left alone.
func (r *room) turnOn(ctx context.Context, w *job.Work) error {
	var data cutData
	if err := w.Data(&data); err != nil || data.Storage {
		return err
	}
	on, err := r.host(w)
	if err != nil {
		return err
	}
	powered, err := r.power(ctx, on)
	if err != nil {
		return r.failed(ctx, w, on, err)
	}
	back := on.MayReturn()
	if back {
		err := r.letBack(ctx, on)
		if err != nil && !powered {
			return r.failed(ctx, w, on, err)
		}
		back = err == nil // else it is tried again when the host answers
	}
	return w.Update(ctx, func(tx *inventory.Tx) error {
		edited, ok := tx.Hosts.Edit(on.ID)
		if !ok {
			return nil
		}
		if back && edited.MayReturn() {
			edited.Barred = nil
			if r.heard(on) && edited.Status == model.HostNonOperational {
				engine.ReviewHost(tx, edited)
				return nil
			}
		}
		if powered {
			engine.MoveHost(edited, lifecycle.HostTurnedOn, "It starts.")
		}
		return nil
	})
}

// power has the agents of power that a host has switch it on; false: there are none.
func (r *room) power(ctx context.Context, on *model.Host) (switched bool, err error) {
	if r.heard(on) && on.Barred != nil || !on.Power.Enabled {
		return false, nil // it has power, or that is not ours to say
	}
	var groups [][]model.FenceAgent
	for _, group := range on.Power.Groups() {
		if reach, err := r.reach(ctx, group); err != nil || !reach.Storage {
			groups = append(groups, group) // one that cannot say what it does is told of
		}
	}
	if len(groups) == 0 {
		return false, nil
	}
	return true, r.each(ctx, groups, func(ctx context.Context, group []model.FenceAgent) error {
		if _, err := r.reach(ctx, group); err != nil {
			return err
		}
		return r.all(ctx, group, r.Fences.TurnOn)
	})
}

// failed makes the error of a step of an agent's; it says nothing of the host.
func (r *room) failed(ctx context.Context, w *job.Work, on *model.Host, err error) error {
	if ctx.Err() != nil {
		return err
	}
	r.Log.WarnContext(ctx, "a fence agent failed", "host", on.ID, "job", w.Job.ID, "err", err)
	return fault.New(fault.FenceFailed, w.Job.Verb, on.Name, reason(err))
}

// reason is what an agent has said, for people; what the engine itself could not do is
// in its log.
func reason(err error) string {
	if errors.Is(err, fence.ErrAgent) {
		return err.Error()
	}
	return "the agent could not be asked"
}

// told writes the event of what a caller has asked or said.
func (r *room) told(tx *inventory.Tx, call *engine.Call, on *model.Host, code audit.Code, detail string) {
	about := engine.AboutCaller(call)
	about.Host, about.Detail = on, detail
	tx.Event(audit.New(code, about))
}
