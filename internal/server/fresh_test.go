package server_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vireo/internal/model"
	"vireo/internal/server"
	"vireo/internal/store"
)

// TestFreshStart: the first start makes what a fresh engine has, and keeps
// secrets to itself.
func TestFreshStart(t *testing.T) {
	s := newSite(t)
	s.config.AdminPassword = ""
	s.start()

	for name, want := range map[string]os.FileMode{
		"admin-password": 0o600, "vireo.db": 0o600, "pki": os.ModeDir | 0o700,
		"control.sock": os.ModeSocket | 0o600, "ca.pem": 0o644,
	} {
		if got := s.mode(name); got != want {
			t.Errorf("%s has the mode %v instead of %v", name, got, want)
		}
	}
	made, err := os.ReadFile(s.path("admin-password"))
	if err != nil {
		t.Fatal(err)
	}
	s.config.AdminPassword = strings.TrimSpace(string(made))
	if len(s.config.AdminPassword) < 16 {
		t.Errorf("the password that was made has %d letters", len(s.config.AdminPassword))
	}
	for path, texts := range map[string][]string{
		"/api/datacenters/" + string(server.DefaultDataCenter): {"<name>Default</name>"},
		"/api/clusters/" + string(server.DefaultCluster):       {"<name>Default</name>"},
		"/api/networks/" + string(server.ManagementNetwork):    {"<name>ovirtmgmt</name>"},
		"/api/templates/" + string(model.BlankID):              {"<name>Blank</name>"},
		"/api/users/" + string(server.Administrator):           {"<user_name>admin@internal</user_name>"},
		"/api/hosts":          {"<name>local</name>"},
		"/api/roles":          {"<name>SuperUser</name>", "<name>UserRole</name>"},
		"/api/storagedomains": {"<name>local-data</name>", "<name>local-iso</name>", "<name>local-export</name>"},
	} {
		s.want(200, "GET", path, "", texts...)
	}

	// What is put into iso/ is listed.
	if err := os.WriteFile(filepath.Join(s.path("iso"), "installer.iso"), []byte("an image"), 0o644); err != nil {
		t.Fatal(err)
	}
	domain := s.engine.Inventory.StorageDomains.Named("local-iso")[0]
	s.want(200, "GET", "/api/storagedomains/"+string(domain.ID)+"/files", "", "installer.iso")
}

// TestPasswordGiven: a password that was given is nowhere written down.
func TestPasswordGiven(t *testing.T) {
	s := newSite(t)
	s.start()
	s.want(200, "GET", "/api", "")
	if _, err := os.Lstat(s.path("admin-password")); !os.IsNotExist(err) {
		t.Errorf("there is an admin-password: %v", err)
	}
	if got := s.ask("GET", "/api", "", "Authorization", ""); got.code != 401 {
		t.Errorf("without a password: %d", got.code)
	}
}

// TestSecondStart: everything is there again, ids included, and another first
// password changes nothing.
func TestSecondStart(t *testing.T) {
	s := newSite(t)
	s.start()
	vm := s.addVM("kept")
	authority, engineID := s.read("ca.pem"), s.engine.Engine.ID
	domains := s.want(200, "GET", "/api/storagedomains", "").body
	s.end()

	before := s.config.AdminPassword
	s.config.AdminPassword = "another one"
	s.start()
	s.config.AdminPassword = before
	s.want(200, "GET", "/api/vms/"+vm, "", "<name>kept</name>")
	if got := s.read("ca.pem"); got != authority {
		t.Error("the second start has made another authority")
	}
	if s.engine.Engine.ID != engineID || engineID == "" {
		t.Errorf("the engine's id was %q and is %q", engineID, s.engine.Engine.ID)
	}
	if got := ids(s.want(200, "GET", "/api/storagedomains", "").body); got != ids(domains) {
		t.Errorf("storage domains were\n%s\nand are\n%s", ids(domains), got)
	}
}

// TestInterruptedFirstStart: a password that was made before the data was is the
// one that counts.
func TestInterruptedFirstStart(t *testing.T) {
	s := newSite(t)
	s.config.AdminPassword = ""
	if err := os.WriteFile(s.path("admin-password"), []byte("made by a start that died\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.start()
	s.config.AdminPassword = "made by a start that died"
	s.want(200, "GET", "/api", "")
}

// TestOneEngine: a second engine on the same data is refused, and told who is
// there.
func TestOneEngine(t *testing.T) {
	s := newSite(t)
	s.start()
	second := &site{T: t, config: s.config, world: s.world, log: s.log}
	err := second.try()
	held, ok := errors.AsType[*store.HeldError](err)
	if !ok {
		t.Fatalf("the second engine got %v", err)
	}
	name, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(held.Holder, name) {
		t.Errorf("the holder is %q and not on %s", held.Holder, name)
	}
	s.want(200, "GET", "/healthz", "", "ok")
}

func (s *site) read(name string) string {
	s.Helper()
	data, err := os.ReadFile(s.path(name))
	if err != nil {
		s.Fatal(err)
	}
	return string(data)
}

// ids are those of a list.
func ids(list string) string {
	var found []string
	for line := range strings.SplitSeq(list, "\n") {
		if strings.HasPrefix(line, "    <storage_domain ") {
			found = append(found, line)
		}
	}
	return strings.Join(found, "\n")
}
