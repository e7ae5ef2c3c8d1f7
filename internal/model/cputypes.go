package model

import "strings"

// CPUType is a type of CPU that a cluster may ask of its hosts. What has a higher
// level can do more, among those of one maker.
type CPUType struct {
	// Name is cpu@id of a cluster, Model what libvirt calls it.
	Name, Model  string
	Level        int
	Architecture Architecture
}

// CPUTypes are the types of CPU there are, by maker and level: those of version 3.6,
// and those of version 4 that came later.
var CPUTypes = []CPUType{
	{"Intel Conroe Family", "Conroe", 3, ArchitectureX8664},
	{"Intel Penryn Family", "Penryn", 4, ArchitectureX8664},
	{"Intel Nehalem Family", "Nehalem", 5, ArchitectureX8664},
	{"Intel Westmere Family", "Westmere", 6, ArchitectureX8664},
	{"Intel SandyBridge Family", "SandyBridge", 7, ArchitectureX8664},
	{"Intel IvyBridge Family", "IvyBridge", 8, ArchitectureX8664},
	{"Intel Haswell-noTSX Family", "Haswell-noTSX", 9, ArchitectureX8664},
	{"Intel Haswell Family", "Haswell", 10, ArchitectureX8664},
	{"Intel Broadwell-noTSX Family", "Broadwell-noTSX", 11, ArchitectureX8664},
	{"Intel Broadwell Family", "Broadwell", 12, ArchitectureX8664},
	{"Intel Skylake Client Family", "Skylake-Client", 13, ArchitectureX8664},
	{"Intel Skylake Server Family", "Skylake-Server", 14, ArchitectureX8664},
	{"Intel Cascadelake Server Family", "Cascadelake-Server", 15, ArchitectureX8664},
	{"Intel Icelake Server Family", "Icelake-Server", 16, ArchitectureX8664},
	{"AMD Opteron G1", "Opteron_G1", 2, ArchitectureX8664},
	{"AMD Opteron G2", "Opteron_G2", 3, ArchitectureX8664},
	{"AMD Opteron G3", "Opteron_G3", 4, ArchitectureX8664},
	{"AMD Opteron G4", "Opteron_G4", 5, ArchitectureX8664},
	{"AMD Opteron G5", "Opteron_G5", 6, ArchitectureX8664},
	{"AMD EPYC", "EPYC", 7, ArchitectureX8664},
	{"AMD EPYC-Rome", "EPYC-Rome", 8, ArchitectureX8664},
}

// CPUTypeNamed finds a type of CPU by its name, in whatever case.
func CPUTypeNamed(name string) (CPUType, bool) {
	for _, kind := range CPUTypes {
		if strings.EqualFold(kind.Name, name) {
			return kind, true
		}
	}
	return CPUType{}, false
}
