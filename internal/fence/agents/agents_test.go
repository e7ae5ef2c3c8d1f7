package agents_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"vireo/internal/fence"
	"vireo/internal/fence/agents"
)

// stand is a folder with an agent "test", a script.
func stand(t *testing.T, script string) (*agents.Programs, string) {
	t.Helper()
	folder := t.TempDir()
	text := "#!/bin/sh\ncd '" + folder + "' || exit 1\ncat >input\n" + script
	if err := os.WriteFile(filepath.Join(folder, "fence_test"), []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return agents.New(folder), folder
}

// TestDummy drives a real agent of the package fence-agents.
func TestDummy(t *testing.T) {
	if _, err := os.Stat(filepath.Join(agents.Folder, "fence_dummy")); err != nil {
		t.Fatal("the package fence-agents is not installed (scripts/install-packages test)")
	}
	real := agents.New(agents.Folder)
	dummy := fence.Agent{Type: "dummy", Address: "127.0.0.1", Options: map[string]string{"type": "file"}}
	if !slices.Contains(real.Types(), "dummy") || !slices.Contains(real.Types(), "ipmilan") {
		t.Errorf("the types are %v", real.Types())
	}
	// Its status is kept in a file of a fixed name.
	t.Cleanup(func() { _ = os.Remove("/tmp/fence_dummy.status") })
	for _, each := range []struct {
		turn func(context.Context, fence.Agent) error
		want fence.Power
	}{{real.TurnOn, fence.PowerOn}, {real.TurnOff, fence.PowerOff}, {real.TurnOff, fence.PowerOff}, {real.TurnOn, fence.PowerOn}} {
		if err := each.turn(t.Context(), dummy); err != nil {
			t.Fatal(err)
		}
		if power, err := real.Status(t.Context(), dummy); err != nil || power != each.want {
			t.Errorf("its power is %q, %v; want %q", power, err, each.want)
		}
	}
	dummy.Options["type"] = "fail"
	if err := real.TurnOff(t.Context(), dummy); !errors.Is(err, fence.ErrAgent) {
		t.Errorf("an agent that fails: %v", err)
	}
}

// TestReach: what agents cut a machine off from is in what they say of themselves.
func TestReach(t *testing.T) {
	real := agents.New(agents.Folder)
	for kind, want := range map[string]fence.Reach{
		"ipmilan": {}, "apc": {}, "dummy": {},
		"brocade": {Storage: true}, "sanbox2": {Storage: true},
		"scsi": {Storage: true, Itself: true}, "mpath": {Storage: true, Itself: true},
	} {
		if reach, err := real.Reach(t.Context(), kind); err != nil || reach != want {
			t.Errorf("%s: %+v, %v; want %+v", kind, reach, err, want)
		}
	}
	for script, says := range map[string]string{
		"exit 1":    "it said nothing",
		"echo none": "cannot be read",
		"echo '<resource-agent><actions><action name=\"on\"/></actions></resource-agent>'": "cannot switch anything off",
		"head -c 1000000 /dev/zero": "cannot be read",
	} {
		programs, _ := stand(t, script)
		if reach, err := programs.Reach(t.Context(), "test"); !errors.Is(err, fence.ErrAgent) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %+v, %v", script, reach, err)
		}
	}
}

// TestInput: what an agent is told, and that its password is on no command line.
func TestInput(t *testing.T) {
	programs, folder := stand(t, `tr '\0' ' ' </proc/$$/cmdline >line; exit 0`)
	agent := fence.Agent{
		Type: "test", Address: "pdu.example", Port: 22, Username: "operator", Password: "pass word=1", Encrypt: true,
		Options: map[string]string{"plug": "7", "delay": "2"},
	}
	if err := programs.TurnOn(t.Context(), agent); err != nil {
		t.Fatal(err)
	}
	const want = "action=on\nip=pdu.example\nusername=operator\npassword=pass word=1\nipport=22\ndelay=2\nplug=7\nssl=1\n"
	if read := text(t, filepath.Join(folder, "input")); read != want {
		t.Errorf("it was told %q, want %q", read, want)
	}
	if line := text(t, filepath.Join(folder, "line")); strings.Contains(line, "pass") {
		t.Errorf("its command line is %q", line)
	}
	if agent.Options["ssl"] != "" {
		t.Error("the options of the caller were changed")
	}
}

// TestAnswers: an answer that is not understood is an error, never a status.
func TestAnswers(t *testing.T) {
	for _, each := range []struct {
		script string
		power  fence.Power
		says   string
	}{
		{"exit 0", fence.PowerOn, ""},
		{"exit 2", fence.PowerOff, ""},
		{"echo 'Unable to connect/login'; exit 1", "", "Unable to connect/login"},
		{"echo 'login secret-word failed' >&2; exit 3", "", "login … failed"},
		{"exit 1", "", "it said nothing"},
		{"kill -9 $$", "", "killed"},
		{"head -c 100000 /dev/zero | tr '\\0' x; exit 1", "", "xxx"},
	} {
		programs, _ := stand(t, each.script)
		power, err := programs.Status(t.Context(), fence.Agent{Type: "test", Password: "secret-word"})
		if power != each.power || (each.says == "") != (err == nil) {
			t.Errorf("%s: %q, %v", each.script, power, err)
		}
		if err != nil && (!errors.Is(err, fence.ErrAgent) || !strings.Contains(err.Error(), each.says) || len(err.Error()) > 500) {
			t.Errorf("%s: %v", each.script, err)
		}
	}
}

// TestOffIsProven: an agent whose status stays on has cut nothing off.
func TestOffIsProven(t *testing.T) {
	programs, _ := stand(t, "exit 0") // the same answer to off and to status
	if err := programs.TurnOff(t.Context(), fence.Agent{Type: "test"}); !errors.Is(err, fence.ErrAgent) {
		t.Errorf("turning off: %v", err)
	}
}

// TestAgentHangs: one that does not end is ended with its caller's patience.
func TestAgentHangs(t *testing.T) {
	programs, folder := stand(t, "echo $$ >pid; exec sleep 1000")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		for {
			if _, err := os.Stat(filepath.Join(folder, "pid")); err == nil || ctx.Err() != nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	if _, err := programs.Status(ctx, fence.Agent{Type: "test"}); !errors.Is(err, context.Canceled) {
		t.Errorf("an agent that hangs: %v", err)
	}
}

func TestCheck(t *testing.T) {
	programs, _ := stand(t, "exit 0")
	for name, agent := range map[string]fence.Agent{
		"no program":      {Type: "nothing"},
		"a path":          {Type: "../../bin/sh"},
		"no type":         {},
		"two lines":       {Type: "test", Password: "a\naction=on"},
		"a null":          {Type: "test", Username: "a\x00b"},
		"an action":       {Type: "test", Options: map[string]string{"action": "on"}},
		"a program":       {Type: "test", Options: map[string]string{"ipmitool_path": "/tmp/evil"}},
		"a script":        {Type: "test", Options: map[string]string{"password_script": "/tmp/evil"}},
		"a file":          {Type: "test", Options: map[string]string{"debug_file": "/etc/passwd"}},
		"a strange name":  {Type: "test", Options: map[string]string{"plug=1\nip": "2"}},
		"a strange value": {Type: "test", Options: map[string]string{"plug": "1\nip=2"}},
	} {
		if err := programs.Check(agent); !errors.Is(err, fence.ErrAgent) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := programs.Check(fence.Agent{Type: "test", Options: map[string]string{"plug": "3"}}); err != nil {
		t.Error(err)
	}
}

func text(t *testing.T, path string) string {
	t.Helper()
	read, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(read)
}
