package e2e

import (
	"io"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestMainJob takes one VM through its whole life with the requests of the
// specification (15.7.1 to 15.7.6 and reboot).
func TestMainJob(t *testing.T) {
	t.Parallel()
	e := newEngine(t, system, nil)
	e.putISO(t, guestFolder, isoFile)
	v := e.create(t)
	j := &mainJob{e, v}
	for _, step := range []struct {
		name string
		do   func(*testing.T)
	}{
		{"devices", j.devices},
		{"start", j.start},
		{"what the guest says", j.guestInfo},
		{"display", j.display},
		{"change of the CD", j.changeCD},
		{"statistics", j.statistics},
		{"reboot", j.reboot},
		{"suspend and resume", j.suspend},
		{"shutdown by the agent", j.shutdown},
		{"start paused and go on", j.startPaused},
		{"stop", j.stop},
		{"jobs and steps", j.jobs},
		{"events", j.events},
		{"delete", j.remove},
		{"owners of files", j.owners},
	} {
		if !t.Run(step.name, step.do) {
			return
		}
	}
}

// mainJob is the VM on its way.
type mainJob struct {
	e *engine
	v *vm
}

func (j *mainJob) devices(t *testing.T) {
	j.e.call(t, "PUT", j.v.path()+"/cdroms/00000000-0000-0000-0000-000000000000",
		`<cdrom><file id="`+isoFile+`"/></cdrom>`)
	nic := j.e.call(t, "POST", j.v.path()+"/nics",
		`<nic><name>nic1</name><network><name>ovirtmgmt</name></network><interface>virtio</interface></nic>`)
	if nic.code != 201 || nic.body.at("mac").attr("address") == "" {
		t.Errorf("adding a NIC was answered %d: %s", nic.code, nic.text)
	}
}

func (j *mainJob) start(t *testing.T) {
	followed := j.v.follow(t)
	said := j.v.act(t, "start")
	if state := said.body.text("status/state"); said.code != 200 || state != "complete" {
		t.Errorf("start was answered %d, %s", said.code, state)
	}
	if state := j.e.daemon.state(j.v.id); !strings.HasPrefix(state, "running") {
		t.Errorf("after start libvirt says %s", state)
	}
	j.v.await(t, "up")
	passed(t, followed.end(), "down", "wait_for_launch", "powering_up", "up")
	j.v.running(t)

	now := j.v.get(t)
	host := j.e.call(t, "GET", "/hosts?search=name%3Dlocal", "").body.at("host")
	if now.at("host").attr("id") != host.attr("id") {
		t.Errorf("it runs on host %q, want %q", now.at("host").attr("id"), host.attr("id"))
	}
	started, err := time.Parse(time.RFC3339, now.text("start_time"))
	if err != nil || time.Since(started) > patience || time.Since(started) < 0 {
		t.Errorf("start_time is %q (%v)", now.text("start_time"), err)
	}
	if j.v.inside(t, "cat /proc/sys/kernel/hostname") == "" {
		t.Error("the guest has no name")
	}
	j.e.refused(t, 409, "POST", j.v.path()+"/start", "<action/>")
	j.e.refused(t, 409, "DELETE", j.v.path(), "")
}

// guestInfo: addresses and name come from the agent, the address from libvirt's
// DHCP, and the host can be reached.
func (j *mainJob) guestInfo(t *testing.T) {
	mac := j.e.call(t, "GET", j.v.path()+"/nics", "").body.at("nic").at("mac").attr("address")
	var address string
	eventually(t, "an address in guest_info", func() (bool, string) {
		info := j.v.get(t).at("guest_info")
		address = ""
		for _, ip := range info.all("ips/ip") {
			if parsed := net.ParseIP(ip.attr("address")); parsed != nil && parsed.To4() != nil {
				address = ip.attr("address")
			}
		}
		return address != "" && info.text("fqdn") != "", "there is " + info.text("fqdn")
	})
	lease := j.e.daemon.must(t, "net-dhcp-leases", "default", mac)
	if !strings.Contains(lease, " "+address+"/") {
		t.Errorf("the guest has %s, libvirt leased: %s", address, lease)
	}
	if name, told := j.v.inside(t, "hostname"), j.v.get(t).text("guest_info/fqdn"); !strings.HasPrefix(told, name) {
		t.Errorf("the fqdn is %q, the guest calls itself %q", told, name)
	}
	gateway := j.v.inside(t, `ip route | sed -n 's/^default via \([^ ]*\).*/\1/p'`)
	if net.ParseIP(gateway) == nil {
		t.Fatalf("the guest's way out is %q", gateway)
	}
	j.v.inside(t, "ping -c 1 -W 5 "+gateway)
	devices := j.e.call(t, "GET", j.v.path()+"/reporteddevices", "")
	if !strings.Contains(devices.text, mac) || !strings.Contains(devices.text, address) {
		t.Errorf("the reported devices lack %s or %s: %s", mac, address, devices.text)
	}
}

// display: address and port answer as RFB (RFC 6143 7.1.1).
func (j *mainJob) display(t *testing.T) {
	display := j.v.get(t).at("display")
	conn, err := net.DialTimeout("tcp", net.JoinHostPort(display.text("address"), display.text("port")), patience)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	greeting := make([]byte, 12)
	if _, err := io.ReadFull(conn, greeting); err != nil || !strings.HasPrefix(string(greeting), "RFB 003.") {
		t.Errorf("the display greets with %q, %v", greeting, err)
	}
}

// changeCD changes the medium of this run and not the configuration.
func (j *mainJob) changeCD(t *testing.T) {
	drive := j.v.path() + "/cdroms/00000000-0000-0000-0000-000000000000"
	j.e.call(t, "PUT", drive+";current", `<cdrom><file id="`+initrdFile+`"/></cdrom>`)
	if now := j.e.daemon.must(t, "domblklist", j.v.id); !strings.Contains(now, initrdFile) {
		t.Errorf("libvirt lists %s", now)
	}
	if file := j.e.call(t, "GET", drive+";current", "").body.at("file").attr("id"); file != initrdFile {
		t.Errorf("the running VM has %q in its drive", file)
	}
	if file := j.cdrom(t); file != isoFile {
		t.Errorf("the VM is configured with %q in its drive", file)
	}
	j.e.call(t, "PUT", drive+";current", `<cdrom><file id=""/></cdrom>`)
	if now := j.e.daemon.must(t, "domblklist", j.v.id); strings.Contains(now, initrdFile) || strings.Contains(now, isoFile) {
		t.Errorf("the drive was emptied, and libvirt lists %s", now)
	}
	j.e.call(t, "PUT", drive+";current", `<cdrom><file id="`+isoFile+`"/></cdrom>`)
	if now := j.e.daemon.must(t, "domblklist", j.v.id); !strings.Contains(now, isoFile) {
		t.Errorf("libvirt lists %s", now)
	}
}

func (j *mainJob) statistics(t *testing.T) {
	j.v.leave(t, "timeout 20 sh -c 'while :; do :; done'")
	eventually(t, "figures of a busy guest", func() (bool, string) {
		figures := make(map[string]float64)
		said := j.e.call(t, "GET", j.v.path()+"/statistics", "")
		for _, each := range said.body.all("statistic") {
			figures[each.text("name")], _ = strconv.ParseFloat(each.text("values/value/datum"), 64)
		}
		so := figures["memory.installed"] == 134217728 && figures["memory.used"] > 0 &&
			figures["memory.used"] <= 134217728 && figures["cpu.current.total"] > 10
		return so, said.text
	})
	j.v.inside(t, "pkill timeout || killall timeout")
}

func (j *mainJob) reboot(t *testing.T) {
	before := j.v.running(t)
	booted := j.v.inside(t, "cat /proc/sys/kernel/random/boot_id")
	followed := j.v.follow(t)
	j.v.act(t, "reboot")
	j.v.await(t, "reboot_in_progress")
	j.v.await(t, "up")
	passed(t, followed.end(), "up", "reboot_in_progress", "up")
	if after := j.v.running(t); after != before {
		t.Errorf("QEMU was process %d and is %d", before, after)
	}
	if again := j.v.inside(t, "cat /proc/sys/kernel/random/boot_id"); again == booted {
		t.Error("the VM is up, and the guest has not restarted")
	}
	j.v.told(t, "157")
}

func (j *mainJob) suspend(t *testing.T) {
	counted := j.v.count(t)
	followed := j.v.follow(t)
	said := j.v.act(t, "suspend")
	if said.code != 202 || said.body.at("job").attr("id") == "" {
		t.Errorf("suspend was answered %d: %s", said.code, said.text)
	}
	j.v.await(t, "suspended")
	passed(t, followed.end(), "up", "saving_state", "suspended")
	j.v.gone(t)
	now := j.v.get(t)
	if now.has("host") || now.has("start_time") {
		t.Error("a suspended VM has a host or a start time")
	}
	if saved := j.savedFiles(t); len(saved) != 2 {
		t.Errorf("the saved state are the images %v, want memory and configuration", saved)
	}
	action := j.e.call(t, "GET", j.v.path()+"/suspend/"+said.body.attr("id"), "")
	if state := action.body.text("status/state"); state != "complete" {
		t.Errorf("the action is %s", state)
	}
	j.e.refused(t, 409, "POST", j.v.path()+"/suspend", "<action/>")
	if file := j.cdrom(t); file != isoFile {
		t.Errorf("the suspended VM has %q in its drive", file)
	}

	followed = j.v.follow(t)
	j.v.act(t, "start")
	j.v.await(t, "up")
	passed(t, followed.end(), "suspended", "restoring_state", "up")
	j.v.running(t)
	// The guest has lived for some seconds since; a rebooted one would be at the
	// beginning again.
	if again := j.v.count(t); again < counted || again > counted+60 {
		t.Errorf("the guest had counted to %d and goes on from %d", counted, again)
	}
	if saved := j.savedFiles(t); len(saved) != 0 {
		t.Errorf("the saved state is still there: %v", saved)
	}
	if file := j.cdrom(t); file != isoFile {
		t.Errorf("the resumed VM has %q in its drive", file)
	}
	if drive := j.e.daemon.must(t, "domblklist", j.v.id); !strings.Contains(drive, isoFile) {
		t.Errorf("libvirt lists %s", drive)
	}
}

// savedFiles are the image groups in the data domain; this VM has no disks.
func (j *mainJob) savedFiles(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dataDomain(j.e.dataDir), "*", "images", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func (j *mainJob) cdrom(t *testing.T) string {
	t.Helper()
	return j.e.call(t, "GET", j.v.path()+"/cdroms", "").body.at("cdrom/file").attr("id")
}

func (j *mainJob) shutdown(t *testing.T) {
	followed := j.v.follow(t)
	said := j.v.act(t, "shutdown")
	if said.code != 200 {
		t.Errorf("shutdown was answered %d", said.code)
	}
	j.v.await(t, "down")
	seen := followed.end()
	passed(t, seen, "up", "powering_down", "down")
	if down, ok := find(seen, "down"); ok && down.qemus != 0 {
		t.Error("it was down while QEMU was there")
	}
	j.v.gone(t)
	now := j.v.get(t)
	if now.has("host") || now.has("guest_info") || now.text("stop_time") == "" {
		t.Error("a VM that is down shows its run, or no stop time")
	}
	j.v.told(t, "73", "61")
}

func (j *mainJob) startPaused(t *testing.T) {
	j.v.act(t, "start", "<pause>true</pause>")
	if status := j.v.status(t); status != "paused" {
		t.Errorf("it is %s", status)
	}
	if state := j.e.daemon.state(j.v.id); !strings.HasPrefix(state, "paused") {
		t.Errorf("libvirt says %s", state)
	}
	j.v.running(t)
	j.v.act(t, "start")
	j.v.await(t, "up")
	eventually(t, "the guest to count", func() (bool, string) {
		_, err := j.e.daemon.inside(j.v.id, "cat /run/vireo/count")
		return err == nil, ""
	})
}

func (j *mainJob) stop(t *testing.T) {
	followed := j.v.follow(t)
	j.v.act(t, "stop")
	j.v.await(t, "down")
	if down, ok := find(followed.end(), "down"); ok && down.qemus != 0 {
		t.Error("it was down while QEMU was there")
	}
	j.v.gone(t)
	j.v.told(t, "33")
	// Stopping what is down does nothing and succeeds.
	j.v.act(t, "stop")
	j.v.told(t, "254")
}

func (j *mainJob) jobs(t *testing.T) {
	wanted := map[string]int{
		"Launching VM ": 3, "Rebooting VM ": 1, "Performing Hibernate action on VM ": 1,
		"Shutting down VM ": 1, "Resuming VM ": 1, "Stopping VM ": 1,
	}
	had := make(map[string]int)
	for _, job := range j.e.call(t, "GET", "/jobs", "").body.all("job") {
		title := strings.TrimSuffix(job.text("description"), j.v.name)
		had[title]++
		if state := job.text("status/state"); wanted[title] > 0 && state != "FINISHED" {
			t.Errorf("the job %q is %s", job.text("description"), state)
		}
		steps := j.e.call(t, "GET", "/jobs/"+job.attr("id")+"/steps", "").body.all("step")
		if len(steps) < 4 {
			t.Errorf("the job %q has %d steps", job.text("description"), len(steps))
		}
	}
	for title, times := range wanted {
		if had[title] != times {
			t.Errorf("there are %d jobs %q, want %d", had[title], title, times)
		}
	}
}

func (j *mainJob) events(t *testing.T) {
	j.v.told(t, "34", "153", "32", "157", "501", "503", "73", "61", "33", "254")
	for _, code := range j.v.events(t) {
		if code == "119" || code == "54" || code == "158" || code == "147" {
			t.Errorf("event %s tells of an error that was none", code)
		}
	}
}

func (j *mainJob) remove(t *testing.T) {
	if said := j.e.ask(t, "DELETE", j.v.path(), ""); said.code != 200 {
		t.Errorf("DELETE was answered %d: %s", said.code, said.text)
	}
	j.e.refused(t, 404, "GET", j.v.path(), "")
	if found := j.e.call(t, "GET", "/vms?search=name%3D"+j.v.name, "").body.all("vm"); len(found) != 0 {
		t.Error("the removed VM is still found")
	}
}
