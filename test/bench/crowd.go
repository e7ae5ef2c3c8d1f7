package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"vireo/internal/host"
	"vireo/internal/host/fake"
	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/server"
)

// eventRate is how many events of guests there are in a second, from steadyGuests of
// them; the others have theirs all at once.
const (
	eventRate    = 50
	steadyGuests = 1500
)

// crowd is an engine with a thousand hosts, in this process, and when each VM's event
// happened and was seen.
type crowd struct {
	world  *fake.World
	engine *server.Server
	vms    []*model.VM

	mu       sync.Mutex
	expected int
	happened map[model.ID]time.Time
	lags     times
	seen     chan struct{} // closed when all have been seen
}

// measureCrowd lets each of 10,000 guests on 1,000 hosts be paused by somebody else:
// some at a steady rate, then the others all at once.
func measureCrowd(ctx context.Context, s *settings, out *report) (err error) {
	c := &crowd{world: fake.New(fake.Options{KeepCalls: 1})}
	defer c.world.Close()
	config := server.Config{
		DataDir: filepath.Join(s.folder, "crowd"), LocalHost: "none", AdminPassword: password,
		Driver: c.world.Driver(), Log: slog.New(slog.DiscardHandler),
	}
	if err := c.fill(ctx, config); err != nil {
		return err
	}
	before := ownResident()
	began := time.Now()
	if c.engine, err = server.Open(ctx, config); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.engine.Close()) }()
	if err := c.settled(ctx); err != nil {
		return err
	}
	compared := time.Since(began)
	c.engine.Inventory.Follow(c.follow)
	if err := c.quiet(ctx); err != nil {
		return err
	}
	atRest := ownResident() - before
	steady, _, err := c.pause(ctx, 0, steadyGuests, time.Second/eventRate)
	if err != nil {
		return err
	}
	burst, whole, err := c.pause(ctx, steadyGuests, simulatedGuests, 0)
	if err != nil {
		return err
	}
	t := table{
		title: fmt.Sprintf("%d hosts, %d VMs, each with events", simulatedHosts, simulatedGuests),
		about: fmt.Sprintf("Fake hosts in the process of the engine, with all VMs described in the storage domain. From the moment something happens to a guest behind the engine's back until the engine has looked, has written it, and shows it to whoever asks: "+
			"%d a second for a while, and then one of each of %d VMs at the same moment. The whole is from the first event to the last that is seen; "+
			"of the connections, from the start of the engine until all VMs have been compared. Memory is what the engine adds to that of the fake hosts.",
			eventRate, simulatedGuests-steadyGuests),
		heads: []string{"p50", "p99", "longest", "the whole"},
	}
	t.row("event to visible, steady", "", false, steady.middle(), milliseconds(steady.at(99)), milliseconds(steady.at(100)), "")
	t.row("event to visible, all at once", "", false, burst.middle(), milliseconds(burst.at(99)), milliseconds(burst.at(100)), milliseconds(whole))
	t.row("connecting to all hosts and comparing all VMs", "", false, "", "", "", milliseconds(compared))
	t.row("memory (RSS) at rest, and after all this", "", false, "", "", "", bytesShown(atRest)+", "+bytesShown(ownResident()-before))
	out.add(t)
	return nil
}

// fill makes the data directory, and the guests on their machines.
func (c *crowd) fill(ctx context.Context, config server.Config) error {
	filled, err := server.Open(ctx, config)
	if err != nil {
		return err
	}
	engineID := filled.Engine.ID
	blank, _ := filled.Inventory.Templates.Get(model.BlankID)
	for i := range simulatedGuests {
		vm := machine(blank, i)
		vm.Run = model.Run{
			Status: model.StatusUp, Since: vm.CreationTime, StartTime: vm.CreationTime, Epoch: 1 << 20,
			Host: simulatedID(i % simulatedHosts), BootID: "up", Memory: vm.Memory, Topology: vm.CPU.Topology,
		}
		c.vms = append(c.vms, vm)
	}
	err = filled.Inventory.Update(ctx, func(tx *inventory.Tx) error {
		for i := range simulatedHosts {
			on := simulated(i)
			c.world.AddMachine(fake.MachineSpec{Address: on.Address, BootID: on.BootID, Facts: &on.Facts})
			tx.Hosts.Put(on)
		}
		for _, vm := range c.vms {
			tx.VMs.Put(vm)
		}
		return nil
	})
	if err := errors.Join(err, filled.Close()); err != nil {
		return err
	}
	for i, vm := range c.vms {
		c.world.Machine(simulated(i%simulatedHosts).Address).AddGuest(&host.GuestSpec{
			ID: vm.ID, Name: vm.Name, Engine: engineID, Epoch: vm.Run.Epoch, Memory: vm.Memory, Topology: vm.CPU.Topology,
		}, true)
	}
	return nil
}

