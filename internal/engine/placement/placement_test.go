package placement_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"vireo/internal/engine/placement"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/store/sqlstore"
)

const (
	gib = 1 << 30
	mib = 1 << 20
)

// world is a cluster with two hosts that are alike.
type world struct {
	hosts   []*model.Host
	others  []*model.Host // of which no reason is given
	vms     []*model.VM
	cluster *model.Cluster
	vm      *model.VM
	limits  placement.Limits
	needs   func(*placement.Needs)
	groups  []*model.AffinityGroup
	// committed says that it is all there before the transaction that chooses.
	committed bool
}

func newWorld() *world {
	w := &world{
		cluster: &model.Cluster{ID: "cluster", Name: "Default", OvercommitPercent: 100},
		limits:  placement.Limits{HostReserve: 256 * mib, GuestOverhead: 32 * mib},
	}
	for i := 1; i <= 2; i++ {
		w.hosts = append(w.hosts, &model.Host{
			ID: model.ID(fmt.Sprint("h", i)), Name: fmt.Sprint("h", i), Cluster: "cluster",
			Address: fmt.Sprintf("qemu+tls://h%d/system", i),
			Status:  model.HostUp, Facts: model.HostFacts{
				Memory: 4 * gib, Topology: model.Topology{Sockets: 1, Cores: 2, Threads: 2},
				MachineTypes: []string{"pc-q35-7.2"}, Displays: []model.DisplayType{model.DisplayVNC}, Networks: []string{"blue"},
			},
		})
	}
	w.vm = &model.VM{ID: "vm", VMConfig: model.VMConfig{
		Name: "vm", Cluster: "cluster", Memory: gib,
		CPU: model.CPU{Topology: model.Topology{Sockets: 1, Cores: 1, Threads: 1}},
	}}
	return w
}

// occupy puts a VM that runs on a host.
func (w *world) occupy(on int, memory int64, status model.Status) {
	id := model.ID(fmt.Sprintf("other%d", len(w.vms)))
	vm := &model.VM{ID: id, VMConfig: model.VMConfig{Name: string(id), Cluster: "cluster", Memory: memory}}
	vm.Run.Status, vm.Run.Host = status, w.hosts[on].ID
	w.vms = append(w.vms, vm)
}

// cpus says what CPUs the guests of both hosts can have.
func (w *world) cpus(models, flags []string) {
	for _, each := range w.hosts {
		each.Facts.Accelerated, each.Facts.CPUModel = true, "Imaginary"
		each.Facts.CPUModels, each.Facts.CPUFlags = models, flags
	}
}

// migrates has the VM run on a third host, of another cluster, which it is to leave.
func (w *world) migrates() {
	from := model.Clone(w.hosts[0])
	from.ID, from.Name, from.Cluster = "source", "source", "another"
	w.others = append(w.others, from)
	w.vm.Run.Host, w.vm.Run.Status = from.ID, model.StatusUp
	w.needs = func(n *placement.Needs) { n.From = from.ID }
}

func (w *world) source() *model.Host { return w.others[0] }

// group makes an affinity group of all VMs.
func (w *world) group(name string, positive, enforcing bool) {
	group := &model.AffinityGroup{ID: model.ID(name), Name: name, Cluster: "cluster", Positive: positive, Enforcing: enforcing, VMs: []model.ID{"vm"}}
	for _, each := range w.vms {
		group.VMs = append(group.VMs, each.ID)
	}
	w.groups = append(w.groups, group)
}

// put commits the world; stage puts it into the transaction that chooses.
func (w *world) put(t *testing.T, inv *inventory.Inventory) {
	t.Helper()
	if err := inv.Update(t.Context(), func(tx *inventory.Tx) error { w.stage(tx); return nil }); err != nil {
		t.Fatal(err)
	}
}

func (w *world) stage(tx *inventory.Tx) {
	tx.Clusters.Put(w.cluster)
	tx.Networks.Put(&model.Network{ID: "blue", Name: "blue"})
	tx.Networks.Put(&model.Network{ID: "red", Name: "red"})
	tx.Networks.Put(&model.Network{ID: "mgmt", Name: "ovirtmgmt", Usages: []string{"management"}})
	for _, each := range w.groups {
		tx.AffinityGroups.Put(each)
	}
	for _, each := range append(slices.Clone(w.hosts), w.others...) {
		tx.Hosts.Put(each)
	}
	for _, each := range append(slices.Clone(w.vms), w.vm) {
		tx.VMs.Put(each)
	}
}

