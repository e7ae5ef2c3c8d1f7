package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"vireo/internal/engine"
	"vireo/internal/engine/sitetest"
	"vireo/internal/engine/vms"
	"vireo/internal/host"
	"vireo/internal/host/fake"
	"vireo/internal/model"
)

// The site of a random schedule.
const (
	randomVMs   = 3
	randomHosts = 3
)

// deed is one thing of a schedule: what happens, to which VM and on which host.
type deed struct {
	What string
	VM   int
	Host int
	// Wait lets time pass afterwards.
	Wait time.Duration
}

func (d deed) String() string {
	return fmt.Sprintf("%s vm%d h%d, then %v", d.What, d.VM, d.Host, d.Wait)
}

// show is a site under a random schedule.
type show struct {
	*sitetest.Site
	ids  []model.ID
	acts sync.WaitGroup
}

// verbs are given at once and not waited for; the engine sorts them out. A second
// word tells ways to give the same verb apart.
var verbs = map[string]any{
	"start stateless": &vms.StartParams{Once: &model.RunOnce{Stateless: true}},
	"start":           nil, "stop": nil, "shutdown": nil, "suspend": nil, "reboot": nil,
	"freezefilesystems": nil, "thawfilesystems": nil,
	"update": &vms.UpdateParams{Edit: func(vm *model.VM) error { vm.Memory += 1 << 20; return nil }},
}

// accidents are what else happens. Those to a guest do nothing when it is not there.
var accidents = map[string]func(s *show, d deed){
	"the guest powers off":           guestDeed((*fake.Machine).PowerOff),
	"QEMU is killed":                 guestDeed((*fake.Machine).Kill),
	"the guest panics":               guestDeed(func(m *fake.Machine, name string) { m.Panic(name, true) }),
	"the guest resets":               guestDeed((*fake.Machine).Reset),
	"it is paused":                   guestDeed((*fake.Machine).PauseGuest),
	"it is resumed":                  guestDeed((*fake.Machine).ResumeGuest),
	"it is destroyed":                guestDeed((*fake.Machine).DestroyGuest),
	"it is destroyed, removed":       guestDeed((*fake.Machine).ForgetGuest),
	"it has an I/O error":            guestDeed(func(m *fake.Machine, name string) { m.IOError(name, host.PauseIO, "/disk") }),
	"its monitor hangs":              guestDeed((*fake.Machine).HangMonitor),
	"its monitor answers":            guestDeed((*fake.Machine).AnswerMonitor),
	"the connection is cut":          hostDeed((*fake.Machine).Cut),
	"the host is gone":               hostDeed((*fake.Machine).Disappear),
	"the host is mute":               hostDeed((*fake.Machine).Mute),
	"the host answers":               hostDeed((*fake.Machine).Answer),
	"the host restarts":              hostDeed(func(m *fake.Machine) { m.Restart("") }),
	"the daemon restarts":            hostDeed(func(m *fake.Machine) { m.RestartDaemon(3 * time.Second) }),
	"the next boot is refused":       ruleDeed(fake.Rule{Call: "Boot", Nth: 1, Error: fake.Refuse(host.RefusedResource, "not today")}),
	"the next call is cut off":       ruleDeed(fake.Rule{Nth: 1, Cut: true}),
	"the next boot is cut off, done": ruleDeed(fake.Rule{Call: "Boot", Nth: 1, Cut: true, After: true}),
	"the next save is cut off, done": ruleDeed(fake.Rule{Call: "Save", Nth: 1, Cut: true, After: true}),
	"the next destroy hangs":         ruleDeed(fake.Rule{Call: "Destroy", Nth: 1, Hang: true}),
	"the storage fails once":         func(s *show, _ deed) { s.Images.Fail(sitetest.ImageRule{Nth: 1, Error: errBroken}) },
	"the engine is killed": func(s *show, _ deed) {
		s.Kill()
		s.Start()
	},
	"the engine is stopped for a while": func(s *show, d deed) {
		s.Stop()
		s.Pass(d.Wait)
		s.Start()
	},
}

func guestDeed(do func(*fake.Machine, string)) func(*show, deed) {
	return func(s *show, d deed) {
		id := s.ids[d.VM]
		for _, address := range s.World.Running(id) {
			// What waits for it at the end of a migration goes when it does.
			if slices.Contains(s.World.Running(id), address) {
				do(s.World.Machine(address), string(id))
			}
		}
	}
}

