package enginetest

import (
	"context"
	"log/slog"
	"maps"
	"sync/atomic"
	"testing"
	"time"

	"vireo/internal/host/fake"
	"vireo/internal/image/files"
	"vireo/internal/job"
	"vireo/internal/server"
)

// Address is the fake machine that is the host "local".
const Address = "fake://local"

// Patience is how long anything on a bench may take.
const Patience = 20 * time.Second

// Bench is an engine to be tried.
type Bench struct {
	*testing.T
	// World outlives the engine.
	World *fake.World
	// Images are the real ones, with faults on request.
	Images *Images
	// Server is the engine as it is now: Restart replaces it.
	Server *server.Server

	config server.Config
	now    atomic.Pointer[server.Server]
	died   atomic.Pointer[func(job.Point) bool]
}

// quick are the engine options of a bench: what waits, waits shortly.
var quick = map[string]string{
	"HostCallTimeout": "10s", "VdsTimeout": "10s", "InterruptTimeout": "10s", "SyncActionTimeout": "20s",
	"GuestAgentStartupTimeout": "5s",
}

// New starts a fresh engine on a fake host that is up. overrides are values of
// engine options; nil is none.
func New(t *testing.T, overrides map[string]string) *Bench {
	t.Helper()
	return newBench(t, overrides, "")
}

// newBench is New with a database of one's own; "" is SQLite.
func newBench(t *testing.T, overrides map[string]string, database string) *Bench {
	t.Helper()
	real, err := files.New(files.Options{})
	if err != nil {
		t.Fatal(err)
	}
	options := maps.Clone(quick)
	maps.Copy(options, overrides)
	b := &Bench{T: t, World: fake.New(fake.Options{
		AgentDelay: 2 * time.Millisecond, ShutdownDelay: 2 * time.Millisecond,
		ReapDelay: time.Millisecond, SaveDelay: time.Millisecond,
	}), Images: &Images{Images: real}}
	b.World.AddMachine(fake.MachineSpec{Address: Address})
	b.config = server.Config{
		DataDir: t.TempDir(), Database: database, LocalHost: Address, AdminPassword: "a password for tests",
		Overrides: options, Images: b.Images, Leases: b.World.Leases(), Log: slog.New(slog.DiscardHandler), Died: b.dies,
	}
	b.open()
	t.Cleanup(b.close)
	b.Await("the host is up", func() bool {
		for _, known := range b.Server.Inventory.Hosts.All() {
			if _, err := b.Server.Watcher.Connected(known.ID); err == nil {
				return true
			}
		}
		return false
	})
	return b
}

func (b *Bench) open() {
	b.Helper()
	b.config.Driver = b.World.Driver()
	opened, err := server.Open(b.Context(), b.config)
	if err != nil {
		b.Fatal(err)
	}
	b.Server = opened
	b.now.Store(opened)
}

// Restart kills the engine as a crash would and starts another on what it left.
func (b *Bench) Restart() {
	b.Helper()
	b.Server.Kill()
	b.died.Store(nil)
	b.open()
}

// Now is the engine as it is now, for those who look beside the test.
func (b *Bench) Now() *server.Server { return b.now.Load() }

func (b *Bench) close() {
	b.Images.Clear()
	b.World.ClearRules()
	if !b.Failed() {
		b.leftovers()
	}
	if err := b.Server.Close(); err != nil {
		b.Error(err)
	}
	b.World.Close()
}

func (b *Bench) dies(point job.Point) bool {
	asked := b.died.Load()
	return asked != nil && (*asked)(point)
}

// Await returns when the condition holds, which is looked at after each change
// of the inventory and now and then. The test fails after Patience.
func (b *Bench) Await(what string, holds func() bool) {
	b.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for {
		changed := b.Server.Inventory.Changed()
		if holds() {
			return
		}
		select {
		case <-changed:
		case <-again.C: // some conditions are not in the inventory
		case <-ctx.Done():
			b.Fatalf("it did not come about in %v that %s", Patience, what)
		}
	}
}
