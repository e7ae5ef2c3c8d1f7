package main

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
)

// TestConverse: what is typed goes to the console up to the escape, and what comes from
// there is shown.
func TestConverse(t *testing.T) {
	for _, c := range []struct{ typed, goes string }{
		{"ls\r\x03\x1drm -r /\r", "ls\r\x03"}, {"\x1d", ""}, {"exit\r", "exit\r"},
	} {
		here, there := net.Pipe()
		heard := make(chan string, 1)
		go func() {
			text, _ := io.ReadAll(there)
			heard <- string(text)
		}()
		var screen bytes.Buffer
		if err := converse(here, strings.NewReader(c.typed), &screen); err != nil {
			t.Errorf("%q ends with %v", c.typed, err)
		}
		if got := <-heard; got != c.goes {
			t.Errorf("of %q the guest hears %q, want %q", c.typed, got, c.goes)
		}
	}

	// The end of the console ends it, though nobody types.
	here, there := net.Pipe()
	waits, typist := io.Pipe()
	defer typist.Close()
	go func() {
		_, _ = io.WriteString(there, "login: ")
		there.Close()
	}()
	var screen bytes.Buffer
	if err := converse(here, waits, &screen); err != nil && !errors.Is(err, io.EOF) {
		t.Errorf("the end of the console: %v", err)
	}
	if screen.String() != "login: " {
		t.Errorf("the screen shows %q", screen.String())
	}
}
