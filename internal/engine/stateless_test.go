package engine_test

import (
	"context"
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
	"vireo/internal/image"
	"vireo/internal/inventory"
	"vireo/internal/job"
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

// TestDiscardSurvivesTheEngine: the engine dies between the end of the run and the
// removal, and after the removal before it is recorded.
func TestDiscardSurvivesTheEngine(t *testing.T) {
	for name, worked := range map[string]bool{"before": false, "after": true} {
		t.Run(name, func(t *testing.T) {
			runsStateless(t, func(t *testing.T, s *stateless) {
				dead := s.DieAt(func(point job.Point) bool {
					return point.Job.Action == "vm.discard" && point.Worked == worked
				})
				s.machine().PowerOff("vm")
				select {
				case <-dead:
				case <-time.After(time.Hour):
					t.Fatal("the removal was not begun")
				}
				s.Kill()
				if gone := len(s.Volumes()) == len(s.own); gone != worked {
					t.Errorf("the overlays are gone: %v", gone)
				}
				s.AtPoints(nil)
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

// loseDomain takes the data domain away, as when its mount has gone; back gives it
// back.
func (s *stateless) loseDomain() (back func()) {
	path := filepath.Join(s.Dir, "data")
	if err := os.Rename(path, path+"-away"); err != nil {
		s.t.Fatal(err)
	}
	return func() {
		if err := os.Rename(path+"-away", path); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *stateless) domain(status model.StorageDomainStatus) {
	s.t.Helper()
	s.Until(2*time.Minute, "the domain is "+string(status), func() bool {
		domain, _ := s.Inventory.StorageDomains.Get(sitetest.DataDomain)
		return domain.Status == status
	})
}

const overlaysKept = 20012

// kept counts the events that overlays could not be removed.
func (s *stateless) kept(since int64) (told int) {
	s.t.Helper()
	for _, code := range s.Events("", since) {
		if code == overlaysKept {
			told++
		}
	}
	return told
}

// TestDiscardWithoutStorage: overlays whose domain is away are removed when it is
// back, also by a later engine. It is told once.
func TestDiscardWithoutStorage(t *testing.T) {
	for name, meanwhile := range map[string]func(*stateless){
		"nothing happens":      func(*stateless) {},
		"the engine is killed": func(s *stateless) { s.Kill(); s.Start() },
	} {
		t.Run(name, func(t *testing.T) {
			runsStateless(t, func(t *testing.T, s *stateless) {
				since := s.LastEvent()
				back := s.loseDomain()
				s.Do("stop", s.vm, nil)
				s.down()
				s.domain(model.StorageDomainInactive)
				meanwhile(s)
				s.Pass(24 * time.Hour)
				if told := s.kept(since); told != 1 {
					t.Errorf("it was told %d times", told)
				}
				if _, held := s.Inventory.Holder(model.Ref{Kind: model.KindVM, ID: s.vm}); held {
					t.Error("the VM is locked")
				}
				back()
				s.domain(model.StorageDomainActive)
				s.Whole(sitetest.Soon)
				if told := s.kept(since); told != 1 {
					t.Errorf("it was told %d times", told)
				}
			})
		})
	}
}

// TestDiscardOfRemovedVM: what a run has left is removed also when its VM is gone
// before that, with its disks or without them.
func TestDiscardOfRemovedVM(t *testing.T) {
	for name, detach := range map[string]bool{"with its disks": false, "disks stay": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &stateless{Site: sitetest.New(t, sitetest.Options{}), t: t}
				s.Connected()
				s.vm = s.Add("vm")
				s.disks = []model.ID{addDisk(s.Site, s.vm)}
				s.own = s.Volumes()
				s.start()
				s.Images.Fail(sitetest.ImageRule{Call: "RemoveOverlay", Error: image.ErrUnavailable})
				s.Do("stop", s.vm, nil)
				s.Do("remove", s.vm, &vms.RemoveParams{DetachOnly: detach})
				s.Pass(time.Minute)
				since := s.LastEvent()
				s.Images.Clear()
				s.Whole(5 * time.Minute)
				if got := s.Volumes(); detach != slices.Equal(got, s.own) || !detach && len(got) > 0 {
					t.Errorf("the volumes are %q and were %q", got, s.own)
				}
				if told := s.kept(since); told != 0 {
					t.Errorf("it was told again: %d times", told)
				}
			})
		})
	}
}

// TestDiscardTellsEachReasonOnce.
func TestDiscardTellsEachReasonOnce(t *testing.T) {
	runsStateless(t, func(t *testing.T, s *stateless) {
		since := s.LastEvent()
		for i, reason := range []error{image.ErrUnavailable, image.ErrUnsafe} {
			s.Images.Clear()
			s.Images.Fail(sitetest.ImageRule{Call: "RemoveOverlay", Error: reason})
			if i == 0 {
				s.Do("stop", s.vm, nil)
			}
			s.Pass(time.Hour)
			if told := s.kept(since); told != i+1 {
				t.Errorf("after %v it was told %d times", reason, told)
			}
		}
		s.Images.Clear()
	})
}

// TestDiscardWithoutDomain: of a domain that nobody knows any more nothing can be
// removed. It is told, and does not keep the engine busy.
func TestDiscardWithoutDomain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sitetest.New(t, sitetest.Options{})
		s.Connected()
		vm := s.Reach("vm", model.StatusUp)
		s.Edit(func(tx *inventory.Tx) {
			edited, _ := tx.VMs.Edit(vm)
			edited.Run.Overlays = []model.Overlay{{Disk: model.NewID(), Volume: model.NewID(), StorageDomain: model.NewID()}}
		})
		since := s.LastEvent()
		s.Do("stop", vm, nil)
		s.Whole(sitetest.Soon)
		if events := s.Events(vm, since); !slices.Contains(events, overlaysKept) {
			t.Errorf("events %v", events)
		}
	})
}

// TestInternalCommands are known to the engine alone.
func TestInternalCommands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sitetest.New(t, sitetest.Options{})
		vm := s.Add("vm")
		_, err := s.Engine.Act(context.Background(), &engine.Call{On: model.KindVM, Name: "discard", Target: vm})
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("it was called: %v", err)
		}
		for _, row := range s.Engine.Commands() {
			if row.Internal {
				t.Errorf("%s is listed", row.Key())
			}
		}
	})
}
