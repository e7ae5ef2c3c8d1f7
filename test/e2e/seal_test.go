package e2e

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// sealPatience is for a run of virt-sysprep, whose machine is emulated.
const sealPatience = 6 * time.Minute

// identity is what the guest that is sealed has of its own, and what must be there
// afterwards; "" is that the file is gone or empty.
var identity = []struct{ path, before, after string }{
	{"/etc/machine-id", "0123456789abcdef0123456789abcdef", ""},
	{"/etc/ssh/ssh_host_ed25519_key", "the key of this host", ""},
	{"/root/.bash_history", "what was typed", ""},
	{"/root/.ssh/authorized_keys", "who may come in", ""},
	{"/var/log/syslog", "what has happened", ""},
	{"/tmp/left", "what was left", ""},
	{"/var/lib/app/data", "what the guest is for", "what the guest is for"},
}

// TestSeal seals templates with the real virt-sysprep: what makes the guest that guest
// is gone from the template and not from the VM; and where it cannot be done, nothing of
// the template is left, however it ended.
func TestSeal(t *testing.T) {
	folder := v2vFolder(t)
	// That guests are emulated here the engine finds out for itself.
	for name, value := range appliance(t, folder) {
		t.Setenv(name, value)
	}
	e := newEngine(t, system, nil)
	s := &sealScenario{e: e, v: e.create(t), folder: folder}
	s.install(t)
	for _, step := range []struct {
		name string
		do   func(*testing.T)
	}{
		{"a template is sealed", s.seals},
		{"no operating system", s.noSystem},
		{"virt-sysprep is killed", s.sysprepKilled},
		{"the engine is killed", s.engineKilled},
	} {
		if !t.Run(step.name, step.do) {
			return
		}
	}
}

type sealScenario struct {
	e *engine
	v *vm
	// folder is that of the guest, disk the VM's.
	folder, disk string
}

// install gives the VM the disk of a guest with an identity.
func (s *sealScenario) install(t *testing.T) {
	image := filepath.Join(t.TempDir(), "guest.qcow2")
	if output, err := exec.Command("cp", filepath.Join(s.folder, "v2vguest.qcow2"), image).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	var script strings.Builder
	for _, file := range identity {
		fmt.Fprintf(&script, "mkdir-p %s\nwrite %s \"%s\"\n", filepath.Dir(file.path), file.path, file.before)
	}
	guestfish(t, image, script.String(), "--rw")
	s.disk = s.e.moves(t, "upload", image, "--name", "guest", "--storage-domain", "local-data")
	s.v.bootsOutsider(t, s.folder)
	s.e.call(t, "PUT", s.v.path(), "<vm><memory>536870912</memory></vm>") // its initrd is large
	s.e.call(t, "POST", s.v.path()+"/disks", `<disk id="`+s.disk+`"><interface>virtio</interface><bootable>true</bootable><active>true</active></disk>`)
}

// guestfish runs its commands on the guest of a disk.
func guestfish(t *testing.T, image, script, access string) string {
	t.Helper()
	fish := exec.CommandContext(t.Context(), "timeout", fmt.Sprint(int(sealPatience.Seconds())), "guestfish", access, "--format=qcow2", "-a", image, "-i")
	fish.Stdin = strings.NewReader(script)
	fish.Env = append(os.Environ(), "LIBGUESTFS_BACKEND=direct", "LIBGUESTFS_BACKEND_SETTINGS=force_tcg")
	output, err := fish.CombinedOutput()
	if err != nil {
		t.Fatalf("guestfish: %v: %s", err, output)
	}
	return string(output)
}

// isSealed looks into a template's disk.
func (s *sealScenario) isSealed(t *testing.T, disk string) {
	t.Helper()
	var script strings.Builder
	for _, file := range identity {
		fmt.Fprintf(&script, "echo \"%s:\"\n-cat %s\n", file.path, file.path)
	}
	said := guestfish(t, filepath.Join(s.e.group(t, disk), s.e.volume(t, disk)), script.String(), "--ro")
	for _, file := range identity {
		if file.after == "" && strings.Contains(said, file.before) || !strings.Contains(said, file.after) {
			t.Errorf("the sealed disk has\n%s", said)
			return
		}
	}
}

