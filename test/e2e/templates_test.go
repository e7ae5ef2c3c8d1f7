package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestTemplates makes a template of a VM whose guest has written a file, and VMs of the
// template: thin ones, which see the file, write others, and go in any order; and a
// cloned one, which outlives the template.
func TestTemplates(t *testing.T) {
	t.Parallel()
	e := newEngine(t, system, nil)
	s := &templatesScenario{e: e, golden: e.create(t, "vireo.format")}
	for _, step := range []struct {
		name string
		do   func(*testing.T)
	}{
		{"a template is made", s.make},
		{"thin VMs run at once", s.thin},
		{"one goes and the other stays", s.oneGoes},
		{"a clone outlives the template", s.clone},
		{"a VM is cloned", s.cloneAction},
		{"versions", s.versions},
		{"the engine dies", s.dies},
	} {
		if !t.Run(step.name, step.do) {
			return
		}
	}
}

type templatesScenario struct {
	e              *engine
	golden, cloned *vm
	first, second  *vm
	// template and disk are the template's.
	template, disk string
}

func (s *templatesScenario) make(t *testing.T) {
	v, e := s.golden, s.e
	disk := v.addDisk(t, "16777216")
	// Whoever overwrites what is a template's is found out.
	e.call(t, "PUT", v.path()+"/disks/"+disk, "<disk><wipe_after_delete>true</wipe_after_delete></disk>")
	v.up(t)
	v.onDisk(t, "echo golden >/mnt/vda/made; sync")
	e.refused(t, 409, "POST", "/templates", `<template><name>web</name><vm id="`+v.id+`"/></template>`)
	v.act(t, "stop")
	v.await(t, "down")
	followed := v.follow(t)
	s.template, s.disk = e.makeTemplate(t, v, "web")
	v.await(t, "down")
	passed(t, followed.end(), "image_locked", "down")
	v.told(t, "48", "51")
	if meta := e.meta(t, s.disk, e.volume(t, s.disk)); !strings.Contains(meta, "VOLTYPE=SHARED\n") {
		t.Errorf("the template's volume is described by\n%s", meta)
	}
}

// makeTemplate makes a template of a VM with a disk, and gives the ids of both.
func (e *engine) makeTemplate(t *testing.T, v *vm, name string) (template, disk string) {
	t.Helper()
	said := e.call(t, "POST", "/templates", `<template><name>`+name+`</name><vm id="`+v.id+`"/></template>`)
	if said.code != 202 {
		t.Errorf("making a template was answered %d", said.code)
	}
	template = said.body.attr("id")
	eventually(t, "the template to be ok", func() (bool, string) {
		state := e.call(t, "GET", "/templates/"+template, "").body.text("status/state")
		return state == "ok", "it is " + state
	})
	return template, e.call(t, "GET", "/templates/"+template+"/disks", "").body.at("disk").attr("id")
}

// fromTemplate makes a VM of a template and waits until it is down.
func (e *engine) fromTemplate(t *testing.T, template, elements string) *vm {
	t.Helper()
	v := &vm{e: e, name: fmt.Sprintf("%s%d", e.names, made.Add(1))}
	said := e.call(t, "POST", "/vms", `<vm><name>`+v.name+`</name><cluster><name>Default</name></cluster>
		<template id="`+template+`"/>`+elements+`</vm>`)
	if state := said.body.text("status/state"); said.code != 202 || state != "image_locked" {
		t.Errorf("making a VM with disks was answered %d, %s", said.code, state)
	}
	v.id = said.body.attr("id")
	v.await(t, "down")
	v.told(t, "37", "53")
	return v
}

