package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
)

// machineFacts say what the figures were measured on, and nothing that tells
// whose machine it is.
func machineFacts(ctx context.Context) []fact {
	facts := []fact{
		{"processor", fmt.Sprintf("%s, %d cores", field("/proc/cpuinfo", "model name"), runtime.NumCPU())},
		{"memory", memory()},
		{"guests", guests()},
		{"kernel", release()},
		{"load average at the start", load()},
		{"libvirt, QEMU", strings.Join([]string{
			first(output(ctx, "libvirtd", "--version")), first(output(ctx, "qemu-system-x86_64", "--version")),
		}, "; ")},
		{"Go", strings.TrimPrefix(runtime.Version(), "go")},
	}
	return facts
}

// release is the kernel's version without what its builder has added.
func release() string {
	version, _, _ := strings.Cut(first(read("/proc/sys/kernel/osrelease")), "-")
	return "Linux " + version
}

// load is what the machine was busy with over 1, 5 and 15 minutes.
func load() string {
	fields := strings.Fields(read("/proc/loadavg"))
	return strings.Join(fields[:min(len(fields), 3)], ", ")
}

func memory() string {
	kilobytes, _ := strconv.Atoi(strings.TrimSuffix(field("/proc/meminfo", "MemTotal"), " kB"))
	return fmt.Sprintf("%.0f GiB", float64(kilobytes)/(1<<20))
}

// guests says how guests run here: by the processor's features, as libvirt's own
// validation does.
func guests() string {
	for flag := range strings.FieldsSeq(field("/proc/cpuinfo", "flags")) {
		if flag == "vmx" || flag == "svm" {
			return "with hardware virtualization where KVM is there"
		}
	}
	return "emulated (the processor has no hardware virtualization)"
}

func field(path, name string) string {
	for line := range strings.SplitSeq(read(path), "\n") {
		if key, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func read(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(data)
}

func output(ctx context.Context, program string, arguments ...string) string {
	data, err := exec.CommandContext(ctx, program, arguments...).Output()
	if err != nil {
		return program + " is not known"
	}
	return string(data)
}

func first(text string) string {
	lines := bufio.NewScanner(strings.NewReader(text))
	lines.Scan()
	return strings.TrimSpace(lines.Text())
}
