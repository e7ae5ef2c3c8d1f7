package e2e

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// restWorks is all work on storage that needs no guest. Exports, and imports of OVA files,
// die in tests of their own.
var restWorks = []restWork{
	{
		name: "add disk", steps: []string{"floating/create"},
		ask: func(*testing.T, *atRest) (method, path, body string) {
			return "POST", "/disks", `<disk><alias>floating</alias><interface>virtio</interface><format>cow</format><sparse>false</sparse>
				<provisioned_size>4194304</provisioned_size><storage_domains><storage_domain><name>other</name></storage_domain></storage_domains></disk>`
		},
		over: func(t *testing.T, r *atRest) { r.plain(t) },
	},
	{
		name: "grow disk", steps: []string{"grow/resize"},
		ask: func(t *testing.T, r *atRest) (method, path, body string) {
			at := r.v.path() + "/disks/" + r.disk
			size, err := strconv.ParseInt(r.e.call(t, "GET", at, "").body.text("provisioned_size"), 10, 64)
			need(t, err)
			return "PUT", at, fmt.Sprintf("<disk><provisioned_size>%d</provisioned_size></disk>", size+1<<20)
		},
		over: func(t *testing.T, r *atRest) { r.plain(t) },
	},
	{
		name: "copy disk", steps: []string{"copy/copy"},
		ask: func(_ *testing.T, r *atRest) (method, path, body string) {
			return "POST", "/disks/" + r.disk + "/copy", moveTo("other")
		},
		over: func(t *testing.T, r *atRest) { r.plain(t) },
	},
	{
		name: "move disk", steps: []string{"move/free", "move/copy", "move/record", "move/clear"},
		ask: func(t *testing.T, r *atRest) (method, path, body string) {
			return "POST", "/disks/" + r.disk + "/move", moveTo(r.elsewhere(t))
		},
		over: func(t *testing.T, r *atRest) { r.e.isAt(t, r.disk, r.e.domainOf(t, r.disk)) },
	},
	{
		name: "move VM", steps: []string{"move/copy", "move/clear"},
		ask: func(t *testing.T, r *atRest) (method, path, body string) {
			return "POST", r.v.path() + "/move", moveTo(r.elsewhere(t))
		},
		over: func(t *testing.T, r *atRest) { r.e.isAt(t, r.disk, r.e.domainOf(t, r.disk)) },
	},
	{
		name: "remove disk", steps: []string{"remove/image"},
		ready: func(t *testing.T, r *atRest) { r.target = r.e.addFloating(t, "4194304") },
		ask: func(_ *testing.T, r *atRest) (method, path, body string) {
			return "DELETE", "/disks/" + r.target, ""
		},
		over: func(t *testing.T, r *atRest) { r.plain(t) },
	},
	{
		name: "add snapshot", steps: []string{"offline/prepare"},
		ask: func(_ *testing.T, r *atRest) (method, path, body string) {
			return "POST", r.v.path() + "/snapshots", "<snapshot><description>dies</description></snapshot>"
		},
		over: func(t *testing.T, r *atRest) { r.plain(t) },
	},
	{
		name: "remove snapshot", steps: []string{"offline/merge"},
		ready: func(t *testing.T, r *atRest) { r.target = r.s.take(t, "one", "") },
		ask: func(_ *testing.T, r *atRest) (method, path, body string) {
			return "DELETE", r.v.path() + "/snapshots/" + r.target, ""
		},
		over: func(t *testing.T, r *atRest) { r.plain(t); r.s.single(t) },
	},
	{
		name: "preview snapshot", steps: []string{"preview/branch"},
		ready: func(t *testing.T, r *atRest) { r.target = r.s.take(t, "one", "") },
		ask: func(_ *testing.T, r *atRest) (method, path, body string) {
			return "POST", r.v.path() + "/preview_snapshot", `<action><snapshot id="` + r.target + `"/></action>`
		},
		over: func(t *testing.T, r *atRest) {
			if state := r.e.call(t, "GET", r.v.path()+"/snapshots/"+r.target, "").body.text("snapshot_status"); state == "in_preview" {
				r.v.act(t, "undo_snapshot")
			}
			r.plain(t)
			r.s.single(t)
		},
	},
	{
		name: "restore snapshot", steps: []string{"restore/branch"},
		ready: func(t *testing.T, r *atRest) { r.target = r.s.take(t, "one", "") },
		ask: func(_ *testing.T, r *atRest) (method, path, body string) {
			return "POST", r.v.path() + "/snapshots/" + r.target + "/restore", "<action/>"
		},
		over: func(t *testing.T, r *atRest) { r.plain(t); r.s.single(t) },
	},
	{
		name: "clone VM", steps: []string{"copy/disks"},
		ask: func(_ *testing.T, r *atRest) (method, path, body string) {
			return "POST", r.v.path() + "/clone", "<action><vm><name>" + r.e.names + "clone</name></vm></action>"
		},
		over: func(t *testing.T, r *atRest) { r.plain(t) },
	},
	{
		name: "remove VM", steps: []string{"remove/disks"},
		ready: func(t *testing.T, r *atRest) { r.clone(t) },
		ask: func(_ *testing.T, r *atRest) (method, path, body string) {
			return "DELETE", "/vms/" + r.target, ""
		},
		over: func(t *testing.T, r *atRest) { r.plain(t) },
	},
	{
		name: "remove VM by force", steps: []string{"remove/disks"},
		ready: func(t *testing.T, r *atRest) { r.clone(t) },
		ask: func(_ *testing.T, r *atRest) (method, path, body string) {
			return "DELETE", "/vms/" + r.target, force
		},
		over: func(t *testing.T, r *atRest) { r.plain(t) },
	},
	{
		name: "remove template", steps: []string{"remove/disks"},
		ready: func(t *testing.T, r *atRest) { r.template(t) },
		ask: func(_ *testing.T, r *atRest) (method, path, body string) {
			return "DELETE", "/templates/" + r.target, ""
		},
		over: func(t *testing.T, r *atRest) { r.noTemplates(t) },
	},
	{
		name: "import VM", steps: []string{"copy/clear", "copy/copy", "copy/measure"},
		ready: func(t *testing.T, r *atRest) { r.v.export(t, "<exclusive>true</exclusive>") },
		ask: func(t *testing.T, r *atRest) (method, path, body string) {
			return "POST", "/storagedomains/" + r.e.domainID(t, "local-export") + "/vms/" + r.v.id + "/import",
				"<action><cluster><name>Default</name></cluster><storage_domain><name>other</name></storage_domain><clone>true</clone><vm><name>" +
					r.e.names + "imported</name></vm></action>"
		},
		over: func(t *testing.T, r *atRest) { r.plain(t) },
	},
	{
		name: "remove exported VM", steps: []string{"remove/remove"},
		ready: func(t *testing.T, r *atRest) { r.v.export(t, "<exclusive>true</exclusive>") },
		ask: func(t *testing.T, r *atRest) (method, path, body string) {
			return "DELETE", "/storagedomains/" + r.e.domainID(t, "local-export") + "/vms/" + r.v.id, ""
		},
		over: func(t *testing.T, r *atRest) {
			if left, _ := filepath.Glob(filepath.Join(r.e.exportRoot(t), "images", "*")); len(left) > 0 {
				t.Errorf("the removal has left %v", left)
			}
		},
	},
	{
		name: "add storage domain", steps: []string{"new/connect", "new/format", "new/disconnect"},
		ask: func(_ *testing.T, r *atRest) (method, path, body string) {
			return "POST", "/storagedomains", storageBody("more", r.place())
		},
		over: func(t *testing.T, r *atRest) { r.noMore(t) },
	},
	{
		name: "attach storage domain", steps: []string{"attach/connect", "attach/claim"},
		ready: func(t *testing.T, r *atRest) { r.more = r.e.storage(t, "more", r.place()) },
		ask: func(_ *testing.T, r *atRest) (method, path, body string) {
			return "POST", attachedDomains, `<storage_domain id="` + r.more.id + `"/>`
		},
		over: func(t *testing.T, r *atRest) { r.noMore(t) },
	},
	{
		name: "deactivate storage domain", steps: []string{"deactivate/disconnect"},
		ready: func(t *testing.T, r *atRest) { r.more = r.e.storage(t, "more", r.place()).attach(t) },
		ask: func(_ *testing.T, r *atRest) (method, path, body string) {
			return "POST", r.more.path() + "/deactivate", "<action/>"
		},
		over: func(t *testing.T, r *atRest) { r.noMore(t) },
	},
	{
		name: "activate storage domain", steps: []string{"activate/connect", "activate/check"},
		ready: func(t *testing.T, r *atRest) {
			r.more = r.e.storage(t, "more", r.place()).attach(t)
			r.more.act(t, "deactivate")
			r.more.becomes(t, "maintenance")
		},
		ask: func(_ *testing.T, r *atRest) (method, path, body string) {
			return "POST", r.more.path() + "/activate", "<action/>"
		},
		over: func(t *testing.T, r *atRest) { r.noMore(t) },
	},
	{
		name: "detach storage domain", steps: []string{"detach/connect", "detach/release", "detach/disconnect"},
		ready: func(t *testing.T, r *atRest) {
			r.more = r.e.storage(t, "more", r.place()).attach(t)
			r.more.act(t, "deactivate")
			r.more.becomes(t, "maintenance")
		},
		ask:  func(_ *testing.T, r *atRest) (method, path, body string) { return "DELETE", r.more.path(), "" },
		over: func(t *testing.T, r *atRest) { r.noMore(t) },
	},
	{
		name: "format storage domain", steps: []string{"format/connect", "format/erase", "format/disconnect"},
		ready: func(t *testing.T, r *atRest) { r.more = r.e.storage(t, "more", r.place()) },
		ask: func(_ *testing.T, r *atRest) (method, path, body string) {
			return "DELETE", "/storagedomains/" + r.more.id, formatted
		},
		over: func(t *testing.T, r *atRest) { r.noMore(t) },
	},
}

