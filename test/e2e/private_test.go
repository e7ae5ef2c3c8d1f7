package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// private is a libvirt daemon of the test's own, in namespaces of its own, so
// that it can be stopped and killed without disturbing anybody's guests.
type private struct {
	daemon
	folder string
	// first is the process 1 of the namespaces, seen from outside; it adopts and
	// reaps the guests.
	first int
}

// setUp gives the daemon folders of its own where libvirt has its own.
const setUp = `
set -e
mount --make-rprivate /
for place in etc var/lib var/log var/cache; do
	mount --bind "$1/$place" "/$place/libvirt"
done
mount -t tmpfs -o mode=0755 tmpfs /run/libvirt
ip link set lo up
exec tini -s -- sleep infinity
`

// newPrivate starts a daemon, with further lines for its libvirtd.conf; it and its
// guests go when the test ends.
func newPrivate(t *testing.T, settings ...string) *private {
	t.Helper()
	p := &private{folder: newDataDir(t)}
	p.address = "qemu+unix:///system?socket=" + filepath.Join(p.folder, "sockets", "libvirt-sock")
	for _, place := range []string{"etc", "var/lib", "var/log", "var/cache", "sockets"} {
		if err := os.MkdirAll(filepath.Join(p.folder, place), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range map[string]string{
		"libvirtd.conf": "unix_sock_dir = \"" + filepath.Join(p.folder, "sockets") + "\"\nauth_unix_rw = \"none\"\n" +
			strings.Join(append(settings, ""), "\n"),
		"qemu.conf": "security_driver = \"none\"\ncgroup_controllers = [ ]\nstdio_handler = \"file\"\n",
	} {
		if err := os.WriteFile(filepath.Join(p.folder, "etc", name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var end func()
	p.first, end = namespaces(t, p.folder, setUp)
	t.Cleanup(end)
	p.startDaemon(t)
	return p
}

// namespaces makes namespaces of their own and runs a script in them, with the folder
// as its argument, which ends as tini; first is that process seen from outside. end
// kills everything in them.
func namespaces(t *testing.T, folder, script string) (first int, end func()) {
	t.Helper()
	holder := exec.Command("unshare", "--mount", "--uts", "--net", "--pid", "--fork", "--kill-child", "--mount-proc",
		"sh", "-c", script, "sh", folder)
	holder.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	// A file, not a pipe: what keeps a pipe open holds up Wait.
	complaint, err := os.Create(filepath.Join(folder, "set-up.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer complaint.Close()
	holder.Stderr = complaint
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	end = sync.OnceFunc(func() {
		_ = holder.Process.Kill()
		_ = holder.Wait()
	})
	defer func() {
		if t.Failed() {
			end()
		}
	}()
	eventually(t, "the namespaces", func() (bool, string) {
		first = childOf(holder.Process.Pid)
		name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", first))
		complaint, _ := os.ReadFile(complaint.Name())
		return strings.TrimSpace(string(name)) == "tini", string(complaint)
	})
	return first, end
}

func childOf(pid int) int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	child, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return child
}

func (p *private) startDaemon(t *testing.T) {
	t.Helper()
	output, err := exec.Command("nsenter", "--target", strconv.Itoa(p.first), "--all",
		"libvirtd", "--daemon", "--pid-file", "/run/libvirt/e2e.pid").CombinedOutput()
	if err != nil {
		t.Fatalf("starting a libvirt daemon: %v: %s", err, output)
	}
	eventually(t, "the private daemon", func() (bool, string) {
		_, err := p.virsh("uri")
		return err == nil, fmt.Sprint(err)
	})
}

// signal sends the daemon, and not its guests, a signal.
func (p *private) signal(t *testing.T, signal string) {
	t.Helper()
	output, err := exec.Command("nsenter", "--target", strconv.Itoa(p.first), "--all",
		"sh", "-c", "kill -"+signal+" $(cat /run/libvirt/e2e.pid)").CombinedOutput()
	if err != nil {
		t.Fatalf("signal %s: %v: %s", signal, err, output)
	}
}

// TestDaemonRestarts: guests run on while libvirtd is killed and started again,
// and the engine finds it and them.
func TestDaemonRestarts(t *testing.T) {
	t.Parallel()
	p := newPrivate(t)
	// A host that is back soon is no cause for alarm.
	e := newEngine(t, &p.daemon, map[string]string{"VdsTimeout": "60s"})
	v := e.create(t)
	v.up(t)
	qemu := v.running(t)
	ending := e.create(t)
	ending.up(t)
	other := ending.running(t)

	followed := v.follow(t)
	p.signal(t, "KILL")
	e.awaitHost(t, "connecting")
	// What happens while nobody watches is found out afterwards.
	if err := syscall.Kill(other, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	p.startDaemon(t)
	e.awaitHost(t, "up")
	ending.await(t, "down")
	ending.told(t, "119")
	if seen := followed.end(); len(seen) != 1 || seen[0].status != "up" {
		t.Errorf("the statuses were %v, want up all the time", seen)
	}
	if now := v.running(t); now != qemu {
		t.Errorf("QEMU was process %d and is %d", qemu, now)
	}
	v.act(t, "shutdown")
	v.await(t, "down")
	v.gone(t)
}

// TestSilentHost: VMs of a host that does not answer are unknown and never down,
// nothing is started, and all is restored when it answers.
func TestSilentHost(t *testing.T) {
	t.Parallel()
	p := newPrivate(t)
	e := newEngine(t, &p.daemon, nil)
	v, paused, ended, down := e.create(t), e.create(t), e.create(t), e.create(t)
	v.up(t)
	paused.act(t, "start", "<pause>true</pause>")
	ended.up(t)
	dying := ended.running(t)

	followed := v.follow(t)
	p.signal(t, "STOP")
	v.await(t, "unknown")
	paused.await(t, "unknown")
	ended.await(t, "unknown")
	e.awaitHost(t, "non_responsive")
	v.told(t, "142")
	for _, action := range []string{"start", "stop", "shutdown", "suspend", "reboot"} {
		e.refused(t, 409, "POST", v.path()+"/"+action, "<action/>")
	}
	e.refused(t, 409, "DELETE", v.path(), "")
	for _, run := range []string{"", "<vm/>", onHost("<host><name>local</name></host>")} {
		said := e.refused(t, 400, "POST", down.path()+"/start", "<action>"+run+"</action>")
		if !strings.Contains(said.text, "There are no hosts to use.") || down.status(t) != "down" {
			t.Errorf("a start without a host was refused with %s", said.text)
		}
	}
	// An end that nobody tells of is no end yet.
	if err := syscall.Kill(dying, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "QEMU to end", func() (bool, string) { return len(qemus(ended.id)) == 0, "" })
	if status := ended.status(t); status != "unknown" {
		t.Errorf("on a silent host a VM became %s", status)
	}
	p.signal(t, "CONT")
	e.awaitHost(t, "up")
	v.await(t, "up")
	paused.await(t, "paused")
	ended.await(t, "down")
	v.told(t, "163")
	ended.told(t, "119")
	passed(t, followed.end(), "up", "unknown", "up")
	v.running(t)
	paused.running(t)
	v.act(t, "stop")
	v.await(t, "down")
	v.gone(t)
	paused.act(t, "stop")
	paused.await(t, "down")
}
