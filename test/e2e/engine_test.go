package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	kernelFile = "vmlinuz-guest"
	initrdFile = "initrd-guest.img"
	isoFile    = "vireo-guest.iso"
)

// quick are engine options for tests; a scenario may give others. What a guest
// needs time for has it, also on a busy machine.
var quick = map[string]string{
	"GuestAgentStartupTimeout":  "100s",
	"VmGracefulShutdownTimeout": "5s",
	"VmPoweringDownTimeout":     "100s",
	"VmRebootTimeout":           "45s",
	"VdsTimeout":                "2s",
	"HostPingInterval":          "1s",
	"VmMonitorTimeout":          "2s",
	"StatisticsInterval":        "1s",
	"GuestInfoInterval":         "5s",
	// A fifth of it is what a guest may stand still for at first: emulated guests with a kernel
	// bear few passes (docs/decisions/migration.md).
	"DefaultMaximumMigrationDowntime": "2500",
}

// engine is a data directory, and the `vireo serve` that works on it.
type engine struct {
	dataDir string
	// daemon is where its guests run.
	daemon *daemon
	flags  []string
	// names begins the names of its VMs.
	names string

	url    string
	client *http.Client
	run    *process

	// lostStorage says that the test has taken the engine's storage away for good.
	lostStorage bool
}

// process is one life of the program.
type process struct {
	command *exec.Cmd
	ended   chan struct{} // closed when it has ended and all its output was read
	err     error         // of Wait; to be read after ended

	mu  sync.Mutex
	log strings.Builder
}

// newDataDir makes a directory that QEMU's user can get through.
func newDataDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(dataRoot, fmt.Sprintf("%s%d-", prefix, os.Getpid())) //nolint:usetesting // QEMU's user cannot get into t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		unmountBelow(dir)
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("cleaning up: %v", err)
		}
	})
	return dir
}

// unmountBelow takes away what a test that has failed left mounted in a directory.
func unmountBelow(dir string) {
	mounts, _ := os.ReadFile("/proc/self/mounts")
	for line := range strings.Lines(string(mounts)) {
		if fields := strings.Fields(line); len(fields) > 1 && strings.HasPrefix(fields[1], dir+"/") {
			_ = exec.Command("umount", "--lazy", fields[1]).Run()
		}
	}
}

// newEngine serves from a fresh data directory, with the small guest in its ISO
// domain and short waiting times. Its guests go when the test ends.
func newEngine(t *testing.T, on *daemon, options map[string]string) *engine {
	t.Helper()
	return serveFrom(t, newDataDir(t), on, options)
}

func serveFrom(t *testing.T, dataDir string, on *daemon, options map[string]string) *engine {
	t.Helper()
	e := &engine{
		dataDir: dataDir, daemon: on, flags: []string{"--local-host", on.address},
		names: fmt.Sprintf("%s%d-%d-", prefix, os.Getpid(), made.Add(1)),
	}
	if strings.HasPrefix(on.address, "qemu+tcp:") {
		e.flags = append(e.flags, "--allow-insecure-hosts")
	}
	t.Cleanup(func() {
		e.kill(t)
		on.sweep(e.names)
		if t.Failed() && e.run != nil {
			t.Logf("the engine's log:\n%s", e.run.logged())
		}
	})
	t.Cleanup(func() {
		if !t.Failed() && !e.lostStorage {
			e.storageIsWhole(t)
		}
	})
	e.start(t)
	for name, value := range quick {
		if _, given := options[name]; !given {
			e.set(t, name, value)
		}
	}
	for name, value := range options {
		e.set(t, name, value)
	}
	// Intervals count from the next start on.
	e.stop(t)
	e.start(t)
	for _, name := range []string{kernelFile, initrdFile} {
		e.putISO(t, guestFolder, name)
	}
	e.awaitHost(t, "up")
	return e
}

// start runs the program until it is ready.
func (e *engine) start(t *testing.T, environment ...string) {
	t.Helper()
	if err := e.launch(environment...); err != nil {
		t.Fatalf("starting the engine: %v\n%s", err, e.run.logged())
	}
}

