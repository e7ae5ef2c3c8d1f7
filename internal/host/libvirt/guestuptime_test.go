package libvirt

import (
	"errors"
	"testing"
	"time"

	"vireo/internal/host"
)

func TestReadUptime(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"12.34 20.10\n": 12340 * time.Millisecond,
		"0.00 0.00\n":   0,
		"86400.5":       24*time.Hour + 500*time.Millisecond,
	} {
		if got, err := readUptime(text); err != nil || got != want {
			t.Errorf("%q: %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "long", "-1.0 0", "1h 2"} {
		_, err := readUptime(text)
		if refused, ok := errors.AsType[*host.RefusedError](err); !ok || refused.Code != host.RefusedUnsupported {
			t.Errorf("%q: %v", text, err)
		}
	}
}
