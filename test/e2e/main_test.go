package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	// systemURI is the libvirt daemon that most tests use.
	systemURI = "qemu:///system"
	// dataRoot is where the engines' data is: QEMU's user can get there.
	dataRoot = "/var/tmp"
	// prefix begins the names of everything that these tests make; the number of
	// the process that made it follows.
	prefix = "vireo-e2e-"
	// patience is for what takes a few seconds on an idle machine.
	patience = 2 * time.Minute
)

var (
	// program is what is tested. It can be told to kill itself at a step
	// of a job (VIREO_CRASH_AT, build tag crashpoints).
	program string
	// guestFolder holds kernel and initrd of the small guest.
	guestFolder string
	// soak asks for all repetitions.
	soak = os.Getenv("VIREO_SOAK") != ""
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	folder, err := prepare()
	if folder != "" {
		defer os.RemoveAll(folder)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	defer sweep(strconv.Itoa(os.Getpid()))
	return m.Run()
}

// prepare builds the program and finds what the tests need.
func prepare() (folder string, err error) {
	if os.Geteuid() != 0 {
		return "", fmt.Errorf("these tests drive qemu:///system and start daemons of their own: run them as root")
	}
	guestFolder = os.Getenv("VIREO_TEST_GUEST")
	if guestFolder == "" {
		guestFolder = "/var/cache/vireo/guest"
	}
	for _, name := range []string{kernelFile, initrdFile} {
		if _, err := os.Stat(filepath.Join(guestFolder, name)); err != nil {
			return "", fmt.Errorf("the small guest is missing (make guest): %w", err)
		}
	}
	if output, err := exec.Command("virsh", "--connect", systemURI, "uri").CombinedOutput(); err != nil {
		return "", fmt.Errorf("libvirt does not answer (scripts/start-libvirt): %w: %s", err, output)
	}
	sweepDead()
	if folder, err = os.MkdirTemp("", "vireo-program-"); err != nil {
		return "", err
	}
	program = filepath.Join(folder, "vireo")
	build := exec.Command("go", "build", "-tags", "crashpoints", "-o", program, "vireo/cmd/vireo")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		return folder, fmt.Errorf("building the program: %w\n%s", err, output)
	}
	return folder, nil
}

// sweepDead removes what runs that were killed have left.
func sweepDead() {
	for _, name := range domainNames() {
		rest, ours := strings.CutPrefix(name, prefix)
		maker, _, _ := strings.Cut(rest, "-")
		if ours && dead(maker) {
			sweep(maker)
		}
	}
	sweepLinks(dead)
	folders, _ := filepath.Glob(filepath.Join(dataRoot, prefix+"*"))
	for _, folder := range folders {
		maker, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(folder), prefix), "-")
		if dead(maker) {
			_ = exec.Command("umount", "--lazy", dataDomain(folder)).Run()
			_ = os.RemoveAll(folder)
		}
	}
}

func dead(process string) bool {
	_, err := os.Stat("/proc/" + process)
	return err != nil
}

// sweep removes all guests on the machine's daemon that a process has made.
func sweep(maker string) {
	for _, name := range domainNames() {
		if strings.HasPrefix(name, prefix+maker+"-") {
			system.erase(name)
		}
	}
}

func domainNames() []string {
	output, err := exec.Command("virsh", "--connect", systemURI, "--quiet", "list", "--all", "--name").Output()
	if err != nil {
		return nil
	}
	return strings.Fields(string(output))
}
