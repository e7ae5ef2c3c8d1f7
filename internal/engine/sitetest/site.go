package sitetest

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"vireo/internal/engine"
	"vireo/internal/engine/guests"
	"vireo/internal/engine/watch"
	"vireo/internal/host/fake"
	"vireo/internal/image/files"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
	"vireo/internal/option"
	"vireo/internal/store"
	"vireo/internal/store/sqlstore"
	"vireo/internal/vault"
)

// Options are what a Site is made of. The zero value is one host and the
// default values of all engine options.
type Options struct {
	// World are the habits of the hosts and of their guests.
	World fake.Options
	// Hosts are the machines; none is one, at Host(1).
	Hosts []fake.MachineSpec
	// Overrides are values of engine options.
	Overrides map[string]string
	// Dir is a data directory to go on from; empty is a new one with fresh data.
	Dir string
	// In is the world of another site to live in; nil makes a new one.
	In *fake.World
	// Restored says that the data came from a backup.
	Restored bool
}

// Site is a data directory, a world of hosts, and the engine at work on them.
type Site struct {
	Dir   string
	World *fake.World
	// Images are the storage domains, with orders to go wrong.
	Images    *Images
	Overrides map[string]string
	Restored  bool
	// Fences cut the machines of the world off.
	Fences *Fences

	// What follows belongs to the engine that runs now.
	Store     store.Store
	Inventory *inventory.Inventory
	Engine    *engine.Engine
	Watcher   *watch.Watcher
	Guests    *guests.Room
	Values    *option.Values
	// Vault seals what the tests give to guests.
	Vault *vault.Vault

	t    testing.TB
	log  *logs
	runs bool
	died atomic.Pointer[func(job.Point) bool]
}

// New makes a site and starts its engine; all ends with the test. Call it
// inside of the bubble when the time is to be virtual.
func New(t testing.TB, options Options) *Site {
	t.Helper()
	dir := options.Dir
	if dir == "" {
		dir = quickDir(t) // before the rest: it is removed last
	}
	kept, err := files.New(files.Options{Private: filepath.Join(dir, "private")})
	if err != nil {
		t.Fatal(err)
	}
	s := &Site{
		t: t, Dir: dir, World: options.In, Images: &Images{Images: kept},
		Overrides: options.Overrides, Restored: options.Restored, log: &logs{},
	}
	t.Cleanup(func() {
		if s.runs {
			s.Stop()
		}
		if options.In == nil {
			s.World.Close()
		}
		if t.Failed() {
			t.Log(s.log.tail())
		}
	})
	if s.World == nil {
		s.World = fake.New(options.World)
		if len(options.Hosts) == 0 {
			options.Hosts = []fake.MachineSpec{{Address: Host(1)}}
		}
		for _, machine := range options.Hosts {
			s.World.AddMachine(machine)
		}
	}
	s.Fences = newFences(s.World)
	if options.Dir == "" {
		s.seed(options.Hosts)
	}
	s.Start()
	return s
}

// Start starts an engine on what the one before has left.
func (s *Site) Start() {
	s.t.Helper()
	if err := s.TryStart(); err != nil {
		s.t.Fatal(err)
	}
}

// TryStart is Start for engines that may be refused.
func (s *Site) TryStart() error {
	sealing, err := vault.Open(filepath.Join(s.Dir, "secrets.key"))
	if err != nil {
		return err
	}
	s.Vault = sealing
	opened, err := sqlstore.Open(context.Background(), "", sqlstore.Options{
		DefaultPath: filepath.Join(s.Dir, "vireo.db"), Log: s.logger(),
	})
	if err != nil {
		return err
	}
	inv, err := inventory.Open(context.Background(), opened)
	if err != nil {
		return errors.Join(err, opened.Close())
	}
	s.Store, s.Inventory, s.Values = opened, inv, option.From(inv, s.Overrides)
	s.Engine = engine.New(engine.Options{
		Inventory: inv, Images: s.Images, Values: s.Values,
		ID: engineID(inv), Log: s.logger(), Died: s.dies, Vault: s.Vault, Archives: s.Dir,
		Fences: s.Fences, Leases: s.World.Leases(),
	})
	Install(s.Engine)
	inv.Follow(s.client(s.Engine))
	s.Watcher = watch.New(watch.Options{Engine: s.Engine, Driver: s.World.Driver(), Log: s.logger(), Adopt: s.Restored})
	s.Engine.Machines = s.Watcher
	s.Guests = guests.New(s.Engine)
	s.Watcher.Start()
	s.Guests.Start()
	s.Engine.Resume()
	s.runs = true
	return nil
}

// TryOpen is what a second engine on the same data meets; it is not started.
func (s *Site) TryOpen() error {
	opened, err := sqlstore.Open(context.Background(), "", sqlstore.Options{
		DefaultPath: filepath.Join(s.Dir, "vireo.db"), Log: s.logger(),
	})
	if err != nil {
		return err
	}
	return opened.Close()
}

// Stop ends the engine in good order; guests run on.
func (s *Site) Stop() {
	s.t.Helper()
	s.Engine.Close()
	s.Guests.Close()
	s.Watcher.Close()
	s.runs = false
	if err := s.Store.Close(); err != nil {
		s.t.Errorf("closing the store: %v", err)
	}
}

// Kill ends the engine as a crash would: nothing is written any more.
func (s *Site) Kill() {
	_ = s.Store.Close()
	s.Engine.Close()
	s.Guests.Close()
	s.Watcher.Close()
	s.runs = false
}

// AtPoints has every point of every job shown to see, which may wait, or let the
// engine die there by returning true; nil ends that. It holds for later engines
// too.
func (s *Site) AtPoints(see func(job.Point) bool) {
	if see == nil {
		s.died.Store(nil)
		return
	}
	s.died.Store(&see)
}

// DieAt lets the engine die at the first point that fits; the channel is closed
// then. Call Kill and Start afterwards.
func (s *Site) DieAt(fits func(job.Point) bool) <-chan struct{} {
	dead := make(chan struct{})
	var once sync.Once
	s.AtPoints(func(point job.Point) bool {
		select {
		case <-dead:
			return true
		default:
		}
		if !fits(point) {
			return false
		}
		once.Do(func() {
			_ = s.Store.Close()
			close(dead)
		})
		return true
	})
	return dead
}

func (s *Site) dies(point job.Point) bool {
	if see := s.died.Load(); see != nil {
		return (*see)(point)
	}
	return false
}

func engineID(inv *inventory.Inventory) model.ID {
	for _, kept := range inv.Options.Named(engineOption) {
		return model.ID(kept.Value)
	}
	return ""
}

// logs keeps what the engine logs, for tests that fail.
type logs struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *Site) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func (l *logs) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

// tail is the end of what was logged.
func (l *logs) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := l.text.Bytes()
	return string(text[max(0, len(text)-20_000):])
}
