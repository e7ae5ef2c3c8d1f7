package e2e

import (
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"vireo/internal/model"
)

// TestFarm shows that the hosts of a farm are what other tests take them for: strangers
// to each other that a guest can move between, and that can be cut off and killed.
func TestFarm(t *testing.T) {
	t.Parallel()
	y := farm(t, 2)
	a, b := y.hosts[0], y.hosts[1]
	for _, h := range y.hosts {
		if name := h.must(t, "hostname"); name != h.name {
			t.Errorf("host %s says that it is %s", h.name, name)
		}
	}
	id := string(model.NewID())
	name := fmt.Sprintf("%s%d-farm", prefix, made.Add(1))
	a.define(t, `<domain type="qemu"><name>`+name+`</name><uuid>`+id+`</uuid><memory unit="MiB">128</memory>
		<os><type machine="pc-q35-7.2">hvm</type><kernel>`+filepath.Join(guestFolder, kernelFile)+`</kernel>
		<initrd>`+filepath.Join(guestFolder, initrdFile)+`</initrd><cmdline>console=ttyS0 quiet cryptomgr.notests</cmdline></os>
		<features><acpi/></features><cpu mode="maximum"/><devices><serial type="pty"/><memballoon model="virtio"/>
		<channel type="unix"><target type="virtio" name="org.qemu.guest_agent.0"/></channel></devices></domain>`)
	a.must(t, "start", id)
	count := func(on *farmHost) int {
		var said string
		eventually(t, "the guest to count", func() (bool, string) {
			output, err := on.inside(id, "cat /run/vireo/count")
			said = output
			return err == nil && said != "", fmt.Sprint(err)
		})
		number, err := strconv.Atoi(said)
		need(t, err)
		return number
	}
	before := count(a)
	began := time.Now()
	a.must(t, "migrate", "--live", "--p2p", "--persistent", "--undefinesource", id, b.address)
	t.Logf("the migration took %v", time.Since(began))
	if after := count(b); after < before {
		t.Errorf("the guest had counted to %d and is at %d", before, after)
	}
	if left := a.domains(t); len(left) > 0 {
		t.Errorf("the source keeps %v", left)
	}
	b.cut(t)
	if conn, err := net.DialTimeout("tcp", net.JoinHostPort(b.IP, "16509"), time.Second); err == nil {
		conn.Close()
		t.Error("a host that is cut off answers")
	}
	if len(qemus(id)) != 1 {
		t.Error("the guest of a host that is cut off has ended")
	}
	b.join(t)
	if after := count(b); after < before {
		t.Errorf("the guest had counted to %d and is at %d", before, after)
	}
	b.kill()
	eventually(t, "the guest to end with its host", func() (bool, string) { return len(qemus(id)) == 0, "" })
	b.boot(t)
	if state := b.state(id); state != "shut off (unknown)" && state != "shut off (crashed)" {
		t.Errorf("after its host was started anew the guest is %s", state)
	}
}
