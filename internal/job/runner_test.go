package job_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
	"vireo/internal/store/sqlstore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errBroken = errors.New("broken")

// shop is a runner with the state it works on; it can be opened again.
type shop struct {
	t      *testing.T
	path   string
	inv    *inventory.Inventory
	runner *job.Runner
	plan   job.Plan
	died   func(job.Point) bool

	mu   sync.Mutex
	said []string
}

// say keeps what was done, in order.
func (s *shop) say(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said = append(s.said, fmt.Sprintf(format, args...))
}

func (s *shop) heard() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.said, " ")
}

func inShop(t *testing.T, test func(t *testing.T, s *shop)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &shop{t: t, path: filepath.Join(t.TempDir(), "db")}
		s.open()
		t.Cleanup(s.close)
		test(t, s)
	})
}

func (s *shop) open() {
	s.t.Helper()
	kept, err := sqlstore.Open(context.Background(), "", sqlstore.Options{DefaultPath: s.path, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		s.t.Fatal(err)
	}
	if s.inv, err = inventory.Open(context.Background(), kept); err != nil {
		s.t.Fatal(err)
	}
	s.runner = job.New(job.Options{
		Inventory: s.inv, Log: slog.New(slog.DiscardHandler),
		Plan: func(made *model.Job) (job.Plan, bool) { return s.plan, made.Action == "test.it" },
		Died: func(point job.Point) bool { return s.died != nil && s.died(point) },
	})
}

func (s *shop) close() {
	_ = s.inv.Store().Close()
	s.runner.Close()
}

// step is one that says what it does; do and undo may be nil.
func (s *shop) step(name string, do, undo func(ctx context.Context, w *job.Work) error) job.Step {
	wrap := func(what string, inner func(context.Context, *job.Work) error) func(context.Context, *job.Work) error {
		return func(ctx context.Context, w *job.Work) error {
			s.say("%s%s", what, name)
			if inner != nil {
				return inner(ctx, w)
			}
			return nil
		}
	}
	return job.Step{Name: name, Do: wrap("+", do), Undo: wrap("-", undo)}
}

func (s *shop) steps(all ...job.Step) {
	s.plan = job.Plan{Steps: all, Settle: func(_ *inventory.Tx, w *job.Work, failure error) {
		s.say("settled(%v,%v)", failure != nil, w.Dirty)
	}}
}

var target = model.Ref{Kind: model.KindVM, ID: "vm"}

func (s *shop) put(edits ...func(*model.Job)) *model.Job {
	s.t.Helper()
	now := time.Now().UTC()
	made := &model.Job{
		ID: model.NewID(), Action: "test.it", Verb: "try", Target: target, Locks: []model.Ref{target},
		Status: model.JobStarted, StartTime: now, LastUpdated: now, Steps: job.NewSteps(now),
	}
	for _, edit := range edits {
		edit(made)
	}
	if err := s.inv.Update(context.Background(), func(tx *inventory.Tx) error { tx.PutJob(made); return nil }); err != nil {
		s.t.Fatal(err)
	}
	return made
}

func (s *shop) start(edits ...func(*model.Job)) *model.Job {
	made := s.put(edits...)
	s.runner.Start(made)
	return made
}

func (s *shop) wait(id model.ID) *model.Job {
	s.t.Helper()
	ended, err := s.runner.Wait(context.Background(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	if _, held := s.inv.Holder(target); held {
		s.t.Error("the lock outlives the job")
	}
	return ended
}

func (s *shop) want(what string) {
	s.t.Helper()
	if got := s.heard(); got != what {
		s.t.Errorf("it did %q, want %q", got, what)
	}
}

func fails(context.Context, *job.Work) error { return errBroken }

func TestStepsInOrder(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		s.steps(s.step("a", nil, nil), s.step("b", nil, nil))
		ended := s.wait(s.start().ID)
		s.want("+a +b settled(false,false)")
		if ended.Status != model.JobFinished || ended.EndTime.IsZero() || ended.Fault != nil {
			t.Errorf("the job is %+v", ended)
		}
		var shown []string
		for _, step := range ended.Steps {
			shown = append(shown, step.Description)
			if step.Status != model.JobFinished || step.EndTime.IsZero() {
				t.Errorf("step %+v", step)
			}
		}
		if !slices.Equal(shown, []string{"Validating", "Executing", "a", "b", "Finalizing"}) {
			t.Errorf("steps %v", shown)
		}
	})
}

func TestFailureIsUndoneBackwards(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		s.steps(s.step("a", nil, nil), s.step("b", nil, nil), s.step("c", fails, nil), s.step("d", nil, nil))
		ended := s.wait(s.start().ID)
		s.want("+a +b +c -c -b -a settled(true,false)")
		if ended.Status != model.JobFailed || ended.Fault == nil || strings.Contains(ended.Fault.Message, "broken") {
			t.Errorf("the job is %+v, %+v", ended, ended.Fault)
		}
		for _, step := range ended.Steps[2:4] {
			if step.Status != model.JobFinished {
				t.Errorf("step %s is %s", step.Description, step.Status)
			}
		}
		if step := ended.Steps[4]; step.Status != model.JobFailed {
			t.Errorf("step %s is %s", step.Description, step.Status)
		}
	})
}

