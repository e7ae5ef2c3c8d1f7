package placement

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"vireo/internal/model"
)

// cpuType is what is asked of a host's CPU: a named model of libvirt, and features
// beside it. The zero value asks for nothing.
type cpuType struct {
	model string
	flags []string
}

// secure begins the CPU types that ask for the features against speculative attacks
// too; they differ by maker.
const secure = "Secure "

var secureFlags = map[string][]string{
	"Intel": {"spec-ctrl", "ssbd", "md-clear"},
	"AMD":   {"ibpb", "virt-ssbd"},
}

// cpuTypeOf is what the text of a cluster's CPU type asks for; false is a text that
// is none.
func cpuTypeOf(text string) (cpuType, bool) {
	name, isSecure := strings.CutPrefix(text, secure)
	kind, known := model.CPUTypeNamed(name)
	if !known {
		return cpuType{}, false
	}
	asked := cpuType{model: kind.Model}
	if isSecure {
		asked.flags = secureFlags[makerOf(kind.Name)]
	}
	return asked, true
}

// makerOf is the first word of a CPU type.
func makerOf(name string) string {
	maker, _, _ := strings.Cut(name, " ")
	return maker
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
		return fmt.Sprintf("its CPU level %s is lower than the VM requires %s", levelOf(facts, ""), s.config.CustomCPUModel)
	}
	if canRun(facts, cpuType{model: s.required.model}) {
		return "its CPU lacks " + strings.Join(lacking(facts, s.required), ", ")
	}
	maker := makerOf(strings.TrimPrefix(s.cluster.CPUType, secure))
	return fmt.Sprintf("its CPU level %s is lower than the VM requires %s", levelOf(facts, maker), s.cluster.CPUType)
}

// levelOf is the highest CPU type of a maker that a host can run, else the name of its
// CPU. No maker is any.
func levelOf(facts *model.HostFacts, maker string) string {
	best := model.CPUType{Level: -1}
	for _, each := range model.CPUTypes {
		if each.Level > best.Level && slices.Contains(facts.CPUModels, each.Model) && (maker == "" || makerOf(each.Name) == maker) {
			best = each
		}
	}
	return cmp.Or(best.Name, facts.CPUModel, "unknown")
}

// KnowsCPUType says whether a text is the CPU type of a cluster.
func KnowsCPUType(text string) bool {
	_, known := cpuTypeOf(text)
	return known
}
