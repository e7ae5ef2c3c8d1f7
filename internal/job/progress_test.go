package job_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"vireo/internal/job"
	"vireo/internal/model"
)

// What a step tells of its progress is shown with the job, not more than once a
// second; a step that has told nothing shows nothing, and one that is done is done.
func TestProgress(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		var seen []int
		tell := func(w *job.Work, done, total int64) {
			w.Progress(done, total)
			seen = append(seen, shown(t, s, w.Job.ID))
		}
		s.steps(
			s.step("quiet", nil, nil),
			s.step("copy", func(_ context.Context, w *job.Work) error {
				for _, each := range []struct{ done, total int64 }{
					{0, 1 << 62}, {1 << 60, 1 << 62}, {1 << 61, 1 << 62}, {9, 10}, {-5, 10}, {50, 10}, {5, 0},
				} {
					tell(w, each.done, each.total)
					if each.done != 1<<60 {
						time.Sleep(time.Second)
					}
				}
				tell(w, 80, 100)
				return nil
			}, nil),
			s.step("other", func(_ context.Context, w *job.Work) error {
				time.Sleep(time.Second)
				tell(w, 80, 100)
				return errBroken
			}, nil),
		)
		done := s.wait(s.start().ID)
		// The third one comes too early.
		if want := []int{0, 25, 25, 90, 0, 100, 100, 80, 80}; !slices.Equal(seen, want) {
			t.Errorf("what was shown: %v, want %v", seen, want)
		}
		var last []int
		for _, step := range done.Steps {
			if step.Parent != "" {
				last = append(last, progressOf(step))
			}
		}
		if want := []int{-1, 100, 80}; !slices.Equal(last, want) {
			t.Errorf("at the end the steps show %v, want %v", last, want)
		}
	})
}

// shown is the progress of the job's last step; -1 is none.
func shown(t *testing.T, s *shop, id model.ID) int {
	t.Helper()
	made, ok := s.inv.Job(id)
	if !ok || len(made.Steps) == 0 {
		t.Fatal("the job or its step is not there")
	}
	return progressOf(made.Steps[len(made.Steps)-1])
}

func progressOf(step model.Step) int {
	if step.Progress == nil {
		return -1
	}
	return *step.Progress
}
