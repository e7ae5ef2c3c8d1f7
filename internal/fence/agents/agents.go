package agents

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"vireo/internal/fence"
)

// Programs are the fence agents in one folder.
type Programs struct {
	folder string
}

// Folder is where distributions keep fence agents.
const Folder = "/usr/sbin"

const (
	// namePrefix begins the name of each agent's program.
	namePrefix = "fence_"
	// longestAnswer bounds what is kept of what an agent says, in bytes.
	longestAnswer = 256 << 10
	// powerSwitch is how long an agent may take to switch: machines are slow to lose
	// their power, and some agents wait for it. asking is for its other answers.
	powerSwitch = 2 * time.Minute
	asking      = 30 * time.Second
)

// statusOff is the exit status of an agent that has found a machine without power
// (the agents' API: 0 is on).
const statusOff = 2

// New uses the agents in a folder, usually [Folder].
func New(folder string) *Programs { return &Programs{folder: folder} }

// Types implements [fence.Fences]: what has a program here.
func (p *Programs) Types() []string {
	found, err := filepath.Glob(filepath.Join(p.folder, namePrefix+"*"))
	if err != nil {
		return nil // the folder's name is no pattern
	}
	var types []string
	for _, path := range found {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			types = append(types, strings.TrimPrefix(filepath.Base(path), namePrefix))
		}
	}
	slices.Sort(types)
	return types
}

// Status implements [fence.Fences].
func (p *Programs) Status(ctx context.Context, agent fence.Agent) (fence.Power, error) {
	_, err := p.run(ctx, asking, agent, "status")
	if err == nil {
		return fence.PowerOn, nil
	}
	if ended, ok := errors.AsType[*exec.ExitError](err); ok && ended.ExitCode() == statusOff {
		return fence.PowerOff, nil
	}
	return "", err
}

// TurnOff implements [fence.Fences]. The agent's word that it has switched is not
// believed before it has said, asked once more, that there is no power.
func (p *Programs) TurnOff(ctx context.Context, agent fence.Agent) error {
	if _, err := p.run(ctx, powerSwitch, agent, "off"); err != nil {
		return err
	}
	power, err := p.Status(ctx, agent)
	if err != nil {
		return err
	}
	if power != fence.PowerOff {
		return fmt.Errorf("%w: it says that it has switched the power off, and then that there is power", fence.ErrAgent)
	}
	return nil
}

// TurnOn implements [fence.Fences].
func (p *Programs) TurnOn(ctx context.Context, agent fence.Agent) error {
	_, err := p.run(ctx, powerSwitch, agent, "on")
	return err
}

// run has an agent's program do one thing, and gives what it has written to its output.
func (p *Programs) run(ctx context.Context, limit time.Duration, agent fence.Agent, action string) ([]byte, error) {
	if err := p.Check(agent); err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(limited, filepath.Join(p.folder, namePrefix+agent.Type))
	cmd.Env = []string{"LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/nonexistent"}
	cmd.Stdin = strings.NewReader(input(agent, action))
	cmd.WaitDelay = 5 * time.Second
	// An agent that goes on for an engine that has died could switch off what the next
	// one has switched on. The signal is that of the thread's death.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var output, said bounded
	cmd.Stdout, cmd.Stderr = io.MultiWriter(&output, &said), &said
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("fence agent %s: %w", agent.Type, ctx.Err())
	case limited.Err() != nil:
		return nil, fmt.Errorf("%w: %s did not answer within %s", fence.ErrAgent, agent.Type, limit)
	case err != nil:
		return nil, fmt.Errorf("%w: %s: %s: %w", fence.ErrAgent, agent.Type, sentence(string(said.kept), agent), err)
	}
	return output.kept, nil
}

// sentence is the last line of what an agent has said that says something, without
// the password.
func sentence(said string, agent fence.Agent) string {
	last := "it said nothing"
	for line := range strings.Lines(said) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "Please use '-h'") {
			last = line
		}
	}
	if agent.Password != "" {
		last = strings.ReplaceAll(last, agent.Password, "…")
	}
	return strings.ToValidUTF8(last[:min(len(last), 300)], "")
}

// bounded keeps the beginning of what is written to it, by whomever. It is no
// io.ReaderFrom, which would keep all.
type bounded struct {
	mu   sync.Mutex
	kept []byte
}

func (b *bounded) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kept = append(b.kept, p[:min(len(p), longestAnswer-len(b.kept))]...)
	return len(p), nil
}
