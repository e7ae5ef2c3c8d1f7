package rest_test

import (
	"testing"

	"vireo/internal/host/fake"
	"vireo/internal/model"
)

// TestPlacementIsTold: a start that no host will do for is refused with each host and its
// own reason (api-v3 3.2), as the first filter that it does not pass gives it.
func TestPlacementIsTold(t *testing.T) {
	e := newEdge(t)
	facts := func(change func(*model.HostFacts)) fake.MachineSpec {
		of := model.HostFacts{
			Hostname: "host", UUID: string(model.NewID()), Memory: 64 << 30, Topology: model.Topology{Sockets: 1, Cores: 8, Threads: 1},
			Accelerated: true, Displays: []model.DisplayType{model.DisplayVNC}, MachineTypes: []string{"pc-q35-7.2"},
			CPUModels: []string{"Haswell"}, Networks: []string{"ovirtmgmt", "blue"}, ImageUID: -1, ImageGID: -1,
		}
		change(&of)
		return fake.MachineSpec{Facts: &of}
	}
	hosts := e.withHosts(map[string]fake.MachineSpec{
		"b-small":   facts(func(of *model.HostFacts) { of.Memory = 1 << 30 }),
		"c-narrow":  facts(func(of *model.HostFacts) { of.Topology.Cores = 2 }),
		"d-old":     facts(func(of *model.HostFacts) { of.CPUModels = []string{"Nehalem"} }),
		"e-newer":   facts(func(of *model.HostFacts) { of.MachineTypes = []string{"pc-q35-9.9"} }),
		"f-blind":   facts(func(of *model.HostFacts) { of.Displays = []model.DisplayType{model.DisplaySPICE} }),
		"g-distant": facts(func(of *model.HostFacts) { of.Networks = nil }),
	})
	blue := idIn(t, e.want(201, "POST", "/api/networks", `<network><name>blue</name><data_center><name>Default</name></data_center></network>`))
	e.want(201, "POST", clusterPath+"/networks", `<network id="`+blue+`"/>`)
	vm := e.addVM("vm", `<memory>8589934592</memory><cpu><topology sockets="4" cores="1" threads="1"/></cpu><custom_cpu_model>Haswell</custom_cpu_model>
		<custom_emulated_machine>pc-q35-7.2</custom_emulated_machine><display><type>vnc</type></display>`)
	e.want(201, "POST", "/api/vms/"+vm+"/nics", `<nic><name>nic1</name><network><name>blue</name></network></nic>`)
	e.want(409, "POST", "/api/vms/"+vm+"/start", "<action/>",
		"[Cannot run VM. There is no host that satisfies current scheduling constraints. See below for details:, ",
		"The host b-small did not satisfy internal filter Memory because its available memory is too low (768.000000 MB) to run the VM.",
		"The host c-narrow did not satisfy internal filter CPU because it does not have enough cores to run the VM.",
		"The host d-old did not satisfy internal filter CPU-Level because its CPU level Intel Nehalem Family is lower than the VM requires Haswell.",
		"The host e-newer did not satisfy internal filter Emulated-Machine because it does not support the machine type pc-q35-7.2.",
		"The host f-blind did not satisfy internal filter Display because its QEMU does not support the display type vnc.",
		"The host g-distant did not satisfy internal filter Network because network(s) blue are missing.")
	e.want(200, "PUT", "/api/vms/"+vm, `<vm><placement_policy><host id="`+hosts["g-distant"]+`"/></placement_policy></vm>`)
	e.want(409, "POST", "/api/vms/"+vm+"/start", "<action/>",
		"The host f-blind did not satisfy internal filter PinToHost because the VM is to run on another host.",
		"The host g-distant did not satisfy internal filter Network because network(s) blue are missing.",
		"Note: The VM is pinned to Host 'g-distant' but cannot run on it.")
}