func (s *templatesScenario) thin(t *testing.T) {
	s.first, s.second = s.e.fromTemplate(t, s.template, ""), s.e.fromTemplate(t, s.template, "")
	base := s.e.volume(t, s.disk)
	for _, v := range []*vm{s.first, s.second} {
		disk := v.disk(t)
		wanted := []string{base, s.e.volume(t, disk)}
		slices.Sort(wanted)
		if names := s.e.volumes(t, disk); !slices.Equal(names, wanted) {
			t.Errorf("a thin disk has the volumes %v and not %v", names, wanted)
		}
		if !sameFile(t, filepath.Join(s.e.group(t, disk), base), filepath.Join(s.e.group(t, s.disk), base)) {
			t.Error("a thin disk has a copy of the template's volume")
		}
		if meta := s.e.meta(t, disk, base); !strings.Contains(meta, "IMAGE="+s.disk+"\n") {
			t.Errorf("the template's volume in a thin disk is described by\n%s", meta)
		}
		v.act(t, "start")
	}
	for i, v := range []*vm{s.first, s.second} {
		v.await(t, "up")
		v.onDisk(t, fmt.Sprintf("grep -q golden /mnt/vda/made && rm /mnt/vda/made && echo %d >/mnt/vda/mine; sync", i))
	}
	s.e.storageIsWhole(t)
	if said := s.e.refused(t, 409, "DELETE", "/templates/"+s.template, ""); !strings.Contains(said.text, s.first.name) {
		t.Errorf("a template that is used was refused to be removed with %s", said.text)
	}
	for _, v := range []*vm{s.first, s.second} {
		v.act(t, "stop")
		v.await(t, "down")
	}
}

func (s *templatesScenario) oneGoes(t *testing.T) {
	s.e.removeAll(t, s.first)
	s.second.up(t)
	s.second.onDisk(t, "grep -q 1 /mnt/vda/mine && test ! -e /mnt/vda/made")
	s.second.act(t, "stop")
	s.second.await(t, "down")
}

// clone: the template's disk is the same after the thin ones, and is not needed by what
// was cloned.
func (s *templatesScenario) clone(t *testing.T) {
	e := s.e
	e.removeAll(t, s.second)
	s.cloned = e.fromTemplate(t, s.template, `<disks><clone>true</clone><disk id="`+s.disk+`"><format>raw</format><sparse>true</sparse></disk></disks>`)
	e.call(t, "DELETE", "/templates/"+s.template, "")
	e.refused(t, 404, "GET", "/templates/"+s.template, "")
	e.refused(t, 404, "GET", "/disks/"+s.disk, "")
	s.cloned.up(t)
	s.cloned.onDisk(t, "grep -q golden /mnt/vda/made && echo cloned >/mnt/vda/mine; sync")
	s.cloned.act(t, "stop")
	s.cloned.await(t, "down")
}

func (s *templatesScenario) cloneAction(t *testing.T) {
	name := fmt.Sprintf("%s%d", s.e.names, made.Add(1))
	if said := s.cloned.act(t, "clone", "<vm><name>"+name+"</name></vm>"); said.code != 202 {
		t.Errorf("a clone was answered %d", said.code)
	}
	copied := &vm{e: s.e, name: name}
	copied.id = s.e.call(t, "GET", "/vms?search=name%3D"+name, "").body.at("vm").attr("id")
	copied.await(t, "down")
	s.cloned.await(t, "down")
	s.e.removeAll(t, s.cloned)
	copied.up(t)
	copied.onDisk(t, "grep -q golden /mnt/vda/made && grep -q cloned /mnt/vda/mine")
	copied.act(t, "stop")
	copied.await(t, "down")
	s.e.removeAll(t, copied)
}