const formatted = "<storage_domain><host><name>local</name></host><format>true</format></storage_domain>"

// place is where the storage domain is that comes and goes.
func (r *atRest) place() string {
	return "<type>localfs</type><path>" + filepath.Join(r.e.dataDir, "storage", "more") + "</path>"
}

// noMore takes that domain away, whatever it is, and wants nothing of it to be left.
func (r *atRest) noMore(t *testing.T) {
	t.Helper()
	found := r.e.call(t, "GET", "/storagedomains?search=name%3Dmore", "").body.all("storage_domain")
	for _, one := range found {
		d := &domain{r.e, one.attr("id"), "more"}
		if d.state(t) == "active" {
			d.act(t, "deactivate")
			d.becomes(t, "maintenance")
		}
		if d.state(t) == "maintenance" {
			r.e.call(t, "DELETE", d.path(), "")
			d.becomes(t, "unattached")
		}
		r.e.call(t, "DELETE", "/storagedomains/"+d.id, formatted)
		eventually(t, "the storage domain to go", func() (bool, string) {
			said := r.e.ask(t, "GET", "/storagedomains/"+d.id, "")
			return said.code == 404, said.text
		})
	}
	if left, _ := filepath.Glob(filepath.Join(r.e.dataDir, "storage", "more", "*")); len(left) > 0 {
		t.Errorf("of the storage domain there is left %s", strings.Join(left, " "))
	}
}