func (w *world) choose(t *testing.T) (chosen *model.Host, err error) {
	t.Helper()
	kept, openErr := sqlstore.Open(t.Context(), "", sqlstore.Options{DefaultPath: filepath.Join(t.TempDir(), "db")})
	if openErr != nil {
		t.Fatal(openErr)
	}
	defer kept.Close()
	inv, openErr := inventory.Open(t.Context(), kept)
	if openErr != nil {
		t.Fatal(openErr)
	}
	needs := placement.Needs{VM: w.vm, Display: model.DisplayVNC, Verb: "run"}
	if w.needs != nil {
		w.needs(&needs)
	}
	index := placement.NewIndex(inv)
	if w.committed {
		w.put(t, inv)
	}
	updateErr := inv.Update(context.Background(), func(tx *inventory.Tx) error {
		if !w.committed {
			w.stage(tx)
		}
		chosen, err = index.Choose(tx, needs, w.limits)
		return nil
	})
	if updateErr != nil {
		t.Fatal(updateErr)
	}
	return chosen, err
}

// TestFilters gives each filter its reason to reject both hosts.
func TestFilters(t *testing.T) {
	const all = "Cannot run VM. There is no host that satisfies current scheduling constraints. See below for details:"
	for _, test := range []struct {
		name   string
		change func(*world)
		why    string // after "The host h1 did not satisfy internal filter "
	}{
		{"memory", func(w *world) { w.vm.Memory = 4 * gib }, "Memory because its available memory is too low (3840.000000 MB) to run the VM."},
		{"memory with others", func(w *world) {
			for i := range w.hosts {
				w.occupy(i, 3*gib, model.StatusUp)
			}
		}, "Memory because its available memory is too low (736.000000 MB) to run the VM."},
		{"memory of unknown VMs counts", func(w *world) {
			for i := range w.hosts {
				w.occupy(i, 3*gib, model.StatusUnknown)
			}
		}, "Memory because its available memory is too low (736.000000 MB) to run the VM."},
		{"memory that is overused shows as none", func(w *world) {
			for i := range w.hosts {
				w.occupy(i, 8*gib, model.StatusUp)
			}
		}, "Memory because its available memory is too low (0.000000 MB) to run the VM."},
		{"cores", func(w *world) { w.vm.CPU.Topology.Sockets = 3 }, "CPU because it does not have enough cores to run the VM."},
		{
			"machine type", func(w *world) { w.needs = func(n *placement.Needs) { n.Machine = "pc-q35-99" } },
			"Emulated-Machine because it does not support the machine type pc-q35-99.",
		},
		{
			"display", func(w *world) { w.needs = func(n *placement.Needs) { n.Display = model.DisplaySPICE } },
			"Display because its QEMU does not support the display type spice.",
		},
		{"network", func(w *world) { w.vm.NICs = []model.NIC{{Network: "red", Plugged: true}} }, "Network because network(s) red are missing."},
		{
			"storage", func(w *world) {
				w.needs = func(n *placement.Needs) { n.Unseen = map[model.ID]string{"h1": "it is blind", "h2": "it is blind"} }
			},
			"Storage because it is blind.",
		},
		{
			"pinned", func(w *world) { w.needs = func(n *placement.Needs) { n.Only = []model.ID{"h3", "h4"} } },
			"PinToHost because the VM is to run on another host.",
		},
		{
			"memory of those who come counts too", func(w *world) {
				w.occupy(0, 3*gib, model.StatusMigrating)
				w.vms[0].Run.Migration = &model.Migration{To: "h2"}
			},
			"Memory because its available memory is too low (736.000000 MB) to run the VM.",
		},
		{
			"memory of a start that makes volumes first", func(w *world) {
				for i := range w.hosts {
					w.occupy(i, 3*gib, model.StatusImageLocked)
				}
			},
			"Memory because its available memory is too low (736.000000 MB) to run the VM.",
		},
		{
			"a pinned VM does not migrate", func(w *world) {
				w.vm.Placement.Affinity = model.AffinityPinned
				w.needs = func(n *placement.Needs) { n.From, n.Forced = "elsewhere", true }
			},
			"Migration because the VM may not be migrated.",
		},
		{
			"one that only people migrate", func(w *world) {
				w.vm.Placement.Affinity = model.AffinityUserMigratable
				w.needs = func(n *placement.Needs) { n.From = "elsewhere" }
			},
			"Migration because the VM may not be migrated.",
		},
		{
			"where guests run in another way", func(w *world) { w.migrates(); w.source().Facts.Accelerated = true },
			"Migration because guests run there in another way, with KVM on one of the two hosts only.",
		},
		{
			"addresses that others cannot reach", func(w *world) {
				w.migrates()
				w.hosts[0].Address, w.hosts[1].Address = "qemu:///system", "qemu:///session"
			},
			"Migration because its address is one that other hosts cannot reach.",
		},
		{
			"nothing that is encrypted", func(w *world) {
				w.migrates()
				w.vm.Migration.Encrypted = "true"
				w.hosts[0].Address, w.hosts[1].Address = "qemu+tcp://h1/system", "qemu+tcp://h2/system"
			},
			"Migration because the VM is to migrate encrypted, and its address is not one of ssh or TLS.",
		},
		{
			"CPUs that it is pinned to", func(w *world) { w.vm.CPU.Pins = []model.VCPUPin{{CPUSet: "0-3"}, {CPUSet: "2,4,^9"}} },
			"CpuPinning because it does not have the CPU 4 that the VM is pinned to.",
		},
		{
			"the cluster's CPU type", func(w *world) {
				w.cluster.CPUType = "Intel Haswell Family"
				w.cpus([]string{"Nehalem", "Penryn", "Westmere"}, nil)
			},
			"CPU-Level because its CPU level Intel Westmere Family is lower than the VM requires Intel Haswell Family.",
		},
		{
			"the features of the cluster's CPU type", func(w *world) {
				w.cluster.CPUType = "Secure Intel Nehalem Family"
				w.cpus([]string{"Nehalem"}, []string{"spec_ctrl", "aes"})
			},
			"CPU-Level because its CPU lacks ssbd, md-clear.",
		},
		{
			"the VM's own CPU model", func(w *world) {
				w.vm.CustomCPUModel = "EPYC"
				w.cpus([]string{"486"}, nil)
			},
			"CPU-Level because its CPU level Imaginary is lower than the VM requires EPYC.",
		},
		{
			"apart from others", func(w *world) {
				w.occupy(0, 64*mib, model.StatusUp)
				w.occupy(1, 64*mib, model.StatusPoweringUp)
				w.group("apart", false, true)
			},
			"VmAffinityGroups because it matched negative affinity rules apart.",
		},
		{
			"together with one on a host that is out of reach", func(w *world) {
				w.occupy(0, 64*mib, model.StatusUnknown)
				w.vms[0].Run.Host = "gone"
				w.group("together", true, true)
			},
			"VmAffinityGroups because it did not match positive affinity rules together.",
		},
	} {
		for _, committed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, committed %v", test.name, committed), func(t *testing.T) {
				w := newWorld()
				w.committed = committed
				test.change(w)
				_, err := w.choose(t)
				refusal := fault.Of(err)
				want := []string{all}
				for _, each := range w.hosts {
					want = append(want, fmt.Sprintf("The host %s did not satisfy internal filter %s", each.Name, test.why))
				}
				if !slices.Equal(refusal.Messages, want) || refusal.Kind != fault.Conflict {
					t.Errorf("%s:\n%s\nwant\n%s", refusal.Kind, strings.Join(refusal.Messages, "\n"), strings.Join(want, "\n"))
				}
			})
		}
	}
}