// digest is the checksum of the VM's disk.
func (s *sealScenario) digest(t *testing.T) string {
	t.Helper()
	file, err := os.Open(filepath.Join(s.e.group(t, s.disk), s.e.volume(t, s.disk)))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sum.Sum(nil))
}

// begin asks for a sealed template.
func (s *sealScenario) begin(t *testing.T, v *vm, name string) string {
	t.Helper()
	said := s.e.call(t, "POST", "/templates;seal=true", `<template><name>`+name+`</name><vm id="`+v.id+`"/></template>`)
	if said.code != 202 {
		t.Errorf("a sealed template was answered %d", said.code)
	}
	return said.body.attr("id")
}

// sealed waits until a template is ok and gives its disk.
func (s *sealScenario) sealed(t *testing.T, template string) string {
	t.Helper()
	within(t, sealPatience, "the template to be ok", func() (bool, string) {
		said := s.e.call(t, "GET", "/templates/"+template, "").body.text("status/state")
		return said == "ok", "it is " + said
	})
	s.v.await(t, "down")
	return s.e.call(t, "GET", "/templates/"+template+"/disks", "").body.at("disk").attr("id")
}

// failed waits until nothing of a template is left, and wants its reason in the event.
func (s *sealScenario) failed(t *testing.T, v *vm, template, reason string, groups []string) {
	t.Helper()
	within(t, sealPatience, "the template to go", func() (bool, string) {
		said := s.e.ask(t, "GET", "/templates/"+template, "")
		return said.code == 404, said.text
	})
	v.await(t, "down")
	v.told(t, "48", "52")
	newest := s.e.call(t, "GET", "/events;max=20", "").text
	if !strings.Contains(newest, reason) || strings.Contains(newest, s.e.dataDir) {
		t.Errorf("the events should say %s, and name no folder:\n%s", reason, newest)
	}
	s.clean(t, groups)
}

// clean checks that these image groups are all, and that nothing of virt-sysprep is left.
func (s *sealScenario) clean(t *testing.T, groups []string) {
	t.Helper()
	if now := s.groups(t); fmt.Sprint(now) != fmt.Sprint(groups) {
		t.Errorf("there are the image groups %v and not %v", now, groups)
	}
	if left, _ := filepath.Glob(filepath.Join(s.e.dataDir, "run", "seal-*")); len(left) > 0 {
		t.Errorf("these folders are left: %v", left)
	}
	if machine, _ := s.machine(); machine != 0 {
		t.Errorf("the machine of virt-sysprep runs as %d", machine)
	}
	s.e.storageIsWhole(t)
}

