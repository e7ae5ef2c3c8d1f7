package vms

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/engine/placement"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// StartParams are the Params of start (api-v3 3.2).
type StartParams struct {
	// Pause leaves the guest paused after the launch.
	Pause bool `json:"pause,omitempty"`
	// Once says that the request had a vm element: "run once".
	Once bool `json:"once,omitempty"`
}

// Durable keeps the parameters with the job.
func (*StartParams) Durable() {}

// launchData is what a launch or restore remembers.
type launchData struct {
	Host model.ID `json:"host"`
	// BootID is the host's when the work began there: after a restart of the
	// host the guest is lost.
	BootID string `json:"boot_id"`
	// Tried are hosts that have refused.
	Tried []model.ID `json:"tried,omitempty"`
	// Begun says that the restore was sent to the host at least once.
	Begun bool `json:"begun,omitempty"`
	// Lost says that a restored guest was lost with its host.
	Lost bool `json:"lost,omitempty"`
}

func startParams(call *engine.Call) *StartParams {
	if params, ok := call.Params.(*StartParams); ok && params != nil {
		return params
	}
	return &StartParams{}
}

// checkLaunch holds the preconditions of a launch in their documented order
// (api-v3 3.2); placement follows in reserve.
func (r *room) checkLaunch(tx *inventory.Tx, call *engine.Call) error {
	vm, _ := tx.VMs.Get(call.Target)
	if err := r.checkProperties(call.Verb, vm.CustomProperties); err != nil {
		return err
	}
	if err := r.checkBoot(call, vm); err != nil {
		return err
	}
	if vm.Stateless {
		if vm.HA.Enabled {
			return fault.New(fault.StatelessHA, call.Verb)
		}
		if len(vm.Disks) > 0 {
			return fault.New(fault.UnsupportedWish, "run VM", "Stateless runs of VMs with disks are not supported yet.")
		}
	}
	return checkDisks(tx, call.Verb, vm)
}

// checkBoot compares the first boot device with the devices. A VM with a kernel
// of its own needs none.
func (r *room) checkBoot(call *engine.Call, vm *model.VM) error {
	verb := call.Verb
	if vm.OS.Kernel == "" && len(vm.OS.Boot) > 0 {
		switch vm.OS.Boot[0] {
		case model.BootHardDisk:
			if len(vm.Disks) == 0 {
				return fault.New(fault.NoDisk, verb)
			}
			if !slices.ContainsFunc(vm.Disks, func(d model.DiskAttachment) bool { return d.Active }) {
				return fault.New(fault.NoPluggedDisk, verb)
			}
		case model.BootCDROM:
			if _, ok := r.ISODomain(vm); !ok {
				return fault.New(fault.NoISODomain, verb)
			}
		case model.BootNetwork:
			if len(vm.NICs) == 0 {
				return fault.New(fault.NoNetwork, verb)
			}
		}
	}
	for _, name := range isoFiles(vm) {
		if err := r.CheckISOFile(call, call.Verb, vm, name); err != nil {
			return err
		}
	}
	return nil
}

// isoFiles names the files of the ISO domain that a start needs.
func isoFiles(vm *model.VM) []string {
	var names []string
	if vm.CDROM != "" {
		names = append(names, vm.CDROM)
	}
	for _, path := range []string{vm.OS.Kernel, vm.OS.Initrd} {
		if name, ok := strings.CutPrefix(path, isoScheme); ok {
			names = append(names, name)
		}
	}
	return names
}

func checkDisks(tx *inventory.Tx, verb string, vm *model.VM) error {
	var locked, illegal []string
	for _, attachment := range vm.Disks {
		disk, ok := tx.Disks.Get(attachment.Disk)
		if !ok || !attachment.Active {
			continue
		}
		switch disk.Status {
		case model.DiskLocked:
			locked = append(locked, disk.Alias)
		case model.DiskIllegal:
			illegal = append(illegal, disk.Alias)
		}
		domain, ok := tx.StorageDomains.Get(disk.StorageDomain)
		if !ok {
			return fault.New(fault.DomainNotFound, verb+" VM")
		}
		if domain.Status != model.StorageDomainActive {
			return fault.New(fault.DomainStatusIllegal, verb+" VM", string(domain.Status))
		}
	}
	if len(locked) > 0 {
		return fault.New(fault.DisksLocked, verb, strings.Join(locked, ", "))
	}
	if len(illegal) > 0 {
		return fault.New(fault.DisksIllegal, verb, strings.Join(illegal, ", "))
	}
	return nil
}

// reserve chooses the host and begins a new run: from here on the VM counts on
// that host.
func (r *room) reserve(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	vm, _ := tx.VMs.Get(call.Target)
	needs := r.needs(vm, call.Verb)
	if vm.Run.Suspended != nil {
		needs.Prefer = vm.Run.Suspended.Host
	}
	chosen, err := placement.Choose(tx, needs, r.limits())
	if err != nil {
		return nil, err
	}
	edited, _ := tx.VMs.Edit(vm.ID)
	edited.Run.Epoch++
	edited.Run.Host, edited.Run.Memory, edited.Run.Topology = chosen.ID, vm.Memory, vm.CPU.Topology
	edited.Run.ExitReason = ""
	return edited, nil
}

