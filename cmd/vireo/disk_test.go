package main

import (
	"bytes"
	"crypto/rand"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// noise makes a file of so many bytes that cannot be foreseen.
func noise(t *testing.T, size int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "noise.raw")
	content := make([]byte, size)
	_, _ = rand.Read(content)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// ended gives the code that a command has ended with.
func ended(t *testing.T, err error) int {
	t.Helper()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return failed.ExitCode()
	}
	if err != nil {
		t.Fatal(err)
	}
	return 0
}

// same compares two files.
func same(t *testing.T, one, other string) {
	t.Helper()
	first, err := os.ReadFile(one)
	second, also := os.ReadFile(other)
	if err := errors.Join(err, also); err != nil || !bytes.Equal(first, second) {
		t.Errorf("%s and %s differ: %v", one, other, err)
	}
}

// TestDiskCommands uploads and downloads as the administrator of the local engine does,
// who has to say nothing of it, and ends with the codes that scripts look at.
func TestDiskCommands(t *testing.T) {
	dataDir := filepath.Join(t.TempDir(), "made")
	e := startEngine(t, dataDir, []string{"VIREO_ADMIN_PASSWORD="})
	local := []string{"VIREO_DATA_DIR=" + dataDir, "VIREO_URL=" + e.url + "/ovirt-engine/api"}
	file := noise(t, 3<<20)
	upload := vireo(t, local, "disk", "upload", file, "--name", "noise", "--storage-domain", "local-data", "--format", "cow")
	var said bytes.Buffer
	upload.Stderr = &said
	id, err := upload.Output()
	if err != nil || len(strings.TrimSpace(string(id))) != 36 || !strings.Contains(said.String(), "disk noise: 3.0 MiB, checksum ") {
		t.Fatalf("the upload said %q and %s: %v", id, &said, err)
	}
	back := filepath.Join(t.TempDir(), "back")
	if output, ok := finish(t, "", local, "disk", "download", "noise", back, "--format", "raw"); !ok {
		t.Fatalf("the download said %s", output)
	}
	same(t, file, back)
	for name, c := range map[string]struct {
		code      int
		arguments []string
	}{
		"file is there":  {exitUnusable, []string{"disk", "download", "noise", back}},
		"empty file":     {exitUnusable, []string{"disk", "upload", os.DevNull}},
		"no file":        {exitFailed, []string{"disk", "upload", "/nowhere"}},
		"no disk":        {exitFailed, []string{"disk", "download", "nothing", back + "2"}},
		"no engine":      {exitFailed, []string{"disk", "upload", file, "--url", "https://127.0.0.1:1/ovirt-engine/api"}},
		"no address":     {exitFailed, []string{"disk", "upload", file, "--url", "engine"}},
		"other format":   {exitFailed, []string{"disk", "upload", file, "--format", "vmdk"}},
		"wrong password": {exitFailed, []string{"disk", "upload", file, "--password-file", file}},
	} {
		if code := ended(t, vireo(t, local, c.arguments...).Run()); code != c.code {
			t.Errorf("%s: it ended with %d", name, code)
		}
	}
}

// TestProgressOnATerminal uploads and downloads on a terminal, which is shown how far it is.
func TestProgressOnATerminal(t *testing.T) {
	dataDir := filepath.Join(t.TempDir(), "made")
	e := startEngine(t, dataDir, []string{"VIREO_ADMIN_PASSWORD="})
	local := []string{"VIREO_DATA_DIR=" + dataDir, "VIREO_URL=" + e.url + "/ovirt-engine/api"}
	file, back := noise(t, 24<<20), filepath.Join(t.TempDir(), "back")
	shows(t, "upload", local, []string{"disk", "upload", file, "--name", "noise", "--storage-domain", "local-data"})
	shows(t, "download", local, []string{"disk", "download", "noise", back, "--format", "raw"})
	same(t, file, back)
}

