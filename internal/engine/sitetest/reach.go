package sitetest

import (
	"testing/synctest"
	"time"

	"vireo/internal/engine"
	"vireo/internal/host/fake"
	"vireo/internal/inventory"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// Held is how long a call takes that keeps a VM in a status with a job: long
// enough to try something meanwhile, and less than anybody's patience.
const Held = 8 * time.Second

// Reach makes a VM and brings it into a status, by the way that leads there in
// life. What no way leads to yet is written. Statuses that last only as long as
// a job works last for Held.
func (s *Site) Reach(name string, status model.Status, edits ...func(*model.VM)) model.ID {
	s.t.Helper()
	id := s.Add(name, edits...)
	s.Bring(id, status)
	return id
}

// Bring brings a VM that is down into a status.
func (s *Site) Bring(id model.ID, status model.Status) {
	s.t.Helper()
	name := s.VM(id).Name
	way, known := ways[status]
	if !known {
		s.t.Fatalf("no way leads to the status %s", status)
	}
	way(s, id, name)
	s.UntilStatus(id, 2*time.Minute, status)
	synctest.Wait() // a job that holds the VM there is at work by now
}

var ways = map[model.Status]func(s *Site, id model.ID, name string){
	model.StatusDown: func(*Site, model.ID, string) {},
	model.StatusUp: func(s *Site, id model.ID, _ string) {
		s.Do("start", id, nil)
		s.UntilStatus(id, Soon, model.StatusUp)
	},
	model.StatusPoweringUp: func(s *Site, id model.ID, name string) {
		s.World.Behave(name, fake.Behavior{AgentDelay: 20 * time.Second})
		s.Do("start", id, nil)
	},
	model.StatusPaused: func(s *Site, id model.ID, name string) {
		s.up(id)
		s.machine(id).PauseGuest(name)
	},
	model.StatusNotResponding: func(s *Site, id model.ID, name string) {
		s.up(id)
		s.machine(id).HangMonitor(name)
	},
	model.StatusUnknown: func(s *Site, id model.ID, _ string) {
		s.up(id)
		s.machine(id).Disappear()
	},
	model.StatusRebootInProgress: func(s *Site, id model.ID, name string) {
		s.World.Behave(name, fake.Behavior{IgnoreAgent: true, IgnorePower: true})
		s.up(id)
		s.Do("reboot", id, nil)
	},
	model.StatusPoweringDown: func(s *Site, id model.ID, name string) {
		s.World.Behave(name, fake.Behavior{IgnoreAgent: true, IgnorePower: true})
		s.up(id)
		s.Do("shutdown", id, nil)
	},
	model.StatusWaitForLaunch: func(s *Site, id model.ID, name string) {
		s.hold("Boot", name)
		s.begin("start", id)
	},
	model.StatusSavingState: func(s *Site, id model.ID, name string) {
		s.up(id)
		s.hold("Save", name)
		s.begin("suspend", id)
	},
	model.StatusSuspended: func(s *Site, id model.ID, _ string) {
		s.up(id)
		s.Do("suspend", id, nil)
	},
	model.StatusRestoringState: func(s *Site, id model.ID, name string) {
		s.up(id)
		s.Do("suspend", id, nil)
		s.hold("Restore", name)
		s.begin("start", id)
	},
	model.StatusImageLocked: func(s *Site, id model.ID, _ string) {
		s.up(id)
		s.Do("suspend", id, nil)
		s.Images.Fail(ImageRule{Call: "RemoveSaved", Nth: 1, Delay: Held})
		s.begin("stop", id)
	},
	model.StatusMigrating: func(s *Site, id model.ID, name string) {
		s.up(id)
		s.SecondHost()
		s.World.Behave(name, fake.Behavior{DirtyRate: 1 << 30})
		s.begin("migrate", id)
	},
	model.StatusUnassigned:   func(s *Site, id model.ID, _ string) { s.write(id, model.StatusUnassigned) },
	model.StatusImageIllegal: func(s *Site, id model.ID, _ string) { s.write(id, model.StatusImageIllegal) },
}

// spare is the number of the host that SecondHost adds.
const spare = 9

// SecondHost adds a host to a site that has one that is up.
func (s *Site) SecondHost() {
	s.t.Helper()
	for _, on := range s.Inventory.Hosts.All() {
		if on.ID != HostID(1) && on.Status == model.HostUp {
			return
		}
	}
	s.World.AddMachine(fake.MachineSpec{Address: Host(spare)})
	s.Edit(func(tx *inventory.Tx) {
		tx.Hosts.Put(&model.Host{
			ID: HostID(spare), Name: "spare", Address: Host(spare), Cluster: Cluster, Status: model.HostUnassigned, Since: time.Now().UTC(),
		})
	})
	s.Until(time.Minute, "the spare host is up", func() bool {
		on, _ := s.Inventory.Hosts.Get(HostID(spare))
		return on.Status == model.HostUp
	})
}

func (s *Site) up(id model.ID) {
	s.t.Helper()
	s.Do("start", id, nil)
	s.UntilStatus(id, Soon, model.StatusUp)
}

func (s *Site) begin(name string, id model.ID) {
	s.t.Helper()
	s.Begin(&engine.Call{On: model.KindVM, Name: name, Target: id})
}

func (s *Site) hold(call, guest string) {
	s.World.Fail(fake.Rule{Call: call, Guest: guest, Nth: 1, Delay: Held})
}

func (s *Site) write(id model.ID, status model.Status) {
	s.t.Helper()
	s.Edit(func(tx *inventory.Tx) {
		vm, _ := tx.VMs.Edit(id)
		engine.SetStatus(vm, status, "")
	})
}

// machine is the machine that a VM runs on.
func (s *Site) machine(id model.ID) *fake.Machine {
	s.t.Helper()
	on, ok := s.Inventory.Hosts.Get(s.VM(id).Run.Host)
	if !ok {
		s.t.Fatalf("VM %s is on no host", id)
	}
	return s.World.Machine(on.Address)
}

// Machine is the machine that a VM runs on.
func (s *Site) Machine(id model.ID) *fake.Machine { return s.machine(id) }

// Connected waits until every host is connected, and up, except those in maintenance.
func (s *Site) Connected() {
	s.t.Helper()
	s.Until(time.Minute, "all hosts are connected", func() bool {
		for _, on := range s.Inventory.Hosts.All() {
			if !lifecycle.HostWatched(on.Status) {
				continue
			}
			if _, err := s.Watcher.Connected(on.ID); err != nil || on.Status != model.HostUp {
				return false
			}
		}
		return true
	})
}