// versions makes a template and another version of it. Each is what it was made of, and
// the first stays while the other stands on it.
func (s *templatesScenario) versions(t *testing.T) {
	e := s.e
	first, _ := e.makeTemplate(t, s.golden, "versioned")
	s.golden.await(t, "down")
	said := e.call(t, "POST", "/templates", `<template><name>versioned</name><vm id="`+s.golden.id+`"/>
		<version><base_template id="`+first+`"/><version_name>later</version_name></version></template>`)
	second := said.body.attr("id")
	eventually(t, "the version to be ok", func() (bool, string) {
		state := e.call(t, "GET", "/templates/"+second, "").body.text("status/state")
		return state == "ok", "it is " + state
	})
	s.golden.await(t, "down")
	shown := e.call(t, "GET", "/templates/"+second, "").body
	if number, name := shown.text("version/version_number"), shown.text("version/version_name"); number != "2" || name != "later" {
		t.Errorf("the version is %q, %q", number, name)
	}
	if base := shown.at("version").at("base_template").attr("id"); base != first {
		t.Errorf("its base is %q", base)
	}
	for _, id := range []string{first, second} {
		v := e.fromTemplate(t, id, "")
		if of := v.get(t).at("template").attr("id"); of != id {
			t.Errorf("the VM is of %s, not of %s", of, id)
		}
		e.refused(t, 409, "DELETE", "/templates/"+id, "")
		e.removeAll(t, v)
	}
	for _, id := range []string{second, first} {
		e.call(t, "DELETE", "/templates/"+id, "")
		eventually(t, "the template to go", func() (bool, string) {
			said := e.ask(t, "GET", "/templates/"+id, "")
			return said.code == 404, said.text
		})
	}
}

// dies kills the engine where it has just copied, and where it has just linked; the
// next one goes on.
func (s *templatesScenario) dies(t *testing.T) {
	e := s.e
	restart := func(environment ...string) {
		e.stop(t)
		e.start(t, environment...)
		e.awaitHost(t, "up")
	}
	restart("VIREO_CRASH_AT=copy/copy/done")
	_, _ = e.try("POST", "/templates", `<template><name>again</name><vm id="`+s.golden.id+`"/></template>`)
	e.awaitEnd(t)
	e.start(t)
	s.golden.await(t, "down")
	template := e.call(t, "GET", "/templates?search=name%3Dagain", "").body.at("template")
	if state := template.text("status/state"); state != "ok" {
		t.Errorf("the template is %s", state)
	}
	restart("VIREO_CRASH_AT=disks/disks")
	name := fmt.Sprintf("%s%d", e.names, made.Add(1))
	_, _ = e.try("POST", "/vms", `<vm><name>`+name+`</name><cluster><name>Default</name></cluster><template id="`+template.attr("id")+`"/></vm>`)
	e.awaitEnd(t)
	e.start(t)
	thin := &vm{e: e, name: name}
	thin.id = e.call(t, "GET", "/vms?search=name%3D"+name, "").body.at("vm").attr("id")
	thin.await(t, "down")
	if names := e.volumes(t, thin.disk(t)); len(names) != 2 {
		t.Errorf("the thin disk has the volumes %v", names)
	}
	e.removeAll(t, thin)
	e.call(t, "DELETE", "/templates/"+template.attr("id"), "")
	left, err := filepath.Glob(filepath.Join(filepath.Dir(e.group(t, s.golden.disk(t))), "*"))
	if err != nil || len(left) != 1 {
		t.Errorf("these image groups are left: %v, %v", left, err)
	}
}

// onDisk runs a shell command in the guest once its disk is mounted.
func (v *vm) onDisk(t *testing.T, command string) {
	t.Helper()
	v.inside(t, "set -e; while ! grep -q /mnt/vda /proc/mounts; do sleep 1; done; "+command)
}

// disk is the VM's only disk.
func (v *vm) disk(t *testing.T) string {
	t.Helper()
	return v.e.call(t, "GET", v.path()+"/disks", "").body.at("disk").attr("id")
}

// removeAll removes a VM and waits until its only disk is gone too.
func (e *engine) removeAll(t *testing.T, v *vm) {
	t.Helper()
	disk := v.disk(t)
	e.call(t, "DELETE", v.path(), "")
	eventually(t, "the disk to go", func() (bool, string) {
		said := e.ask(t, "GET", "/disks/"+disk, "")
		return said.code == 404, said.text
	})
}

// meta describes a volume in a disk's image group.
func (e *engine) meta(t *testing.T, disk, volume string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(e.group(t, disk), volume+".meta"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func sameFile(t *testing.T, one, other string) bool {
	t.Helper()
	first, err := os.Stat(one)
	if err != nil {
		t.Fatal(err)
	}
	second, err := os.Stat(other)
	if err != nil {
		t.Fatal(err)
	}
	return os.SameFile(first, second)
}
