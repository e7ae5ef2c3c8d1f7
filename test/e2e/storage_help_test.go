package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// device makes a block device with a file system on it, which goes when the test ends.
func device(t *testing.T, backing string, size int64, maker ...string) string {
	t.Helper()
	if err := os.WriteFile(backing, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(backing, size); err != nil {
		t.Fatal(err)
	}
	command(t, maker[0], append(maker[1:], backing)...)
	loop := command(t, "losetup", "--find", "--show", backing)
	t.Cleanup(func() {
		_ = exec.Command("umount", "--lazy", loop).Run() // where a test has failed
		command(t, "losetup", "--detach", loop)
	})
	return loop
}

func command(t *testing.T, name string, args ...string) string {
	t.Helper()
	output, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v: %s", name, args, err, output)
	}
	return strings.TrimSpace(string(output))
}

// domain is a storage domain as a client drives it.
type domain struct {
	e        *engine
	id, name string
}

// storage adds a storage domain, with more of its storage element.
func (e *engine) storage(t *testing.T, name, storage string, more ...string) *domain {
	t.Helper()
	said := e.call(t, "POST", "/storagedomains", storageBody(name, storage, more...))
	return &domain{e, said.body.attr("id"), name}
}

func storageBody(name, storage string, more ...string) string {
	return `<storage_domain><name>` + name + `</name><type>data</type><host><name>local</name></host><storage>` + storage +
		`</storage>` + strings.Join(more, "") + `</storage_domain>`
}

const attachedDomains = "/datacenters/00000002-0002-0002-0002-00000000021c/storagedomains"

func (d *domain) path() string { return attachedDomains + "/" + d.id }

func (d *domain) attach(t *testing.T) *domain {
	t.Helper()
	d.e.call(t, "POST", attachedDomains, `<storage_domain id="`+d.id+`"/>`)
	d.becomes(t, "active")
	return d
}

func (d *domain) act(t *testing.T, action string) {
	t.Helper()
	d.e.call(t, "POST", d.path()+"/"+action, "<action/>")
}

func (d *domain) state(t *testing.T) string {
	t.Helper()
	at := d.path()
	said := d.e.ask(t, "GET", at, "")
	if said.code == 404 {
		said = d.e.call(t, "GET", "/storagedomains/"+d.id, "")
	}
	return said.body.text("status/state")
}

func (d *domain) becomes(t *testing.T, state string) {
	t.Helper()
	eventually(t, "the storage domain "+d.name+" to be "+state, func() (bool, string) {
		now := d.state(t)
		return now == state, "it is " + now
	})
}

// told waits for an event about the domain.
func (d *domain) told(t *testing.T, code string) {
	t.Helper()
	eventually(t, "the event "+code, func() (bool, string) {
		var codes []string
		for _, event := range d.e.call(t, "GET", "/events;max=200", "").body.all("event") {
			if event.at("storage_domain").attr("id") == d.id {
				codes = append(codes, event.text("code"))
			}
		}
		return slices.Contains(codes, code), fmt.Sprint("there are ", codes)
	})
}

// addDisk gives a VM a disk in the domain.
func (d *domain) addDisk(t *testing.T, v *vm, format, sparse string, size int64) string {
	t.Helper()
	said := d.e.call(t, "POST", v.path()+"/disks", fmt.Sprintf(`<disk><interface>virtio</interface><format>%s</format><sparse>%s</sparse>
		<provisioned_size>%d</provisioned_size><storage_domains><storage_domain id="%s"/></storage_domains></disk>`, format, sparse, size, d.id))
	id := said.body.attr("id")
	eventually(t, "the disk to be ok", func() (bool, string) {
		state := d.e.call(t, "GET", v.path()+"/disks/"+id, "").body.text("status/state")
		return state == "ok", "it is " + state
	})
	return id
}

// mounted says what is mounted at the place of a domain in the engine's data directory.
func (e *engine) mounted(t *testing.T, place string) bool {
	t.Helper()
	target := filepath.Join(e.dataDir, "mnt", strings.NewReplacer("_", "__", "/", "_").Replace(place))
	table, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(table), " "+target+" ")
}

func (e *engine) mountPoint(place string) string {
	return filepath.Join(e.dataDir, "mnt", strings.NewReplacer("_", "__", "/", "_").Replace(place))
}

// leaves takes a domain out of the engine: its device may be another's next.
func (d *domain) leaves(t *testing.T) {
	t.Helper()
	d.act(t, "deactivate")
	d.e.call(t, "DELETE", d.path(), "")
	d.e.call(t, "DELETE", "/storagedomains/"+d.id, "<storage_domain><host><name>local</name></host></storage_domain>")
}
