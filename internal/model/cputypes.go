package model

import (
	"slices"
	"strings"
)

// CPUType is a type of CPU that a cluster may ask of its hosts. What has a higher
// level can do more, among those of one maker.
type CPUType struct {
	// Name is cpu@id of a cluster, Model what libvirt calls it.
	Name, Model  string
	Level        int
	Architecture Architecture
	// Flags are features that it asks for beside its model.
	Flags []string
}

// secure begins the names of CPU types that ask for the features against speculative
// attacks too; they differ by maker.
const secure = "Secure "

var secureFlags = map[string][]string{
	"Intel": {"spec-ctrl", "ssbd", "md-clear"},
	"AMD":   {"ibpb", "virt-ssbd"},
}

// Maker is the first word of its name that is not secure.
func (t CPUType) Maker() string {
	maker, _, _ := strings.Cut(strings.TrimPrefix(t.Name, secure), " ")
	return maker
}

// Lacking says what a host cannot give to guests of what the type asks for: its model, and
// its features. A host that does not say what it has passes.
func (t CPUType) Lacking(facts *HostFacts) (model bool, flags []string) {
	model = t.Model != "" && len(facts.CPUModels) > 0 && !slices.Contains(facts.CPUModels, t.Model)
	if len(facts.CPUFlags) == 0 {
		return model, nil
	}
	for _, flag := range t.Flags {
		// Kernels and libvirt do not agree on how the words in their names are joined.
		if !slices.ContainsFunc(facts.CPUFlags, func(has string) bool { return strings.ReplaceAll(has, "_", "-") == flag }) {
			flags = append(flags, flag)
		}
	}
	return model, flags
}

// CPUType is the one of the highest level that a host can give to guests; under emulation,
// where that says nothing of the host, the one that its own CPU is of. False when it is
// none of those that there are.
func (f *HostFacts) CPUType() (found CPUType, ok bool) {
	base := strings.TrimSuffix(strings.TrimSuffix(f.CPUBase, "-IBRS"), "-IBPB")
	for _, kind := range CPUTypes {
		has := kind.Model == base
		if f.Accelerated {
			has = slices.Contains(f.CPUModels, kind.Model)
		}
		if has && kind.Maker() == f.CPUVendor && kind.Level > found.Level {
			found, ok = kind, true
		}
	}
	return found, ok
}

// CPUTypes are the types of CPU there are, by maker and level: those of version 3.6,
// and those of version 4 that came later.
var CPUTypes = []CPUType{
	x86("Intel Conroe Family", "Conroe", 3),
	x86("Intel Penryn Family", "Penryn", 4),
	x86("Intel Nehalem Family", "Nehalem", 5),
	x86("Intel Westmere Family", "Westmere", 6),
	x86("Intel SandyBridge Family", "SandyBridge", 7),
	x86("Intel IvyBridge Family", "IvyBridge", 8),
	x86("Intel Haswell-noTSX Family", "Haswell-noTSX", 9),
	x86("Intel Haswell Family", "Haswell", 10),
	x86("Intel Broadwell-noTSX Family", "Broadwell-noTSX", 11),
	x86("Intel Broadwell Family", "Broadwell", 12),
	x86("Intel Skylake Client Family", "Skylake-Client", 13),
	x86("Intel Skylake Server Family", "Skylake-Server", 14),
	x86("Intel Cascadelake Server Family", "Cascadelake-Server", 15),
	x86("Intel Icelake Server Family", "Icelake-Server", 16),
	x86("AMD Opteron G1", "Opteron_G1", 2),
	x86("AMD Opteron G2", "Opteron_G2", 3),
	x86("AMD Opteron G3", "Opteron_G3", 4),
	x86("AMD Opteron G4", "Opteron_G4", 5),
	x86("AMD Opteron G5", "Opteron_G5", 6),
	x86("AMD EPYC", "EPYC", 7),
	x86("AMD EPYC-Rome", "EPYC-Rome", 8),
}

func x86(name, model string, level int) CPUType {
	return CPUType{Name: name, Model: model, Level: level, Architecture: ArchitectureX8664}
}

// CPUTypeNamed finds a type of CPU by its name, in whatever case; each of them may be
// asked for as a secure one.
func CPUTypeNamed(name string) (CPUType, bool) {
	plain, isSecure := name, len(name) > len(secure) && strings.EqualFold(name[:len(secure)], secure)
	if isSecure {
		plain = name[len(secure):]
	}
	for _, kind := range CPUTypes {
		if strings.EqualFold(kind.Name, plain) {
			if isSecure {
				kind.Name, kind.Flags = secure+kind.Name, secureFlags[kind.Maker()]
			}
			return kind, true
		}
	}
	return CPUType{}, false
}
