package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestVMCommands exports and imports as the administrator of the local engine does, who
// has to say nothing of it, and ends with the codes that scripts look at.
func TestVMCommands(t *testing.T) {
	dataDir, archives := filepath.Join(t.TempDir(), "made"), filepath.Join(t.TempDir(), "archives")
	e := startEngine(t, dataDir, []string{"VIREO_ADMIN_PASSWORD="}, "--ova-dir", archives)
	local := []string{"VIREO_DATA_DIR=" + dataDir, "VIREO_URL=" + e.url + "/ovirt-engine/api"}
	secret, err := os.ReadFile(filepath.Join(dataDir, "admin-password"))
	if err != nil {
		t.Fatal(err)
	}
	e.want(201, "POST", "/api/vms", "<vm><name>web</name><cluster><name>Default</name></cluster><template><name>Blank</name></template></vm>", strings.TrimSpace(string(secret)))
	run := func(arguments ...string) string {
		t.Helper()
		output, ok := finish(t, "", local, arguments...)
		if !ok {
			t.Fatalf("%v said %s", arguments, output)
		}
		return strings.TrimSpace(output)
	}
	run("vm", "export", "web", "web.ova")
	if _, err := os.Stat(filepath.Join(archives, "web.ova")); err != nil {
		t.Error(err)
	}
	id := run("vm", "import", filepath.Join(archives, "web.ova"), "--clone", "--name", "again", "--cluster", "Default", "--storage-domain", "local-data")
	if len(id) != 36 {
		t.Errorf("the import said %q", id)
	}
	run("vm", "export", id, "again.ova")
	for name, c := range map[string]struct {
		says      string
		arguments []string
	}{
		"no VM":            {"0 VMs are called", []string{"vm", "export", "nothing", "x.ova"}},
		"a file is there":  {"exists already", []string{"vm", "export", "web", "web.ova"}},
		"another place":    {"OVA files are kept in " + archives, []string{"vm", "export", "web", "/tmp/web.ova"}},
		"no file":          {"There is no", []string{"vm", "import", "absent.ova"}},
		"the same once":    {"same identifier", []string{"vm", "import", "web.ova"}},
		"no cluster":       {"", []string{"vm", "import", "web.ova", "--clone", "--name", "x", "--cluster", "nowhere"}},
		"too few words":    {"accepts 2 arg", []string{"vm", "export", "web"}},
		"the name is used": {"already in use", []string{"vm", "import", "web.ova", "--clone"}},
	} {
		output, err := vireo(t, local, c.arguments...).CombinedOutput()
		if code := ended(t, err); code != exitFailed || !strings.Contains(string(output), c.says) {
			t.Errorf("%s: it ended with %d and said %s", name, code, output)
		}
	}
}
