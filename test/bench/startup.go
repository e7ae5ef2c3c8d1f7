package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

// starts is how often each start is repeated; the median counts.
const starts = 5

// measureStartup measures how long an engine takes until it listens, and the
// memory it then takes while nothing is asked of it.
func measureStartup(ctx context.Context, s *settings, out *report) error {
	t := table{
		title: "Start and rest",
		about: "From the start of the process until the port is open, the median of a few. The first start also makes the certificates, " +
			"the storage domains and the password's hash. Memory is the resident set 3 s later, before and after a first login, " +
			"which hashes a password in 19 MiB.",
		heads: []string{"listening", "memory (RSS)", "after a login"},
	}
	const quick, slow, small = 500 * time.Millisecond, 1500 * time.Millisecond, 60_000_000
	var took times
	dataDir := ""
	for i := range starts {
		dataDir = filepath.Join(s.folder, fmt.Sprintf("fresh-%d", i))
		one, err := startOnce(ctx, s, dataDir)
		if err != nil {
			return err
		}
		took = append(took, one.listening)
	}
	t.row("first start, libvirt", "< 0.5 s", took.at(50) < quick, took.middle())
	again, err := startOften(ctx, s, dataDir)
	if err != nil {
		return err
	}
	t.row("empty store, libvirt", "< 0.5 s, < 60 MB", again.listening < quick && max(again.idle, again.later) < small,
		milliseconds(again.listening), bytesShown(again.idle), bytesShown(again.later))
	for _, count := range s.sizes {
		dataDir, err := fill(ctx, s, "startup", count)
		if err != nil {
			return err
		}
		filled, err := startOften(ctx, s, dataDir, "--driver", "fake")
		if err != nil {
			return err
		}
		t.row(fmt.Sprintf("%d VMs, fake host", count), "< 1.5 s", filled.listening < slow,
			milliseconds(filled.listening), bytesShown(filled.idle), bytesShown(filled.later))
	}
	out.add(t)
	return nil
}

// started is what one start showed.
type started struct {
	listening   time.Duration
	idle, later int64
}

// startOften gives the median time, and the memory of the last start.
func startOften(ctx context.Context, s *settings, dataDir string, arguments ...string) (started, error) {
	var took times
	var last started
	for range starts {
		one, err := startOnce(ctx, s, dataDir, arguments...)
		if err != nil {
			return one, err
		}
		took, last = append(took, one.listening), one
	}
	last.listening = took.at(50)
	return last, nil
}

func startOnce(ctx context.Context, s *settings, dataDir string, arguments ...string) (one started, err error) {
	e, err := startEngine(ctx, s, dataDir, nil, arguments...)
	if err != nil {
		return one, err
	}
	defer func() { err = errors.Join(err, e.stop()) }()
	if err := rest(ctx); err != nil {
		return one, err
	}
	one.listening, one.idle = e.listening, e.resident()
	if err := e.waitFor(ctx, "/api/hosts", "<state>up</state>"); err != nil {
		return one, err
	}
	if err := rest(ctx); err != nil {
		return one, err
	}
	one.later = e.resident()
	return one, nil
}

// rest lets the engine settle: memory is to be that of an idle one.
func rest(ctx context.Context) error {
	select {
	case <-time.After(3 * time.Second):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
