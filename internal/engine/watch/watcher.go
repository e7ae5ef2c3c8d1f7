package watch

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"vireo/internal/engine"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/option"
)

// Options are what a Watcher is made of.
type Options struct {
	Engine *engine.Engine
	// Driver reaches the hosts.
	Driver host.Driver
	Log    *slog.Logger
	// Adopt says that the data was restored from a backup: guests of a later run
	// than the recorded one are taken over instead of left alone, until every host
	// that exists has been compared once.
	Adopt bool
	// Adopted is called in the transaction that ends that; may be nil.
	Adopted func(*inventory.Tx)
	// Stir calls stirred when storage may have come, gone or changed, until ctx ends;
	// roots gives the directories of the domains that are to be followed. Nil: storage
	// is looked at in intervals only.
	Stir func(ctx context.Context, roots func() []string, stirred func())
}

// Watcher implements engine.Machines.
type Watcher struct {
	Options
	inventory *inventory.Inventory
	values    *option.Values

	base   context.Context
	cancel context.CancelFunc
	wait   sync.WaitGroup

	mu       sync.Mutex
	machines map[model.ID]*machine
	emptying map[model.ID]bool     // hosts that go into maintenance
	outside  map[model.ID]model.ID // where guests were told of that are no VMs there; guarded by mu
	arrivals map[model.ID]bool     // hosts that have come or gone and are to be followed or let go
	leaving  map[model.ID]leaving  // by host; see empty
	changed  chan struct{}         // closed and replaced when a connection comes or goes

	asking   map[model.ID]*asker // VMs whose agent is asked; guarded by mu
	guarding map[model.ID]bool   // VMs that are frozen; guarded by mu

	seeking map[model.ID]bool      // VMs whose guest is sought again soon; guarded by mu
	mute    map[model.ID]time.Time // since when a host has not said whether it has a VM's guest; guarded by mu
	around  chan struct{}          // places for those whose guest is sought now

	begun time.Time         // when the engine was started
	swept map[model.ID]bool // storage domains; of checkStorage alone

	looks     *keyed
	returns   *keyed
	thaws     *keyed
	checks    *keyed // of storage domains
	resumes   *keyed
	surveys   *keyed // of storage domains, by host
	outsiders *keyed // guests that are nobody's here, by host
	empties   *keyed // of hosts that go into maintenance
	stirred   chan struct{}
	hosts     chan struct{}            // signalled when a host comes or goes
	pauses    map[model.ID]pausedAgain // guarded by mu

	pools        *pools
	restarts     *restarts
	fences       *fences
	descriptions *descriptions
	alarms       *alarms
	told         *told

	adoption *adoption
}

// machine is one host as the watcher sees it.
type machine struct {
	// seeing is held by whoever reads the host's networks: of two, the slower would write
	// what is not so any more.
	seeing sync.Mutex

	id     model.ID
	cancel context.CancelFunc
	// poked says that the record of the host has changed.
	poked chan struct{}

	mu   sync.Mutex
	conn host.Host // nil unless connected and compared
	lost time.Time // when the connection was lost; zero while connected
	// wish is what the connection depends on, as it is recorded.
	wish string
	// judged is the loss that was found to have lasted for too long.
	judged time.Time
	taken  time.Time // when the guests' figures were sampled last
	cpu    map[model.ID]host.Sample
	load   host.Load         // the latest sample of the host itself
	deaf   map[model.ID]bool // guests whose monitor did not answer the last sample
}

// New makes a watcher; Start begins to watch.
func New(options Options) *Watcher {
	w := &Watcher{
		Options: options, inventory: options.Engine.Inventory, values: options.Engine.Values,
		machines: make(map[model.ID]*machine), asking: make(map[model.ID]*asker),
		seeking: make(map[model.ID]bool), mute: make(map[model.ID]time.Time), around: make(chan struct{}, soughtAtOnce),
		guarding: make(map[model.ID]bool), emptying: make(map[model.ID]bool), arrivals: make(map[model.ID]bool), outside: make(map[model.ID]model.ID), leaving: make(map[model.ID]leaving), changed: make(chan struct{}),
		stirred: make(chan struct{}, 1), hosts: make(chan struct{}, 1), pauses: make(map[model.ID]pausedAgain),
		begun: time.Now(), swept: make(map[model.ID]bool),
	}
	w.base, w.cancel = context.WithCancel(context.Background())
	w.looks = newKeyed(w.base, &w.wait, w.lookNow)
	w.returns = newKeyed(w.base, &w.wait, w.seekReturn)
	w.thaws = newKeyed(w.base, &w.wait, w.seekThaw)
	w.checks = newKeyed(w.base, &w.wait, w.checkNow)
	w.resumes = newKeyed(w.base, &w.wait, w.resumeNow)
	w.surveys = newKeyed(w.base, &w.wait, w.Engine.SeeAll)
	w.pools = &pools{looks: newKeyed(w.base, &w.wait, w.keepPool), pause: make(map[model.ID]poolPause)}
	w.empties = newKeyed(w.base, &w.wait, w.empty)
	w.outsiders = newKeyed(w.base, &w.wait, w.lookForeign)
	w.alarms = newAlarms(w.inventory, w.values, w.expired)
	w.told = newTold()
	w.restarts = newRestarts()
	w.fences = newFences()
	w.descriptions = newDescriptions()
	w.adoption = newAdoption(options.Adopt, options.Adopted)
	return w
}

