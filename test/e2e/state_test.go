package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestOneStateOneEngine: a second engine on the same data directory says who has
// it, and one on a copy of it is noticed.
func TestOneStateOneEngine(t *testing.T) {
	t.Parallel()
	e := newEngine(t, system, nil)
	v := e.create(t)

	second, err := exec.Command(program, "serve", "--data-dir", e.dataDir, "--listen", "127.0.0.1:0").CombinedOutput()
	if err == nil {
		t.Error("a second engine worked on the same data")
	}
	if holder := fmt.Sprint(e.run.command.Process.Pid); !strings.Contains(string(second), "in use by another engine") ||
		!strings.Contains(string(second), holder) {
		t.Errorf("the second engine does not name process %s: %s", holder, second)
	}

	// The copy is made while the first does not run; then both do.
	e.stop(t)
	other := &engine{dataDir: newDataDir(t), daemon: e.daemon, flags: e.flags}
	t.Cleanup(func() { other.kill(t) })
	copied, err := exec.Command("cp", "--archive", e.dataDir+"/.", other.dataDir).CombinedOutput()
	if err != nil {
		t.Fatalf("copying: %v: %s", err, copied)
	}
	e.start(t)
	other.start(t)
	e.awaitHost(t, "up")
	other.awaitHost(t, "up")

	theirs := &vm{e: other, id: v.id, name: v.name}
	theirs.up(t)
	qemu := v.running(t)
	// The first engine sees a run that it has not begun, and leaves it alone.
	v.await(t, "unknown")
	v.told(t, "20004")
	for _, action := range []string{"start", "stop", "shutdown"} {
		e.refused(t, 409, "POST", v.path()+"/"+action, "<action/>")
	}
	if now := v.running(t); now != qemu {
		t.Errorf("QEMU was process %d and is %d", qemu, now)
	}
	theirs.act(t, "shutdown")
	theirs.await(t, "down")
	v.await(t, "down")
	// The other way about, without a moment for anybody to look.
	v.act(t, "start")
	if said := other.ask(t, "POST", v.path()+"/start", "<action/>"); said.code < 400 {
		t.Errorf("two engines have started one VM: %s", said.text)
	}
	v.await(t, "up")
	v.running(t)
	v.act(t, "stop")
	v.await(t, "down")
}

// TestBackup: the state comes back after the data directory was lost with guests
// running, also those that were started after the backup.
func TestBackup(t *testing.T) {
	t.Parallel()
	e := newEngine(t, system, nil)
	before, after := e.create(t), e.create(t)
	before.up(t)
	qemu := before.running(t)
	backup := filepath.Join(t.TempDir(), "backup")
	if output, err := e.tool("backup", backup); err != nil {
		t.Fatalf("backup: %v: %s", err, output)
	}
	if output, err := e.tool("backup", backup); err == nil {
		t.Errorf("a backup was overwritten: %s", output)
	}
	after.up(t)
	counted := before.count(t)
	e.kill(t)
	entries, err := os.ReadDir(e.dataDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if err := os.RemoveAll(filepath.Join(e.dataDir, entry.Name())); err != nil {
			t.Fatal(err)
		}
	}
	e.lostStorage = true
	if output, err := e.tool("restore", backup); err != nil {
		t.Fatalf("restore: %v: %s", err, output)
	}
	if output, err := e.tool("restore", backup); err == nil {
		t.Errorf("a state was replaced without being asked to: %s", output)
	}
	e.start(t)
	before.await(t, "up")
	after.await(t, "up")
	after.told(t, "20005")
	if now := before.running(t); now != qemu {
		t.Errorf("QEMU was process %d and is %d", qemu, now)
	}
	if again := before.count(t); again < counted {
		t.Errorf("the guest had counted to %d and is at %d", counted, again)
	}
	eventually(t, "what the guest says", func() (bool, string) {
		return before.get(t).text("guest_info/fqdn") != "", ""
	})
	for _, v := range []*vm{before, after} {
		v.act(t, "shutdown")
		v.await(t, "down")
		v.gone(t)
	}
}
