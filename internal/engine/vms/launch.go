package vms

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/engine/placement"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
	"vireo/internal/option"
)

// launchData is what a launch or restore remembers.
type launchData struct {
	Host model.ID `json:"host"`
	// BootID is the host's when the work began there: after a restart of the
	// host the guest is lost.
	BootID string `json:"boot_id"`
	// Tried are hosts that have refused.
	Tried []model.ID `json:"tried,omitempty"`
	// Begun says that the host was sent the guest at least once.
	Begun bool `json:"begun,omitempty"`
	// Lost says that a restored guest was lost with its host.
	Lost bool `json:"lost,omitempty"`
	// Left are hosts that have refused, and could not be freed of what the guest has left there.
	Left []model.ID `json:"left,omitempty"`
	// Kept says that the saved state of a restored guest could not be removed.
	Kept bool `json:"kept,omitempty"`
}

// reserve chooses the host and begins a new run: from here on the VM counts on
// that host.
func (r *room) reserve(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	if _, restored := tx.Options.Get(option.Restored); restored {
		// A VM that the backup knows as down may run on a host not yet seen.
		return nil, fault.New(fault.StateConflict, call.Verb+" VM",
			"The engine's state was restored from a backup, and not all hosts have been compared with it yet.")
	}
	edited, _ := tx.VMs.Edit(call.Target)
	needs := r.needs(edited, call.Verb)
	if edited.Run.Suspended != nil {
		needs.Prefer = edited.Run.Suspended.Host
	}
	var err error
	if needs.Unseen, err = r.Unseen(tx, call, edited); err != nil {
		return nil, err
	}
	chosen, err := r.Placement.Choose(tx, needs, r.limits())
	if err != nil {
		return nil, err
	}
	edited.Run.Epoch = nextEpoch(edited.Run.Epoch)
	edited.Run.Host, edited.Run.Memory, edited.Run.Topology = chosen.ID, edited.Memory, edited.CPU.Topology
	edited.Run.ExitReason = ""
	return edited, nil
}

// epochNoise is how many low bits of an epoch are random: the rest counts runs.
const epochNoise = 20

// nextEpoch names the next run. It is later than the one before, and two engines
// that count on from copies of the same data do not arrive at the same one.
func nextEpoch(before uint64) uint64 {
	return (before>>epochNoise+1)<<epochNoise | rand.Uint64N(1<<epochNoise)
}

func (r *room) needs(vm *model.VM, verb string) placement.Needs {
	config := vm.Effective()
	return placement.Needs{
		VM: vm, Display: config.Display.Type, Machine: config.CustomEmulatedMachine,
		Only: config.Placement.Hosts, Verb: verb,
	}
}

func (r *room) limits() placement.Limits {
	return placement.Limits{
		HostReserve:   int64(r.Values.Int("ReservedHostMemory")) << 20,
		GuestOverhead: int64(r.Values.Int("VmOverheadMemory")) << 20,
	}
}

// boot starts the guest on the reserved host, and on others in turn when hosts
// refuse (api-v3 3.2, effect 4).
func (r *room) boot(ctx context.Context, w *job.Work) error {
	var params StartParams
	if err := w.Params(&params); err != nil {
		return err
	}
	for {
		data, err := r.begin(w)
		if err != nil {
			return err
		}
		err = r.OnHost(w, data.Host, "HostCallTimeout", func(ctx context.Context, conn host.Host) error {
			vm, err := r.vm(w)
			if err != nil {
				return err
			}
			if begun, err := hasRun(ctx, conn, vm); begun || err != nil {
				return err
			}
			spec, err := r.spec(ctx, asRun(vm), data.Host)
			if err != nil {
				return err
			}
			spec.Paused = params.Pause || vm.StartPaused
			if err := r.readyLease(ctx, w); err != nil {
				return err
			}
			if err := sending(w, &data); err != nil {
				return err
			}
			return conn.Boot(ctx, spec)
		})
		silent, err := r.unsent(w, data.Host, err)
		if silent != nil && r.another(w, data, silent) {
			continue
		}
		if silent != nil {
			return silent
		}
		if !errors.Is(err, host.ErrRefused) {
			return err
		}
		refusal := r.HostFault(w.Job.Verb, data.Host, err)
		if ctx.Err() != nil || isThere(err) {
			return refusal
		}
		// Nothing is left on a host that has refused; a guest that runs twice
		// would be worse than asking again.
		if err := r.clearRefused(w, &data); err != nil {
			return err
		}
		if !r.another(w, data, refusal) {
			return refusal
		}
	}
}

// begin says where the work is done, and refuses to go on after that host was
// restarted since it was sent the guest: whoever asked has long been told.
func (r *room) begin(w *job.Work) (launchData, error) {
	var data launchData
	if err := w.Data(&data); err != nil {
		return data, err
	}
	vm, err := r.vm(w)
	if err != nil {
		return data, err
	}
	on, _ := r.Inventory.Hosts.Get(vm.Run.Host)
	if on == nil {
		return data, fault.New(fault.NoHosts)
	}
	if data.Begun && data.Host == vm.Run.Host {
		if on.BootID != data.BootID {
			return data, fault.New(fault.HostFailed, w.Job.Verb, on.Name, "it was restarted meanwhile")
		}
		return data, nil
	}
	data.Host, data.BootID, data.Begun = on.ID, on.BootID, false
	return data, nil
}

