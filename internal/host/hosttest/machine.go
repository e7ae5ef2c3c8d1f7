package hosttest

import "testing"

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

	free, total, err := b.Memory(b.ctx)
	b.must("Memory", err)
	if free <= 0 || total < free {
		t.Errorf("%d of %d bytes of memory are free", free, total)
	}

	first, err := b.BootID(b.ctx)
	b.must("BootID", err)
	b.connect()
	second, err := b.BootID(b.ctx)
	b.must("BootID", err)
	if first == "" || first != second {
		t.Errorf("the boot id was %q and is %q on another connection", first, second)
	}
}
