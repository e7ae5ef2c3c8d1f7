package snapshots_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"vireo/internal/engine"
	"vireo/internal/engine/disks"
	"vireo/internal/engine/snapshots"
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/host/fake"
	"vireo/internal/model"
	"vireo/internal/server"
)

// TestMergeOffline removes the snapshots of a VM that is down in every order. What the
// disk holds stays, and so does what the others hold.
func TestMergeOffline(t *testing.T) {
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}, {1, 0, 2}} {
		t.Run(fmt.Sprint(order), func(t *testing.T) {
			b := newBench(t, nil)
			var taken []model.ID
			b.write(1)
			for layer := 2; layer <= 4; layer++ {
				taken = append(taken, b.take())
				b.write(layer)
			}
			for i, at := range order {
				b.Must(b.call("remove", taken[at]))
				b.holds(1, 2, 3, 4)
				b.stored()
				want(t, "the number of volumes", len(b.volumes()), 3-i)
			}
			want(t, "the VM", b.Get(b.vm).Run.Status, model.StatusDown)
		})
	}
}

// TestPreview goes back and forth: what is written in a preview is dropped by an undo
// and kept by a commit, which drops the newer snapshots.
func TestPreview(t *testing.T) {
	b := newBench(t, nil)
	b.write(1)
	first := b.take()
	b.write(2)
	memory := b.Get(b.vm).Memory
	b.Edit(b.vm, func(vm *model.VM) { vm.Memory *= 2; vm.Description = "changed" })
	second := b.take()
	b.write(3)
	volume := b.Disk(b.disk).Volume

	b.Must(b.onVM("preview_snapshot", &snapshots.PreviewParams{Snapshot: first}))
	b.holds(1)
	b.write(4)
	want(t, "the memory in the preview", b.Get(b.vm).Memory, memory)
	want(t, "the description in the preview", b.Get(b.vm).Description, "changed")
	want(t, "the snapshot", b.snapshot(first).Status, model.SnapshotInPreview)
	b.stored()
	b.Start(b.vm) // a VM that previews runs
	b.Refused(b.onVM("undo_snapshot", nil), fault.VMStatusIllegal)
	b.Stop(b.vm)
	b.idle()
	b.Refused(b.takeCall(), fault.InPreview)
	b.Refused(b.call("remove", second), fault.InPreview)
	b.Refused(b.onVM("preview_snapshot", &snapshots.PreviewParams{Snapshot: second}), fault.InPreview)
	b.Refused(b.onVM("remove", nil), fault.InPreview)
	b.Refused(&engine.Call{On: model.KindDisk, Name: "move", Target: b.disk, Parent: b.vm, Params: &disks.MoveParams{StorageDomain: b.Domain("local-export").ID}}, fault.InPreview)
	b.Refused(b.onVM("start", &vms.StartParams{Once: &model.RunOnce{Stateless: true}}), fault.StatelessInPreview)

	b.Must(b.onVM("undo_snapshot", nil))
	b.holds(1, 2, 3)
	want(t, "the active volume", b.Disk(b.disk).Volume, volume)
	want(t, "the memory after the undo", b.Get(b.vm).Memory, 2*memory)
	b.stored()
	b.Refused(b.onVM("undo_snapshot", nil), fault.NotInPreview)

	b.Must(b.onVM("preview_snapshot", &snapshots.PreviewParams{Snapshot: first}))
	b.write(5)
	b.Must(b.onVM("commit_snapshot", nil))
	b.holds(1, 5)
	if b.snapshot(second) != nil {
		t.Error("the newer snapshot is still there")
	}
	want(t, "the snapshot", b.snapshot(first).Status, model.SnapshotOK)
	b.stored()
	b.Must(b.call("remove", first))
	b.holds(1, 5)
	b.stored()
	want(t, "the number of volumes", len(b.volumes()), 1)
}

// TestPreviewOfSomeDisks leaves the others as they are, and the newer snapshots with
// what they hold of them.
func TestPreviewOfSomeDisks(t *testing.T) {
	b := newBench(t, nil)
	other := b.addDisk()
	first := b.take()
	b.write(1)
	b.io(other, "write -P 7 0 1M")
	second := b.take()
	b.Must(&engine.Call{On: model.KindSnapshot, Name: "restore", Parent: b.vm, Target: first, Params: &snapshots.PreviewParams{Disks: []model.ID{b.disk}}})
	b.holds()
	b.io(other, "read -P 7 0 1M")
	b.stored()
	if _, holds := b.snapshot(second).Holds(b.disk); holds || len(b.snapshot(second).Volumes) != 1 {
		t.Errorf("the newer snapshot holds %+v", b.snapshot(second).Volumes)
	}
	b.Must(b.call("remove", second))
	b.Must(b.call("remove", first))
	b.io(other, "read -P 7 0 1M")
	b.stored()
}

