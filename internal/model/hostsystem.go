package model

// HostSystem is what the files of a host say of its kernel. What could not be read is
// empty.
type HostSystem struct {
	// CommandLine is what the kernel was started with.
	CommandLine string `json:"command_line,omitempty"`
	// SELinux is "enforcing", "permissive" or "disabled".
	SELinux string `json:"selinux,omitempty"`
	// HugePages says for whom the kernel makes them by itself: "always", "madvise" or "never".
	HugePages string `json:"huge_pages,omitempty"`
	// Kdump and Balancing say "on" or "off": whether a kernel is loaded that writes down
	// what is left after a crash, and whether memory follows processes between NUMA nodes.
	Kdump     string `json:"kdump,omitempty"`
	Balancing string `json:"balancing,omitempty"`
	// Initiator is its name on iSCSI networks.
	Initiator string `json:"initiator,omitempty"`
}