func (r *room) needs(vm *model.VM, verb string) placement.Needs {
	return placement.Needs{VM: vm, Display: vm.Display.Type, Machine: vm.CustomEmulatedMachine,
		Only: vm.Placement.Hosts, Verb: verb}
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
			if hasRun(ctx, conn, vm) {
				return nil
			}
			spec, err := r.spec(ctx, vm, data.Host)
			if err != nil {
				return err
			}
			spec.Paused = params.Pause || vm.StartPaused
			return conn.Boot(ctx, spec)
		})
		if !errors.Is(err, host.ErrRefused) {
			return err
		}
		refusal := r.HostFault(w.Job.Verb, data.Host, err)
		if ctx.Err() != nil || !r.another(w, data, refusal) {
			return refusal
		}
	}
}

// begin remembers where the work is done, and refuses to go on after that host
// was restarted: whoever asked has long been told.
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
	if data.Host == vm.Run.Host {
		if on.BootID != data.BootID {
			return data, fault.New(fault.HostFailed, w.Job.Verb, on.Name, "it was restarted meanwhile")
		}
		return data, nil
	}
	data.Host, data.BootID = on.ID, on.BootID
	return data, w.Remember(&data)
}

// another moves the reservation to the next host; false when there is none.
func (r *room) another(w *job.Work, data launchData, refusal error) bool {
	data.Tried = append(data.Tried, data.Host)
	if len(data.Tried) >= r.Values.Int("MaxRerunVmOnVdsCount") {
		return false
	}
	err := w.Update(w.Steady(), func(tx *inventory.Tx) error {
		vm, ok := tx.VMs.Edit(w.Job.Target.ID)
		if !ok {
			return fault.New(fault.VMNotFound, w.Job.Verb)
		}
		needs := r.needs(vm, w.Job.Verb)
		needs.Not = data.Tried
		chosen, err := placement.Choose(tx, needs, r.limits())
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

// hasRun says whether the guest of this run was already started: by this step
// before a crash, and perhaps it has ended since. It must not be started again.
func hasRun(ctx context.Context, conn host.Host, vm *model.VM) bool {
	guest, err := conn.Guest(ctx, vm.ID)
	if err != nil || guest.Epoch != vm.Run.Epoch {
		return false
	}
	if guest.State != host.Off {
		return true
	}
	return guest.End == host.EndShutdown || guest.End == host.EndDestroyed || guest.End == host.EndCrashed
}

// unboot removes whatever the launch has left on its host.
func (r *room) unboot(_ context.Context, w *job.Work) error {
	var data launchData
	if err := w.Data(&data); err != nil || data.Host == "" {
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
		if errors.Is(err, host.ErrNotFound) || err == nil && !r.owns(vm, guest) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := conn.Destroy(ctx, vm.ID); err != nil {
			return err
		}
		return conn.Forget(ctx, vm.ID)
	})
}

// owns says whether a guest belongs to a run of this VM that this engine began.
func (r *room) owns(vm *model.VM, guest host.Guest) bool {
	return guest.Ours && guest.Engine == r.ID && guest.Epoch <= vm.Run.Epoch
}

// launched settles a launch: the VM is powering up, or paused if that was asked.
func (r *room) launched(tx *inventory.Tx, w *job.Work, failure error) {
	vm, ok := tx.VMs.Edit(w.Job.Target.ID)
	if !ok {
		return
	}
	if failure != nil {
		if !w.Dirty {
			vm.Run.Host, vm.Run.Memory = "", 0
		}
		return
	}
	var params StartParams
	_ = w.Params(&params)
	runs(vm)
	vm.Run.Once = params.Once
	if params.Pause || vm.StartPaused {
		engine.SetStatus(vm, model.StatusPaused, model.PauseNone)
		return
	}
	engine.SetStatus(vm, model.StatusPoweringUp, "")
}

// runs fills what is known of a run from its beginning on.
func runs(vm *model.VM) {
	vm.Run.StartTime = time.Now().UTC()
	vm.Run.StopTime = time.Time{}
	vm.Run.Boot = slices.Clone(vm.OS.Boot)
	vm.Run.DisplayType = vm.Display.Type
	vm.Run.CDROM = vm.CDROM
	vm.Run.AgentSeen = false
}

// checkContinue: a paused VM goes on where it is; that its host answers is all
// it needs. "Run once" is for VMs that are down.
func (r *room) checkContinue(tx *inventory.Tx, call *engine.Call) error {
	vm, _ := tx.VMs.Get(call.Target)
	if startParams(call).Once {
		return refuseStart(call.Verb, vm.Run.Status)
	}
	on, ok := tx.Hosts.Get(vm.Run.Host)
	if !ok || on.Status != model.HostUp {
		return fault.New(fault.HostStatusIllegal, call.Verb)
	}
	return nil
}

func (r *room) resume(_ context.Context, w *job.Work) error {
	vm, err := r.vm(w)
	if err != nil {
		return err
	}
	err = r.OnHost(w, vm.Run.Host, "HostCallTimeout", func(ctx context.Context, conn host.Host) error {
		return conn.Resume(ctx, vm.ID)
	})
	return r.HostFault(w.Job.Verb, vm.Run.Host, err)
}

// vm is the VM of a job as it is now.
func (r *room) vm(w *job.Work) (*model.VM, error) {
	vm, ok := r.Inventory.VMs.Get(w.Job.Target.ID)
	if !ok {
		return nil, fault.New(fault.VMNotFound, w.Job.Verb)
	}
	return vm, nil
}
