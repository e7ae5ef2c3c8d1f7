// Package internal_test holds the plan of the house: which package may import
// which, in one table.
package internal_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// house says, for each package under internal/, which others of the project it
// may import outside its tests. A package that is not here has no place in the
// house. A name that ends in /... stands for the packages below it.
var house = map[string][]string{
	// Foundation: the words.
	"model":   {},
	"fault":   {},
	"version": {},

	// Ports: three cellar doors, and the ground behind them.
	"host":                     {"model"},
	"host/libvirt":             {"host", "model", "rfb"},
	"host/fake":                {"host", "lease", "model", "rfb"},
	"host/hosttest":            {"host", "model", "rfb"},
	"host/measured":            {"host", "model"},
	"fence":                    {},
	"fence/agents":             {"fence"},
	"lease":                    {"model"},
	"lease/sanlock":            {"lease", "model"},
	"image":                    {"model"},
	"image/files":              {"image", "model"},
	"image/blockhash":          {},
	"image/imagetest":          {"image", "model"},
	"store":                    {"model"},
	"store/sqlstore":           {"store", "model"},
	"store/storetest":          {"store", "model"},
	"store/storetest/postgres": {},

	// Walls: one idea each.
	"inventory":          {"model", "store"},
	"lifecycle":          {"model", "host"},
	"audit":              {"model"},
	"option":             {"inventory"},
	"auth":               {"model"},
	"auth/ldap":          {"model", "auth"},
	"auth/ldap/ldaptest": {"model"},
	"pki":                {},
	"rfb":                {},
	"vault":              {"model"},
	"seed":               {},
	"guestagent":         {"model"},
	"ova":                {},
	"ovf":                {"model"},
	"search":             {},
	"job":                {"model", "fault", "inventory", "store"},
	"storagecheck":       {"model", "inventory", "image"},

	// Floor: what happens.
	"engine": {
		"model", "fault", "host", "image", "store", "inventory", "lifecycle", "audit", "option",
		"auth", "fence", "lease", "job", "vault", "ovf", "engine/placement",
	},
	"engine/placement":  {"model", "fault", "inventory", "lifecycle"},
	"engine/watch":      {"model", "fault", "host", "image", "lease", "store", "inventory", "lifecycle", "audit", "option", "storagecheck", "engine", "engine/fencing"},
	"engine/fencing":    append([]string{"fence"}, rooms...),
	"engine/vms":        append([]string{"lease"}, rooms...),
	"engine/disks":      rooms,
	"engine/nics":       rooms,
	"engine/networks":   append([]string{"auth"}, rooms...),
	"engine/cdroms":     rooms,
	"engine/tags":       rooms,
	"engine/clusters":   rooms,
	"engine/options":    rooms,
	"engine/domains":    rooms,
	"engine/access":     append([]string{"auth"}, rooms...),
	"engine/storage":    rooms,
	"engine/hosts":      append([]string{"fence"}, rooms...),
	"engine/exports":    append([]string{"engine/vms", "engine/templates", "ova"}, rooms...),
	"engine/templates":  append([]string{"engine/vms"}, rooms...),
	"engine/snapshots":  rooms,
	"engine/pools":      append([]string{"auth", "engine/vms"}, rooms...),
	"engine/transfers":  rooms,
	"engine/guests":     rooms,
	"engine/consoles":   append([]string{"auth", "rfb"}, rooms...),
	"engine/enginetest": {"..."},
	"engine/sitetest":   {"..."},

	"engine/affinitygroups": rooms,

	// Roof: what can be seen.
	"rest/wire": {},

	"rest/figures": {"model"},

	"rest/v3": {"model", "fault", "lifecycle", "auth", "search", "rest/wire", "rest/figures"},
	"rest/v4": {"model", "fault", "rest/wire", "rest/figures"},
	"rest": {
		"model", "fault", "lifecycle", "auth", "search", "store", "engine", "engine/placement", "engine/vms", "engine/disks",
		"engine/nics", "engine/networks", "engine/cdroms", "engine/tags", "engine/affinitygroups", "engine/storage", "engine/templates", "engine/exports",
		"engine/snapshots", "engine/pools", "engine/transfers", "engine/access", "engine/consoles", "engine/fencing", "engine/hosts", "ovf", "vault", "rest/wire", "rest/v3", "rest/v4",
	},
	"rest/images":   {"model", "image", "image/blockhash", "engine/transfers"},
	"rest/consoles": {"model", "fault", "host", "engine/consoles"},
	"web":           {},

	// A client, that knows the API from outside.
	"client": {"image/blockhash"},

	// The whole.
	"server": {"..."},
}

// rooms may use everything below the floor, and one another's params.
var rooms = []string{
	"model", "fault", "host", "image", "inventory", "lifecycle", "audit", "option", "job", "seed", "vault", "ovf", "guestagent",
	"engine", "engine/placement",
}

// rights are modules that only some packages may use: each in one room.
var rights = map[string][]string{
	"github.com/digitalocean/go-libvirt": {"host/libvirt"},
	"libvirt.org/go/libvirtxml":          {"host/libvirt"},
	"database/sql":                       {"store/sqlstore", "store/storetest/postgres"},
	"modernc.org/sqlite":                 {"store/sqlstore"},
	"github.com/jackc/pgx":               {"store/sqlstore", "store/storetest/postgres"},
	"github.com/pressly/goose":           {"store/sqlstore"},
	"net/http":                           {"rest", "rest/v3", "rest/images", "rest/consoles", "web", "server", "client"},
	"os/exec":                            {"auth/ldap/ldaptest", "fence/agents", "lease/sanlock", "image/files", "image/imagetest", "host/libvirt", "store/storetest/postgres"},
	"go.yaml.in/yaml":                    {"seed"},
	"github.com/go-ldap/ldap":            {"auth/ldap"},
	"github.com/go-asn1-ber/asn1-ber":    {"auth/ldap"},
	"github.com/coder/websocket":         {"rest/consoles", "client"},
	"github.com/spf13/cobra":             {},
	"github.com/prometheus":              {"rest", "server", "host/measured"},
}

const module = "vireo/internal/"

func TestHouse(t *testing.T) {
	seen := make(map[string]bool)
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		room := filepath.ToSlash(filepath.Dir(path))
		if room == "." || strings.Contains(room, "testdata") {
			return nil
		}
		may, placed := house[room]
		if !placed && !seen[room] {
			t.Errorf("the package %s has no place in the house; give it one in house_test.go and ARCHITECTURE.md", room)
		}
		seen[room] = true
		if placed {
			checkImports(t, path, room, may)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for room := range house {
		if !seen[room] {
			t.Errorf("the house has a place for %s, which does not exist", room)
		}
	}
}

func checkImports(t *testing.T, path, room string, may []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Error(err)
		return
	}
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Error(err)
			continue
		}
		if inside, ok := strings.CutPrefix(imported, module); ok {
			if !slices.Contains(may, inside) && !slices.Contains(may, "...") {
				t.Errorf("%s: %s must not import %s", path, room, inside)
			}
			continue
		}
		for part, allowed := range rights {
			if (imported == part || strings.HasPrefix(imported, part+"/")) && !slices.Contains(allowed, room) {
				t.Errorf("%s: %s must not import %s; it belongs to %v", path, room, imported, allowed)
			}
		}
	}
}

// TestDoc: every package says in a doc.go what it is for.
func TestDoc(t *testing.T) {
	for room := range house {
		pattern := filepath.Join(room, "doc.go")
		if room == "version" {
			pattern = filepath.Join(room, "*.go")
		}
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Errorf("%s has no doc.go", room)
		}
	}
}
