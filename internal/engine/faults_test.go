package engine_test

import (
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vireo/internal/engine"
	"vireo/internal/engine/sitetest"
	"vireo/internal/host"
	"vireo/internal/host/fake"
	"vireo/internal/job"
	"vireo/internal/model"
)

// long is how long anything may take when something went wrong: longer than every
// time limit of the engine.
const long = 3 * time.Hour

// deeds are the calls to a host that change something. The watcher makes none of
// these while a job holds the VM.
var deeds = []string{
	fake.WriteSeeds, "Boot", "Restore", "Save", "Destroy", "Forget", "Pause", "Resume", "PressPower", "Reboot",
	"ChangeCDROM", "PlugDisk", "UnplugDisk", "ResizeDisk", "BeginMirror", "FollowMirror", "PivotMirror", "AbortMirror", "DiskPaths",
	"PlugNIC", "UnplugNIC", "UpdateNIC", "SetTicket", "AgentShutdown",
	"Receive", "BeginMigration", "FollowMigration", "FinishMigration", "ResumeMigration", "AbortMigration",
	"AgentFreeze", "AgentThaw", "TakeSnapshot", "BeginMerge", "FollowMerge", "AbortMerge",
	"Adopt", "Disown", "Release",
}

// work is what a path did when nothing went wrong.
type work struct {
	points []job.Point
	// onHost and onImages name the calls that each step made.
	onHost, onImages map[string][]string
	// before and after are the statuses of the VM.
	before, after model.Status
}

// TestEveryPath tries every path of every row that has steps, with everything
// going wrong at every step that can go wrong. Each test ends in a site that is
// whole: see sitetest.
func TestEveryPath(t *testing.T) {
	for _, row := range table(t) {
		for i := range row.Paths {
			if len(row.Paths[i].Steps) > 0 {
				t.Run(row.Key()+"/"+row.Paths[i].Name, func(t *testing.T) { tryPath(t, row, &row.Paths[i]) })
			}
		}
	}
}

func tryPath(t *testing.T, row *engine.Command, path *engine.Path) {
	done := watchWork(t, row, path)
	for _, point := range done.points {
		t.Run(describe(point), func(t *testing.T) { tryDeaths(t, row, path, done, point) })
	}
	for _, step := range path.Steps {
		for _, failing := range done.failures(step.Name) {
			t.Run(step.Name+"/undone after "+failing.call, func(t *testing.T) { tryUndo(t, row, path, done, failing) })
		}
		for _, call := range done.onHost[step.Name] {
			t.Run(step.Name+"/"+call, func(t *testing.T) { tryHost(t, row, path, done, step, call) })
		}
		for _, call := range done.onImages[step.Name] {
			t.Run(step.Name+"/"+call, func(t *testing.T) { tryImages(t, row, path, done, step, call) })
		}
	}
}

func describe(point job.Point) string {
	doing, when := "do", "before"
	if point.Undo {
		doing = "undo"
	}
	if point.Worked {
		when = "after"
	}
	return fmt.Sprintf("%s %s/dies %s", doing, point.Step, when)
}

// of says whether a point belongs to a job of the trial.
func (tr *trial) of(point job.Point) bool {
	return point.Job.Action == tr.row.Key() && point.Job.Path == tr.path.Name
}

// inBubble runs a test on a fresh site, with the trial prepared.
func inBubble(t *testing.T, row *engine.Command, path *engine.Path, test func(*testing.T, *trial)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		test(t, prepare(t, sitetest.New(t, sitetest.Options{}), row, path))
	})
}

