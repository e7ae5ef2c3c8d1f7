package placement

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"vireo/internal/model"
)

// fitsCPU says whether a host can give the VM its CPU: the cluster's CPU type, and
// the model that the VM names. A host that does not say what it can do passes, and
// so does one that emulates: its guests get what the emulator has.
func fitsCPU(s *search, on *candidate) bool {
	facts := &on.host.Facts
	return !facts.Accelerated || canRun(facts, s.required) && canRun(facts, model.CPUType{Model: s.config.CustomCPUModel})
}

func canRun(facts *model.HostFacts, wanted model.CPUType) bool {
	lacksModel, flags := wanted.Lacking(facts)
	return !lacksModel && len(flags) == 0
}

func whyCPU(s *search, on *candidate) string {
	facts := &on.host.Facts
	if !canRun(facts, model.CPUType{Model: s.config.CustomCPUModel}) {
		return fmt.Sprintf("its CPU level %s is lower than the VM requires %s", levelOf(facts, ""), s.config.CustomCPUModel)
	}
	if lacksModel, flags := s.required.Lacking(facts); !lacksModel {
		return "its CPU lacks " + strings.Join(flags, ", ")
	}
	return fmt.Sprintf("its CPU level %s is lower than the VM requires %s", levelOf(facts, s.required.Maker()), s.cluster.CPUType)
}

// levelOf is the highest CPU type of a maker that a host can run, else the name of its
// CPU. No maker is any.
func levelOf(facts *model.HostFacts, maker string) string {
	best := model.CPUType{Level: -1}
	for _, each := range model.CPUTypes {
		if each.Level > best.Level && slices.Contains(facts.CPUModels, each.Model) && (maker == "" || each.Maker() == maker) {
			best = each
		}
	}
	return cmp.Or(best.Name, facts.CPUModel, "unknown")
}
