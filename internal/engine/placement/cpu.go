package placement

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"vireo/internal/model"
)

// cpuType is what the text of a cluster's CPU type asks of a host: a named model of
// libvirt, and features beside it. Types of one maker are ordered by level. The zero value asks for nothing.
type cpuType struct {
	level int
	model string
	flags []string
}

var (
	secureIntel = []string{"spec-ctrl", "ssbd", "md-clear"}
	secureAMD   = []string{"ibpb", "virt-ssbd"}
)

// cpuTypes are the CPU types that a cluster can have, by the texts of both versions
// (api-v4 appendix: cluster levels).
var cpuTypes = makeCPUTypes()

// intel and amd are the types of each line by level, with libvirt's model.
var (
	intel = [][2]string{
		{"Conroe", "Conroe"},
		{"Penryn", "Penryn"},
		{"Nehalem", "Nehalem"},
		{"Westmere", "Westmere"},
		{"SandyBridge", "SandyBridge"},
		{"IvyBridge", "IvyBridge"},
		{"Haswell-noTSX", "Haswell-noTSX"},
		{"Haswell", "Haswell-noTSX"},
		{"Broadwell-noTSX", "Broadwell-noTSX"},
		{"Broadwell", "Broadwell-noTSX"},
		{"Skylake Client", "Skylake-Client-noTSX-IBRS"},
		{"Skylake Server", "Skylake-Server-noTSX-IBRS"},
		{"Cascadelake Server", "Cascadelake-Server-noTSX"},
		{"Icelake Server", "Icelake-Server-noTSX"},
		{"Sapphire Rapids Server", "SapphireRapids"},
	}
	amd = [][2]string{
		{"AMD Opteron G1", "Opteron_G1"},
		{"AMD Opteron G2", "Opteron_G2"},
		{"AMD Opteron G3", "Opteron_G3"},
		{"AMD Opteron G4", "Opteron_G4"},
		{"AMD Opteron G5", "Opteron_G5"},
		{"AMD EPYC", "EPYC"},
		{"AMD EPYC-Rome", "EPYC-Rome"},
		{"AMD EPYC-Milan", "EPYC-Milan"},
		{"AMD EPYC-Milan-v2", "EPYC-Milan"},
		{"AMD EPYC-Genoa", "EPYC-Genoa"},
	}
)

func makeCPUTypes() map[string]cpuType {
	found := make(map[string]cpuType)
	for level, each := range intel {
		name := "Intel " + each[0] + " Family"
		found[name] = cpuType{level, each[1], nil}
		found["Secure "+name] = cpuType{level, each[1], secureIntel}
	}
	for level, each := range amd {
		found[each[0]] = cpuType{level, each[1], nil}
		found["Secure "+each[0]] = cpuType{level, each[1], secureAMD}
	}
	return found
}

// fitsCPU says whether a host can give the VM its CPU: the cluster's CPU type, and
// the model that the VM names. A host that does not say what it can do passes, and
// so does one that emulates: its guests get what the emulator has.
func fitsCPU(s *search, on *candidate) bool {
	facts := &on.host.Facts
	return !facts.Accelerated || canRun(facts, s.required) && canRun(facts, cpuType{model: s.config.CustomCPUModel})
}

func canRun(facts *model.HostFacts, wanted cpuType) bool {
	if wanted.model != "" && len(facts.CPUModels) > 0 && !slices.Contains(facts.CPUModels, wanted.model) {
		return false
	}
	return len(facts.CPUFlags) == 0 || len(lacking(facts, wanted)) == 0
}

// lacking are the features that a host does not have. Kernels and libvirt do not
// agree on how the words in their names are joined.
func lacking(facts *model.HostFacts, wanted cpuType) []string {
	var found []string
	for _, flag := range wanted.flags {
		if !slices.ContainsFunc(facts.CPUFlags, func(has string) bool { return strings.ReplaceAll(has, "_", "-") == flag }) {
			found = append(found, flag)
		}
	}
	return found
}

func whyCPU(s *search, on *candidate) string {
	facts := &on.host.Facts
	if !canRun(facts, cpuType{model: s.config.CustomCPUModel}) {
		return fmt.Sprintf("its CPU level %s is lower than the VM requires %s", levelOf(facts), s.config.CustomCPUModel)
	}
	if canRun(facts, cpuType{model: s.required.model}) {
		return "its CPU lacks " + strings.Join(lacking(facts, s.required), ", ")
	}
	return fmt.Sprintf("its CPU level %s is lower than the VM requires %s", levelOf(facts), s.cluster.CPUType)
}

// levelOf is the highest CPU type that a host can run, else the name of its CPU.
func levelOf(facts *model.HostFacts) string {
	best, found := cpuType{level: -1}, ""
	for name, each := range cpuTypes {
		if len(each.flags) > 0 || !slices.Contains(facts.CPUModels, each.model) {
			continue
		}
		if each.level > best.level || each.level == best.level && name < found {
			best, found = each, name
		}
	}
	return cmp.Or(found, facts.CPUModel, "unknown")
}

// KnowsCPUType says whether a text is the CPU type of a cluster.
func KnowsCPUType(text string) bool {
	_, known := cpuTypes[text]
	return known
}
