package e2e

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// daemon is a libvirt daemon as a witness that is not the engine.
type daemon struct {
	// address is how the engine, and virsh, reach it.
	address string
}

// system is the machine's own daemon, which others use too.
var system = &daemon{address: systemURI}

// virsh runs a command and gives its output.
func (d *daemon) virsh(arguments ...string) (string, error) {
	return d.virshIn(patience, arguments...)
}

// virshIn is virsh that gives up after a while.
func (d *daemon) virshIn(limit time.Duration, arguments ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	output, err := exec.CommandContext(ctx, "virsh", append([]string{"--connect", d.address, "--quiet"}, arguments...)...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("virsh %s: %w: %s", strings.Join(arguments, " "), err, output)
	}
	return strings.TrimSpace(string(output)), nil
}

func (d *daemon) must(t *testing.T, arguments ...string) string {
	t.Helper()
	output, err := d.virsh(arguments...)
	if err != nil {
		t.Fatal(err)
	}
	return output
}

// state is what libvirt says of a guest: "running (booted)"; "none" of one that
// it does not know.
func (d *daemon) state(id string) string {
	output, err := d.virsh("domstate", "--reason", id)
	if err != nil {
		return "none"
	}
	return output
}

// define makes a guest that the engine knows nothing of.
func (d *daemon) define(t *testing.T, definition string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "domain.xml")
	if err := os.WriteFile(path, []byte(definition), 0o600); err != nil {
		t.Fatal(err)
	}
	d.must(t, "define", path)
}

// sweep removes all guests there whose names begin so.
func (d *daemon) sweep(names string) {
	output, _ := d.virsh("list", "--all", "--name")
	for name := range strings.FieldsSeq(output) {
		if strings.HasPrefix(name, names) {
			d.erase(name)
		}
	}
}

// erase removes a guest and what was made for its run, which no engine does any more.
func (d *daemon) erase(name string) {
	id, err := d.virsh("domuuid", name)
	_, _ = d.virsh("destroy", name)
	_, _ = d.virsh("undefine", name)
	if err == nil {
		// An engine that is killed while it removes seeds leaves their pool defined.
		_, _ = d.virsh("pool-destroy", "vireo-seeds-"+id)
		_, _ = d.virsh("pool-undefine", "vireo-seeds-"+id)
		_ = os.RemoveAll(filepath.Join(seedRoot, "vireo-seeds-"+id))
	}
}

// qemus finds the QEMU processes of a guest, on whatever daemon of this machine.
// One that has ended and waits to be reaped is none.
func qemus(id string) []int {
	var found []int
	processes, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, process := range processes {
		text, err := os.ReadFile(process)
		if err != nil || !strings.Contains(string(text), "\x00-uuid\x00"+id+"\x00") {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(process))); err == nil {
			found = append(found, pid)
		}
	}
	return found
}

// agent asks the agent in a guest.
func (d *daemon) agent(id, command string, arguments, into any) error {
	request, err := json.Marshal(map[string]any{"execute": command, "arguments": arguments})
	if err != nil {
		return err
	}
	output, err := d.virsh("qemu-agent-command", "--timeout", "60", id, string(request))
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(output), &struct{ Return any }{into})
}

// inside runs a shell command in a guest and gives its output.
func (d *daemon) inside(id, command string) (string, error) {
	var started struct{ PID int }
	err := d.agent(id, "guest-exec", map[string]any{"path": "/bin/sh", "arg": []string{"-c", command}, "capture-output": true}, &started)
	if err != nil {
		return "", err
	}
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		var status struct {
			Exited   bool
			ExitCode int
			OutData  string `json:"out-data"`
			ErrData  string `json:"err-data"`
		}
		if err := d.agent(id, "guest-exec-status", map[string]any{"pid": started.PID}, &status); err != nil {
			return "", err
		}
		if status.Exited {
			output, _ := base64.StdEncoding.DecodeString(status.OutData)
			if status.ExitCode != 0 {
				complaint, _ := base64.StdEncoding.DecodeString(status.ErrData)
				return "", fmt.Errorf("%s in the guest ended with %d: %s%s", command, status.ExitCode, output, complaint)
			}
			return strings.TrimSpace(string(output)), nil
		}
	}
	return "", fmt.Errorf("%s in the guest does not end", command)
}
