package vms

import (
	"strings"

	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// under is a VM as it runs with overrides: the configuration is the effective
// one. The VM itself is not changed.
func under(vm *model.VM, once *model.RunOnce) *model.VM {
	overridden := *vm
	overridden.VMConfig = once.Over(vm.VMConfig)
	return &overridden
}

// asRun is a VM as its present run has it.
func asRun(vm *model.VM) *model.VM { return under(vm, vm.Run.Overrides) }

// windows says whether a VM's guest is Windows.
func windows(config *model.VMConfig) bool { return strings.HasPrefix(config.OS.Type, "windows") }

// checkOnce refuses overrides that no VM could have. vm is as it will run.
func (r *room) checkOnce(tx *inventory.Tx, verb string, vm *model.VM) error {
	for _, rule := range []func(*inventory.Tx, string, model.ID, *model.VMConfig) error{r.checkSize, r.checkOS, r.checkTexts} {
		if err := rule(tx, verb+" VM", vm.ID, &vm.VMConfig); err != nil {
			return err
		}
	}
	return nil
}

// titleOfStart tells a run with overrides apart (api-v3 3.1).
func titleOfStart(call *engine.Call) string {
	if startParams(call).Once == nil {
		return ""
	}
	return "Launching VM {name} in run-once mode"
}

// enterRun is reserve for a VM that is down: with the host, the run gets its
// overrides, what is to initialize its guest, and the volumes of a stateless run.
// Only then it is known what the guest is to be given, and whether it can be.
func (r *room) enterRun(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	params := startParams(call)
	vm, ok := tx.VMs.Edit(call.Target)
	if !ok {
		return nil, fault.New(fault.VMNotFound, call.Verb)
	}
	r.Reclaim(tx, vm.ID)
	engine.Use(tx, vm)
	kept := vm.Run.Overlays
	vm.Run.Given = model.Given{Overrides: model.Clone(params).Once}
	vm.Run.Initialization = initializationOf(params, vm)
	if vm.Run.Initialization == model.InitializationCloudInit {
		vm.Run.Instance = model.NewID()
	}
	vm.Run.Overlays = overlays(tx, asRun(vm), kept)
	if _, err := r.reserve(tx, call); err != nil {
		return nil, err
	}
	return vm, r.checkSeeds(call, asRun(vm))
}
