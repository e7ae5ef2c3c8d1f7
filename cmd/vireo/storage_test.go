package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vireo/internal/storagecheck"
)

// TestStorageCheck: running and at rest, for people and for programs; what is found
// makes the command fail.
func TestStorageCheck(t *testing.T) {
	dataDir := t.TempDir()
	check := []string{"storage", "check", "--data-dir", dataDir}
	e := startEngine(t, dataDir, nil)
	domains, err := filepath.Glob(filepath.Join(dataDir, "storage", "local-data", "*", "images"))
	if err != nil || len(domains) != 1 {
		t.Fatalf("the data domain is %v, %v", domains, err)
	}
	strange := filepath.Join(domains[0], "notes.txt")
	for _, running := range []bool{true, false} {
		if !running {
			e.terminate()
		}
		if said := must(t, "", check...); !strings.Contains(said, "3 storage domains with 0 volumes were looked at; findings: 0") {
			t.Errorf("it says %q", said)
		}
		if err := os.WriteFile(strange, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		refused(t, "warning strange_file  local-data:images/notes.txt\n    It is nothing that belongs into a storage domain.\n    The engine", nil, check...)
		output, ok := finish(t, "", nil, append(check, "--format", "json")...)
		var report storagecheck.Report
		if err := json.Unmarshal([]byte(output), &report); err != nil || ok || len(report.Findings) != 1 || report.Findings[0].Kind != storagecheck.Strange {
			t.Errorf("as JSON it says %v, %v: %s", ok, err, output)
		}
		if err := os.Remove(strange); err != nil {
			t.Fatal(err)
		}
	}
	refused(t, "text or json", nil, append(check, "--format", "yaml")...)
	refused(t, "no engine's data", nil, "storage", "check", "--data-dir", t.TempDir())
}
