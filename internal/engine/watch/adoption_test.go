package watch_test

import (
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"vireo/internal/engine"
	"vireo/internal/engine/disks"
	"vireo/internal/engine/sitetest"
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/host/fake"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// TestAdoptionEnds: after a restore from a backup guests of later runs are taken
// over until every host has been compared once, however late the last one
// answers. After that such a guest is somebody else's.
func TestAdoptionEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const within = time.Minute
		s := sitetest.New(t, sitetest.Options{Hosts: []fake.MachineSpec{
			{Address: sitetest.Host(1)}, {Address: sitetest.Host(2)},
		}})
		s.Connected()
		on := func(number int) func(*model.VM) {
			return func(vm *model.VM) { vm.Placement.Hosts = []model.ID{sitetest.HostID(number)} }
		}
		first, late := s.Add("first", on(1)), s.Add("late", on(2))
		for _, id := range []model.ID{first, late} {
			s.Do("start", id, nil)
			s.UntilStatus(id, within, model.StatusUp)
		}
		epoch := s.VM(first).Run.Epoch
		s.Stop()

		// What was kept before the guests were started, as a backup has it.
		s.World.Machine(sitetest.Host(1)).Disappear()
		s.World.Machine(sitetest.Host(2)).Disappear()
		s.Restored = true
		s.Start()
		for _, id := range []model.ID{first, late} {
			forget(s, id)
		}
		s.World.Machine(sitetest.Host(1)).Answer()
		s.UntilStatus(first, within, model.StatusUp)
		if got := s.VM(first).Run.Epoch; got != epoch {
			t.Errorf("the guest was taken over with the epoch %d, not its own %d", got, epoch)
		}

		// A second comparison of one host does not end it.
		s.World.Machine(sitetest.Host(1)).Cut()
		s.Pass(time.Minute)
		s.World.Machine(sitetest.Host(2)).Answer()
		s.UntilStatus(late, within, model.StatusUp)

		// Now all hosts are compared: the same guest is foreign.
		forget(s, first)
		s.World.Machine(sitetest.Host(1)).Cut()
		s.UntilStatus(first, within, model.StatusUnknown)
	})
}

// forget takes a VM back to before its first start.
func forget(s *sitetest.Site, id model.ID) {
	s.Edit(func(tx *inventory.Tx) {
		vm, _ := tx.VMs.Edit(id)
		vm.Run = model.Run{Status: model.StatusDown, Since: vm.Run.Since}
	})
}

// TestAdoptedRunIsKnown: a guest that is taken over is known for what its run was
// begun with: what a stateless one writes is discarded with its run, and it is not
// suspended.
func TestAdoptedRunIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sitetest.New(t, sitetest.Options{})
		s.Connected()
		id := s.Add("vm")
		disk := &disks.AddParams{Edit: func(disk *model.Disk) error {
			disk.ProvisionedSize, disk.Format, disk.Interface = 1<<20, model.DiskCOW, model.DiskVirtio
			return nil
		}}
		if _, err := s.Act(&engine.Call{On: model.KindDisk, Name: "add", Parent: id, Params: disk, Async: new(false)}); err != nil {
			t.Fatal(err)
		}
		s.Do("start", id, &vms.StartParams{Once: &model.RunOnce{Stateless: true}})
		s.UntilStatus(id, time.Minute, model.StatusUp)
		given := s.VM(id).Run.Given
		s.Stop()

		s.World.Machine(sitetest.Host(1)).Disappear()
		s.Restored = true
		s.Start()
		forget(s, id)
		s.World.Machine(sitetest.Host(1)).Answer()
		s.UntilStatus(id, time.Minute, model.StatusUp)
		if got := s.VM(id).Run.Given; !reflect.DeepEqual(got, given) || len(got.Overlays) != 1 {
			t.Fatalf("the run was begun with %+v, it is taken over with %+v", given, got)
		}
		_, err := s.Act(&engine.Call{On: model.KindVM, Name: "suspend", Target: id})
		if refusal := fault.Of(err); err == nil || refusal.Code != fault.CannotSuspendStateless {
			t.Errorf("suspending it: %v", err)
		}
		s.Do("stop", id, nil)
		s.Until(time.Minute, "what it has written is discarded", func() bool { return len(s.Volumes()) == 1 })
	})
}