// TestEndedJobsForget: what a job was asked and what its steps remembered may hold
// secrets of guests; when it has ended it has neither, in the store too.
func TestEndedJobsForget(t *testing.T) {
	for name, end := range map[string]func(context.Context, *job.Work) error{"finished": nil, "failed": fails} {
		t.Run(name, func(t *testing.T) {
			inShop(t, func(t *testing.T, s *shop) {
				var during *model.Job
				s.steps(s.step("a", func(_ context.Context, w *job.Work) error {
					err := w.Remember("remembered")
					during = w.Job
					return err
				}, nil), s.step("b", end, nil))
				ended := s.wait(s.start(func(made *model.Job) { made.Params = []byte(`"asked"`) }).ID)
				if string(during.Params) != `"asked"` || string(during.Data) != `"remembered"` {
					t.Errorf("while it runs the job has %s and %s", during.Params, during.Data)
				}
				kept, err := s.inv.Store().Job(t.Context(), ended.ID)
				if err != nil {
					t.Fatal(err)
				}
				for _, each := range []*model.Job{ended, kept} {
					if each.Params != nil || each.Data != nil {
						t.Errorf("the ended job has %s and %s", each.Params, each.Data)
					}
				}
			})
		})
	}
}

func TestWhatCannotBeUndoneIsDirty(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		s.steps(s.step("a", nil, nil), s.step("b", fails, fails))
		s.wait(s.start().ID)
		s.want("+a +b -b -a settled(true,true)")
	})
}

func TestUnknownCommandIsClosed(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		if ended := s.wait(s.start(func(made *model.Job) { made.Action = "of.another.version" }).ID); ended.Status != model.JobFailed {
			t.Errorf("the job is %s", ended.Status)
		}
	})
}

// TestDeathAnywhere kills the engine at every point of a job that succeeds and of
// one that fails: the next engine ends it the same way, and it is settled once.
func TestDeathAnywhere(t *testing.T) {
	for _, failing := range []bool{false, true} {
		build := func(s *shop) {
			last := s.step("c", nil, nil)
			if failing {
				last = s.step("c", fails, nil)
			}
			s.steps(s.step("a", nil, nil), s.step("b", nil, nil), last)
		}
		var points []job.Point
		inShop(t, func(_ *testing.T, s *shop) {
			build(s)
			s.died = func(point job.Point) bool { points = append(points, point); return false }
			s.wait(s.start().ID)
		})
		for _, at := range points {
			t.Run(fmt.Sprintf("failing %v, undo %v, %s, worked %v", failing, at.Undo, at.Step, at.Worked), func(t *testing.T) {
				inShop(t, func(t *testing.T, s *shop) {
					build(s)
					dead := make(chan struct{})
					s.died = func(point job.Point) bool {
						if point.Step != at.Step || point.Undo != at.Undo || point.Worked != at.Worked {
							return false
						}
						_ = s.inv.Store().Close()
						close(dead)
						return true
					}
					made := s.start()
					<-dead
					s.runner.Close()
					s.died = nil
					s.open()
					for _, unfinished := range s.inv.Jobs() {
						s.runner.Start(unfinished)
					}
					ended := s.wait(made.ID)
					if (ended.Status == model.JobFailed) != failing {
						t.Errorf("the job is %s", ended.Status)
					}
					said := s.heard()
					if strings.Count(said, "settled") != 1 {
						t.Errorf("it did %q", said)
					}
					undone := strings.Contains(said, "-c") && strings.Contains(said, "-b") && strings.Contains(said, "-a")
					if undone != failing || strings.Count(said, "+a") > 2 || strings.Count(said, "-a") > 2 {
						t.Errorf("it did %q", said)
					}
				})
			})
		}
	}
}

