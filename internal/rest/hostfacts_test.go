package rest_test

import "testing"

// TestHostFacts: what a host says of itself, in both versions; what it does not say is left
// out.
func TestHostFacts(t *testing.T) {
	e := newEdge(t)
	at := "/hosts/" + string(e.withBridges("br0"))
	e.want(200, "GET", "/api"+at, "", `<cpu id="Intel SandyBridge Family">`, "<level>7</level>", "<architecture>X86_64</architecture>",
		"<version>2.0</version>", "<family>Imaginary</family>", "<selinux>", "<mode>enforcing</mode>", "<transparent_hugepages>",
		"<initiator>iqn.2026-01.org.example:fake</initiator>", "<kdump_status>disabled</kdump_status>", "<auto_numa_status>enable</auto_numa_status>",
		"<numa_supported>false</numa_supported>", "<device_passthrough>", `<libvirt_version major="9" minor="0" build="0" full_version="9.0.0"/>`,
		"<external_status>")
	e.want(200, "GET", "/ovirt-engine/api"+at, "", "<type>Intel SandyBridge Family</type>", "<level>7</level>", "<architecture>x86_64</architecture>",
		"<se_linux>", "<mode>enforcing</mode>", "<reported_kernel_cmdline>quiet</reported_kernel_cmdline>", "<kdump_status>disabled</kdump_status>",
		"<family>Imaginary</family>", "<full_version>9.0.0</full_version>", "<major>9</major>")
}