// watchWork does the path once and watches its work.
func watchWork(t *testing.T, row *engine.Command, path *engine.Path) (done work) {
	t.Helper()
	done = work{onHost: make(map[string][]string), onImages: make(map[string][]string)}
	inBubble(t, row, path, func(t *testing.T, tr *trial) {
		done.before = tr.Status(tr.vm)
		var hostCalls, imageCalls int
		var mu sync.Mutex
		tr.AtPoints(func(point job.Point) bool {
			mu.Lock()
			defer mu.Unlock()
			if !tr.of(point) {
				return false
			}
			done.points = append(done.points, point)
			calls, images := tr.World.Calls(), tr.Images.Calls()
			if point.Worked {
				for _, call := range calls[hostCalls:] {
					if slices.Contains(deeds, call.Name) && !slices.Contains(done.onHost[point.Step], call.Name) {
						done.onHost[point.Step] = append(done.onHost[point.Step], call.Name)
					}
				}
				for _, call := range images[imageCalls:] {
					if !slices.Contains(done.onImages[point.Step], call) {
						done.onImages[point.Step] = append(done.onImages[point.Step], call)
					}
				}
			}
			hostCalls, imageCalls = len(calls), len(images)
			return false
		})
		result, err := tr.run()
		if err != nil || result.Job == nil || result.Job.Path != path.Name {
			t.Fatalf("the path was not taken: %+v, %v", result, err)
		}
		tr.AtPoints(nil)
		tr.Pass(time.Minute)
		tr.Whole(long)
		done.after = tr.Status(tr.vm)
	})
	return done
}

// settled waits until every time limit that matters has passed, and wants
// everything to be whole then.
func (tr *trial) settled() {
	tr.Pass(10 * time.Minute)
	tr.Whole(long)
	tr.Tidy(time.Minute)
}

func (tr *trial) run() (*engine.Result, error) {
	tr.call.Async = new(false)
	return tr.Act(tr.call)
}

// at calls do when the step begins.
func (tr *trial) at(step string, do func()) {
	once := sync.OnceFunc(do)
	tr.AtPoints(func(point job.Point) bool {
		if tr.of(point) && point.Step == step && !point.Worked && !point.Undo {
			once()
		}
		return false
	})
}

// some is all of a series, or a part of it where everything is slow: another part
// for each name, so that in the whole of the test all have their turn.
func some[T any](name string, all []T) []T {
	if !sitetest.Slow || soak {
		return all
	}
	h := fnv.New32a()
	h.Write([]byte(name))
	first := int(h.Sum32()) % len(all)
	var part []T
	for i := range all {
		if (i+first)%5 == 0 {
			part = append(part, all[i])
		}
	}
	return part
}

// absences are what can happen while no engine is there.
var absences = []struct {
	name   string
	happen func(*trial)
}{
	{"and nothing happens", func(*trial) {}},
	{"and the guest powers off", func(tr *trial) { tr.eachGuest((*fake.Machine).PowerOff) }},
	{"and QEMU is killed", func(tr *trial) { tr.eachGuest((*fake.Machine).Kill) }},
	{"and the host restarts", func(tr *trial) { tr.World.Machine(sitetest.Host(1)).Restart("") }},
}

// eachGuest does something to every guest that runs.
func (tr *trial) eachGuest(do func(*fake.Machine, string)) {
	machine := tr.World.Machine(sitetest.Host(1))
	for _, guest := range machine.Guests() {
		if guest.State != host.Off {
			do(machine, guest.Name)
		}
	}
}

// tryDeaths lets the engine die at a point, and another go on from there.
func tryDeaths(t *testing.T, row *engine.Command, path *engine.Path, done work, point job.Point) {
	for _, absence := range some(t.Name(), absences) {
		t.Run(absence.name, func(t *testing.T) {
			inBubble(t, row, path, func(t *testing.T, tr *trial) {
				tr.dieAt(point)
				absence.happen(tr)
				tr.Pass(time.Second)
				tr.AtPoints(nil)
				tr.Start()
				tr.Whole(sitetest.Soon)
				tr.settled()
				tr.ended(t, done, absence.name != "and nothing happens")
			})
		})
	}
}