func (s *sealScenario) groups(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(s.e.rootOf(t, "local-data"), "images", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// machine finds the QEMU that has a volume of this engine open for virt-sysprep, and
// the process that runs it.
func (s *sealScenario) machine() (machine, sysprep int) {
	for _, line := range commandLines("qemu-system") {
		if strings.Contains(line.text, "guestfs") && strings.Contains(line.text, s.e.dataDir) {
			return line.pid, line.parent
		}
	}
	return 0, 0
}

// working waits until virt-sysprep, in its machine, writes to the template's disk.
func (s *sealScenario) working(t *testing.T, template string) (machine, sysprep int) {
	t.Helper()
	disk := s.e.call(t, "GET", "/templates/"+template+"/disks", "").body.at("disk").attr("id")
	var copied time.Time
	within(t, sealPatience, "virt-sysprep to work", func() (bool, string) {
		if machine, sysprep = s.machine(); machine == 0 {
			return false, "it has no machine"
		}
		info, err := os.Stat(filepath.Join(s.e.group(t, disk), s.e.volume(t, disk)))
		if err != nil {
			return false, err.Error()
		}
		if copied.IsZero() {
			copied = info.ModTime()
		}
		return info.ModTime().After(copied), "its machine writes nothing"
	})
	// libguestfs has its socket below /tmp, and leaves it there when it is killed.
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", machine))
	for _, socket := range sockets.FindAllString(string(text), -1) {
		t.Cleanup(func() { _ = os.RemoveAll(filepath.Dir(socket)) })
	}
	return machine, sysprep
}

var sockets = regexp.MustCompile(`/tmp/libguestfs\w+/guestfsd\.sock`)

type commandLine struct {
	pid, parent int
	text        string
}

// commandLines are those of running programs with such a name.
func commandLines(program string) []commandLine {
	var lines []commandLine
	processes, _ := filepath.Glob("/proc/[0-9]*")
	for _, process := range processes {
		text, err := os.ReadFile(filepath.Join(process, "cmdline"))
		if err != nil || !strings.Contains(string(text), program) {
			continue
		}
		line := commandLine{text: string(text)}
		line.pid, _ = strconv.Atoi(filepath.Base(process))
		stat, _ := os.ReadFile(filepath.Join(process, "stat"))
		if fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:])); len(fields) > 1 {
			line.parent, _ = strconv.Atoi(fields[1])
		}
		lines = append(lines, line)
	}
	return lines
}

func (s *sealScenario) seals(t *testing.T) {
	before := s.digest(t)
	begun := time.Now()
	template := s.begin(t, s.v, "sealed")
	disk := s.sealed(t, template)
	t.Logf("copying and sealing took %v", time.Since(begun).Round(time.Second))
	s.v.told(t, "48", "51")
	s.isSealed(t, disk)
	if s.digest(t) != before {
		t.Error("the disk of the VM has changed")
	}
	s.clean(t, s.groups(t))

	thin := s.e.fromTemplate(t, template, "")
	thin.act(t, "start")
	thin.counts(t)
	thin.act(t, "stop")
	thin.await(t, "down")
	s.e.removeAll(t, thin)
	s.e.call(t, "DELETE", "/templates/"+template, "")
	s.gone(t, disk)
}

// gone waits until a disk is.
func (s *sealScenario) gone(t *testing.T, disk string) {
	t.Helper()
	eventually(t, "the disk to go", func() (bool, string) {
		said := s.e.ask(t, "GET", "/disks/"+disk, "")
		return said.code == 404, said.text
	})
}

func (s *sealScenario) noSystem(t *testing.T) {
	empty := s.e.create(t)
	empty.addDisk(t, "16777216")
	groups := s.groups(t)
	s.failed(t, empty, s.begin(t, empty, "empty"), "no operating systems were found in the guest image", groups)
	s.e.removeAll(t, empty)
}

func (s *sealScenario) sysprepKilled(t *testing.T) {
	groups := s.groups(t)
	template := s.begin(t, s.v, "killed")
	_, sysprep := s.working(t, template)
	if err := syscall.Kill(sysprep, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.failed(t, s.v, template, "virt-sysprep has failed (signal: killed)", groups)
}

// engineKilled: the next engine is there before the machine of virt-sysprep has gone,
// and seals the copy all the same.
func (s *sealScenario) engineKilled(t *testing.T) {
	before := s.digest(t)
	template := s.begin(t, s.v, "resumed")
	first, _ := s.working(t, template)
	s.e.kill(t)
	s.e.start(t)
	if left, _ := s.machine(); left != first {
		t.Logf("the first machine (%d) was gone before the next engine was there (%d)", first, left)
	}
	disk := s.sealed(t, template)
	s.isSealed(t, disk)
	if s.digest(t) != before {
		t.Error("the disk of the VM has changed")
	}
	s.clean(t, s.groups(t))
	s.e.call(t, "DELETE", "/templates/"+template, "")
	s.gone(t, disk)
}
