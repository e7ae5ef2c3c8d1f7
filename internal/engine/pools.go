package engine

import (
	"slices"

	"vireo/internal/audit"
	"vireo/internal/auth"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// A user has a VM of a pool if the role UserRole was given to the user on the VM itself:
// nothing else says so, and whoever takes that permission away has taken the VM back.

// PoolVMs are the VMs of a pool, by name.
func PoolVMs(tx *inventory.Tx, pool model.ID) []*model.VM {
	return slices.DeleteFunc(slices.Clone(tx.VMs.All()), func(vm *model.VM) bool { return vm.Pool != pool })
}

// Holders are those who have VMs: users and groups, by VM.
type Holders map[model.ID][]model.ID

// HoldersOf finds out who has which VM.
func HoldersOf(tx *inventory.Tx) Holders {
	holders := make(Holders)
	for _, permission := range tx.Permissions.All() {
		if holds(permission) {
			holders[permission.Object.ID] = append(holders[permission.Object.ID], permission.Holder())
		}
	}
	return holders
}

func holds(permission *model.Permission) bool {
	return permission.Role == auth.UserRole && permission.Object.Kind == model.KindVM
}

// Free says whether nobody has a VM.
func (h Holders) Free(vm *model.VM) bool { return len(h[vm.ID]) == 0 }

// StatelessInPool says whether what the guest of a VM writes is not to be in its disks,
// for it belongs to a pool.
func StatelessInPool(tx *inventory.Tx, vm *model.VM) bool {
	pool, ok := tx.VMPools.Get(vm.Pool)
	return ok && !pool.Stateful
}

// Keeps says whether a stateless run of a VM is to leave what it has written to the
// next: whose it is, who has written it, does not give it back by a run's end.
func Keeps(tx *inventory.Tx, vm *model.VM) bool {
	pool, ok := tx.VMPools.Get(vm.Pool)
	if !ok || pool.Type != model.VMPoolManual || pool.Stateful {
		return false
	}
	holders := HoldersOf(tx)[vm.ID]
	return slices.ContainsFunc(vm.Run.Users, func(user model.ID) bool { return slices.Contains(holders, user) })
}

// Use records whose it is what a VM of a pool writes from now on, unless it is
// somebody's already.
func Use(tx *inventory.Tx, vm *model.VM) {
	if vm.Pool != "" && len(vm.Run.Users) == 0 {
		vm.Run.Users = slices.Clone(HoldersOf(tx)[vm.ID])
	}
}

// afterUse is what the end of a run means to the pool of a VM: an automatic one takes it
// back. What is to be kept of a stateless run it takes from the VM and gives to the
// caller; nil is nothing.
func (e *Engine) afterUse(tx *inventory.Tx, vm *model.VM) (kept []model.Overlay) {
	if vm.Pool == "" {
		if vm.Run.Kept { // it was detached while it ran
			e.Settle(tx, vm)
		}
		return nil
	}
	if Keeps(tx, vm) {
		kept, vm.Run.Overlays = vm.Run.Overlays, nil
		return kept
	}
	if pool, ok := tx.VMPools.Get(vm.Pool); ok && pool.Type == model.VMPoolAutomatic {
		takeBack(tx, pool, vm)
	}
	return nil
}

// takeBack takes a VM from the users that have it. One that a group was given is
// reserved, and stays so.
func takeBack(tx *inventory.Tx, pool *model.VMPool, vm *model.VM) {
	for _, permission := range tx.Permissions.All() {
		if !holds(permission) || permission.Object.ID != vm.ID || permission.User == "" {
			continue
		}
		tx.Permissions.Delete(permission.ID)
		tx.Event(audit.New(audit.PoolVMReturned, audit.About{
			VM: vm, Pool: pool, Detail: nameIn(tx, model.Ref{Kind: model.KindUser, ID: permission.User}),
		}))
	}
}

// reclaim discards what users of pools have written who do not have the VMs any more, and
// records who uses those that run. It is asked when something of a kind was changed.
func (e *Engine) reclaim(tx *inventory.Tx, changed model.Kind) {
	if changed != model.KindPermission && changed != model.KindUser && changed != model.KindGroup {
		return
	}
	holders := HoldersOf(tx)
	for _, vm := range tx.VMs.All() {
		switch {
		case vm.Run.Kept && vm.Run.Status == model.StatusDown:
			e.Reclaim(tx, vm.ID)
		case vm.Pool != "" && len(vm.Run.Users) == 0 && !holders.Free(vm) && !lifecycle.Resting(vm.Run.Status):
			edited, _ := tx.VMs.Edit(vm.ID)
			Use(tx, edited)
		}
	}
}

// Reclaim discards what users have written to a VM of a pool that is down, unless
// somebody has it still.
func (e *Engine) Reclaim(tx *inventory.Tx, id model.ID) {
	vm, ok := tx.VMs.Edit(id)
	if !ok || !vm.Run.Kept || Keeps(tx, vm) {
		return
	}
	vm.Run.Kept, vm.Run.Users = false, nil
	e.Discard(tx, vm)
}

// Settle makes what a user of a pool has written a part of the VM's disks: each overlay
// is the volume that its disk goes on with.
func (e *Engine) Settle(tx *inventory.Tx, vm *model.VM) {
	var tidying Tidying
	for _, overlay := range vm.Run.Overlays {
		disk, ok := tx.Disks.Edit(overlay.Disk)
		if !ok {
			continue
		}
		disk.Chain = append(disk.Chain, model.Volume{
			ID: disk.Volume, Format: disk.Format, Sparse: disk.Sparse, Size: disk.ProvisionedSize, CreationTime: disk.CreationTime,
		})
		disk.Volume, disk.Format, disk.Sparse = overlay.Volume, model.DiskCOW, true
		tidying.Related = append(tidying.Related, disk)
	}
	vm.Run.Overlays, vm.Run.Kept, vm.Run.Users = nil, false, nil
	e.Tidy(tx, vm, tidying)
}

// checkNotPooled refuses to change what a VM of a pool is made of.
func checkNotPooled(tx *inventory.Tx, command *Command, call *Call) error {
	var concerned []model.Ref
	switch {
	case call.Parent != "":
		concerned = append(concerned, model.Ref{Kind: model.KindVM, ID: call.Parent})
	case command.On == model.KindVM:
		concerned = append(concerned, model.Ref{Kind: model.KindVM, ID: call.Target})
	case command.On == model.KindDisk && call.Target != "":
		concerned = treeOf(tx).holders(call.Target)
	}
	for _, ref := range concerned {
		if vm, ok := tx.VMs.Get(ref.ID); ok && ref.Kind == model.KindVM && vm.Pool != "" {
			return fault.New(fault.AttachedToPool, command.onVM())
		}
	}
	return nil
}

// heldNow are the VMs that somebody has.
func (e *Engine) heldNow() map[model.ID]bool {
	held := make(map[model.ID]bool)
	for _, permission := range e.Inventory.Permissions.All() {
		if holds(permission) {
			held[permission.Object.ID] = true
		}
	}
	return held
}

// ToRenew is a VM of a pool that is to be made anew: the pool follows its template, and
// there is a newer version. It is down, and nobody has it. Empty: there is none.
func (e *Engine) ToRenew(pool *model.VMPool) model.ID {
	template, ok := e.Inventory.Templates.Get(pool.Template)
	if !ok || !pool.UseLatestTemplateVersion || pool.Stateful {
		return ""
	}
	newest, held := Newest(e.Inventory.Templates.All(), template), e.heldNow()
	for _, vm := range e.Inventory.VMs.All() {
		if vm.Pool != pool.ID || held[vm.ID] || vm.Template == newest.ID || vm.Run.Status != model.StatusDown {
			continue
		}
		if _, busy := e.Inventory.Holder(vm.Ref()); !busy {
			return vm.ID
		}
	}
	return ""
}

// ToPrestart is the VM that a pool wants to be started next for those who will come;
// empty if there are enough, or none that is down.
func (e *Engine) ToPrestart(pool *model.VMPool) model.ID {
	if pool.Prestarted == 0 {
		return ""
	}
	held := e.heldNow()
	next, running := model.ID(""), 0
	for _, vm := range e.Inventory.VMs.All() {
		if vm.Pool != pool.ID || held[vm.ID] || len(vm.Run.Users) > 0 {
			continue
		}
		_, busy := e.Inventory.Holder(vm.Ref())
		switch {
		case lifecycle.HasGuest(vm.Run.Status), busy && vm.Run.Host != "":
			running++
		case vm.Run.Status == model.StatusDown && !busy && next == "":
			next = vm.ID
		}
	}
	if running >= pool.Prestarted {
		return ""
	}
	return next
}