// shows wants a bar to be drawn from its beginning to its end.
func shows(t *testing.T, what string, environment, arguments []string) {
	t.Helper()
	plain := vireo(t, environment, arguments...)
	terminal := exec.Command("script", "--quiet", "--return", "--command", strings.Join(plain.Args, " "), os.DevNull)
	terminal.Env = plain.Env
	output, err := terminal.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", what, err, output)
	}
	bars := strings.Split(string(output), "\r"+what+" [")
	if last := bars[len(bars)-1]; len(bars) < 3 || !strings.HasPrefix(last, strings.Repeat("=", barWidth)+"] 100% 24.0 MiB of 24.0 MiB") {
		t.Errorf("%d bars were drawn, the last is %q", len(bars)-1, last)
	}
}

// TestInterruptedUpload presses Ctrl-C while an engine does not answer.
func TestInterruptedUpload(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	command := vireo(t, []string{"VIREO_DATA_DIR=" + t.TempDir()}, "disk", "upload", noise(t, 512), "--url", "http://"+silent.Addr().String())
	command.Stdin = strings.NewReader("secret\n")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	conn, err := silent.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := ended(t, command.Wait()); code != exitInterrupted {
		t.Errorf("it ended with %d", code)
	}
}

// TestUploadOutlivesEngine ends the engine in the middle of an upload; with the next one
// it goes on.
func TestUploadOutlivesEngine(t *testing.T) {
	for name, signal := range map[string]syscall.Signal{"killed": syscall.SIGKILL, "stopped": syscall.SIGTERM} {
		t.Run(name, func(t *testing.T) { outlives(t, signal) })
	}
}

func outlives(t *testing.T, signal syscall.Signal) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	_ = free.Close()
	dataDir := filepath.Join(t.TempDir(), "made")
	secret := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(secret, []byte(password), 0o600); err != nil {
		t.Fatal(err)
	}
	e := startEngine(t, dataDir, nil, "--listen", address)
	file := noise(t, 256<<20)
	upload := vireo(t, []string{"VIREO_DATA_DIR=" + dataDir, "VIREO_URL=" + e.url + "/ovirt-engine/api", "VIREO_PASSWORD_FILE=" + secret},
		"disk", "upload", file, "--name", "noise")
	var said bytes.Buffer
	upload.Stdout, upload.Stderr = &said, &said
	if err := upload.Start(); err != nil {
		t.Fatal(err)
	}
	e.until("/ovirt-engine/api/imagetransfers", "<phase>transferring</phase>")
	// The client stands still, so that the engine dies before it is done.
	if err := upload.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	_ = e.command.Process.Signal(signal)
	_ = e.command.Wait()
	next := startEngine(t, dataDir, nil, "--listen", address)
	if err := upload.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- upload.Wait() }()
	select {
	case err := <-done:
		if err != nil {
			t.Fatalf("the upload has failed: %v: %s", err, &said)
		}
	case <-time.After(2 * patience):
		_ = upload.Process.Kill()
		t.Fatal("the upload does not end")
	}
	next.want(200, "GET", "/ovirt-engine/api/disks?search=alias%3Dnoise", "", password)
	back := filepath.Join(t.TempDir(), "back")
	if output, ok := finish(t, "", []string{"VIREO_DATA_DIR=" + dataDir, "VIREO_URL=" + next.url + "/ovirt-engine/api", "VIREO_PASSWORD_FILE=" + secret}, "disk", "download", "noise", back); !ok {
		t.Fatalf("the download said %s", output)
	}
	same(t, file, back)
}

// TestProgressLine: a bar says how much, how fast, and how long to go.
func TestProgressLine(t *testing.T) {
	p := &progress{what: "upload"}
	for _, c := range []struct {
		done, total int64
		took        time.Duration
		want        string
	}{
		{0, 1 << 20, 0, "upload [                              ]   0% 0 B of 1.0 MiB"},
		{512 << 10, 1 << 20, 2 * time.Second, "upload [===============               ]  50% 512.0 KiB of 1.0 MiB, 256.0 KiB/s, 2s left"},
		{1 << 40, 1 << 40, 1024 * time.Second, "upload [==============================] 100% 1.0 TiB of 1.0 TiB, 1.0 GiB/s, 0s left"},
	} {
		if got := p.line(c.done, c.total, c.took); got != c.want {
			t.Errorf("%q", got)
		}
	}
}
