package e2e

import (
	"os"
	"strings"
	"testing"
	"time"
)

// console is a guest's serial console and somebody who types there.
type console struct {
	file *os.File
	// heard is what was printed and not yet waited for.
	heard string
}

// console opens the serial console. Only one can read it at a time.
func (v *vm) console(t *testing.T) *console {
	t.Helper()
	file, err := os.OpenFile(v.e.daemon.must(t, "ttyconsole", v.id), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return &console{file: file}
}

// say types a line.
func (c *console) say(t *testing.T, line string) {
	t.Helper()
	if _, err := c.file.WriteString(line + "\r"); err != nil {
		t.Fatalf("typing on the serial console: %v", err)
	}
}

// expect waits until one of the words is printed, and tells which was first.
func (c *console) expect(t *testing.T, words ...string) string {
	t.Helper()
	if err := c.file.SetReadDeadline(time.Now().Add(2 * patience)); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 4096)
	for {
		if word := c.first(words); word != "" {
			return word
		}
		n, err := c.file.Read(buffer)
		if err != nil {
			t.Fatalf("waiting for %q on the serial console: %v; there is %q", words, err, c.heard)
		}
		c.heard += string(buffer[:n])
	}
}

// first finds the word that was heard first, and forgets everything up to it.
func (c *console) first(words []string) string {
	found, end := "", len(c.heard)+1
	for _, word := range words {
		if i := strings.Index(c.heard, word); i >= 0 && i+len(word) < end {
			found, end = word, i+len(word)
		}
	}
	if found != "" {
		c.heard = c.heard[end:]
	}
	return found
}

// logsIn checks that the password lets a user in on the serial console, and
// that another does not.
func (v *vm) logsIn(t *testing.T, user, password string) {
	t.Helper()
	c := v.console(t)
	c.say(t, "")
	if outcome := c.login(t, user, "not "+password); outcome != refusal {
		t.Errorf("a wrong password for %s on the serial console: %q", user, outcome)
	}
	if outcome := c.login(t, user, password); outcome == refusal {
		t.Errorf("the password does not let %s in on the serial console", user)
		return
	}
	c.say(t, "echo I am $(id -un).")
	c.expect(t, "I am "+user+".")
	c.say(t, "exit")
	c.expect(t, "login: ")
}

// refusal is what a login that fails prints.
const refusal = "Login incorrect"

func (c *console) login(t *testing.T, user, password string) string {
	t.Helper()
	c.expect(t, "login: ")
	c.say(t, user)
	c.expect(t, "Password: ")
	c.say(t, password)
	return c.expect(t, refusal, "# ", "$ ")
}