func hostDeed(do func(*fake.Machine)) func(*show, deed) {
	return func(s *show, d deed) { do(s.World.Machine(sitetest.Host(d.Host + 1))) }
}

func ruleDeed(rule fake.Rule) func(*show, deed) {
	return func(s *show, d deed) {
		rule := rule
		rule.Host = sitetest.Host(d.Host + 1)
		s.World.Fail(rule)
	}
}

func schedules() *rapid.Generator[[]deed] {
	var whats []string
	for verb := range verbs {
		whats = append(whats, verb, verb) // more often than accidents
	}
	for accident := range accidents {
		whats = append(whats, accident)
	}
	// A map's order would make failures impossible to repeat.
	slices.Sort(whats)
	waits := []time.Duration{
		0, 0, time.Millisecond, 25 * time.Millisecond, 150 * time.Millisecond, time.Second,
		5 * time.Second, 20 * time.Second, 40 * time.Second, 4 * time.Minute,
	}
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) deed {
		return deed{
			What: rapid.SampledFrom(whats).Draw(t, "what"),
			VM:   rapid.IntRange(0, randomVMs-1).Draw(t, "vm"),
			Host: rapid.IntRange(0, randomHosts-1).Draw(t, "host"),
			Wait: rapid.SampledFrom(waits).Draw(t, "wait"),
		}
	}), 1, 30)
}

// TestRandomSchedules: whatever is asked and whatever happens, a VM never runs on
// two hosts, no lock outlives its job, and when all is quiet every status is what
// the hosts say. A hundred schedules, or very many with VIREO_SOAK.
func TestRandomSchedules(t *testing.T) {
	rounds := 1
	if soak {
		rounds = 500
	}
	for range rounds {
		rapid.Check(t, func(rt *rapid.T) {
			schedule := schedules().Draw(rt, "schedule")
			complaints := ""
			synctest.Test(t, func(t *testing.T) { complaints = perform(t, schedule) })
			if complaints != "" {
				rt.Fatalf("%s", complaints)
			}
		})
	}
}

// perform plays a schedule and gives the sentences for what is wrong.
func perform(t *testing.T, schedule []deed) string {
	var hosts []fake.MachineSpec
	for i := range randomHosts {
		hosts = append(hosts, fake.MachineSpec{Address: sitetest.Host(i + 1)})
	}
	s := &show{Site: sitetest.New(t, sitetest.Options{Hosts: hosts})}
	s.Connected()
	for i := range randomVMs {
		s.ids = append(s.ids, s.Add(fmt.Sprintf("vm%d", i), seeded))
		addDisk(s.Site, s.ids[i])
	}
	for i, next := range schedule {
		if params, isVerb := verbs[next.What]; isVerb {
			s.ask(next.What, s.ids[next.VM], params)
		} else {
			accidents[next.What](s, next)
		}
		s.Pass(next.Wait)
		if wrong := s.World.Violations(); len(wrong) > 0 {
			return fmt.Sprintf("after deed %d:\n%s", i, strings.Join(wrong, "\n"))
		}
	}
	return s.quiet()
}

// ask gives a command as a client does who does not wait.
func (s *show) ask(verb string, vm model.ID, params any) {
	running := s.Engine
	verb, _, _ = strings.Cut(verb, " ")
	s.acts.Go(func() {
		_, _ = running.Act(context.Background(), &engine.Call{On: model.KindVM, Name: verb, Target: vm, Params: params})
	})
}

// quiet ends all trouble, waits, and gives the sentences for what is wrong then.
func (s *show) quiet() string {
	s.World.ClearRules()
	s.Images.Clear()
	for i := range randomHosts {
		machine := s.World.Machine(sitetest.Host(i + 1))
		machine.Answer()
		for _, guest := range machine.Guests() {
			machine.AnswerMonitor(string(guest.ID))
		}
	}
	s.acts.Wait()
	s.Pass(15 * time.Minute)
	s.Comes(long, func() bool { return len(s.Complaints()) == 0 })
	wrong := append(s.Complaints(), s.Leftovers(time.Minute)...)
	if len(wrong) == 0 {
		return ""
	}
	return strings.Join(wrong, "\n") + s.Picture()
}
