package libvirt

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"

	"vireo/internal/host"
	"vireo/internal/model"
)

// TestHungGuestHidesNobody stops a QEMU in its tracks: it is reported as hung,
// the others are sampled, calls to it end by their deadline, and it can be
// destroyed.
func TestHungGuestHidesNobody(t *testing.T) {
	h := connect(t)
	hung, well := plainSpec(t, h), plainSpec(t, h)
	boot(t, h, hung)
	boot(t, h, well)
	pid := qemuPID(t, hung.ID)
	must(t, syscall.Kill(pid, syscall.SIGSTOP))
	t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGCONT) })

	ctx := testContext(t)
	for {
		samples := samplesByID(t, h)
		if sample, ok := samples[well.ID]; !ok || sample.Hung || sample.CPUTime == 0 || sample.MemoryInstalled <= 0 {
			t.Fatalf("the guest that is well: %+v, %v", sample, ok)
		}
		sample, ok := samples[hung.ID]
		if !ok {
			t.Fatal("the hung guest is missing")
		}
		if sample.Hung && sample.Since >= hungAfter {
			break
		}
		if ctx.Err() != nil {
			t.Fatalf("the hung guest is not reported: %+v", sample)
		}
	}

	// More calls than the daemon serves at once on one connection.
	short, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	ended := make(chan error)
	for range 10 {
		go func() { ended <- h.Pause(short, hung.ID) }()
	}
	if guest := look(t, h, hung.ID); guest.State != host.Running {
		t.Errorf("the hung guest is %+v", guest)
	}
	must(t, h.Pause(ctx, well.ID))
	for range 10 {
		if err := <-ended; !errors.Is(err, host.ErrUnreachable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a call to the hung guest ended with %v", err)
		}
	}
	must(t, h.Destroy(testContext(t), hung.ID))
	if guest := look(t, h, hung.ID); guest.State != host.Off {
		t.Errorf("destroyed it is %+v", guest)
	}
	must(t, h.Alive(testContext(t)))
}

func samplesByID(t *testing.T, h host.Host) map[model.ID]host.Sample {
	t.Helper()
	samples, err := h.Stats(testContext(t))
	must(t, err)
	byID := map[model.ID]host.Sample{}
	for _, sample := range samples {
		byID[sample.Guest] = sample
	}
	return byID
}

// TestSilentDaemon freezes the line to the daemon: every call ends by its
// deadline and says that the host does not answer, and after a while the
// connection counts as lost.
func TestSilentDaemon(t *testing.T) {
	line := newProxy(t, systemSockets...)
	driver := testDriver(t)
	driver.PingInterval, driver.PingLimit = 200*time.Millisecond, 3*time.Second
	h, err := driver.Connect(testContext(t), testAddress+"?socket="+line.path)
	must(t, err)
	t.Cleanup(func() { h.Close() })
	events, err := h.Watch(testContext(t))
	must(t, err)
	must(t, h.Alive(testContext(t)))
	line.freeze()
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if err := h.Alive(ctx); !errors.Is(err, host.ErrUnreachable) {
		t.Errorf("a silent daemon is %v", err)
	}
	if _, err := h.Guests(ctx); !errors.Is(err, host.ErrUnreachable) {
		t.Errorf("a silent daemon lists %v", err)
	}
	select {
	case <-h.Done():
	case <-testContext(t).Done():
		t.Fatal("the connection does not count as lost")
	}
	for range events {
	}
	if err := h.Alive(testContext(t)); !errors.Is(err, host.ErrUnreachable) || testContext(t).Err() != nil {
		t.Errorf("a lost connection gives %v", err)
	}
	// Nor can a new one be made.
	ctx, cancel = context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if _, err := driver.Connect(ctx, testAddress+"?socket="+line.path); !errors.Is(err, host.ErrUnreachable) {
		t.Errorf("connecting to a silent daemon gives %v", err)
	}
	line.thaw()
	again, err := driver.Connect(testContext(t), testAddress+"?socket="+line.path)
	must(t, err)
	must(t, again.Close())
}
