package libvirt

import (
	"slices"
	"testing"
)

// TestCPUFacts: the host says which CPU models guests can have, and what its own CPU
// can do.
func TestCPUFacts(t *testing.T) {
	facts, err := connect(t).Facts(testContext(t))
	must(t, err)
	if !slices.Contains(facts.CPUModels, "qemu64") || !slices.IsSorted(facts.CPUModels) {
		t.Errorf("its models are %v", facts.CPUModels)
	}
	// sse2 is part of every model and listed only when it is taken apart.
	if !slices.Contains(facts.CPUFlags, "sse2") || !slices.IsSorted(facts.CPUFlags) {
		t.Errorf("its flags are %v", facts.CPUFlags)
	}
}
