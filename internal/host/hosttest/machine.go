package hosttest

import (
	"slices"
	"testing"

	"vireo/internal/model"
)

func machineDescribesItself(t *testing.T, target Target) {
	b := open(t, target)
	facts, err := b.Facts(b.ctx)
	b.must("Facts", err)
	if facts.Memory <= 0 || facts.Topology.Count() <= 0 {
		t.Errorf("facts name %d bytes of memory and %d CPUs", facts.Memory, facts.Topology.Count())
	}
	if !facts.Accelerated && facts.AccelerationDetail == "" {
		t.Error("facts do not say why guests are emulated")
	}
	if len(facts.MachineTypes) == 0 {
		t.Error("facts name no machine type")
	}
	b.must("Alive", b.Alive(b.ctx))
	b.networksDescribed(facts)

	free, total, err := b.Memory(b.ctx)
	b.must("Memory", err)
	if free <= 0 || total < free {
		t.Errorf("%d of %d bytes of memory are free", free, total)
	}

	b.loadDescribed(total)

	first, err := b.BootID(b.ctx)
	b.must("BootID", err)
	b.connect()
	second, err := b.BootID(b.ctx)
	b.must("BootID", err)
	if first == "" || first != second {
		t.Errorf("the boot id was %q and is %q on another connection", first, second)
	}
}

// loadDescribed wants counters that go on, and memory that adds up.
func (b *bench) loadDescribed(total int64) {
	b.Helper()
	before, err := b.Load(b.ctx)
	b.must("Load", err)
	if before.MemoryTotal != total || before.MemoryFree < 0 || before.MemoryFree+before.MemoryCached+before.MemoryBuffers > total {
		b.Errorf("of %d bytes of memory: %+v", total, before)
	}
	after, err := b.Load(b.ctx)
	b.must("Load", err)
	if after.CPUUser < before.CPUUser || after.CPUSystem < before.CPUSystem || after.Taken.Before(before.Taken) {
		b.Errorf("the counters were %+v and are %+v", before, after)
	}
	if after.Known && (after.Booted.IsZero() || after.Booted.After(after.Taken) || after.Load5 < 0 || after.SwapFree > after.SwapTotal) {
		b.Errorf("the host says of itself %+v", after)
	}
}

// networksDescribed wants the facts to name networks, bridges and interfaces, in
// order, as Networks does.
func (b *bench) networksDescribed(facts model.HostFacts) {
	b.Helper()
	now, err := b.Networks(b.ctx)
	b.must("Networks", err)
	if !slices.Equal(now.Networks, facts.Networks) || !slices.Equal(now.Bridges, facts.Bridges) || len(now.NICs) != len(facts.NICs) {
		b.Errorf("the facts name networks %v, bridges %v and %d interfaces; Networks names %v, %v and %d",
			facts.Networks, facts.Bridges, len(facts.NICs), now.Networks, now.Bridges, len(now.NICs))
	}
	if !slices.IsSorted(now.Networks) || !slices.IsSorted(now.Bridges) {
		b.Errorf("networks %v or bridges %v are not in order", now.Networks, now.Bridges)
	}
	for i, nic := range now.NICs {
		if nic.Name == "" || i > 0 && now.NICs[i-1].Name >= nic.Name {
			b.Errorf("interface %q comes after %q", nic.Name, now.NICs[max(i-1, 0)].Name)
		}
		if nic.VLAN != 0 && nic.Base == "" {
			b.Errorf("interface %s is of VLAN %d and stands on nothing", nic.Name, nic.VLAN)
		}
	}
	for _, bridge := range now.Bridges {
		if !slices.ContainsFunc(now.NICs, func(nic model.HostNIC) bool { return nic.Name == bridge && nic.Bridge }) {
			b.Errorf("the bridge %s is no interface", bridge)
		}
	}
}
