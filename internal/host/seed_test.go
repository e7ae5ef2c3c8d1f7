package host_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"vireo/internal/host"
)

func TestSeedsAreChecked(t *testing.T) {
	seed := func(name string, drive host.SeedDrive, size int) host.Seed {
		return host.Seed{Name: name, Drive: drive, Image: make([]byte, size)}
	}
	for _, test := range []struct {
		name     string
		floppies []string
		seeds    []host.Seed
		reason   string
	}{
		{"none", nil, nil, ""},
		{"one of each, at the limits", []string{"/a"}, []host.Seed{
			seed("config-drive", host.SeedCDROM, host.MaxSeedCDROM), seed("a", host.SeedFloppy, host.MaxSeedFloppy),
		}, ""},
		{"no name", nil, []host.Seed{seed("", host.SeedCDROM, 1)}, "has a name"},
		{"a path", nil, []host.Seed{seed("../a", host.SeedCDROM, 1)}, "has a name"},
		{"upper case", nil, []host.Seed{seed("Config", host.SeedCDROM, 1)}, "has a name"},
		{"a hyphen at the end", nil, []host.Seed{seed("config-", host.SeedCDROM, 1)}, "has a name"},
		{"a long name", nil, []host.Seed{seed(strings.Repeat("a", 33), host.SeedCDROM, 1)}, "has a name"},
		{"a line more", nil, []host.Seed{seed("config\n", host.SeedCDROM, 1)}, "has a name"},
		{"twice the same", nil, []host.Seed{seed("a", host.SeedCDROM, 1), seed("a", host.SeedFloppy, 1)}, "two seeds"},
		{"another drive", nil, []host.Seed{seed("a", "tape", 1)}, "does not exist"},
		{"empty", nil, []host.Seed{seed("a", host.SeedCDROM, 0)}, "is empty"},
		{"a large CD", nil, []host.Seed{seed("a", host.SeedCDROM, host.MaxSeedCDROM+1)}, "16777217 bytes"},
		{"a large floppy", nil, []host.Seed{seed("a", host.SeedFloppy, host.MaxSeedFloppy+1)}, "2949121 bytes"},
		{"three floppies", []string{"/a", "/b"}, []host.Seed{seed("a", host.SeedFloppy, 1)}, "at most 2 floppy drives"},
	} {
		t.Run(test.name, func(t *testing.T) {
			spec := &host.GuestSpec{Floppies: test.floppies, Seeds: test.seeds}
			err := spec.CheckSeeds()
			if test.reason == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var refused *host.RefusedError
			if !errors.As(err, &refused) || refused.Code != host.RefusedUnsupported || !strings.Contains(refused.Reason, test.reason) {
				t.Errorf("got %v, want a refusal with %q", err, test.reason)
			}
		})
	}
}

func TestSeedsDoNotShowTheirContent(t *testing.T) {
	spec := host.GuestSpec{Seeds: []host.Seed{{Name: "config", Drive: host.SeedCDROM, Image: []byte("opensesame")}}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		for _, value := range []any{spec, &spec, spec.Seeds[0]} {
			text := fmt.Sprintf(verb, value)
			if strings.Contains(text, "opensesame") || strings.Contains(text, "111 112 101") || strings.Contains(text, "0x6f, 0x70") {
				t.Errorf("%s shows it: %s", verb, text)
			}
			if !strings.Contains(text, "config") {
				t.Errorf("%s does not show the name: %s", verb, text)
			}
		}
	}
}