// Start watches all hosts that exist and those that come.
func (w *Watcher) Start() {
	w.inventory.Follow(func(ref model.Ref, _ model.Object) { w.alarms.follow(ref) })
	w.inventory.Follow(func(ref model.Ref, object model.Object) {
		if object == nil {
			w.told.forget(ref.ID)
		}
	})
	w.inventory.Follow(func(_ model.Ref, object model.Object) {
		if vm, ok := object.(*model.VM); ok {
			w.guard(vm)
		}
	})
	w.inventory.Follow(func(_ model.Ref, object model.Object) {
		if domain, ok := object.(*model.StorageDomain); ok && domain.Status == model.StorageDomainActive {
			w.checks.ask(domain.ID)
			for _, on := range w.inventory.Hosts.All() {
				w.surveys.ask(on.ID)
			}
		}
	})
	w.inventory.Follow(w.restarts.follow)
	w.inventory.Follow(func(_ model.Ref, object model.Object) {
		if on, ok := object.(*model.Host); ok {
			w.guardHost(on)
		}
	})
	w.inventory.Follow(func(ref model.Ref, _ model.Object) {
		switch ref.Kind {
		case model.KindHost:
			w.hostChanged(ref.ID)
		case model.KindVM:
			w.vmChanged()
		}
	})
	for _, vm := range w.inventory.VMs.All() {
		w.alarms.follow(vm.Ref())
		w.guard(vm)
		w.restarts.follow(vm.Ref(), vm)
		if on, known := w.inventory.Hosts.Get(vm.Run.Host); known && engine.Ended(on) {
			w.looks.ask(vm.ID) // its job may have ended when nobody was there to close its run
		}
	}
	for _, on := range w.inventory.Hosts.All() {
		w.restarts.follow(on.Ref(), on)
		w.guardHost(on)
	}
	w.inventory.Follow(w.followDescriptions)
	w.inventory.Follow(w.followPools)
	w.remount()
	w.wait.Go(w.keepDescriptions)
	if w.Stir != nil {
		w.wait.Go(func() { w.Stir(w.base, w.localDirectories, w.stir) })
	}
	w.wait.Go(w.followHosts)
	w.wait.Go(w.sampleAll)
	w.wait.Go(w.keepRestarts)
	w.wait.Go(w.keepLeases)
	w.wait.Go(w.checkStorage)
}

// Close ends all connections and waits; guests run on.
func (w *Watcher) Close() {
	w.cancel()
	w.alarms.close()
	w.askNobody()
	w.wait.Wait()
}

func (w *Watcher) machine(id model.ID) *machine {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.machines[id]
}

// Connected gives the live connection to a host.
func (w *Watcher) Connected(id model.ID) (host.Host, error) {
	if watched := w.machine(id); watched != nil {
		if conn := watched.connection(); conn != nil {
			return conn, nil
		}
	}
	return nil, host.ErrUnreachable
}

func (m *machine) connection() host.Host {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.conn
}

// Await returns when the host is connected, or the context's error.
func (w *Watcher) Await(ctx context.Context, id model.ID) error {
	for {
		w.mu.Lock()
		changed := w.changed
		w.mu.Unlock()
		if _, err := w.Connected(id); err == nil {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// AwaitEnd returns when the host is connected, when what ran there is known to have
// ended, or the context's error.
func (w *Watcher) AwaitEnd(ctx context.Context, id model.ID) error {
	return w.awaitUntil(ctx, id, engine.Ended)
}

// AwaitVerdict returns when the host is connected, when it has been out of reach for
// so long that it is non_responsive, or the context's error.
func (w *Watcher) AwaitVerdict(ctx context.Context, id model.ID) error {
	return w.awaitUntil(ctx, id, func(on *model.Host) bool { return !on.Reachable() })
}

// awaitUntil waits until a host is connected or removed, or its record is as wanted.
func (w *Watcher) awaitUntil(ctx context.Context, id model.ID, wanted func(*model.Host) bool) error {
	for {
		w.mu.Lock()
		connections := w.changed
		w.mu.Unlock()
		records := w.inventory.Changed()
		_, err := w.Connected(id)
		if on, exists := w.inventory.Hosts.Get(id); err == nil || !exists || wanted(on) {
			return nil
		}
		select {
		case <-connections:
		case <-records:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (w *Watcher) announce() {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.changed)
	w.changed = make(chan struct{})
	w.lookAtPools()
}

// Look asks for a VM's guest to be looked at soon; asking often is one look.
func (w *Watcher) Look(vm model.ID) { w.looks.ask(vm) }
