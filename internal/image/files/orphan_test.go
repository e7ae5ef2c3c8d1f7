package files_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vireo/internal/image/files"
	"vireo/internal/model"
)

// makerOf tells this test that it is the engine that is killed, and which tool it has.
const makerOf = "VIREO_TEST_MAKER_OF"

// TestToolDiesWithItsMaker: what a killed engine was making is not made on while the
// next engine makes it again.
func TestToolDiesWithItsMaker(t *testing.T) {
	if script := os.Getenv(makerOf); script != "" {
		f, err := files.New(files.Options{QEMUImg: script})
		must(t, err)
		domain := formatted(t, f, model.StorageDomainData)
		newDisk(t, f, domain, model.DiskCOW, true)
		t.Fatal("it was not killed")
	}
	folder := t.TempDir()
	script, pipe := filepath.Join(folder, "qemu-img"), filepath.Join(folder, "pipe")
	must(t, unix.Mkfifo(pipe, 0o600))
	must(t, os.WriteFile(script, []byte("#!/bin/sh\necho $$ > '"+pipe+"'\nexec sleep 600\n"), 0o700))
	maker := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestToolDiesWithItsMaker$")
	maker.Env = append(os.Environ(), makerOf+"="+script)
	must(t, maker.Start())
	said, err := os.ReadFile(pipe) // returns when the tool has started
	must(t, err)
	must(t, maker.Process.Kill())
	_ = maker.Wait()
	tool, err := strconv.Atoi(strings.TrimSpace(string(said)))
	must(t, err)
	for deadline := time.Now().Add(time.Minute); alive(tool); {
		if time.Now().After(deadline) {
			_ = unix.Kill(tool, unix.SIGKILL)
			t.Fatal("the tool works on")
		}
	}
}

// alive says whether a process is there and has not ended.
func alive(pid int) bool {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(text), ") Z ")
}
