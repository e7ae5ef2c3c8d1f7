package vms_test

import (
	"testing"

	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/engine/enginetest"
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/model"
)

// TestFilesOfTheHost: a guest can read its kernel and initrd, and those may be any
// file of the host. Who may run and edit VMs may not choose them.
func TestFilesOfTheHost(t *testing.T) {
	const secret = "/var/lib/vireo/secrets.key"
	booting := func(kernel, initrd string) engine.Edit[model.VM] {
		return func(vm *model.VM) error { vm.OS.Kernel, vm.OS.Initrd = kernel, initrd; return nil }
	}
	b := enginetest.New(t, nil)
	b.PutISO("vmlinuz")
	vm := b.VM("vm")
	start := func(kernel, initrd string) *engine.Call {
		once := &model.RunOnce{Kernel: &kernel, Initrd: &initrd}
		return &engine.Call{On: model.KindVM, Name: "start", Target: vm, Params: &vms.StartParams{Once: once}}
	}
	update := func(edit engine.Edit[model.VM]) *engine.Call {
		return &engine.Call{On: model.KindVM, Name: "update", Target: vm, Params: &vms.UpdateParams{Edit: edit}}
	}
	add := func(kernel string) *engine.Call {
		return &engine.Call{On: model.KindVM, Name: "add", Params: engine.Edit[model.VM](func(made *model.VM) error {
			made.Name, made.Template, made.Cluster, made.OS.Kernel = "made", model.BlankID, b.Get(vm).Cluster, kernel
			return nil
		})}
	}
	manager := b.Caller("manager", auth.UserVMManager, model.Ref{})
	as := func(call *engine.Call) *engine.Call { call.Caller = manager; return call }
	for what, call := range map[string]*engine.Call{
		"start with a kernel": start(secret, ""), "start with an initrd": start("iso://vmlinuz", secret),
		"update of the kernel": update(booting(secret, "")), "update of the initrd": update(booting("iso://vmlinuz", secret)),
		"add": add(secret),
	} {
		t.Run(what, func(t *testing.T) { b.Refused(as(call), fault.NotAuthorized) })
	}

	// Files of the ISO domain are free, and what an administrator has set stays usable.
	b.Must(as(update(booting("iso://vmlinuz", ""))))
	b.Must(update(booting("/boot/vmlinuz", "")))
	b.Must(as(update(func(vm *model.VM) error { vm.Description = "mine"; return nil })))
	b.Must(as(start("/boot/vmlinuz", "")))
	b.Await("the VM is up", func() bool { return b.Get(vm).Run.Status == model.StatusUp })
	b.Must(update(booting("/boot/other", "")))
	b.Must(as(update(func(vm *model.VM) error { vm.Description = "still mine"; return nil })))
	b.Refused(as(update(booting(secret, ""))), fault.NotAuthorized)
	b.Must(as(add("iso://vmlinuz")))
}
