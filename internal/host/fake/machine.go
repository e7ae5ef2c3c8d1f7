package fake

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"vireo/internal/host"
	"vireo/internal/model"
)

// MachineSpec says what machine to add. Empty fields have defaults: 64 GiB, 8
// cores, a boot id of its own, facts that fit these.
type MachineSpec struct {
	// Address is what Connect is given, as "fake://local".
	Address string
	BootID  string
	// Memory is in bytes.
	Memory int64
	Cores  int
	// Facts replaces the made-up facts as a whole when not nil.
	Facts *model.HostFacts
}

// Machine is one host of the world.
type Machine struct {
	world   *World
	address string
	bootID  string
	facts   model.HostFacts
	// started is when it was switched on.
	started time.Time

	guests map[model.ID]*guest
	names  map[string]model.ID
	// seeds are images by guest and name; a guest need not be known to have some.
	seeds       map[model.ID]map[string][]byte
	connections map[*connection]bool
	ports       map[int]bool
	nextPort    int
	// used is the memory of all guests that have a QEMU, in bytes.
	used int64

	// down refuses connections at once, crashed until the machine is started; mute, while not nil, is a silent
	// machine, and is closed when it speaks again.
	down    bool
	crashed bool
	// barred is cut off from the storage.
	barred bool
	mute   chan struct{}
	// blind are directories that the machine does not have; mounts those that it was
	// told to mount.
	blind, mounts []string
	keeper        manager
	// lost are the kinds of event that are never told.
	lost map[host.EventKind]bool
}

// AddMachine puts a machine into the world; one at the same address is an error
// of the test and panics.
func (w *World) AddMachine(spec MachineSpec) *Machine {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.addMachine(spec)
}

func (w *World) addMachine(spec MachineSpec) *Machine {
	if w.machines[spec.Address] != nil {
		panic(fmt.Sprintf("the fake world has a machine %q already", spec.Address))
	}
	if spec.Memory == 0 {
		spec.Memory = 64 << 30
	}
	if spec.Cores == 0 {
		spec.Cores = 8
	}
	if spec.BootID == "" {
		spec.BootID = string(model.NewID())
	}
	facts := defaultFacts(spec)
	if spec.Facts != nil {
		facts = *model.Clone(spec.Facts)
	}
	m := &Machine{
		world:       w,
		address:     spec.Address,
		bootID:      spec.BootID,
		facts:       facts,
		started:     time.Now(),
		guests:      map[model.ID]*guest{},
		names:       map[string]model.ID{},
		seeds:       map[model.ID]map[string][]byte{},
		connections: map[*connection]bool{},
		ports:       map[int]bool{},
	}
	w.machines[spec.Address] = m
	m.keeper.number = uint64(len(w.machines))
	m.join()
	return m
}

func defaultFacts(spec MachineSpec) model.HostFacts {
	return model.HostFacts{
		Hostname:           hostName(spec.Address) + ".example.org",
		UUID:               string(model.NewID()),
		CPUModel:           "Imaginary Processor 1000",
		CPUSpeed:           2400,
		Topology:           model.Topology{Sockets: 1, Cores: spec.Cores, Threads: 1},
		Memory:             spec.Memory,
		Accelerated:        true,
		AccelerationDetail: "",
		LibvirtVersion:     "9.0.0",
		QEMUVersion:        "7.2.0",
		KernelVersion:      "6.1.0-fake",
		OSType:             "Debian GNU/Linux",
		OSVersion:          "12",
		Displays:           []model.DisplayType{model.DisplayVNC, model.DisplaySPICE},
		MachineTypes:       []string{"pc-i440fx-7.2", "pc-q35-7.2"},
		CPUModels:          []string{"Nehalem", "SandyBridge", "Westmere", "kvm64", "qemu64"},
		CPUFlags:           []string{"aes", "sse4.1", "sse4.2", "ssse3", "vmx"},
		CPUBase:            "SandyBridge",
		CPUVendor:          "Intel",
		Architecture:       model.ArchitectureX8664,
		NUMANodes:          1,
		System:             model.HostSystem{CommandLine: "quiet", SELinux: "enforcing", HugePages: "madvise", Kdump: "off", Balancing: "on", Initiator: "iqn.2026-01.org.example:fake"},
		Networks:           []string{"default", "ovirtmgmt"},
		NICs:               []model.HostNIC{{Name: "eth0", MAC: "02:fa:ce:00:00:01", MTU: 1500, Speed: 1_000_000_000, Up: true}},
		Manufacturer:       "Vireo",
		ProductName:        "Imaginary Machine",
		ProductVersion:     "2.0",
		Family:             "Imaginary",
		SerialNumber:       "fake-" + hostName(spec.Address),
		Local:              true,
		ImageUID:           -1,
		ImageGID:           -1,
	}
}

