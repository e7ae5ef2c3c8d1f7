package watch_test

import (
	"testing"
	"testing/synctest"
	"time"

	"vireo/internal/engine/sitetest"
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
