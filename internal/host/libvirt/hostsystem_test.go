package libvirt

import (
	"testing"

	"vireo/internal/model"
)

// TestReadSystem: what the files of a host say, as they come one after the other.
func TestReadSystem(t *testing.T) {
	for name, each := range map[string]struct {
		said string
		want model.HostSystem
	}{
		"everything": {
			"== /proc/cmdline\nroot=/dev/sda1 quiet\n\n== /sys/fs/selinux/enforce\n1\n== /sys/kernel/mm/transparent_hugepage/enabled\nalways [madvise] never\n\n" +
				"== /sys/kernel/kexec_crash_loaded\n1\n== /proc/sys/kernel/numa_balancing\n0\n" +
				"== /etc/iscsi/initiatorname.iscsi\n# a word\nInitiatorName=iqn.1994-05.com.example:one\n\n",
			model.HostSystem{
				CommandLine: "root=/dev/sda1 quiet", SELinux: "enforcing", HugePages: "madvise", Kdump: "on", Balancing: "off",
				Initiator: "iqn.1994-05.com.example:one",
			},
		},
		"a kernel without SELinux": {"== /proc/cmdline\nquiet\n", model.HostSystem{CommandLine: "quiet", SELinux: "disabled"}},
		"nothing":                  {"", model.HostSystem{}},
		"nonsense":                 {"hello\n== /sys/kernel/kexec_crash_loaded\n7\n== /sys/kernel/mm/transparent_hugepage/enabled\nalways\n", model.HostSystem{}},
	} {
		if got := readSystem(sortTexts(each.said)); got != each.want {
			t.Errorf("%s: it is read as %+v, want %+v", name, got, each.want)
		}
	}
}