// dieAt runs the call until its engine has died at the point.
func (tr *trial) dieAt(at job.Point) {
	dead := tr.DieAt(func(point job.Point) bool {
		return tr.of(point) && point.Step == at.Step && point.Undo == at.Undo && point.Worked == at.Worked
	})
	tr.call.Async = new(true)
	_, _ = tr.Act(tr.call)
	<-dead
	tr.Kill()
}

// ended wants the VM to have ended where the path leads, or where it was, or to be
// down if its guest was taken from it.
func (tr *trial) ended(t *testing.T, done work, taken bool) {
	t.Helper()
	now := tr.Status(tr.vm)
	if now == model.StatusUp && done.before == model.StatusPoweringUp {
		return // it has come up meanwhile
	}
	if now != done.before && now != done.after && (!taken || now != model.StatusDown) {
		t.Errorf("the VM is %s; it was %s, and would be %s", now, done.before, done.after)
	}
}

// failure is a call that is made to fail.
type failure struct {
	call   string
	onHost bool
}

func (f failure) arm(tr *trial) {
	if f.onHost {
		tr.World.Fail(fake.Rule{Call: f.call, Error: fake.Refuse(host.RefusedOther, "it does not feel like it")})
		return
	}
	tr.Images.Fail(sitetest.ImageRule{Call: f.call, Error: errBroken})
}

func (w work) failures(step string) (all []failure) {
	for _, call := range w.onHost[step] {
		all = append(all, failure{call, true})
	}
	for _, call := range w.onImages[step] {
		all = append(all, failure{call, false})
	}
	return all
}

// tryUndo lets a call fail, so that the work is undone, and the engine die at each
// point of that.
func tryUndo(t *testing.T, row *engine.Command, path *engine.Path, done work, failing failure) {
	var points []job.Point
	inBubble(t, row, path, func(_ *testing.T, tr *trial) {
		var mu sync.Mutex
		tr.AtPoints(func(point job.Point) bool {
			mu.Lock()
			defer mu.Unlock()
			if tr.of(point) && point.Undo {
				points = append(points, point)
			}
			return false
		})
		failing.arm(tr)
		_, _ = tr.run()
	})
	for _, point := range points {
		t.Run(describe(point), func(t *testing.T) {
			for _, absence := range some(t.Name(), absences) {
				t.Run(absence.name, func(t *testing.T) {
					inBubble(t, row, path, func(t *testing.T, tr *trial) {
						failing.arm(tr)
						tr.dieAt(point)
						tr.World.ClearRules()
						tr.Images.Clear()
						absence.happen(tr)
						tr.Pass(time.Second)
						tr.AtPoints(nil)
						tr.Start()
						tr.Whole(sitetest.Soon)
						tr.settled()
						tr.ended(t, work{before: done.before, after: done.before}, absence.name != "and nothing happens")
					})
				})
			}
		})
	}
}

// troubles are what can happen at a call to a host.
var troubles = []struct {
	name  string
	rule  fake.Rule
	taken bool
	// after lets the host come back, if it was gone.
	after func(*trial)
}{
	{name: "refused", rule: fake.Rule{Error: fake.Refuse(host.RefusedOther, "it does not feel like it")}},
	{name: "done and refused", rule: fake.Rule{Error: fake.Refuse(host.RefusedOther, "it is confused"), After: true}},
	{name: "not found", rule: fake.Rule{Error: host.ErrNotFound}},
	{name: "cut off before", rule: fake.Rule{Cut: true}},
	{name: "cut off after", rule: fake.Rule{Cut: true, After: true}},
	{name: "unreachable once", rule: fake.Rule{Error: host.ErrUnreachable}},
	{name: "unreachable once it was done", rule: fake.Rule{Error: host.ErrUnreachable, After: true}},
	{name: "hangs before", rule: fake.Rule{Hang: true}},
	{name: "hangs after", rule: fake.Rule{Hang: true, After: true}},
	{name: "silent before", after: (*trial).silence},
	{name: "silent after", rule: fake.Rule{After: true}, after: (*trial).silence},
	{name: "restarts before", taken: true},
	{name: "restarts after", rule: fake.Rule{After: true}, taken: true},
}

