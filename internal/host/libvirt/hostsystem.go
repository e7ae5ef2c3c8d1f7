package libvirt

import (
	"context"
	"fmt"
	"strings"

	"vireo/internal/model"
)

// systemFiles are what libvirt does not tell of a host's kernel.
const (
	commandLineFile = "/proc/cmdline"
	enforceFile     = "/sys/fs/selinux/enforce"
	hugePagesFile   = "/sys/kernel/mm/transparent_hugepage/enabled"
	kdumpFile       = "/sys/kernel/kexec_crash_loaded"
	balancingFile   = "/proc/sys/kernel/numa_balancing"
	initiatorFile   = "/etc/iscsi/initiatorname.iscsi"
)

var systemFiles = []string{commandLineFile, enforceFile, hugePagesFile, kdumpFile, balancingFile, initiatorFile}

// nextFile begins what a host answers for each file.
const nextFile = "== "

// system reads them where files can be read: on this machine, and by ssh, with one login.
func (h *hypervisor) system(ctx context.Context) model.HostSystem {
	texts := map[string]string{}
	switch h.target.transport {
	case transportUnix:
		for _, path := range systemFiles {
			if text, err := readBeginning(path); err == nil {
				texts[path] = string(text)
			}
		}
	case transportSSH:
		command := fmt.Sprintf(`for f in %s; do if [ -r $f ]; then echo "%s$f"; head -c %d -- $f; echo; fi; done`,
			strings.Join(systemFiles, " "), nextFile, remoteFileLimit)
		said, err := runSSH(ctx, h.target, command)
		if err != nil {
			return model.HostSystem{}
		}
		texts = sortTexts(string(said))
	}
	return readSystem(texts)
}

// sortTexts takes apart what a host answers.
func sortTexts(said string) map[string]string {
	texts, path := map[string]string{}, ""
	for line := range strings.Lines(said) {
		if name, begins := strings.CutPrefix(line, nextFile); begins {
			path = strings.TrimSpace(name)
		} else if path != "" {
			texts[path] += line
		}
	}
	return texts
}

// readSystem reads the texts of the files that are there. A kernel that says what it was
// started with and nothing of SELinux has none.
func readSystem(texts map[string]string) model.HostSystem {
	line := func(path string) string { return strings.TrimSpace(texts[path]) }
	found := model.HostSystem{
		CommandLine: line(commandLineFile),
		SELinux:     map[string]string{"1": "enforcing", "0": "permissive"}[line(enforceFile)],
		Kdump:       onOrOff[line(kdumpFile)],
		Balancing:   onOrOff[line(balancingFile)],
	}
	if _, has := texts[enforceFile]; !has && found.CommandLine != "" {
		found.SELinux = "disabled"
	}
	if _, chosen, ok := strings.Cut(line(hugePagesFile), "["); ok {
		found.HugePages, _, _ = strings.Cut(chosen, "]")
	}
	for line := range strings.Lines(texts[initiatorFile]) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "InitiatorName="); ok {
			found.Initiator = name
		}
	}
	return found
}

var onOrOff = map[string]string{"1": "on", "0": "off"}