// TestMemory goes on from the memory of a snapshot more than once, with the
// configuration of that time.
func TestMemory(t *testing.T) {
	b := newBench(t, nil)
	b.Start(b.vm)
	id := b.take(withMemory)
	if b.snapshot(id).Memory == nil {
		t.Fatal("there is no memory")
	}
	b.stored()
	b.Stop(b.vm)
	memory := b.Get(b.vm).Memory
	later := b.addDisk()
	b.Edit(b.vm, func(vm *model.VM) { vm.Memory *= 2 })
	back := func() *engine.Call {
		call := b.call("restore", id)
		call.Params = &snapshots.PreviewParams{Memory: true}
		return call
	}
	for range 2 {
		b.Must(back())
		want(t, "the VM", b.Get(b.vm).Run.Status, model.StatusSuspended)
		want(t, "its memory", b.Get(b.vm).Memory, memory)
		b.Start(b.vm)
		if len(b.Machine().Disks(string(b.vm))) != 1 {
			t.Error("the guest has a disk that it never knew")
		}
		want(t, "the number of restores", b.World.CountCalls("Restore", "vm") > 0, true)
		b.Stop(b.vm)
		b.stored()
	}
	want(t, "the memory after the run", b.snapshot(id).Memory != nil, true)

	// Stopped while it waits: the snapshot keeps it.
	b.Must(back())
	b.Stop(b.vm)
	want(t, "the VM", b.Get(b.vm).Run.Status, model.StatusDown)
	b.stored()
	b.Must(b.onVM("preview_snapshot", &snapshots.PreviewParams{Snapshot: id, Memory: true}))
	want(t, "the VM", b.Get(b.vm).Run.Status, model.StatusSuspended)
	b.Must(b.onVM("undo_snapshot", nil))
	want(t, "the VM", b.Get(b.vm).Run.Status, model.StatusDown)
	b.stored()

	b.Edit(b.vm, func(vm *model.VM) { vm.Name = "renamed" })
	b.Refused(back(), fault.StateConflict)
	b.Edit(b.vm, func(vm *model.VM) { vm.Name = "vm" })
	b.Must(&engine.Call{On: model.KindDisk, Name: "remove", Target: later})
	b.Must(&engine.Call{On: model.KindDisk, Name: "remove", Target: b.disk})
	b.Refused(back(), fault.StateConflict)
	b.Must(b.call("remove", id))
	b.stored()
}

// TestRemovingTheVM removes its snapshots and their memory.
func TestRemovingTheVM(t *testing.T) {
	b := newBench(t, nil)
	b.Start(b.vm)
	b.take(withMemory)
	b.take()
	b.Stop(b.vm)
	b.Refused(b.onVM("remove", &vms.RemoveParams{DetachOnly: true}), fault.DetachWithSnapshots)
	b.Refused(&engine.Call{On: model.KindDisk, Name: "detach", Parent: b.vm, Target: b.disk}, fault.DetachWithSnapshots)
	b.Must(b.onVM("remove", nil))
	b.stored()
	want(t, "the number of volumes", len(b.volumes()), 0)
	want(t, "the number of snapshots", len(b.Server.Inventory.Snapshots.All()), 0)
}