// tryHost lets a call to the host go wrong.
func tryHost(t *testing.T, row *engine.Command, path *engine.Path, done work, step job.Step, call string) {
	for _, trouble := range some(t.Name(), troubles) {
		t.Run(trouble.name, func(t *testing.T) {
			inBubble(t, row, path, func(t *testing.T, tr *trial) {
				last := tr.LastEvent()
				rule := trouble.rule
				rule.Call, rule.Nth = call, 1
				machine := tr.World.Machine(sitetest.Host(1))
				struck := make(chan struct{})
				rule.Do = func() {
					close(struck)
					switch {
					case trouble.taken:
						machine.Restart("")
					case trouble.after != nil:
						machine.Disappear()
					}
				}
				tr.at(step.Name, func() { tr.World.Fail(rule) })
				finished := make(chan struct{})
				var result *engine.Result
				var err error
				go func() {
					defer close(finished)
					result, err = tr.run()
				}()
				select {
				case <-struck:
				case <-finished:
					select {
					case <-struck: // both at once
					default:
						t.Fatalf("the call %s was not made: %v", call, err)
					}
				}
				if trouble.after != nil {
					trouble.after(tr)
				}
				<-finished
				tr.settled()
				tr.ended(t, done, trouble.taken)
				tr.told(t, last, result, err)
			})
		})
	}
}

// silence waits until the host is known to be out of reach: the VM is unknown
// then, if it has a guest, and runs nowhere else. Then the host answers again.
func (tr *trial) silence() {
	tr.Until(2*time.Minute, "the host is non_responsive", func() bool {
		on, _ := tr.Inventory.Hosts.Get(sitetest.HostID(1))
		return on.Status == model.HostNonResponsive
	})
	if vm, ok := tr.Inventory.VMs.Get(tr.vm); ok && vm.Run.Host == sitetest.HostID(1) && vm.Run.Status != model.StatusUnknown {
		panic(fmt.Sprintf("the host is silent and the VM is %s", vm.Run.Status))
	}
	tr.World.Machine(sitetest.Host(1)).Answer()
}

// told wants the path's event for how it ended.
func (tr *trial) told(t *testing.T, since int64, result *engine.Result, err error) {
	t.Helper()
	if result == nil || result.Job == nil {
		t.Fatalf("the command was not accepted: %v", err)
	}
	ended, waitErr := tr.Engine.Wait(t.Context(), result.Job.ID)
	if waitErr != nil {
		t.Fatal(waitErr)
	}
	code := tr.path.Done
	if ended.Status == model.JobFailed {
		code = tr.path.Failed
	}
	if code != 0 && !slices.Contains(tr.Events("", since), int(code)) {
		t.Errorf("the job is %s, and there is no event %d in %v", ended.Status, code, tr.Events("", since))
	}
}

var errBroken = errors.New("the storage is broken")

// tryImages lets a call to storage go wrong, before it is done or after.
func tryImages(t *testing.T, row *engine.Command, path *engine.Path, done work, step job.Step, call string) {
	for _, after := range []bool{false, true} {
		t.Run(fmt.Sprintf("fails, done %v", after), func(t *testing.T) {
			inBubble(t, row, path, func(t *testing.T, tr *trial) {
				last := tr.LastEvent()
				tr.at(step.Name, func() {
					rule := sitetest.ImageRule{Call: call, Error: errBroken, After: after}
					if after {
						rule.Nth = 1
					}
					tr.Images.Fail(rule)
				})
				result, err := tr.run()
				tr.Images.Clear()
				tr.settled()
				tr.ended(t, done, false)
				tr.told(t, last, result, err)
			})
		})
	}
}