// another moves the reservation to the next host; false when there is none.
func (r *room) another(w *job.Work, data launchData, refusal error) bool {
	data.Tried, data.Begun = append(data.Tried, data.Host), false
	if len(data.Tried) >= r.Values.Int("MaxRerunVmOnVdsCount") {
		return false
	}
	var unseen map[model.ID]string
	if vm, err := r.vm(w); err == nil {
		unseen = r.UnseenNow(w.Steady(), vm)
	}
	err := w.Update(w.Steady(), func(tx *inventory.Tx) error {
		vm, ok := tx.VMs.Edit(w.Job.Target.ID)
		if !ok {
			return fault.New(fault.VMNotFound, w.Job.Verb)
		}
		needs := r.needs(vm, w.Job.Verb)
		needs.Not, needs.Unseen = data.Tried, unseen
		chosen, err := r.Placement.Choose(tx, needs, r.limits())
		if err != nil {
			return err
		}
		about := engine.AboutJob(tx, w.Job)
		about.Detail = fault.Of(refusal).Message()
		tx.Event(audit.New(audit.StartFailedOnHost, about))
		vm.Run.Host = chosen.ID
		return nil
	})
	if err != nil {
		return false
	}
	return w.Remember(&data) == nil
}

// isThere says whether a host refused because a guest of that id or name runs
// there already: then no other host is tried.
func isThere(err error) bool {
	refused, ok := errors.AsType[*host.RefusedError](err)
	return ok && refused.Code == host.RefusedExists
}

// hasRun says whether the guest of this run was already started: by this step
// before a crash, and perhaps it has ended since. It must not be started again.
func hasRun(ctx context.Context, conn host.Host, vm *model.VM) (bool, error) {
	guest, err := conn.Guest(ctx, vm.ID)
	if errors.Is(err, host.ErrNotFound) {
		return false, nil
	}
	if err != nil || guest.Epoch != vm.Run.Epoch {
		return false, err
	}
	if guest.State != host.Off {
		return true, nil
	}
	return guest.End == host.EndShutdown || guest.End == host.EndDestroyed || guest.End == host.EndCrashed, nil
}

// unboot removes whatever the launch has left on its host.
func (r *room) unboot(_ context.Context, w *job.Work) error {
	var data launchData
	if err := w.Data(&data); err != nil || !data.Begun {
		return err
	}
	return r.clear(w, data.Host)
}

// clear ends and forgets the guest of this run, and no other: one that runs for
// another engine, or for later data of this one, is left alone.
func (r *room) clear(w *job.Work, on model.ID) error {
	vm, err := r.vm(w)
	if err != nil {
		return err
	}
	return r.OnHost(w, on, "HostCallTimeout", func(ctx context.Context, conn host.Host) error {
		guest, err := conn.Guest(ctx, vm.ID)
		if errors.Is(err, host.ErrNotFound) {
			return r.unseed(ctx, conn, vm.ID)
		}
		if err != nil || !r.Owns(vm, guest) {
			return err
		}
		if err := conn.Destroy(ctx, vm.ID); err != nil {
			return err
		}
		return conn.Forget(ctx, vm.ID)
	})
}

// clearRefused clears a host that has refused. Its answer was definite, so that a guest that
// is seen to be off there stays so: that its definition cannot be removed now is no
// reason to try no other host.
func (r *room) clearRefused(w *job.Work, data *launchData) error {
	err := r.clear(w, data.Host)
	if !errors.Is(err, host.ErrRefused) {
		return err
	}
	vm, vmErr := r.vm(w)
	if vmErr != nil {
		return vmErr
	}
	off := false
	if lookErr := r.OnHost(w, data.Host, "HostCallTimeout", func(ctx context.Context, conn host.Host) error {
		guest, err := conn.Guest(ctx, vm.ID)
		off = errors.Is(err, host.ErrNotFound) || err == nil && guest.State == host.Off
		return gone(err)
	}); lookErr != nil {
		return lookErr
	}
	if !off {
		return err
	}
	r.Log.WarnContext(w.Steady(), "what a guest that was not started has left could not be removed", "vm", vm.ID, "host", data.Host, "err", err)
	data.Left, data.Begun = append(data.Left, data.Host), false
	return w.Remember(data)
}

// unseed removes the seeds of a guest that the host does not know. No guest comes of
// those that cannot be removed: that is no reason to try no other host.
func (r *room) unseed(ctx context.Context, conn host.Host, id model.ID) error {
	err := conn.Forget(ctx, id)
	if errors.Is(err, host.ErrRefused) {
		r.Log.WarnContext(ctx, "the seeds of a guest that was not started could not be removed", "vm", id, "err", err)
		return nil
	}
	return err
}

// launched settles a launch: the VM is powering up, or paused if that was asked.
func (r *room) launched(tx *inventory.Tx, w *job.Work, failure error) {
	vm, ok := tx.VMs.Edit(w.Job.Target.ID)
	if !ok {
		return
	}
	var data launchData
	_ = w.Data(&data)
	r.leaveLater(tx, vm, data.Left)
	if failure != nil {
		if !w.Dirty {
			r.NeverRan(tx, vm)
		}
		return
	}
	var params StartParams
	_ = w.Params(&params)
	r.runs(vm, w)
	if vm.Run.Restart != nil {
		vm.Run.Restart = &model.Restart{Tries: vm.Run.Restart.Tries}
	}
	if params.Pause || vm.StartPaused {
		engine.SetStatus(vm, model.StatusPaused, model.PauseNone)
		return
	}
	engine.SetStatus(vm, model.StatusPoweringUp, "")
}

// runs fills what is known of a run from its beginning on.
func (r *room) runs(vm *model.VM, w *job.Work) {
	var data launchData
	_ = w.Data(&data)
	vm.Run.BootID = data.BootID
	vm.Run.StartTime = time.Now().UTC()
	vm.Run.StopTime = time.Time{}
	config := vm.Effective()
	vm.Run.Boot = slices.Clone(config.OS.Boot)
	vm.Run.DisplayType = config.Display.Type
	vm.Run.CDROM = config.CDROM
	vm.Run.AgentSeen = false
}