func (e *engine) launch(environment ...string) error {
	arguments := append([]string{"serve", "--data-dir", e.dataDir, "--listen", "127.0.0.1:0", "--log-format", "json"}, e.flags...)
	command := exec.Command(program, arguments...)
	command.Env = append(os.Environ(), append(environment, "VIREO_ADMIN_PASSWORD="+password)...)
	// A test that is killed takes its engine with it.
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	output, err := command.StderrPipe()
	if err != nil {
		return err
	}
	e.run = &process{command: command, ended: make(chan struct{})}
	if err := command.Start(); err != nil {
		return err
	}
	ready := make(chan string, 1)
	go e.run.follow(output, ready)
	select {
	case e.url = <-ready:
	case <-e.run.ended:
		return fmt.Errorf("it has ended: %w", e.run.err)
	case <-time.After(patience):
		return fmt.Errorf("it is not ready")
	}
	e.client, err = newClient(e.dataDir)
	return err
}

// follow keeps the log and finds the address in it.
func (p *process) follow(output io.Reader, ready chan<- string) {
	defer close(p.ended)
	lines := bufio.NewScanner(output)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var said struct{ Msg, URL string }
		if json.Unmarshal(lines.Bytes(), &said) == nil && said.Msg == "vireo is ready" {
			ready <- said.URL
		}
		p.mu.Lock()
		p.log.WriteString(lines.Text() + "\n")
		p.mu.Unlock()
	}
	p.err = p.command.Wait()
}

func (p *process) logged() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// stop ends the engine as an operator does.
func (e *engine) stop(t *testing.T) {
	t.Helper()
	e.end(t, syscall.SIGTERM)
	if e.run.err != nil {
		t.Errorf("the engine ended with an error: %v\n%s", e.run.err, e.run.logged())
	}
}

// kill ends the engine as a power failure does.
func (e *engine) kill(t *testing.T) { e.end(t, syscall.SIGKILL) }

func (e *engine) end(t *testing.T, signal syscall.Signal) {
	if e.run == nil || e.run.command.Process == nil {
		return
	}
	_ = e.run.command.Process.Signal(signal)
	e.awaitEnd(t)
}

// awaitEnd waits until the engine has ended, by whatever.
func (e *engine) awaitEnd(t *testing.T) {
	select {
	case <-e.run.ended:
	case <-time.After(patience):
		t.Errorf("the engine does not end")
		_ = e.run.command.Process.Kill()
		<-e.run.ended
	}
}

// tool runs another command of the program on the data directory.
func (e *engine) tool(arguments ...string) (string, error) { return e.toolWith("", arguments...) }

// toolWith is tool with a text on the standard input.
func (e *engine) toolWith(input string, arguments ...string) (string, error) {
	command := exec.Command(program, append(arguments, "--data-dir", e.dataDir)...)
	command.Stdin = strings.NewReader(input)
	output, err := command.CombinedOutput()
	return string(output), err
}

// lower sets an option until the test ends.
func (e *engine) lower(t *testing.T, name, value string) {
	t.Helper()
	e.set(t, name, value)
	t.Cleanup(func() { e.set(t, name, quick[name]) })
}

func (e *engine) set(t *testing.T, name, value string) {
	t.Helper()
	if output, err := e.tool("config", "set", name, value); err != nil {
		t.Fatalf("setting %s: %v: %s", name, err, output)
	}
}

// putISO copies a file into the ISO domain.
func (e *engine) putISO(t *testing.T, folder, name string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(folder, name))
	if err == nil {
		err = os.WriteFile(filepath.Join(e.dataDir, "iso", name), content, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// awaitHost waits for a status of the host `local`.
func (e *engine) awaitHost(t *testing.T, status string) {
	t.Helper()
	eventually(t, "the host to be "+status, func() (bool, string) {
		host := e.call(t, "GET", "/hosts?search=name%3Dlocal", "").body.at("host")
		state := host.text("status/state")
		return state == status, "it is " + state + " " + host.text("status/detail")
	})
}

// eventually asks until it is so, as clients do. The text says how it is.
func eventually(t *testing.T, what string, is func() (bool, string)) {
	t.Helper()
	within(t, patience, what, is)
}

func within(t *testing.T, limit time.Duration, what string, is func() (bool, string)) {
	t.Helper()
	deadline := time.Now().Add(limit)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		so, how := is()
		if so {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s: %s", limit, what, how)
		}
		<-tick.C
	}
}
