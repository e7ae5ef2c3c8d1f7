package vms

import (
	"context"
	"slices"
	"strings"

	"vireo/internal/engine"
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
	// Once are the overrides of a request with a vm element, "run once"; nil
	// without one.
	Once *model.RunOnce `json:"once,omitempty"`
	// Initialization is what the request asked for; none leaves it to the rules
	// (api-v3 3.3).
	Initialization model.InitializationType `json:"initialization,omitempty"`
}

// Durable keeps the parameters with the job.
func (*StartParams) Durable() {}

func startParams(call *engine.Call) *StartParams {
	if params, ok := call.Params.(*StartParams); ok && params != nil {
		return params
	}
	return &StartParams{}
}

// checkLaunch holds the preconditions of a launch in their documented order
// (api-v3 3.2); those of placement and of what the guest is given follow in
// enterRun.
func (r *room) checkLaunch(tx *inventory.Tx, call *engine.Call) error {
	found, _ := tx.VMs.Get(call.Target)
	once := startParams(call).Once
	vm := under(found, once)
	if once != nil {
		if err := r.checkOnce(tx, call.Verb, vm); err != nil {
			return err
		}
	}
	if err := r.checkProperties(call.Verb, vm.CustomProperties); err != nil {
		return err
	}
	if err := r.checkBoot(call.Verb, vm); err != nil {
		return err
	}
	if err := r.checkFiles(call, vm, once); err != nil {
		return err
	}
	if err := checkStateless(tx, call.Verb, vm); err != nil {
		return err
	}
	return checkDisks(tx, call.Verb, vm)
}

// checkBoot compares the first boot device with the devices. A VM with a kernel
// of its own needs none.
func (r *room) checkBoot(verb string, vm *model.VM) error {
	if vm.OS.Kernel != "" || len(vm.OS.Boot) == 0 {
		return nil
	}
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
	return nil
}

// checkFiles looks for the files of the ISO domain that the run needs.
func (r *room) checkFiles(call *engine.Call, vm *model.VM, once *model.RunOnce) error {
	for _, name := range isoFiles(vm) {
		if err := r.CheckISOFile(call, vm, name, fault.NoISOFile); err != nil {
			return err
		}
	}
	if once == nil || once.Floppy == "" {
		return nil
	}
	return r.CheckISOFile(call, vm, once.Floppy, fault.NoFloppyFile)
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
		case model.DiskOK:
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

// checkContinue: a paused VM goes on where it is; that its host answers is all
// it needs. "Run once" is for VMs that are down.
func (r *room) checkContinue(tx *inventory.Tx, call *engine.Call) error {
	vm, _ := tx.VMs.Get(call.Target)
	if startParams(call).Once != nil {
		return refuseStart(call.Verb, vm.Run.Status)
	}
	on, ok := tx.Hosts.Get(vm.Run.Host)
	if !ok || !on.Reachable() {
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
