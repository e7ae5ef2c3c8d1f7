package model

import "testing"

func TestSecureCPUTypes(t *testing.T) {
	plain, ok := CPUTypeNamed("amd opteron g5")
	if !ok || plain.Maker() != "AMD" || len(plain.Flags) > 0 {
		t.Errorf("%+v, %v", plain, ok)
	}
	secured, ok := CPUTypeNamed("secure INTEL haswell family")
	if !ok || secured.Name != "Secure Intel Haswell Family" || secured.Model != "Haswell" || secured.Maker() != "Intel" {
		t.Errorf("%+v, %v", secured, ok)
	}
	lacksModel, flags := secured.Lacking(&HostFacts{CPUModels: []string{"Haswell"}, CPUFlags: []string{"md_clear", "ssbd"}})
	if lacksModel || len(flags) != 1 || flags[0] != "spec-ctrl" {
		t.Errorf("it lacks %v, the model: %v", flags, lacksModel)
	}
	if lacksModel, flags := secured.Lacking(&HostFacts{}); lacksModel || len(flags) > 0 {
		t.Error("a host that says nothing does not pass")
	}
	for _, name := range []string{"Secure ", "Secure Abacus", "Abacus", ""} {
		if _, ok := CPUTypeNamed(name); ok {
			t.Errorf("%q is known", name)
		}
	}
}

func TestCPUTypeOfHost(t *testing.T) {
	for name, each := range map[string]struct {
		facts HostFacts
		want  string
	}{
		"the highest that guests can have": {HostFacts{Accelerated: true, CPUVendor: "Intel", CPUBase: "Haswell", CPUModels: []string{"Nehalem", "Opteron_G5", "SandyBridge", "qemu64"}}, "Intel SandyBridge Family"},
		"emulated":                         {HostFacts{CPUVendor: "AMD", CPUBase: "EPYC-IBPB", CPUModels: []string{"EPYC-Rome"}}, "AMD EPYC"},
		"of another maker":                 {HostFacts{CPUVendor: "Hygon", CPUBase: "EPYC"}, ""},
		"none that there is":               {HostFacts{CPUVendor: "AMD", CPUBase: "kvm64"}, ""},
		"nothing said":                     {HostFacts{}, ""},
	} {
		if got, ok := each.facts.CPUType(); got.Name != each.want || ok != (each.want != "") {
			t.Errorf("%s: it is %q", name, got.Name)
		}
	}
}