// SetBridges gives the machine these Linux bridges, each with the network interface
// that is one, beside its first.
func (m *Machine) SetBridges(names ...string) {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	m.facts.Bridges, m.facts.NICs = nil, m.facts.NICs[:1]
	for i, name := range names {
		m.facts.Bridges = append(m.facts.Bridges, name)
		m.facts.NICs = append(m.facts.NICs, model.HostNIC{
			Name: name, MAC: fmt.Sprintf("02:fa:fa:00:00:%02x", i), MTU: 1500, Up: true, Bridge: true,
		})
	}
	slices.Sort(m.facts.Bridges)
	slices.SortFunc(m.facts.NICs, func(a, b model.HostNIC) int { return strings.Compare(a.Name, b.Name) })
}

// RunQEMUAs has the guests' images belong to this user and group.
func (m *Machine) RunQEMUAs(uid, gid int) {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	m.facts.ImageUID, m.facts.ImageGID = uid, gid
}

// Cut loses all connections; new ones succeed at once. Guests run on.
func (m *Machine) Cut() {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	m.lose()
}

// Disappear loses all connections and refuses new ones, as when the daemon has
// been stopped or the cable pulled out with an error, until Answer.
func (m *Machine) Disappear() {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	m.down = true
	m.lose()
}

// Mute stops the machine from answering: calls hang until their context ends,
// events wait, and connections are lost after Options.Keepalive. Guests run on.
func (m *Machine) Mute() {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	if m.mute != nil {
		return
	}
	silence := make(chan struct{})
	m.mute = silence
	m.world.after(m.world.options.Keepalive, func() {
		if m.mute == silence {
			m.lose()
		}
	})
}

// Answer ends Disappear and Mute. A machine that is down for good stays silent.
func (m *Machine) Answer() {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	m.answer()
}

func (m *Machine) answer() {
	if m.crashed {
		return
	}
	m.down = false
	if m.mute != nil {
		close(m.mute)
		m.mute = nil
	}
	for c := range m.connections {
		c.wake()
	}
}

// Crash takes the machine down with all its guests; it does not answer until
// Restart. What was defined stays defined and is off for an unknown reason; seeds
// were in memory.
func (m *Machine) Crash() {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	m.crash()
}

func (m *Machine) crash() {
	m.down, m.crashed = true, true
	m.loseLeases()
	m.lose()
	clear(m.seeds)
	for _, g := range m.guests {
		if g.alive() {
			g.quit(host.EndUnknown, false)
		} else if g.end != host.EndUnknown {
			g.end = host.EndUnknown
			g.forget()
		}
	}
}

// Restart is a crash, if there has been none, and a start with the new boot id;
// "" makes one.
func (m *Machine) Restart(bootID string) {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	m.crash()
	if bootID == "" {
		bootID = string(model.NewID())
	}
	m.bootID, m.crashed, m.started = bootID, false, time.Now()
	m.join()
	m.answer()
}

// RestartDaemon loses all connections, and nothing else, like Cut, but refuses
// new ones for as long as given.
func (m *Machine) RestartDaemon(gone time.Duration) {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	m.down = true
	for _, g := range m.guests {
		g.held = false
	}
	m.lose()
	m.world.after(gone, m.answer)
}

// Guests is what the machine would answer, without a call.
func (m *Machine) Guests() []host.Guest {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	return m.list()
}

// Crashed says whether the machine is down with all its guests.
func (m *Machine) Crashed() bool {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	return m.crashed
}

// Address is the address the machine is reached at.
func (m *Machine) Address() string { return m.address }

// lose ends all connections.
func (m *Machine) lose() {
	for c := range m.connections {
		c.lose()
	}
}

// emit tells all connections of an event.
func (m *Machine) emit(e host.Event) {
	if m.lost[e.Kind] {
		return
	}
	e.Received = time.Now()
	for c := range m.connections {
		c.deliver(e)
	}
}