// settled returns when all hosts are connected and all VMs up.
func (c *crowd) settled(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(ctx, 5*patience)
	defer cancel()
	for {
		changed := c.engine.Inventory.Changed()
		hosts, vms := 0, 0
		for _, on := range c.engine.Inventory.Hosts.All() {
			if _, err := c.engine.Watcher.Connected(on.ID); err == nil {
				hosts++
			}
		}
		for _, vm := range c.engine.Inventory.VMs.All() {
			if vm.Run.Status == model.StatusUp {
				vms++
			}
		}
		if hosts == simulatedHosts && vms == simulatedGuests {
			return nil
		}
		select {
		case <-changed:
		case <-time.After(50 * time.Millisecond): // connections are not in the inventory
		case <-bounded.Done():
			return fmt.Errorf("of the crowd %d hosts are connected and %d VMs up: %w", hosts, vms, bounded.Err())
		}
	}
}

// described returns when all VMs are described in the storage domain: a fleet that was not
// added through the API has that done once, which syncs a disk 30,000 times.
func (c *crowd) described(ctx context.Context) error {
	for {
		found := 0
		for _, domain := range c.engine.Inventory.StorageDomains.All() {
			if domain.Type != model.StorageDomainData {
				continue
			}
			lie, err := c.engine.Engine.Images.ListOVFs(ctx, domain)
			if err != nil {
				return err
			}
			found += len(lie)
		}
		if found >= simulatedGuests {
			return nil
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("%d VMs are described: %w", found, ctx.Err())
		}
	}
}

// quiet returns when what the engine does after its start is done, as far as that can
// be seen: all VMs are described, and the event of one guest is seen at once, several times.
func (c *crowd) quiet(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(ctx, 5*patience)
	defer cancel()
	if err := c.described(bounded); err != nil {
		return err
	}
	for often := 0; often < 5; {
		lags, _, err := c.pause(bounded, 0, 1, 0)
		if err != nil {
			return err
		}
		if often++; lags.at(100) > 200*time.Millisecond {
			often = 0
		}
		c.world.Machine(simulated(0).Address).ResumeGuest(c.vms[0].Name)
		for {
			changed := c.engine.Inventory.Changed()
			if vm, _ := c.engine.Inventory.VMs.Get(c.vms[0].ID); vm.Run.Status == model.StatusUp {
				break
			}
			select {
			case <-changed:
			case <-bounded.Done():
				return fmt.Errorf("the engine does not come to rest: %w", bounded.Err())
			}
		}
	}
	return nil
}

// pause pauses some of the guests, so far apart, and gives how long it took until
// each was shown as paused, and until all were.
func (c *crowd) pause(ctx context.Context, from, to int, apart time.Duration) (times, time.Duration, error) {
	c.mu.Lock()
	c.expected, c.happened, c.lags, c.seen = to-from, make(map[model.ID]time.Time), nil, make(chan struct{})
	c.mu.Unlock()
	began := time.Now()
	for i := from; i < to; i++ {
		if wait := time.Until(began.Add(time.Duration(i-from) * apart)); wait > 0 {
			select {
			case <-time.After(wait):
			case <-ctx.Done():
				return nil, 0, ctx.Err()
			}
		}
		on := c.world.Machine(simulated(i % simulatedHosts).Address)
		c.mu.Lock()
		c.happened[c.vms[i].ID] = time.Now()
		c.mu.Unlock()
		on.PauseGuest(c.vms[i].Name)
	}
	bounded, cancel := context.WithTimeout(ctx, 5*patience)
	defer cancel()
	select {
	case <-c.seen:
	case <-bounded.Done():
		return nil, 0, fmt.Errorf("not all events were seen: %w", bounded.Err())
	}
	return c.lags, time.Since(began), nil
}

// follow takes the time when a VM is shown as paused.
func (c *crowd) follow(ref model.Ref, object model.Object) {
	vm, ok := object.(*model.VM)
	if !ok {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	at, waits := c.happened[ref.ID]
	if !waits || vm.Run.Status != model.StatusPaused {
		return
	}
	delete(c.happened, ref.ID)
	if c.lags = append(c.lags, time.Since(at)); len(c.lags) == c.expected {
		close(c.seen)
	}
}

// ownResident is the memory of this process in bytes, what is not needed given back.
func ownResident() int64 {
	debug.FreeOSMemory()
	kilobytes, _ := strconv.ParseInt(strings.TrimSuffix(field("/proc/self/status", "VmRSS"), " kB"), 10, 64)
	return kilobytes << 10
}