// TestRefusals names what cannot be asked for.
func TestRefusals(t *testing.T) {
	b := newBench(t, map[string]string{"MaxSnapshotsInChain": "2"})
	shared := b.addDisk(func(disk *model.Disk) { disk.Shareable, disk.Format = true, model.DiskRaw })
	described := func(text string) func(*snapshots.AddParams) {
		return func(params *snapshots.AddParams) { params.Description = text }
	}
	of := func(ids ...model.ID) func(*snapshots.AddParams) {
		return func(params *snapshots.AddParams) { params.Disks = ids }
	}
	b.Refused(b.takeCall(described("")), fault.Invalid)
	b.Refused(b.takeCall(described(strings.Repeat("x", 4001))), fault.Invalid)
	b.Refused(b.takeCall(described("bell\a")), fault.Invalid)
	b.Refused(b.takeCall(of(model.NewID())), "NOT_FOUND")
	b.Refused(b.takeCall(of(shared)), fault.StateConflict)
	b.Refused(b.takeCall(withMemory, of(b.addDisk())), fault.Invalid)
	b.Refused(b.call("remove", model.NewID()), "NOT_FOUND")
	b.Refused(b.call("remove", model.ActiveSnapshotID(b.vm)), fault.Invalid)
	b.Refused(b.onVM("preview_snapshot", &snapshots.PreviewParams{Snapshot: model.NewID()}), "NOT_FOUND")
	locked := *b.Disk(b.disk)
	locked.Status = model.DiskLocked
	b.Put(&locked)
	b.Refused(b.takeCall(), fault.DiskLocked)
	locked.Status = model.DiskOK
	b.Put(&locked)

	first := b.take()
	if _, holds := b.snapshot(first).Holds(shared); holds {
		t.Error("a shareable disk is in the snapshot")
	}
	b.take()
	b.Refused(b.takeCall(), fault.ChainTooLong)
	wrong := b.call("restore", first)
	wrong.Params = &snapshots.PreviewParams{Disks: []model.ID{shared}}
	b.Refused(wrong, "NOT_FOUND")
	another := b.VM("another")
	b.Refused(&engine.Call{On: model.KindSnapshot, Name: "remove", Parent: another, Target: first}, "NOT_FOUND")
	b.Edit(b.vm, func(vm *model.VM) {
		vm.Disks = slices.DeleteFunc(vm.Disks, func(a model.DiskAttachment) bool { return a.Disk == shared })
	})
	b.Must(b.onVM("start", &vms.StartParams{Once: &model.RunOnce{Stateless: true}}))
	b.Refused(b.call("remove", first), fault.StateConflict)
	b.Refused(b.takeCall(), fault.StateConflict)
}

// TestFrozenForTheMoment: the file systems are frozen while the disks are switched, and
// thawed whatever happens.
func TestFrozenForTheMoment(t *testing.T) {
	b := newBench(t, nil)
	b.Start(b.vm)
	frozen := false
	watch := func(refuse error) {
		b.World.ClearRules()
		b.World.Fail(fake.Rule{Call: "TakeSnapshot", Error: refuse, Do: func() { frozen = b.Machine().Frozen("vm") }})
	}
	watch(nil)
	b.take()
	want(t, "it was frozen", frozen, true)
	want(t, "it is frozen", b.Machine().Frozen("vm") || !b.Get(b.vm).Run.Frozen.IsZero(), false)
	b.stored()

	watch(fake.Refuse(host.RefusedOther, "not today"))
	volume := b.Disk(b.disk).Volume
	b.Fails(b.takeCall())
	want(t, "it is frozen", b.Machine().Frozen("vm") || !b.Get(b.vm).Run.Frozen.IsZero(), false)
	want(t, "the active volume", b.Disk(b.disk).Volume, volume)
	b.stored()

	watch(nil)
	frozen = true
	b.take(withMemory)
	want(t, "it was frozen for its memory", frozen, false)

	// Who has frozen it before is left alone.
	b.World.ClearRules()
	b.Must(b.onVM("freezefilesystems", nil))
	b.take()
	want(t, "it is frozen", b.Machine().Frozen("vm"), true)
	b.Must(b.onVM("thawfilesystems", nil))

	// A thaw that fails is told, and stays to be seen.
	since := b.LastEvent()
	b.World.Fail(fake.Rule{Call: "AgentThaw", Error: fake.Refuse(host.RefusedAgent, "silent")})
	b.take()
	want(t, "it is recorded as frozen", b.Get(b.vm).Run.Frozen.IsZero(), false)
	if !slices.Contains(b.Events(since), 10770) {
		t.Errorf("the events are %v", b.Events(since))
	}
}

// TestUnknownEnd: a host that never says whether it has switched the guest leaves the new
// volumes to it.
func TestUnknownEnd(t *testing.T) {
	b := newBench(t, map[string]string{"HostCallTimeout": "1s"})
	b.Start(b.vm)
	b.World.Fail(fake.Rule{Call: "TakeSnapshot", Hang: true, After: true})
	volume := b.Disk(b.disk).Volume
	id := b.take()
	if b.Disk(b.disk).Volume == volume || b.snapshot(id).Status != model.SnapshotOK {
		t.Error("the guest's volume may have been removed")
	}
	b.World.ClearRules()
	b.Must(b.call("remove", id))
	b.stored()
	want(t, "the active volume", b.Disk(b.disk).Volume, volume)
}

