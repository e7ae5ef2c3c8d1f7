package e2e

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// sanlockPlace says where sanlock's daemon of a host has its socket: the folder that is the
// host's own. It is for libvirt too.
const sanlockPlace = "SANLOCK_RUN_DIR=/run/libvirt/sanlock"

// leaseSettings have libvirt use sanlock, as docs/high-availability.md says.
var leaseSettings = map[string][]string{
	"qemu.conf":         {`lock_manager = "sanlock"`},
	"qemu-sanlock.conf": {`auto_disk_leases = 0`, `require_lease_for_disks = 0`},
}

// lockspace is a storage domain in which VMs have leases.
type lockspace struct {
	// folder is the domain's root, id its id, and the name of the lockspace.
	folder, id string
}

// lockspaceOf is the lockspace in an engine's own data domain.
func lockspaceOf(t *testing.T, e *engine) lockspace {
	t.Helper()
	id := e.call(t, "GET", "/storagedomains?search=name%3Dlocal-data", "").body.at("storage_domain").attr("id")
	if id == "" {
		t.Fatal("the engine has no data domain")
	}
	return lockspace{filepath.Join(dataDomain(e.dataDir), id), id}
}

// element is the lease of a VM there.
func (l lockspace) element() string {
	return `<lease><storage_domain id="` + l.id + `"/></lease>`
}

// lease is the file of a VM's.
func (l lockspace) lease(v *vm) string { return filepath.Join(l.folder, "leases", v.id) }

// host describes a host of the lockspace to sanlock, resource the lease of a VM.
func (l lockspace) host(number int) string {
	return fmt.Sprintf("%s:%d:%s/dom_md/ids:0", l.id, number, l.folder)
}

func (l lockspace) resource(v *vm) string {
	return fmt.Sprintf("%s:%s:%s:0", l.id, v.id, l.lease(v))
}

// holder is the number of the host that holds the lease of a VM, as sanlock reads it; 0
// for none.
func (l lockspace) holder(t *testing.T, v *vm) int {
	t.Helper()
	said := l.read(t, "-r", l.resource(v))
	if said["timestamp"] == "0" {
		return 0
	}
	number, err := strconv.Atoi(said["owner_id"])
	need(t, err)
	return number
}

// renewed is when a host has renewed last, by its own clock.
func (l lockspace) renewed(t *testing.T, number int) int {
	t.Helper()
	stamp, err := strconv.Atoi(l.read(t, "-s", l.host(number))["timestamp"])
	need(t, err)
	return stamp
}

func (l lockspace) read(t *testing.T, arguments ...string) map[string]string {
	t.Helper()
	output, err := exec.Command("sanlock", append([]string{"direct", "read_leader"}, arguments...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("sanlock does not read %s: %v: %s", strings.Join(arguments, " "), err, output)
	}
	said := make(map[string]string)
	for line := range strings.Lines(string(output)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		said[name] = value
	}
	return said
}

// sanlock asks the daemon of the host.
func (h *farmHost) sanlock(arguments ...string) error {
	return h.run(append([]string{"env", sanlockPlace, "sanlock", "client"}, arguments...)...)
}

// joinLockspace starts the host's sanlock, and joins. There is no watchdog here, and no right
// to lock as much memory as it wants: it does without both, and waits for storage a third
// of the usual time.
func (h *farmHost) joinLockspace(t *testing.T, l lockspace, number int) {
	t.Helper()
	// It has a place of its own for its log, which would be the machine's.
	need(t, h.run("env", sanlockPlace, "SANLOCK_PRIVILEGED=0", "unshare", "--mount", "sh", "-c",
		"mount -t tmpfs tmpfs /var/log && exec sanlock daemon -w 0"))
	t.Cleanup(func() {
		if t.Failed() && h.first != 0 {
			t.Logf("the sanlock of %s: %v", h.name, h.run("sh", "-c", sanlockPlace+" sanlock client log_dump | tail -n 40; false"))
		}
	})
	eventually(t, "the sanlock of "+h.name, func() (bool, string) {
		err := h.sanlock("status")
		return err == nil, fmt.Sprint(err)
	})
	need(t, h.sanlock("add_lockspace", "-o", "3", "-s", l.host(number)))
}
