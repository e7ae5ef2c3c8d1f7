package enginetest

import (
	"encoding/json"
	"os"
	"path/filepath"

	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/host/fake"
	"vireo/internal/model"
	"vireo/internal/server"
)

func appendJSON(to []byte, values ...any) []byte {
	for _, value := range values {
		encoded, err := json.Marshal(value)
		if err != nil {
			panic(err)
		}
		to = append(append(to, encoded...), '\n')
	}
	return to
}

// Machine is the fake machine of the host "local".
func (b *Bench) Machine() *fake.Machine { return b.World.Machine(Address) }

// Domain is the storage domain of that name: local-data, local-iso or
// local-export.
func (b *Bench) Domain(name string) *model.StorageDomain {
	b.Helper()
	for _, domain := range b.Server.Inventory.StorageDomains.Named(name) {
		return domain
	}
	b.Fatalf("there is no storage domain %s", name)
	return nil
}

// PutISO puts a file into the ISO domain.
func (b *Bench) PutISO(name string) {
	b.Helper()
	domain := b.Domain("local-iso")
	folder := filepath.Join(domain.Path, string(domain.ID), "images", "11111111-1111-1111-1111-111111111111")
	if err := os.WriteFile(filepath.Join(folder, name), []byte("an image"), 0o644); err != nil {
		b.Fatal(err)
	}
}

// VM makes a VM with a kernel of its own, so that it can start with nothing.
func (b *Bench) VM(name string) model.ID {
	b.Helper()
	result := b.Must(&engine.Call{On: model.KindVM, Name: "add", Params: engine.Edit[model.VM](func(vm *model.VM) error {
		vm.Name, vm.Cluster, vm.Template = name, server.DefaultCluster, model.BlankID
		vm.Memory, vm.OS.Kernel = 64<<20, "/boot/vmlinuz"
		return nil
	})})
	return result.Object.Ref().ID
}

// Running makes a VM and starts it; it is up.
func (b *Bench) Running(name string) model.ID {
	b.Helper()
	id := b.VM(name)
	b.Start(id)
	return id
}

// Start starts a VM and waits until it is up.
func (b *Bench) Start(id model.ID) {
	b.Helper()
	b.Must(&engine.Call{On: model.KindVM, Name: "start", Target: id})
	b.Await("the VM is up", func() bool { return b.Get(id).Run.Status == model.StatusUp })
}

// Stop powers a VM off.
func (b *Bench) Stop(id model.ID) {
	b.Helper()
	b.Must(&engine.Call{On: model.KindVM, Name: "stop", Target: id})
}

// Get is a VM as it is now.
func (b *Bench) Get(id model.ID) *model.VM {
	b.Helper()
	vm, ok := b.Server.Inventory.VMs.Get(id)
	if !ok {
		b.Fatalf("there is no VM %s", id)
	}
	return vm
}

// Disk is a disk as it is now; nil if there is none.
func (b *Bench) Disk(id model.ID) *model.Disk {
	disk, _ := b.Server.Inventory.Disks.Get(id)
	return disk
}

// InStatus puts a VM into a status as if it had been observed, without a guest.
func (b *Bench) InStatus(id model.ID, status model.Status) {
	b.Helper()
	b.Edit(id, func(vm *model.VM) { engine.SetStatus(vm, status, "") })
}

// Caller makes a user who has a role on an object; the zero Ref is the system.
func (b *Bench) Caller(login string, role model.ID, on model.Ref) *auth.Caller {
	b.Helper()
	user := &model.User{ID: model.NewID(), Name: login, Domain: auth.Internal}
	b.Put(user)
	b.Put(&model.Permission{ID: model.NewID(), Role: role, User: user.ID, Object: on})
	return new(auth.CallerOf(b.Server.Engine.Records(), user))
}