// TestVMFromSnapshot makes a VM of what a snapshot holds, while the one it is of runs and
// has other content by now; the snapshot waits until the copy is made.
func TestVMFromSnapshot(t *testing.T) {
	b := newBench(t, nil)
	b.write(1)
	id := b.take()
	b.write(2)
	b.Start(b.vm)
	add := func(name string) *engine.Call {
		return &engine.Call{On: model.KindVM, Name: "add", Params: &vms.AddParams{Snapshot: id, Edit: func(vm *model.VM) error {
			vm.Name, vm.Cluster = name, server.DefaultCluster
			return nil
		}}}
	}
	release := b.Images.Hold("Copy")
	begun := b.Begin(add("another"))
	b.Refused(b.call("remove", id), fault.ObjectLocked)
	b.Refused(&engine.Call{On: model.KindDisk, Name: "remove", Target: b.disk}, fault.ObjectLocked)
	b.Stop(b.vm)
	release()
	want(t, "the job", b.Wait(begun.Job.ID).Status, model.JobFinished)
	made := b.Get(begun.Object.Ref().ID)
	if made.Run.Status != model.StatusDown || len(made.Disks) != 1 || made.Disks[0].Disk == b.disk {
		t.Fatalf("made was %+v", made)
	}
	b.holds(1, 2)
	own := b.disk
	b.disk = made.Disks[0].Disk
	b.holds(1)
	want(t, "its chain", len(b.Disk(b.disk).Chain), 0)
	b.disk = own
	b.Images.Fail("Copy", errors.New("broken"))
	if ended := b.Wait(b.Begin(add("third")).Job.ID); ended.Status != model.JobFailed {
		t.Errorf("the job is %s", ended.Status)
	}
	b.Images.Clear()
	want(t, "the snapshot", b.snapshot(id).Status, model.SnapshotOK)
	b.Must(b.call("remove", id))
	b.stored()
}

// TestLostPivot: the guest goes on with the lower volume, the answer to that is lost, and
// so is the guest. Its host still knows where it was: it does not wake up in the past.
func TestLostPivot(t *testing.T) {
	for _, known := range []bool{true, false} {
		t.Run(fmt.Sprint("the host knows: ", known), func(t *testing.T) {
			b := newBench(t, nil)
			b.Start(b.vm)
			lower := b.Disk(b.disk).Volume
			id := b.take()
			lose := func() {
				if filepath.Base(b.Machine().Disks(string(b.vm))[0].Path) != string(lower) {
					return
				}
				b.World.ClearRules()
				b.Machine().Kill(string(b.vm))
				if !known {
					b.Machine().ForgetGuest(string(b.vm))
				}
			}
			b.World.Fail(fake.Rule{Call: "BeginMerge", After: true, Do: func() {
				b.World.Fail(fake.Rule{Call: "FollowMerge", After: true, Do: lose, Error: host.ErrUnreachable})
			}})
			ended := b.Wait(b.Begin(b.call("remove", id)).Job.ID)
			b.Await("the VM is down", func() bool { return b.Get(b.vm).Run.Status == model.StatusDown })
			if known {
				want(t, "the job", ended.Status, model.JobFinished)
				want(t, "the active volume", b.Disk(b.disk).Volume, lower)
				b.stored()
				return
			}
			// Nobody can say which of the two is the later one.
			want(t, "the job", ended.Status, model.JobFailed)
			want(t, "the disk", b.Disk(b.disk).Status, model.DiskIllegal)
		})
	}
}

// TestMergeThatFails is begun anew a few times and then given up; the guest runs on, and
// the snapshot can only be removed again.
func TestMergeThatFails(t *testing.T) {
	b := newBench(t, nil)
	b.Start(b.vm)
	id := b.take()
	b.World.Fail(fake.Rule{Call: "BeginMerge", After: true, Do: func() { b.Machine().AbortMerges(string(b.vm)) }})
	b.Fails(b.call("remove", id))
	b.World.ClearRules()
	want(t, "the VM", b.Get(b.vm).Run.Status, model.StatusUp)
	want(t, "the snapshot", b.snapshot(id).Status, model.SnapshotOK)
	b.stored()
	b.Stop(b.vm)
	b.Refused(b.onVM("preview_snapshot", &snapshots.PreviewParams{Snapshot: id}), fault.StateConflict)
	b.Must(b.call("remove", id))
	b.stored()
}
