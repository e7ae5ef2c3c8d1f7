package libvirt

import (
	"encoding/xml"
	"slices"

	"github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"
)

// usableModels are the CPU models that guests of this QEMU can have here, sorted.
func usableModels(capabilities libvirtxml.DomainCaps) []string {
	if capabilities.CPU == nil {
		return nil
	}
	var names []string
	for _, mode := range capabilities.CPU.Modes {
		if mode.Name != "custom" || mode.Supported != "yes" {
			continue
		}
		for _, model := range mode.Models {
			if model.Usable == "yes" {
				names = append(names, model.Name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// hostCPU is the host's CPU in the form that libvirt computes with.
type hostCPU struct {
	XMLName xml.Name `xml:"cpu"`
	Arch    string   `xml:"arch"`
	Model   string   `xml:"model"`
	Vendor  string   `xml:"vendor,omitempty"`
	Feature []struct {
		Name string `xml:"name,attr"`
	} `xml:"feature"`
}

// readFlags are the features of the host's CPU. libvirt names those that the model
// of that CPU lacks; the others follow when the model is taken apart.
func readFlags(rpc *libvirt.Libvirt, cpu *libvirtxml.CapsHostCPU) []string {
	if cpu == nil || cpu.Model == "" {
		return nil
	}
	asked := hostCPU{Arch: cpu.Arch, Model: cpu.Model, Vendor: cpu.Vendor}
	var names []string
	for _, feature := range cpu.FeatureFlags {
		names = append(names, feature.Name)
		asked.Feature = append(asked.Feature, struct {
			Name string `xml:"name,attr"`
		}{feature.Name})
	}
	if text, err := xml.Marshal(asked); err == nil {
		var whole hostCPU
		expanded, err := rpc.ConnectBaselineCPU([]string{string(text)}, libvirt.ConnectBaselineCPUExpandFeatures)
		if err == nil && xml.Unmarshal([]byte(expanded), &whole) == nil {
			for _, feature := range whole.Feature {
				names = append(names, feature.Name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
