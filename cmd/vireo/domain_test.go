package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vireo/internal/server"
)

const joinPassword = "p@55w0rd of the joiner"

// TestDomain: domains are kept, running and at rest; passwords come from
// standard input and are never seen again.
func TestDomain(t *testing.T) {
	dataDir := t.TempDir()
	at := []string{"--data-dir", dataDir}
	e := startEngine(t, dataDir, nil)
	for _, running := range []bool{true, false} {
		if !running {
			e.terminate()
		}
		said := must(t, joinPassword+"\n", append(at, "domain", "set", "Corp.Example.COM", "--join-user", `CORP\joiner`)...)
		must(t, "", append(at, "domain", "set", "corp.example.com", "--description", "The company")...)
		said += must(t, "", append(at, "domain", "list")...)
		if !regexp.MustCompile(`(?m)^corp\.example\.com +CORP\\joiner +The company\ninternal +- +The users`).MatchString(said) {
			t.Errorf("the list is\n%s", said)
		}
		refused(t, "both are to be given", nil, append(at, "domain", "set", "corp.example.com", "--join-user", "joiner")...)
		refused(t, "DNS name", nil, append(at, "domain", "set", "<corp>")...)
		refused(t, "already in use", nil, append(at, "domain", "set", "internal")...)
		refused(t, "could be removed", nil, append(at, "domain", "remove", "other.example.com")...)
		must(t, "", append(at, "domain", "set", "corp.example.com", "--join-user", "", "--description", "")...)
		if got := must(t, "", append(at, "domain", "list")...); !regexp.MustCompile(`(?m)^corp\.example\.com +-\s*$`).MatchString(got) {
			t.Errorf("the list is\n%s", got)
		}
		must(t, "", append(at, "domain", "remove", "CORP.example.com")...)
		if got := must(t, "", append(at, "domain", "list")...); strings.Contains(got, "corp") {
			t.Errorf("the list is\n%s", got)
		}
		if strings.Contains(said, joinPassword) {
			t.Errorf("the password was printed: %s", said)
		}
	}
	if strings.Contains(e.log.String(), joinPassword) {
		t.Error("the password is in the log")
	}
	refused(t, "no engine's data", nil, "domain", "list", "--data-dir", t.TempDir())
}

// TestDomainPrompt: on a terminal the password is asked for and not shown.
func TestDomainPrompt(t *testing.T) {
	dataDir := t.TempDir()
	e := startEngine(t, dataDir, nil)
	e.terminate()
	keyboard, terminal := pseudoTerminal(t)
	command := vireo(t, nil, "domain", "set", "corp.example.com", "--join-user", "joiner", "--data-dir", dataDir)
	command.Stdin, command.Stdout, command.Stderr = terminal, terminal, terminal
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	if err := terminal.Close(); err != nil {
		t.Fatal(err)
	}
	var seen bytes.Buffer
	for piece := make([]byte, 1024); !strings.Contains(seen.String(), "Password of joiner: "); {
		n, err := keyboard.Read(piece)
		if err != nil {
			t.Fatalf("it asked for nothing: %v\n%s", err, &seen)
		}
		seen.Write(piece[:n])
	}
	silent(t, keyboard)
	if _, err := keyboard.WriteString(joinPassword + "\n"); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(&seen, keyboard) // ends with an error once nobody has the terminal open
	if err := command.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, &seen)
	}
	if strings.Contains(seen.String(), joinPassword) {
		t.Errorf("the terminal shows the password:\n%s", &seen)
	}
	if got := must(t, "", "domain", "list", "--data-dir", dataDir); !regexp.MustCompile(`(?m)^corp\.example\.com +joiner`).MatchString(got) {
		t.Errorf("the list is\n%s", got)
	}
}

// silent waits until a terminal does not show what is typed, as somebody does who
// only then begins to type.
func silent(t *testing.T, keyboard *os.File) {
	t.Helper()
	late := time.After(patience)
	for {
		settings, err := unix.IoctlGetTermios(int(keyboard.Fd()), unix.TCGETS)
		if err != nil {
			t.Fatal(err)
		}
		if settings.Lflag&unix.ECHO == 0 {
			return
		}
		select {
		case <-late:
			t.Fatal("the terminal goes on to show what is typed")
		case <-time.After(time.Millisecond): // another process
		}
	}
}

// pseudoTerminal makes a terminal and what stands for its keyboard and screen.
func pseudoTerminal(t *testing.T) (keyboard, terminal *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = keyboard.Close() })
	fd := int(keyboard.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return keyboard, terminal
}

// TestBackupKey: the key goes and comes with the backup, and its loss is told.
func TestBackupKey(t *testing.T) {
	dataDir, backup := t.TempDir(), filepath.Join(t.TempDir(), "one")
	e := startEngine(t, dataDir, nil)
	e.terminate()
	if err := os.WriteFile(backup+server.KeySuffix, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, "one.key is there already", nil, "backup", backup, "--data-dir", dataDir)
	if err := os.Remove(backup + server.KeySuffix); err != nil {
		t.Fatal(err)
	}
	must(t, "", "backup", backup, "--data-dir", dataDir)
	if said := must(t, "", "restore", backup, "--data-dir", t.TempDir()); strings.Contains(said, "anew") {
		t.Errorf("with its key: %s", said)
	}
	if err := os.Remove(backup + server.KeySuffix); err != nil {
		t.Fatal(err)
	}
	if said := must(t, "", "restore", backup, "--data-dir", t.TempDir()); !strings.Contains(said, "passwords for guests and join accounts of domains must be set anew.\n") {
		t.Errorf("without its key: %s", said)
	}
}
