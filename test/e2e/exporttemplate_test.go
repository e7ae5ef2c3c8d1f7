package e2e

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestExportTemplate: a template goes out, is listed, comes back as a clone and, when it is
// gone here, as itself; and what lies in the export domain is removed. Their disks are equal.
func TestExportTemplate(t *testing.T) {
	t.Parallel()
	r := newAtRest(t)
	e := r.e
	r.template(t)
	template, disk := r.target, r.templateDisk(t, r.target)
	e.awaitAction(t, e.call(t, "POST", "/templates/"+template+"/export", exportTo))
	e.refused(t, 409, "POST", "/templates/"+template+"/export", exportTo)
	e.awaitAction(t, e.call(t, "POST", "/templates/"+template+"/export", strings.Replace(exportTo, "</action>", "<exclusive>true</exclusive></action>", 1)))

	at := "/storagedomains/" + e.domainID(t, "local-export") + "/templates"
	if listed := e.call(t, "GET", at, "").body.all("template"); len(listed) != 1 || listed[0].attr("id") != template || listed[0].text("name") != "golden" {
		t.Fatalf("in the export domain lie %+v", listed)
	}
	into := "<cluster><name>Default</name></cluster><storage_domain><name>other</name></storage_domain>"
	e.refused(t, 409, "POST", at+"/"+template+"/import", "<action>"+into+"</action>")
	e.awaitAction(t, e.call(t, "POST", at+"/"+template+"/import", "<action>"+into+"<clone>true</clone><template><name>copied</name></template></action>"))
	clone := e.call(t, "GET", "/templates?search=name%3Dcopied", "").body.at("template").attr("id")
	copied := r.templateDisk(t, clone)
	if clone == template || copied == disk || e.domainOf(t, copied) != "other" {
		t.Errorf("the clone is %s with the disk %s", clone, copied)
	}
	r.same(t, copied)

	e.call(t, "DELETE", "/templates/"+template, "")
	eventually(t, "the template to go", func() (bool, string) {
		said := e.ask(t, "GET", "/templates/"+template, "")
		return said.code == 404, said.text
	})
	e.awaitAction(t, e.call(t, "POST", at+"/"+template+"/import", "<action>"+into+"</action>"))
	if back := r.templateDisk(t, template); back != disk {
		t.Errorf("it came back with the disk %s", back)
	}
	r.same(t, disk)
	e.call(t, "DELETE", at+"/"+template, "")
	if left, _ := filepath.Glob(filepath.Join(e.exportRoot(t), "images", "*")); len(left) > 0 {
		t.Errorf("the removal has left %v", left)
	}
	r.noTemplates(t)
}

func (r *atRest) templateDisk(t *testing.T, template string) string {
	t.Helper()
	eventually(t, "the template to be ok", func() (bool, string) {
		state := r.e.call(t, "GET", "/templates/"+template, "").body.text("status/state")
		return state == "ok", "it is " + state
	})
	return r.e.call(t, "GET", "/templates/"+template+"/disks", "").body.at("disk").attr("id")
}

// same wants a disk to hold what that of the VM holds.
func (r *atRest) same(t *testing.T, disk string) {
	t.Helper()
	command(t, "qemu-img", "compare", "-f", "raw", r.was, filepath.Join(r.e.group(t, disk), r.e.volume(t, disk)))
}
