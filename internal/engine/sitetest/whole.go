package sitetest

import (
	"fmt"
	"slices"
	"strings"
	"testing/synctest"
	"time"

	"vireo/internal/host"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// Soon is how long an engine may take to find out the truth.
const Soon = 5 * time.Second

// Whole waits until nothing is going on and then wants everything to be as it
// must: see Complaints.
func (s *Site) Whole(within time.Duration) {
	s.t.Helper()
	if s.Comes(within, func() bool { return len(s.Complaints()) == 0 }) {
		return
	}
	s.t.Fatalf("after %v:\n%s%s", within, strings.Join(s.Complaints(), "\n"), s.Picture())
}

// Complaints are the sentences for what is not as it must be when nothing is
// going on: no job and no lock is left, nothing has happened that must never
// happen, every status is what the hosts say, no guest is left over, and storage
// holds what is recorded and nothing else.
func (s *Site) Complaints() []string {
	var all []string
	for _, unfinished := range s.Inventory.Jobs() {
		all = append(all, fmt.Sprintf("job %s/%s has not ended: step %d, undoing %v",
			unfinished.Action, unfinished.Path, unfinished.Next, unfinished.Undoing))
	}
	all = append(all, s.World.Violations()...)
	for _, vm := range s.Inventory.VMs.All() {
		if _, held := s.Inventory.Holder(vm.Ref()); held {
			all = append(all, fmt.Sprintf("VM %s is locked", vm.Name))
		}
		if why := s.explain(vm); why != "" {
			all = append(all, fmt.Sprintf("VM %s is %s, but %s", vm.Name, vm.Run.Status, why))
		}
	}
	all = append(all, s.left(false)...)
	if len(all) == 0 {
		all = s.storage() // which takes long, and says nothing while jobs are at work
	}
	return all
}

// explain compares a status with the world; "" when they agree.
func (s *Site) explain(vm *model.VM) string {
	running := s.World.Running(vm.ID)
	switch {
	case !lifecycle.HasGuest(vm.Run.Status) && vm.Run.Status != model.StatusUnassigned &&
		!lifecycle.Resting(vm.Run.Status):
		return "no job is at work on it"
	case !lifecycle.HasGuest(vm.Run.Status) && len(running) > 0:
		return fmt.Sprintf("its guest runs on %v", running)
	case !lifecycle.HasGuest(vm.Run.Status) && vm.Run.Host != "":
		return "it has a host"
	case (vm.Run.Status == model.StatusSuspended) != (vm.Run.Suspended != nil):
		return fmt.Sprintf("its saved state is %+v", vm.Run.Suspended)
	case !lifecycle.HasGuest(vm.Run.Status):
		return ""
	}
	on, known := s.Inventory.Hosts.Get(vm.Run.Host)
	if !known {
		return "it is on no host"
	}
	if vm.Run.Status == model.StatusUnknown {
		if on.Status == model.HostUp {
			return "its host is up"
		}
		return ""
	}
	if on.Status == model.HostNonResponsive {
		return "its host does not answer"
	}
	if on.Status != model.HostUp {
		return "" // not yet known to be out of reach
	}
	if !slices.Equal(running, []string{on.Address}) {
		return fmt.Sprintf("its guest runs on %v and not on %s", running, on.Address)
	}
	return disagrees(vm, s.guest(on.Address, vm.ID))
}

// disagrees says how a guest is not what its VM's status says.
func disagrees(vm *model.VM, guest host.Guest) string {
	paused := vm.Run.Status == model.StatusPaused
	switch {
	case guest.Epoch != vm.Run.Epoch:
		return fmt.Sprintf("its guest is of run %d and not %d", guest.Epoch, vm.Run.Epoch)
	case paused != (guest.State == host.Paused || guest.State == host.Crashed) && vm.Run.Status != model.StatusNotResponding:
		return fmt.Sprintf("its guest is %s", guest.State)
	case guest.State == host.ShuttingDown && vm.Run.Status != model.StatusPoweringDown:
		return "its guest has powered off"
	}
	return ""
}

func (s *Site) guest(address string, id model.ID) host.Guest {
	for _, guest := range s.World.Machine(address).Guests() {
		if guest.ID == id {
			return guest
		}
	}
	return host.Guest{}
}

// Tidy has every host connected anew, after which not even the definition of a
// guest may be left over, nor its seeds.
func (s *Site) Tidy(within time.Duration) {
	s.t.Helper()
	if left := s.Leftovers(within); len(left) > 0 {
		s.t.Fatalf("%s%s", strings.Join(left, "\n"), s.Picture())
	}
}

// Leftovers is Tidy for those who want to know what is left over.
func (s *Site) Leftovers(within time.Duration) []string {
	s.t.Helper()
	for _, on := range s.Inventory.Hosts.All() {
		s.World.Machine(on.Address).Cut()
	}
	synctest.Wait() // now the engine has noticed
	s.Connected()
	s.Comes(within, func() bool { return len(s.left(true)) == 0 })
	return s.left(true)
}

// left are guests that no VM has to do with; with definitions also those that do
// not run, and seeds.
func (s *Site) left(definitions bool) []string {
	var all []string
	for _, on := range s.Inventory.Hosts.All() {
		if on.Status != model.HostUp {
			continue
		}
		for _, guest := range s.World.Machine(on.Address).Guests() {
			if !guest.Ours || guest.Engine != engineID(s.Inventory) {
				continue
			}
			if !s.isOn(guest.ID, on) && (definitions || guest.State != host.Off) {
				all = append(all, fmt.Sprintf("guest %s, which is %s, was left on %s", guest.Name, guest.State, on.Address))
			}
		}
		for _, id := range s.World.Machine(on.Address).Seeded() {
			if definitions && !s.isOn(id, on) {
				all = append(all, fmt.Sprintf("seeds of guest %s were left on %s", id, on.Address))
			}
		}
	}
	return all
}

func (s *Site) isOn(id model.ID, on *model.Host) bool {
	vm, known := s.Inventory.VMs.Get(id)
	return known && vm.Run.Host == on.ID
}

// Picture shows VMs, hosts and guests, for tests that fail.
func (s *Site) Picture() string {
	var text strings.Builder
	for _, vm := range s.Inventory.VMs.All() {
		fmt.Fprintf(&text, "\nVM %s: %s %s, before %q, host %s, epoch %d", vm.Name, vm.Run.Status, vm.Run.Detail,
			vm.Run.Before, vm.Run.Host, vm.Run.Epoch)
	}
	for _, on := range s.Inventory.Hosts.All() {
		fmt.Fprintf(&text, "\nhost %s: %s %s", on.Name, on.Status, on.StatusDetail)
		for _, guest := range s.World.Machine(on.Address).Guests() {
			fmt.Fprintf(&text, "\n  guest %s: %s %s %s, epoch %d", guest.Name, guest.State, guest.Pause, guest.End, guest.Epoch)
		}
	}
	for _, unfinished := range s.Inventory.Jobs() {
		fmt.Fprintf(&text, "\njob %s/%s, next %d, undoing %v", unfinished.Action, unfinished.Path, unfinished.Next, unfinished.Undoing)
	}
	return text.String()
}