func TestChoice(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*world)
		want   string
	}{
		{"the first of equals", func(*world) {}, "h1"},
		{"fewer guests", func(w *world) { w.occupy(0, 64*mib, model.StatusUp) }, "h2"},
		{"guests that rest do not count", func(w *world) { w.occupy(0, 4*gib, model.StatusSuspended) }, "h1"},
		{"more room", func(w *world) { w.hosts[1].Facts.Memory = 8 * gib }, "h2"},
		{"the preferred one", func(w *world) { w.needs = func(n *placement.Needs) { n.Prefer = "h2" } }, "h2"},
		{"one that sees the storage", func(w *world) {
			w.needs = func(n *placement.Needs) { n.Unseen = map[model.ID]string{"h1": "it is blind"} }
		}, "h2"},
		{"the preferred one is full", func(w *world) {
			w.needs = func(n *placement.Needs) { n.Prefer = "h2" }
			w.occupy(1, 4*gib, model.StatusUp)
		}, "h1"},
		{"not one that was tried", func(w *world) { w.needs = func(n *placement.Needs) { n.Not = []model.ID{"h1"} } }, "h2"},
		{"pinned", func(w *world) { w.needs = func(n *placement.Needs) { n.Only = []model.ID{"h2"} } }, "h2"},
		{"not one that is not up", func(w *world) { w.hosts[0].Status = model.HostConnecting }, "h2"},
		{"not one that has never answered", func(w *world) {
			w.hosts[0].Status = model.HostConnecting
			w.hosts[1].Cluster = "another"
			w.hosts = append(w.hosts, model.Clone(w.hosts[0]))
			w.hosts[2].ID, w.hosts[2].Name, w.hosts[2].BootID = "h3", "h3", "known"
		}, "h3"},
		{"one that reconnects rather than none", func(w *world) {
			w.hosts[0].Status, w.hosts[0].BootID = model.HostConnecting, "known"
			w.hosts[1].Status = model.HostNonResponsive
		}, "h1"},
		{"one that is up before one that reconnects and is preferred", func(w *world) {
			w.hosts[1].Status, w.hosts[1].BootID = model.HostConnecting, "known"
			w.needs = func(n *placement.Needs) { n.Prefer = "h2" }
		}, "h1"},
		{"not one of another cluster", func(w *world) { w.hosts[0].Cluster = "another" }, "h2"},
		{"threads count as cores", func(w *world) {
			w.cluster.ThreadsAsCores = true
			w.vm.CPU.Topology.Sockets = 4
		}, "h1"},
		{"overcommit", func(w *world) {
			w.cluster.OvercommitPercent = 200
			w.vm.Memory = 6 * gib
		}, "h1"},
		{"a network that is there", func(w *world) { w.vm.NICs = []model.NIC{{Network: "blue", Plugged: true}} }, "h1"},
		{"a missing network of an unplugged NIC", func(w *world) { w.vm.NICs = []model.NIC{{Network: "red"}} }, "h1"},
		{"the management network without libvirt's", func(w *world) { w.vm.NICs = []model.NIC{{Network: "mgmt", Plugged: true}} }, "h1"},
		{"no CPU type that is known", func(w *world) {
			w.cluster.CPUType = "Intel Haswell Family"
			w.cpus(nil, nil)
		}, "h1"},
		{"a CPU type of a host that emulates", func(w *world) {
			w.cluster.CPUType = "Intel Haswell Family"
			w.cpus([]string{"Nehalem"}, nil)
			w.hosts[1].Facts.Accelerated = false
		}, "h2"},
		{"one that can run its CPU model", func(w *world) {
			w.vm.CustomCPUModel = "Haswell"
			w.cpus([]string{"Nehalem"}, nil)
			w.hosts[1].Facts.CPUModels = []string{"Haswell"}
		}, "h2"},
		{"not where it is", func(w *world) {
			w.vm.Run.Host, w.vm.Run.Status = "h1", model.StatusUp
			w.needs = func(n *placement.Needs) { n.From = "h1" }
		}, "h2"},
		{"not where it is, though it is the only one", func(w *world) {
			w.vm.Run.Host, w.vm.Run.Status = "h2", model.StatusUp
			w.needs = func(n *placement.Needs) { n.From = "h2" }
		}, "h1"},
		{"by force", func(w *world) {
			w.vm.Run.Host, w.vm.Run.Status = "h1", model.StatusUp
			w.vm.Placement.Affinity = model.AffinityUserMigratable
			w.needs = func(n *placement.Needs) { n.From, n.Forced = "h1", true }
		}, "h2"},
		{"what it has itself does not count", func(w *world) {
			w.vm.Run.Host, w.vm.Run.Status, w.vm.Memory = "h1", model.StatusUp, 3*gib
			w.needs = func(n *placement.Needs) { n.Only = []model.ID{"h1"} }
		}, "h1"},
		{"a member that rests is nowhere", func(w *world) {
			w.occupy(1, 64*mib, model.StatusSuspended)
			w.group("together", true, true)
		}, "h1"},
		{"together", func(w *world) {
			w.occupy(1, gib, model.StatusUp)
			w.group("together", true, true)
		}, "h2"},
		{"together if that can be", func(w *world) {
			w.occupy(1, gib, model.StatusUp)
			w.group("together", true, false)
		}, "h2"},
		{"alone if they cannot be together", func(w *world) {
			w.occupy(1, 4*gib, model.StatusUp)
			w.group("together", true, false)
		}, "h1"},
		{"apart if that can be", func(w *world) {
			w.occupy(0, 64*mib, model.StatusUp)
			w.occupy(1, 64*mib, model.StatusUp)
			w.occupy(1, 64*mib, model.StatusUp)
			w.group("apart", false, false)
			w.groups[0].VMs = []model.ID{"vm", "other0"}
		}, "h2"},
		{"where a member comes from and where it goes", func(w *world) {
			w.occupy(0, 64*mib, model.StatusMigrating)
			w.vms[0].Run.Migration = &model.Migration{To: "h2"}
			w.group("apart", false, true)
			w.hosts = append(w.hosts, model.Clone(w.hosts[0]))
			w.hosts[2].ID, w.hosts[2].Name = "h3", "h3"
			w.occupy(2, 64*mib, model.StatusUp)
			w.groups[0].VMs = []model.ID{"vm", "other0"}
		}, "h3"},
		{"a group of another cluster says nothing", func(w *world) {
			w.occupy(0, 64*mib, model.StatusUp)
			w.occupy(1, 64*mib, model.StatusUp)
			w.group("apart", false, true)
			w.groups[0].Cluster = "another"
		}, "h1"},
		{"evenly: the one with fewer CPUs in use for each that it has", func(w *world) {
			w.cluster.Scheduling.Policy = model.PolicyEvenlyDistributed
			w.hosts[1].Facts.Topology.Cores = 8
			w.occupy(0, 64*mib, model.StatusUp)
			w.occupy(1, 64*mib, model.StatusUp)
			w.occupy(1, 64*mib, model.StatusUp)
		}, "h2"},
		{"saving: the one in use", func(w *world) {
			w.cluster.Scheduling.Policy = model.PolicyPowerSaving
			w.occupy(1, 64*mib, model.StatusUp)
		}, "h2"},
		{"saving: the fuller of two in use", func(w *world) {
			w.cluster.Scheduling.Policy = model.PolicyPowerSaving
			w.occupy(0, 64*mib, model.StatusUp)
			w.occupy(1, gib, model.StatusUp)
		}, "h2"},
		{"saving: none past the threshold", func(w *world) {
			w.cluster.Scheduling = model.SchedulingPolicy{Policy: model.PolicyPowerSaving, High: 50}
			w.occupy(0, 64*mib, model.StatusUp)
			w.occupy(0, 64*mib, model.StatusUp)
		}, "h2"},
		{"saving: all past the threshold, the less busy", func(w *world) {
			w.cluster.Scheduling = model.SchedulingPolicy{Policy: model.PolicyPowerSaving, High: 1}
			w.occupy(0, 64*mib, model.StatusUp)
			w.occupy(0, 64*mib, model.StatusUp)
			w.occupy(1, 64*mib, model.StatusUp)
		}, "h2"},
		{"by guests", func(w *world) {
			w.cluster.Scheduling.Policy = model.PolicyVMEvenlyDistributed
			w.occupy(0, 64*mib, model.StatusUp)
		}, "h2"},
		{"no display", func(w *world) { w.needs = func(n *placement.Needs) { n.Display = "" } }, "h1"},
	} {
		for _, committed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, committed %v", test.name, committed), func(t *testing.T) {
				w := newWorld()
				w.committed = committed
				test.change(w)
				chosen, err := w.choose(t)
				if err != nil || chosen.Name != test.want {
					t.Errorf("%v, %v, want %s", chosen, err, test.want)
				}
			})
		}
	}
}

func TestNoHostAtAll(t *testing.T) {
	w := newWorld()
	for _, each := range w.hosts {
		each.Status = model.HostNonResponsive
	}
	_, err := w.choose(t)
	refusal := fault.Of(err)
	if refusal.Code != fault.NoHosts || refusal.Kind != fault.Untyped ||
		refusal.Detail() != "[There are no hosts to use. Check that the cluster contains at least one host in Up state.]" {
		t.Errorf("%s %s", refusal.Kind, refusal.Detail())
	}
}

// TestPinnedHostUnusable adds the note about the one host (api-v3 3.2).
func TestPinnedHostUnusable(t *testing.T) {
	w := newWorld()
	w.vm.Memory = 16 * gib
	w.needs = func(n *placement.Needs) { n.Only = []model.ID{"h2"} }
	_, err := w.choose(t)
	messages := fault.Of(err).Messages
	if last := messages[len(messages)-1]; last != "Note: The VM is pinned to Host 'h2' but cannot run on it." {
		t.Errorf("the last message is %q", last)
	}
}
