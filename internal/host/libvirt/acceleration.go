package libvirt

import (
	"bytes"
	"os"
	"strings"

	"libvirt.org/go/libvirtxml"
)

// accelerated says whether guests can run under KVM, and a sentence why or why
// not. /dev/kvm and libvirt's list of domain types do not tell: both are there on
// machines where a guest then hangs in its firmware. The CPU's features do.
func accelerated(accel Accel, p profile) (yes bool, detail string) {
	virtualization := virtualizationFeature(p)
	switch {
	case accel == AccelTCG:
		return false, "Guests are emulated because the engine was told so."
	case accel == AccelKVM:
		return true, "Guests run under KVM because the engine was told so."
	case virtualization == "":
		return false, "Guests are emulated: the host's CPU has no hardware virtualization (neither vmx nor svm)."
	case !p.offersKVM():
		return false, "Guests are emulated: the host's CPU has " + virtualization + " but its libvirt offers no KVM."
	default:
		return true, "Guests run under KVM: the host's CPU has " + virtualization + "."
	}
}

// virtualizationFeature finds vmx or svm among the features that libvirt names,
// which leaves out those that its CPU model contains; so also, on this machine,
// among those that the kernel lists.
func virtualizationFeature(p profile) string {
	if name := listedFeature(p.capabilities.Host.CPU); name != "" || !p.local {
		return name
	}
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	return cpuinfoFeature(text)
}

func listedFeature(cpu *libvirtxml.CapsHostCPU) string {
	if cpu == nil {
		return ""
	}
	for _, feature := range cpu.FeatureFlags {
		if feature.Name == "svm" || feature.Name == "vmx" {
			return feature.Name
		}
	}
	if cpu.Features != nil && cpu.Features.SVM != nil {
		return "svm"
	}
	if cpu.Features != nil && cpu.Features.VMX != nil {
		return "vmx"
	}
	// AMD's models contain svm, so libvirt does not list it beside them.
	if containsSVM(cpu.Model) {
		return "svm"
	}
	return ""
}

// containsSVM knows libvirt's CPU models that contain svm (its cpu_map). Intel's
// contain no vmx.
func containsSVM(model string) bool {
	switch model {
	case "phenom", "Dhyana", "Opteron_G2", "Opteron_G3", "Opteron_G4", "Opteron_G5":
		return true
	default:
		return strings.HasPrefix(model, "EPYC")
	}
}

// cpuinfoFeature looks at the first line of flags.
func cpuinfoFeature(text []byte) string {
	for line := range bytes.Lines(text) {
		name, flags, ok := bytes.Cut(line, []byte(":"))
		if !ok || string(bytes.TrimSpace(name)) != "flags" {
			continue
		}
		for flag := range bytes.FieldsSeq(flags) {
			if f := string(flag); f == "svm" || f == "vmx" {
				return f
			}
		}
		return ""
	}
	return ""
}
