package engine_test

import (
	"context"
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
	"vireo/internal/image"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

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
