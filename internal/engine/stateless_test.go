package engine_test

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"vireo/internal/engine"
	"vireo/internal/engine/sitetest"
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/host/fake"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// stateless is a site with a VM of two disks that runs stateless.
type stateless struct {
	*sitetest.Site
	t     *testing.T
	vm    model.ID
	disks []model.ID
	// own are the volumes of the disks, and content what they hold.
	own     []string
	content [][32]byte
}

// runsStateless runs a test on a site where the VM is up, and has written to its
// disks. In the end everything must be whole, and the disks as they were.
func runsStateless(t *testing.T, test func(t *testing.T, s *stateless)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &stateless{Site: sitetest.New(t, sitetest.Options{}), t: t}
		s.Connected()
		s.vm = s.Add("vm")
		s.disks = []model.ID{addDisk(s.Site, s.vm), addDisk(s.Site, s.vm)}
		s.own = s.Volumes()
		s.content = s.read()
		s.start()
		test(t, s)
		s.Whole(long)
		if got := s.Volumes(); len(s.VM(s.vm).Run.Overlays) == 0 && !slices.Equal(got, s.own) {
			t.Errorf("the volumes are %q and were %q", got, s.own)
		}
		if !slices.Equal(s.read(), s.content) {
			t.Error("the disks are not what they were")
		}
	})
}

// start starts the VM stateless, and lets the guest write to its disks.
func (s *stateless) start() {
	s.t.Helper()
	s.Do("start", s.vm, &vms.StartParams{Once: &model.RunOnce{Stateless: true}})
	s.UntilStatus(s.vm, sitetest.Soon, model.StatusUp)
	given := s.Machine(s.vm).Disks("vm")
	if len(given) != len(s.disks) || len(s.VM(s.vm).Run.Overlays) != len(s.disks) {
		s.t.Fatalf("the guest has %+v, the run %+v", given, s.VM(s.vm).Run.Overlays)
	}
	for _, disk := range given {
		s.scribble(disk)
	}
}

// scribble writes where the guest would.
func (s *stateless) scribble(disk host.DiskSpec) {
	file, err := os.OpenFile(disk.Path, os.O_WRONLY, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteAt([]byte("written by the guest"), 300<<10); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stateless) read() [][32]byte {
	var all [][32]byte
	for _, volume := range s.own {
		text, err := os.ReadFile(filepath.Join(s.Dir, "data", string(sitetest.DataDomain), "images", volume))
		if err != nil {
			s.t.Fatal(err)
		}
		all = append(all, sha256.Sum256(text))
	}
	return all
}

func (s *stateless) machine() *fake.Machine { return s.World.Machine(sitetest.Host(1)) }

// down waits for the end of the run.
func (s *stateless) down() {
	s.t.Helper()
	s.UntilStatus(s.vm, 10*time.Minute, model.StatusDown)
	if left := s.VM(s.vm).Run.Overlays; len(left) > 0 {
		s.t.Errorf("the run is over, and its overlays are %+v", left)
	}
}

// ends are the ways in which a run can end.
var ends = map[string]func(*stateless){
	"it is stopped":          func(s *stateless) { s.Do("stop", s.vm, nil) },
	"it is shut down":        func(s *stateless) { s.Do("shutdown", s.vm, nil) },
	"it powers itself off":   func(s *stateless) { s.machine().PowerOff("vm") },
	"QEMU is killed":         func(s *stateless) { s.machine().Kill("vm") },
	"its kernel panics":      func(s *stateless) { s.machine().Panic("vm", false) },
	"its host restarts":      func(s *stateless) { s.machine().Restart("") },
	"somebody destroys it":   func(s *stateless) { s.machine().DestroyGuest("vm") },
	"its host dies silently": func(s *stateless) { s.silence(); s.machine().Restart("") },
	"it ends in the silence": func(s *stateless) { s.silence(); s.machine().Kill("vm"); s.machine().Answer() },
}

// silence takes the host out of reach until the VM is unknown.
func (s *stateless) silence() {
	s.machine().Disappear()
	s.UntilStatus(s.vm, 5*time.Minute, model.StatusUnknown)
	if len(s.Volumes()) != 2*len(s.own) {
		s.t.Error("unknown is not down: the overlays are gone")
	}
}

// TestEndsOfStatelessRuns: however the run ends, and whether the engine is there or
// not, what was written is gone, and the VM starts again.
func TestEndsOfStatelessRuns(t *testing.T) {
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			runsStateless(t, func(_ *testing.T, s *stateless) {
				end(s)
				s.down()
				s.Whole(sitetest.Soon)
				s.start()
				s.Do("stop", s.vm, nil)
			})
		})
	}
	for _, name := range []string{"it powers itself off", "QEMU is killed", "its host restarts"} {
		t.Run(name+" while there is no engine", func(t *testing.T) {
			runsStateless(t, func(_ *testing.T, s *stateless) {
				s.Kill()
				ends[name](s)
				s.Pass(time.Second)
				s.Start()
				s.down()
			})
		})
	}
}

