package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"
)

// inside is the program that the bench runs in guests (test/bench/inside), by its path
// there.
const inside = "/inside"

// bringInside adds the program to an initrd: an archive behind the first one counts too.
func bringInside(ctx context.Context, s *settings, initrd string) error {
	folder, err := os.MkdirTemp(s.folder, "inside-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	build := exec.CommandContext(ctx, "go", "build", "-ldflags", "-s -w", "-o", filepath.Join(folder, "inside"), "vireo/test/bench/inside")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building what runs in the guest: %w: %s", err, said)
	}
	pack := exec.CommandContext(ctx, "cpio", "--quiet", "-o", "-H", "newc", "-R", "0:0")
	pack.Dir, pack.Stdin = folder, strings.NewReader("inside\n")
	archive, err := pack.Output()
	if err != nil {
		return fmt.Errorf("packing what runs in the guest: %w", err)
	}
	file, err := os.OpenFile(initrd, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err == nil {
		// An archive begins where four bytes do.
		_, err = file.Write(append(make([]byte, (4-info.Size()%4)%4), archive...))
	}
	return errors.Join(err, file.Close())
}

// agent asks the agent in a guest.
func (h *hypervisor) agent(guest uuid.UUID, command string, arguments, into any) error {
	request, err := json.Marshal(map[string]any{"execute": command, "arguments": arguments})
	if err != nil {
		return err
	}
	said, err := h.rpc.QEMUDomainAgentCommand(h.domain(guest), string(request), int32(patience.Seconds()), 0)
	if err != nil {
		return fmt.Errorf("the agent of the guest: %s: %w", command, err)
	}
	if len(said) == 0 {
		return fmt.Errorf("the agent of the guest: %s: it says nothing", command)
	}
	return json.Unmarshal([]byte(said[0]), &struct{ Return any }{into})
}

// run starts a shell command in a guest.
func (h *hypervisor) run(guest uuid.UUID, command string) (process int, err error) {
	var started struct{ PID int }
	err = h.agent(guest, "guest-exec", map[string]any{
		"path": "/bin/sh", "arg": []string{"-c", command}, "capture-output": true,
	}, &started)
	return started.PID, err
}

// finish waits for a command in a guest and gives what it has printed.
func (h *hypervisor) finish(ctx context.Context, guest uuid.UUID, process int) (string, error) {
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	pause := time.NewTicker(20 * time.Millisecond)
	defer pause.Stop()
	for {
		var status struct {
			Exited   bool
			ExitCode int
			OutData  string `json:"out-data"`
			ErrData  string `json:"err-data"`
		}
		if err := h.agent(guest, "guest-exec-status", map[string]any{"pid": process}, &status); err != nil {
			return "", err
		}
		if status.Exited {
			printed, _ := base64.StdEncoding.DecodeString(status.OutData)
			complained, _ := base64.StdEncoding.DecodeString(status.ErrData)
			if status.ExitCode != 0 {
				return "", fmt.Errorf("the command in the guest has failed (%d): %s", status.ExitCode, complained)
			}
			return strings.TrimSpace(string(printed)), nil
		}
		select {
		case <-pause.C:
		case <-bounded.Done():
			return "", fmt.Errorf("the command in the guest does not end: %w", bounded.Err())
		}
	}
}

// inside runs a shell command in a guest to its end.
func (h *hypervisor) inside(ctx context.Context, guest uuid.UUID, command string) (string, error) {
	process, err := h.run(guest, command)
	if err != nil {
		return "", err
	}
	return h.finish(ctx, guest, process)
}

// awaitMounted waits until the agent answers and the guest has its disk.
func (h *hypervisor) awaitMounted(ctx context.Context, guest uuid.UUID) error {
	bounded, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	pause := time.NewTicker(500 * time.Millisecond)
	defer pause.Stop()
	for {
		_, err := h.inside(bounded, guest, "grep -q /mnt/vda /proc/mounts")
		if err == nil {
			return nil
		}
		select {
		case <-pause.C:
		case <-bounded.Done():
			return fmt.Errorf("the guest has not mounted its disk: %w", err)
		}
	}
}
