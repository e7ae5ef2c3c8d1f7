package e2e

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/store/sqlstore"
)

// force is the body of the specification (15.7.13, example 15.59).
const force = "<action>\n    <force>true</force>\n</action>"

// TestForceRemove removes VMs that something is wrong with, and leaves alone what a
// guest has.
func TestForceRemove(t *testing.T) {
	t.Parallel()
	p := newPrivate(t)
	e := newEngine(t, &p.daemon, map[string]string{"StorageCheckInterval": "1s"})
	s := &removal{e: e, p: p}
	for _, step := range []struct {
		name string
		do   func(*testing.T)
	}{
		{"broken images and a broken job", s.broken},
		{"JSON, asynchronous, delete protection", s.forms},
		{"a lost storage domain", s.lostDomain},
		{"a storage domain that is gone", s.goneDomain},
		{"its disks are kept", s.detachOnly},
		{"what others use", s.shared},
		{"its host does not answer", s.silentHost},
		{"it runs all the same", s.runsInTruth},
	} {
		if !t.Run(step.name, step.do) {
			return
		}
	}
}

type removal struct {
	e *engine
	p *private
	// running is a VM whose guest writes to a shared disk.
	running *vm
	disk    string
}

// damage changes what is recorded, while no engine runs.
func (e *engine) damage(t *testing.T, change func(*inventory.Tx)) {
	t.Helper()
	e.stop(t)
	kept, err := sqlstore.Open(t.Context(), "", sqlstore.Options{
		DefaultPath: filepath.Join(e.dataDir, "vireo.db"), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	inv, err := inventory.Open(t.Context(), kept)
	if err == nil {
		err = inv.Update(context.Background(), func(tx *inventory.Tx) error { change(tx); return nil })
	}
	if err := errors.Join(err, kept.Close()); err != nil {
		t.Fatal(err)
	}
	e.start(t)
	e.awaitHost(t, "up")
}

// goneWith forces a removal and checks that VM and disks are gone at once, and their
// images soon.
func (s *removal) goneWith(t *testing.T, v *vm, disks ...string) {
	t.Helper()
	said := s.e.call(t, "DELETE", v.path(), force)
	if state := said.body.text("status/state"); said.code != 200 || state != "complete" || said.body.at("job").attr("id") == "" {
		t.Errorf("the removal was answered %d: %s", said.code, said.text)
	}
	s.e.refused(t, 404, "GET", v.path(), "")
	v.told(t, "113")
	for _, disk := range disks {
		s.e.refused(t, 404, "GET", "/disks/"+disk, "")
		if found, _ := filepath.Glob(filepath.Join(dataDomain(s.e.dataDir), "*", "images", "*"+disk+"*")); len(found) > 0 {
			t.Errorf("the image group %v is left", found)
		}
	}
	s.e.storageIsWhole(t)
}

func (s *removal) broken(t *testing.T) {
	v := s.e.create(t)
	disks := []string{v.addDisk(t, "16777216"), v.addDisk(t, "16777216"), v.addDiskOf(t, "raw", "16777216")}
	for _, name := range s.e.volumes(t, disks[2]) {
		if err := os.Remove(filepath.Join(s.e.group(t, disks[2]), name)); err != nil {
			t.Fatal(err)
		}
	}
	s.e.damage(t, func(tx *inventory.Tx) {
		edited, _ := tx.VMs.Edit(model.ID(v.id))
		edited.Run.Status = model.StatusImageLocked
		for i, status := range []model.DiskStatus{model.DiskLocked, model.DiskIllegal} {
			disk, _ := tx.Disks.Edit(model.ID(disks[i]))
			disk.Status = status
		}
		tx.PutJob(&model.Job{
			ID: model.NewID(), Action: "vm.unheard_of", Status: model.JobStarted, Target: edited.Ref(),
			Locks: []model.Ref{edited.Ref()}, Description: "Doing what no engine knows",
		})
	})
	if output, err := s.e.tool("storage", "check"); err == nil || strings.Count(output, "lock_left") != 2 || !strings.Contains(output, "volume_missing") {
		t.Errorf("the check says %v\n%s", err, output)
	}
	said := s.e.refused(t, 409, "DELETE", v.path(), "")
	if !strings.Contains(said.text, "[Cannot remove VM: The following disks are locked: disk. Please try again in a few minutes.]") {
		t.Errorf("without force it is refused with %s", said.text)
	}
	s.goneWith(t, v, disks...)
}

func (s *removal) forms(t *testing.T) {
	v := s.e.create(t)
	disk := v.addDisk(t, "16777216")
	s.e.call(t, "PUT", v.path(), "<vm><delete_protected>true</delete_protected></vm>")
	said := s.e.refused(t, 409, "DELETE", v.path(), force)
	if !strings.Contains(said.text, "Delete protection is enabled") {
		t.Errorf("it is refused with %s", said.text)
	}
	s.e.call(t, "PUT", v.path(), "<vm><delete_protected>false</delete_protected></vm>")
	request, err := http.NewRequest(http.MethodDelete, s.e.url+v.path()+";async=true", strings.NewReader(`{"force":"true"}`))
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth(login, password)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	response, err := s.e.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusAccepted {
		t.Errorf("in JSON, asynchronous, it was answered %d", response.StatusCode)
	}
	s.e.refused(t, 404, "GET", v.path(), "")
	eventually(t, "the disk to go", func() (bool, string) {
		return s.e.ask(t, "GET", "/disks/"+disk, "").code == 404, "it is there"
	})
}

// domain is the id of the data domain, and awaitDomain waits for its status.
func (s *removal) awaitDomain(t *testing.T, status string) (id string) {
	t.Helper()
	eventually(t, "the data domain to be "+status, func() (bool, string) {
		domain := s.e.call(t, "GET", "/storagedomains?search=name%3Dlocal-data", "").body.at("storage_domain")
		id = domain.attr("id")
		for _, center := range s.e.call(t, "GET", "/datacenters", "").body.all("data_center") {
			attached := s.e.ask(t, "GET", "/datacenters/"+center.attr("id")+"/storagedomains/"+id, "")
			if state := attached.body.text("status/state"); state != "" {
				return state == status, "it is " + state
			}
		}
		state := domain.text("status/state")
		return state == status || state == "" && status == "active", "it is " + state
	})
	return id
}

func (s *removal) lostDomain(t *testing.T) {
	v := s.e.create(t)
	disk := v.addDisk(t, "16777216")
	folder := filepath.Join(dataDomain(s.e.dataDir), s.awaitDomain(t, "active"))
	if err := os.Rename(folder, folder+".lost"); err != nil {
		t.Fatal(err)
	}
	s.awaitDomain(t, "inactive")
	s.e.refused(t, 409, "DELETE", v.path(), "")
	said := s.e.call(t, "DELETE", v.path(), force)
	if said.code != 200 {
		t.Errorf("it was answered %d: %s", said.code, said.text)
	}
	s.e.refused(t, 404, "GET", v.path(), "")
	v.told(t, "113", "172")
	named := false
	for _, event := range s.e.call(t, "GET", "/events;max=1000", "").body.all("event") {
		named = named || event.text("code") == "172" && strings.Contains(event.text("description"), v.name) &&
			strings.Contains(event.text("description"), "disk (")
	}
	if !named {
		t.Error("event 172 does not name the disk")
	}
	if state := s.e.call(t, "GET", "/disks/"+disk, "").body.text("status/state"); state != "illegal" {
		t.Errorf("the disk is %q", state)
	}
	s.e.refused(t, 409, "DELETE", "/disks/"+disk, "")
	if err := os.Rename(folder+".lost", folder); err != nil {
		t.Fatal(err)
	}
	s.awaitDomain(t, "active")
	s.e.storageIsWhole(t)
	s.e.call(t, "DELETE", "/disks/"+disk, "")
	if left, _ := filepath.Glob(filepath.Join(folder, "images", "*"+disk)); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
	s.e.storageIsWhole(t)
}

func (s *removal) goneDomain(t *testing.T) {
	v := s.e.create(t)
	disk := v.addDisk(t, "16777216")
	group := s.e.group(t, disk)
	s.e.damage(t, func(tx *inventory.Tx) {
		edited, _ := tx.Disks.Edit(model.ID(disk))
		edited.StorageDomain = model.NewID()
	})
	s.e.refused(t, 400, "DELETE", v.path(), "")
	if said := s.e.call(t, "DELETE", v.path(), force); said.code != 200 {
		t.Errorf("it was answered %d: %s", said.code, said.text)
	}
	v.told(t, "113", "172")
	s.e.refused(t, 404, "GET", "/disks/"+disk, "")
	if _, err := os.Stat(group); err != nil {
		t.Errorf("something was removed from a domain that is not the disk's: %v", err)
	}
	if err := os.RemoveAll(group); err != nil {
		t.Fatal(err)
	}
}

func (s *removal) detachOnly(t *testing.T) {
	v := s.e.create(t)
	disk := v.addDisk(t, "16777216")
	s.e.call(t, "DELETE", v.path(), "<action><vm><disks><detach_only>true</detach_only></disks></vm></action>")
	if state := s.e.call(t, "GET", "/disks/"+disk, "").body.text("status/state"); state != "ok" || len(s.e.volumes(t, disk)) != 1 {
		t.Errorf("the disk is %q", state)
	}
	s.e.call(t, "DELETE", "/disks/"+disk, "<action><force>true</force></action>")
}

// shared: a guest that runs keeps its disks, and one that others have too.
func (s *removal) shared(t *testing.T) {
	v := s.e.create(t, "vireo.format")
	s.running = v
	said := s.e.call(t, "POST", v.path()+"/disks", `<disk><alias>shared</alias><interface>virtio</interface><format>raw</format>
		<sparse>true</sparse><shareable>true</shareable><provisioned_size>16777216</provisioned_size></disk>`)
	s.disk = said.body.attr("id")
	eventually(t, "the disk to be ok", func() (bool, string) {
		state := s.e.call(t, "GET", "/disks/"+s.disk, "").body.text("status/state")
		return state == "ok", "it is " + state
	})
	other := s.e.create(t)
	s.e.call(t, "POST", other.path()+"/disks", `<disk id="`+s.disk+`"/>`)
	v.up(t)
	refused := s.e.refused(t, 409, "DELETE", v.path(), force)
	if !strings.Contains(refused.text, "[Cannot remove VM. VM is running.]") {
		t.Errorf("it is refused with %s", refused.text)
	}
	s.e.call(t, "DELETE", other.path(), force)
	s.e.refused(t, 404, "GET", other.path(), "")
	s.e.refused(t, 409, "DELETE", "/disks/"+s.disk, force)
	s.writes(t, "shared")
}

// writes checks that the guest has its disk and writes to it.
func (s *removal) writes(t *testing.T, word string) {
	t.Helper()
	eventually(t, "the guest to mount its disk", func() (bool, string) {
		_, err := s.e.daemon.inside(s.running.id, "grep /mnt/vda /proc/mounts")
		return err == nil, fmt.Sprint(err)
	})
	s.running.inside(t, "echo "+word+" >/mnt/vda/"+word+" && sync && grep "+word+" /mnt/vda/"+word)
	if n := len(s.e.volumes(t, s.disk)); n != 1 {
		t.Errorf("the disk has %d volumes", n)
	}
}

// silentHost: unknown is not down.
func (s *removal) silentHost(t *testing.T) {
	s.p.signal(t, "STOP")
	s.running.await(t, "unknown")
	s.e.refused(t, 409, "DELETE", s.running.path(), force)
	s.e.refused(t, 409, "DELETE", "/disks/"+s.disk, force)
	s.p.signal(t, "CONT")
	s.running.await(t, "up")
	s.writes(t, "silent")
}

// runsInTruth: what is recorded is wrong, and QEMU is right.
func (s *removal) runsInTruth(t *testing.T) {
	qemu := s.running.running(t)
	was := &model.VM{}
	s.e.damage(t, func(tx *inventory.Tx) {
		edited, _ := tx.VMs.Edit(model.ID(s.running.id))
		*was = *model.Clone(edited)
		edited.Run = model.Run{Status: model.StatusDown, Epoch: was.Run.Epoch + 1}
	})
	s.e.refused(t, 409, "DELETE", s.running.path(), force)
	s.e.refused(t, 409, "DELETE", "/disks/"+s.disk, force)
	if now := s.running.running(t); now != qemu {
		t.Errorf("QEMU was process %d and is %d", qemu, now)
	}
	s.writes(t, "truth")
	s.e.damage(t, func(tx *inventory.Tx) {
		edited, _ := tx.VMs.Edit(was.ID)
		edited.Run = was.Run
	})
	s.running.await(t, "up")
	s.running.act(t, "stop")
	s.running.await(t, "down")
	s.running.gone(t)
	s.goneWith(t, s.running, s.disk)
	if left, err := filepath.Glob(filepath.Join(dataDomain(s.e.dataDir), "*", "images", "*")); err != nil || len(left) > 0 {
		t.Error(fmt.Sprint("left are ", left, err))
	}
}