func TestInterrupt(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		s.steps(s.step("a", nil, nil), s.step("b", func(ctx context.Context, _ *job.Work) error {
			<-ctx.Done()
			return ctx.Err()
		}, nil))
		made := s.start()
		synctest.Wait()
		if !s.runner.Interrupt(t.Context(), made.ID) {
			t.Error("it cannot be interrupted")
		}
		ended := s.wait(made.ID)
		s.want("+a +b -b -a settled(true,false)")
		if ended.Fault == nil || ended.Fault.Code != fault.Interrupted {
			t.Errorf("the fault is %+v", ended.Fault)
		}
		if s.runner.Interrupt(t.Context(), made.ID) {
			t.Error("an ended job was interrupted")
		}
	})
}

// TestLastingWorkIsNotInterrupted, neither at once nor by the engine after the next
// crash.
func TestLastingWorkIsNotInterrupted(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		release := make(chan struct{})
		lasting := s.step("b", func(context.Context, *job.Work) error { <-release; return nil }, nil)
		lasting.Lasting = true
		s.steps(s.step("a", nil, nil), lasting, s.step("c", nil, nil))
		made := s.start()
		synctest.Wait()
		if s.runner.Interrupt(t.Context(), made.ID) {
			t.Error("lasting work was interrupted")
		}
		close(release)
		if ended := s.wait(made.ID); ended.Status != model.JobFinished {
			t.Errorf("the job is %s", ended.Status)
		}
		s.want("+a +b +c settled(false,false)")
	})
}

// TestInterruptedBeforeLastingWork: the interruption is written first, and then the
// lasting step is not begun, whoever is quicker.
func TestInterruptedBeforeLastingWork(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		lasting := s.step("b", nil, nil)
		lasting.Lasting = true
		s.steps(s.step("a", nil, nil), lasting)
		s.died = func(point job.Point) bool {
			// The first step has been done, and its end is not yet recorded.
			if point.Step == "a" && point.Worked && !point.Undo {
				if !s.runner.Interrupt(context.Background(), point.Job.ID) {
					t.Error("it cannot be interrupted")
				}
			}
			return false
		}
		s.wait(s.start().ID)
		s.want("+a -a settled(true,false)")
	})
}

// TestLastingWorkGoesOnAfterACrash although the job says that it was interrupted.
func TestLastingWorkGoesOnAfterACrash(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		lasting := s.step("a", nil, nil)
		lasting.Lasting = true
		s.steps(lasting, s.step("b", nil, nil))
		made := s.start(func(made *model.Job) {
			made.Interrupted = true
			made.Next = 1
			for range 2 {
				made.Steps = append(made.Steps, model.Step{ID: model.NewID(), Parent: made.Steps[1].ID, Status: model.JobFinished})
			}
		})
		if ended := s.wait(made.ID); ended.Status != model.JobFinished {
			t.Errorf("the job is %s", ended.Status)
		}
		s.want("+b settled(false,false)")
	})
}

// TestInterruptedJobIsUndoneAfterACrash.
func TestInterruptedJobIsUndoneAfterACrash(t *testing.T) {
	inShop(t, func(_ *testing.T, s *shop) {
		s.steps(s.step("a", nil, nil))
		s.wait(s.start(func(made *model.Job) { made.Interrupted = true }).ID)
		s.want("-a settled(true,false)")
	})
}

func blocked(until func(context.Context) error) error {
	return &job.BlockedError{Cause: errBroken, Until: until}
}

func atOnce(context.Context) error { return nil }

// TestBlockedStepIsTriedAgain, with rests in between, even if each time it is said
// that there is nothing to wait for.
func TestBlockedStepIsTriedAgain(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		attempts := 0
		s.steps(s.step("a", func(_ context.Context, w *job.Work) error {
			if w.Attempt != attempts {
				t.Errorf("attempt %d is called %d", attempts, w.Attempt)
			}
			if attempts++; attempts < 30 {
				return blocked(atOnce)
			}
			return nil
		}, nil))
		began := time.Now()
		if ended := s.wait(s.start().ID); ended.Status != model.JobFinished {
			t.Errorf("the job is %s", ended.Status)
		}
		if took := time.Since(began); took < 20*time.Second || took > time.Minute {
			t.Errorf("30 attempts took %v", took)
		}
	})
}