// TestStartRightAfterStatelessRun: a run does not wait for what an earlier one has
// left, and has volumes of its own.
func TestStartRightAfterStatelessRun(t *testing.T) {
	runsStateless(t, func(t *testing.T, s *stateless) {
		s.Images.Fail(sitetest.ImageRule{Call: "RemoveOverlay", Delay: time.Hour})
		first := s.VM(s.vm).Run.Overlays
		s.Do("stop", s.vm, nil)
		began := time.Now()
		s.start()
		if waited := time.Since(began); waited > time.Minute {
			t.Errorf("the start took %v", waited)
		}
		if len(s.Volumes()) != 3*len(s.own) {
			t.Errorf("the volumes are %q", s.Volumes())
		}
		for _, overlay := range s.VM(s.vm).Run.Overlays {
			if slices.ContainsFunc(first, func(o model.Overlay) bool { return o.Volume == overlay.Volume }) {
				t.Errorf("the overlay %+v is used again", overlay)
			}
		}
		s.Pass(3 * time.Hour)
		s.Whole(sitetest.Soon) // the second run has all it needs
		s.Images.Clear()
		s.Do("stop", s.vm, nil)
	})
}

// TestStatelessStartOfUnknownEnd: the start has failed, and could not be undone as
// far as anybody knows. The overlays stay until the host says that there is no guest.
func TestStatelessStartOfUnknownEnd(t *testing.T) {
	runsStateless(t, func(t *testing.T, s *stateless) {
		s.Do("stop", s.vm, nil)
		s.Whole(sitetest.Soon)
		no := fake.Refuse(host.RefusedOther, "it does not feel like it")
		s.World.Fail(fake.Rule{Call: "Boot", Nth: 1, Error: no, Do: func() {
			s.World.Fail(fake.Rule{Call: "Guest", Error: no})
		}})
		s.Begin(&engine.Call{
			On: model.KindVM, Name: "start", Target: s.vm, Params: &vms.StartParams{Once: &model.RunOnce{Stateless: true}},
		})
		s.UntilStatus(s.vm, time.Minute, model.StatusUnknown)
		s.Pass(time.Hour)
		if len(s.Volumes()) != 2*len(s.own) {
			t.Errorf("the volumes are %q", s.Volumes())
		}
		s.World.ClearRules()
		s.down()
		if s.VM(s.vm).Run.Overrides != nil {
			t.Error("the overrides of a run that never was are kept")
		}
	})
}

// TestStatelessRunTakenOver: after a restore from an older backup a run is known by
// its guest for what it was begun with. A stateless one must not come to the disks.
func TestStatelessRunTakenOver(t *testing.T) {
	for name, recorded := range map[string]func(*model.VM){
		"a VM that was down": func(vm *model.VM) { vm.Run = model.Run{Status: model.StatusDown} },
		"an earlier run with overrides": func(vm *model.VM) {
			vm.Run.Epoch--
			vm.Run.Overrides = &model.RunOnce{CDROM: new("earlier.iso")}
			vm.Run.Instance, vm.Run.Overlays = model.NewID(), nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &stateless{Site: sitetest.New(t, sitetest.Options{}), t: t}
				s.Connected()
				s.vm = s.Add("vm")
				s.disks = []model.ID{addDisk(s.Site, s.vm)}
				s.start()
				epoch := s.VM(s.vm).Run.Epoch
				s.Stop()
				machine := s.World.Machine(sitetest.Host(1))
				machine.Disappear()
				s.Restored = true
				s.Start()
				s.Edit(func(tx *inventory.Tx) {
					vm, _ := tx.VMs.Edit(s.vm)
					recorded(vm)
				})
				machine.Answer()
				s.Until(long, "it is taken over", func() bool {
					return s.VM(s.vm).Run.Epoch == epoch && s.Status(s.vm) == model.StatusUp
				})

				run := s.VM(s.vm).Run
				if run.Memory == 0 || run.Instance != "" || run.Overrides == nil || run.Overrides.CDROM != nil {
					t.Errorf("it is taken over as %+v, with %+v", run, run.Overrides)
				}
				_, err := s.Act(&engine.Call{On: model.KindVM, Name: "suspend", Target: s.vm})
				if fault.Of(err).Code != fault.CannotSuspendStateless {
					t.Errorf("it can be suspended: %v", err)
				}
				s.Do("stop", s.vm, nil)
				s.Until(long, "what it has written is discarded", func() bool { return len(s.Volumes()) == 1 })
			})
		})
	}
}
