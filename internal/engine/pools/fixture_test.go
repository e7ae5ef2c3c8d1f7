package pools_test

import (
	"slices"
	"testing"

	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/engine/access"
	"vireo/internal/engine/disks"
	"vireo/internal/engine/enginetest"
	"vireo/internal/engine/pools"
	"vireo/internal/engine/templates"
	"vireo/internal/model"
	"vireo/internal/server"
)

// bench is an engine with a template that has a disk.
type bench struct {
	*enginetest.Bench
	template model.ID
}

func newBench(t *testing.T) *bench {
	t.Helper()
	return prepared(enginetest.New(t, nil))
}

func prepared(under *enginetest.Bench) *bench {
	under.Helper()
	b := &bench{Bench: under}
	b.template = b.newTemplate("golden", "")
	return b
}

// newTemplate makes a template with a disk; base makes it a version of another.
func (b *bench) newTemplate(name string, base model.ID) model.ID {
	b.Helper()
	vm := b.VM("of-" + name)
	b.Must(&engine.Call{On: model.KindDisk, Name: "add", Parent: vm, Params: &disks.AddParams{Edit: func(disk *model.Disk) error {
		disk.ProvisionedSize, disk.Format, disk.Interface = 1<<20, model.DiskCOW, model.DiskVirtio
		return nil
	}}})
	made := b.Must(&engine.Call{On: model.KindTemplate, Name: "add", Parent: vm, Params: &templates.AddParams{Edit: func(t *model.Template) error {
		t.Name, t.Base = name, base
		return nil
	}}})
	b.Must(&engine.Call{On: model.KindVM, Name: "remove", Target: vm})
	return made.Object.Ref().ID
}

// addCall makes a pool of the template.
func (b *bench) addCall(name string, size int, edits ...func(*model.VMPool)) *engine.Call {
	return &engine.Call{On: model.KindVMPool, Name: "add", Params: &pools.AddParams{Size: size, Edit: func(pool *model.VMPool) error {
		pool.Name, pool.Cluster, pool.Template = name, server.DefaultCluster, b.template
		for _, edit := range edits {
			edit(pool)
		}
		return nil
	}}}
}

func (b *bench) pool(name string, size int, edits ...func(*model.VMPool)) model.ID {
	b.Helper()
	return b.Must(b.addCall(name, size, edits...)).Object.Ref().ID
}

func manual(pool *model.VMPool) { pool.Type = model.VMPoolManual }

func resize(pool model.ID, size int) *engine.Call {
	return &engine.Call{On: model.KindVMPool, Name: "update", Target: pool, Params: &pools.UpdateParams{Size: &size}}
}

func change(pool model.ID, edit func(*model.VMPool)) *engine.Call {
	return &engine.Call{On: model.KindVMPool, Name: "update", Target: pool, Params: &pools.UpdateParams{
		Edit: func(pool *model.VMPool) error { edit(pool); return nil },
	}}
}

func removeCall(pool model.ID) *engine.Call {
	return &engine.Call{On: model.KindVMPool, Name: "remove", Target: pool}
}

// members are the VMs of a pool, by name.
func (b *bench) members(pool model.ID) []*model.VM {
	return slices.DeleteFunc(slices.Clone(b.Server.Inventory.VMs.All()), func(vm *model.VM) bool { return vm.Pool != pool })
}

func (b *bench) names(pool model.ID) []string {
	var names []string
	for _, vm := range b.members(pool) {
		names = append(names, vm.Name)
	}
	return names
}

// user is somebody who may use a pool.
func (b *bench) user(login string, pool model.ID) *auth.Caller {
	b.Helper()
	return b.Caller(login, auth.UserRole, model.Ref{Kind: model.KindVMPool, ID: pool})
}

func take(pool model.ID, caller *auth.Caller) *engine.Call {
	return &engine.Call{On: model.KindVMPool, Name: "allocatevm", Target: pool, Caller: caller}
}

// given has somebody take a VM, and waits until it is up.
func (b *bench) given(pool model.ID, caller *auth.Caller) model.ID {
	b.Helper()
	vm := b.Must(take(pool, caller)).Object.Ref()
	if vm.Kind != model.KindVM {
		b.Fatalf("a %s was given", vm.Kind)
	}
	b.Await("the VM is up", func() bool { return b.Get(vm.ID).Run.Status == model.StatusUp })
	return vm.ID
}

// holders are those who have a VM.
func (b *bench) holders(vm model.ID) []model.ID {
	var found []model.ID
	for _, permission := range b.Server.Inventory.Permissions.All() {
		if permission.Object == (model.Ref{Kind: model.KindVM, ID: vm}) && permission.Role == auth.UserRole {
			found = append(found, permission.Holder())
		}
	}
	return found
}

// revoke takes a VM from those who have it, as an administrator does.
func (b *bench) revoke(vm model.ID) {
	b.Helper()
	for _, permission := range b.Server.Inventory.Permissions.All() {
		if permission.Object == (model.Ref{Kind: model.KindVM, ID: vm}) {
			b.Must(&engine.Call{On: model.KindPermission, Name: "remove", Target: permission.ID})
		}
	}
}

func (b *bench) grant(vm model.ID, user *auth.Caller) {
	b.Helper()
	b.Must(&engine.Call{On: model.KindPermission, Name: "add", Params: &access.PermissionParams{
		Role: auth.UserRole, User: user.User, Object: model.Ref{Kind: model.KindVM, ID: vm},
	}})
}

// whole waits until nothing is going on: the bench looks at storage when it is closed.
func (b *bench) whole() {
	b.Helper()
	b.Await("all jobs have ended", func() bool { return len(b.Server.Inventory.Jobs()) == 0 })
}