func TestInterruptedWhileBlocked(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		s.steps(s.step("a", func(context.Context, *job.Work) error {
			return blocked(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		}, nil))
		made := s.start()
		synctest.Wait()
		s.runner.Interrupt(t.Context(), made.ID)
		s.wait(made.ID)
		s.want("+a -a settled(true,false)")
	})
}

// TestFencedWhileBlocked: an engine that has lost the right to write while it waited
// does nothing more, neither forwards nor back.
func TestFencedWhileBlocked(t *testing.T) {
	for _, undoing := range []bool{false, true} {
		inShop(t, func(t *testing.T, s *shop) {
			release := make(chan struct{})
			wait := func(context.Context, *job.Work) error {
				return blocked(func(context.Context) error { <-release; return nil })
			}
			said := "+a"
			s.steps(s.step("a", wait, nil))
			if undoing {
				s.steps(s.step("a", fails, wait))
				said = "+a -a"
			}
			made := s.start()
			synctest.Wait()
			_ = s.inv.Store().Close()
			close(release)
			if _, err := s.runner.Wait(t.Context(), made.ID); !fault.Is(err, fault.Unavailable) {
				t.Errorf("waiting gave %v", err)
			}
			s.want(said)
		})
	}
}

// TestWait: for a job that is about to be started, one that has ended, one that
// nobody knows, and one that an engine leaves behind as it stops.
func TestWait(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		s.steps(s.step("a", func(ctx context.Context, _ *job.Work) error { return rest(ctx, time.Second) }, nil))
		made := s.put()
		time.AfterFunc(time.Second, func() { s.runner.Start(made) })
		if ended := s.wait(made.ID); ended.Status != model.JobFinished {
			t.Errorf("the job is %s", ended.Status)
		}
		if ended := s.wait(made.ID); ended.Status != model.JobFinished {
			t.Errorf("later the job is %s", ended.Status)
		}
		if _, err := s.runner.Wait(t.Context(), model.NewID()); !fault.Is(err, fault.NotFound) {
			t.Errorf("an unknown job: %v", err)
		}
		bounded, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := s.runner.Wait(bounded, s.put().ID); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a job that is never started: %v", err)
		}
		left := s.start()
		synctest.Wait()
		time.AfterFunc(100*time.Millisecond, s.runner.Close)
		if _, err := s.runner.Wait(t.Context(), left.ID); !fault.Is(err, fault.Unavailable) {
			t.Errorf("a job left behind: %v", err)
		}
		if _, err := s.runner.Wait(t.Context(), left.ID); !fault.Is(err, fault.Unavailable) {
			t.Errorf("a job left behind, asked later: %v", err)
		}
	})
}

func rest(ctx context.Context, period time.Duration) error {
	select {
	case <-time.After(period):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// TestCloseLeavesJobsWhereTheyAre: a stop is no failure.
func TestCloseLeavesJobsWhereTheyAre(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		s.steps(s.step("a", nil, nil), s.step("b", func(ctx context.Context, _ *job.Work) error { return rest(ctx, time.Hour) }, nil))
		made := s.start()
		synctest.Wait()
		s.runner.Close()
		left, running := s.inv.Job(made.ID)
		if !running || left.Next != 1 || left.Undoing {
			t.Errorf("the job is %+v", left)
		}
		s.want("+a +b")
	})
}

type data struct{ Host string }

// TestMemory: params and data survive a crash.
func TestMemory(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		dead := make(chan struct{})
		s.steps(s.step("a", func(_ context.Context, w *job.Work) error { return w.Remember(&data{"h1"}) }, nil),
			s.step("b", func(_ context.Context, w *job.Work) error {
				var params, kept data
				if err := errors.Join(w.Params(&params), w.Data(&kept)); err != nil {
					return err
				}
				s.say("%s/%s", params.Host, kept.Host)
				return nil
			}, nil))
		s.died = func(point job.Point) bool {
			if point.Step != "b" {
				return false
			}
			_ = s.inv.Store().Close()
			close(dead)
			return true
		}
		made := s.start(func(made *model.Job) { made.Params = []byte(`{"Host":"h9"}`) })
		<-dead
		s.runner.Close()
		s.died = nil
		s.open()
		for _, unfinished := range s.inv.Jobs() {
			s.runner.Start(unfinished)
		}
		s.wait(made.ID)
		s.want("+a +b h9/h1 settled(false,false)")
	})
}
