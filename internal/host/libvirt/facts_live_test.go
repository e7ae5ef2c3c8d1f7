package libvirt

import (
	"os"
	"slices"
	"strings"
	"testing"

	"vireo/internal/model"
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
	if facts.CPUBase == "" || facts.CPUVendor == "" || facts.Architecture != model.ArchitectureX8664 || facts.NUMANodes < 1 {
		t.Errorf("its CPU is %q by %q, %q, on %d nodes", facts.CPUBase, facts.CPUVendor, facts.Architecture, facts.NUMANodes)
	}
	started, err := os.ReadFile("/proc/cmdline")
	must(t, err)
	if facts.System.CommandLine != strings.TrimSpace(string(started)) || facts.System.SELinux == "" {
		t.Errorf("of its system it says %+v", facts.System)
	}
}
