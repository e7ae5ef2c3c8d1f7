package e2e

import (
	"bufio"
	"os"
	"strings"
	"testing"
	"time"
)

// counts waits until the guest counts on its serial console: it has booted, with
// or without an agent.
func (v *vm) counts(t *testing.T) {
	t.Helper()
	path := v.e.daemon.must(t, "ttyconsole", v.id)
	console, err := os.OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := make(chan bool, 1)
	go func() {
		lines := bufio.NewScanner(console)
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), "count ") {
				found <- true
				return
			}
		}
		found <- false
	}()
	select {
	case counted := <-found:
		if !counted {
			t.Fatalf("the serial console of %s has ended", v.name)
		}
		console.Close()
	case <-time.After(patience):
		// Nobody can end the reading but the end of the guest.
		t.Fatalf("%s does not count on its serial console", v.name)
	}
}
