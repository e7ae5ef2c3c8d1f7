package libvirt

import (
	"testing"

	"libvirt.org/go/libvirtxml"
)

func capabilitiesOf(model string, features []string, domains ...string) profile {
	cpu := &libvirtxml.CapsHostCPU{Model: model}
	for _, feature := range features {
		cpu.FeatureFlags = append(cpu.FeatureFlags, libvirtxml.CapsHostCPUFeatureFlag{Name: feature})
	}
	guest := libvirtxml.CapsGuest{OSType: "hvm", Arch: libvirtxml.CapsGuestArch{Name: "x86_64"}}
	for _, domain := range domains {
		guest.Arch.Domains = append(guest.Arch.Domains, libvirtxml.CapsGuestDomain{Type: domain})
	}
	return profile{capabilities: libvirtxml.Caps{Host: libvirtxml.CapsHost{CPU: cpu}, Guests: []libvirtxml.CapsGuest{guest}}}
}

func TestAcceleration(t *testing.T) {
	kvm := []string{"qemu", "kvm"}
	for name, c := range map[string]struct {
		accel   Accel
		profile profile
		want    bool
	}{
		"intel":                         {AccelAuto, capabilitiesOf("Broadwell", []string{"ss", "vmx"}, kvm...), true},
		"amd, in the model":             {AccelAuto, capabilitiesOf("EPYC-Rome", nil, kvm...), true},
		"amd, listed":                   {AccelAuto, capabilitiesOf("kvm64", []string{"svm"}, kvm...), true},
		"kvm without the CPU for it":    {AccelAuto, capabilitiesOf("kvm64", []string{"hypervisor"}, kvm...), false},
		"the CPU without kvm":           {AccelAuto, capabilitiesOf("Broadwell", []string{"vmx"}, "qemu"), false},
		"told to emulate":               {AccelTCG, capabilitiesOf("Broadwell", []string{"vmx"}, kvm...), false},
		"told to use KVM":               {AccelKVM, capabilitiesOf("kvm64", nil, kvm...), true},
		"capabilities that say nothing": {AccelAuto, profile{}, false},
	} {
		if got, detail := accelerated(c.accel, c.profile); got != c.want || detail == "" {
			t.Errorf("%s: %v, %q", name, got, detail)
		}
	}
}

func TestFlagsOfCPUInfo(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "flags\t\t: fpu vmx ept\nvmx flags\t: ept\n": "vmx", "processor : 0\nflags : fpu svm\n": "svm",
		"vmx flags : vmx\nflags : fpu hypervisor\n": "", "flags : notsvm\n": "",
	} {
		if got := cpuinfoFeature([]byte(text)); got != want {
			t.Errorf("%q: got %q", text, got)
		}
	}
}
